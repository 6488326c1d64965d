package tuner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
	"stationbox/hal/tuner/psi"
)

// LNB is how the box in the dish shifts what it hears, by one oscillator or two.
type LNB struct {
	Low    physic.Frequency // oscillator
	High   physic.Frequency // of the upper band; 0: there is one band only
	Border physic.Frequency // where the upper band begins
}

// Universal is the common Ku LNB: 9750 and 10600 MHz, from 11700 MHz the upper one.
func Universal() LNB {
	return LNB{Low: 9750 * physic.MegaHertz, High: 10600 * physic.MegaHertz, Border: 11700 * physic.MegaHertz}
}

// Single is an LNB with one oscillator. China has 11300 MHz and 10750 MHz in Ku
// and 5150 MHz in C band, where it is above what is received, so that the
// spectrum comes out mirrored.
func Single(oscillator physic.Frequency) LNB { return LNB{Low: oscillator} }

// The frequencies that go down the cable.
const (
	lowestIF  = 950 * physic.MegaHertz
	highestIF = 2150 * physic.MegaHertz
)

// Shift returns the frequency on the cable of what is at f in the sky, and
// whether it is in the upper band. An f that does not come out between 950 and
// 2150 MHz is an error.
func (l LNB) Shift(f physic.Frequency) (cable physic.Frequency, upper bool, err error) {
	oscillator := l.Low
	if l.High != 0 && f >= l.Border {
		oscillator, upper = l.High, true
	}
	cable = max(f-oscillator, oscillator-f)
	if cable < lowestIF || cable > highestIF {
		return 0, false, fmt.Errorf("%v through an oscillator of %v is %v on the cable, not 950 to 2150 MHz: is it this LNB? %w",
			f, oscillator, cable, hal.ErrRefused)
	}
	return cable, upper, nil
}

// Switch is what selects one of several LNBs. The zero value is none.
type Switch struct {
	Committed   int   // DiSEqC 1.0 port, 1 to 4
	Uncommitted int   // DiSEqC 1.1 port, 1 to 16, of a switch nearer to the receiver
	Burst       Burst // of a simple switch of two
}

// Burst is a piece of tone that a simple switch understands.
type Burst byte

// The bursts.
const (
	NoBurst Burst = iota
	BurstA
	BurstB
)

// System is the way of sending.
type System byte

// The systems of satellites.
const (
	DVBS System = iota
	DVBS2
)

// String returns the name of s.
func (s System) String() string {
	if s == DVBS2 {
		return "DVB-S2"
	}
	return "DVB-S"
}

// Modulation is how a carrier is keyed; receivers of DVB-S2 find it out by
// themselves, but some want to be told.
type Modulation byte

// The modulations.
const (
	QPSK Modulation = iota
	PSK8
	APSK16
	APSK32
)

// Transponder is one carrier. The code rate is found by the receiver.
type Transponder struct {
	Frequency    physic.Frequency // from the satellite
	Polarization psi.Polarization
	SymbolRate   int // symbols a second, 1e5 to 1e8
	System       System
	Modulation   Modulation // of DVB-S2
	// Stream is the input stream of a DVB-S2 carrier with several, plus one; 0: the
	// only one.
	Stream int
}

// plan is what has to be said to tune.
type plan struct {
	voltage, tone uintptr
	frames        [][]byte
	burst         Burst
	props         []property
	system        byte
}

// prepare works out how to receive tp.
func prepare(o Opts, tp Transponder) (plan, error) {
	cable, upper, err := o.LNB.Shift(tp.Frequency)
	if err != nil {
		return plan{}, err
	}
	if tp.SymbolRate < 1e5 || tp.SymbolRate > 1e8 || tp.Stream < 0 || tp.Stream > 256 {
		return plan{}, fmt.Errorf("symbol rate %d, stream %d: not 100000 to 100000000, 0 to 256: %w", tp.SymbolRate, tp.Stream, hal.ErrRefused)
	}
	if s := o.Switch; s.Committed < 0 || s.Committed > 4 || s.Uncommitted < 0 || s.Uncommitted > 16 {
		return plan{}, fmt.Errorf("switch ports %d and %d: not 0 to 4 and 0 to 16: %w", s.Committed, s.Uncommitted, hal.ErrRefused)
	}
	p := plan{voltage: voltage13, tone: toneOff, burst: o.Switch.Burst}
	horizontal := tp.Polarization == psi.Horizontal || tp.Polarization == psi.Left
	if horizontal {
		p.voltage = voltage18
	}
	if upper {
		p.tone = toneOn
	}
	p.frames = o.Switch.frames(horizontal, upper)
	p.carrier(cable, tp)
	return p, nil
}

// carrier fills in what the receiver itself has to know.
func (p *plan) carrier(cable physic.Frequency, tp Transponder) {
	modulation, rolloff, stream := uint32(0), uint32(rolloff35), noStream
	p.system = sysDVBS
	if tp.System == DVBS2 {
		p.system, rolloff = sysDVBS2, rolloffAuto
		modulation = [...]uint32{QPSK: 0, PSK8: 9, APSK16: 10, APSK32: 11}[tp.Modulation&3]
		if tp.Stream > 0 {
			stream = uint32(tp.Stream - 1)
		}
	}
	p.props = []property{
		{cmd: propClear},
		{propSystem, uint32(p.system)},
		{propFrequency, uint32(cable / physic.KiloHertz)},
		{propRate, uint32(tp.SymbolRate)},
		{propModulation, modulation},
		{propInversion, inversionAuto},
		{propFEC, fecAuto},
		{propPilot, pilotAuto},
		{propRolloff, rolloff},
		{propStream, stream},
		{cmd: propTune},
	}
}

