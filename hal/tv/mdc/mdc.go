// Package mdc drives a Samsung signage display by MDC, Multiple Display Control:
// RS-232 at 9600 baud 8N1, or the same bytes on TCP port 1515. It tells what the
// display says of itself, never what was last sent, and never speaks to all
// displays at once (id FE), because that is not answered.
//
//	we:  AA 11 id 00 sum                power? (no data asks)
//	     AA 11 id 01 01 sum             power on; 00 standby
//	     AA 14 id 01 21 sum             input HDMI 1
//	set: AA FF id 03 41 11 01 sum       "A", the command, its value
//	     AA FF id 03 4E 11 err sum      "N": refused
//
// Sum is the low byte of the sum of all bytes after AA; the fourth byte counts the
// data. A display answers in standby only while its network or serial standby is
// switched on in the menu; silence is hal.ErrSilent. Answers carry no number: one
// that comes after its time may be taken for the answer to the same question asked
// again.
//
// Source: Samsung "MDC Protocol" v15.0, 2020, as quoted by public clients; power
// frames computed. Not tried with a display yet.
package mdc

import (
	"context"
	"fmt"
	"strings"

	"stationbox/hal"
)

// Exchanger sends a request and collects the bytes that come back until done is
// content; *line.Port is one.
type Exchanger interface {
	Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error)
}

// TV is one display. Its methods may be called from several goroutines if its
// Exchanger allows that.
//
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, or
// hal.ErrRefused when the display answers N.
type TV struct {
	line Exchanger
	id   int
}

// MaxID is the largest id of one display; FE means all of them.
const MaxID = 0xFD

// New returns the display with id, 0 to MaxID, at the end of line. Another id
// makes every call fail.
func New(line Exchanger, id int) *TV { return &TV{line: line, id: id} }

const (
	header    = 0xAA
	fromThem  = 0xFF
	yes       = 'A'
	no        = 'N'
	power     = 0x11
	volume    = 0x12
	mute      = 0x13
	source    = 0x14
	rebooting = 2
)

// State asks whether the display is on or in standby; while it starts anew it is
// warming. With an error the state is DisplayUnknown.
func (t *TV) State(ctx context.Context) (hal.DisplayState, error) {
	v, err := t.ask(ctx, power)
	if err != nil {
		return hal.DisplayUnknown, err
	}
	switch v {
	case 0:
		return hal.DisplayStandby, nil
	case 1:
		return hal.DisplayOn, nil
	case rebooting:
		return hal.DisplayWarming, nil
	}
	return hal.DisplayUnknown, fmt.Errorf("tv %d: power %#02x: %w", t.id, v, hal.ErrGarbled)
}

// PowerOn switches the display on. No error means accepted, not on: ask State.
func (t *TV) PowerOn(ctx context.Context) error { return t.set(ctx, power, 1) }

// PowerOff switches the display to standby. No error means accepted.
func (t *TV) PowerOff(ctx context.Context) error { return t.set(ctx, power, 0) }

// inputs are the sources by name. The code after an HDMI input's means the same
// input used by a computer: it is told, and cannot be selected.
var inputs = map[string]byte{
	"hdmi1": 0x21, "hdmi2": 0x23, "hdmi3": 0x31, "hdmi4": 0x33, "displayport": 0x25, "dvi": 0x18, "pc": 0x14,
}

// Input selects "hdmi1" to "hdmi4", "displayport", "dvi" or "pc".
func (t *TV) Input(ctx context.Context, input string) error {
	code, err := t.code(input)
	if err != nil {
		return err
	}
	got, err := t.ask(ctx, source, code)
	if err != nil {
		return err
	}
	if !same(code, got) {
		return t.other(source, code, got)
	}
	return nil
}

