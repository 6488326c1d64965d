// Package gpioline drives single GPIO lines: lines of this machine's kernel
// through the GPIO v2 character device, or lines of another process through a
// pin server on a Unix socket. Which of the two is a name in the configuration,
// "/dev/gpiochip0" or "unix:/run/stationbox/pins.sock"; a Pin behaves the same.
//
// It promises that an output has its first level from the very request, with no
// other level before it; that reading an output never disturbs it; that edges
// carry the time and the number they got where they happened; and that every
// call ends: at once in the kernel, within CallTimeout on a pin server. It never
// guesses a level: Pin.Level returns an error where it does not know.
//
// What an output does when things go wrong is written at Pin.Out. Software
// cannot promise a level after its own death, so everything that must fall off
// needs hardware that does so without a live signal; see package contactor.
//
// # Kernel
//
// Include file linux/gpio.h, "v2" structures, Linux 5.10 or newer. One line
// handle a pin: GPIO_V2_GET_LINE_IOCTL carries direction, bias, edges, debounce
// and the first level in one step.
//
// # Pin server
//
// Text lines over a Unix stream socket, one reply a request, in order:
//
//	-> hello 1 CONSUMER                                  <- ok
//	-> out PIN 0|1                                       <- ok
//	-> in PIN up|down|off none|rise|fall|both DEBOUNCE_US <- ok
//	-> get PIN [PIN …]                                   <- ok 0 1 …
//	-> free PIN                                          <- ok
//	   any request may get                               <- err busy|unknown PIN TEXT, err bad TEXT
//	   at any time between                               <- edge PIN 0|1 MONO_NS SEQ
//
// When the connection ends the server releases its lines. The Bank dials again
// by itself and asks for its inputs again; see Pin.Restore for outputs.
package gpioline

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"stationbox/hal"
	"stationbox/hal/ioctl"
)

// CallTimeout bounds every call to a pin server. A call that takes longer
// returns hal.ErrSilent.
const CallTimeout = 250 * time.Millisecond

// serverPrefix marks the name of a pin server.
const serverPrefix = "unix:"

// Bank is an open chip or pin server and hands out its lines. Its methods may be
// called from several goroutines.
type Bank struct {
	chip string
	back backend

	mu     sync.Mutex
	pins   map[string]*Pin
	closed bool
}

// backend is one of the two places where lines live.
type backend interface {
	// line returns the line called name and its number, -1 if it has none.
	line(name string, q *queue) (line, int, error)
	// state is nil while calls can be expected to work.
	state() error
	// close releases what is left and waits for its goroutines.
	close() error
}

// Open opens chip, "/dev/gpiochipN" or "unix:PATH", for consumer, a short name
// under which others see who holds a line. It tries once, within ctx and at most
// CallTimeout; nothing is requested and no level changes yet. A chip that is not
// there is hal.ErrGone. The caller closes the Bank.
//
// A pin server that goes away later is dialled again in the background, 50 ms to
// 2 s apart, until Close; meanwhile every call returns hal.ErrGone. A chip of the
// kernel that goes away stays gone.
func Open(ctx context.Context, chip, consumer string) (*Bank, error) {
	back, err := openBackend(ctx, chip, consumer)
	if err != nil {
		return nil, fmt.Errorf("gpio %s: %w", chip, err)
	}
	return newBank(chip, back), nil
}

func openBackend(ctx context.Context, chip, consumer string) (backend, error) {
	if !validName(consumer) {
		return nil, fmt.Errorf("consumer %q: want 1 to %d letters without spaces", consumer, maxName)
	}
	if path, ok := strings.CutPrefix(chip, serverPrefix); ok {
		return openRemote(ctx, path, consumer)
	}
	return openKernel(chip, consumer, ioctl.Do[uintptr])
}

func newBank(chip string, back backend) *Bank {
	return &Bank{chip: chip, back: back, pins: make(map[string]*Pin)}
}

// maxName is the length of names in the kernel, less the closing zero.
const maxName = 31

// validName tells whether name can be sent as one word to kernel and server.
func validName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}

// Pin returns the line called name, like "GPIO17". It requests nothing: the
// first In or Out does. The same name gives the same Pin. A name that the kernel
// does not know is hal.ErrGone here; a pin server says so at the first In or Out.
//
// A kernel line is found by its name; where the chip leaves it unnamed, or is a
// Raspberry Pi's own, "GPIO17" is line 17.
func (b *Bank) Pin(name string) (*Pin, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, fmt.Errorf("gpio %s %s: bank closed: %w", b.chip, name, hal.ErrGone)
	}
	if p, ok := b.pins[name]; ok {
		return p, nil
	}
	if !validName(name) {
		return nil, fmt.Errorf("gpio %s %q: not a pin name", b.chip, name)
	}
	q := newQueue()
	l, number, err := b.back.line(name, q)
	if err != nil {
		return nil, fmt.Errorf("gpio %s %s: %w", b.chip, name, err)
	}
	p := &Pin{name: name, number: number, chip: b.chip, line: l, queue: q}
	b.pins[name] = p
	return p, nil
}

// State is nil while the chip or the pin server is there, else why not, wrapping
// hal.ErrGone, hal.ErrSilent or hal.ErrGarbled.
func (b *Bank) State() error {
	if err := b.back.state(); err != nil {
		return fmt.Errorf("gpio %s: %w", b.chip, err)
	}
	return nil
}

// String returns the name with which the Bank was opened.
func (b *Bank) String() string { return b.chip }

// Close releases every line and ends every waiting WaitForEdge; calls after it
// return hal.ErrGone. Outputs are let go at the level they have, so their owners
// set the safe level before: a pin server then pulls them down, a mainline
// kernel too, but a Raspberry Pi OS kernel without strict_gpiod keeps the level.
func (b *Bank) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	pins := make([]*Pin, 0, len(b.pins))
	for _, p := range b.pins {
		pins = append(pins, p)
	}
	b.mu.Unlock()

	var first error
	for _, p := range pins {
		if err := p.line.close(); err != nil && first == nil {
			first = err
		}
		p.queue.reset()
	}
	if err := b.back.close(); err != nil && first == nil {
		first = err
	}
	if first != nil {
		return fmt.Errorf("gpio %s: close: %w", b.chip, first)
	}
	return nil
}
