package clock_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/clock"
	"stationbox/hal"
)

func TestRestartOfTheProgramLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		if err := v.keeper.Offer(clock.Satellite, v.now(), 0); err != nil {
			t.Fatal(err)
		}
		v.pass(time.Hour)
		before := v.keeper.Status()
		v.stop()
		v.mu.Lock()
		v.events = nil
		v.mu.Unlock()
		v.pass(time.Second)
		v.start(clock.KeeperOpts{})
		after := v.keeper.Status()
		if after.Source != clock.Satellite || after.Age != before.Age+time.Second || after.Era != 1 || !after.Since.Equal(before.Since) {
			t.Errorf("%+v\n%+v", before, after)
		}
		if len(v.events) > 0 {
			t.Errorf("a restart is no change: %+v", v.events)
		}
		v.stop()
	})
}

func TestDamagedState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		if err := os.WriteFile(v.path, []byte("\x00\x00\x00garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		if s := v.keeper.Status(); s.Source != clock.None || !s.Now.Equal(noon.Add(-48*time.Hour)) {
			t.Errorf("%+v", s)
		}
		if _, ok := v.fault("fault.clock.state "); !ok {
			t.Errorf("%v", v.faults)
		}
		// The journal knows better.
		v.keeper.Recall(noon.Add(-time.Hour), 3)
		if s := v.keeper.Status(); s.Source != clock.Floor || s.Era != 3 || s.Now.Before(noon.Add(-time.Hour)) {
			t.Errorf("%+v", s)
		}
		v.stop()
		if b, err := os.ReadFile(v.path); err != nil || !json.Valid(b) {
			t.Errorf("not written anew: %q, %v", b, err)
		}
	})
}

// The card is written at most every ten minutes, and a minute after a change.
func TestTheCardIsSpared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.rtc.fail = hal.ErrGone
		v.on(clock.KeeperOpts{})
		writes, last := 0, ""
		count := func(d time.Duration) int {
			writes = 0
			for range d / time.Second {
				v.pass(time.Second)
				if b, _ := os.ReadFile(v.path); string(b) != last {
					writes, last = writes+1, string(b)
				}
			}
			return writes
		}
		count(time.Second)
		if n := count(time.Hour); n != 6 {
			t.Errorf("%d writes in a quiet hour", n)
		}
		for i := range 100 { // a technician who plays, two seconds on each time
			if err := v.keeper.Offer(clock.Technician, v.now().Add(time.Duration(2*i)*time.Second), 0); err != nil {
				t.Fatal(err)
			}
			v.pass(5 * time.Second)
		}
		if n := count(time.Minute + 20*time.Second); n > 2 || n < 1 {
			t.Errorf("%d writes after many changes", n)
		}
		v.stop()
	})
}

func TestCardThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVillage(t)
		v.path = filepath.Join(v.path, "none", "clock.json")
		v.on(clock.KeeperOpts{})
		if _, ok := v.fault("fault.clock.save "); !ok {
			v.pass(11 * time.Second)
		}
		if got, ok := v.fault("fault.clock.save "); !ok || !strings.Contains(got, "no such file") {
			t.Errorf("%v", v.faults)
		}
		if err := os.MkdirAll(filepath.Dir(v.path), 0o700); err != nil {
			t.Fatal(err)
		}
		v.pass(21 * time.Second)
		if _, ok := v.fault("fault.clock.save "); ok {
			t.Errorf("%v", v.faults)
		}
		v.stop()
	})
}
