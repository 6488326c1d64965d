package antenna

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/firmware/command"
)

// written makes a file with a log.
func written(t testing.TB, log string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// crossScan is a clean scan whose peak is at 0.3, -0.2.
func crossScan(name string) string {
	var b strings.Builder
	for i, at := range [][2]float64{{-0.8, 0}, {-0.4, 0}, {0, 0}, {0.4, 0}, {0.8, 0}, {0, -0.8}, {0, -0.4}, {0, 0.4}, {0, 0.8}} {
		c := 12 - 12*(math.Pow(at[0]-0.3, 2)+math.Pow(at[1]+0.2, 2))/4
		fmt.Fprintf(&b, "%s,%d,%.1f,%.1f,1,%.2f\n", name, i, at[0], at[1], c)
	}
	return b.String()
}

const scanHead = "scan,i,daz_deg,del_deg,lock,cnr_db\n"

// Rows that are wrong are told of by their numbers, in the log and in the table; the good
// ones are answered, and the run fails.
func TestDishLogBadRows(t *testing.T) {
	log := written(t, "\xef\xbb\xbf"+scanHead+crossScan("A")+"A,9,0,0,2,10\nA,10,0,0,1,NaN\nA,11,inf,0,0,\nA,12\n,13,0,0,0,\nA,14,0,0,0,nonsense\n"+crossScan("B")+crossScan("C")+"D,0,0,0,0,\n"+crossScan("E"))
	table := "村,scan,theta3db_deg,sat_el_deg\n王家,A,2,0\nx,A,2,0\ny,Z,2,0\nz,B,-2,0\nw,D,2,0\n\"李家,村\",C,2,0\n"
	out, errs, said, code := surveyed(t, table, "peak", "-log", log, "-batch", "-")
	if code != command.CodeFailed {
		t.Errorf("code %d", code)
	}
	if want := "村,scan,theta3db_deg,sat_el_deg,peak_daz_deg,peak_del_deg,peak_cnr_db\n王家,A,2,0,0.3000,-0.2000,12.00\n\"李家,村\",C,2,0,0.3000,-0.2000,12.00\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	for _, want := range []string{"row 10 (line 11): lock: \"2\" must be one of 0, 1", "row 11 (line 12): cnr_db: \"NaN\" is not a number", "row 12 (line 13): daz_deg: inf is not between",
		"row 13 (line 14): has 2 cells, not 6", "row 14 (line 15): scan: empty", "row 2 (line 3): A is in the table twice", "row 3 (line 4): the log " + log + " has no rows of Z",
		"row 4 (line 5): theta3db_deg: -2 is not between", "row 5 (line 6): too few readings with lock"} {
		if want = strings.Replace(want, "the log "+log+" has no", log+" has no", 1); !strings.Contains(errs, want) {
			t.Errorf("no %q in:\n%s", want, errs)
		}
	}
	if want := "ids without a row in the table (1): E"; !strings.Contains(errs, want) {
		t.Errorf("no %q in:\n%s", want, errs)
	}
	for _, want := range []string{"4 of 6 rows could not be answered", "5 of 43 rows could not be used"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in:\n%s", want, said)
		}
	}
}

func TestDishLogRefuses(t *testing.T) {
	peaks := written(t, scanHead+crossScan("A")+crossScan("B"))
	long := written(t, scanHead+strings.Repeat(crossScan("A"), 10))
	tests := []badCall{
		{"no log", "", []string{"peak", "-batch", "-"}, 2, "which log?"},
		{"no file", "", []string{"peak", "-log", "/no/such.csv"}, 1, "/no/such.csv cannot be read"},
		{"one input for both", "", []string{"peak", "-log", "-", "-batch", "-"}, 2, "cannot both read"},
		{"json of a table", "", []string{"peak", "-log", peaks, "-batch", "-", "-json"}, 2, "does not go with -json"},
		{"empty log", "", []string{"peak", "-log", written(t, "")}, 1, "has no names of columns"},
		{"header only", "", []string{"peak", "-log", written(t, scanHead), "-beam", "2", "-el", "0"}, 1, "has no row"},
		{"columns", "", []string{"why", "-log", peaks}, 1, "lacks the columns id, t_s, level_dbm"},
		{"table columns", "scan\n", []string{"peak", "-log", peaks, "-batch", "-"}, 1, "columns are missing: theta3db_deg, sat_el_deg"},
		{"which", "", []string{"peak", "-log", peaks, "-beam", "2", "-el", "0"}, 2, "2 ids (A, B)"},
		{"nobody", "", []string{"peak", "-log", peaks, "-id", "C"}, 1, "has no rows of C"},
		{"too many", "", []string{"peak", "-log", long}, 1, "A has more than 64 rows"},
		{"too many in a table", "scan,theta3db_deg,sat_el_deg\nA,2,0\n", []string{"peak", "-log", long, "-batch", "-"}, 1, "1 of 1 rows"},
		{"no beam", "", []string{"peak", "-log", peaks, "-id", "A"}, 2, "how wide is the beam?"},
		{"no elevation", "", []string{"peak", "-log", peaks, "-id", "A", "-beam", "2"}, 2, "where is the station?"},
		{"beam", "", []string{"peak", "-log", peaks, "-id", "A", "-beam", "0"}, 2, "-beam must be a number from 0.05"},
		{"wrong beam", "", []string{"peak", "-log", peaks, "-id", "A", "-beam", "0.2", "-el", "0"}, 1, "A: the readings do not look like this beam"},
		{"option of another", "", []string{"peak", "-log", peaks, "-decl", "3"}, 2, "there is no option -decl"},
		{"band", "", []string{"why", "-log", dishLog("link_scenarios"), "-id", "LD001"}, 2, "which band?"},
		{"clear sky", "", []string{"why", "-log", dishLog("link_scenarios"), "-id", "LD001", "-band", "C"}, 2, "under a clear sky"},
		{"threshold", "", []string{"why", "-log", dishLog("link_scenarios"), "-id", "LD001", "-band", "C", "-clear", "6", "-threshold", "7"}, 1, "LD001: lock threshold"},
		{"a line that never ends", "", []string{"peak", "-log", written(t, scanHead+"\""+strings.Repeat("x,", 1<<20))}, 1, "more than a megabyte"},
	}
	refuses(t, tests)
	// Over the socket nobody's files are read.
	env, _, _ := shell("")
	env.Out = nil
	if r := command.Answer(context.Background(), dishCommands(), env, []string{"dish", "peak", "-log", peaks, "-beam", "2", "-el", "0", "-id", "A"}); r.Code != command.CodeFailed {
		t.Errorf("got %+v", r)
	}
}

