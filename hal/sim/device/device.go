// Package device holds the emulated devices of the simulated station: the
// mains front end, the energy meter, the projector, the TV, the keypad with the
// hands on it, the contactor with its relays, lamps and the technician's
// terminal. Each speaks its protocol over a wire with encoders of its own, has
// the quirks that the real ones have, and can be made to fail by name. What is
// physical about it lives in package world.
package device

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/hal/sim/wire"
)

// Device is what every emulated device has in common.
type Device interface {
	Name() string
	// Fault makes the device fail as kind says, until the next call; "none"
	// mends it. A kind not in Kinds is an error that lists them.
	Fault(kind string) error
	Kinds() []string
	FaultName() string
	String() string
}

// Port is the device's end of a serial line; *wire.PTY is one. ReadContext is
// called by one goroutine and survives unplugging.
type Port interface {
	ReadContext(ctx context.Context, b []byte) (int, error)
	Write(b []byte) (int, error)
	Unplug()
	Replug() error
}

// knob is the name of a device and its fault; embedded, it makes a Device of
// anything but for String.
type knob struct {
	name    string
	kinds   []string
	changed func(kind string) error // may be nil; called without the lock

	mu   sync.Mutex
	kind string
}

// newKnob returns a knob that knows "none" and kinds.
func newKnob(name string, changed func(string) error, kinds ...string) knob {
	return knob{name: name, kind: "none", changed: changed, kinds: append([]string{"none"}, kinds...)}
}

// Name returns the scenario's word for the device.
func (k *knob) Name() string { return k.name }

// Kinds returns the faults it knows, "none" first.
func (k *knob) Kinds() []string { return slices.Clone(k.kinds) }

// FaultName returns the fault it has now, "none" for none.
func (k *knob) FaultName() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kind
}

// Fault makes the device fail as kind says, or with "none" mends it.
func (k *knob) Fault(kind string) error {
	if !slices.Contains(k.kinds, kind) {
		return fmt.Errorf("%s: fault %q: not one of %s", k.name, kind, strings.Join(k.kinds, ", "))
	}
	k.mu.Lock()
	k.kind = kind
	k.mu.Unlock()
	if k.changed == nil {
		return nil
	}
	if err := k.changed(kind); err != nil {
		return fmt.Errorf("%s: fault %s: %w", k.name, kind, err)
	}
	return nil
}

// wireFault returns the fault as far as it concerns the wire.
func (k *knob) wireFault() wire.Fault {
	f, err := wire.ParseFault(k.FaultName())
	if err != nil {
		return wire.None
	}
	return f
}

// plug is what a change of fault does to a wire.
func plug(w interface {
	Unplug()
	Replug() error
}) func(kind string) error {
	return func(kind string) error {
		if kind == string(wire.Unplugged) {
			w.Unplug()
			return nil
		}
		return w.Replug()
	}
}

// otherInput is the fault of a display at which somebody chooses another input with
// its remote control. Mending it chooses nothing.
const otherInput = "other_input"

// wireKinds returns the faults of every wire but "none".
func wireKinds() []string { return wire.Faults()[1:] }

// lull is the silence after which a half-received request is forgotten.
const lull = 50 * time.Millisecond

// maxRequest bounds what a serial device collects of one request.
const maxRequest = 512

// serial is a device that answers requests on a serial line.
type serial struct {
	knob
	port Port
	rng  *rand.Rand // of the goroutine in serve
	baud int        // paces the answers; 0: at once
}

// serve collects bytes and hands them to handle, which returns how many it has
// used up and what to answer, until ctx ends or the port is closed.
func (s *serial) serve(ctx context.Context, handle func(got []byte) (used int, answer []byte)) error {
	got := make([]byte, 0, maxRequest)
	var chunk [128]byte
	last := time.Now()
	for {
		n, err := s.port.ReadContext(ctx, chunk[:])
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("%s: %w", s.name, err)
		}
		now := time.Now()
		if now.Sub(last) > lull || len(got)+n > maxRequest {
			got = got[:0]
		}
		last = now
		got = s.answerAll(ctx, append(got, chunk[:n]...), handle)
	}
}

// answerAll answers every whole request in got and returns what is left.
func (s *serial) answerAll(ctx context.Context, got []byte, handle func([]byte) (int, []byte)) []byte {
	for len(got) > 0 {
		used, answer := handle(got)
		if used == 0 {
			break
		}
		got = append(got[:0], got[used:]...)
		s.send(ctx, answer)
	}
	return got
}

// send writes an answer at the pace of the line, as far as the fault lets it.
func (s *serial) send(ctx context.Context, answer []byte) {
	fault := s.wireFault()
	if fault == wire.Late && !sleep(ctx, wire.LateBy) {
		return
	}
	answer = fault.Spoil(answer, s.rng)
	for len(answer) > 0 {
		n := min(len(answer), 8)
		if s.baud > 0 && !sleep(ctx, time.Duration(n)*10*time.Second/time.Duration(s.baud)) {
			return
		}
		if _, err := s.port.Write(answer[:n]); err != nil {
			return // unplugged or not read: lost on the line
		}
		answer = answer[n:]
	}
}

// sleep waits for d and reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
