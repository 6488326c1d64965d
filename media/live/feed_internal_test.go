package live

import (
	"context"
	"errors"
	"io"
	"sync"
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

// studio sends the programme of a mux without end.
type studio struct {
	mu   sync.Mutex
	m    *mux
	n    int
	rest []byte
}

func (s *studio) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) == 0 {
		s.rest, s.n = s.m.tick(s.n), s.n+1
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// on changes the programme.
func (s *studio) on(change func(m *mux)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.m)
}

// studioRate is 25 ticks a second of two packets, and two packets of tables.
const studioRate = (25*2 + 2) * packetSize * 8

// tunerFeed is a stream of the real driver.
type tunerFeed struct{ *tuner.Stream }

func (f tunerFeed) Read(ctx context.Context, b []byte) (int, error) {
	n, err := f.Stream.Read(ctx, b)
	if errors.Is(err, hal.ErrSilent) {
		return 0, nil
	}
	return n, err
}

// antenna is a dish in the simulation, the real driver of its receiver and a showing of
// what it receives.
type antenna struct {
	*scene
	dish   *world.Dish
	card   *device.DVBCard
	studio *studio
}

// received begins a showing of the programme from a dish, five seconds before its time.
func received(t *testing.T, programme uint16, f func(a *antenna)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := &antenna{studio: &studio{m: newMux()}}
		a.dish = world.NewDish(world.DishOpts{Birds: []world.Bird{{Orbit: 1155, Carriers: []world.Carrier{
			{KHz: 4_000_000, Horizontal: true, Rate: 27_500_000, ClearDB: 14, Stream: 1}}}}})
		a.card = device.NewDVBCard(a.dish, device.DVBCardOpts{LowMHz: 5150})
		a.card.Transmit(1, a.studio, studioRate)
		u := tuner.New(func(name string) (tuner.Kernel, error) {
			k, err := a.card.Open(name)
			if err != nil {
				return nil, err
			}
			return k, nil
		}, "/dev/dvb/adapter0", tuner.Opts{LNB: tuner.Single(5150 * physic.MegaHertz)})
		if err := u.Tune(t.Context(), tuner.Transponder{Frequency: 4 * physic.GigaHertz, SymbolRate: 27_500_000, Polarization: psi.Horizontal}); err != nil {
			t.Fatal(err)
		}
		a.scene = receive(t, FromFeed("dvb:test", func(ctx context.Context) (Feed, error) {
			s, err := u.Stream(ctx, tuner.Choice{Programme: programme})
			if err != nil {
				return nil, err
			}
			return tunerFeed{s}, nil
		}))
		f(a)
		a.end()
		if err := u.Close(); err != nil || a.card.Files() != 0 {
			t.Errorf("close: %v, %d files are open", err, a.card.Files())
		}
	})
}

