// Package escvp21 drives an Epson projector by ESC/VP21, over a serial line at
// 9600 baud 8N1 or over the network (Net). It tells what the projector says of
// itself, never what was last sent.
//
//	we:        P W R ? CR              S O U R C E SP 3 0 CR      CR
//	projector: P W R = 0 1 CR :        :                          :
//	refused:   E R R CR :
//
// Every answer ends with a colon, the prompt. After PWR ON the prompt may come
// only when the lamp burns, up to 100 s later (40, 70, 100 s for the first,
// second and third strike), and older models answer nothing meanwhile: silence
// in that time is usual. PowerOn therefore never waits for it longer than the
// line's own bound, and State may be asked at once; until the projector answers
// it is hal.ErrSilent, not "warming". After rubbish the next call first sends an
// empty command, so that half a command on the line does no harm. In an abnormal state (lamp, temperature) the projector executes
// nothing and sends no prompt: that is hal.ErrSilent too.
//
// Source: Epson ESC/VP21 Command User's Guide (state, error and input codes,
// times); the network frame from Epson's ESC/VP.net as a public Wireshark
// dissector has it. Not verified: a second lamp's hours after the first in
// LAMP=, lines such as IMEVENT=… that newer models send unasked (passed over).
package escvp21

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"stationbox/hal"
)

// Exchanger sends a request and collects the bytes that come back until done is
// content; *line.Port and *Net are some.
type Exchanger interface {
	Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error)
}

// Projector is one projector. Its methods may be called from several goroutines
// if its Exchanger allows that.
//
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone,
// hal.ErrAuth, or hal.ErrRefused when the projector answers ERR.
type Projector struct {
	line  Exchanger
	dirty atomic.Bool // the projector may hold half a command
}

// New returns the projector at the end of line. Nothing is sent before the first
// call.
func New(line Exchanger) *Projector { return &Projector{line: line} }

// State asks for the power state. Both standbys, with network on and off, and
// the one that keeps audio and video awake are DisplayStandby; the abnormal
// standby is DisplayFault. With an error the state is DisplayUnknown.
func (p *Projector) State(ctx context.Context) (hal.DisplayState, error) {
	v, err := p.ask(ctx, "PWR")
	if err != nil {
		return hal.DisplayUnknown, err
	}
	switch v {
	case "00", "04", "09":
		return hal.DisplayStandby, nil
	case "01":
		return hal.DisplayOn, nil
	case "02":
		return hal.DisplayWarming, nil
	case "03":
		return hal.DisplayCooling, nil
	case "05":
		return hal.DisplayFault, nil
	}
	return hal.DisplayUnknown, garbled("PWR", v)
}

// PowerOn strikes the lamp. No error means that the command was accepted, or
// that the projector says it is warming or on, not that there is light: ask
// State. Silence leaves open whether the command arrived; it must not be sent
// again before State answers.
func (p *Projector) PowerOn(ctx context.Context) error {
	return p.power(ctx, "PWR ON", hal.DisplayWarming, hal.DisplayOn)
}

// PowerOff starts cooling, on the same terms as PowerOn.
func (p *Projector) PowerOff(ctx context.Context) error {
	return p.power(ctx, "PWR OFF", hal.DisplayCooling, hal.DisplayStandby)
}

// power sends a power command. When its prompt does not come within the bound
// the projector's own state decides whether it was obeyed.
func (p *Projector) power(ctx context.Context, command string, going, there hal.DisplayState) error {
	err := p.set(ctx, command)
	if !errors.Is(err, hal.ErrSilent) {
		return err
	}
	if s, asked := p.State(ctx); asked == nil && (s == going || s == there) {
		return nil
	}
	return err
}

// codes are the neutral names of inputs. Those of the second picture socket and
// of video differ on a few models; the projector's own code always works.
var codes = map[string]string{
	"hdmi1": "30", "hdmi2": "A0", "vga1": "1F", "vga2": "2F", "video1": "41", "video2": "42", "usb1": "52", "lan1": "53",
}

