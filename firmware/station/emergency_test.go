package station

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
)

// flood orders an emergency of a film of three minutes.
func flood(g rig, name string, length time.Duration) string {
	film, _ := filepath.Abs("mains.go") // any file that is there
	o := schedule.Emergency(name, "防汛通知", film, g.show.now(), length)
	g.show.ask(kindEmergency, emergencyNote{Occasion: o, LengthMS: length.Milliseconds()})
	return o.ID
}

// TestEmergencyDoesNotLiveByTheWallClock: it goes on when the clock is set, is
// neither killed nor comes again.
func TestEmergencyDoesNotLiveByTheWallClock(t *testing.T) {
	for _, jump := range []time.Duration{-5 * time.Hour, 30 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			r, l, w, begin := dayRig(t, byClock)
			g := begin()
			id := flood(g, "flood", 5*time.Minute)
			time.Sleep(time.Minute)
			w.jump(jump)
			time.Sleep(5 * time.Minute)
			w.jump(-jump)
			time.Sleep(time.Minute)
			g.stop()
			if got := causes(t, l); got[id] != lesson.CausePlayed || r.begun() != 1 || !r.dark() {
				t.Errorf("jump %v: records %v, begun %d times, dark %v", jump, got, r.begun(), r.dark())
			}
		})
	}
}

// TestEmergencyEndsWithRecordAndStandby when it is called off and when its time is
// over, whether its film had begun or not.
func TestEmergencyEndsWithRecordAndStandby(t *testing.T) {
	for name, tt := range map[string]struct {
		mains  bool
		length time.Duration
		off    bool
		begun  int
	}{
		"called off":                 {true, 0, true, 1},
		"called off before the film": {false, 0, true, 0},
		"its time is over":           {true, time.Minute, false, 1},
		"over without mains":         {false, time.Minute, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, l, _, begin := dayRig(t, byClock)
				r.mains = tt.mains
				g := begin()
				id := flood(g, "flood", tt.length)
				time.Sleep(50 * time.Second)
				if tt.off {
					g.show.ask(kindEmergency, emergencyNote{})
				}
				time.Sleep(90 * time.Second)
				if g.show.busy() || !r.dark() {
					t.Error("not put away")
				}
				g.stop()
				if got := causes(t, l); got[id] != lesson.CauseStopped || r.begun() != tt.begun {
					t.Errorf("records %v, begun %d times", got, r.begun())
				}
			})
		})
	}
}

// TestEmergencyWaitsForMains longer than a lesson would.
func TestEmergencyWaitsForMains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, byClock)
		r.mains = false
		g := begin()
		id := flood(g, "flood", 0)
		time.Sleep(20 * time.Minute)
		r.supply(true)
		time.Sleep(4 * time.Minute)
		g.stop()
		if got := causes(t, l); got[id] != lesson.CausePlayed {
			t.Errorf("records %v", got)
		}
	})
}

// TestEmergencyOverARestart goes on, a second one ends it with a record.
func TestEmergencyOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, l, _, begin := dayRig(t, byClock)
		g := begin()
		first := flood(g, "flood", 0)
		time.Sleep(time.Minute)
		g.stop()
		g = begin()
		time.Sleep(10 * time.Second)
		if st := r.State(); !st.Playing {
			t.Error("does not go on")
		}
		second := flood(g, "dyke", 0)
		time.Sleep(4 * time.Minute)
		g.stop()
		if got := causes(t, l); got[first] != lesson.CauseStopped || got[second] != lesson.CausePlayed {
			t.Errorf("records %v", got)
		}
		g = begin() // nothing of it is left
		time.Sleep(10 * time.Second)
		g.stop()
		if r.begun() != 2 || !r.dark() {
			t.Errorf("begun %d times, dark %v", r.begun(), r.dark())
		}
	})
}
