package device

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"stationbox/hal/sim/world"
)

// CompassOpts are the options of NewCompass.
type CompassOpts struct {
	// Chip is qmc5883l (default), hmc5883l or qmc5883p.
	Chip string
	// Iron is what the iron around adds, in µT.
	Iron [3]float64
	// TempC is the temperature of the chip, which only a qmc5883l tells, from a zero of
	// its own.
	TempC float64
	Seed  uint64 // of the noise
}

// Compass is a bus with one magnetic chip on it, which sits on the dish: its X
// forward, its Y to the right, its Z down. Its registers are numbered, ordered and
// cleared as those of the chip are.
//
// Its kinds:
//
//	silent     nobody answers
//	foreign    answers with the identification of another chip
//	magnet     something magnetic lies beside it
//	frozen     measures the same to the last bit
//	dead       measures 0
//	idle       never has a measurement
type Compass struct {
	knob
	dish *world.Dish
	opts CompassOpts
	spec compassSpec

	lock   sync.Mutex
	rng    *rand.Rand
	regs   map[byte]byte
	began  time.Time // of measuring; zero: standing by
	taken  int       // how many measurements have been read
	frozen *[3]int16
}

var _ i2c.Bus = (*Compass)(nil)

// compassSpec is what differs between the chips.
type compassSpec struct {
	addr                uint16
	id                  map[byte]byte
	data, status        byte
	mode, running       byte             // the register and the bits of it that mean measuring
	scaleReg, scaleBits byte             // and the bits of it that choose a scale
	scales              map[byte]float64 // LSB in a gauss
	period              time.Duration
	most                float64
	order               [3]int
	big                 bool
	reset               [2]byte
	clearedBy           byte // 0: nothing; else the register whose reading clears the ready bit
	overflow            bool
}

func specOf(chip string) (compassSpec, error) {
	switch chip {
	case "", "qmc5883l":
		return compassSpec{
			addr: 0x0D, id: map[byte]byte{0x0D: 0xFF}, data: 0, status: 6, mode: 9, running: 1,
			scaleReg: 9, scaleBits: 0x10, scales: map[byte]float64{0: 12000, 0x10: 3000}, period: 100 * time.Millisecond,
			most: 32767, order: [3]int{0, 1, 2}, reset: [2]byte{0x0A, 0x80}, clearedBy: 5, overflow: true,
		}, nil
	case "hmc5883l":
		return compassSpec{
			addr: 0x1E, id: map[byte]byte{0x0A: 'H', 0x0B: '4', 0x0C: '3'}, data: 3, status: 9, mode: 2,
			scaleReg: 1, scaleBits: 0xE0, scales: map[byte]float64{0x20: 1090, 0xE0: 230}, period: 67 * time.Millisecond,
			most: 2047, order: [3]int{0, 2, 1}, big: true,
		}, nil
	case "qmc5883p":
		return compassSpec{
			addr: 0x2C, id: map[byte]byte{0: 0x80}, data: 1, status: 9, mode: 0x0A, running: 3,
			scaleReg: 0x0B, scaleBits: 0x0C, scales: map[byte]float64{0: 1000, 4: 2500, 8: 3750, 0x0C: 15000}, period: 100 * time.Millisecond,
			most: 32767, order: [3]int{0, 1, 2}, reset: [2]byte{0x0B, 0x80}, clearedBy: 9, overflow: true,
		}, nil
	}
	return compassSpec{}, fmt.Errorf("compass %q: want qmc5883l, hmc5883l or qmc5883p", chip)
}

// NewCompass returns the bus with a chip on dish; an unknown chip is an error.
func NewCompass(dish *world.Dish, o CompassOpts) (*Compass, error) {
	spec, err := specOf(o.Chip)
	if err != nil {
		return nil, err
	}
	c := &Compass{dish: dish, opts: o, spec: spec, rng: rand.New(rand.NewPCG(o.Seed, 0x5883))}
	c.knob = newKnob("compass", nil, "silent", "foreign", "magnet", "frozen", "dead", "idle")
	c.Glitch()
	return c, nil
}

