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
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/compass"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
)

var chips = []compass.Chip{compass.QMC5883L, compass.HMC5883L, compass.QMC5883P}

// pose looks to the south at Beijing, 7.6° beside the magnetic one.
var pose = world.Pose{Azimuth: 180, Elevation: 43}

// tried runs f in a bubble with a chip on a dish.
func tried(t *testing.T, o device.CompassOpts, f func(t *testing.T, sim *device.Compass, d *world.Dish)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := world.NewDish(world.DishOpts{Pose: pose})
		sim, err := device.NewCompass(d, o)
		if err != nil {
			t.Fatal(err)
		}
		f(t, sim, d)
	})
}

func newCompass(t testing.TB, bus i2c.Bus, o compass.Opts) *compass.Compass {
	t.Helper()
	c, err := compass.New(bus, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fail(t *testing.T, sim *device.Compass, kind string) {
	t.Helper()
	if err := sim.Fault(kind); err != nil {
		t.Fatal(err)
	}
}

func microTesla(m physic.MagneticFluxDensity) float64 { return float64(m) / 1000 }

func near(got, want float64) bool { return math.Abs(got-want) < 1.2 }

func TestField(t *testing.T) {
	for _, chip := range chips {
		for _, wide := range []bool{false, true} {
			for _, look := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s wide %v look %v", chip, wide, look), func(t *testing.T) {
					tried(t, device.CompassOpts{Chip: string(chip), Iron: [3]float64{10, -20, 5}}, func(t *testing.T, sim *device.Compass, d *world.Dish) {
						o := compass.Opts{Chip: chip, Wide: wide}
						if look {
							o.Chip = ""
						}
						c := newCompass(t, sim, o)
						for _, azimuth := range []float64{180, 90, 330} {
							d.Turn(world.Pose{Azimuth: azimuth})
							r, err := c.Read(t.Context())
							if err != nil {
								t.Fatal(err)
							}
							x, y, z := d.Field()
							f := r.Value
							if !near(microTesla(f.Forward), x+10) || !near(microTesla(f.Right), y-20) || !near(microTesla(f.Down), z+5) {
								t.Errorf("at %v: %v %v %v, want %.1f %.1f %.1f", azimuth, f.Forward, f.Right, f.Down, x+10, y-20, z+5)
							}
							if !near(microTesla(f.Strength()), math.Sqrt((x+10)*(x+10)+(y-20)*(y-20)+(z+5)*(z+5))) {
								t.Errorf("strength %v", f.Strength())
							}
							if !r.At.Equal(time.Now()) || c.Chip() != chip {
								t.Errorf("%v, chip %s", r.At, c.Chip())
							}
						}
					})
				})
			}
		}
	}
}

