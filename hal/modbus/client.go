package modbus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"stationbox/hal"
)

// Exchanger sends a request and collects the bytes that come back until done is
// content; *line.Port is one.
type Exchanger interface {
	Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error)
}

// Opts are the optional settings of a Client.
type Opts struct {
	// Timeout bounds one attempt; 0 means 300 ms.
	Timeout time.Duration
	// Retries is how many times a silent or garbled attempt is repeated; 0 means
	// twice, negative means never.
	Retries int
	// Gap is the silence before a request; 0 means 4 ms, which is 3.5 characters
	// at 9600 baud.
	Gap time.Duration
}

// Client asks the slaves of one line. Several goroutines may use it if its
// Exchanger allows that.
type Client struct {
	bus  Exchanger
	opts Opts
}

// New returns a Client on the line bus.
func New(bus Exchanger, o Opts) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 300 * time.Millisecond
	}
	if o.Retries == 0 {
		o.Retries = 2
	}
	if o.Gap <= 0 {
		o.Gap = 4 * time.Millisecond
	}
	return &Client{bus: bus, opts: o}
}

// ReadInput reads count (1 to 125) input registers from start (function 04).
// Errors: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, or *Exception.
func (c *Client) ReadInput(ctx context.Context, unit uint8, start, count uint16) ([]uint16, error) {
	return c.read(ctx, unit, fnReadInput, start, count)
}

// ReadHolding reads count (1 to 125) holding registers from start (function
// 03). Its errors are those of ReadInput.
func (c *Client) ReadHolding(ctx context.Context, unit uint8, start, count uint16) ([]uint16, error) {
	return c.read(ctx, unit, fnReadHolding, start, count)
}

// WriteSingle writes one holding register (function 06) and checks the echo. It
// may be sent more than once. Its errors are those of ReadInput.
func (c *Client) WriteSingle(ctx context.Context, unit uint8, addr, value uint16) error {
	req := request(unit, fnWriteSingle, addr, value)
	got, err := c.ask(ctx, req, len(req))
	if err != nil {
		return err
	}
	if !bytes.Equal(got[2:6], req[2:6]) {
		return fmt.Errorf("unit %d: register %d: another echo: %w", unit, addr, hal.ErrGarbled)
	}
	return nil
}

// ResetEnergy sets the energy counter of a PZEM meter to zero (function 0x42).
// Its errors are those of ReadInput.
func (c *Client) ResetEnergy(ctx context.Context, unit uint8) error {
	_, err := c.ask(ctx, seal([]byte{unit, fnResetEnergy}), 4)
	return err
}

func (c *Client) read(ctx context.Context, unit, fn uint8, start, count uint16) ([]uint16, error) {
	if count < 1 || count > MaxRegisters {
		return nil, fmt.Errorf("unit %d: %d registers: not 1 to %d", unit, count, MaxRegisters)
	}
	got, err := c.ask(ctx, request(unit, fn, start, count), 5+2*int(count))
	if err != nil {
		return nil, err
	}
	words := make([]uint16, count)
	for i := range words {
		words[i] = binary.BigEndian.Uint16(got[3+2*i:])
	}
	return words, nil
}

// ask sends req and returns the answer, which is size bytes long. What was not
// understood is repeated; a refusal and a missing line are not.
func (c *Client) ask(ctx context.Context, req []byte, size int) ([]byte, error) {
	r := reply{unit: req[0], fn: req[1], size: size}
	if r.unit == 0 || r.unit > AnyUnit {
		return nil, fmt.Errorf("unit %d: not 1 to %d", r.unit, AnyUnit)
	}
	for try := 0; ; try++ {
		got, err := c.once(ctx, req, r)
		if err == nil {
			return got, nil
		}
		again := errors.Is(err, hal.ErrSilent) || errors.Is(err, hal.ErrGarbled)
		if !again || try >= c.opts.Retries || ctx.Err() != nil {
			return nil, fmt.Errorf("unit %d: %w", r.unit, err)
		}
	}
}

func (c *Client) once(ctx context.Context, req []byte, r reply) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout+c.opts.Gap)
	defer cancel()
	gap := time.NewTimer(c.opts.Gap)
	defer gap.Stop()
	select {
	case <-gap.C:
	case <-ctx.Done():
		return nil, hal.ErrSilent
	}
	return c.bus.Exchange(ctx, req, r.scan)
}