// The log may come by the standard input; a wrong row in it fails the run, but not the
// answer.
func TestDishLogOfStandardInput(t *testing.T) {
	_, errs, said, code := surveyed(t, scanHead+crossScan("A")+"A,9,x,0,0,\n", "peak", "-log", "-", "-beam", "2", "-el", "0")
	if code != command.CodeFailed || !strings.Contains(said, "C/N there") || !strings.Contains(errs, "row 10 (line 11): daz_deg") {
		t.Errorf("code %d: %s %s", code, said, errs)
	}
}

// A set of poses without a question, and one that cannot be answered.
func TestDishCompassRows(t *testing.T) {
	var cal strings.Builder
	for _, row := range rowsOf(t, goldenDish(t, "compass_cal")) {
		if row["set"] == "CD01" && row["kind"] == "cal" {
			fmt.Fprintf(&cal, "CD01,cal,%s,%s,%s,%s,%s,%s,%s\n", row["i"], row["mx_uT"], row["my_uT"], row["mz_uT"], row["ax_g"], row["ay_g"], row["az_g"])
		}
	}
	head, table := "set,kind,i,mx_uT,my_uT,mz_uT,ax_g,ay_g,az_g\n", "set,decl_deg,F_uT,dip_deg\nCD01,-7.5676,54.953,59.3756\n"
	for name, tt := range map[string]struct{ log, want string }{
		"no question":   {cal.String(), "row 1 (line 2): there is no row of the kind verify"},
		"dead":          {cal.String() + "CD01,verify,7,0,0,0,0,0,0\n", "row 1 (line 2): pose 7 has no heading"},
		"no poses":      {"CD01,verify,7,0,0,0,0,0,0\n", "row 1 (line 2): too few poses"},
		"another kind":  {"CD01,test,7,0,0,0,0,0,0\n", "kind: \"test\" must be one of cal, verify"},
		"without value": {"CD01,cal,7,,0,0,0,0,0\n", "mx_uT: \"\" is not a number"},
	} {
		_, errs, _, code := surveyed(t, table, "compass", "-log", written(t, head+tt.log), "-batch", "-")
		if code != command.CodeFailed || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: code %d: %s", name, code, errs)
		}
	}
}

func FuzzDishLog(f *testing.F) {
	f.Add("peak", scanHead+crossScan("A"), "scan,theta3db_deg,sat_el_deg\nA,2,40\n")
	f.Add("boresight", "id,utc,lock,cnr_db\nA,2026-03-01T06:00:00Z,1,12\nA,2150-03-01T06:00:00Z,0,\n", "id,lat_deg,lon_deg,height_m,sat_lon_deg,beam3db_deg\nA,36,117,0,110,2\n")
	f.Add("compass", "set,kind,i,mx_uT,my_uT,mz_uT,ax_g,ay_g,az_g\nA,cal,0,1,2,3,0,0,-1\nA,verify,0,1,2,3,0,0,-1\n", "set,decl_deg,F_uT,dip_deg\nA,0,50,60\n")
	f.Add("why", "id,t_s,lock,cnr_db,level_dbm,temp_c\nA,0,1,14,-50,3\nA,120,0,,-2554544930,\n", "id,band,dish_m,clear_cnr_db,lock_threshold_db,predicted_sun_outage_s\nA,C,1.8,14,6,\n")
	f.Fuzz(func(t *testing.T, kind, log, table string) {
		path := written(t, log)
		env, out, errs := shell(table)
		r := command.Answer(context.Background(), command.New(command.Dish()...), env, []string{"dish", kind, "-log", path, "-batch", "-"})
		if r.Code == command.CodeOK && errs.Len() > 0 || strings.Contains(out.String(), "NaN") && !strings.Contains(table+log, "NaN") {
			t.Errorf("code %d: %q %q", r.Code, out, errs)
		}
	})
}