// The parts of a DiSEqC frame.
const (
	master      = 0xE0
	masterAgain = 0xE1
	anySwitch   = 0x10
	committed   = 0x38
	uncommitted = 0x39
)

// frames returns what the switches must hear. The far one of two has no power
// before the near one is set, so everything is said twice.
func (s Switch) frames(horizontal, upper bool) (all [][]byte) {
	lines := byte(0xF0)
	if horizontal {
		lines |= 2
	}
	if upper {
		lines |= 1
	}
	if s.Uncommitted > 0 {
		all = append(all, []byte{master, anySwitch, uncommitted, 0xF0 | byte(s.Uncommitted-1)})
	}
	if s.Committed > 0 {
		all = append(all, []byte{master, anySwitch, committed, lines | byte(s.Committed-1)<<2})
	}
	if len(all) == 2 {
		all = append(all,
			[]byte{masterAgain, anySwitch, uncommitted, all[0][3]},
			[]byte{masterAgain, anySwitch, committed, all[1][3]})
	}
	return all
}

// The pauses on the cable: the specification wants 15 ms between changes; a switch
// that was without voltage, or behind one that has just switched, needs longer.
const (
	settle    = 15 * time.Millisecond
	betweenDS = 100 * time.Millisecond
	powerUp   = 300 * time.Millisecond
)

// Tune feeds the LNB, sets the switches and waits until the receiver has locked.
// Without a lock within Opts.LockTime it is hal.ErrSilent, says how far the
// receiver came, and the receiver goes on trying: Status may show a lock later. A
// transponder that this LNB or this receiver cannot receive is hal.ErrRefused.
func (t *Tuner) Tune(ctx context.Context, tp Transponder) error {
	p, err := prepare(t.opts, tp)
	if err != nil {
		return fmt.Errorf("%s: tune: %w", t.name(), err)
	}
	what := fmt.Sprintf("tune to %v %v", tp.Frequency, tp.Polarization)
	_, err = do(ctx, t, what, t.opts.Timeout+t.opts.LockTime, func(ctx context.Context, k Kernel) (none, error) {
		return none{}, t.tune(ctx, k, p, tp.System)
	})
	return err
}

func (t *Tuner) tune(ctx context.Context, k Kernel, p plan, s System) error {
	systems, err := enumerate(k)
	if err != nil {
		return err
	}
	// The kernel would take another system without a word.
	if !containsByte(systems, p.system) {
		return fmt.Errorf("no receiver for %v: %w", s, hal.ErrRefused)
	}
	if !t.opts.Unpowered {
		if err := t.feed(ctx, k, p); err != nil {
			return fmt.Errorf("LNB: %w", err)
		}
	}
	if err := k.Properties(machine.setProperties(), machine.encode(p.props), len(p.props)); err != nil {
		return err
	}
	return t.awaitLock(ctx, k)
}

// feed says everything that goes up the cable.
func (t *Tuner) feed(ctx context.Context, k Kernel, p plan) error {
	if err := errors.Join(k.Value(setTone, toneOff), k.Value(setVoltage, p.voltage)); err != nil {
		return err
	}
	if !t.powered {
		if err := t.rest(ctx, powerUp); err != nil {
			return err
		}
		t.powered = true
	}
	pause := settle
	for _, f := range p.frames {
		if err := t.after(ctx, pause, func() error { return k.Struct(sendDiSEqC, encodeDiSEqC(f)) }); err != nil {
			return fmt.Errorf("DiSEqC % X: %w", f, err)
		}
		pause = betweenDS
	}
	if p.burst != NoBurst {
		if err := t.after(ctx, settle, func() error { return k.Value(sendBurst, uintptr(p.burst-BurstA)) }); err != nil {
			return fmt.Errorf("burst: %w", err)
		}
	}
	return t.after(ctx, settle, func() error { return k.Value(setTone, p.tone) })
}

// after waits for d and then does f.
func (t *Tuner) after(ctx context.Context, d time.Duration, f func() error) error {
	if err := t.rest(ctx, d); err != nil {
		return err
	}
	return f()
}

// The pace at which the receiver is asked for its lock, and how often it must say
// yes: some say it once more about the transponder before.
const (
	lockPoll = 100 * time.Millisecond
	lockSure = 2
)

func (t *Tuner) awaitLock(ctx context.Context, k Kernel) error {
	ctx, cancel := context.WithTimeout(ctx, t.opts.LockTime)
	defer cancel()
	var last Lock
	for sure := 0; sure < lockSure; {
		if err := t.rest(ctx, lockPoll); err != nil {
			return fmt.Errorf("no lock, %v: %w", last, err)
		}
		now, err := lockOf(k)
		if err != nil {
			return err
		}
		last = now
		sure++
		if !now.Locked() {
			sure = 0
		}
	}
	return nil
}

// rest waits for d.
func (t *Tuner) rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return t.timeUp()
	}
}
