// Package lg drives an LG television over RS-232 at 9600 baud 8N1 (null-modem
// cable). It tells what the set says of itself, never what was last sent, and
// never sends to all sets at once, because those commands are not answered.
//
//	we:  k a SP 0 1 SP F F CR          two letters, set id, data in hex
//	set: a SP 0 1 SP O K 0 1 x         second letter, set id, OK or NG, data
//
// Many sets do not answer in standby, and a serial adapter in the set's own USB
// port works only while it is on: silence is hal.ErrSilent, and what it means is
// for the caller to decide. While a set plays from USB it refuses all but power.
// Answers carry no number: one that comes after its time may be taken for the
// answer to the same question asked again, so a state is as old as the call before.
//
// Source: external control chapter of LG owner's manuals (for instance
// 55LV5400); input codes 90 to 92 with xb, 08 and 09 with kb on older sets.
package lg

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"stationbox/hal"
)

// Exchanger sends a request and collects the bytes that come back until done is
// content; *line.Port is one.
type Exchanger interface {
	Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error)
}

// TV is one set. Its methods may be called from several goroutines if its
// Exchanger allows that.
//
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, or
// hal.ErrRefused when the set answers NG.
type TV struct {
	line Exchanger
	id   int
}

// New returns the set with id setID, 1 to 99, at the end of line. Another id
// makes every call fail.
func New(line Exchanger, setID int) *TV { return &TV{line: line, id: setID} }

// query asks for the present value instead of setting one.
const query = 0xFF

// State asks whether the set is on or in standby. With an error the state is
// DisplayUnknown.
func (t *TV) State(ctx context.Context) (hal.DisplayState, error) {
	v, err := t.ask(ctx, "ka", query)
	if err != nil {
		return hal.DisplayUnknown, err
	}
	switch v {
	case 0:
		return hal.DisplayStandby, nil
	case 1:
		return hal.DisplayOn, nil
	}
	return hal.DisplayUnknown, fmt.Errorf("tv %d: power %#02x: %w", t.id, v, hal.ErrGarbled)
}

// PowerOn switches the set on. No error means accepted, not on: ask State.
func (t *TV) PowerOn(ctx context.Context) error { return t.set(ctx, "ka", 1) }

// PowerOff switches the set to standby. No error means accepted.
func (t *TV) PowerOff(ctx context.Context) error { return t.set(ctx, "ka", 0) }

// Input selects "hdmi1", "hdmi2" or "hdmi3". A set that refuses the newer
// command is asked by the older one, which knows two inputs.
func (t *TV) Input(ctx context.Context, input string) error {
	newer, older, err := t.codes(input)
	if err != nil {
		return err
	}
	err = t.set(ctx, "xb", newer)
	if errors.Is(err, hal.ErrRefused) && older != 0 {
		return t.set(ctx, "kb", older)
	}
	return err
}

// Shows asks for the input now selected and says whether it is that one, named as
// Input takes it, and its name, or its code where it has none here. A set that
// refuses the newer question is asked by the older one.
func (t *TV) Shows(ctx context.Context, input string) (shown bool, is string, err error) {
	newer, older, err := t.codes(input)
	if err != nil {
		return false, "", err
	}
	want := newer
	got, err := t.ask(ctx, "xb", query)
	if errors.Is(err, hal.ErrRefused) && older != 0 {
		want = older
		got, err = t.ask(ctx, "kb", query)
	}
	if err != nil {
		return false, "", err
	}
	is = fmt.Sprintf("%02x", got)
	for _, name := range []string{"hdmi1", "hdmi2", "hdmi3"} {
		if n, o, _ := t.codes(name); got == n || o != 0 && got == o {
			is = name
		}
	}
	return got == want, is, nil
}

// codes are those of an input in the newer and in the older command, 0 for none.
func (t *TV) codes(input string) (newer, older byte, err error) {
	switch strings.ToLower(input) {
	case "hdmi1":
		return 0x90, 0x08, nil
	case "hdmi2":
		return 0x91, 0x09, nil
	case "hdmi3":
		return 0x92, 0, nil
	}
	return 0, 0, fmt.Errorf("tv %d: input %q: not hdmi1 to hdmi3", t.id, input)
}

// Volume sets the volume, 0 to 100.
func (t *TV) Volume(ctx context.Context, percent int) error {
	if percent < 0 || percent > 100 {
		return fmt.Errorf("tv %d: volume %d: not 0 to 100", t.id, percent)
	}
	return t.set(ctx, "kf", byte(percent))
}

// Mute switches the sound off or on again.
func (t *TV) Mute(ctx context.Context, mute bool) error {
	if mute {
		return t.set(ctx, "ke", 0)
	}
	return t.set(ctx, "ke", 1)
}

// set sends a value and wants it back.
func (t *TV) set(ctx context.Context, command string, value byte) error {
	got, err := t.ask(ctx, command, value)
	if err != nil {
		return err
	}
	if got != value {
		return fmt.Errorf("tv %d: %s %02x: acknowledged %02x: %w", t.id, command, value, got, hal.ErrGarbled)
	}
	return nil
}

func (t *TV) ask(ctx context.Context, command string, value byte) (byte, error) {
	if t.id < 1 || t.id > 99 {
		return 0, fmt.Errorf("tv: set id %d: not 1 to 99", t.id)
	}
	var a answer
	req := fmt.Sprintf("%s %02x %02x\r", command, t.id, value)
	_, err := t.line.Exchange(ctx, []byte(req), func(b []byte) (n int, err error) {
		a, n, err = scan(b, command[1], byte(t.id))
		return n, err
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("tv %d: %s %02x: %w", t.id, command, value, err)
	case !a.ok:
		return 0, fmt.Errorf("tv %d: %s %02x: NG%02x: %w", t.id, command, value, a.data, hal.ErrRefused)
	}
	return a.data, nil
}

// answer is the content of one line of the set.
type answer struct {
	ok   bool
	data byte
}

// scan looks for the answer to the command that ends in letter. It returns how
// many bytes it took, 0 while the end is missing. Answers to other commands,
// which come late, are passed over; a line that is no answer at all is garbled.
func scan(b []byte, letter, id byte) (answer, int, error) {
	for at := 0; ; {
		end := bytes.IndexByte(b[at:], 'x')
		if end < 0 {
			return answer{}, 0, nil
		}
		line := bytes.ToUpper(bytes.Trim(b[at:at+end], "\x00\r\n "))
		at += end + 1
		from, who, a, err := parse(line)
		if err != nil {
			return answer{}, 0, err
		}
		if from == letter&^0x20 && who == id {
			return a, at, nil
		}
	}
}

// parse takes "A 01 OK01" apart.
func parse(line []byte) (letter, id byte, a answer, err error) {
	garbled := fmt.Errorf("answer %.32q: %w", line, hal.ErrGarbled)
	if len(line) != len("A 01 OK01") || line[1] != ' ' || line[4] != ' ' {
		return 0, 0, answer{}, garbled
	}
	word := string(line[5:7])
	var v [2]byte // set id and data
	_, idErr := hex.Decode(v[:1], line[2:4])
	_, dataErr := hex.Decode(v[1:], line[7:9])
	if word != "OK" && word != "NG" || idErr != nil || dataErr != nil {
		return 0, 0, answer{}, garbled
	}
	return line[0], v[0], answer{ok: word == "OK", data: v[1]}, nil
}
