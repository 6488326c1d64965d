// Package benq drives a BenQ projector by its text protocol, over a serial line
// (8N1, the speed as set in the projector's menu, 2400 to 115200 baud, usually
// 115200 or 9600) or over a plain connection of its network port. It tells what
// the projector says of itself, never what was last sent.
//
//	we:        CR * p o w = ? # CR
//	projector: > * p o w = ? # CR LF * P O W = O N # CR LF >
//	refused:   * Block item #            also: Illegal format, Unsupported item
//
// The projector echoes the question before it answers. What public clients met,
// and what is borne here: no echo, an empty line for an echo, an echo twice; no
// prompt (over the network); answers without the leading *, without the closing
// #, with spaces, in either case, on the line of the echo; a model name without
// modelname=. An echo alone is no answer, so that a looped-back line is garbled,
// not obedient: a command counts as accepted when its text comes back in other
// case, or on a second line, or with a prompt behind it.
//
// The projector says POW=ON already while it warms up, and only POW=OFF, or
// "Block item", while it cools: it knows no other states, so standby must be
// proved by its current as well. Power transitions take up to 100 s. Answers
// carry their name, so that a late one is not taken for another's.
//
// Source: BenQ "Projector RS232 Command Control" (LW500, SP920: commands, inputs,
// the three refusals, ltim and ltim2); the quirks from the notes of a public
// client, rrooggiieerr/benqprojector.py. The answer to *error=?# was not found in
// any manual, so that errors are not asked.
package benq

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
// hal.ErrRefused for the three refusals.
type Projector struct {
	line Exchanger
}

// New returns the projector at the end of line. Nothing is sent before the first
// call.
func New(line Exchanger) *Projector { return &Projector{line: line} }

// State asks whether the projector is on or in standby, as far as it tells the
// difference. A projector that blocks the question is busy: hal.ErrRefused. With
// an error the state is DisplayUnknown.
func (p *Projector) State(ctx context.Context) (hal.DisplayState, error) {
	v, err := p.ask(ctx, "pow", "?")
	if err != nil {
		return hal.DisplayUnknown, err
	}
	switch v {
	case "ON":
		return hal.DisplayOn, nil
	case "OFF":
		return hal.DisplayStandby, nil
	}
	return hal.DisplayUnknown, garbled("pow", v)
}

// PowerOn strikes the lamp. No error means that the command was accepted, not
// that there is light. While cooling the projector refuses.
func (p *Projector) PowerOn(ctx context.Context) error { return p.set(ctx, "pow", "on") }

// PowerOff starts cooling. No error means that the command was accepted, not
// that the lamp is cold.
func (p *Projector) PowerOff(ctx context.Context) error { return p.set(ctx, "pow", "off") }

// codes are the neutral names of inputs.
var codes = map[string]string{
	"hdmi1": "hdmi", "hdmi2": "hdmi2", "hdmi3": "hdmi3", "vga1": "rgb", "vga2": "rgb2", "vga3": "rgb3",
	"video1": "vid", "video2": "svid", "usb1": "usbreader", "lan1": "network",
}

// Input selects an input by its neutral name, "hdmi1" to "hdmi3", "vga1" to
// "vga3", "video1", "video2" (S-Video), "usb1" or "lan1", or by BenQ's own word
// of letters and digits, for instance "ypbr".
func (p *Projector) Input(ctx context.Context, input string) error {
	code, err := codeOf(input)
	if err != nil {
		return err
	}
	return p.set(ctx, "sour", code)
}

// Shows asks for the source now selected and says whether it is that input, named
// as Input takes it, and its word. The first HDMI socket may be called hdmi or
// hdmi1.
func (p *Projector) Shows(ctx context.Context, input string) (shown bool, is string, err error) {
	code, err := codeOf(input)
	if err != nil {
		return false, "", err
	}
	if is, err = p.Source(ctx); err != nil {
		return false, "", err
	}
	first := func(word string) string {
		if word == "hdmi1" {
			return "hdmi"
		}
		return word
	}
	return first(is) == first(code), is, nil
}

func codeOf(input string) (string, error) {
	code, ok := codes[strings.ToLower(input)]
	if !ok {
		code = strings.ToLower(input)
	}
	if !isWord(code) {
		return "", fmt.Errorf("benq: input %q: neither a name such as hdmi1 nor a word such as rgb", input)
	}
	return code, nil
}

// isWord says whether s can be the name of an input.
func isWord(s string) bool {
	return len(s) >= 2 && len(s) <= 12 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}

// Source returns BenQ's word for the input now selected, in lower case.
func (p *Projector) Source(ctx context.Context) (string, error) {
	v, err := p.ask(ctx, "sour", "?")
	if err != nil {
		return "", err
	}
	if v = strings.ToLower(v); !isWord(v) {
		return "", garbled("sour", v)
	}
	return v, nil
}

// Model returns the type. Some models refuse, or name a relative in standby.
func (p *Projector) Model(ctx context.Context) (string, error) { return p.ask(ctx, "modelname", "?") }

// Lamps asks for the time each of at most two lamps has burnt, in whole hours. A
// projector that does not know a second lamp has one.
func (p *Projector) Lamps(ctx context.Context) ([]time.Duration, error) {
	first, err := p.hours(ctx, "ltim")
	if err != nil {
		return nil, err
	}
	second, err := p.hours(ctx, "ltim2")
	if errors.Is(err, hal.ErrRefused) {
		return []time.Duration{first}, nil
	}
	if err != nil {
		return nil, err
	}
	return []time.Duration{first, second}, nil
}

func (p *Projector) hours(ctx context.Context, key string) (time.Duration, error) {
	v, err := p.ask(ctx, key, "?")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n > 99999 {
		return 0, garbled(key, v)
	}
	return time.Duration(n) * time.Hour, nil
}

// Details asks for model, input and hours. What the projector refuses to tell,
// as it does in standby, stays empty; any other error ends the asking. Troubles
// are not told: Checked is false.
func (p *Projector) Details(ctx context.Context) (d hal.DisplayDetails, err error) {
	if d.LampHours, err = p.Lamps(ctx); err != nil && !errors.Is(err, hal.ErrRefused) {
		return hal.DisplayDetails{}, err
	}
	if d.Input, err = p.Source(ctx); err != nil && !errors.Is(err, hal.ErrRefused) {
		return hal.DisplayDetails{}, err
	}
	if d.Model, err = p.Model(ctx); err != nil && !errors.Is(err, hal.ErrRefused) {
		return hal.DisplayDetails{}, err
	}
	return d, nil
}

func garbled(key, v string) error {
	return fmt.Errorf("benq: %s=%.32q: %w", key, v, hal.ErrGarbled)
}
