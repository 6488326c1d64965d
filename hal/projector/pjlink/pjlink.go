// Package pjlink drives a projector over the network by PJLink, class 1 and 2. It
// tells what the projector says of itself, never what was last sent. A call is
// one short connection with one command, because projectors drop idle ones, and
// because some want the password's digest before every command and others only
// before the first: with one command both are served. A call is bounded in time
// and in bytes. It never repeats a command by its own will: only a connection
// that was closed before the answer is tried once more.
//
// On TCP port 4352, lines end with CR:
//
//	projector: PJLINK 0                  or  PJLINK 1 498e4a67
//	we:        %1POWR ?                  or  <md5 of 498e4a67 and password>%1POWR ?
//	projector: %1POWR=1                  or  %1POWR=ERR3, PJLINK ERRA
//
// On UDP port 4352, class 2 only, see Listener:
//
//	we:        %2SRCH                    projector: %2ACKN=00:0b:5d:01:02:03
//	projector: %2LKUP=00:0b:5d:01:02:03  %2ERST=000000  %2POWR=1  %2INPT=31
//
// Source: PJLink Specifications class 1 version 1.04 and class 2 version 2.00,
// JBMIA. What public clients met besides, and what is borne here: notices such
// as %2LKUP=… before the answer, NUL or LF after CR, letters in either case, a
// connection closed before the answer. Not verified on a projector: that the
// answer to a command of class 2 may bear class 1.
package pjlink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stationbox/hal"
	"stationbox/hal/projector/internal/netcall"
)

