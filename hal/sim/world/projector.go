package world

import (
	"fmt"
	"math"
	"time"

	"stationbox/hal"
)

// The lamp of the projector: a high-pressure mercury lamp in a quartz bulb.
const (
	HotC   = 200 // above this a cut or a strike damages the lamp
	burnC  = 850 // of the burning lamp
	coolC  = 60  // below this the fan stops
	noFanX = 6   // how much slower a lamp cools without its fan
)

type projector struct {
	ProjectorOpts
	state      hal.DisplayState
	up         time.Duration // with power
	warm       time.Duration
	lampC      float64
	fan        bool
	strikes    int
	hotCuts    int
	cutsOutage int
	hotStrikes int
}

func newProjector(o ProjectorOpts, room float64) projector {
	return projector{ProjectorOpts: o, state: hal.DisplayOff, lampC: room}
}

func (p *projector) lamp() bool {
	return p.state == hal.DisplayWarming || p.state == hal.DisplayOn
}

func (p *projector) answers() bool { return p.state != hal.DisplayOff && p.up >= p.Boot }

// stepProjector moves the projector by one step.
func (w *World) stepProjector(powered bool) {
	p := &w.proj
	switch {
	case !powered && p.state != hal.DisplayOff:
		w.projectorCut()
	case powered && p.state == hal.DisplayOff:
		p.state, p.up = hal.DisplayStandby, 0
	case powered:
		w.projectorRuns()
	}
	p.fan = powered && (p.state != hal.DisplayStandby || p.lampC > coolC)
	p.heat(w.room, w.dt)
}

// projectorCut is the moment in which the projector loses its mains: the fan
// stops, however hot the lamp is.
func (w *World) projectorCut() {
	p := &w.proj
	if p.lamp() {
		w.emit("lamp_off", p.temperature())
	}
	p.state, p.up = hal.DisplayOff, 0
	if p.lampC <= HotC {
		return
	}
	p.hotCuts++
	if !w.line.on(w.time()) || w.lineRMS() < 22 {
		p.cutsOutage++
	}
	w.emit("hot_cut", p.temperature())
}

func (w *World) projectorRuns() {
	p := &w.proj
	awake := p.answers()
	p.up += w.dt
	switch p.state {
	case hal.DisplayStandby:
		if p.AutoOn && !awake && p.answers() {
			w.strike()
		}
	case hal.DisplayWarming:
		if p.warm += w.dt; p.warm >= p.WarmUp {
			p.state = hal.DisplayOn
		}
	case hal.DisplayCooling:
		if p.lampC <= coolC {
			p.state = hal.DisplayStandby
		}
	}
	if p.lamp() {
		p.LampHours += w.dt.Hours()
	}
}

func (w *World) projectorPower(on bool) bool {
	p := &w.proj
	if !p.answers() {
		return false
	}
	switch {
	case on && p.state == hal.DisplayStandby:
		w.strike()
	case on && p.state == hal.DisplayCooling, !on && p.state == hal.DisplayWarming:
		return false
	case !on && p.state == hal.DisplayOn:
		p.state = hal.DisplayCooling
		w.emit("lamp_off", p.temperature())
	}
	return true
}

// strike lights the lamp. After a cut the electronics have forgotten that the
// lamp is hot and strike it all the same: nobody but the station prevents it.
func (w *World) strike() {
	p := &w.proj
	p.strikes++
	if p.lampC > HotC {
		p.hotStrikes++
		w.emit("hot_strike", p.temperature())
	}
	p.state, p.warm = hal.DisplayWarming, 0
	w.emit("lamp_on", p.temperature())
}

func (p *projector) temperature() string { return fmt.Sprintf("%.0f °C", p.lampC) }

// heat follows Newton's law: towards burnC with a third of WarmUp, down to
// coolC within CoolDown with the fan, noFanX slower without.
func (p *projector) heat(room float64, dt time.Duration) {
	goal, tau := room, p.CoolDown.Seconds()/math.Log((burnC-room)/(coolC-room))
	switch {
	case p.lamp():
		goal, tau = burnC, p.WarmUp.Seconds()/3
	case !p.fan:
		tau *= noFanX
	}
	p.lampC += (goal - p.lampC) * (1 - math.Exp(-dt.Seconds()/tau))
}

func (p *projector) amps() float64 {
	switch p.state {
	case hal.DisplayWarming:
		return 0.8 + 0.35*min(1, float64(p.warm)/float64(p.WarmUp))
	case hal.DisplayOn:
		return 1.15
	case hal.DisplayCooling:
		return 0.12
	case hal.DisplayStandby:
		if p.fan {
			return 0.12
		}
		return 0.02
	}
	return 0
}