// Glitch takes the chip's power away for a moment.
func (c *Compass) Glitch() {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.powerOn()
}

func (c *Compass) powerOn() {
	c.regs, c.began = map[byte]byte{}, time.Time{}
	if c.spec.addr == 0x1E {
		c.regs = map[byte]byte{0: 0x10, 1: 0x20, 2: 1}
	}
}

// String describes c.
func (c *Compass) String() string { return "compass: " + c.opts.Chip + ", fault " + c.FaultName() }

// SetSpeed does nothing.
func (c *Compass) SetSpeed(physic.Frequency) error { return nil }

// Tx is one transaction: the first byte written is the register, what follows goes
// into it and the next ones, and what is read comes from there on.
func (c *Compass) Tx(addr uint16, w, r []byte) error {
	fault := c.FaultName()
	if fault == "silent" || addr != c.spec.addr || len(w) == 0 {
		return unix.EREMOTEIO
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	for i, v := range w[1:] {
		c.write(w[0]+byte(i), v)
	}
	if len(r) == 0 {
		return nil
	}
	c.measure(fault)
	for i := range r {
		r[i] = c.read(w[0]+byte(i), fault)
	}
	return nil
}

func (c *Compass) write(reg, v byte) {
	if c.spec.reset == [2]byte{reg, v} {
		c.powerOn()
		return
	}
	c.regs[reg] = v
	if reg == c.spec.mode {
		c.began, c.taken = time.Time{}, 0
		if v&0x03 == c.spec.running {
			c.began = time.Now()
		}
	}
}

// measured is how many measurements there have been; c.lock is held.
func (c *Compass) measured(fault string) int {
	if c.began.IsZero() || fault == "idle" {
		return 0
	}
	return int(time.Since(c.began) / c.spec.period)
}

// measure fills the registers of the newest measurement.
func (c *Compass) measure(fault string) {
	n := c.measured(fault)
	if n == 0 {
		c.regs[c.spec.status] = 0
		return
	}
	status := byte(0)
	if c.spec.clearedBy == 0 || n > c.taken {
		status = 1
	}
	v, over := c.values(fault)
	if over && c.spec.overflow {
		status |= 2
	}
	c.regs[c.spec.status] = status
	for i, axis := range c.spec.order {
		at := c.spec.data + byte(2*i)
		var b [2]byte
		binary.LittleEndian.PutUint16(b[:], uint16(v[axis]))
		if c.spec.big {
			b[0], b[1] = b[1], b[0]
		}
		c.regs[at], c.regs[at+1] = b[0], b[1]
	}
	if c.spec.addr == 0x0D {
		t := int16((c.opts.TempC - 50) * 100)
		c.regs[7], c.regs[8] = byte(t), byte(uint16(t)>>8)
	}
}

// values are the three axes in the units of the chip.
func (c *Compass) values(fault string) (v [3]int16, over bool) {
	if fault == "dead" {
		return v, false
	}
	if fault == "frozen" && c.frozen != nil {
		return *c.frozen, false
	}
	var field [3]float64
	field[0], field[1], field[2] = c.dish.Field()
	if fault == "magnet" {
		field[1] += 5000
	}
	scale := c.spec.scales[c.regs[c.spec.scaleReg]&c.spec.scaleBits]
	for i := range v {
		x := math.Round((field[i] + c.opts.Iron[i] + 0.2*c.rng.NormFloat64()) / 100 * scale)
		if math.Abs(x) > c.spec.most {
			over = true
			x = math.Copysign(c.spec.most, x)
			if c.spec.big {
				x = -4096
			}
		}
		v[i] = int16(x)
	}
	c.frozen = &v
	return v, over
}

func (c *Compass) read(reg byte, fault string) byte {
	if c.spec.clearedBy != 0 && reg == c.spec.clearedBy {
		defer func() { c.taken = c.measured(fault) }()
	}
	if id, ok := c.spec.id[reg]; ok {
		if fault == "foreign" {
			return ^id
		}
		return id
	}
	return c.regs[reg]
}
