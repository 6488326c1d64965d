package tuner_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
	"stationbox/hal/tuner"
	"stationbox/hal/tuner/psi"
)

const beijing = "教育电视"

// sky has two satellites, of which the second is ten degrees away and sends on the
// same frequencies.
func sky() world.DishOpts {
	carriers := func(stream uint16, name string) []world.Carrier {
		return []world.Carrier{
			{KHz: 4_000_000, Horizontal: true, Rate: 27_500_000, ClearDB: 14, Stream: stream, Services: []string{name, "CETV-2"}},
			{KHz: 12_500_000, Rate: 43_200_000, S2: true, ClearDB: 15, Stream: stream + 1, Services: []string{name}},
			{KHz: 11_100_000, Rate: 30_000_000, ClearDB: 13, Stream: stream + 2},
		}
	}
	return world.DishOpts{
		Pose: world.Pose{Azimuth: 180, Elevation: 43},
		Birds: []world.Bird{
			{Azimuth: 180, Elevation: 43, Orbit: 1155, Network: "中星6B", Carriers: carriers(0x100, beijing)},
			{Azimuth: 190, Elevation: 42, Orbit: 1105, Network: "another", Carriers: carriers(0x200, "wrong")},
		},
	}
}

var (
	cBand = tuner.Transponder{Frequency: 4 * physic.GigaHertz, Polarization: psi.Horizontal, SymbolRate: 27_500_000}
	upper = tuner.Transponder{Frequency: 12_500 * physic.MegaHertz, Polarization: psi.Vertical, SymbolRate: 43_200_000, System: tuner.DVBS2, Modulation: tuner.PSK8}
	lower = tuner.Transponder{Frequency: 11_100 * physic.MegaHertz, Polarization: psi.Vertical, SymbolRate: 30_000_000}
)

// tried runs f in a bubble with a receiver behind an LNB for C band.
func tried(t *testing.T, o device.DVBCardOpts, to tuner.Opts, f func(t *testing.T, u *tuner.Tuner, c *device.DVBCard, d *world.Dish)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if o.LowMHz == 0 {
			o.LowMHz, to.LNB = 5150, tuner.Single(5150*physic.MegaHertz)
		}
		d := world.NewDish(sky())
		c := device.NewDVBCard(d, o)
		u := tuner.New(opener(c), "/dev/dvb/adapter0", to)
		f(t, u, c, d)
		if err := u.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		synctest.Wait()
		if n := c.Files(); n != 0 {
			t.Errorf("%d files are open after all", n)
		}
		if volts, _, _ := c.Cable(); volts != 0 && !to.Unpowered && c.FaultName() != "unplugged" {
			t.Errorf("%d V after all", volts)
		}
	})
}

func opener(c *device.DVBCard) func(string) (tuner.Kernel, error) {
	return func(name string) (tuner.Kernel, error) {
		f, err := c.Open(name)
		if err != nil {
			return nil, err
		}
		return f, nil
	}
}

func fail(t *testing.T, c *device.DVBCard, kind string) {
	t.Helper()
	if err := c.Fault(kind); err != nil {
		t.Fatal(err)
	}
}

