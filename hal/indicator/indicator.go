// Package indicator shows villagers what happened, with the panel's lamp and
// buzzer: short patterns played by one goroutine, so that whoever shows one never
// waits for a pin.
//
// There are two sorts. An answer (Ack, Reject) plays once, at once, over anything
// else; the newest answer replaces an older one, with a gap that keeps two acks
// apart for the ear. A standing pattern (Busy, Call, Fault) begins with its sound
// and then goes on until another one or Idle takes its place.
//
// It promises that lamp and buzzer are off before the first pattern, between
// patterns and after Run.
package indicator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Pattern is something to show.
type Pattern uint8

// The patterns. Lamp and buzzer are on or off.
const (
	// Idle is off; it ends a standing pattern.
	Idle Pattern = iota
	// Ack answers a recorded press: one short beep, lamp for 400 ms.
	Ack
	// Reject answers a press that does not count: three quick beeps with the lamp.
	Reject
	// Busy stands: lamp blinks slowly, no sound.
	Busy
	// Call stands: two long beeps, then the lamp is on with a short wink: come and
	// press your number.
	Call
	// Fault stands: one long beep, then a double flash every two seconds.
	Fault
)

var names = [...]string{"idle", "ack", "reject", "busy", "call", "fault"}

// String returns the lower-case English name of p.
func (p Pattern) String() string {
	if int(p) < len(names) {
		return names[p]
	}
	return fmt.Sprintf("Pattern(%d)", uint8(p))
}

// step holds lamp and buzzer for a while.
type step struct {
	lamp, buzzer bool
	hold         time.Duration
}

// gap separates a beep from the one that replaces it.
const gap = 40 * time.Millisecond

// steps returns what p begins with and what it repeats; a pattern that repeats
// nothing is an answer.
func (p Pattern) steps() (once, loop []step) {
	const ms = time.Millisecond
	switch p {
	case Ack:
		return []step{{true, true, 120 * ms}, {true, false, 280 * ms}}, nil
	case Reject:
		beep, rest := step{true, true, 80 * ms}, step{false, false, 80 * ms}
		return []step{beep, rest, beep, rest, beep, rest}, nil
	case Busy:
		return nil, []step{{true, false, 500 * ms}, {false, false, 500 * ms}}
	case Call:
		beep, rest := step{true, true, 400 * ms}, step{false, false, 200 * ms}
		return []step{beep, rest, beep, rest}, []step{{true, false, 1800 * ms}, {false, false, 200 * ms}}
	case Fault:
		flash, rest := step{true, false, 120 * ms}, step{false, false, 120 * ms}
		return []step{{true, true, 800 * ms}, rest}, []step{flash, rest, flash, {false, false, 1640 * ms}}
	}
	return nil, nil
}

// retry is how soon the pins are written again while nothing is to be shown.
const retry = time.Second

// Indicator is the lamp and the buzzer. Show may be called from any goroutine.
type Indicator struct {
	lamp, buzzer *light
	wake         chan struct{}

	mu       sync.Mutex
	answer   Pattern // to be played next, Idle if none
	standing Pattern
	changed  bool // standing is new
}

// light is one output and what is known of it.
type light struct {
	name string
	pin  gpio.PinOut

	mu  sync.Mutex // never held over a call
	on  bool
	err error
}

// New prepares lamp and buzzer and touches no pin yet; high is on. Either may be a
// nil interface when it is not wired.
//
// The outputs in every case: error or time-out: State tells, the pin is written
// again at the next step, at the latest after a second; lost pin server, kill, end
// of the process, power loss, boot: the line is let go, which is off; panic
// elsewhere in the process: the same; hang of the process: they stay as they are,
// which may be a lasting beep and harms nothing.
func New(lamp, buzzer gpio.PinOut) *Indicator {
	return &Indicator{
		lamp:   &light{name: "lamp", pin: lamp},
		buzzer: &light{name: "buzzer", pin: buzzer},
		wake:   make(chan struct{}, 1),
	}
}

// Show plays p: an answer once and at once, a standing pattern from now on. It
// never blocks; before Run it is remembered. An unknown pattern is Idle.
func (i *Indicator) Show(p Pattern) {
	i.mu.Lock()
	once, loop := p.steps()
	if once != nil && loop == nil {
		i.answer = p
	} else if i.standing != p {
		i.standing, i.changed = p, true
	}
	i.mu.Unlock()
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// Standing returns the standing pattern, Idle if there is none.
func (i *Indicator) Standing() Pattern {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.standing
}

// State is nil while lamp and buzzer can be driven, else why not, wrapping what
// their pins said.
func (i *Indicator) State() error { return errors.Join(i.lamp.state(), i.buzzer.state()) }

// next takes what is to be played now.
func (i *Indicator) next() (answer, standing Pattern, changed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	answer, standing, changed = i.answer, i.standing, i.changed
	i.answer, i.changed = Idle, false
	return answer, standing, changed
}

// Run plays until ctx ends, turns lamp and buzzer off and returns nil. It is
// called once. The first step of an answer is at the pin as soon as the pin takes
// it; a step waits for the pins of the one before, each bounded by its driver.
func (i *Indicator) Run(ctx context.Context) error {
	defer i.apply(step{})
	t := time.NewTimer(0)
	defer t.Stop()
	var s score
	for {
		over := false
		select {
		case <-ctx.Done():
			return nil
		case <-i.wake:
		case <-t.C:
			over = true
		}
		answer, standing, changed := i.next()
		if changed {
			s.begin, s.loop = standing.steps()
			s.at = 0
		}
		if answer != Idle {
			s.answer, _ = answer.steps()
			s.answer = i.spaced(s.answer)
		}
		if over || answer != Idle || (changed && !s.answering) {
			now := s.next()
			i.apply(now)
			t.Reset(now.hold)
		}
	}
}

// score is what is left to play: the answer first, then the beginning of the
// standing pattern, then its loop.
type score struct {
	answer, begin, loop []step
	at                  int  // in loop
	answering           bool // the step being played is part of an answer
}

// next takes the next step; with nothing to play that is off, for a while.
func (s *score) next() step {
	s.answering = len(s.answer) > 0
	switch {
	case s.answering:
		return take(&s.answer)
	case len(s.begin) > 0:
		return take(&s.begin)
	case len(s.loop) > 0:
		now := s.loop[s.at]
		s.at = (s.at + 1) % len(s.loop)
		return now
	}
	return step{hold: retry}
}

func take(steps *[]step) step {
	now := (*steps)[0]
	*steps = (*steps)[1:]
	return now
}

// spaced puts a gap before steps that begin with a beep while one is sounding.
func (i *Indicator) spaced(steps []step) []step {
	if !i.buzzer.lit() || !steps[0].buzzer {
		return steps
	}
	return append([]step{{lamp: steps[0].lamp, hold: gap}}, steps...)
}

// apply writes a step to the pins: the buzzer first, it is what people hear.
func (i *Indicator) apply(s step) {
	i.buzzer.set(s.buzzer)
	i.lamp.set(s.lamp)
}

// set writes the pin, also when it should be so already: a pin that was let go by
// a lost server comes back that way. Only Run calls it.
func (l *light) set(on bool) {
	if l.pin == nil {
		return
	}
	err := l.pin.Out(gpio.Level(on))
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on, l.err = on && err == nil, err
}

// lit tells whether the output is on, as far as known.
func (l *light) lit() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.on
}

func (l *light) state() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return fmt.Errorf("%s: %w", l.name, l.err)
	}
	return nil
}
