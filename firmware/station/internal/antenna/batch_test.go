package antenna

import (
	"context"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/command"
)

func rowsOf(t *testing.T, table string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%v in %q", err, table)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			m[rows[0][i]] = cell
		}
		out = append(out, m)
	}
	return out
}

func goldenDish(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dishRoom, "testdata", name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// without leaves columns out of a table.
func without(t *testing.T, table string, names ...string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	head := slices.Clone(rows[0])
	for _, row := range rows {
		var kept []string
		for i, cell := range row {
			if !slices.Contains(names, head[i]) {
				kept = append(kept, cell)
			}
		}
		if err := w.Write(kept); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return b.String()
}

// same compares two cells: numbers and times within a limit.
func same(got, want string, limit float64) bool {
	if got == want {
		return true
	}
	a, errA := strconv.ParseFloat(got, 64)
	b, errB := strconv.ParseFloat(want, 64)
	if errA == nil && errB == nil {
		return math.Abs(a-b) <= limit
	}
	from, errA := time.Parse(time.RFC3339, got)
	to, errB := time.Parse(time.RFC3339, strings.TrimSuffix(want, "Z")+"Z")
	return errA == nil && errB == nil && math.Abs(from.Sub(to).Seconds()) <= limit
}

// The tables of the golden data go through the command line: what it adds is what was
// left out, and the other columns come back as they were.
func TestDishBatch(t *testing.T) {
	tests := []struct {
		name, in, want string
		args           []string
		added          map[string]float64 // limits
	}{
		{"look", "look_angles", "look_angles", []string{"look"}, map[string]float64{"az_true_deg": 1e-6, "el_geom_deg": 1e-6, "range_km": 1e-5, "visible": 0, "skew_deg": 1e-6, "refraction_ray_deg": 0.002}},
		{"field", "wmm2025", "wmm2025", []string{"field"}, map[string]float64{"decl_deg": 2e-6, "incl_deg": 2e-6, "H_nT": 1e-3, "X_nT": 1e-3, "Y_nT": 1e-4, "Z_nT": 1e-4, "F_nT": 1e-3, "decl_rate_deg_per_yr": 1e-6, "decl_sigma_deg": 1e-4}},
		{"sun", "sun_position", "sun_position", []string{"sun"}, map[string]float64{"sun_az_deg": 0.001, "sun_el_geom_deg": 0.001}},
		{"shadow", "sun_azimuth_time", "sun_azimuth_time", []string{"shadow"}, map[string]float64{"utc": 1, "sun_el_deg": 0.01, "az_rate_deg_per_min": 0.01}},
		{"outage", "sun_outage", "sun_outage", []string{"outage"}, map[string]float64{"peak_utc": 1, "peak_min_sep_deg": 0.001, "peak_day_start_utc": 1, "peak_day_end_utc": 1, "peak_day_duration_s": 1,
			"first_outage_peak_utc": 1, "last_outage_peak_utc": 1, "n_outage_days": 0, "total_outage_s": 1}},
		{"outage days", "sun_outage", "sun_outage_days", []string{"outage", "-days"}, map[string]float64{"peak_utc": 1, "min_sep_deg": 0.001, "outage": 0, "start_utc": 5, "end_utc": 5, "duration_s": 10, "edge_margin_deg": 0.001}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := rowsOf(t, goldenDish(t, tt.want))
			var names []string
			for name := range tt.added {
				names = append(names, name)
			}
			in := without(t, goldenDish(t, tt.in), names...)
			out, errs, said, code := surveyed(t, in, append(tt.args, "-batch", "-")...)
			if code != command.CodeOK || errs != "" || said != "" {
				t.Fatalf("code %d, %q, %q", code, errs, said)
			}
			got := rowsOf(t, out)
			if len(got) != len(want) {
				t.Fatalf("%d rows, want %d", len(got), len(want))
			}
			for i := range want {
				for name, cell := range want[i] {
					limit, added := tt.added[name]
					known, ok := got[i][name]
					blank := added && cell == "" && name == "refraction_ray_deg" // within a degree of the horizon the table says nothing
					if margin, _ := strconv.ParseFloat(want[i]["edge_margin_deg"], 64); tt.want == "sun_outage_days" && math.Abs(margin) < 0.01 {
						continue
					}
					if !ok || !blank && !same(known, cell, limit) {
						t.Errorf("%s: %s is %q, want %q", want[i]["id"], name, known, cell)
					}
				}
			}
		})
	}
}

// A column of the result that is there already is replaced, not doubled, and a file of
// a spreadsheet with its mark is read.
func TestDishBatchFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(path, []byte("\xef\xbb\xbflat_deg,sun_az_deg,lon_deg,height_m,utc,村\r\n36.5,?,117,50,2026-11-27 04:00:00,\"王家,村\"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, _, code := surveyed(t, "", "sun", "-batch", path)
	lines := strings.Split(out, "\n")
	if code != 0 || len(lines) != 3 || lines[0] != "lat_deg,sun_az_deg,lon_deg,height_m,utc,村,sun_el_geom_deg" || !strings.HasPrefix(lines[1], "36.5,18") || !strings.Contains(lines[1], `,"王家,村",`) {
		t.Errorf("code %d: %q", code, out)
	}
}

// Bad rows are told of by their numbers, the good ones around them are answered.
func TestDishBatchBadRows(t *testing.T) {
	in := "lat_deg,lon_deg,height_m,sat_lon_deg\n36,117,0,115.5\n95,117,0,115.5\nx,117,0,115.5\n36,117\n36,117,,115.5\n36,117,0,NaN\n36,117,1e9,1\n\n-36,117,0,115.5\n3\"6,1,1,1\n36,117,0,110\n"
	out, errs, said, code := surveyed(t, in, "look", "-batch", "-")
	if code != command.CodeFailed || said != "7 of 10 rows could not be answered\n" {
		t.Errorf("code %d, %q", code, said)
	}
	if got := len(rowsOf(t, out)); got != 3 {
		t.Errorf("%d rows came out: %s", got, out)
	}
	want := []string{"row 2 (line 3): lat_deg: 95 is not between -90 and 90", `row 3 (line 4): lat_deg: "x" is not a number`, "row 4 (line 5): has 2 cells, not 4",
		`row 5 (line 6): height_m: "" is not a number`, `row 6 (line 7): sat_lon_deg: "NaN" is not a number`, "row 7 (line 8): height_m: 1e9 is not between", "row 9 (line 11): the quotes"}
	if got := strings.Split(strings.TrimSpace(errs), "\n"); !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("got %q", got)
	}
}

func TestDishBatchRowsOfEachKind(t *testing.T) {
	tests := []struct {
		name, in, want string
		args           []string
	}{
		{"expired", "decimal_year,lat_deg,lon_deg,height_km\n2030.5,36,117,0\n", "row 1 (line 2): the magnetic model WMM-2025 holds from 2025 to 2030 only", []string{"field"}},
		{"no time", "lat_deg,lon_deg,height_m,utc\n36,117,0,noon\n", `row 1 (line 2): utc: "noon" is not a time`, []string{"sun"}},
		{"far off", "lat_deg,lon_deg,height_m,utc\n36,117,0,0999-01-01T00:00:00Z\n", "row 1 (line 2): utc: 0999-01-01T00:00:00Z is not between 1950 and 2150", []string{"sun"}},
		{"mode", "lat_deg,lon_deg,height_m,local_solar_day_start_utc,mode,target_az_deg\n36,117,0,2026-11-27T00:00:00Z,sun,180\n", "row 1 (line 2): mode: \"sun\" must be one of sun_over_satellite, shadow_on_satellite", []string{"shadow"}},
		{"unseen", "id,lat_deg,lon_deg,height_m,sat_lon_deg,year,season,outage_half_angle_deg\nA,36,117,0,-60,2026,spring,1\n", "row 1 (line 2): the satellite cannot be seen here", []string{"outage"}},
		{"season", "id,lat_deg,lon_deg,height_m,sat_lon_deg,year,season,outage_half_angle_deg\nA,36,117,0,110,2026,winter,1\n", `row 1 (line 2): season: "winter"`, []string{"outage", "-days"}},
		{"year", "id,lat_deg,lon_deg,height_m,sat_lon_deg,year,season,outage_half_angle_deg\nA,36,117,0,110,99999,autumn,1\n", "row 1 (line 2): year: 99999 is not between", []string{"outage"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs, _, code := surveyed(t, tt.in, append(tt.args, "-batch", "-")...)
			if code != command.CodeFailed || !strings.HasPrefix(errs, tt.want) {
				t.Errorf("code %d: %q, want %q", code, errs, tt.want)
			}
		})
	}
	// No moment on that day is an answer, not a mistake.
	out, errs, _, code := surveyed(t, "lat_deg,lon_deg,height_m,local_solar_day_start_utc,mode,target_az_deg\n36,117,0,2026-11-27T00:00:00Z,sun_over_satellite,0\n", "shadow", "-batch", "-")
	if code != 0 || errs != "" || !strings.HasSuffix(out, ",sun_over_satellite,0,,,\n") {
		t.Errorf("code %d: %q %q", code, out, errs)
	}
}

func TestDishBatchRefuses(t *testing.T) {
	tests := []badCall{
		{"column missing", "lat_deg,lon_deg\n", []string{"look", "-batch", "-"}, 1, "columns are missing: height_m, sat_lon_deg"},
		{"empty", "", []string{"look", "-batch", "-"}, 1, "there are no names of columns"},
		{"no file", "", []string{"look", "-batch", "/no/such.csv"}, 1, "/no/such.csv cannot be read"},
		{"json", "", []string{"look", "-json", "-batch", "-"}, 2, "does not go with -json"},
		{"a line that never ends", "lat_deg,lon_deg,height_m,utc\n\"" + strings.Repeat("x,", 1<<20), []string{"sun", "-batch", "-"}, 1, "more than a megabyte"},
		{"option of another", "", []string{"sun", "-days"}, 2, "there is no option -days"},
		{"no place", "", []string{"sun"}, 2, "where is the station?"},
		{"no satellite", "", []string{"look", "-lat", "36", "-lon", "117"}, 2, "which satellite?"},
		{"unknown satellite", "", []string{"look", "-lat", "36", "-lon", "117", "-sat", "115"}, 2, "115 is not in the list"},
		{"no dish", "", []string{"outage", "-lat", "36", "-lon", "117", "-sat", "115.5E"}, 2, "how large is the dish?"},
		{"latitude", "", []string{"sun", "-lat", "136", "-lon", "117"}, 2, "-lat must be a number from -90 to 90, not 136"},
		{"year", "", []string{"outage", "-year", "26"}, 2, "26 is not a year"},
		{"too late for the model", "", []string{"field", "-lat", "36", "-lon", "117", "-at", "2031-01-01"}, 1, "update the program"},
		{"unseen", "", []string{"outage", "-lat", "36", "-lon", "117", "-sat", "60W", "-dish", "1.2"}, 1, "below the horizon"},
	}
	refuses(t, tests)
	// Over the socket there is no standard output to fill.
	env, _, _ := shell("")
	env.Out = nil
	if r := command.Answer(context.Background(), dishCommands(), env, []string{"dish", "sun", "-batch", "-"}); r.Code != command.CodeFailed {
		t.Errorf("got %+v", r)
	}
}

// full is a standard output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestDishBatchTellsOfAFullDisk(t *testing.T) {
	env, _, _ := shell("lat_deg,lon_deg,height_m,utc\n" + strings.Repeat("36,117,0,2026-11-27T00:00:00Z\n", 1000))
	env.Out = full{}
	r := command.Answer(context.Background(), dishCommands(), env, []string{"dish", "sun", "-batch", "-"})
	if r.Code != command.CodeFailed || !strings.Contains(r.Text, "no space left") {
		t.Errorf("got %+v", r)
	}
}

