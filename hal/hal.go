// Package hal holds the words of the physical world that drivers and logic
// share: readings that carry their time, the honest states of a display and
// the ways in which a device can fail to answer. It does nothing itself.
package hal

import (
	"errors"
	"time"
)

// The ways in which a device call fails. A driver wraps one of them with the
// device and what was asked, so that callers can tell them apart with errors.Is
// and people can read the rest.
var (
	// ErrSilent means that nothing came back within the bound.
	ErrSilent = errors.New("no reply")
	// ErrGarbled means that bytes came back which are not a valid reply.
	ErrGarbled = errors.New("garbled reply")
	// ErrRefused means that the device answered and said no, for instance
	// because it is warming up. It is busy or unable, not broken.
	ErrRefused = errors.New("refused by the device")
	// ErrAuth means that the device wants another password.
	ErrAuth = errors.New("wrong password")
	// ErrGone means that the port, the line or the connection itself is not
	// there: an unplugged adapter, a closed socket, an unknown pin.
	ErrGone = errors.New("not connected")
)

// Reading is a value together with the moment at which it was true. The zero
// Reading is unknown: it is never fresh.
type Reading[T any] struct {
	Value T
	At    time.Time
}

// Fresh returns the value and true when it is at most max old at now. A
// missing, old or future reading is unknown and returns the zero value and
// false; callers must treat unknown as unsafe.
func (r Reading[T]) Fresh(now time.Time, max time.Duration) (T, bool) {
	var zero T
	if r.At.IsZero() {
		return zero, false
	}
	if age := now.Sub(r.At); age < 0 || age > max {
		return zero, false
	}
	return r.Value, true
}
