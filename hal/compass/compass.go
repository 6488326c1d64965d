// Package compass measures the magnetic field with a chip on I²C: QMC5883L,
// HMC5883L, or QMC5883P. Boards are sold under the names of all three; which chip is on
// one, its address and its identification say.
//
// It promises that a field which the chip could not measure is an error and never
// a number; that a reading was measured after the call; and that a chip which lost
// its settings, or repeats itself to the last bit, is noticed and set up again. It
// knows no north: iron near the chip and the declination are for others to take
// away.
//
//	chip      at  identification  field                        range    LSB/G  temperature
//	QMC5883L  0D  0D: FF          00 X Y Z low byte first      2 or 8 G 12000  07, 0.01 °C, no zero
//	                                                                    3000
//	HMC5883L  1E  0A: "H43"       03 X Z Y high byte first     1.3 or 8.1 G 1090   none
//	                                                                    230
//	QMC5883P  2C  00: 80          01 X Y Z low byte first      2 or 8 G 15000  none
//	                                                                    3750
//
// The data sheets draw all three axes right-handed, Z out of the top of the chip.
// The X and Y of boards are as printed on them, or differ; Axes says how the board is
// mounted, and refuses what only a mirror could do.
//
// Sources: Honeywell HMC5883L 900405 rev. E; QST QMC5883L 1.0 and QMC5883P rev. A as
// public drivers quote them. Tried against a model, not with a chip. Not verified: the
// sensitivities of the QMC5883L, and the signs of the axes after 29 = 06 of the P.
package compass

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// The ways in which a chip answers and has measured nothing; both are
// hal.ErrGarbled.
var (
	// ErrOverflow means that the field is beyond the range: iron or a magnet at the
	// chip.
	ErrOverflow = fmt.Errorf("field beyond the range of the chip: %w", hal.ErrGarbled)
	// ErrStuck means that the chip says the same to the last bit again and again.
	ErrStuck = fmt.Errorf("the chip repeats itself: %w", hal.ErrGarbled)
)

// Opts are the optional settings of a Compass.
type Opts struct {
	// Chip is what is on the board; "" means to look for all three.
	Chip Chip
	// Wide takes the wide range, 800 µT and coarser, for a board near iron. The field
	// of the earth is 25 to 65 µT, the narrow range 200 µT (HMC5883L: 130).
	Wide bool
	// Axes says how the board is mounted; the zero value is X forward, Y to the right, Z
	// down.
	Axes Axes
	// Now is the clock of readings; nil means time.Now.
	Now func() time.Time
}

// Field is one measurement, along the axes of the dish.
type Field struct {
	Forward, Right, Down physic.MagneticFluxDensity
	// Warmer is how much warmer the chip is than when it was set up, 0 of a chip
	// that does not tell. The zero point of a compass drifts with it.
	Warmer physic.Temperature
}

// Strength is the length of the field.
func (f Field) Strength() physic.MagneticFluxDensity {
	x, y, z := float64(f.Forward), float64(f.Right), float64(f.Down)
	return physic.MagneticFluxDensity(math.Round(math.Sqrt(x*x + y*y + z*z)))
}

// Compass is one chip. It is not for use by several goroutines at once.
type Compass struct {
	bus  i2c.Bus
	opts Opts
	turn [3]signed

	model *model // nil: not found yet
	ready bool   // set up
	zero  raw    // the first measurement since then
	first bool   // there is none yet
	last  [3]int16
	again int
}

// New returns the compass on bus, and touches nothing yet. An unknown chip or axes
// that cannot be are an error.
func New(bus i2c.Bus, o Opts) (*Compass, error) {
	c := &Compass{bus: bus, opts: o}
	if o.Now == nil {
		c.opts.Now = time.Now
	}
	if o.Chip != "" {
		if _, err := modelOf(o.Chip); err != nil {
			return nil, err
		}
	}
	var err error
	if c.turn, err = o.Axes.resolve(); err != nil {
		return nil, fmt.Errorf("compass: %w", err)
	}
	return c, nil
}

// Chip returns what was found, "" before the first good Read.
func (c *Compass) Chip() Chip {
	if c.model == nil {
		return ""
	}
	return c.model.chip
}

// Read measures once, which takes 0.1 to 0.3 s. Errors: hal.ErrSilent without an
// answer, or without a measurement within three of its periods; hal.ErrGone without the
// bus; hal.ErrGarbled for another chip, for numbers that cannot be and for lost
// settings; ErrOverflow; ErrStuck. The bus bounds each transaction, the kernel's at a
// second by default.
func (c *Compass) Read(ctx context.Context) (hal.Reading[Field], error) {
	r, err := c.measure(ctx)
	now := c.opts.Now()
	if err != nil {
		return hal.Reading[Field]{}, c.fail(explain(err))
	}
	return hal.Reading[Field]{Value: c.field(r), At: now}, nil
}

// fail adds who failed. A chip that does not answer is looked for again, and one
// that lost its settings is set up again, at the next call.
func (c *Compass) fail(err error) error {
	err = fmt.Errorf("%s: %w", c.name(), err)
	if errors.Is(err, errLost) {
		c.ready = false
	}
	if errors.Is(err, hal.ErrSilent) || errors.Is(err, hal.ErrGone) {
		c.ready, c.model = false, nil
	}
	return err
}

func (c *Compass) name() string {
	if c.model == nil {
		return "compass"
	}
	return "compass " + string(c.model.chip)
}

