package compass_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/compass"
)

// registers is a bus whose chip holds these, and takes nothing but the reset.
type registers map[byte]byte

func (r registers) String() string                  { return "registers" }
func (r registers) SetSpeed(physic.Frequency) error { return nil }
func (r registers) Tx(_ uint16, w, b []byte) error {
	for i := range b {
		b[i] = r[w[0]+byte(i)]
	}
	return nil
}

// axesOf are the raw numbers in the registers of a chip.
func axesOf(chip compass.Chip, wide bool, v [3]int16) registers {
	little := func(r registers, first byte) registers {
		for i, x := range v {
			r[first+byte(2*i)], r[first+byte(2*i)+1] = byte(x), byte(uint16(x)>>8)
		}
		return r
	}
	switch chip {
	case compass.QMC5883L:
		r := registers{6: 1, 9: 0x01, 0x0B: 1, 0x0D: 0xFF}
		if wide {
			r[9] = 0x11
		}
		return little(r, 0)
	case compass.QMC5883P:
		r := registers{0: 0x80, 9: 1, 0x0A: 3, 0x0B: 0x0C}
		if wide {
			r[0x0B] = 8
		}
		return little(r, 1)
	}
	r := registers{1: 0x20, 9: 1, 0x0A: 'H', 0x0B: '4', 0x0C: '3'}
	if wide {
		r[1] = 0xE0
	}
	for i, axis := range []int{0, 2, 1} {
		r[byte(3+2*i)], r[byte(4+2*i)] = byte(uint16(v[axis])>>8), byte(v[axis])
	}
	return r
}

// What the data sheets call the sensitivity, in LSB a gauss.
var sensitivity = map[compass.Chip][2]float64{
	compass.QMC5883L: {12000, 3000}, compass.HMC5883L: {1090, 230}, compass.QMC5883P: {15000, 3750},
}

func TestRawToTesla(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		chip := rapid.SampledFrom(chips).Draw(rt, "chip")
		wide := rapid.Bool().Draw(rt, "wide")
		var v [3]int16
		for i := range v {
			v[i] = rapid.Int16().Draw(rt, "axis")
		}
		synctest.Test(t, func(t *testing.T) {
			r, err := newCompass(t, axesOf(chip, wide, v), compass.Opts{Wide: wide}).Read(t.Context())
			if bad := unmeasurable(chip, v); bad != nil {
				if !errors.Is(err, bad) || r != (hal.Reading[compass.Field]{}) {
					t.Fatalf("%s %v: %+v, %v, want %v", chip, v, r, err, bad)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s %v: %v", chip, v, err)
			}
			scale := sensitivity[chip][0]
			if wide {
				scale = sensitivity[chip][1]
			}
			for i, got := range []physic.MagneticFluxDensity{r.Value.Forward, r.Value.Right, r.Value.Down} {
				if want := float64(v[i]) / scale * 100; math.Abs(microTesla(got)-want) > 0.00051 {
					t.Fatalf("%s wide %v: axis %d of %v: %v, want %v µT", chip, wide, i, v, got, want)
				}
			}
		})
	})
}

// unmeasurable says which numbers are no measurement.
func unmeasurable(chip compass.Chip, v [3]int16) error {
	if v == [3]int16{} {
		return hal.ErrGarbled
	}
	for _, x := range v {
		if chip == compass.HMC5883L && x == -4096 || chip != compass.HMC5883L && (x == 32767 || x == -32768) {
			return compass.ErrOverflow
		}
		if chip == compass.HMC5883L && (x > 2047 || x < -2048) {
			return hal.ErrGarbled
		}
	}
	return nil
}

func TestOverflowNumbers(t *testing.T) {
	for _, c := range []struct {
		chip compass.Chip
		v    [3]int16
	}{
		{compass.QMC5883L, [3]int16{1, 2, 32767}}, {compass.QMC5883P, [3]int16{-32768, 2, 3}}, {compass.HMC5883L, [3]int16{1, -4096, 3}},
	} {
		synctest.Test(t, func(t *testing.T) {
			if _, err := newCompass(t, axesOf(c.chip, false, c.v), compass.Opts{}).Read(t.Context()); !errors.Is(err, compass.ErrOverflow) || !errors.Is(err, hal.ErrGarbled) {
				t.Errorf("%s: %v", c.chip, err)
			}
		})
	}
}

