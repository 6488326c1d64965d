package antenna

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/dish"
	"stationbox/firmware/text"
	"stationbox/hal/sim/device"
)

// byHand calls somebody to the dish, and says whether it stands still from then on.
func (r *motorRig) byHand(t *testing.T) {
	t.Helper()
	release, err := r.rotator.standStill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := r.dishRig.dish.Pose()
	if r.mount.Moving() {
		t.Error("somebody is called to a dish that moves")
	}
	time.Sleep(time.Minute)
	if got := r.dishRig.dish.Pose(); got != before || r.mount.Moving() {
		t.Errorf("beside somebody it moves from %v to %v", before, got)
	}
	release()
}

// What another program began is over before somebody is called to the dish.
func TestByHandAfterAnotherProgram(t *testing.T) {
	for name, begin := range map[string]func(f face, ctx context.Context) error{
		"turn": func(f face, ctx context.Context) error {
			return f.Turn(ctx, positionOf(aim{Azimuth: 250, Elevation: 40}))
		},
		"park": face.Park,
	} {
		t.Run(name, func(t *testing.T) {
			onMotors(t, rotctldRows, device.RotatorOpts{Speed: 0.5}, func(t *testing.T, r *motorRig) {
				if err := begin(face{r.rotator}, t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				if !r.mount.Moving() {
					t.Fatal("it does not move")
				}
				r.byHand(t)
			})
		})
	}
}

// A stop that comes the moment another program has given a goal is a stop: nothing moves
// after it.
func TestStopAtOnce(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 0.5}, func(t *testing.T, r *motorRig) {
		f := face{r.rotator}
		for range 200 {
			if err := errors.Join(f.Turn(t.Context(), positionOf(aim{Azimuth: 250, Elevation: 40})), f.Stop(t.Context())); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if r.mount.Moving() {
				t.Fatal("it moves after the stop")
			}
		}
	})
}

// Who asks for a stop and goes away has asked for a stop.
func TestStopOfNobody(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 0.5}, func(t *testing.T, r *motorRig) {
		if err := (face{r.rotator}).Turn(t.Context(), positionOf(aim{Azimuth: 250, Elevation: 40})); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.rotator.stop(ctx); err != nil || r.mount.Moving() {
			t.Errorf("%v, moving %v", err, r.mount.Moving())
		}
	})
}

// A stop between the moment at which a wish is found and that at which it is begun counts as well.
func TestStopBeforeTheBegin(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{}, func(t *testing.T, r *motorRig) {
		j := &job{ctx: t.Context(), goal: aim{Azimuth: 250, Elevation: 40}}
		r.rotator.replace(j, errReplaced)
		if got := r.rotator.wanted(); got != j {
			t.Fatalf("wanted %v", got)
		}
		if err := r.rotator.stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.rotator.carry(t.Context(), j); !errors.Is(err, errMountStopped) || r.mount.Moving() {
			t.Errorf("%v, moving %v", err, r.mount.Moving())
		}
	})
}

// Whether the motors move that the station finds when it starts nobody knows until it has
// stopped them: without a word from them nobody is called to the dish for as long as a move
// takes.
func TestByHandBeforeTheMotorsAnswer(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 0.5}, func(t *testing.T, r *motorRig) {
		if err := r.rotator.mount.Turn(t.Context(), aim{Azimuth: 250, Elevation: 40}); err != nil {
			t.Fatal(err)
		}
		r.fault(t, "unplugged", r.mount)
		again := OpenRotator(r.cfg, r.needs, r.meter)
		if _, err := again.standStill(t.Context()); !errors.Is(err, errMountRuns) {
			t.Errorf("at once: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*mountLook)
		defer cancel()
		time.AfterFunc(5*time.Second, func() { r.fault(t, "none", r.mount) })
		if err := again.Run(ctx); err != nil || r.mount.Moving() {
			t.Errorf("%v, moving %v", err, r.mount.Moving())
		}
		if release, err := again.standStill(t.Context()); err != nil {
			t.Error(err)
		} else {
			release()
		}
	})
}

// What moved when the station was killed is stopped when it comes back: nobody watches it.
func TestMoveOfTheRunBefore(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 0.5}, func(t *testing.T, r *motorRig) {
		if err := r.rotator.mount.Turn(t.Context(), aim{Azimuth: 250, Elevation: 40}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		again := OpenRotator(r.cfg, r.needs, r.meter)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := again.Run(ctx); err != nil || r.mount.Moving() {
			t.Errorf("%v, moving %v", err, r.mount.Moving())
		}
	})
}

// While motors turn the dish the supervisor of a lesson's lock does nothing: it would take
// the voltage from a motor on the cable.
func TestNoRemedyWhileMotorsTurn(t *testing.T) {
	onMotors(t, diseqcRows, device.RotatorOpts{}, func(t *testing.T, r *motorRig) {
		c, ok := r.meter.cfg.Received("cetv")
		if !ok {
			t.Fatal("no channel")
		}
		r.meter.Want(Lesson{"sat-1", "卫星课", c})
		time.Sleep(10 * time.Second)
		off := make(chan struct{})
		go func() {
			defer close(off)
			for range 600 {
				time.Sleep(100 * time.Millisecond)
				if volts, _, _ := r.card.Cable(); volts == 0 {
					t.Error("a motor on its way has no voltage")
					return
				}
			}
		}()
		r.says(t, "dish turn 76.5E -yes", "arrived")
		<-off
		if slices.Contains(r.codes(), "fault.dish.relock") {
			t.Errorf("faults %+v", r.faults.List())
		}
	})
}

// A mount that no stop reached because its network was away for long is stopped when it is
// back.
func TestStopAfterLong(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 0.5}, func(t *testing.T, r *motorRig) {
		failed := r.begins(t, "dish turn 250 40 -yes")
		time.Sleep(5 * time.Second)
		r.fault(t, "unplugged", r.mount)
		if got := <-failed; !strings.Contains(got, "do not answer") || !r.mount.Moving() {
			t.Fatalf("%q, moving %v", got, r.mount.Moving())
		}
		if _, err := r.rotator.standStill(t.Context()); !errors.Is(err, errMountRuns) || !strings.Contains(sayAlign(text.New("en"), err), "keep away") {
			t.Errorf("somebody is called to a dish that nothing stops: %v", err)
		}
		time.Sleep(r.cfg.Dish.Rotator.MoveTime.D()) // whose supply was switched off, for all that is known
		r.byHand(t)
		r.fault(t, "none", r.mount)
		time.Sleep(mountLook + time.Second)
		if r.mount.Moving() {
			t.Error("nobody stopped it")
		}
		r.byHand(t)
	})
}

// A controller that takes its time before it parks has not parked.
func TestParkThatBeginsLate(t *testing.T) {
	now := time.Unix(0, 0)
	w := &arrival{park: true, begun: now, heard: now, moved: now}
	at := func(second float64) aim { // off at 4 s, there at 9 s
		return aim{Azimuth: dish.Degrees(100 - 20*min(max(second-4, 0), 5)), Elevation: 40}
	}
	for s := 0.0; s < 60; s += mountPoll.Seconds() {
		there, err := w.see(at(s), nil, now.Add(time.Duration(s*float64(time.Second))))
		if err != nil {
			t.Fatal(err)
		}
		if there {
			if s < 9 {
				t.Errorf("parked after %.1f s", s)
			}
			return
		}
	}
	t.Error("never parked")
}
