package power_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/power"
	"stationbox/hal"
)

func TestLoopGivesALesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		time.Sleep(2 * time.Second)
		if r.closed() || r.on(receiver) {
			t.Fatal("something is on before the good time")
		}
		if st := r.last(); st.State != firmware.GuardQualify || !st.MainsOK || st.MainsMV < 219_000 || st.MainsMHz != 50_000 || st.WaitMS < 300 || st.WaitMS > 900 {
			t.Errorf("status %+v", st)
		}
		r.want(hal.DisplayStandby, "projector")
		time.Sleep(3 * time.Second)
		if !r.closed() || !r.on(projector) || !r.on(receiver) || r.on(tv) {
			t.Fatalf("closed %v, relays %v %v %v", r.closed(), r.on(tv), r.on(projector), r.on(receiver))
		}
		if st := r.last(); st.State != firmware.GuardClosed || !st.AuxClosed || !st.Contactor || st.WantSeq != 1 || !st.Loads[projector].On {
			t.Errorf("status %+v", st)
		}
		r.set(func() { r.amps[1] = 1200 })
		r.want(hal.DisplayOn, "projector")
		time.Sleep(3 * time.Second)
		r.want(hal.DisplayCooling)
		r.set(func() { r.amps[1] = 300 })
		time.Sleep(3500 * time.Millisecond)
		if st := r.last().Loads[projector]; !st.On || st.Wanted || st.Held != "guard.cause.no_standby" || st.CurrentMA != 300 {
			t.Errorf("cooling: %+v", st)
		}
		r.set(func() { r.amps[1] = 20 })
		time.Sleep(5 * time.Second) // the report of cooling is forgotten, none of standby came
		if !r.on(projector) {
			t.Error("off without a report of standby")
		}
		r.want(hal.DisplayStandby)
		time.Sleep(300 * time.Millisecond)
		if r.on(projector) || !r.closed() {
			t.Error("cold projector is still on, or the contactor opened")
		}
		r.stop()
		got := r.kinds()
		want := []string{"start", "close", "load_on", "load_on", "held", "load_off", "open", "load_off"}
		if !slices.Equal(got, want) {
			t.Errorf("events %v; want %v", got, want)
		}
		for i, e := range r.events {
			if e.Seq != uint64(i+1) || e.Boot != "boot" || e.Wall.IsZero() {
				t.Errorf("event %+v", e)
			}
		}
		if r.on(receiver) {
			t.Error("a relay is on after the end")
		}
	})
}

func TestLoopTripsWithoutTheStation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		r.want(hal.DisplayUnknown, "tv")
		time.Sleep(5 * time.Second)
		r.set(func() { r.volts = 310 })
		time.Sleep(240 * time.Millisecond)
		if r.on(tv) || r.on(receiver) {
			t.Error("relays on 240 ms after the step to 310 V")
		}
		if e := r.find(t, "trip"); e.Cause != "guard.cause.over_voltage" || e.MV < 305_000 || e.MV > 311_000 || e.LastedMS < 150 || e.LastedMS > 240 {
			t.Errorf("trip %+v", e)
		}
		time.Sleep(210 * time.Millisecond)
		if r.closed() {
			t.Error("contactor closed")
		}
		r.set(func() { r.volts = 220 })
		time.Sleep(6 * time.Second) // nobody says anything; the want of the start stands
		if !r.closed() || !r.on(tv) {
			t.Error("not back after a trip")
		}
		r.stop()
	})
}

func TestLoopBlindOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		time.Sleep(5 * time.Second)
		if !r.closed() {
			t.Fatal("not closed")
		}
		n := 0
		r.set(func() { r.silent, n = true, r.pulses })
		time.Sleep(100 * time.Millisecond)
		r.set(func() {
			if r.pulses > n+1 {
				t.Errorf("%d pulses without a frame", r.pulses-n)
			}
		})
		time.Sleep(200 * time.Millisecond)
		if r.closed() || r.on(receiver) {
			t.Error("still closed 300 ms after the last frame")
		}
		if st := r.last(); st.State != firmware.GuardBlind || st.MainsOK || st.Cause != "guard.cause.no_samples" {
			t.Errorf("status %+v", st)
		}
		r.stop()
	})
}

