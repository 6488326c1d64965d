// Package wire holds the wires of the simulated station: pseudo terminals for
// serial lines, TCP listeners, and the pin server that stands for the GPIO
// lines of another process. Each can be unplugged and plugged in again. It
// carries bytes and levels and knows no device and no protocol beyond the pin
// server's own lines of text.
package wire

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Fault is a way in which a wire or the device behind it misbehaves.
type Fault string

// The faults every wire knows.
const (
	None      Fault = "none"
	Silent    Fault = "silent"    // nothing is sent
	Late      Fault = "late"      // all is sent, LateBy too late
	Garbled   Fault = "garbled"   // some bits are wrong
	Cut       Fault = "cut"       // ends in the middle of a frame
	Unplugged Fault = "unplugged" // the wire itself is gone
)

// LateBy is how late a Late wire is.
const LateBy = 1500 * time.Millisecond

// Faults returns the names of the faults every wire knows, None first.
func Faults() []string {
	return []string{string(None), string(Silent), string(Late), string(Garbled), string(Cut), string(Unplugged)}
}

// ParseFault returns the fault called name; the error lists the known ones.
func ParseFault(name string) (Fault, error) {
	for _, f := range Faults() {
		if f == name {
			return Fault(f), nil
		}
	}
	return None, fmt.Errorf("fault %q: not one of %s", name, strings.Join(Faults(), ", "))
}

// Spoil returns what is left of frame under f: nothing when silent, a copy with
// one to three wrong bits when garbled, the first half when cut, else frame.
func (f Fault) Spoil(frame []byte, rng *rand.Rand) []byte {
	switch f {
	case Silent, Unplugged:
		return nil
	case Cut:
		return frame[:len(frame)/2]
	case Garbled:
		return garble(frame, rng)
	}
	return frame
}

func garble(frame []byte, rng *rand.Rand) []byte {
	if len(frame) == 0 {
		return frame
	}
	out := append([]byte(nil), frame...)
	for range 1 + rng.IntN(3) {
		out[rng.IntN(len(out))] ^= 1 << rng.IntN(8)
	}
	return out
}
