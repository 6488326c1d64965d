package faults

import (
	"sync"
	"time"

	"stationbox/hal/sim/world"
)

// surge is an over-voltage with the time that the default curve gives it.
type surge struct {
	volts float64
	after time.Duration
}

func (a *act) surge() surge {
	switch a.rng.IntN(4) {
	case 0:
		return surge{float64(a.number(280, 294)), 500 * time.Millisecond}
	case 1:
		return surge{float64(a.number(306, 332)), 200 * time.Millisecond}
	}
	return surge{float64(a.number(350, 420)), instant}
}

// over raises the mains for as long as it must take to open, and claims that.
// extra is for what the guard could not see meanwhile.
func (a *act) over(s surge, extra time.Duration) {
	from := a.clock()
	d := s.after + extra + limit + 50*time.Millisecond
	a.v.world.Swing(s.volts, d)
	a.trips++
	a.wait(d)
	a.open(from, s.after+extra+limit, from+d)
}

// mains breaks the mains itself: what must open does, what must be ridden
// through is.
func mains(a *act) {
	switch a.rng.IntN(6) {
	case 0, 1:
		s := a.surge()
		a.note("%.0f V", s.volts)
		a.over(s, 0)
	case 2:
		a.note("outage")
		from := a.clock()
		a.v.world.Outage(450 * time.Millisecond)
		a.wait(450 * time.Millisecond)
		a.open(from, outage+limit, a.clock())
	case 3:
		a.under()
	default:
		a.rideThrough()
	}
	a.v.stained = a.v.stained || a.trips > 0
}

// under lowers the mains beyond the curve. A lamp that is on keeps its mains as
// long as possible, so then either is right.
func (a *act) under() {
	volts := float64(a.number(80, 145))
	a.note("%.0f V", volts)
	hot := a.lampOn()
	from := a.clock()
	a.v.world.Swing(volts, 900*time.Millisecond)
	a.trips++
	a.wait(900 * time.Millisecond)
	if !hot {
		a.open(from, 500*time.Millisecond+limit, a.clock())
	}
}

// rideThrough does to the mains what must not open anything.
func (a *act) rideThrough() {
	w, from := a.v.world, a.clock()
	d := a.between(20, 350)
	switch a.rng.IntN(7) {
	case 0:
		v := float64(a.number(60, 170))
		a.note("%.0f V for %v", v, d)
		w.Swing(v, d)
	case 1:
		d = min(d, 70*time.Millisecond)
		a.note("dead for %v", d)
		w.Outage(d)
	case 2:
		v := float64(a.number(252, 262))
		a.note("%.0f V for %v", v, 3*d)
		w.Swing(v, 3*d)
		d *= 3
	case 3:
		v := float64(a.number(280, 325))
		d = min(d, 100*time.Millisecond)
		a.note("%.0f V for %v", v, d)
		w.Swing(v, d)
	case 4:
		a.note("impulse")
		w.Disturb(world.Disturbance{Kind: world.Impulse, Size: 0.5})
	case 5:
		a.note("notches")
		w.Disturb(world.Disturbance{Kind: world.Notches, Size: 0.3, For: d})
	default:
		hz := float64(a.number(46, 54))
		a.note("%.0f Hz", hz)
		w.SetHz(hz)
	}
	a.wait(d)
	a.stay(from)
}

// mixed raises the mains while something harmless is broken that must not make
// the guard blind to it.
func mixed(a *act) {
	s := a.surge()
	a.note("%.0f V with", s.volts)
	beside := []func(*act){meter, socket, aux, clockJumps, lostFew, garbledFew, stopShort, fillFor}[a.rng.IntN(8)]
	// What is broken beside has a sequence of its own, so that both can be drawn
	// at the same time and still be repeated.
	other := &act{ctx: a.ctx, v: a.v, rng: newRand(a.rng.Uint64())}
	offset := a.between(0, 150)
	var both sync.WaitGroup
	both.Go(func() { beside(other) })
	a.wait(offset)
	a.over(s, 100*time.Millisecond)
	both.Wait()
	a.words, a.wrong = append(a.words, other.words...), append(a.wrong, other.wrong...)
	a.try(other.err)
	a.v.stained = true
}

// The harmless ones that only mixed has.
func lostFew(a *act) {
	n := a.number(1, 16)
	a.note("%d frames lost", n)
	a.v.tap.once(n, 0, 0, nil)
}

func garbledFew(a *act) {
	n := a.number(1, 16)
	a.note("%d frames garbled", n)
	a.v.tap.once(0, n, 0, nil)
}

func stopShort(a *act) {
	d := a.between(10, 60)
	a.note("stopped for %v", d)
	a.try(a.v.guard.signal(stopSignal))
	a.wait(d)
	a.try(a.v.guard.signal(goOnSignal))
}

func fillFor(a *act) {
	a.fill()
	a.wait(a.between(50, 800))
}
