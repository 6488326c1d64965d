package power_test

import (
	"errors"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/power"
	"stationbox/hal"
)

func TestStormSwitchesOffInOrderAndStaysOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		r.want(hal.DisplayOn, "projector")
		time.Sleep(4 * time.Second)
		r.set(func() { r.amps[1] = 1200 })
		r.want(hal.DisplayOn, "projector")
		time.Sleep(4 * time.Second)
		storm := func(on bool, display hal.DisplayState) {
			r.seq++
			r.Want(firmware.GuardWant{Seq: r.seq, Storm: on, Loads: map[string]bool{"projector": true}, Displays: map[string]hal.DisplayState{"projector": display}})
		}
		storm(true, hal.DisplayCooling)
		r.set(func() { r.amps[1] = 300 })
		time.Sleep(time.Second)
		if st := r.last(); !r.closed() || !r.on(projector) || r.on(receiver) || st.Cause != "guard.cause.storm" {
			t.Fatalf("a hot lamp was cut or a load left on: %+v", st)
		}
		r.set(func() { r.amps[1] = 20 })
		storm(true, hal.DisplayStandby)
		time.Sleep(4 * time.Second)
		if st := r.last(); r.closed() || r.on(projector) {
			t.Fatalf("closed in a storm: %+v", st)
		}
		time.Sleep(time.Minute)
		if st := r.last(); r.closed() || st.Cause != "guard.cause.storm" || st.State != firmware.GuardQualify {
			t.Fatalf("did not wait for the end of the storm: %+v", st)
		}
		storm(false, hal.DisplayStandby)
		time.Sleep(2 * time.Second)
		if !r.closed() || r.last().State == firmware.GuardTrip {
			t.Error("not back after the storm")
		}
		if n := slices.Index(r.kinds(), "trip"); n >= 0 {
			t.Error("a storm counts as a trip")
		}
		r.stop()
	})
}

func TestArresterKeepsTheContactorOpenWhereTheOwnerWantsIt(t *testing.T) {
	for _, hold := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, power.Opts{HoldArrester: hold})
			r.set(func() { r.arrester = 1 })
			time.Sleep(20 * time.Second)
			if r.closed() == hold {
				t.Errorf("arrester failed, hold %v: closed %v", hold, r.closed())
			}
			r.set(func() { r.arrester = power.SlowInvalid })
			time.Sleep(20 * time.Second)
			if st := r.last(); r.closed() == hold || hold && st.Cause != "guard.cause.arrester_unknown" {
				t.Errorf("arrester unknown, hold %v: closed %v, %+v", hold, r.closed(), st)
			}
			r.set(func() { r.arrester = 0 })
			time.Sleep(9 * time.Minute)
			if r.closed() == hold {
				t.Errorf("arrester in order for nine minutes, hold %v: closed %v", hold, r.closed())
			}
			time.Sleep(2 * time.Minute)
			if !r.closed() {
				t.Errorf("arrester in order, hold %v: open", hold)
			}
			r.stop()
		})
	}
}

func TestStrikesAreCountedOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "guard.json")
		r := start(t, power.Opts{Memory: file})
		r.set(func() { r.strikes = 7 }) // of long ago
		time.Sleep(time.Second)
		r.set(func() { r.strikes = 9 })
		time.Sleep(time.Second)
		if e := r.find(t, "strike"); e.Count != 2 {
			t.Errorf("event %+v; want 2 strikes", e)
		}
		r.set(func() { r.strikes = 0 }) // a new start of the front end
		time.Sleep(time.Second)
		r.set(func() { r.strikes = 1 })
		time.Sleep(time.Second)
		r.stop()
		again := start(t, power.Opts{Memory: file})
		time.Sleep(time.Second)
		if st := again.last(); st.Strikes != 3 {
			t.Errorf("%d strikes after a restart; want 3", st.Strikes)
		}
		again.stop()
	})
}

// TestOpeningTimeDrifts lets the drive's hold grow, as a worn contactor does.
func TestOpeningTimeDrifts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{Memory: filepath.Join(t.TempDir(), "guard.json")})
		time.Sleep(4 * time.Second)
		cycle := func() {
			r.set(func() { r.volts = 0 })
			time.Sleep(time.Second)
			r.set(func() { r.volts = 220 })
			time.Sleep(5 * time.Second)
			if !r.closed() {
				t.Fatal("not closed again")
			}
		}
		for range 9 {
			cycle()
		}
		if st := r.last(); st.OpeningMS < 190 || st.OpeningMS > 205 || st.ClosingMS < 14 || st.ClosingMS > 19 || slices.Contains(st.Notes, power.NoteTravel) {
			t.Fatalf("opening %d ms, closing %d ms, notes %v", st.OpeningMS, st.ClosingMS, st.Notes)
		}
		r.set(func() { r.hold = 290 * time.Millisecond })
		for range 8 {
			cycle()
		}
		if st := r.last(); !slices.Contains(st.Notes, power.NoteTravel) || st.OpeningMS < 270 {
			t.Errorf("opening %d ms, notes %v", st.OpeningMS, st.Notes)
		}
		if e := r.find(t, "travel"); e.Cause != "guard.cause.slow_opening" || e.LastedMS < 280 || e.LastedMS > 295 {
			t.Errorf("event %+v", e)
		}
		r.set(func() { r.hold = 0 })
		for range 12 {
			cycle()
		}
		if st := r.last(); slices.Contains(st.Notes, power.NoteTravel) {
			t.Errorf("still slow after the repair: %d ms", st.OpeningMS)
		}
		r.stop()
	})
}

