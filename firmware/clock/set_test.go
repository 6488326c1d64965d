package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/text"
	"stationbox/hal"
)

func TestTimeSet(t *testing.T) {
	tests := []struct {
		name  string
		other clock.Source // says it is noon
		typed string
		force bool
		ok    bool
		said  string
		era   uint32
	}{
		{"alone", clock.None, "2026-11-27T19:30", false, true, "the time is set to 2026-11-27 19:30:00 CST", 1},
		{"beside a satellite", clock.Satellite, "2026-11-27T19:30", false, true,
			"the time is set to 2026-11-27 19:30:00 CST\nnote: satellite says it is 2026-11-27 12:00:00 CST", 1},
		{"against NTP", clock.NTP, "2026-11-27T19:30", false, false, "not taken: NTP says it is 2026-11-27 12:00:00 CST; if that is wrong add force", 1},
		{"against NTP, by force", clock.NTP, "2026-11-27T19:30", true, true, "the time is set to 2026-11-27 19:30:00 CST", 1},
		{"a day back by force", clock.NTP, "2026-11-26T12:00", true, true, "the time is set to 2026-11-26 12:00:00 CST", 2},
		{"no time", clock.NTP, "half past seven", false, false, "half past seven is no time that can be; write 2026-11-27T19:30", 1},
		{"before the build, by force", clock.NTP, "2026-11-02T12:00", true, false, "2026-11-02T12:00 is no time that can be; write 2026-11-27T19:30", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVillage(t)
				v.rtc.fail = hal.ErrGone
				v.on(clock.KeeperOpts{})
				defer func() { v.stop() }()
				if tt.other != clock.None {
					if err := v.keeper.Offer(tt.other, noon, 0); err != nil {
						t.Fatal(err)
					}
				}
				said, ok := v.keeper.Set(text.New("en"), tt.typed, tt.force)
				if ok != tt.ok || said != tt.said {
					t.Errorf("%v %q", ok, said)
				}
				s := v.keeper.Status()
				if s.Era != tt.era || (s.Source == clock.Technician) != tt.ok {
					t.Errorf("%+v", s)
				}
				// NTP that is still there has the last word.
				if err := v.keeper.Offer(clock.NTP, noon, 0); err != nil {
					t.Error(err)
				}
				if s := v.keeper.Status(); s.Source != clock.NTP {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// A server that was a year ahead has vouched for its time, and the station has
// lost its network since.
func TestForceFreesAStationFromAWrongVoucher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		if err := v.keeper.Offer(clock.NTP, noon.AddDate(1, 0, 0), 0); err != nil {
			t.Fatal(err)
		}
		v.pass(2 * time.Minute)
		v.cut(time.Hour)
		v.on(clock.KeeperOpts{})
		typed := v.now().Format("2006-01-02 15:04:05")
		if said, ok := v.keeper.Set(text.New("en"), typed, false); ok {
			t.Error(said)
		}
		if said, ok := v.keeper.Set(text.New("en"), typed, true); !ok {
			t.Error(said)
		}
		v.pass(15 * time.Second)
		v.expect(clock.Technician, clock.Good, time.Second)
		if _, n := v.event(clock.ChangeEra); n != 1 {
			t.Errorf("%d eras", n)
		}
		v.stop()
	})
}
