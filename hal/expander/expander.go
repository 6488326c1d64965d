// Package expander reads contacts at port expanders on I²C, MCP23017 and PCF8574: up
// to 64 of them as one bank, or a matrix of 4×4 keys at one chip. It knows the chips
// and no panel: what a contact means, package panel knows.
//
// It promises: a contact is told as closed or open only when its chip answered and
// was set up when it did; a chip that is silent, garbled or has lost its settings in
// a power glitch makes its own contacts unknown and no others, and is set up again by
// a later call. It starts no goroutine. Nothing is ever driven high; low are only the
// columns of a matrix and the two pins of an MCP23017 that may only be outputs. A call
// for a bank takes one or two transactions for a chip that is well and five for one
// that is set up.
//
// Contacts are wired to ground, those of a Matrix between a row and a column; the
// chips pull them up.
//
//	MCP23017  address 0x20 to 0x27, 14 contacts: GPA0 to GPA6, GPB0 to GPB6
//	  write 05 00                       out of the other register map, if it is in it
//	  write 00 7F 7F 00 … 00 7F 7F      registers 00 to 0D: inputs, not inverted, pulled up
//	  write 14 00 00                    the outputs GPA7 and GPB7 are low
//	  write 0C, read 8                  pull-ups (0C 0D) and contacts (12 13) at once
//	PCF8574   address 0x20 to 0x27, PCF8574A 0x38 to 0x3F, 8 contacts
//	  write FF, read 1                  all pins weakly high, and what became of them
//
// A chip that loses power for a moment comes back without pull-ups, with inputs that
// float and look pressed: so pull-ups are read back together with the contacts, each
// time. GPA7 and GPB7 disturb the bus when they change as inputs; the data sheet has
// them as outputs only since 2022. A line of the bus that is stuck low reads as
// zeros: eight closed contacts of a PCF8574 are taken for that.
//
// Source: Microchip DS20001952D chapter 3.5, NXP PCF8574 rev. 5 chapter 8. Tried
// against a model, not with the chips.
package expander

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"

	"stationbox/hal"
)

// Kind is a sort of chip.
type Kind string

// The chips.
const (
	MCP23017 Kind = "mcp23017"
	PCF8574  Kind = "pcf8574" // and PCF8574A
)

// MaxInputs is how many contacts a bank can have.
const MaxInputs = 64

// Chip is one port expander.
type Chip struct {
	Kind Kind
	Addr uint16 // on the bus, without the direction bit
}

// ParseChip reads "mcp23017:0x20". It refuses an address that the chip cannot have.
func ParseChip(s string) (Chip, error) {
	kind, addr, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(addr, 0, 7)
	if err != nil {
		return Chip{}, fmt.Errorf("expander %q: want a chip and its address, like mcp23017:0x20", s)
	}
	c := Chip{Kind(kind), uint16(n)}
	return c, c.check()
}

// String is what ParseChip reads.
func (c Chip) String() string { return fmt.Sprintf("%s:0x%02x", c.Kind, c.Addr) }

// Inputs is how many contacts a chip has.
func (c Chip) Inputs() int {
	if c.Kind == MCP23017 {
		return 14
	}
	return 8
}

func (c Chip) check() error {
	low := c.Addr >= 0x20 && c.Addr <= 0x27
	switch {
	case c.Kind == MCP23017 && low, c.Kind == PCF8574 && (low || c.Addr >= 0x38 && c.Addr <= 0x3F):
		return nil
	case c.Kind != MCP23017 && c.Kind != PCF8574:
		return fmt.Errorf("expander %s: no such chip: want %s or %s", c, MCP23017, PCF8574)
	}
	return fmt.Errorf("expander %s: no address of this chip: want 0x20 to 0x27, or with a PCF8574A 0x38 to 0x3f", c)
}

// Opts are the optional settings of a Bank.
type Opts struct {
	// Now tells the time, time.Now if nil.
	Now func() time.Time
}

// Bank is the contacts of some chips, one after the other. It is for one goroutine.
type Bank struct {
	bus    i2c.Bus
	chips  []*chip
	inputs int
	now    func() time.Time
}

// chip is one of a bank.
type chip struct {
	Chip
	dev   i2c.Dev
	want  [14]byte // settings of an MCP23017
	ready bool
	reads uint      // since it was set up
	again time.Time // not before
	err   error     // of the last attempt
}

const (
	// retry is the pause after a chip that did not answer: it must not slow the others.
	retry = 250 * time.Millisecond
	// verifyEvery is after how many reads all settings are read back.
	verifyEvery = 64
)

// New returns the bank of chips at bus, and touches nothing yet. No chip, an address
// that is taken or not of that chip, or more than MaxInputs contacts is an error.
func New(bus i2c.Bus, chips []Chip, o Opts) (*Bank, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	b := &Bank{bus: bus, now: o.Now}
	taken := map[uint16]bool{}
	for _, c := range chips {
		if err := c.check(); err != nil {
			return nil, err
		}
		if taken[c.Addr] {
			return nil, fmt.Errorf("expander %s: address twice: set the address pins of one of them differently", c)
		}
		taken[c.Addr] = true
		b.chips = append(b.chips, &chip{Chip: c, dev: i2c.Dev{Bus: bus, Addr: c.Addr}, want: settings})
		b.inputs += c.Inputs()
	}
	if b.inputs == 0 || b.inputs > MaxInputs {
		return nil, fmt.Errorf("expander: %d contacts: want 1 to %d", b.inputs, MaxInputs)
	}
	return b, nil
}