// Shows asks for the source now selected and says whether it is that input, named
// as Input takes it, and its name, or its code where it has none here.
func (t *TV) Shows(ctx context.Context, input string) (shown bool, is string, err error) {
	code, err := t.code(input)
	if err != nil {
		return false, "", err
	}
	got, err := t.ask(ctx, source)
	if err != nil {
		return false, "", err
	}
	is = fmt.Sprintf("%02x", got)
	for name, c := range inputs {
		if same(c, got) {
			is = name
		}
	}
	return same(code, got), is, nil
}

func (t *TV) code(input string) (byte, error) {
	code, ok := inputs[strings.ToLower(input)]
	if !ok {
		return 0, fmt.Errorf("tv %d: input %q: not hdmi1 to hdmi4, displayport, dvi or pc", t.id, input)
	}
	return code, nil
}

// same says whether a source that is told is the one with that code.
func same(code, told byte) bool {
	hdmi := code == 0x21 || code == 0x23 || code == 0x31 || code == 0x33
	return told == code || hdmi && told == code+1
}

// Volume sets the volume, 0 to 100.
func (t *TV) Volume(ctx context.Context, percent int) error {
	if percent < 0 || percent > 100 {
		return fmt.Errorf("tv %d: volume %d: not 0 to 100", t.id, percent)
	}
	return t.set(ctx, volume, byte(percent))
}

// Mute switches the sound off or on again.
func (t *TV) Mute(ctx context.Context, off bool) error {
	if off {
		return t.set(ctx, mute, 1)
	}
	return t.set(ctx, mute, 0)
}

// set sends a value and wants it back.
func (t *TV) set(ctx context.Context, command, value byte) error {
	got, err := t.ask(ctx, command, value)
	if err != nil {
		return err
	}
	if got != value {
		return t.other(command, value, got)
	}
	return nil
}

func (t *TV) other(command, value, got byte) error {
	return fmt.Errorf("tv %d: %02x %02x: acknowledged %02x: %w", t.id, command, value, got, hal.ErrGarbled)
}

// ask sends a command, with a value or without, and returns the value in the
// answer.
func (t *TV) ask(ctx context.Context, command byte, value ...byte) (byte, error) {
	if t.id < 0 || t.id > MaxID {
		return 0, fmt.Errorf("tv: id %d: not 0 to %d", t.id, MaxID)
	}
	req := append([]byte{header, command, byte(t.id), byte(len(value))}, value...)
	req = append(req, sum(req[1:]))
	var a answer
	_, err := t.line.Exchange(ctx, req, func(b []byte) (n int, err error) {
		a, n, err = scan(b, command, byte(t.id))
		return n, err
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("tv %d: %02x % x: %w", t.id, command, value, err)
	case !a.ok:
		return 0, fmt.Errorf("tv %d: %02x % x: N, reason %02x: %w", t.id, command, value, a.value, hal.ErrRefused)
	}
	return a.value, nil
}

func sum(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}

// answer is the content of one frame of the display.
type answer struct {
	ok    bool
	value byte
}

// minData is "A", the command and one byte.
const minData = 3

// scan looks for the answer to command. It returns how many bytes it took, 0
// while the end is missing. Noise, frames of other displays and answers to other
// commands, which come late, are passed over; a broken frame is garbled.
func scan(b []byte, command, id byte) (answer, int, error) {
	for at := 0; at < len(b); at++ {
		if b[at] != header || at+1 < len(b) && b[at+1] != fromThem {
			continue
		}
		f := b[at:]
		if len(f) < 4 || len(f) < 5+int(f[3]) {
			return answer{}, 0, nil
		}
		f = f[:5+int(f[3])]
		if f[3] < minData || sum(f[1:len(f)-1]) != f[len(f)-1] || f[4] != yes && f[4] != no {
			return answer{}, 0, fmt.Errorf("answer % X: %w", f[:min(len(f), 32)], hal.ErrGarbled)
		}
		at += len(f) - 1
		if f[2] == id && f[5] == command {
			return answer{ok: f[4] == yes, value: f[6]}, at + 1, nil
		}
	}
	return answer{}, 0, nil
}