// toCrossing is how far at is from the nearest zero crossing of the hardware's
// wave, of which sample 0 was taken when it began.
func (h *hardware) toCrossing(at time.Time) time.Duration {
	const half = 10 * time.Millisecond
	d := (at.Sub(h.began) - power.SampleTime) % half
	return min(d, half-d)
}

// TestPlannedSwitchingMeetsTheZeroCrossing wants the contacts of load relays and
// contactor to move near a crossing, and those of a trip at once.
func TestPlannedSwitchingMeetsTheZeroCrossing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		time.Sleep(4 * time.Second)
		for i := range 12 {
			time.Sleep(time.Second + time.Duration(i)*700*time.Microsecond)
			loads := []string{"tv"}
			if i%2 == 1 {
				loads = nil
			}
			r.set(func() { r.moved = nil })
			r.want(hal.DisplayStandby, loads...)
			time.Sleep(time.Second)
			travel := power.OperateTime
			if i%2 == 1 {
				travel = power.ReleaseTime
			}
			r.set(func() {
				if len(r.moved) != 1 {
					t.Fatalf("%d: %d movements", i, len(r.moved))
				}
				if off := r.toCrossing(r.moved[0].Add(travel)); off > 300*time.Microsecond {
					t.Errorf("%d: a relay moves %v from the zero crossing", i, off)
				}
			})
		}
		r.set(func() { r.moved, r.volts = nil, 400 })
		stepped := time.Now()
		time.Sleep(100 * time.Millisecond)
		r.set(func() {
			if len(r.moved) == 0 || r.moved[0].Sub(stepped) > 15*time.Millisecond {
				t.Errorf("a trip waited: %v after %v", r.moved, stepped)
			}
		})
		r.stop()
	})
}

func TestClosingMeetsTheZeroCrossing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		time.Sleep(4 * time.Second)
		worst := time.Duration(0)
		for i := range 20 {
			r.set(func() { r.volts = 0 })
			time.Sleep(time.Second + time.Duration(i)*1300*time.Microsecond)
			r.set(func() { r.volts = 220 })
			time.Sleep(5 * time.Second)
			r.set(func() {
				if i > 9 { // after it has learned
					worst = max(worst, r.toCrossing(r.since.Add(15*time.Millisecond)))
				}
			})
		}
		if worst > 1600*time.Microsecond {
			t.Errorf("closes up to %v from the zero crossing", worst)
		}
		r.stop()
	})
}

// contacts is an input that a test plays.
type contacts struct{ on, gone atomic.Bool }

func (c *contacts) On() (bool, error) {
	if c.gone.Load() {
		return false, errors.New("gone")
	}
	return c.on.Load(), nil
}

func TestWitnessesTellAndDecideNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var present, battery, low contacts
		present.on.Store(true)
		r := start(t, power.Opts{Witnesses: power.Witnesses{Present: &present, OnBattery: &battery, Low: &low}})
		time.Sleep(4 * time.Second)
		if st := r.last(); st.Present == nil || !*st.Present || st.UPS != "guard.cause.ups_ok" {
			t.Fatalf("status %+v", st)
		}
		present.on.Store(false)
		battery.on.Store(true)
		time.Sleep(3 * time.Second)
		st := r.last()
		if !r.closed() || st.UPS != "guard.cause.ups_battery" || !slices.Contains(st.Notes, power.NoteOpto) {
			t.Errorf("closed %v, %+v", r.closed(), st)
		}
		if e := r.find(t, "opto"); e.Cause != "guard.cause.opto_dark" {
			t.Errorf("event %+v", e)
		}
		low.on.Store(true)
		present.on.Store(true)
		time.Sleep(time.Second)
		if st := r.last(); st.UPS != "guard.cause.ups_low" || slices.Contains(st.Notes, power.NoteOpto) {
			t.Errorf("status %+v", st)
		}
		r.set(func() { r.silent = true })
		time.Sleep(time.Second)
		if st := r.last(); r.closed() || !slices.Contains(st.Notes, power.NoteMainsThere) {
			t.Errorf("no samples, and the input says mains: closed %v, notes %v", r.closed(), st.Notes)
		}
		present.gone.Store(true)
		battery.gone.Store(true)
		time.Sleep(time.Second)
		if st := r.last(); st.Present != nil {
			t.Errorf("an input that cannot be read says %v", *st.Present)
		}
		r.stop()
	})
}