// Input selects an input by its neutral name, "hdmi1", "hdmi2", "vga1", "vga2",
// "video1", "video2" (S-Video), "usb1" or "lan1", or by Epson's code of two
// hexadecimal digits, for instance "A0".
func (p *Projector) Input(ctx context.Context, input string) error {
	code, err := codeOf(input)
	if err != nil {
		return err
	}
	return p.set(ctx, "SOURCE "+code)
}

// Shows asks for the source now selected and says whether it is that input, named
// as Input takes it, and its code. A code that ends with 0 or F selects a socket
// and leaves the kind of signal to the projector, which then tells the kind it
// found: 11 or 14 after 1F.
func (p *Projector) Shows(ctx context.Context, input string) (shown bool, is string, err error) {
	code, err := codeOf(input)
	if err != nil {
		return false, "", err
	}
	if is, err = p.Source(ctx); err != nil {
		return false, "", err
	}
	is = strings.ToUpper(is)
	socket := code[1] == '0' || code[1] == 'F'
	return is == code || socket && is[0] == code[0], is, nil
}

func codeOf(input string) (string, error) {
	code, ok := codes[strings.ToLower(input)]
	if !ok {
		code = strings.ToUpper(input)
	}
	if !isCode(code) {
		return "", fmt.Errorf("epson: input %q: neither a name such as hdmi1 nor a code such as 30", input)
	}
	return code, nil
}

// Source returns the code of the input now selected. Most models refuse in
// standby.
func (p *Projector) Source(ctx context.Context) (string, error) {
	v, err := p.ask(ctx, "SOURCE")
	if err != nil {
		return "", err
	}
	if !isCode(v) {
		return "", garbled("SOURCE", v)
	}
	return v, nil
}

func isCode(s string) bool {
	_, err := strconv.ParseUint(s, 16, 8)
	return err == nil && len(s) == 2
}

// maxLamps bounds the lamps of one projector.
const maxLamps = 8

// Lamps asks for the time each lamp has burnt, in whole hours.
func (p *Projector) Lamps(ctx context.Context) ([]time.Duration, error) {
	v, err := p.ask(ctx, "LAMP")
	if err != nil {
		return nil, err
	}
	words := strings.Fields(v)
	if len(words) == 0 || len(words) > maxLamps {
		return nil, garbled("LAMP", v)
	}
	hours := make([]time.Duration, 0, len(words))
	for _, w := range words {
		n, err := strconv.ParseUint(w, 10, 32)
		if err != nil || n > 99999 {
			return nil, garbled("LAMP", v)
		}
		hours = append(hours, time.Duration(n)*time.Hour)
	}
	return hours, nil
}

// Trouble asks what is wrong; NoTrouble when nothing is.
func (p *Projector) Trouble(ctx context.Context) (Trouble, error) {
	v, err := p.ask(ctx, "ERR")
	if err != nil {
		return NoTrouble, err
	}
	if !isCode(v) {
		return NoTrouble, garbled("ERR", v)
	}
	n, _ := strconv.ParseUint(v, 16, 8) // isCode has parsed it
	return Trouble(n), nil
}

// Details asks for trouble, hours and input. What the projector refuses to tell,
// as many do in standby, stays empty; any other error ends the asking.
func (p *Projector) Details(ctx context.Context) (hal.DisplayDetails, error) {
	var d hal.DisplayDetails
	trouble, err := p.Trouble(ctx)
	if err == nil {
		d.Checked = true
		d.Errors = trouble.parts()
	} else if !errors.Is(err, hal.ErrRefused) {
		return hal.DisplayDetails{}, err
	}
	if d.LampHours, err = p.Lamps(ctx); err != nil && !errors.Is(err, hal.ErrRefused) {
		return hal.DisplayDetails{}, err
	}
	if d.Input, err = p.Source(ctx); err != nil && !errors.Is(err, hal.ErrRefused) {
		return hal.DisplayDetails{}, err
	}
	return d, nil
}

func garbled(key, v string) error {
	return fmt.Errorf("epson: %s=%.32q: %w", key, v, hal.ErrGarbled)
}