func TestTuneAndStatus(t *testing.T) {
	for _, c := range []struct {
		name  string
		card  device.DVBCardOpts
		opts  tuner.Opts
		tp    tuner.Transponder
		volts int
		tone  bool
		level tuner.Decibel
		heard []string
	}{
		{"C band", device.DVBCardOpts{}, tuner.Opts{}, cBand, 18, false, -54, nil},
		{"universal, upper band", device.DVBCardOpts{LowMHz: 9750, HighMHz: 10600}, tuner.Opts{}, upper, 13, true, -53, nil},
		{"universal, lower band", device.DVBCardOpts{LowMHz: 9750, HighMHz: 10600}, tuner.Opts{}, lower, 13, false, -55, nil},
		{"10750", device.DVBCardOpts{LowMHz: 10750}, tuner.Opts{LNB: tuner.Single(10750 * physic.MegaHertz)}, upper, 13, false, -53, nil},
		{"11300", device.DVBCardOpts{LowMHz: 11300}, tuner.Opts{LNB: tuner.Single(11300 * physic.MegaHertz)}, upper, 13, false, -53, nil},
		{"port 3 of a switch", device.DVBCardOpts{Port: 3, LowMHz: 9750, HighMHz: 10600}, tuner.Opts{Switch: tuner.Switch{Committed: 3}}, upper, 13, true, -53, []string{"E0 10 38 F9"}},
		{"horizontal at port 1", device.DVBCardOpts{Port: 1}, tuner.Opts{Switch: tuner.Switch{Committed: 1}}, cBand, 18, false, -54, []string{"E0 10 38 F2"}},
		{"two switches", device.DVBCardOpts{Port: 2}, tuner.Opts{Switch: tuner.Switch{Committed: 2, Uncommitted: 16, Burst: tuner.BurstB}}, cBand, 18, false, -54,
			[]string{"E0 10 39 FF", "E0 10 38 F6", "E1 10 39 FF", "E1 10 38 F6", "burst B"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tried(t, c.card, c.opts, func(t *testing.T, u *tuner.Tuner, card *device.DVBCard, _ *world.Dish) {
				if err := u.Tune(t.Context(), c.tp); err != nil {
					t.Fatal(err)
				}
				volts, tone, heard := card.Cable()
				if volts != c.volts || tone != c.tone || !reflect.DeepEqual(heard, c.heard) {
					t.Errorf("cable %d V, tone %v, %q", volts, tone, heard)
				}
				r, err := u.Status(t.Context())
				if err != nil || !r.Value.Lock.Locked() || !r.At.Equal(time.Now()) {
					t.Fatalf("%+v, %v", r, err)
				}
				level, ok := r.Value.Level.DB()
				cnr, ok2 := r.Value.CNR.DB()
				if !ok || !ok2 || level < c.level-0.3 || level > c.level+0.3 || cnr < c.level+68-0.3 || cnr > c.level+68.3 {
					t.Errorf("%+v", r.Value)
				}
				if b := r.Value.Bits; !b.Known || b.Errors != 0 || b.Total != 1<<20 {
					t.Errorf("bits %+v", b)
				}
			})
		})
	}
}

func TestTables(t *testing.T) {
	now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.FixedZone("", 8*3600))
	tried(t, device.DVBCardOpts{Now: func() time.Time { return now }}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, _ *device.DVBCard, d *world.Dish) {
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		pat, err := u.Programs(t.Context())
		if err != nil || pat.Stream != 0x100 || len(pat.Programs) != 2 || pat.NIT != psi.PIDNIT {
			t.Errorf("%+v, %v", pat, err)
		}
		sdt, err := u.Services(t.Context())
		if err != nil || len(sdt.Services) != 2 || sdt.Services[0].Name != beijing {
			t.Errorf("%+v, %v", sdt, err)
		}
		r, err := u.Time(t.Context())
		if err != nil || !r.Value.UTC.Equal(now) || !r.At.Equal(time.Now()) {
			t.Errorf("%+v, %v", r, err)
		}
		at := func() (psi.Orbit, string) {
			nit, err := u.Network(t.Context())
			o, ok := nit.Position(pat.Stream)
			if err != nil || !ok {
				t.Fatalf("%+v, %v", nit, err)
			}
			return o, nit.Name
		}
		if o, name := at(); o != 1155 || name != "中星6B" {
			t.Errorf("%v %q", o, name)
		}
		d.Turn(world.Pose{Azimuth: 190, Elevation: 42}) // the neighbour locks just as well
		if o, _ := at(); o != 1105 {
			t.Errorf("on the neighbour: %v", o)
		}
	})
}

