package antenna

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

// dishRoom is the folder of package dish, whose golden data is asked for here by commands.
var dishRoom = filepath.Join("..", "..", "..", "dish")

func dishLog(name string) string {
	return filepath.Join(dishRoom, "testdata", name+".csv")
}

func number(t *testing.T, row map[string]string, column string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(row[column], 64)
	if err != nil {
		t.Fatalf("%s: %v in %v", column, err, row)
	}
	return v
}

// analysed runs a command over a golden log and returns its rows.
func analysed(t *testing.T, kind, log, table string) []map[string]string {
	t.Helper()
	out, errs, said, code := surveyed(t, table, kind, "-log", dishLog(log), "-batch", "-")
	if code != command.CodeOK || errs != "" || said != "" {
		t.Fatalf("code %d, %q, %q", code, errs, said)
	}
	return rowsOf(t, out)
}

func TestDishBoresightBatch(t *testing.T) {
	truth := rowsOf(t, goldenDish(t, "sun_boresight_truth"))
	var sum, most float64
	for i, row := range analysed(t, "boresight", "sun_boresight", goldenDish(t, "sun_boresight_truth")) {
		if row["id"] != truth[i]["id"] || row["n_days"] != truth[i]["n_days"] {
			t.Errorf("row %d: %v", i+1, row)
		}
		for got, want := range map[string]string{"cross_el_deg": "truth_cross_el_deg", "el_deg": "truth_el_deg"} {
			off := number(t, row, got) - number(t, truth[i], want)
			sum, most = sum+off*off, max(most, math.Abs(off))
		}
		if sigma := number(t, row, "sigma_deg"); sigma < 0.001 || sigma > 0.02 {
			t.Errorf("%s: sigma %v", row["id"], sigma)
		}
	}
	if rms := math.Sqrt(sum / float64(2*len(truth))); rms > 0.01 || most > 0.02 {
		t.Errorf("rms %.4f, most %.4f", rms, most)
	}
}

func TestDishPeakBatch(t *testing.T) {
	truth := rowsOf(t, goldenDish(t, "peak_scan_truth"))
	table := without(t, goldenDish(t, "peak_scan_truth"), "peak_daz_deg", "peak_del_deg", "peak_cnr_db")
	for i, row := range analysed(t, "peak", "peak_scan", table) {
		x := (number(t, row, "peak_daz_deg") - number(t, truth[i], "peak_daz_deg")) * math.Cos(number(t, row, "sat_el_deg")*math.Pi/180)
		y := number(t, row, "peak_del_deg") - number(t, truth[i], "peak_del_deg")
		left := dish.PointingLoss(dish.Degrees(math.Hypot(x, y)), dish.Degrees(number(t, row, "theta3db_deg")))
		if left > 0.03 || math.Abs(number(t, row, "peak_cnr_db")-number(t, truth[i], "peak_cnr_db")) > 0.3 {
			t.Errorf("%s: %.3f dB left", row["scan"], left)
		}
	}
}

