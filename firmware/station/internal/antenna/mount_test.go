package antenna

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

// The station reads how its mount stands from its own log: a fault with the date, told by
// trend and why, until the dish is aligned again.
func TestMountOfOwnLog(t *testing.T) {
	const days = 30
	tests := []struct {
		state dish.MountState
		fault string
		how   func(r *dishRow, day float64)
	}{
		{dish.MountSteady, "", func(*dishRow, float64) {}},
		{dish.MountBase, "fault.dish.base_tilt", func(r *dishRow, day float64) {
			part := min(1, max(0, (day-8)/18))
			r.Elevation -= 0.5 * part
			r.Roll += 0.6 * part
			r.CNR -= 0.4 * part
		}},
		{dish.MountElevation, "fault.dish.slack_elevation", func(r *dishRow, day float64) {
			if day > 15 {
				r.Elevation, r.CNR, r.Level = r.Elevation-0.7, r.CNR-0.8, r.Level-0.8
			}
		}},
		{dish.MountAzimuth, "fault.dish.slack_azimuth", func(r *dishRow, day float64) {
			if day > 15 {
				r.Heading, r.CNR, r.Level = math.Mod(r.Heading+361.6, 360), r.CNR-2, r.Level-1.9
			}
		}},
		{dish.MountWind, "fault.dish.wind", func(r *dishRow, day float64) {
			if math.Mod(day, 4) < 0.5 {
				r.ElevationSD, r.RollSD, r.CNRSD = 0.3, 0.3, 0.9
			}
		}},
	}
	for _, tt := range tests {
		t.Run(string(tt.state), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 7))
			cfg := pastOf(t, days*24*60, 3, func(i int, noise float64) dishRow {
				at := float64(i) / 1440
				warm := 8 * math.Sin(2*math.Pi*at)
				r := aRow(dishBegin)
				r.CNR, r.Elevation, r.Roll = r.CNR+noise, 43.8+0.01*warm+0.02*rng.NormFloat64(), 0.3-0.01*warm+0.02*rng.NormFloat64()
				r.ElevationSD, r.RollSD, r.CNRSD, r.Heading = 0.015, 0.015, 0.1, math.Mod(360+0.5*rng.NormFloat64(), 360)
				tt.how(&r, at)
				return r
			})
			v := aSunVillage(t, 104)
			m := v.meter
			m.cfg, m.dir, v.at = cfg.Dish, dishDir(cfg), dishBegin.AddDate(0, 0, days)
			if err := m.judge(t.Context()); err != nil {
				t.Fatal(err)
			}
			codes := ""
			for _, f := range m.faults.List() {
				codes += f.Code
				if zh, hint := text.New("zh").Fault(f); strings.Contains(zh+hint, "{") {
					t.Errorf("%q %q", zh, hint)
				}
			}
			if codes != tt.fault {
				t.Errorf("faults %q", codes)
			}
			r, err := askDish(t, cfg, "dish", "trend", "-json")
			if err != nil || !strings.Contains(r.Text, fmt.Sprintf(`"state": %q`, tt.state)) || !strings.Contains(r.Text, `"verdict"`) {
				t.Errorf("%v\n%s", err, r.Text)
			}
			if r, err = askDish(t, cfg, "dish", "why"); err != nil || !strings.Contains(r.Text, "mount: ") || strings.Contains(r.Text, "dish.mount") {
				t.Errorf("%v\n%s", err, r.Text)
			}
			if err := (alignment{At: v.at}).write(m.dir); err != nil || m.judge(t.Context()) != nil || len(m.faults.List()) > 0 {
				t.Errorf("aligned: %v %v", err, m.faults.List())
			}
		})
	}
}

// The roll of a sensor that is raised with the dish is more than the dish leans over.
func TestMountLean(t *testing.T) {
	cfg := dishConfig(t, villageDish).Dish
	h := mountHours{cfg: cfg}
	if lean := h.leanOf(dishRow{Elevation: 60, Roll: 1}); math.Abs(lean-0.5) > 0.001 {
		t.Errorf("%v", lean)
	}
	h.cfg.Incline.Raise = "roll"
	if lean := h.leanOf(dishRow{Elevation: 60, Roll: 1}); lean != 1 {
		t.Errorf("%v", lean)
	}
}

// A file that began before there were so many columns goes on with its own, and both are read.
func TestDishLogOldColumns(t *testing.T) {
	l := newDishHistory(t.TempDir())
	path := filepath.Join(l.dir, "2026-06.csv")
	old := "id,t_s,lock,cnr_db,cnr2_db,level_dbm,temp_c,cnr_min_db,lock_share,el_deg\n2026-06,1641600,1,14.00,,-54.00,,13.50,1.00,43.80\n"
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	r := aRow(dishBegin)
	r.Roll, r.Heading = 1, 180
	l.add(r)
	r.At = dishBegin.AddDate(0, 1, 0)
	l.add(r)
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), old) || strings.Count(strings.TrimPrefix(string(data), old), ",") != dishOldColumns-1 {
		t.Errorf("%v\n%s", err, data)
	}
	rows, bad := minutesOf(t, l.dir)
	if len(rows) != 3 || bad != 0 || !math.IsNaN(rows[1].Roll) || rows[2].Roll != 1 || rows[2].Heading != 180 {
		t.Errorf("%d bad, %+v", bad, rows)
	}
}

func TestDeviation(t *testing.T) {
	var a average
	for _, v := range []float64{1e6 + 1, 1e6 + 2, math.NaN(), 1e6 + 3, 1e6 + 4} {
		a.add(v)
	}
	if d := a.deviation(); math.Abs(d-math.Sqrt(5.0/3)) > 1e-6 {
		t.Errorf("%v", d)
	}
}

// On the rig a passage of the Sun is looked at every ten seconds, and the roll, the heading
// and their scatter are in the rows of minutes.
func TestDishLogWhileTheSunPasses(t *testing.T) {
	onRigWith(t, func(m *Meter) {
		list, err := passagesOf(m.cfg, halfYear{2026, true})
		if err != nil || len(list) == 0 {
			t.Fatal(err)
		}
		from, begun := list[3].From.Add(-time.Minute), time.Now()
		m.now = func() time.Time { return from.Add(time.Since(begun)) }
		m.clock = func() clock.Level { return clock.Good }
	}, func(t *testing.T, r *dishRig) {
		time.Sleep(2*dishFlushEvery + 10*time.Second)
		rows, bad, err := readTransit(halfYear{2026, true}.path(r.meter.dir))
		if err != nil || bad != 0 || len(rows) < 105 || len(rows) > 120 {
			t.Fatalf("%d rows, %d bad, %v", len(rows), bad, err)
		}
		for i, row := range rows[1:] {
			if gap := row.At.Sub(rows[i].At); gap < 8*time.Second || gap > 14*time.Second || !row.Locked || math.Abs(row.CNR-14) > 0.3 || row.Clock != 0 || math.IsNaN(row.Elevation) {
				t.Fatalf("%v after the row before: %+v", gap, row)
			}
		}
		minutes, _ := minutesOf(t, r.meter.dir)
		m := minutes[len(minutes)-1]
		if math.IsNaN(m.Roll) || math.IsNaN(m.Heading) || math.IsNaN(m.ElevationSD+m.RollSD+m.CNRSD) || m.CNRSD > 1 {
			t.Errorf("%+v", m)
		}
	})
}
