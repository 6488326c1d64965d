package dish_test

import (
	"math"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

func goldenLogs(t *testing.T) map[string][]dish.Sample {
	t.Helper()
	logs := map[string][]dish.Sample{}
	for _, g := range table(t, "link_scenarios", 1000) {
		s := dish.Sample{At: time.Duration(g.num("t_s")) * time.Second, Locked: g.cell["lock"] == "1", Other: math.NaN(), Level: g.num("level_dbm"), Temperature: g.num("temp_c")}
		if s.Locked {
			s.CNR, s.Other = dish.DB(g.num("cnr_db")), g.num("cnr2_db")
		}
		logs[g.cell["id"]] = append(logs[g.cell["id"]], s)
	}
	return logs
}

func linkOf(g golden) dish.Link {
	l := dish.Link{CBand: g.cell["band"] == "C", Clear: dish.DB(g.num("clear_cnr_db")), Threshold: dish.DB(g.num("lock_threshold_db"))}
	if g.cell["predicted_sun_outage_s"] != "" {
		l.Sun, l.SunKnown = time.Duration(g.num("predicted_sun_outage_s"))*time.Second, true
	}
	return l
}

func misaligned(c dish.Cause) bool {
	return c == dish.CauseStep || c == dish.CauseSag || c == dish.CauseRainThenStep
}

func TestWhyGolden(t *testing.T) {
	logs := goldenLogs(t)
	right, all := 0, 0
	for _, g := range table(t, "link_scenarios_truth", 40) {
		v, err := dish.Why(linkOf(g), logs[g.cell["id"]])
		if err != nil {
			t.Fatalf("%s: %v", g.cell["id"], err)
		}
		want := dish.Cause(g.cell["cause"])
		all++
		off := v.Onset.Seconds() - g.num("onset_s")
		t.Logf("%s %s onset %+.0f s", g.cell["id"], want, off)
		if v.Cause == want {
			right++
			if math.Abs(off) > 3600 && want != dish.CauseSag {
				t.Errorf("%s: onset %v, want %v", want, v.Onset, g.num("onset_s"))
			}
			continue
		}
		t.Logf("%s is %s, not %+v", g.cell["id"], want, v)
		if misaligned(v.Cause) && !misaligned(want) {
			t.Errorf("%s: a false misalignment", g.cell["id"])
		}
	}
	t.Logf("%d of %d causes", right, all)
	if right < 42 {
		t.Error("fewer than 42")
	}
}
