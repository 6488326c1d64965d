// Package optoma drives an Optoma projector over a serial line at 9600 baud 8N1.
// It tells what the projector says of itself, never what was last sent.
//
//	we:        ~ 0 0 0 0 SP 1 CR         ~, two-digit id, command, SP, number, CR
//	projector: P                         pass, or F: fail; CR may follow
//	we:        ~ 0 0 1 2 4 SP 1 CR       questions
//	projector: O k 1 CR
//	unasked:   I N F O 1 CR
//
// The projector tells by itself, and never when asked, that it is in standby
// (INFO0), warming (1), cooling (2) or out of range (3), that the lamp failed
// (4), the fan stands still (6), it is too hot (7) or the lamp's hours run out
// (8). When asked it knows on and off only. State believes an INFO that comes
// together with the answer, so "warming" and "cooling" are seen by luck, and
// standby must be proved by the current as well. Answers carry no name: one
// that comes after its time may be taken for the answer to the next question.
//
// Source: "RS232 Protocol Function List" of Optoma manuals (HD75 p. 50: INFO0 to
// 3, 150; HD66, DX319, ES515, Pro160S: commands, inputs, P and F); INFO4 to 8, 108,
// 121, 124 and 321 as InFocus's generic table for the same electronics has them.
// Questions are model-dependent: what a model does not know it fails. Not
// verified: the numbers of the inputs 11 and above on every model.
package optoma

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"stationbox/hal"
)

// Exchanger sends a request and collects the bytes that come back until done is
// content; *line.Port is one.
type Exchanger interface {
	Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error)
}

// Projector is one projector. Its methods may be called from several goroutines
// if its Exchanger allows that.
//
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, or
// hal.ErrRefused when the projector answers F.
type Projector struct {
	line Exchanger
	id   int
}

// New returns the projector with that id, 1 to 99 as set in its menu, or 0 for
// whatever projector is at the end of line. Another id makes every call fail.
func New(line Exchanger, id int) *Projector { return &Projector{line: line, id: id} }

// State asks whether the projector is on or in standby. An INFO that comes with
// the answer makes it warming, cooling or, for a failed part, DisplayFault. With
// an error the state is DisplayUnknown.
func (p *Projector) State(ctx context.Context) (hal.DisplayState, error) {
	a, err := p.ask(ctx, "124")
	if err != nil {
		return hal.DisplayUnknown, err
	}
	switch {
	case a.value != "0" && a.value != "1":
		return hal.DisplayUnknown, garbled("124", a.value)
	case a.info == infoLamp || a.info == infoFan || a.info == infoHot:
		return hal.DisplayFault, nil
	case a.value == "1" && a.info == infoWarming:
		return hal.DisplayWarming, nil
	case a.info == infoCooling:
		return hal.DisplayCooling, nil
	case a.value == "1":
		return hal.DisplayOn, nil
	}
	return hal.DisplayStandby, nil
}

// PowerOn strikes the lamp. No error means that the command was accepted, not
// that there is light: ask State.
func (p *Projector) PowerOn(ctx context.Context) error { return p.set(ctx, "00", "1") }

// PowerOff starts cooling. No error means that the command was accepted, not
// that the lamp is cold. A projector that fails the newer number, 0, is told the
// older, 2.
func (p *Projector) PowerOff(ctx context.Context) error {
	err := p.set(ctx, "00", "0")
	if errors.Is(err, hal.ErrRefused) {
		return p.set(ctx, "00", "2")
	}
	return err
}

// codes are the neutral names of inputs.
var codes = map[string]string{
	"hdmi1": "1", "hdmi2": "15", "vga1": "5", "vga2": "6", "video1": "10", "video2": "9", "usb1": "17", "lan1": "18",
}

// Input selects an input by its neutral name, "hdmi1", "hdmi2", "vga1", "vga2",
// "video1", "video2" (S-Video), "usb1" or "lan1", or by Optoma's own number, 1 to
// 99.
func (p *Projector) Input(ctx context.Context, input string) error {
	code, ok := codes[strings.ToLower(input)]
	if !ok {
		code = input
	}
	if n, err := strconv.ParseUint(code, 10, 8); err != nil || n < 1 || n > 99 || code[0] == '0' {
		return fmt.Errorf("optoma: input %q: neither a name such as hdmi1 nor a number such as 15", input)
	}
	return p.set(ctx, "12", code)
}

// Source returns the number of the input now selected, 0 for none. It is not a
// number that Input takes: the projector counts otherwise when it answers, and
// each model in its own way.
func (p *Projector) Source(ctx context.Context) (int, error) { return p.number(ctx, "121", 99) }

// Lamp asks for the time the lamp has burnt, in whole hours.
func (p *Projector) Lamp(ctx context.Context) (time.Duration, error) {
	n, err := p.number(ctx, "108", 99999)
	return time.Duration(n) * time.Hour, err
}

// Filter asks for the time the filter has been in use, in whole hours.
func (p *Projector) Filter(ctx context.Context) (time.Duration, error) {
	n, err := p.number(ctx, "321", 99999)
	return time.Duration(n) * time.Hour, err
}

// Details asks for hours and input. What the projector refuses to tell stays
// empty; any other error ends the asking. Troubles are told unasked only: what
// comes together with an answer is in Errors and Warnings, but Checked is false.
func (p *Projector) Details(ctx context.Context) (hal.DisplayDetails, error) {
	var d hal.DisplayDetails
	for _, ask := range []struct {
		code string
		most uint64
		put  func(n int)
	}{
		{"108", 99999, func(n int) { d.LampHours = []time.Duration{time.Duration(n) * time.Hour} }},
		{"321", 99999, func(n int) { d.FilterHours = []time.Duration{time.Duration(n) * time.Hour} }},
		{"121", 99, func(n int) { d.Input = strconv.Itoa(n) }},
	} {
		a, err := p.ask(ctx, ask.code)
		if err != nil && !errors.Is(err, hal.ErrRefused) {
			return hal.DisplayDetails{}, err
		}
		a.info.into(&d)
		if err != nil {
			continue
		}
		n, err := parseNumber(ask.code, a.value, ask.most)
		if err != nil {
			return hal.DisplayDetails{}, err
		}
		ask.put(n)
	}
	return d, nil
}

func (p *Projector) number(ctx context.Context, code string, most uint64) (int, error) {
	a, err := p.ask(ctx, code)
	if err != nil {
		return 0, err
	}
	return parseNumber(code, a.value, most)
}

func parseNumber(code, v string, most uint64) (int, error) {
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n > most {
		return 0, garbled(code, v)
	}
	return int(n), nil
}

func garbled(code, v string) error {
	return fmt.Errorf("optoma: %s: Ok%.32q: %w", code, v, hal.ErrGarbled)
}