func TestAxes(t *testing.T) {
	for _, c := range []struct {
		axes    compass.Axes
		refused string
		want    [3]int // of 1 2 3
	}{
		{compass.Axes{}, "", [3]int{1, 2, 3}},
		{compass.Axes{Forward: compass.PlusX, Right: compass.MinusY, Down: compass.MinusZ}, "", [3]int{1, -2, -3}},
		{compass.Axes{Forward: compass.PlusY, Right: compass.PlusX, Down: compass.MinusZ}, "", [3]int{2, 1, -3}},
		{compass.Axes{Forward: compass.PlusZ, Right: compass.PlusX, Down: compass.PlusY}, "", [3]int{3, 1, 2}},
		{compass.Axes{Forward: compass.PlusX, Right: compass.PlusY, Down: compass.MinusZ}, "mirrored", [3]int{}},
		{compass.Axes{Forward: compass.PlusY, Right: compass.PlusX, Down: compass.PlusZ}, "mirrored", [3]int{}},
		{compass.Axes{Forward: compass.PlusX, Right: compass.MinusX, Down: compass.PlusZ}, "twice", [3]int{}},
		{compass.Axes{Forward: compass.PlusX, Right: compass.PlusY}, `axis ""`, [3]int{}},
		{compass.Axes{Forward: "x", Right: compass.PlusY, Down: compass.PlusZ}, `axis "x"`, [3]int{}},
		{compass.Axes{Forward: "*x", Right: compass.PlusY, Down: compass.PlusZ}, `axis "*x"`, [3]int{}},
	} {
		synctest.Test(t, func(t *testing.T) {
			sensor, err := compass.New(axesOf(compass.QMC5883L, false, [3]int16{120, 240, 360}), compass.Opts{Axes: c.axes})
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%v: %v, want %q", c.axes, err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := sensor.Read(t.Context())
			got := [3]int{int(r.Value.Forward / 1000), int(r.Value.Right / 1000), int(r.Value.Down / 1000)}
			if err != nil || got != c.want {
				t.Errorf("%v: %v, %v, want %v", c.axes, got, err, c.want)
			}
		})
	}
	if _, err := compass.New(nil, compass.Opts{Chip: "lis3mdl"}); err == nil || !strings.Contains(err.Error(), "want qmc5883l") {
		t.Errorf("unknown chip: %v", err)
	}
}

// broken is a bus that fails.
type broken struct {
	registers
	err error
}

func (b broken) Tx(uint16, []byte, []byte) error { return b.err }

func TestBusErrors(t *testing.T) {
	for _, c := range []struct{ is, want error }{
		{fmt.Errorf("sysfs-i2c: %w", fs.ErrNotExist), hal.ErrGone}, {fs.ErrClosed, hal.ErrGone}, {errors.New("timeout"), hal.ErrSilent},
	} {
		if _, err := newCompass(t, broken{err: c.is}, compass.Opts{}).Read(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%v: %v, want %v", c.is, err, c.want)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newCompass(t, axesOf(compass.HMC5883L, false, [3]int16{1, 2, 3}), compass.Opts{}).Read(ctx); !errors.Is(err, hal.ErrSilent) {
		t.Error(err)
	}
}

// TestTranscript is the exact talk with an HMC5883L, as its data sheet wants it.
func TestTranscript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := []byte{0x70, 0x20, 0x00, 0x01, 0x68, 0xFE, 0x98, 0x00, 0x6D, 0x01, 'H', '4', '3'}
		bus := &i2ctest.Playback{Ops: []i2ctest.IO{
			{Addr: 0x1E, W: []byte{0x0A}, R: []byte("H43")},
			{Addr: 0x1E, W: []byte{0x00, 0x70}},
			{Addr: 0x1E, W: []byte{0x01, 0x20}},
			{Addr: 0x1E, W: []byte{0x02, 0x00}},
			{Addr: 0x1E, W: []byte{0x09}, R: []byte{0x01}},
			{Addr: 0x1E, W: []byte{0x00}, R: block},
		}}
		r, err := newCompass(t, bus, compass.Opts{Chip: compass.HMC5883L}).Read(t.Context())
		// X 360, Z -360, Y 109 of 1090 in a gauss.
		if err != nil || r.Value.Forward != 33028 || r.Value.Right != 10000 || r.Value.Down != -33028 {
			t.Errorf("%+v, %v", r, err)
		}
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}

func FuzzRegisters(f *testing.F) {
	for i, chip := range chips {
		r := axesOf(chip, false, [3]int16{100, -200, 300})
		b := make([]byte, 16)
		for at, v := range r {
			b[at] = v
		}
		f.Add(byte(i), b)
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		r := registers{}
		for i, v := range b[:min(len(b), 64)] {
			r[byte(i)] = v
		}
		synctest.Test(t, func(t *testing.T) {
			got, err := newCompass(t, r, compass.Opts{Chip: chips[int(which)%len(chips)]}).Read(t.Context())
			if err == nil && (got.Value.Strength() == 0 || got.Value.Strength() > 500*physic.MicroTesla) {
				t.Errorf("% x: %+v", b, got)
			}
			if err != nil && got != (hal.Reading[compass.Field]{}) {
				t.Errorf("% x: a number beside %v", b, err)
			}
		})
	})
}
