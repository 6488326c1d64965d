package expander

import (
	"context"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"

	"stationbox/hal"
)

// Matrix is a keypad of 4×4 keys at one chip, contact 4×row+column. It is for one
// goroutine.
//
//	          rows          columns
//	MCP23017  GPA0 to GPA3  GPB0 to GPB3
//	PCF8574   P0 to P3      P4 to P7
//
// Rows are pulled up. Columns are low or let go, never high, so that keys of one row
// may be down together without diodes. At rest all columns are low and one transaction
// tells that no key is down; else the columns are low one after the other.
//
// A row that is low without any column is shorted to ground: its contacts are
// unknown. Three keys at the corners of a rectangle look like four; whoever reads
// this must know.
type Matrix struct {
	chip
	now   func() time.Time
	cols  uint8 // that are low, as far as the chip was told
	short uint8 // rows that are low without a column
}

const (
	keys       = 16
	allLines   = 0x0F // of rows or columns
	regColumns = 0x01 // IODIRB: 1 lets a column go
	regRows    = 0x12 // GPIOA
	notColumns = 0x70 // GPB4 to GPB6 stay inputs
)

// NewMatrix returns the matrix at chip c of bus, and touches nothing yet. An address
// that is not of that chip is an error.
func NewMatrix(bus i2c.Bus, c Chip, o Opts) (*Matrix, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Matrix{chip: chip{Chip: c, dev: i2c.Dev{Bus: bus, Addr: c.Addr}, want: settings}, now: o.Now}
	m.want[regColumns] = notColumns
	return m, nil
}

// Inputs is how many contacts the matrix has.
func (m *Matrix) Inputs() int { return keys }

// Read looks at all contacts, bit 4×row+column. What is not known is not closed; err
// says why, as that of Bank.Read does, and is hal.ErrGarbled for a shorted row too. A
// call takes at most 70 transactions, at rest one or two.
func (m *Matrix) Read(ctx context.Context) (closed, known uint64, err error) {
	if ctx.Err() != nil {
		return 0, 0, ctx.Err()
	}
	closed, err = m.read(m.now, m.scan)
	if err != nil {
		return 0, 0, err
	}
	known = 1<<keys - 1
	if m.short == 0 {
		return closed, known, nil
	}
	for r := range 4 {
		if m.short&(1<<r) != 0 {
			known &^= allLines << (4 * r)
		}
	}
	return closed & known, known, m.fail(m.shorted())
}

// shorted says which rows are shorted.
func (m *Matrix) shorted() error {
	if m.short == allLines {
		return fmt.Errorf("all rows shorted to ground, or a line of the bus stuck low: %w", hal.ErrGarbled)
	}
	var rows []string
	for set := m.short; set != 0; set &= set - 1 {
		rows = append(rows, strconv.Itoa(bits.TrailingZeros8(set)+1))
	}
	return fmt.Errorf("row %s shorted to ground: %w", strings.Join(rows, ", "), hal.ErrGarbled)
}

// scan returns the closed contacts. What a chip said counts only when it proves, at
// the end, that it was set up all the time.
func (m *Matrix) scan() (closed uint64, err error) {
	if m.Kind == MCP23017 {
		if !m.ready {
			m.cols = allLines // that is how it is set up
		}
		if err := m.prepare(); err != nil {
			return 0, err
		}
	}
	low, err := m.rest()
	if err != nil || low == 0 {
		m.short = 0
		return 0, err
	}
	if m.short, err = m.settle(low); err != nil {
		return 0, err
	}
	for c := range 4 {
		low, err := m.look(1 << c)
		if err != nil {
			return 0, err
		}
		low &^= m.short
		for r := range 4 {
			closed |= uint64(low>>r&1) << (4*r + c)
		}
		if low, err = m.settle(low); err != nil {
			return 0, err
		}
		m.short |= low
	}
	_, err = m.rest()
	return closed, err
}

// settleTries is how often rows are read until their pull-ups have raised them. Each
// read takes 0.1 ms or more, 100 kΩ and the 1 nF of ten metres of cable as long.
const settleTries = 5

// settle lets all columns go and waits until the rows of the set low are high again,
// so that a key of one column is not seen in the next. It returns those that stay low.
func (m *Matrix) settle(low uint8) (uint8, error) {
	for range settleTries {
		if low == 0 {
			break
		}
		now, err := m.look(0)
		if err != nil {
			return 0, err
		}
		low &= now
	}
	return low, nil
}

// rest pulls all columns low and returns the rows that are low, with the proof that
// the chip is set up.
func (m *Matrix) rest() (low uint8, err error) {
	if m.Kind == PCF8574 {
		return m.look(allLines)
	}
	if err := m.pull(allLines); err != nil {
		return 0, err
	}
	var in [10]byte // pull-ups, interrupts, rows and columns, outputs
	if err := m.readPorts(in[:]); err != nil {
		return 0, err
	}
	if in[8] != 0 || in[9] != 0 {
		return 0, fmt.Errorf("outputs %02x %02x are not low: %w", in[8], in[9], hal.ErrGarbled)
	}
	return ^in[6] & allLines, nil
}

// look pulls the columns of the set low, lets the others go, and returns the rows
// that are low.
func (m *Matrix) look(cols uint8) (low uint8, err error) {
	var in [1]byte
	if m.Kind == MCP23017 {
		if err := m.pull(cols); err != nil {
			return 0, err
		}
		err := m.dev.Tx([]byte{regRows}, in[:])
		return ^in[0] & allLines, err
	}
	if err := m.dev.Tx([]byte{allLines | ^cols<<4}, in[:]); err != nil {
		return 0, err
	}
	if high := in[0] >> 4 & cols; high != 0 {
		return 0, fmt.Errorf("%d columns are not low: lost in a glitch of its power, or another chip: %w", bits.OnesCount8(high), hal.ErrGarbled)
	}
	return ^in[0] & allLines, nil
}

// pull makes the columns of the set of an MCP23017 low and lets the others go.
func (m *Matrix) pull(cols uint8) error {
	if m.cols == cols {
		return nil
	}
	if err := m.dev.Tx([]byte{regColumns, notColumns | ^cols&allLines}, nil); err != nil {
		return err
	}
	m.cols = cols
	return nil
}
