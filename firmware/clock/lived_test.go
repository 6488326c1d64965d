package clock_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/clock"
)

// A station must know later for how long it was on without knowing the time, though
// nothing happened that was worth a record.
func TestLivedWithoutKnowingTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = errors.New("no chip")
		const slack = 11 * time.Minute // the state is saved every ten
		life := func(begin func(clock.KeeperOpts), good time.Time, adrift time.Duration, known bool) {
			t.Helper()
			begin(clock.KeeperOpts{})
			got := v.keeper.Lived()
			if got.Known != known || got.Good.Sub(good).Abs() > slack && !(got.Good.IsZero() && good.IsZero()) || (got.Adrift-adrift).Abs() > 2*slack {
				t.Errorf("lived %+v, want %v, %v, %v", got, good, adrift, known)
			}
		}
		life(v.on, time.Time{}, 0, false)
		v.pass(5 * time.Hour)
		v.cut(time.Hour)
		life(v.on, time.Time{}, 5*time.Hour, true)
		v.pass(3 * time.Hour)
		v.stop() // the program only
		life(v.start, time.Time{}, 5*time.Hour, true)
		v.mu.Lock()
		v.synced = true
		v.mu.Unlock()
		v.pass(10 * time.Hour)
		good := v.now()
		v.cut(time.Hour)
		life(v.on, good, 0, true)
		v.pass(4 * time.Hour)
		v.cut(time.Hour)
		life(v.on, good, 4*time.Hour, true)
		v.stop()
	})
}
