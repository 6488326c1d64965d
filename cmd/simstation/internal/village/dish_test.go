package village

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/hal/sim/scenario"
)

// dishVillage is a village of nothing but its dish.
func dishVillage(t *testing.T) *Village {
	t.Helper()
	v := &Village{o: Opts{Seed: 1}, now: time.Now, dir: t.TempDir(), far: &far{}}
	v.far.dish.world = v.newDish()
	return v
}

// does performs a line of a script on the dish.
func (v *Village) does(t *testing.T, line string) {
	t.Helper()
	do, err := scenario.ParseAction(line)
	if err != nil {
		t.Fatal(err)
	}
	v.harmDish(do)
}

// TestHarmDish: what each line does to the dish, and what the bench page tells of it.
func TestHarmDish(t *testing.T) {
	for _, c := range []struct {
		lines           []string
		right, up, skew float64
		cnr             float64 // NaN: none
		satellite       string
		plugged, ours   bool
	}{
		{nil, 0, 0, 0, 14, "亚洲9号", true, true},
		{[]string{"dish az +1 el -0.5 skew +8"}, 0.68, -0.5, 8, 8.8, "亚洲9号", true, true},
		{[]string{"dish az +1", "dish az -1"}, 0, 0, 0, 14, "亚洲9号", true, true},
		{[]string{"dish az -4.92 el -0.5"}, -3.34, -0.5, 0, 12.6, "中星6A", true, false},
		{[]string{"dish el +20"}, 0, 20, 0, math.NaN(), "", true, false},
		{[]string{"rain 3", "tree 2", "sun 1"}, 0, 0, 0, 8, "亚洲9号", true, true},
		{[]string{"rain 3", "rain 0"}, 0, 0, 0, 14, "亚洲9号", true, true},
		{[]string{"sink 1 172"}, 0, -1, 0, 7.9, "亚洲9号", true, true},
		{[]string{"cable out"}, 0, 0, 0, math.NaN(), "", false, false},
		{[]string{"cable out", "cable in"}, 0, 0, 0, 14, "亚洲9号", true, true},
	} {
		v := dishVillage(t)
		for _, line := range c.lines {
			v.does(t, line)
		}
		s := v.dishState()
		if math.Abs(s.Right-c.right) > 0.02 || math.Abs(s.Up-c.up) > 0.02 || math.Abs(s.Skew-c.skew) > 0.11 || s.Satellite != c.satellite || s.Plugged != c.plugged || s.Ours != c.ours {
			t.Errorf("%q: %+v", c.lines, s)
		}
		if got := s.CNR; (got == nil) != math.IsNaN(c.cnr) || got != nil && math.Abs(*got-c.cnr) > 0.15 {
			t.Errorf("%q: C/N %v, want %v", c.lines, got, c.cnr)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Error(err)
		}
	}
}

func TestWeatherPasses(t *testing.T) {
	v := dishVillage(t)
	v.ctx = t.Context()
	v.does(t, "tree 2")
	v.does(t, "tree 6 for 20ms")
	v.wg.Wait()
	if w := v.far.dish.world.Weather(); w.Tree != 2 {
		t.Errorf("%+v", w)
	}
}

// TestReportOfTheDish: C/N counts from the right satellite only, a record when it is there.
func TestReportOfTheDish(t *testing.T) {
	v := dishVillage(t)
	var r report.Report
	if v.reportDish(&r); r.DishOffDeg > 1e-9 || r.DishCNRDB != 14 || r.AlignKept {
		t.Errorf("%+v", r)
	}
	v.does(t, "dish az -4.92 el -0.5")
	folder := filepath.Join(v.dir, "state", "dish")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "aligned.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = report.Report{}
	if v.reportDish(&r); math.Abs(r.DishOffDeg-3.38) > 0.02 || r.DishCNRDB != 0 || !r.AlignKept {
		t.Errorf("%+v", r)
	}
}
