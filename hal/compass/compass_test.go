package compass_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

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