// Opts are the optional settings of a Projector.
type Opts struct {
	// Password is asked for by some projectors; at most 32 characters.
	Password string
	// Timeout bounds one connection from dial to answer; 0 means 2 s, in which a
	// projector has to answer by its specification. A call may take two of them.
	Timeout time.Duration
	// Dial makes a connection; nil means net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Projector is a projector on the network. Its methods may be called from
// several goroutines, but few projectors serve two connections at a time.
//
// Errors of all methods: hal.ErrSilent when nothing came back in time,
// hal.ErrGone when there is no connection, hal.ErrGarbled, hal.ErrAuth, or
// Refusal, which is hal.ErrRefused.
type Projector struct {
	addr string
	opts Opts
}

// New returns the projector at addr, "host:port" or "host" for port 4352.
// Nothing is sent before the first call.
func New(addr string, o Opts) *Projector {
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return &Projector{addr: netcall.Address(addr, "4352"), opts: o}
}

// Refusal is an error answer of the projector, 1 to 4. It is hal.ErrRefused.
type Refusal uint8

// The refusals of PJLink.
const (
	Undefined   Refusal = 1 // ERR1: it does not have this command
	OutOfRange  Refusal = 2 // ERR2: it does not have this parameter
	Unavailable Refusal = 3 // ERR3: not now, for instance in warm-up, cooling or standby
	Failure     Refusal = 4 // ERR4: the projector or its display has failed
)

// Error says what the refusal means.
func (r Refusal) Error() string {
	text := [...]string{1: "undefined command", 2: "parameter out of range", 3: "not available now", 4: "projector failure"}
	if int(r) < len(text) && r > 0 {
		return fmt.Sprintf("%v: %s (ERR%d)", hal.ErrRefused, text[r], r)
	}
	return fmt.Sprintf("%v (ERR%d)", hal.ErrRefused, r)
}

// Unwrap returns hal.ErrRefused.
func (r Refusal) Unwrap() error { return hal.ErrRefused }

// State asks for the power state: standby, on, cooling or warming; DisplayFault
// when the projector answers that it has failed (ERR4). With an error the state
// is DisplayUnknown.
func (p *Projector) State(ctx context.Context) (hal.DisplayState, error) {
	v, err := p.ask(ctx, class1, "POWR", "?")
	var r Refusal
	if errors.As(err, &r) && r == Failure {
		return hal.DisplayFault, nil
	}
	if err != nil {
		return hal.DisplayUnknown, err
	}
	if s := parsePower(v); s != hal.DisplayUnknown {
		return s, nil
	}
	return hal.DisplayUnknown, p.garbled("POWR", v)
}

// parsePower returns the state of a POWR digit, DisplayUnknown for any other.
func parsePower(v string) hal.DisplayState {
	switch v {
	case "0":
		return hal.DisplayStandby
	case "1":
		return hal.DisplayOn
	case "2":
		return hal.DisplayCooling
	case "3":
		return hal.DisplayWarming
	}
	return hal.DisplayUnknown
}

// PowerOn strikes the lamp. No error means that the command was accepted, not
// that there is light: ask State. While cooling most projectors refuse with
// Unavailable. A lost connection leaves open whether the command arrived.
func (p *Projector) PowerOn(ctx context.Context) error { return p.set(ctx, class1, "POWR", "1") }

// PowerOff starts cooling. No error means that the command was accepted, not
// that the lamp is cold: ask State. A lost connection leaves open whether the
// command arrived.
func (p *Projector) PowerOff(ctx context.Context) error { return p.set(ctx, class1, "POWR", "0") }

// Input selects an input by its neutral name, "hdmi1", "hdmi2", "hdmi3", "vga1",
// "vga2", "video1", "video2", "usb1" or "lan1", or by PJLink's own code: kind 1
// RGB, 2 video, 3 digital, 4 storage, 5 network or 6 internal, and number 1 to 9
// or A to Z, for instance "31". Makers number their sockets as they like: where
// "hdmi1" is not 31, Inputs and InputName tell the code.
func (p *Projector) Input(ctx context.Context, input string) error {
	code, err := p.code(input)
	if err != nil {
		return err
	}
	return p.set(ctx, class1, "INPT", code)
}

// Shows asks for the input now selected and says whether it is that one, named as
// Input takes it, and its code. Most projectors refuse in standby.
func (p *Projector) Shows(ctx context.Context, input string) (shown bool, is string, err error) {
	code, err := p.code(input)
	if err != nil {
		return false, "", err
	}
	is, err = p.Source(ctx)
	return err == nil && is == code, is, err
}

func (p *Projector) code(input string) (string, error) {
	code, ok := codes[strings.ToLower(input)]
	if !ok {
		code = strings.ToUpper(input)
	}
	if !validInput(code) {
		return "", fmt.Errorf("projector %s: input %q: neither a name such as hdmi1 nor a code such as 31", p.addr, input)
	}
	return code, nil
}

// codes are the neutral names of inputs.
var codes = map[string]string{
	"vga1": "11", "vga2": "12", "video1": "21", "video2": "22",
	"hdmi1": "31", "hdmi2": "32", "hdmi3": "33", "usb1": "41", "lan1": "51",
}

// Source returns the input now selected. Most projectors refuse in standby.
func (p *Projector) Source(ctx context.Context) (string, error) {
	v, err := p.ask(ctx, class1, "INPT", "?")
	if err != nil {
		return "", err
	}
	if v = strings.ToUpper(v); !validInput(v) {
		return "", p.garbled("INPT", v)
	}
	return v, nil
}

func validInput(s string) bool {
	return len(s) == 2 && s[0] >= '1' && s[0] <= '6' &&
		(s[1] >= '1' && s[1] <= '9' || s[1] >= 'A' && s[1] <= 'Z')
}

// Level is how bad a part is.
type Level uint8

// The levels of a part.
const (
	OK Level = iota
	Warning
	Failed
)

// Errors are the parts a projector watches.
type Errors struct {
	Fan, Lamp, Temperature, Cover, Filter, Other Level
}

// Any says whether a part has failed; warnings do not count.
func (e Errors) Any() bool {
	return max(e.Fan, e.Lamp, e.Temperature, e.Cover, e.Filter, e.Other) == Failed
}

// Errors asks which parts have a warning or have failed.
func (p *Projector) Errors(ctx context.Context) (Errors, error) {
	v, err := p.ask(ctx, class1, "ERST", "?")
	if err != nil {
		return Errors{}, err
	}
	e, ok := parseErrors(v)
	if !ok {
		return Errors{}, p.garbled("ERST", v)
	}
	return e, nil
}

// parseErrors takes "000000" apart.
func parseErrors(v string) (Errors, bool) {
	if len(v) != 6 || strings.Trim(v, "012") != "" {
		return Errors{}, false
	}
	l := func(i int) Level { return Level(v[i] - '0') }
	return Errors{Fan: l(0), Lamp: l(1), Temperature: l(2), Cover: l(3), Filter: l(4), Other: l(5)}, true
}

// LampInfo is one lamp.
type LampInfo struct {
	// Hours is the time it has burnt, 0 to 99999.
	Hours int
	// On says that it burns.
	On bool
}

// Lamp asks for the lamps, at most 8. A projector without a lamp (ERR1) has
// none, which is no error.
func (p *Projector) Lamp(ctx context.Context) ([]LampInfo, error) {
	v, err := p.ask(ctx, class1, "LAMP", "?")
	var r Refusal
	if errors.As(err, &r) && r == Undefined {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	words := strings.Fields(v)
	if len(words) == 0 || len(words)%2 != 0 || len(words) > 16 {
		return nil, p.garbled("LAMP", v)
	}
	lamps := make([]LampInfo, 0, len(words)/2)
	for i := 0; i < len(words); i += 2 {
		hours, err := strconv.ParseUint(words[i], 10, 32)
		if err != nil || hours > 99999 || words[i+1] != "0" && words[i+1] != "1" {
			return nil, p.garbled("LAMP", v)
		}
		lamps = append(lamps, LampInfo{Hours: int(hours), On: words[i+1] == "1"})
	}
	return lamps, nil
}

// Name asks for the name people gave the projector; it may be empty.
func (p *Projector) Name(ctx context.Context) (string, error) {
	return p.text(ctx, class1, "NAME", "?")
}

// text asks for words that people may read.
func (p *Projector) text(ctx context.Context, c class, command, param string) (string, error) {
	v, err := p.ask(ctx, c, command, param)
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
		return "", p.garbled(command, v)
	}
	return v, nil
}

func (p *Projector) set(ctx context.Context, c class, command, param string) error {
	v, err := p.ask(ctx, c, command, param)
	if err != nil {
		return err
	}
	if !strings.EqualFold(v, "OK") {
		return p.garbled(command, v)
	}
	return nil
}

func (p *Projector) garbled(command, v string) error {
	return fmt.Errorf("projector %s: %s=%.32q: %w", p.addr, command, v, hal.ErrGarbled)
}