func TestNetworkDetails(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, _ *device.DVBCard, _ *world.Dish) {
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		nit, err := u.Network(t.Context())
		if err != nil || len(nit.Streams) != 3 || nit.Nonsense != 0 {
			t.Fatalf("%+v, %v", nit, err)
		}
		want := psi.Satellite{Frequency: upper.Frequency, Orbit: 1155, Polarization: psi.Vertical, SymbolRate: 43_200_000, S2: true}
		if got := *nit.Streams[1].Satellite; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

// A dish that is turned away: the level is a random number and the receiver has no
// lock. Neither comes out as decibels.
func TestTurnedAway(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, _ *device.DVBCard, d *world.Dish) {
		d.Turn(world.Pose{Azimuth: 150, Elevation: 43})
		began := time.Now()
		err := u.Tune(t.Context(), cBand)
		if !errors.Is(err, hal.ErrSilent) || !strings.Contains(err.Error(), "no lock, no signal") {
			t.Errorf("%v", err)
		}
		if d := time.Since(began); d < 5*time.Second || d > 6*time.Second {
			t.Errorf("took %v", d)
		}
		r, err := u.Status(t.Context())
		if err != nil || r.Value.Level.Scale != tuner.Implausible || r.Value.CNR.Scale != tuner.Missing || r.Value.Lock != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		d.Turn(world.Pose{Azimuth: 180, Elevation: 43}) // goes on trying
		if r, err := u.Status(t.Context()); err != nil || !r.Value.Lock.Locked() {
			t.Errorf("%+v, %v", r, err)
		}
		d.Rain(10) // a carrier, and no lock
		if r, err := u.Status(t.Context()); err != nil || r.Value.Lock.String() != "signal, carrier" || r.Value.CNR.Scale != tuner.InDecibels {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// Seen in a driver: for a moment after tuning the receiver still tells the lock
// of the transponder before.
func TestStaleLock(t *testing.T) {
	tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, _ *device.DVBCard, _ *world.Dish) {
		if err := u.Tune(t.Context(), cBand); err != nil {
			t.Fatal(err)
		}
		nobody := cBand
		nobody.Frequency -= 100 * physic.MegaHertz
		if err := u.Tune(t.Context(), nobody); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("a lock on nothing: %v", err)
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		card device.DVBCardOpts
		opts tuner.Opts
		tp   tuner.Transponder
		text string
	}{
		{"another LNB", device.DVBCardOpts{LowMHz: 9750}, tuner.Opts{}, cBand, "is it this LNB"},
		{"terrestrial", device.DVBCardOpts{Terrestrial: true}, tuner.Opts{}, cBand, "no receiver for DVB-S"},
		{"no symbol rate", device.DVBCardOpts{}, tuner.Opts{}, tuner.Transponder{Frequency: 4 * physic.GigaHertz}, "symbol rate 0"},
		{"port 5", device.DVBCardOpts{}, tuner.Opts{Switch: tuner.Switch{Committed: 5}}, cBand, "switch ports 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tried(t, c.card, c.opts, func(t *testing.T, u *tuner.Tuner, _ *device.DVBCard, _ *world.Dish) {
				if err := u.Tune(t.Context(), c.tp); !errors.Is(err, hal.ErrRefused) || !strings.Contains(err.Error(), c.text) {
					t.Errorf("%v, want %q", err, c.text)
				}
			})
		})
	}
}

func TestDriverHabits(t *testing.T) {
	for _, c := range []struct {
		kind  string
		level tuner.Scale
	}{
		{"no_stats", tuner.Missing},
		{"relative", tuner.Relative},
	} {
		tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, card *device.DVBCard, _ *world.Dish) {
			fail(t, card, c.kind)
			if err := u.Tune(t.Context(), cBand); err != nil {
				t.Fatal(err)
			}
			if r, err := u.Status(t.Context()); err != nil || r.Value.Level.Scale != c.level || r.Value.CNR.Scale != c.level {
				t.Errorf("%s: %+v, %v", c.kind, r, err)
			}
		})
	}
}

func TestSectionTroubles(t *testing.T) {
	for _, c := range []struct {
		kind string
		want error
	}{
		{"none", nil}, {"overflow", nil}, {"loose", nil}, {"damaged", hal.ErrGarbled}, {"mute", hal.ErrSilent}, {"unplugged", hal.ErrGone},
	} {
		t.Run(c.kind, func(t *testing.T) {
			tried(t, device.DVBCardOpts{}, tuner.Opts{}, func(t *testing.T, u *tuner.Tuner, card *device.DVBCard, _ *world.Dish) {
				if err := u.Tune(t.Context(), cBand); err != nil {
					t.Fatal(err)
				}
				fail(t, card, c.kind)
				began := time.Now()
				if _, err := u.Services(t.Context()); !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if d := time.Since(began); d > 36*time.Second {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}
