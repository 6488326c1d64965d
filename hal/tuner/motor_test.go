package tuner_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
	"stationbox/hal/tuner"
)

// The frames as the tools that drive such motors were seen to send them.
func TestMotorFrames(t *testing.T) {
	tests := []struct {
		degrees float64
		want    []byte
	}{
		{0, []byte{0xE0, 0x31, 0x6E, 0xE0, 0x00}},
		{20, []byte{0xE0, 0x31, 0x6E, 0xE1, 0x40}},
		{-20, []byte{0xE0, 0x31, 0x6E, 0xD1, 0x40}},
		{-33.5, []byte{0xE0, 0x31, 0x6E, 0xD2, 0x18}},
		{0.0625, []byte{0xE0, 0x31, 0x6E, 0xE0, 0x01}},
		{-0.01, []byte{0xE0, 0x31, 0x6E, 0xE0, 0x00}},
		{75.99, []byte{0xE0, 0x31, 0x6E, 0xE4, 0xC0}},
	}
	for _, tt := range tests {
		got, err := tuner.MotorAngle(physic.Angle(tt.degrees * float64(physic.Degree)))
		if err != nil || !bytes.Equal(got, tt.want) {
			t.Errorf("%v degrees: % X, %v, want % X", tt.degrees, got, err, tt.want)
		}
	}
	if _, err := tuner.MotorAngle(181 * physic.Degree); !errors.Is(err, hal.ErrRefused) {
		t.Error(err)
	}
}

// A motor that reads the frame comes within half a sixteenth of the angle.
func TestMotorAngle(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := rapid.Float64Range(-tuner.MotorReach, tuner.MotorReach).Draw(r, "degrees")
		f, err := tuner.MotorAngle(physic.Angle(want * float64(physic.Degree)))
		if err != nil {
			r.Fatal(err)
		}
		got := float64(int(f[3]&0xF)<<8|int(f[4])) / 16
		if f[3]>>4 == 0xD {
			got = -got
		}
		if d := got - want; d > 0.03126 || d < -0.03126 {
			r.Fatalf("%v for %v", got, want)
		}
	})
}

// What is said to a motor leaves the receiver where it is, with its tone.
func TestSend(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish) {
		if err := u.Send(t.Context(), cBand, tuner.MotorStop()); err != nil {
			t.Fatal(err) // before anything was tuned: the motor gets its voltage
		}
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		if err := u.Send(t.Context(), cBand, tuner.MotorReference()); err != nil {
			t.Fatal(err)
		}
		volts, tone, frames := c.Cable()
		if volts != 18 || tone || strings.Join(frames, ", ") != "E0 31 60, E0 31 6B 00" {
			t.Errorf("%d V, tone %v, %q", volts, tone, frames)
		}
		if s, err := u.Status(t.Context()); err != nil || !s.Value.Lock.Locked() {
			t.Errorf("afterwards %v, %v", s, err)
		}
		if err := u.Send(t.Context(), cBand, []byte{0xE0}); !errors.Is(err, hal.ErrRefused) {
			t.Errorf("half a frame: %v", err)
		}
		fail(t, c, "unplugged")
		if err := u.Send(t.Context(), cBand, tuner.MotorStop()); !errors.Is(err, hal.ErrGone) {
			t.Errorf("without a receiver: %v", err)
		}
	})
	tried(t, device.DVBCardOpts{}, tuner.Opts{Unpowered: true}, func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish) {
		if err := u.Send(t.Context(), cBand, tuner.MotorStop()); !errors.Is(err, hal.ErrRefused) {
			t.Errorf("over another's cable: %v", err)
		}
	})
}
