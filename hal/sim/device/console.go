package device

import (
	"context"
	"fmt"
	"sync"
)

// consoleKeeps is how much the terminal scrolls back.
const consoleKeeps = 16 * 1024

// Console is the technician's terminal on a serial line.
type Console struct {
	knob
	port Port

	state sync.Mutex
	text  []byte
	count int64 // bytes shown since the beginning
}

// NewConsole returns a terminal at port; its fault is unplugged.
func NewConsole(port Port) *Console {
	return &Console{port: port, knob: newKnob("console", plug(port), "unplugged")}
}

// Run collects what the station shows until ctx ends.
func (c *Console) Run(ctx context.Context) error {
	var chunk [512]byte
	for {
		n, err := c.port.ReadContext(ctx, chunk[:])
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("console: %w", err)
		}
		c.show(chunk[:n])
	}
}

func (c *Console) show(b []byte) {
	c.state.Lock()
	defer c.state.Unlock()
	c.count += int64(len(b))
	c.text = append(c.text, b...)
	if extra := len(c.text) - consoleKeeps; extra > 0 {
		c.text = append(c.text[:0], c.text[extra:]...)
	}
}

// Type types line and the return key.
func (c *Console) Type(line string) error {
	if _, err := c.port.Write([]byte(line + "\r")); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	return nil
}

// Text returns the last 16 KiB shown.
func (c *Console) Text() string {
	c.state.Lock()
	defer c.state.Unlock()
	return string(c.text)
}

// Since returns what was shown after mark, as far as it is kept, and the mark of its end. The
// mark of the beginning is 0.
func (c *Console) Since(mark int64) (text string, end int64) {
	c.state.Lock()
	defer c.state.Unlock()
	fresh := min(max(c.count-mark, 0), int64(len(c.text)))
	return string(c.text[int64(len(c.text))-fresh:]), c.count
}

// String describes c.
func (c *Console) String() string { return "console, fault " + c.FaultName() }
