package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Level is what a circuit outside the box puts on a pin.
type Level uint8

// The levels a circuit can put on a pin.
const (
	Float Level = iota
	Low
	High
)

// Pull is the resistor inside the box at a pin.
type Pull uint8

// The pulls. A line that nobody holds has PullDown.
const (
	PullDown Pull = iota
	PullUp
	PullOff
)

// Drive is what the box does to a pin.
type Drive struct {
	Out  bool // push-pull output
	High bool // level of the output
	Pull Pull // of an input
}

// Circuit is something wired to pins that decides the level of some of them by
// what the box drives on others: a keypad matrix, a contact to ground.
type Circuit interface {
	// Pins returns the pins it is wired to, always the same.
	Pins() []string
	// Resolve fills in what it puts on each pin, in the order of Pins. It is
	// called with the pin server's lock held: it must be quick and must not call
	// the server.
	Resolve(drive []Drive, put []Level)
}

// PinOpts are the options of ListenPins.
type PinOpts struct {
	Lines int // how many pins, GPIO0 on; default 28
	Log   *slog.Logger
}

// Pins is the pin server: GPIO lines for other processes over a Unix socket,
// with the manners of the kernel's line handles.
//
//	client: hello 1 CONSUMER
//	        out PIN 0|1                      request as output, or change it
//	        in PIN up|down|off none|rise|fall|both DEBOUNCE_US
//	        get PIN [PIN …]
//	        free PIN
//	server: ok | ok 0 1 … | err busy PIN TEXT | err unknown PIN TEXT | err bad TEXT
//	        edge PIN 0|1 MONO_NS SEQ         at any time
//
// One answer a line, in order. A line belongs to the connection that asked for
// it; when that ends, its outputs become inputs again, pulled down: off. Edges
// carry CLOCK_MONOTONIC and count from 1 at each request of the pin. A client
// that does not read loses edges, and sees it by the numbers.
type Pins struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	lines  map[string]*line
	ln     *net.UnixListener
	conns  map[*pinConn]struct{}
	again  chan struct{} // closed when ln changes
	closed bool
	fault  Fault
}

// line is one pin; Pins.mu guards it.
type line struct {
	name     string
	owner    *pinConn
	drive    Drive
	rise     bool
	fall     bool
	debounce time.Duration
	put      Level // by the circuit
	level    bool  // electrically
	seen     bool  // after debouncing
	seq      uint64
	timer    *time.Timer
	watchers []func(high bool)
	circuits []*circuit
}

// circuit is a Circuit with its pins looked up.
type circuit struct {
	Circuit
	lines []*line
	drive []Drive
	put   []Level
}

// ListenPins opens the pin server's socket at path, in place of a dead one.
func ListenPins(path string, o PinOpts) (*Pins, error) {
	p := &Pins{
		path: path, log: o.Log, fault: None,
		lines: map[string]*line{}, conns: map[*pinConn]struct{}{}, again: make(chan struct{}),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if o.Lines == 0 {
		o.Lines = 28
	}
	for i := range o.Lines {
		p.line(fmt.Sprintf("GPIO%d", i))
	}
	if err := p.listen(); err != nil {
		return nil, err
	}
	return p, nil
}

// listen opens the socket; p.mu is held or p is not shared yet.
func (p *Pins) listen() error {
	if err := os.Remove(p.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("pins: %w", err)
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("pins: %w", err)
	}
	p.ln = ln
	return nil
}

// line returns the pin called name, new if need be; p.mu is held or p is not
// shared yet.
func (p *Pins) line(name string) *line {
	l, ok := p.lines[name]
	if !ok {
		l = &line{name: name}
		p.lines[name] = l
	}
	return l
}

// Serve answers clients until ctx ends or p is closed, and returns nil when the
// last of its goroutines has ended.
func (p *Pins) Serve(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := context.AfterFunc(ctx, p.hangUp)
	defer stop()
	for {
		c, err := p.accept(ctx)
		if err != nil {
			return nil
		}
		wg.Go(c.write)
		wg.Go(c.read)
	}
}

func (p *Pins) accept(ctx context.Context) (*pinConn, error) {
	for {
		p.mu.Lock()
		ln, again, closed := p.ln, p.again, p.closed
		p.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case closed:
			return nil, net.ErrClosed
		case ln == nil:
			select {
			case <-again:
			case <-ctx.Done():
			}
			continue
		}
		c, err := ln.Accept()
		if err != nil {
			continue
		}
		if pc := p.welcome(ln, c); pc != nil {
			return pc, nil
		}
	}
}

func (p *Pins) welcome(ln *net.UnixListener, c net.Conn) *pinConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln != ln {
		_ = c.Close()
		return nil
	}
	pc := newPinConn(p, c)
	p.conns[pc] = struct{}{}
	return pc
}

// hangUp closes the socket and every connection.
func (p *Pins) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln != nil {
		_ = p.ln.Close()
		p.ln = nil
	}
	for c := range p.conns {
		_ = c.conn.Close()
	}
	p.announce()
}

func (p *Pins) announce() {
	close(p.again)
	p.again = make(chan struct{})
}

// Close ends the server for good.
func (p *Pins) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.hangUp()
	return nil
}

// Name returns "pins".
func (p *Pins) Name() string { return "pins" }

// Kinds returns the faults it knows.
func (p *Pins) Kinds() []string { return Faults() }

// Fault makes the pin server misbehave, or with "none" behave. A kind not in
// Kinds is an error.
func (p *Pins) Fault(kind string) error {
	f, err := ParseFault(kind)
	if err != nil {
		return fmt.Errorf("pins: %w", err)
	}
	p.mu.Lock()
	p.fault = f
	p.mu.Unlock()
	if f == Unplugged {
		p.hangUp()
		return nil
	}
	return p.replug()
}

func (p *Pins) replug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ln != nil || p.closed {
		return nil
	}
	if err := p.listen(); err != nil {
		return err
	}
	p.announce()
	return nil
}

// FaultName returns the fault it has now.
func (p *Pins) FaultName() string { return string(p.faultNow()) }

func (p *Pins) faultNow() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// String describes p.
func (p *Pins) String() string { return "pins at " + p.path + ", fault " + p.FaultName() }

// monotonic returns CLOCK_MONOTONIC in nanoseconds, as the kernel stamps edges.
func monotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return ts.Nano()
}