func FuzzDishBatch(f *testing.F) {
	f.Add("look", "lat_deg,lon_deg,height_m,sat_lon_deg,sat_lat_deg\n36,117,0,115.5,\n\"0\",115.5,0,115.5,0\n")
	f.Add("field", "decimal_year,lat_deg,lon_deg,height_km\n2027,90,0,0\n2027,-90,0,600\n")
	f.Add("sun", "lat_deg,lon_deg,height_m,utc\n36,117,0,2026-11-27T00:00:00+08:00\n")
	f.Add("shadow", "lat_deg,lon_deg,height_m,local_solar_day_start_utc,mode,target_az_deg\n90,0,0,2150-12-31T23:59:59Z,shadow_on_satellite,720\n")
	f.Add("outage", "id,lat_deg,lon_deg,height_m,sat_lon_deg,year,season,outage_half_angle_deg,sat_lat_deg,sat_radius_km\nA,36,117,0,110,2150,autumn,60,-80,500000\n")
	f.Fuzz(func(t *testing.T, kind, in string) {
		env, out, errs := shell(in)
		r := command.Answer(context.Background(), command.New(command.Dish()...), env, []string{"dish", kind, "-batch", "-"})
		if r.Code == command.CodeOK && errs.Len() > 0 || strings.Contains(out.String(), "NaN") && !strings.Contains(in, "NaN") {
			t.Errorf("code %d: %q %q", r.Code, out, errs)
		}
	})
}