// Inputs is how many contacts the bank has.
func (b *Bank) Inputs() int { return b.inputs }

// Read looks at all contacts, bit i for contact i. What is not known is not closed.
// The error says why contacts are not known: hal.ErrSilent, no answer; hal.ErrGone,
// no bus; hal.ErrGarbled, an answer that cannot be, or lost settings. The bus bounds
// each transaction, the kernel's at a second by default; after ctx ends no further
// chip is asked.
func (b *Bank) Read(ctx context.Context) (closed, known uint64, err error) {
	var errs []error
	first := 0
	for _, c := range b.chips {
		if ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
		n := c.Inputs()
		bits, err := c.read(b.now, c.attempt)
		if err != nil {
			errs = append(errs, err)
		} else {
			closed |= bits << first
			known |= (1<<n - 1) << first
		}
		first += n
	}
	return closed, known, errors.Join(errs...)
}

// read looks at one chip by attempt, but not yet again at one that did not answer.
func (c *chip) read(now func() time.Time, attempt func() (uint64, error)) (uint64, error) {
	if c.err != nil && now().Before(c.again) {
		return 0, c.err
	}
	bits, err := attempt()
	if c.err = c.fail(err); err == nil {
		return bits, nil
	}
	wasReady := c.ready
	c.ready = false
	c.again = now().Add(retry)
	if wasReady && errors.Is(err, hal.ErrGarbled) {
		c.again = now() // it is there, and only lost its settings
	}
	return 0, c.err
}

func (c *chip) attempt() (uint64, error) {
	if c.Kind == PCF8574 {
		return c.readPCF()
	}
	if err := c.prepare(); err != nil {
		return 0, err
	}
	return c.readMCP()
}

// prepare sets an MCP23017 up, or now and then proves that it still is.
func (c *chip) prepare() error {
	if !c.ready {
		c.reads = 0
		return c.setUp()
	}
	if c.reads++; c.reads%verifyEvery == 0 {
		return c.verify()
	}
	return nil
}

func (c *chip) readPCF() (uint64, error) {
	var in [1]byte
	if err := c.dev.Tx([]byte{0xFF}, in[:]); err != nil {
		return 0, err
	}
	if in[0] == 0 {
		return 0, fmt.Errorf("all contacts closed: a line of the bus is stuck low, or the contacts are shorted: %w", hal.ErrGarbled)
	}
	return uint64(^in[0]), nil
}

// Registers of an MCP23017 in the map that it has after a reset.
const (
	regSettings = 0x00 // 14 of them
	regPullUps  = 0x0C // and so on to the contacts
	regOutputs  = 0x14
	regOtherMap = 0x05 // IOCON while IOCON.BANK is 1, else GPINTENB

	inputs7 = 0x7F // all pins of a port but the last
)

// settings of a bank are registers 00 to 0D: IODIR, IPOL, GPINTEN, DEFVAL, INTCON, IOCON and
// GPPU, each for port A and port B.
var settings = [14]byte{inputs7, inputs7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, inputs7, inputs7}

// setUp writes the settings and reads them back.
func (c *chip) setUp() error {
	for _, w := range [][]byte{{regOtherMap, 0}, append([]byte{regSettings}, c.want[:]...), {regOutputs, 0, 0}} {
		if err := c.dev.Tx(w, nil); err != nil {
			return err
		}
	}
	err := c.verify()
	c.ready = err == nil
	return err
}

// verify reads all settings back.
func (c *chip) verify() error {
	var got [len(c.want)]byte
	if err := c.dev.Tx([]byte{regSettings}, got[:]); err != nil {
		return err
	}
	if got != c.want {
		return fmt.Errorf("settings % x: lost in a glitch of its power, or another chip: %w", got, hal.ErrGarbled)
	}
	return nil
}

// readMCP reads the contacts, and the pull-ups that they need, in one transaction.
func (c *chip) readMCP() (uint64, error) {
	var in [8]byte
	if err := c.readPorts(in[:]); err != nil {
		return 0, err
	}
	return uint64(^in[6]&inputs7) | uint64(^in[7]&inputs7)<<7, nil
}

// readPorts reads registers from the pull-ups on, and says whether those are there.
func (c *chip) readPorts(in []byte) error {
	if err := c.dev.Tx([]byte{regPullUps}, in); err != nil {
		return err
	}
	if in[0] != inputs7 || in[1] != inputs7 {
		return fmt.Errorf("pull-ups %02x %02x: lost in a glitch of its power: %w", in[0], in[1], hal.ErrGarbled)
	}
	return nil
}

// fail names the chip in err, in the words of hal.
func (c *chip) fail(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hal.ErrGarbled), errors.Is(err, hal.ErrGone), errors.Is(err, hal.ErrSilent):
		return fmt.Errorf("expander %s: %w", c, err)
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.EBADF), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrClosed):
		return fmt.Errorf("expander %s: %w: %w", c, err, hal.ErrGone)
	}
	return fmt.Errorf("expander %s: %w: %w", c, err, hal.ErrSilent)
}
