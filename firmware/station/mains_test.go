package station

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/hal"
)

// shedding is a guard that keeps only a cooling lamp on.
type shedding struct {
	*room
	cause string
	want  firmware.GuardWant
}

func (g *shedding) Status() hal.Reading[firmware.GuardStatus] {
	st := g.room.Status()
	g.mu.Lock()
	defer g.mu.Unlock()
	if st.Value.Cause = g.cause; g.cause != "" {
		st.Value.State = firmware.GuardRideThrough
	}
	return st
}

func (g *shedding) Want(w firmware.GuardWant) {
	g.room.Want(w)
	g.mu.Lock()
	g.want = w
	g.mu.Unlock()
}

func (g *shedding) set(do func()) { g.mu.Lock(); defer g.mu.Unlock(); do() }

// TestUnderVoltagePutsTheLampOutFirst: the guard holds the projector's mains so
// that the fan runs; the station must send the lamp to standby, pause the film,
// and light the lamp again when all is well.
func TestUnderVoltagePutsTheLampOutFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := &shedding{room: r}
		rig := beginWith(t, r, g, l, o, dir, &config.Config{})
		time.Sleep(4 * time.Minute)
		g.set(func() {
			if r.lit.IsZero() || r.since.IsZero() {
				t.Fatal("no lesson is on")
			}
			g.cause = causeShed
		})
		time.Sleep(10 * time.Second)
		g.set(func() {
			if !r.lit.IsZero() {
				t.Error("the lamp still burns at under-voltage")
			}
			if !r.since.IsZero() {
				t.Error("the film runs on")
			}
			g.cause = ""
		})
		time.Sleep(time.Minute)
		g.set(func() {
			if r.lit.IsZero() || r.since.IsZero() {
				t.Error("the lesson does not go on")
			}
		})
		time.Sleep(6 * time.Minute)
		rig.stop()
		if got := result(t, l); got.Cause != "lesson.cause.played" {
			t.Errorf("result %+v", got)
		}
	})
}

func TestStormIsAskedForAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 48*time.Hour)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := &shedding{room: r}
		rig := beginWith(t, r, g, l, o, dir, &config.Config{})
		time.Sleep(time.Second)
		rig.show.ask(kindStorm, untilNote{Until: time.Now().Add(time.Hour)})
		time.Sleep(2 * time.Second)
		stormy := func() (storm bool) { g.set(func() { storm = g.want.Storm }); return storm }
		if !stormy() {
			t.Fatal("the guard was not asked")
		}
		rig.stop()
		rig = beginWith(t, r, g, l, o, dir, &config.Config{}) // it survives a restart
		time.Sleep(2 * time.Second)
		if !stormy() {
			t.Error("forgotten over a restart")
		}
		time.Sleep(time.Hour)
		if stormy() {
			t.Error("does not end")
		}
		rig.show.ask(kindStorm, untilNote{Until: time.Now().Add(1000 * time.Hour)})
		time.Sleep(2 * time.Second)
		if stormy() {
			t.Error("a storm of a thousand hours is believed")
		}
		rig.stop()
	})
}

func TestExerciseOfIdleEquipment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := &config.Config{Exercise: config.Exercise{Every: config.Duration(7 * 24 * time.Hour), For: config.Duration(20 * time.Minute), At: "10:00"}}
		o, dir := occasion(t, 100*24*time.Hour)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := &shedding{room: r}
		time.Sleep(9*time.Hour + 50*time.Minute) // the bubble begins at midnight
		l.records = []firmware.Record{{Wall: time.Now().Add(-8 * 24 * time.Hour), Kind: firmware.KindBoot}}
		began := time.Now()
		rig := beginWith(t, r, g, l, o, dir, cfg)
		var ons []time.Time
		on := false
		for time.Since(began) < 2*time.Hour {
			time.Sleep(time.Minute)
			g.set(func() {
				if w := g.want.Loads["projector"]; w != on {
					on = w
					ons = append(ons, time.Now())
				}
				if !r.lit.IsZero() {
					t.Fatal("an exercise lit the lamp")
				}
			})
		}
		rig.stop()
		if len(ons) != 2 {
			t.Fatalf("switched %d times in two hours: %v", len(ons), ons)
		}
		if got := ons[0].UTC().Format("15:04"); got < "10:00" || got > "10:01" {
			t.Errorf("exercise at %v", ons[0])
		}
		if d := ons[1].Sub(ons[0]); d < 19*time.Minute || d > 21*time.Minute {
			t.Errorf("exercise of %v", d)
		}
		if mem := newMemory(); true {
			for _, rec := range l.records {
				mem.feed(rec)
			}
			if _, again := newRequests(cfg).due(ons[0].Add(24*time.Hour), mem.lastUsed()); again {
				t.Error("due again a day later")
			}
		}
	})
}

func TestExerciseWaitsForGoodMains(t *testing.T) {
	x := requests{every: 24 * time.Hour, span: 20 * time.Minute, at: 10 * time.Hour}
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	ten := noon.Add(-2 * time.Hour)
	for _, tt := range []struct {
		name        string
		now, lastOn time.Time
		want        bool
	}{
		{"due", ten, ten.Add(-25 * time.Hour), true},
		{"later in the window", ten.Add(19 * time.Minute), ten.Add(-25 * time.Hour), true},
		{"after the window", noon, ten.Add(-25 * time.Hour), false},
		{"before the window", ten.Add(-time.Minute), ten.Add(-25 * time.Hour), false},
		{"used yesterday evening", ten, ten.Add(-15 * time.Hour), false},
		{"nothing known", ten, time.Time{}, false},
	} {
		if _, got := x.due(tt.now, tt.lastOn); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestRequestsOnRecord(t *testing.T) {
	m := newMemory()
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, kind := range []string{kindStorm, kindExercise} {
		raw, _ := json.Marshal(untilNote{Until: at.Add(time.Hour)})
		m.feed(firmware.Record{Wall: at, Kind: kind, Data: raw})
		m.feed(firmware.Record{Wall: at, Kind: kind + "x", Data: json.RawMessage(`{"until":"x"}`)})
	}
	if m.storm != (span{at, at.Add(time.Hour)}) || m.exercise != m.storm || !m.lastUsed().Equal(m.exercise.until) {
		t.Errorf("storm %v, exercise %v, used %v", m.storm, m.exercise, m.lastUsed())
	}
	var w firmware.GuardWant
	r := requests{reset: 4}
	w.Loads = map[string]bool{"tv": false}
	r.add(&w, at.Add(time.Minute), m)
	if !w.Storm || w.Reset != 4 || !w.Loads["tv"] {
		t.Errorf("wish %+v", w)
	}
	v := statusView{Guard: &firmware.GuardStatus{Notes: []string{"guard.no_fifo"}, UPS: upsLow}}
	if got := v.remarks(); !slices.Equal(got, []string{"guard.no_fifo", upsLow}) {
		t.Errorf("remarks %v", got)
	}
}