func TestLoopWithoutPins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		time.Sleep(5 * time.Second)
		r.set(func() { r.pinsGone = true })
		time.Sleep(500 * time.Millisecond)
		if st := r.last(); st.Contactor || st.Cause != "guard.cause.pins_gone" && st.Cause != "guard.cause.min_off" || st.AuxKnown {
			t.Errorf("status %+v", st)
		}
		r.set(func() { r.pinsGone = false })
		time.Sleep(5 * time.Second)
		if !r.closed() {
			t.Error("not closed after the pins came back")
		}
		r.stop()
	})
}

func TestLoopFindsARelayThatFellOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		time.Sleep(5 * time.Second)
		r.set(func() { r.relays[receiver].on = false }) // a pin server that restarted
		time.Sleep(3 * time.Second)
		if !r.on(receiver) {
			t.Error("relay not set again")
		}
		if e := r.find(t, "load_off"); e.Load != "receiver" || e.Cause != "guard.cause.pins_gone" {
			t.Errorf("event %+v", e)
		}
		r.stop()
	})
}

func TestLoopWeldAndArrester(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{Notes: []string{power.NoteNoFIFO}})
		time.Sleep(5 * time.Second)
		r.set(func() { r.welded, r.arrester = true, 1 })
		r.set(func() { r.volts = 400 })
		time.Sleep(time.Second)
		st := r.last()
		if st.State != firmware.GuardWeld || !st.AuxClosed || st.Contactor {
			t.Errorf("status %+v", st)
		}
		if !slices.Equal(st.Notes, []string{power.NoteNoFIFO, power.NoteArrester, power.NoteNoMeter}) {
			t.Errorf("notes %v", st.Notes)
		}
		r.find(t, "arrester")
		r.stop()
	})
}

func TestLoopOldWantIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{})
		r.Want(firmware.GuardWant{Seq: 9, Loads: map[string]bool{"tv": true}})
		r.Want(firmware.GuardWant{Seq: 9})
		r.Want(firmware.GuardWant{Seq: 3})
		time.Sleep(5 * time.Second)
		if st := r.last(); st.WantSeq != 9 || !st.Loads[tv].Wanted || !r.on(tv) {
			t.Errorf("status %+v", st)
		}
		r.stop()
	})
}

func TestLoopRemembersOverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "guard.json")
		time.Sleep(time.Until(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))) // a plausible clock
		r := start(t, power.Opts{Memory: file})
		r.want(hal.DisplayOn, "projector")
		time.Sleep(4 * time.Second)
		r.set(func() { r.amps[1] = 1200 })
		r.want(hal.DisplayOn, "projector")
		time.Sleep(4 * time.Second)
		if !r.on(projector) {
			t.Fatal("projector off")
		}
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r.set(func() { r.volts = 310 })
		time.Sleep(500 * time.Millisecond)
		r.stop()

		// As after kill -9 while the lamp burned: the file of that moment.
		if err := os.WriteFile(file, before, 0o600); err != nil {
			t.Fatal(err)
		}
		again := start(t, power.Opts{Memory: file})
		time.Sleep(100 * time.Millisecond)
		if st := again.last().Loads[projector]; st.CoolLeftMS < 2500 {
			t.Errorf("after kill -9: %+v; want the whole cooling time", st)
		}
		again.stop()

		if err := os.WriteFile(file, []byte("{half"), 0o600); err != nil {
			t.Fatal(err)
		}
		again = start(t, power.Opts{Memory: file})
		time.Sleep(100 * time.Millisecond)
		st := again.last()
		if st.Loads[projector].CoolLeftMS < 2500 || !slices.Contains(st.Notes, power.NoteMemoryLost) {
			t.Errorf("damaged memory: %+v", st)
		}
		again.stop()
	})
}

func TestLoopSaysWhenMemoryCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{Memory: filepath.Join(t.TempDir(), "no", "such", "folder", "guard.json")})
		time.Sleep(5 * time.Second)
		if st := r.last(); !slices.Contains(st.Notes, power.NoteMemoryUnsafe) || st.State != firmware.GuardClosed {
			t.Errorf("status %+v", st)
		}
		r.stop()
	})
}

func TestRunRefusesRelaysThatCannotBeSwitchedOff(t *testing.T) {
	h := &hardware{began: time.Now()}
	r := &relay{h: h, err: hal.ErrGone}
	loop, err := power.New(power.Settings{Loads: []power.Load{{Name: "tv"}}}, h, h, []power.Relay{r}, &listener{}, power.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if err := loop.Run(t.Context()); !errors.Is(err, hal.ErrGone) {
		t.Errorf("error %v", err)
	}
}