// What is meant to be a number or a time, however a spreadsheet or another program wrote it.
func TestDishBatchReadsWhatPeopleWrite(t *testing.T) {
	for cell, want := range map[string]string{"2026-11-27T12:00:00+08:00": "179.49", "2026-11-27t04:00:00z": "179.49", "2026-11-27 04:00:00Z": "179.49", "2026-11-27T04:00Z": "179.49",
		"2026-11-27 04:00": "179.49", "2026-11-27T04:00:00.0": "179.49", "2016-12-31T23:59:60Z": "123.71", "2026-11-27": "", "2026-02-30T00:00:00Z": "", "04:00": "", "2026-11-27T04:60:60Z": ""} {
		out, errs, _, code := surveyed(t, "lat_deg,lon_deg,height_m,utc\n39.9,116.4,0,"+cell+"\n", "sun", "-batch", "-")
		if rows := rowsOf(t, out); want == "" && (code == 0 || errs == "" || len(rows) > 0) || want != "" && (code != 0 || !strings.HasPrefix(rows[0]["sun_az_deg"], want)) {
			t.Errorf("%s: code %d, %q %q", cell, code, out, errs)
		}
	}
	for cell, good := range map[string]bool{"+39.9": true, " 3.99e1 ": true, "39,9": false, "3_9.9": false, "0x1p5": false, "": false, "inf": false, "-": false, "３９": false} {
		_, _, _, code := surveyed(t, "lat_deg,lon_deg,height_m,utc\n\""+cell+"\",116.4,0,2026-11-27T04:00:00Z\n", "sun", "-batch", "-")
		if (code == 0) != good {
			t.Errorf("%q: code %d", cell, code)
		}
	}
	for cells, good := range map[string]bool{"2027.0,Spring": true, "2027,spring": true, "2027.5,spring": false, "1e9,spring": false, "2027,fall": false} {
		_, _, _, code := surveyed(t, "id,lat_deg,lon_deg,height_m,sat_lon_deg,year,season,outage_half_angle_deg\nA,36,117,0,110,"+cells+",1\n", "outage", "-batch", "-")
		if (code == 0) != good {
			t.Errorf("%q: code %d", cells, code)
		}
	}
}

