// Package nec drives an NEC projector by its binary control commands, over a
// serial line (8N1, the speed as set in the projector's menu, usually 38400
// baud) or over a plain connection of its network port, 7142. It tells what the
// projector says of itself, never what was last sent.
//
//	we:        02 00 00 00 00 02                    command (2), id (2, always 0), length, data, checksum
//	projector: 22 00 id id 00 ck                    20 more: done
//	           A2 00 id id 02 02 0D ck              A0 more: refused, with two bytes why
//	we:        00 85 00 00 01 01 87                 running status?
//	projector: 20 85 id id 10 data01 … data16 ck
//
// The checksum is the low byte of the sum of all bytes before it.
//
// In the running status data03 is the power, data04 says that it cools, data05
// that switching on or off is under way, data06 is the whole in one code. While
// it switches the projector may take no other command: refused or silent then
// means busy. Models that do not know the running status are asked for the basic
// information, which tells no warm-up.
//
// Source: NEC "Projector Control Command Reference Manual" (rev. 6.1 and 7.1:
// 009, 015, 016, 018, 037-3, 037-4, 078-2, 078-3, 078-5, error codes) and the
// older lists for LT, VT and NP series; the bits of 009, the layout of 305-3 and
// the two codes of the HDMI sockets as a public driver has them. Not verified:
// that FF in the answer to an input change means that nothing was switched, and
// which way the projector is going while data05 is set and data03 is standby:
// that is reported as cooling, which nobody may disturb.
package nec

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, or Refusal,
// which is hal.ErrRefused.
type Projector struct {
	line Exchanger
}

// New returns the projector at the end of line. Nothing is sent before the first
// call.
func New(line Exchanger) *Projector { return &Projector{line: line} }

// State asks for the power state; DisplayFault is the projector's "standby
// (error)". With an error the state is DisplayUnknown.
func (p *Projector) State(ctx context.Context) (hal.DisplayState, error) {
	d, err := p.ask(ctx, runningStatus)
	var r Refusal
	if errors.As(err, &r) && r.unknown() {
		return p.basicState(ctx)
	}
	if err != nil {
		return hal.DisplayUnknown, err
	}
	power, cooling, switching, code := d[2], d[3], d[4], d[5]
	switch s := stateOf(code); {
	case s == hal.DisplayFault:
		return hal.DisplayFault, nil
	case cooling == 1 || s == hal.DisplayCooling:
		return hal.DisplayCooling, nil
	case switching == 1 && power == 1:
		return hal.DisplayWarming, nil
	case switching == 1:
		return hal.DisplayCooling, nil
	case s != hal.DisplayUnknown:
		return s, nil
	case code == 0xFF && power == 0:
		return hal.DisplayStandby, nil
	case code == 0xFF && power == 1:
		return hal.DisplayOn, nil
	}
	return hal.DisplayUnknown, fmt.Errorf("nec: running status % x: %w", d, hal.ErrGarbled)
}

// basicState is State from the basic information.
func (p *Projector) basicState(ctx context.Context) (hal.DisplayState, error) {
	d, err := p.ask(ctx, basicInformation)
	if err != nil {
		return hal.DisplayUnknown, err
	}
	if s := stateOf(d[1]); s != hal.DisplayUnknown {
		return s, nil
	}
	return hal.DisplayUnknown, fmt.Errorf("nec: basic information % x: %w", d, hal.ErrGarbled)
}

// stateOf returns the state that an operation status stands for, DisplayUnknown
// for any other code.
func stateOf(code byte) hal.DisplayState {
	switch code {
	case 0x00, 0x0F, 0x10: // sleep, power saving, network standby
		return hal.DisplayStandby
	case 0x04:
		return hal.DisplayOn
	case 0x05:
		return hal.DisplayCooling
	case 0x06:
		return hal.DisplayFault
	}
	return hal.DisplayUnknown
}

// PowerOn strikes the lamp. No error means that the command was accepted, not
// that there is light: ask State.
func (p *Projector) PowerOn(ctx context.Context) error {
	_, err := p.ask(ctx, powerOn)
	return err
}

// PowerOff starts cooling. No error means that the command was accepted, not
// that the lamp is cold: ask State.
func (p *Projector) PowerOff(ctx context.Context) error {
	_, err := p.ask(ctx, powerOff)
	return err
}

// codes are the neutral names of inputs. The HDMI sockets have another code on
// newer models, which is tried when the first is refused.
var codes = map[string][]byte{
	"hdmi1": {0x1A, 0xA1}, "hdmi2": {0x1B, 0xA2}, "vga1": {0x01}, "vga2": {0x02}, "vga3": {0x03},
	"video1": {0x06}, "video2": {0x0B}, "usb1": {0x1F}, "lan1": {0x20},
}

// Input selects an input by its neutral name, "hdmi1", "hdmi2", "vga1" to "vga3",
// "video1", "video2" (S-Video), "usb1" or "lan1", or by NEC's code of two
// hexadecimal digits, for instance "A6".
func (p *Projector) Input(ctx context.Context, input string) error {
	list, ok := codes[strings.ToLower(input)]
	if !ok {
		n, err := strconv.ParseUint(input, 16, 8)
		if err != nil || len(input) != 2 {
			return fmt.Errorf("nec: input %q: neither a name such as hdmi1 nor a code such as 1A", input)
		}
		list = []byte{byte(n)}
	}
	var err error
	for _, code := range list {
		if err = p.choose(ctx, code); !errors.Is(err, hal.ErrRefused) {
			return err
		}
	}
	return err
}

func (p *Projector) choose(ctx context.Context, code byte) error {
	d, err := p.ask(ctx, inputChange(code))
	if err != nil {
		return err
	}
	if d[0] == 0xFF {
		return fmt.Errorf("nec: input %02x: not switched: %w", code, hal.ErrRefused)
	}
	return nil
}