func TestDishCompassBatch(t *testing.T) {
	want := map[string]string{}
	for _, row := range rowsOf(t, goldenDish(t, "compass_cal")) {
		if row["kind"] == "verify" {
			want[row["set"]+" "+row["i"]] = row["heading_true_deg"]
		}
	}
	rows := analysed(t, "compass", "compass_cal", goldenDish(t, "compass_cal_truth"))
	if len(rows) != len(want) || len(rows[0]) != 3 {
		t.Fatalf("%d rows of %d columns, want %d of 3", len(rows), len(rows[0]), len(want))
	}
	var sum float64
	for _, row := range rows {
		truth, err := strconv.ParseFloat(want[row["set"]+" "+row["i"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		off := math.Remainder(number(t, row, "heading_true_deg")-truth, 360)
		sum += off * off
	}
	if rms := math.Sqrt(sum / float64(len(rows))); rms > 0.7 {
		t.Errorf("rms %.3f", rms)
	}
}

func TestDishWhyBatch(t *testing.T) {
	truth := rowsOf(t, goldenDish(t, "link_scenarios_truth"))
	right := 0
	for i, row := range analysed(t, "why", "link_scenarios", without(t, goldenDish(t, "link_scenarios_truth"), "cause", "onset_s", "magnitude", "end_s")) {
		if row["cause"] == truth[i]["cause"] {
			right++
		}
		if c := number(t, row, "confidence"); c < 0 || c > 1 || row["evidence"] == "" {
			t.Errorf("%v", row)
		}
		_ = number(t, row, "onset_s")
	}
	if right < 42 {
		t.Errorf("%d of %d", right, len(truth))
	}
}

// What a single dish is told has words, units and what to do, in both languages, and is
// data as well.
func TestDishFitWords(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"boresight", []string{"boresight", "-log", dishLog("sun_boresight"), "-id", "SB01", "-lat", "39.904", "-lon", "116.407", "-height", "44", "-sat", "87.5E", "-beam", "2.8093"},
			[]string{"SB01  39.9040° N", "across     +0.79°  it points too far right: from behind the dish, turn it 0.79° to the LEFT", "it points too low: raise it by 0.85°", "from 8 days", "loss now"}},
		{"peak", []string{"peak", "-log", dishLog("peak_scan"), "-id", "PD01", "-dish", "1.2", "-freq", "12.5", "-el", "26.234"},
			[]string{"PD01\n", "turn it 0.", "to the LEFT (on the horizontal scale)", "raise it by 0.4", "C/N there"}},
		{"compass", []string{"compass", "-log", dishLog("compass_cal"), "-id", "CD01", "-decl", "-7.5676", "-total", "54.953", "-dip", "59.3756"},
			[]string{"CD01  calibrated by 300 poses, declination -7.57°", "±0.6°", "\n0 ", "\n59 "}},
		{"compass by the model", []string{"compass", "-log", dishLog("compass_cal"), "-id", "CD01", "-lat", "39.904", "-lon", "116.407"}, []string{"declination -7.5"}},
		{"why", []string{"why", "-log", dishLog("link_scenarios"), "-id", "LD008", "-band", "C", "-clear", "15.18", "-threshold", "7.01"},
			[]string{"LD008  the dish was moved", "13h4", "confidence", "level and C/N fell together", "station dish peak"}},
		{"nothing", []string{"why", "-log", dishLog("link_scenarios"), "-id", "LD016", "-band", "C", "-clear", "14.32", "-threshold", "6.8"}, []string{"nothing is wrong", "C/N never fell"}},
		{"sun", []string{"why", "-log", dishLog("link_scenarios"), "-id", "LD018", "-band", "Ku", "-clear", "13.44", "-threshold", "6.77", "-sun", "34066"}, []string{"sun outage", "do not touch the dish"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, errs, said, code := surveyed(t, "", tt.args...)
			if code != 0 || errs != "" {
				t.Fatalf("code %d: %s %s", code, said, errs)
			}
			for _, part := range tt.want {
				if !strings.Contains(said, part) {
					t.Errorf("no %q in:\n%s", part, said)
				}
			}
			_, _, said, code = surveyed(t, "", append(tt.args, "-json")...)
			if code != 0 || !json.Valid([]byte(said)) || len(said) < 50 {
				t.Errorf("-json: code %d: %s", code, said)
			}
		})
	}
}

// Every word that the verdicts use is in the catalogue.
func TestDishWordsOfVerdicts(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		c := text.New(lang)
		for _, cause := range []dish.Cause{dish.CauseClear, dish.CauseRain, dish.CauseSnow, dish.CauseSun, dish.CauseStep, dish.CauseSag, dish.CauseRainThenStep, dish.CauseLNB,
			dish.CauseCable, dish.CauseFiveG, dish.CauseSkew, dish.CauseObstruction, dish.CauseUnknown} {
			if key := "cmd.dish.cause." + string(cause); !c.Has(key) || !c.Has(key+".hint") {
				t.Errorf("%s: no %s", lang, key)
			}
		}
		files, err := filepath.Glob(filepath.Join(dishRoom, "why*.go"))
		files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
		if err != nil || len(files) < 3 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			for _, word := range cluesIn(t, file) {
				if !c.Has("cmd.dish.clue." + word) {
					t.Errorf("%s: no words for %s", lang, word)
				}
			}
		}
	}
}

func cluesIn(t *testing.T, file string) (words []string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(data), `{"`)[1:] {
		if word, _, ok := strings.Cut(part, `"`); ok {
			words = append(words, word)
		}
	}
	return words
}

// A board that stands upright has no heading; the other poses of the set still have theirs.
func TestDishCompassOfAnUprightPose(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log.csv")
	if err := os.WriteFile(log, []byte(goldenDish(t, "compass_cal")+"CD01,verify,60,20,1,-20,1.0,0.0,0.0,,,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	table := goldenDish(t, "compass_cal_truth")
	out, errs, said, code := surveyed(t, table, "compass", "-log", log, "-batch", "-")
	rows := rowsOf(t, out)
	if code != command.CodeFailed || !strings.Contains(said, "1 of 6 rows") || !strings.Contains(errs, "row 1 (line 2): pose 60 has no heading") || len(rows) != 361 || rows[60]["heading_true_deg"] != "" || rows[59]["heading_true_deg"] == "" {
		t.Errorf("code %d, %d rows, %q, %q", code, len(rows), errs, said)
	}
	_, _, said, code = surveyed(t, "", "compass", "-log", log, "-id", "CD01", "-decl", "-7.6", "-total", "54.95", "-dip", "59.4")
	if code != 0 || !strings.Contains(said, "248.") || !strings.Contains(said, "-  there is no heading") {
		t.Errorf("code %d: %s", code, said)
	}
}
