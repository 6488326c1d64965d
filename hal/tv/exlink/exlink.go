// Package exlink drives a Samsung consumer television by ExLink: RS-232 at 9600
// baud 8N1 through a 3.5 mm jack or Samsung's own USB adapter. Seven bytes a
// command, the last one making the sum zero, and an answer that says yes or no
// and nothing else.
//
//	we:  08 22 00 00 00 02 D4    power on; ..01 D5 standby; a discrete command, no toggle
//	     08 22 0A 00 05 00 C7    HDMI 1
//	set: 03 0C F1                done, sometimes with one more byte, FF or 00
//	     03 0C FF                not done
//
// There is no status: what the set shows cannot be asked. So State is
// DisplayUnknown with hal.ErrSilent, unless Opts.Probe is set. The question that
// Probe sends (08 22 F0 00 00 00 E6) is answered yes by sets that are on and no by
// sets that are not, on the models somebody tried; others refuse or do not know
// it. Try it on the model, in both states, before it is switched on; with or
// without, only the measured current proves anything.
//
// Source: the frames and codes that public clients agree on (mgoff/go-samsung-exlink,
// raydog153/samsung_remote_rs232, tested by their authors with LN52A750, UN40H5203);
// HDMI 3 and 4 from one of them only. There is no public specification. Not tried
// with a television yet.
package exlink

import (
	"bytes"
	"context"
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

// Opts are the optional settings of a TV.
type Opts struct {
	// Probe lets State ask the status question: yes is DisplayOn, no is
	// hal.ErrRefused, silence is hal.ErrSilent.
	Probe bool
	// RefusalIsStandby makes a no to the status question DisplayStandby. Only for
	// a model that was seen to do so.
	RefusalIsStandby bool
}

// TV is one set. Its methods may be called from several goroutines if its
// Exchanger allows that.
//
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, or
// hal.ErrRefused when the set says no.
type TV struct {
	line Exchanger
	opts Opts
}

// New returns the set at the end of line.
func New(line Exchanger, o Opts) *TV { return &TV{line: line, opts: o} }

// command is the four bytes that differ.
type command [4]byte

var (
	powerOn  = command{0x00, 0, 0, 2}
	powerOff = command{0x00, 0, 0, 1}
	status   = command{0xF0, 0, 0, 0}
)

// State tells whether the set is on, as far as that can be known; see Opts. With
// an error the state is DisplayUnknown.
func (t *TV) State(ctx context.Context) (hal.DisplayState, error) {
	if !t.opts.Probe {
		return hal.DisplayUnknown, fmt.Errorf("tv: no status by ExLink: %w", hal.ErrSilent)
	}
	err := t.send(ctx, status)
	switch {
	case err == nil:
		return hal.DisplayOn, nil
	case t.opts.RefusalIsStandby && errors.Is(err, hal.ErrRefused):
		return hal.DisplayStandby, nil
	}
	return hal.DisplayUnknown, err
}

// PowerOn switches the set on. No error means that it said yes. Many sets are
// silent in standby and obey all the same.
func (t *TV) PowerOn(ctx context.Context) error { return t.send(ctx, powerOn) }

// PowerOff switches the set to standby.
func (t *TV) PowerOff(ctx context.Context) error { return t.send(ctx, powerOff) }

// Input selects "hdmi1" to "hdmi4", "av", "component", "pc" or "tv".
func (t *TV) Input(ctx context.Context, input string) error {
	var kind, number byte
	switch in := strings.ToLower(input); in {
	case "hdmi1", "hdmi2", "hdmi3", "hdmi4":
		kind, number = 5, in[4]-'1'
	case "av":
		kind = 1
	case "component":
		kind = 3
	case "pc":
		kind = 4
	case "tv":
	default:
		return fmt.Errorf("tv: input %q: not hdmi1 to hdmi4, av, component, pc or tv", input)
	}
	return t.send(ctx, command{0x0A, 0, kind, number})
}

// Volume sets the volume, 0 to 100.
func (t *TV) Volume(ctx context.Context, percent int) error {
	if percent < 0 || percent > 100 {
		return fmt.Errorf("tv: volume %d: not 0 to 100", percent)
	}
	return t.send(ctx, command{0x01, 0, 0, byte(percent)})
}

func (t *TV) send(ctx context.Context, c command) error {
	req := []byte{0x08, 0x22, c[0], c[1], c[2], c[3], 0}
	for _, b := range req[:6] {
		req[6] -= b
	}
	if _, err := t.line.Exchange(ctx, req, answer); err != nil {
		return fmt.Errorf("tv: % X: %w", req, err)
	}
	return nil
}

// answer looks for yes or no. Sets put noise before it, as it comes from the
// remote control's receiver.
func answer(b []byte) (int, error) {
	at := bytes.Index(b, []byte{0x03, 0x0C})
	if at < 0 || len(b) < at+3 {
		return 0, nil
	}
	switch b[at+2] {
	case 0xF1:
		return at + 3, nil
	case 0xFF:
		return 0, fmt.Errorf("answer % X: %w", b[at:at+3], hal.ErrRefused)
	}
	return 0, fmt.Errorf("answer % X: %w", b[at:at+3], hal.ErrGarbled)
}