// A reading tells how it is now, not how it was when somebody asked last.
func TestFresh(t *testing.T) {
	for _, chip := range chips {
		tried(t, device.CompassOpts{Chip: string(chip)}, func(t *testing.T, sim *device.Compass, d *world.Dish) {
			c := newCompass(t, sim, compass.Opts{})
			for azimuth := 0.0; azimuth < 360; azimuth += 45 {
				d.Turn(world.Pose{Azimuth: azimuth})
				began := time.Now()
				r, err := c.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if x, y, _ := d.Field(); !near(microTesla(r.Value.Forward), x) || !near(microTesla(r.Value.Right), y) {
					t.Errorf("%s at %v: %+v", chip, azimuth, r.Value)
				}
				// The next measurement is due in 60 ms or later, the last one is old.
				if took := time.Since(began); took > 400*time.Millisecond || took < 50*time.Millisecond {
					t.Errorf("%s: took %v", chip, took)
				}
				time.Sleep(time.Minute + 30*time.Millisecond)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for _, chip := range chips {
		for kind, want := range map[string]error{
			"silent": hal.ErrSilent, "magnet": compass.ErrOverflow, "frozen": compass.ErrStuck, "dead": hal.ErrGarbled, "idle": hal.ErrSilent,
		} {
			t.Run(string(chip)+" "+kind, func(t *testing.T) {
				tried(t, device.CompassOpts{Chip: string(chip)}, func(t *testing.T, sim *device.Compass, _ *world.Dish) {
					c := newCompass(t, sim, compass.Opts{})
					read := func() error {
						began := time.Now()
						r, err := c.Read(t.Context())
						if took := time.Since(began); took > time.Second {
							t.Errorf("took %v", took)
						}
						if err != nil && r != (hal.Reading[compass.Field]{}) {
							t.Errorf("a number beside an error: %+v", r)
						}
						return err
					}
					if err := read(); err != nil {
						t.Fatal(err)
					}
					fail(t, sim, kind)
					var err error
					for range 12 {
						err = read()
					}
					if !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
					fail(t, sim, "none")
					if err := read(); err != nil {
						t.Errorf("mended: %v", err)
					}
				})
			})
		}
	}
}

// A dip of the supply puts a chip to sleep with the narrow range or none.
func TestLostSettings(t *testing.T) {
	for _, chip := range chips {
		tried(t, device.CompassOpts{Chip: string(chip)}, func(t *testing.T, sim *device.Compass, _ *world.Dish) {
			c := newCompass(t, sim, compass.Opts{Wide: true})
			if _, err := c.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			sim.Glitch()
			if _, err := c.Read(t.Context()); !errors.Is(err, hal.ErrGarbled) && !errors.Is(err, hal.ErrSilent) {
				t.Errorf("%s: %v", chip, err)
			}
			if _, err := c.Read(t.Context()); err != nil {
				t.Errorf("%s: set up again: %v", chip, err)
			}
		})
	}
}

// A spark that changes the range of a chip and nothing else would scale every number.
func TestAnotherRange(t *testing.T) {
	for _, chip := range chips {
		synctest.Test(t, func(t *testing.T) {
			r, err := newCompass(t, axesOf(chip, false, [3]int16{100, 200, 300}), compass.Opts{Wide: true}).Read(t.Context())
			if !errors.Is(err, hal.ErrGarbled) || !strings.Contains(err.Error(), "lost its settings") {
				t.Errorf("%s: %+v, %v", chip, r, err)
			}
		})
	}
}

// late is a chip whose overflow bit comes up after the measurement was ready, or
// goes when its status is read.
type late struct {
	registers
	status byte // the register
	alone  byte // what it is when it is read alone
}

func (l late) Tx(addr uint16, w, b []byte) error {
	err := l.registers.Tx(addr, w, b)
	if len(b) == 1 && w[0] == l.status {
		b[0] = l.alone
	}
	return err
}

func TestOverflowBit(t *testing.T) {
	for chip, status := range map[compass.Chip]byte{compass.QMC5883L: 6, compass.QMC5883P: 9} {
		for _, c := range []struct{ alone, together byte }{{1, 3}, {3, 1}, {3, 0}} {
			synctest.Test(t, func(t *testing.T) {
				r := axesOf(chip, false, [3]int16{100, 200, 300})
				r[status] = c.together
				if got, err := newCompass(t, late{r, status, c.alone}, compass.Opts{}).Read(t.Context()); !errors.Is(err, compass.ErrOverflow) {
					t.Errorf("%s %+v: %+v, %v", chip, c, got, err)
				}
			})
		}
	}
}

func TestForeignChip(t *testing.T) {
	for _, chip := range chips {
		tried(t, device.CompassOpts{Chip: string(chip)}, func(t *testing.T, sim *device.Compass, _ *world.Dish) {
			fail(t, sim, "foreign")
			_, err := newCompass(t, sim, compass.Opts{}).Read(t.Context())
			if !errors.Is(err, hal.ErrGarbled) || !strings.Contains(err.Error(), "another chip") {
				t.Errorf("%s: %v", chip, err)
			}
		})
	}
	tried(t, device.CompassOpts{Chip: "qmc5883p"}, func(t *testing.T, sim *device.Compass, _ *world.Dish) {
		_, err := newCompass(t, sim, compass.Opts{Chip: compass.HMC5883L}).Read(t.Context())
		if !errors.Is(err, hal.ErrSilent) || !strings.Contains(err.Error(), "hmc5883l at 0x1e") {
			t.Errorf("not the chip of the configuration: %v", err)
		}
	})
}

func TestWarmer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		regs := map[byte]byte{0: 1, 0x0D: 0xFF, 6: 1, 9: 1, 0x0B: 1, 7: 0x10, 8: 0xFF}
		c := newCompass(t, registers(regs), compass.Opts{})
		if r, err := c.Read(t.Context()); err != nil || r.Value.Warmer != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		regs[7], regs[8] = 0x0A, 0x00 // from -2.40 to 0.10
		r, err := c.Read(t.Context())
		if err != nil || r.Value.Warmer != 2500*physic.MilliKelvin {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

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
