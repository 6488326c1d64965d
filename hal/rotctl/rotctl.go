// Package rotctl speaks the language of Hamlib's rotctld over TCP, both ways: Client
// drives a motorised mount that a rotctld elsewhere has, Serve is the face of a rotctld
// for programs that know one (gpredict, rotctl -m 2), with a mount of ours behind it.
//
// It promises that every call ends at its context or after Opts.Timeout; that after a
// call that failed on the way the connection is dropped, so that a late reply can never
// be taken for the answer to another question; and that a reply which is not to what was
// asked, is cut off or has no number where one belongs is hal.ErrGarbled. It never moves
// anything by itself, and it decides nothing: limits and safety belong to who calls.
//
// A request is one letter or a name behind a backslash, then its arguments; "+" before it
// asks for the extended reply, which names what was asked and always ends in RPRT:
//
//	p                 12.27\n45.00\n              or  RPRT -6\n
//	+\get_pos         get_pos:\nAzimuth: 12.27\nElevation: 45.00\nRPRT 0\n
//	+\set_pos 180 45  set_pos: 180 45\nRPRT 0\n
//	;p                get_pos:;Azimuth: 12.27;Elevation: 45.00;RPRT 0\n
//
// Source: rotctld(1) of Hamlib 4.6.2 and a transcript of it (testdata); tried against the
// programs rotctld and rotctl of Hamlib 4.5.4. Not tried with a motor.
package rotctl

import (
	"errors"
	"fmt"
	"math"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// Position is where a mount points.
type Position struct {
	Azimuth   physic.Angle // from true north, clockwise; mounts reach -180° … 450°
	Elevation physic.Angle
}

// Limits are how far a mount goes on each axis.
type Limits struct{ Low, High Position }

// Holds says whether p is within l.
func (l Limits) Holds(p Position) bool {
	return p.Azimuth >= l.Low.Azimuth && p.Azimuth <= l.High.Azimuth &&
		p.Elevation >= l.Low.Elevation && p.Elevation <= l.High.Elevation
}

// Direction is a way to move without a goal.
type Direction int

// The directions, as Hamlib numbers them.
const (
	Up    Direction = 2
	Down  Direction = 4
	Left  Direction = 8 // counter-clockwise
	Right Direction = 16
)

func (d Direction) known() bool { return d == Up || d == Down || d == Left || d == Right }

// Degrees makes an angle of a number that was read; NaN and what no mount reaches are
// false.
func Degrees(v float64) (physic.Angle, bool) {
	if !(math.Abs(v) <= 720) {
		return 0, false
	}
	return physic.Angle(math.Round(v * float64(physic.Degree))), true
}

func inDegrees(a physic.Angle) float64 { return float64(a) / float64(physic.Degree) }

// ErrLimit means that a mount does not go there. It is hal.ErrRefused too.
var ErrLimit = fmt.Errorf("beyond the limits of the mount: %w", hal.ErrRefused)

// Code is Hamlib's number of an error, without its sign.
type Code int

// The codes that a mount was seen to give or that Serve gives.
const (
	codeInvalid  Code = 1
	codeTimeout  Code = 5
	codeIO       Code = 6
	codeInternal Code = 7
	codeProtocol Code = 8
	codeRejected Code = 9
	codeTruncate Code = 10
	codeBusError Code = 13
	codeSecurity Code = 19
	codeLimit    Code = 21
	lastCode     Code = 99
)

// Error says what rotctld said.
func (c Code) Error() string { return fmt.Sprintf("RPRT -%d", int(c)) }

// Unwrap returns which of hal's errors c is, ErrLimit for a position out of reach.
func (c Code) Unwrap() error {
	switch c {
	case codeTimeout:
		return hal.ErrSilent
	case codeIO, codeBusError:
		return hal.ErrGone
	case codeProtocol, codeTruncate:
		return hal.ErrGarbled
	case codeSecurity:
		return hal.ErrAuth
	case codeLimit:
		return ErrLimit
	}
	return hal.ErrRefused
}

// codeOf is the number that says err best.
func codeOf(err error) Code {
	var c Code
	switch {
	case errors.As(err, &c):
		return c
	case errors.Is(err, ErrLimit):
		return codeLimit
	case errors.Is(err, hal.ErrSilent):
		return codeTimeout
	case errors.Is(err, hal.ErrGone):
		return codeIO
	case errors.Is(err, hal.ErrGarbled):
		return codeProtocol
	case errors.Is(err, hal.ErrAuth):
		return codeSecurity
	case errors.Is(err, hal.ErrRefused):
		return codeRejected
	}
	return codeInternal
}
