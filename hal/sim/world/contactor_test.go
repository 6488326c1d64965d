package world_test

import (
	"math"
	"testing"
	"time"

	"stationbox/hal/sim/world"
)

func TestContactorIsHeldByEdgesOnly(t *testing.T) {
	w := world.New(village)
	w.Advance(time.Second)
	for range world.PickUpEdges - 1 {
		w.DriveEdge(w.Time())
	}
	idle(w, time.Second)
	if w.Snapshot().Contactor.Moves != 0 {
		t.Fatal("closed by stray edges")
	}
	run(w, 100*ms)
	if s := w.Snapshot(); !s.Contactor.Closed || math.Abs(s.LoadVolts-220) > 5 {
		t.Fatalf("not closed by pulses: %+v, %.0f V behind it", s.Contactor, s.LoadVolts)
	}
	idle(w, time.Second)
	c := w.Snapshot().Contactor
	if c.Closed {
		t.Fatal("still closed a second after the last edge")
	}
	if fell := c.MovedAt - c.LastEdge; fell < world.HoldTime || fell > world.HoldTime+world.ReleaseTime+5*ms {
		t.Errorf("fell %v after the last edge, want about %v", fell, world.HoldTime+world.ReleaseTime)
	}
}

func TestContactorEdgesAheadOfTheWorld(t *testing.T) {
	w := world.New(village)
	w.Advance(time.Second)
	at := time.Second
	for ; at < 1050*ms; at += 2 * ms { // the loop is a little late: edges come first
		w.DriveEdge(at)
	}
	w.Advance(1050 * ms)
	if !w.Snapshot().Contactor.Closed {
		t.Error("not closed")
	}
	idle(w, 100*ms) // a pause shorter than the hold
	run(w, 100*ms)
	if c := w.Snapshot().Contactor; !c.Closed || c.Moves != 1 {
		t.Errorf("%+v, want closed by one move", c)
	}
}

func TestContactorSurvivesAStallOfTheSimulation(t *testing.T) {
	w := world.New(village)
	w.Advance(time.Second)
	run(w, 100*ms)
	w.Advance(w.Time() + 700*ms) // nobody ran for 700 ms
	run(w, 100*ms)
	s := w.Snapshot()
	if !s.Contactor.Closed || s.Contactor.Moves != 1 || s.Stalls != 1 || s.StallTotal != 700*ms {
		t.Errorf("%+v, %d stalls of %v; want closed by one move, 1 stall of 700ms", s.Contactor, s.Stalls, s.StallTotal)
	}
	idle(w, time.Second)
	if w.Snapshot().Contactor.Closed {
		t.Error("still closed a second after the last edge")
	}
}

func TestContactorFaults(t *testing.T) {
	w := world.New(village)
	w.Advance(time.Second)
	w.SetContactorFault(world.NoClose)
	run(w, 200*ms)
	if c := w.Snapshot().Contactor; c.Closed || !c.Driven {
		t.Errorf("no_close: %+v", c)
	}
	w.SetContactorFault(world.ContactorOK)
	run(w, 100*ms)
	w.SetContactorFault(world.Welded)
	idle(w, time.Second)
	if c := w.Snapshot().Contactor; !c.Closed || c.Driven {
		t.Errorf("welded: %+v", c)
	}
	w.SetContactorFault(world.ContactorOK)
	idle(w, 100*ms)
	if w.Snapshot().Contactor.Closed {
		t.Error("mended, but still closed")
	}
}

func TestHoldIsLimitedToWhatDrivesHave(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{0: 200 * ms, 250 * ms: 250 * ms, time.Second: 300 * ms, ms: 100 * ms} {
		w := world.New(world.Opts{Hold: asked})
		run(w, 100*ms)
		idle(w, time.Second)
		c := w.Snapshot().Contactor
		if fell := c.MovedAt - c.LastEdge; c.Closed || fell < want || fell > want+20*ms {
			t.Errorf("hold %v: fell %v after the last edge, want about %v", asked, fell, want)
		}
	}
}

func TestABrokenDriveHoldsAsLongAsItLikes(t *testing.T) {
	o := village
	o.Stuck = 400 * ms
	w := world.New(o)
	w.Advance(time.Second)
	run(w, 100*ms)
	idle(w, time.Second)
	c := w.Snapshot().Contactor
	if fell := c.MovedAt - c.LastEdge; c.Closed || fell < 400*ms {
		t.Errorf("closed %v, fell %v after the last edge, want 400 ms", c.Closed, fell)
	}
}