// Readers by name take the first or the last of two columns: both are ours.
func TestDishBatchReplacesAColumnThatIsThereTwice(t *testing.T) {
	out, _, _, code := surveyed(t, "visible,lat_deg,lon_deg,height_m,sat_lon_deg, visible \nno,36,117,0,115.5,never\n", "look", "-batch", "-")
	if code != 0 || strings.Contains(out, "no,") || strings.Contains(out, "never") || !strings.Contains(out, "\n1,36,117,0,115.5,1,") {
		t.Errorf("code %d: %q", code, out)
	}
}

// Of a printed table the row with its wrong azimuth is pointed out, and answered.
func TestDishLookSeesMisprints(t *testing.T) {
	in := "lat_deg,lon_deg,height_m,sat_lon_deg,az_published,el_published,pol_published_abs\n23.56,113.58,0,125,153.2,59.6,24.4\n23.56,113.58,0,105.5,196.6,60.9,17.8\n23.56,113.58,0,110.5,about 188,,7.0\n0,115.5,0,115.5,90,10,10\n"
	out, errs, _, code := surveyed(t, in, "look", "-batch", "-")
	if code != 0 || len(rowsOf(t, out)) != 4 || errs != "row 2 (line 3): az_published says 196.60, but it is 199.57: a misprint?\n" {
		t.Errorf("code %d: %q %q", code, out, errs)
	}
}

// Who asks for the help of a command learns the names of all columns.
func TestDishHelpNamesTheColumns(t *testing.T) {
	sheets := map[string][]sheet{"outage": {sheetOf(command.Survey{Kind: "outage"}), sheetOf(command.Survey{Kind: "outage", Days: true})}}
	for _, kind := range []string{"look", "field", "sun", "shadow"} {
		sheets[kind] = []sheet{sheetOf(command.Survey{Kind: kind})}
	}
	q := question{}
	b, p, c, w := q.boresight(), q.peak(), q.compass(), q.why()
	sheets["boresight"] = []sheet{b.table(nil), {needs: append(b.needs, b.id)}}
	sheets["peak"] = []sheet{p.table(nil), {needs: append(p.needs, p.id)}}
	sheets["compass"] = []sheet{c.table(nil), {needs: append(c.needs, c.id)}}
	sheets["why"] = []sheet{w.table(nil), {needs: append(w.needs, w.id, "cnr2_db", "temp_c")}}
	for kind, list := range sheets {
		env, _, _ := shell("")
		said := command.Answer(context.Background(), dishCommands(), env, []string{"help", "dish", kind}).Text
		words := strings.FieldsFunc(said, func(r rune) bool { return strings.ContainsRune(" ;,.:\n", r) })
		for _, s := range list {
			for _, name := range slices.Concat(s.needs, s.adds) {
				if !slices.Contains(words, name) {
					t.Errorf("help dish %s does not name %s: %s", kind, name, said)
				}
			}
		}
	}
}
