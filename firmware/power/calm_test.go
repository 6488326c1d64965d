package power_test

import (
	"testing"
	"time"

	"stationbox/firmware/power"
)

// TestLoadsWaitForCalmMains: a load that is wanted in the middle of a swell or a
// sag that the curve rides through starts only when the mains has been good for
// some time, and not in the first good cycle.
func TestLoadsWaitForCalmMains(t *testing.T) {
	for _, volts := range []int32{255, 180} {
		b := closed(t, village())
		b.volts(220, time.Second)
		b.in.Loads[tv].Wanted = true
		b.volts(volts, time.Second)
		if b.on(tv) {
			t.Fatalf("television started at %d V", volts)
		}
		if held := b.state.Loads[tv].Held; held != power.CauseMains {
			t.Errorf("held by %v at %d V", held, volts)
		}
		calm := b.at
		b.until(t, "television on", func() bool { return b.on(tv) })
		if after := b.at - calm; after < 195*time.Millisecond || after > 400*time.Millisecond {
			t.Errorf("television started %v after %d V had ended", after, volts)
		}
	}
}

// TestQualifyNamesLateSamples is what was seen by the explorer: the good time was
// over, only late samples came, and the status named no cause for being open.
func TestQualifyNamesLateSamples(t *testing.T) {
	b := newBench(mustPlan(t, village()))
	b.volts(220, 2*time.Second)
	for range 300 {
		b.volts(220, power.FrameTime)
		b.in.Sense.Fresh = false
		b.in.Elapsed = power.FrameTime
		if b.orders.Contactor {
			break
		}
		b.step()
		if !b.orders.Contactor && b.state.Cause == power.CauseNone {
			t.Fatalf("open in phase %v without a cause", b.state.Phase)
		}
	}
}

// shedding is a village in which an under-voltage has tripped and the lamp is
// all that is on.
func shedding(t *testing.T, maxTrips int) *bench {
	t.Helper()
	s := village()
	s.MaxTrips = maxTrips
	b := closed(t, s, projector)
	b.burn()
	b.volts(150, 700*time.Millisecond)
	if !b.state.Shed {
		t.Fatal("not shedding")
	}
	return b
}

// TestOutageWhileSheddingLocksOut is what was found when the explorer's judge was written: the last trip
// of the hour left a lamp on, then the mains went, and the guard closed again as
// if there had been no trip.
func TestOutageWhileSheddingLocksOut(t *testing.T) {
	b := shedding(t, 1)
	b.volts(0, 200*time.Millisecond)
	if b.state.Phase != power.Lockout {
		t.Errorf("phase %v", b.state.Phase)
	}
}

// TestSheddingStaysWhenLockedOut is what was found when the explorer's judge was written: after the last
// trip of the hour good mains brought every load back without a person.
func TestSheddingStaysWhenLockedOut(t *testing.T) {
	b := shedding(t, 1)
	b.in.Loads[tv].Wanted = true
	b.volts(220, 20*time.Second)
	if b.on(tv) || !b.state.Shed {
		t.Errorf("television %v, shedding %v", b.on(tv), b.state.Shed)
	}
}

// TestDeathWhileSheddingLocksOut is the same over a restart.
func TestDeathWhileSheddingLocksOut(t *testing.T) {
	b := shedding(t, 1)
	if s := b.plan.Restart(b.state, 0); s.Phase != power.Lockout || s.Loads[projector].Cool == 0 {
		t.Errorf("phase %v, lamp hot for %v", s.Phase, s.Loads[projector].Cool)
	}
}

// TestResetOfAWeldEndsTheLockOutBehindIt is what was seen by the explorer: a weld
// hid a lock-out, a reset ended the weld, and the trips still counted.
func TestResetOfAWeldEndsTheLockOutBehindIt(t *testing.T) {
	s := village()
	s.MaxTrips = 1
	b := closed(t, s)
	b.follow = false
	b.in.Aux, b.in.Feed = power.ContactClosed, power.ContactClosed
	b.volts(310, time.Second)
	if b.state.Phase != power.Weld {
		t.Fatalf("phase %v", b.state.Phase)
	}
	b.follow, b.in.Reset = true, true
	b.in.Aux, b.in.Feed = power.ContactOpen, power.ContactOpen
	b.volts(220, power.FrameTime)
	if b.state.TripCount() != 0 {
		t.Errorf("%d trips after a reset", b.state.TripCount())
	}
}

// TestEnvelopeBreaksGoodTime: an envelope above the instant limit breaks the good
// time also in a frame whose rms is not known.
func TestEnvelopeBreaksGoodTime(t *testing.T) {
	b := newBench(mustPlan(t, village()))
	b.volts(220, 2*time.Second)
	b.in.Elapsed = power.FrameTime
	b.in.Sense = power.Sense{Fresh: true, Instant: true, Span: power.FrameTime, PeakMV: 400_000}
	b.step()
	b.volts(220, 2400*time.Millisecond)
	if b.orders.Contactor {
		t.Error("closed though the envelope broke the good time")
	}
	b.volts(220, 200*time.Millisecond)
	if !b.orders.Contactor {
		t.Errorf("still open, cause %v", b.state.Cause)
	}
}