func (c *Compass) measure(ctx context.Context) (raw, error) {
	if err := c.find(); err != nil {
		return raw{}, err
	}
	if err := c.setUp(ctx); err != nil {
		return raw{}, err
	}
	seen, err := c.await(ctx)
	if err != nil {
		return raw{}, err
	}
	b, err := c.registers(c.model.block[0], int(c.model.block[1]))
	if err != nil {
		return raw{}, err
	}
	r, err := c.model.decode(c.model, b)
	switch {
	case r.control != c.model.wanted(c.wide()):
		return raw{}, errLost
	case err != nil:
		return raw{}, err
	case c.model.chip != HMC5883L && seen&statusOverflow != 0:
		return raw{}, ErrOverflow
	}
	return r, c.alive(r)
}

// stuckTimes is after how many equal measurements in a row the chip is stuck. The
// noise is 2 LSB of the coarsest of the narrow ranges.
const stuckTimes = 10

// alive refuses what a dead chip says.
func (c *Compass) alive(r raw) error {
	if r.axis == ([3]int16{}) {
		return fmt.Errorf("no field at all: %w", hal.ErrGarbled)
	}
	if r.axis != c.last {
		c.last, c.again = r.axis, 0
		return nil
	}
	if c.again++; c.again >= stuckTimes {
		c.ready = false
		return ErrStuck
	}
	return nil
}

// field turns r into units and into the axes of the dish.
func (c *Compass) field(r raw) Field {
	if c.first {
		c.zero, c.first = r, false
	}
	var v [3]physic.MagneticFluxDensity
	for i, s := range c.turn {
		v[i] = physic.MagneticFluxDensity(math.Round(float64(r.axis[s.axis]) * float64(s.sign) * gauss / c.model.gauss[c.wide()]))
	}
	f := Field{Forward: v[0], Right: v[1], Down: v[2]}
	if r.heated {
		f.Warmer = physic.Temperature(int(r.heat)-int(c.zero.heat)) * 10 * physic.MilliKelvin
	}
	return f
}

func (c *Compass) wide() int {
	if c.opts.Wide {
		return 1
	}
	return 0
}

// find looks for the chip.
func (c *Compass) find() error {
	if c.model != nil {
		return nil
	}
	var errs []error
	for _, m := range models() {
		if c.opts.Chip != "" && c.opts.Chip != m.chip {
			continue
		}
		id := make([]byte, len(m.id))
		err := c.bus.Tx(m.addr, []byte{m.idReg}, id)
		if err == nil && string(id) == m.id {
			c.model = m
			return nil
		}
		if err == nil {
			err = fmt.Errorf("another chip, id % x: %w", id, hal.ErrGarbled)
		}
		errs = append(errs, fmt.Errorf("%s at 0x%02x: %w", m.chip, m.addr, explain(err)))
	}
	return worst(errs)
}

// worst keeps the answer of a chip that is there above the silence of those that
// are not.
func worst(errs []error) error {
	for _, err := range errs {
		if errors.Is(err, hal.ErrGarbled) || errors.Is(err, hal.ErrGone) {
			return err
		}
	}
	var tried []string
	for _, err := range errs {
		tried = append(tried, err.Error())
	}
	return fmt.Errorf("none found (%s): %w", strings.Join(tried, "; "), hal.ErrSilent)
}

// resetTime is how long a chip may need to come back after a reset.
const resetTime = 50 * time.Millisecond

// setUp writes the settings, unless they are written.
func (c *Compass) setUp(ctx context.Context) error {
	if c.ready {
		return nil
	}
	if r := c.model.reset; r != nil {
		if err := c.bus.Tx(c.model.addr, r, nil); err != nil {
			return err
		}
		if err := rest(ctx, resetTime); err != nil {
			return err
		}
	}
	for _, w := range c.model.setup[c.wide()] {
		if err := c.bus.Tx(c.model.addr, w[:], nil); err != nil {
			return err
		}
	}
	c.ready, c.first = true, true
	// The first measurement with new settings may be one with the old ones.
	return rest(ctx, c.model.period)
}

// patience is how many periods a measurement may take.
const patience = 3

// await waits for a measurement that began after the call, and returns all status
// bits that were seen: reading may clear them.
func (c *Compass) await(ctx context.Context) (seen byte, err error) {
	m := c.model
	if !m.handshake {
		if err := rest(ctx, 2*m.period); err != nil {
			return 0, err
		}
		b, err := c.registers(m.status, 1)
		if err == nil && b[0]&statusReady == 0 {
			err = fmt.Errorf("no measurement: %w", hal.ErrSilent)
		}
		return 0, err
	}
	if _, err := c.registers(m.block[0], int(m.block[1])); err != nil { // forget what is there
		return 0, err
	}
	const steps = 10
	for range patience * steps {
		if err := rest(ctx, m.period/steps); err != nil {
			return 0, err
		}
		b, err := c.registers(m.status, 1)
		if err != nil {
			return 0, err
		}
		if seen |= b[0]; seen&statusReady != 0 {
			return seen, nil
		}
	}
	return 0, fmt.Errorf("no measurement in %v: %w", patience*m.period, hal.ErrSilent)
}

func (c *Compass) registers(first byte, count int) ([]byte, error) {
	b := make([]byte, count)
	return b, c.bus.Tx(c.model.addr, []byte{first}, b)
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return hal.ErrSilent
	}
}

// explain turns an error of the bus into the words of hal.
func explain(err error) error {
	for _, known := range []error{hal.ErrSilent, hal.ErrGarbled, hal.ErrGone} {
		if errors.Is(err, known) {
			return err
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrClosed), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EBADF):
		return fmt.Errorf("%w: %w", err, hal.ErrGone)
	}
	return fmt.Errorf("%w: %w", err, hal.ErrSilent)
}
