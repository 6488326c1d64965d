// Package cec drives a television over the CEC wire of the HDMI cable that
// carries the picture. It tells what the set says of itself, never what was last
// sent.
//
//	we 4, set 0     power?         40 8F        answer 04 90 00 on, 01 standby,
//	                                            02 going on, 03 going to standby
//	                wake           40 04        <Image View On>, or 40 0D
//	                our picture    4F 82 10 00  <Active Source>, to everybody
//	                standby        40 36
//
// CEC is what each maker makes of it: it may be switched off in the set's menu
// (nobody acknowledges: hal.ErrSilent), the set may acknowledge and do nothing,
// say "going on" and stay dark, or take its hot-plug signal away in standby, so
// that it can be woken and asked nothing. A command without an error was
// acknowledged and not refused; whether it was obeyed, State and the measured
// current tell.
//
// Source: HDMI 1.4 supplement 1. Not tried with a television yet.
package cec

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"stationbox/hal"
)

// Bus is the CEC wire; *cec.Adapter is one. Its errors are those of hal: silent
// when nobody acknowledges or answers and without a hot-plug signal, refused when
// the other end says no.
type Bus interface {
	// Send transmits opcode and operands to an address, 0xF for everybody.
	Send(ctx context.Context, to byte, body ...byte) error
	// Ask transmits and returns the operands of the answer with opcode reply.
	Ask(ctx context.Context, to, reply byte, body ...byte) ([]byte, error)
	// PhysicalAddress returns the input of the set we are plugged into, 0x1000 for
	// the first.
	PhysicalAddress(ctx context.Context) (uint16, error)
}

const (
	tv       = 0x0
	everyone = 0xF

	imageViewOn  = 0x04
	textViewOn   = 0x0D
	standby      = 0x36
	activeSource = 0x82
	givePower    = 0x8F
	reportPower  = 0x90
)

// TV is the set at the other end of the cable. Its methods may be called from
// several goroutines if its Bus allows that.
//
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrRefused, and
// hal.ErrGone without a CEC device.
type TV struct{ bus Bus }

// New returns the set at the other end of bus.
func New(bus Bus) *TV { return &TV{bus: bus} }

// State asks for the power state: on, standby, warming or cooling. With an error
// the state is DisplayUnknown.
func (t *TV) State(ctx context.Context) (hal.DisplayState, error) {
	b, err := t.bus.Ask(ctx, tv, reportPower, givePower)
	if err != nil {
		return hal.DisplayUnknown, fmt.Errorf("tv: power: %w", err)
	}
	states := [...]hal.DisplayState{hal.DisplayOn, hal.DisplayStandby, hal.DisplayWarming, hal.DisplayCooling}
	if len(b) != 1 || int(b[0]) >= len(states) {
		return hal.DisplayUnknown, fmt.Errorf("tv: power % X: %w", b, hal.ErrGarbled)
	}
	return states[b[0]], nil
}

// PowerOn wakes the set and shows our picture. A set that has taken its hot-plug
// signal away is only woken; Input shows the picture later.
func (t *TV) PowerOn(ctx context.Context) error {
	err := t.bus.Send(ctx, tv, imageViewOn)
	if errors.Is(err, hal.ErrRefused) {
		err = t.bus.Send(ctx, tv, textViewOn)
	}
	if err != nil {
		return fmt.Errorf("tv: wake: %w", err)
	}
	p, err := t.bus.PhysicalAddress(ctx)
	if errors.Is(err, hal.ErrSilent) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tv: after waking: %w", err)
	}
	return t.show(ctx, p)
}

// PowerOff sends the set, and nobody else at the wire, to standby.
func (t *TV) PowerOff(ctx context.Context) error {
	if err := t.bus.Send(ctx, tv, standby); err != nil {
		return fmt.Errorf("tv: standby: %w", err)
	}
	return nil
}

// Input shows our picture. The input is "this", or "hdmi1" to "hdmi15": then it is
// hal.ErrRefused when the cable is in another input, because a set can be told
// who has a picture, but not to look elsewhere.
func (t *TV) Input(ctx context.Context, input string) error {
	want, err := number(strings.ToLower(input))
	if err != nil {
		return err
	}
	p, err := t.bus.PhysicalAddress(ctx)
	if err != nil {
		return fmt.Errorf("tv: input %s: %w", input, err)
	}
	if is := int(p >> 12); want != 0 && is != want {
		return fmt.Errorf("tv: input %s: the cable is in hdmi%d: %w", input, is, hal.ErrRefused)
	}
	return t.show(ctx, p)
}

// number returns n of "hdmi<n>", or 0 for "this".
func number(input string) (int, error) {
	if input == "this" {
		return 0, nil
	}
	for n := 1; n <= 15; n++ {
		if input == fmt.Sprintf("hdmi%d", n) {
			return n, nil
		}
	}
	return 0, fmt.Errorf("tv: input %q: not \"this\", nor hdmi1 to hdmi15", input)
}

// pather is a Bus that hears what others say of the picture that is shown; see
// cec.Adapter.
type pather interface {
	Path() (address uint16, known bool)
}

// errUntold means that nobody has said which input is shown.
var errUntold = fmt.Errorf("tv: input: nobody has told: %w", hal.ErrRefused)

// Shows says whether our picture is shown, and the address of the one that is,
// "2.0.0.0"; 0.0.0.0 is the set's tuner. The input is named as Input takes it. CEC
// has no question for that: it is what the set and its devices have told since we
// last asked to be shown, and hal.ErrRefused when they have told nothing.
func (t *TV) Shows(ctx context.Context, input string) (shown bool, is string, err error) {
	want, err := number(strings.ToLower(input))
	if err != nil {
		return false, "", err
	}
	bus, ok := t.bus.(pather)
	if !ok {
		return false, "", errUntold
	}
	path, known := bus.Path()
	if !known {
		return false, "", errUntold
	}
	ours, err := t.bus.PhysicalAddress(ctx)
	switch {
	case err != nil:
		return false, "", fmt.Errorf("tv: input: %w", err)
	case want != 0 && int(ours>>12) != want, leads(path, ours):
		return false, "", errUntold
	}
	return path == ours, fmt.Sprintf("%x.%x.%x.%x", path>>12, path>>8&0xF, path>>4&0xF, path&0xF), nil
}

// leads says whether path is that of a switch on the way to address: then the
// switch decides, and has not told yet.
func leads(path, address uint16) bool {
	for shift := 4; shift < 16; shift += 4 {
		if path != 0 && path != address && path == address>>shift<<shift {
			return true
		}
	}
	return false
}

func (t *TV) show(ctx context.Context, p uint16) error {
	if err := t.bus.Send(ctx, everyone, activeSource, byte(p>>8), byte(p)); err != nil {
		return fmt.Errorf("tv: show our picture: %w", err)
	}
	return nil
}
