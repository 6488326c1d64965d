package faults

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"stationbox/hal/sim/wire"
)

// beat is how often the canary sings.
const beat = 5 * time.Millisecond

// canary sends the time through a pty of its own and sees how late it arrives:
// the kernel's workers carry a pty's bytes, and on a machine without time they
// are late for the front ends too, which no front end can notice.
type canary struct {
	line  *wire.PTY
	ear   *os.File
	now   func() time.Time
	start time.Time
	late  delays
}

// delays remembers when the simulator itself was late, and by how much.
type delays struct {
	mu   sync.Mutex
	list []delay
}

type delay struct {
	at time.Time
	by time.Duration
}

// worthNoting is what is kept, for keepDelays at most.
const (
	worthNoting = 5 * time.Millisecond
	keepDelays  = 256
)

func (d *delays) note(at time.Time, by time.Duration) {
	if by < worthNoting {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.list) == keepDelays {
		d.list = append(d.list[:0], d.list[1:]...)
	}
	d.list = append(d.list, delay{at, by})
}

// worst returns the longest delay that was noted since a time.
func (d *delays) worst(since time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var most time.Duration
	for _, e := range d.list {
		if !e.at.Before(since) {
			most = max(most, e.by)
		}
	}
	return most
}

func newCanary(link string, now func() time.Time) (*canary, error) {
	line, err := wire.OpenPTY(link)
	if err != nil {
		return nil, fmt.Errorf("canary: %w", err)
	}
	ear, err := os.OpenFile(link, os.O_RDONLY, 0)
	if err != nil {
		_ = line.Close()
		return nil, fmt.Errorf("canary: %w", err)
	}
	return &canary{line: line, ear: ear, now: now, start: now()}, nil
}

// sing writes until ctx ends, then closes the line.
func (c *canary) sing(ctx context.Context) {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	last := c.now()
	for {
		select {
		case <-ctx.Done():
			_ = c.line.Close()
			return
		case <-tick.C:
		}
		now := c.now()
		c.late.note(now, now.Sub(last)-beat)
		last = now
		_, _ = c.line.Write(binary.LittleEndian.AppendUint64(nil, uint64(now.Sub(c.start)))) // a lost beat shows as a gap
	}
}

// listen reads until the line is closed.
func (c *canary) listen() {
	defer c.ear.Close()
	var b [8]byte
	for have := 0; ; {
		n, err := c.ear.Read(b[have:])
		if err != nil {
			return
		}
		if have += n; have < len(b) {
			continue
		}
		have = 0
		now := c.now()
		c.late.note(now, now.Sub(c.start)-time.Duration(binary.LittleEndian.Uint64(b[:])))
	}
}

// prick asks the village's pin server for a level again and again, as the guard
// does, and notes how late it answers while nothing is wrong with it.
func (v *rig) prick(ctx context.Context) {
	for ctx.Err() == nil {
		if conn, err := net.Dial("unix", v.wire("pins")); err == nil {
			v.prickOn(ctx, conn)
			_ = conn.Close()
		}
		rest(ctx, 50*time.Millisecond)
	}
}

func (v *rig) prickOn(ctx context.Context, conn net.Conn) {
	in := bufio.NewReader(conn)
	ask := func(text string) error {
		if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(conn, text); err != nil {
			return err
		}
		_, err := in.ReadString('\n')
		return err
	}
	if ask("hello 1 canary") != nil || ask("in "+spareWire+" off none 0") != nil {
		return
	}
	for ctx.Err() == nil {
		begun := v.now()
		if ask("get "+spareWire) != nil {
			return
		}
		if now := v.now(); !v.pinsBad.Load() {
			v.late.note(now, now.Sub(begun))
		}
		rest(ctx, 2*beat)
	}
}
