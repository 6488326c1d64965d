package machine

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"stationbox/hal/sim/wire"
)

// Beat is how often the canary sings.
const Beat = 5 * time.Millisecond

// Canary sends the time through a pty of its own and sees how late it arrives:
// the kernel's workers carry a pty's bytes, and on a machine without time they
// are late for the front ends too, which no front end can notice.
type Canary struct {
	// Late is when and by how much.
	Late  Delays
	line  *wire.PTY
	ear   *os.File
	now   func() time.Time
	start time.Time
}

// NewCanary opens the pty and links it at a path. Sing and Listen must both be
// run; the pty is closed with them.
func NewCanary(link string, now func() time.Time) (*Canary, error) {
	line, err := wire.OpenPTY(link)
	if err != nil {
		return nil, fmt.Errorf("canary: %w", err)
	}
	ear, err := os.OpenFile(link, os.O_RDONLY, 0)
	if err != nil {
		_ = line.Close()
		return nil, fmt.Errorf("canary: %w", err)
	}
	return &Canary{line: line, ear: ear, now: now, start: now()}, nil
}

// Sing writes until ctx ends, then closes the line.
func (c *Canary) Sing(ctx context.Context) {
	tick := time.NewTicker(Beat)
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
		c.Late.Note(now, now.Sub(last)-Beat)
		last = now
		_, _ = c.line.Write(binary.LittleEndian.AppendUint64(nil, uint64(now.Sub(c.start)))) // a lost beat shows as a gap
	}
}

// Listen reads until the line is closed.
func (c *Canary) Listen() {
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
		c.Late.Note(now, now.Sub(c.start)-time.Duration(binary.LittleEndian.Uint64(b[:])))
	}
}
