package tuner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
	"stationbox/hal/tuner"
	"stationbox/hal/tuner/psi"
)

func TestUnplugged(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, card *device.DVBCard, _ *world.Dish) {
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		waiting := make(chan error)
		go func() {
			waiting <- u.Sections(t.Context(), tuner.Filter{PID: 0x1FF}, func(psi.Section) bool { return true })
		}()
		time.Sleep(time.Second)
		fail(t, card, "unplugged")
		if err := <-waiting; !errors.Is(err, hal.ErrGone) {
			t.Errorf("who waits for a section: %v", err)
		}
		for range 2 {
			if _, err := u.Status(t.Context()); !errors.Is(err, hal.ErrGone) {
				t.Errorf("status: %v", err)
			}
		}
		fail(t, card, "busy")
		if _, err := u.Status(t.Context()); !errors.Is(err, hal.ErrRefused) || !strings.Contains(err.Error(), "another program") {
			t.Errorf("busy: %v", err)
		}
		fail(t, card, "none")
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Errorf("plugged in again: %v", err)
		}
	})
}

// A driver that hangs costs every call its time and no more.
func TestHangingDriver(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, card *device.DVBCard, _ *world.Dish) {
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		fail(t, card, "hangs")
		for _, want := range []string{"the driver hangs", "busy"} {
			began := time.Now()
			_, err := u.Status(t.Context())
			if d := time.Since(began); !errors.Is(err, hal.ErrSilent) || !strings.Contains(err.Error(), want) || d > 3200*time.Millisecond {
				t.Errorf("%v after %v, want %s", err, d, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := u.Status(ctx); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("%v", err)
		}
		fail(t, card, "none")
		synctest.Wait()
		if _, err := u.Status(t.Context()); err != nil {
			t.Errorf("mended: %v", err)
		}
	})
}

func TestCloseOfAHangingDriver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := device.NewDVBCard(world.NewDish(sky()), device.DVBCardOpts{})
		u := tuner.New(opener(card), "/dev/dvb/adapter0", tuner.Opts{})
		if _, err := u.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
		fail(t, card, "hangs")
		if _, err := u.Status(t.Context()); !errors.Is(err, hal.ErrSilent) {
			t.Error(err)
		}
		if err := u.Close(); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("close: %v", err)
		}
		fail(t, card, "none")
		synctest.Wait()
		if n := card.Files(); n != 0 {
			t.Errorf("%d files are open", n)
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := device.NewDVBCard(world.NewDish(sky()), device.DVBCardOpts{})
		u := tuner.New(opener(card), "/dev/dvb/adapter0", tuner.Opts{})
		calls := []func() error{
			func() error { return u.Tune(t.Context(), upper) },
			func() error { _, err := u.Network(t.Context()); return err },
			func() error { _, err := u.Time(t.Context()); return err },
		}
		fail(t, card, "mute")
		done := make(chan error, len(calls))
		for _, call := range calls {
			go func() { done <- call() }()
		}
		time.Sleep(200 * time.Millisecond)
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		for range calls {
			if err := <-done; !errors.Is(err, hal.ErrGone) {
				t.Errorf("%v", err)
			}
		}
		for _, call := range calls {
			if err := call(); !errors.Is(err, hal.ErrGone) {
				t.Errorf("after that: %v", err)
			}
		}
		if err := u.Close(); err != nil {
			t.Errorf("a second time: %v", err)
		}
		if n := card.Files(); n != 0 {
			t.Errorf("%d files are open", n)
		}
	})
}

func TestPower(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, card *device.DVBCard, _ *world.Dish) {
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		if err := u.Off(t.Context()); err != nil {
			t.Fatal(err)
		}
		if volts, tone, _ := card.Cable(); volts != 0 || tone {
			t.Errorf("%d V, tone %v", volts, tone)
		}
		if err := u.ResetOverload(t.Context()); !errors.Is(err, hal.ErrRefused) {
			t.Errorf("%v", err)
		}
	})
	tried(t, device.DVBCardOpts{}, tuner.Opts{Unpowered: true, LockTime: time.Second}, func(t *testing.T, u *tuner.Tuner, card *device.DVBCard, _ *world.Dish) {
		if err := u.Tune(t.Context(), cBand); !errors.Is(err, hal.ErrSilent) {
			t.Error(err)
		}
		if err := u.Off(t.Context()); err != nil {
			t.Error(err)
		}
		if volts, _, frames := card.Cable(); volts != 0 || frames != nil {
			t.Errorf("%d V, %q: another receiver does that", volts, frames)
		}
	})
}

func TestInfo(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, _ *device.DVBCard, _ *world.Dish) {
		want := tuner.Info{Name: "Model receiver", Version: "5.11", Satellite: true, Satellite2: true,
			Lowest: 950 * physic.MegaHertz, Highest: 2150 * physic.MegaHertz, SlowestRate: 1e6, FastestRate: 45e6}
		if got, err := u.Info(t.Context()); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// What is shifted down comes up again at the same place.
func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom([]tuner.LNB{
			tuner.Universal(), tuner.Single(5150 * physic.MegaHertz), tuner.Single(10750 * physic.MegaHertz), tuner.Single(11300 * physic.MegaHertz),
		}).Draw(t, "LNB")
		f := physic.Frequency(rapid.Int64Range(3_000_000, 13_000_000).Draw(t, "kHz")) * physic.KiloHertz
		cable, up, err := l.Shift(f)
		if err != nil {
			if !errors.Is(err, hal.ErrRefused) {
				t.Fatal(err)
			}
			return
		}
		oscillator := l.Low
		if up {
			oscillator = l.High
		}
		if cable < 950*physic.MegaHertz || cable > 2150*physic.MegaHertz || oscillator+cable != f && oscillator-cable != f {
			t.Errorf("%v is %v on the cable", f, cable)
		}
	})
	for _, c := range []struct {
		lnb       tuner.LNB
		mhz, want int64
		upper     bool
	}{
		{tuner.Universal(), 10_900, 1150, false},
		{tuner.Universal(), 11_699, 1949, false},
		{tuner.Universal(), 11_700, 1100, true},
		{tuner.Single(5150 * physic.MegaHertz), 3840, 1310, false},
		{tuner.Single(11_300 * physic.MegaHertz), 12_500, 1200, false},
	} {
		got, up, err := c.lnb.Shift(physic.Frequency(c.mhz) * physic.MegaHertz)
		if err != nil || got != physic.Frequency(c.want)*physic.MegaHertz || up != c.upper {
			t.Errorf("%d MHz: %v, %v, %v", c.mhz, got, up, err)
		}
	}
}
