package world

import (
	"math"
	"time"

	"stationbox/hal"
)

// RelayTime is how long a load relay takes to follow its command.
const RelayTime = 8 * time.Millisecond

// holdUp is how long power supplies live on without mains, beyond the cycle
// that the rms needs to fall.
const holdUp = 20 * time.Millisecond

type load struct {
	Load
	commanded bool
	since     time.Duration // of the command
	relay     bool
	live      bool          // relay closed and voltage behind the contactor
	liveFor   time.Duration // or dead for
	powered   bool          // what hangs on it has power: live, or within holdUp
	amps      float64
	watts     float64
}

func (l *load) command(on bool, now time.Duration) {
	if l.commanded != on {
		l.commanded, l.since = on, now
	}
}

func (w *World) stepLoad(l *load, volts float64) {
	if l.relay != l.commanded && w.time()-l.since >= RelayTime {
		l.relay = l.commanded
		w.emit(map[bool]string{true: "relay_on", false: "relay_off"}[l.relay], l.Name)
	}
	live := l.relay && volts > 60
	if live != l.live {
		l.live, l.liveFor = live, 0
	}
	l.liveFor += w.dt
	l.powered = live || l.powered && l.liveFor < holdUp
	l.amps = w.draw(l) * inrush(l)
	if !live {
		l.amps = 0
	}
	l.watts = l.amps * volts * l.powerFactor()
}

// draw steps what hangs on l and returns its rms current at this voltage.
func (w *World) draw(l *load) float64 {
	switch l.Kind {
	case ProjectorLoad:
		w.stepProjector(l.powered)
		return w.proj.amps()
	case TVLoad:
		w.tv.step(l.powered, w.dt)
		return w.tv.amps()
	}
	return l.Amps
}

// inrush is what a power supply draws more when it has just been switched on:
// six times as much again, gone with 40 ms.
func inrush(l *load) float64 {
	if l.liveFor > 400*time.Millisecond {
		return 1
	}
	return 1 + 6*math.Exp(-l.liveFor.Seconds()/0.040)
}

func (l *load) powerFactor() float64 {
	if l.Kind == ProjectorLoad {
		return 0.98
	}
	return 0.92
}

// tv is the TV set.
type tv struct {
	TVOpts
	state hal.DisplayState
	up    time.Duration // with power
	warm  time.Duration
}

func newTV(o TVOpts) tv { return tv{TVOpts: o, state: hal.DisplayOff} }

func (t *tv) answers() bool { return t.state != hal.DisplayOff && t.up >= t.Boot }

func (t *tv) step(powered bool, dt time.Duration) {
	if !powered {
		t.state, t.up = hal.DisplayOff, 0
		return
	}
	t.up += dt
	switch t.state {
	case hal.DisplayOff:
		t.state = hal.DisplayStandby
	case hal.DisplayWarming:
		if t.warm += dt; t.warm >= t.WarmUp {
			t.state = hal.DisplayOn
		}
	}
}

func (t *tv) power(on bool) bool {
	if !t.answers() {
		return false
	}
	switch {
	case !on:
		t.state = hal.DisplayStandby
	case t.state == hal.DisplayStandby:
		t.state, t.warm = hal.DisplayWarming, 0
	}
	return true
}

func (t *tv) amps() float64 {
	switch t.state {
	case hal.DisplayStandby:
		return 0.003
	case hal.DisplayWarming:
		return 0.30
	case hal.DisplayOn:
		return 0.40
	}
	return 0
}
