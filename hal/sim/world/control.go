package world

import (
	"math"
	"time"
)

// SetVolts switches the mains on at v volts rms and ends every swing, ramp and
// outage.
func (w *World) SetVolts(v float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.volts = max(0, v)
	w.line.off = false
	w.line.ramp, w.line.swing, w.line.outage = span{}, span{}, span{}
}

// SetOn switches the mains on, as it was, or off until further notice.
func (w *World) SetOn(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.off = !on
	w.line.outage = span{}
}

// Swing gives the mains v volts rms for d, then what it had before. A d of
// zero or less is SetVolts.
func (w *World) Swing(v float64, d time.Duration) {
	if d <= 0 {
		w.SetVolts(v)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.swingVolts = max(0, v)
	w.line.swing = span{w.time(), w.time() + d}
}

// Outage takes the mains away for d; zero or less is until SetOn or SetVolts.
func (w *World) Outage(d time.Duration) {
	if d <= 0 {
		w.SetOn(false)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.outage = span{w.time(), w.time() + d}
}

// Ramp leads the mains from one voltage to another within d and leaves it there.
func (w *World) Ramp(from, to float64, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.rampFrom, w.line.rampTo = max(0, from), max(0, to)
	w.line.volts = w.line.rampTo
	w.line.ramp = span{w.time(), w.time() + max(0, d)}
	w.line.swing = span{}
}

// SetHz sets the frequency, limited to 1..400 Hz.
func (w *World) SetHz(hz float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.hz = min(max(hz, 1), 400)
}

// SetTHD sets the harmonic distortion as a fraction, limited to 0..1.
func (w *World) SetTHD(fraction float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.thd = min(max(fraction, 0), 1)
}

// SetArrester opens or closes the remote contact of the surge arrester; open
// is bad.
func (w *World) SetArrester(open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.arresterBad = open
}

// Strike lets the surge arrester work once, with an impulse on the wave.
func (w *World) Strike() {
	w.mu.Lock()
	w.line.strikes++
	w.mu.Unlock()
	w.Disturb(Disturbance{Kind: Impulse, Size: 1})
}

// SetRoom sets the temperature of the room in degrees Celsius.
func (w *World) SetRoom(celsius float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.room = celsius
}

// maxDisturbances bounds how many disturbances work at once.
const maxDisturbances = 16

// Disturb begins a disturbance now. Missing times and frequencies take usual
// values: 1 s of flicker at 8 Hz, notches or offset; ringing at 900 Hz with
// 2 ms. Beyond 16 at once it is dropped.
func (w *World) Disturb(d Disturbance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.Kind == PhaseJump {
		w.line.phase = math.Mod(w.line.phase+2*math.Pi*(1+d.Size/360), 2*math.Pi)
		return
	}
	if len(w.line.active) >= maxDisturbances {
		return
	}
	a := disturbance{Disturbance: d, armed: d.Kind == Impulse}
	switch d.Kind {
	case Impulse:
		a.For = 10 * time.Millisecond
	case Ringing:
		a.Hz = orDefault(a.Hz, 900)
		a.Tau = orDefault(a.Tau, 2*time.Millisecond)
		a.For = 8 * a.Tau
	default:
		a.Hz = orDefault(a.Hz, 8)
		a.For = orDefault(a.For, time.Second)
	}
	a.span = span{w.time(), w.time() + a.For}
	w.line.active = append(w.line.active, a)
}

// DriveEdge tells the contactor's drive of one edge at world time at.
func (w *World) DriveEdge(at time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.con.edge(at)
}

// SetContactorFault breaks or mends the contactor.
func (w *World) SetContactorFault(f ContactorFault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.con.fault = f
}

// SetRelay commands the relay of load i; its contact follows after RelayTime.
// An i without load does nothing.
func (w *World) SetRelay(i int, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i >= 0 && i < len(w.loads) {
		w.loads[i].command(on, w.time())
	}
}

// ProjectorPower presses the projector's power command and reports whether it
// was accepted: not while it is without mains or still waking, not to strike
// while cooling, not to stop while warming.
func (w *World) ProjectorPower(on bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.projectorPower(on)
}

// TVPower presses the TV's power command and reports whether it was accepted.
func (w *World) TVPower(on bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tv.power(on)
}