// receive is stageIt with a source instead of a sender.
func receive(t *testing.T, source Source) *scene {
	sc := &scene{t: t, screen: &screen{}, begin: time.Now().Add(5 * time.Second)}
	sc.c = New(source, sc.screen, Opts{Fallback: "/film.mp4"})
	sc.c.outlet = &outlet{base: "http://127.0.0.1:1", over: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	s := newStage(sc.c, sc.begin)
	var all sync.WaitGroup
	all.Go(func() { s.run(ctx) })
	all.Go(func() { sc.c.receive(ctx) })
	sc.end = sync.OnceValue(func() Summary {
		cancel()
		all.Wait()
		return s.account()
	})
	t.Cleanup(func() { sc.end() })
	return sc
}

// away finds the event of the fallback and checks its time.
func (a *antenna) away(all []Event, why Reason) {
	a.t.Helper()
	for _, e := range all {
		if e.Kind == Fallback {
			if e.Reason != why || e.For > 3*time.Second {
				a.t.Errorf("fallback %q after %v, want %q within 3 s", e.Reason, e.For, why)
			}
			return
		}
	}
	a.t.Errorf("no fallback in %+v", all)
}

// The whole way of a satellite lesson, from the ioctls to the judge: the lock is lost,
// another film is there within three seconds, and the live picture comes back.
func TestADishThatLosesItsLock(t *testing.T) {
	received(t, 7, func(a *antenna) {
		time.Sleep(70 * time.Second)
		a.saw(Joined, Live)
		a.dish.Rain(20)
		time.Sleep(5 * time.Second)
		a.away(a.saw(Frozen, Fallback), ReasonSilent)
		time.Sleep(90 * time.Second)
		a.saw(Lost)
		a.dish.Rain(0)
		time.Sleep(16 * time.Second)
		a.saw(Joined, Stable, Back)
		time.Sleep(time.Minute)
		if sum := a.end(); sum.Live < 2*time.Minute || sum.Fallback < 90*time.Second || sum.Frozen > 3*time.Second || sum.Outcome != Partly {
			t.Errorf("%+v", sum)
		}
	})
}

// A shower that comes and goes does not make the picture do the same.
func TestADishThatFlaps(t *testing.T) {
	received(t, 7, func(a *antenna) {
		time.Sleep(70 * time.Second)
		a.saw(Joined, Live)
		for range 15 {
			a.dish.Rain(20)
			time.Sleep(4 * time.Second)
			a.dish.Rain(0)
			time.Sleep(3 * time.Second)
		}
		if n := a.end(); n.Switches > 1 || n.Fallback < 90*time.Second {
			t.Errorf("switched %d times: %+v", n.Switches, n)
		}
	})
}

// At the brink of the lock so many packets are lost that it is no picture.
func TestADishAtTheBrink(t *testing.T) {
	received(t, 7, func(a *antenna) {
		time.Sleep(70 * time.Second)
		a.saw(Joined, Live)
		a.dish.Rain(14 - 5.85)
		time.Sleep(20 * time.Second)
		all := a.events()
		a.away(all, ReasonDamaged)
		if sum := a.end(); sum.Lost == 0 {
			t.Errorf("%+v", sum)
		}
	})
}

func TestADishWithAnotherProgramme(t *testing.T) {
	received(t, 8, func(a *antenna) {
		time.Sleep(30 * time.Second)
		a.saw(Fallback)
		if err := a.c.State().Problem; !errors.Is(err, tuner.ErrNoProgramme) {
			t.Errorf("problem %v", err)
		}
		a.studio.on(func(m *mux) { m.number = 8 })
		time.Sleep(20 * time.Second)
		a.saw(Joined, Stable, Live)
	})
}

func TestADishWithAScrambledProgramme(t *testing.T) {
	received(t, 7, func(a *antenna) {
		time.Sleep(70 * time.Second)
		a.saw(Joined, Live)
		if err := a.card.Fault("scrambled"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		a.away(a.saw(Frozen, Fallback), ReasonScrambled)
		if err := a.card.Fault("none"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Second)
		a.events()
		if a.c.State().Showing != ShowsLive {
			t.Errorf("shows %v", a.c.State().Showing)
		}
	})
}

// A receiver that is unplugged and plugged in again.
func TestAReceiverThatIsUnplugged(t *testing.T) {
	received(t, 7, func(a *antenna) {
		time.Sleep(70 * time.Second)
		a.saw(Joined, Live)
		if err := a.card.Fault("unplugged"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		a.away(a.saw(Frozen, Fallback, Lost), ReasonSilent)
		if err := a.card.Fault("none"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		a.saw(Joined, Stable, Back)
	})
}

func TestTunerAddresses(t *testing.T) {
	if _, err := Open("dvb:CETV", SourceOpts{}); !errors.Is(err, ErrAddress) {
		t.Errorf("without a receiver: %v", err)
	}
	unknown := errors.New("unknown")
	asked := ""
	_, err := Open("dvb:教育电视", SourceOpts{Tuner: func(name string) (Source, error) {
		asked = name
		return nil, unknown
	}})
	if !errors.Is(err, ErrAddress) || !errors.Is(err, unknown) || asked != "教育电视" {
		t.Errorf("%q: %v", asked, err)
	}
	want := FromFeed("x", nil)
	if got, err := Open("dvb:", SourceOpts{Tuner: func(string) (Source, error) { return want, nil }}); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
}

// brokenFeed fails.
type brokenFeed struct{ closed error }

func (brokenFeed) Read(context.Context, []byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (f brokenFeed) Close() error                            { return f.closed }

func TestAFeedThatFailsIsOpenedAgainSoon(t *testing.T) {
	n := 0
	source := FromFeed("dvb:x", func(context.Context) (Feed, error) {
		n++
		return brokenFeed{}, nil
	})
	if err := source.Receive(t.Context(), nil); !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != "live source dvb:x: unexpected EOF" {
		t.Errorf("%v", err)
	}
	n = 0
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		New(source, nil, Opts{}).receive(ctx)
	})
	if n < 1700 || n > 1810 {
		t.Errorf("%d attempts in an hour", n)
	}
}
