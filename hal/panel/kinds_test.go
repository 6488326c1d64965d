package panel

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
	"stationbox/hal/evdev"
	"stationbox/hal/expander"
	"stationbox/hal/sim/device"
)

// rig is a panel of some kind with hands on it. Keys are numbered from 0.
type rig struct {
	Panel
	keys   []string // what they are called when they are heard
	key    func(i int, down bool)
	repeat func(i int) // what the device does by itself while key i is held; may be nil
	ghost  func()      // presses what looks like another key; nil: there is no such thing
	plug   func(in bool)
	stall  func(d time.Duration) // the reader has no turn for so long, from its next call
	pace   time.Duration         // pause between two presses that count
	late   time.Duration         // a press may be dated so much too late
	noUp   bool                  // there are no releases
	kept   bool                  // presses during a stall are kept by the device
}

// kinds are all kinds of panels; each is made inside its bubble.
var kinds = map[string]func(t *testing.T) rig{
	"matrix":              matrixRig,
	"matrix at MCP23017":  func(t *testing.T) rig { return polledRig(t, "mcp23017:0x20", 8) },
	"matrix at PCF8574":   func(t *testing.T) rig { return polledRig(t, "pcf8574:0x27", 4) },
	"buttons at pins":     func(t *testing.T) rig { return pinRig(t, 4) },
	"button for heads":    func(t *testing.T) rig { return pinRig(t, 1) },
	"buttons at MCP23017": func(t *testing.T) rig { return expanderRig(t, "mcp23017:0x21", 8) },
	"buttons at PCF8574":  func(t *testing.T) rig { return expanderRig(t, "pcf8574:0x38", 0) },
	"USB, 24 bytes":       func(t *testing.T) rig { return usbRig(t, 24) },
	"USB, 16 bytes":       func(t *testing.T) rig { return usbRig(t, 16) },
	"cards":               cardRig,
}

func matrixRig(t *testing.T) rig {
	m := &matrix{}
	m.open()
	rows, cols := m.pins()
	for i := range rows {
		r := stampedRow{row{m: m, n: i}, make(chan edge, 4096)}
		m.edges[i] = r.edges
		rows[i] = r
	}
	p, err := NewMatrix(rows, cols, Opts{Edges: stamp})
	if err != nil {
		t.Fatal(err)
	}
	return rig{
		Panel: p, keys: []string{"1", "2", "3", "A"}, pace: 100 * time.Millisecond, late: 5 * time.Millisecond,
		key: func(i int, down bool) {
			if down {
				m.press(i)
				return
			}
			m.let(i)
		},
		ghost: func() { m.press(0, 1, 4) },
		plug: func(in bool) {
			if in {
				m.fail(nil)
				return
			}
			m.fail(fmt.Errorf("pin server: %w", hal.ErrGone))
		},
		stall: func(d time.Duration) { m.stall(d, 0) },
	}
}

// contact is a pin with a button.
type contact struct {
	gpio.PinIO
	bank *contacts
	n    int
}

// contacts are some of them.
type contacts struct {
	mu      sync.Mutex
	pressed uint64
	err     error
	wait    time.Duration
}

func (c *contacts) change(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	do()
}

func (c contact) In(pull gpio.Pull, _ gpio.Edge) error {
	c.bank.mu.Lock()
	defer c.bank.mu.Unlock()
	if pull != gpio.PullUp {
		return errors.New("a button without a pull-up")
	}
	return c.bank.err
}

func (c contact) Level() (gpio.Level, error) {
	c.bank.mu.Lock()
	wait := c.bank.wait
	c.bank.wait = 0
	c.bank.mu.Unlock()
	time.Sleep(wait)
	c.bank.mu.Lock()
	defer c.bank.mu.Unlock()
	return c.bank.pressed&(1<<c.n) == 0, c.bank.err
}

func pinRig(t *testing.T, n int) rig {
	b := &contacts{}
	var pins []gpio.PinIn
	r := rig{pace: 100 * time.Millisecond, late: 15 * time.Millisecond}
	for i := range n {
		pins = append(pins, contact{bank: b, n: i})
		r.keys = append(r.keys, fmt.Sprint("b", i+1))
	}
	bank, err := NewPinBank(pins, Opts{})
	if err != nil {
		t.Fatal(err)
	}
	make := NewButtons
	if n == 1 {
		make, r.keys, r.pace = NewOne, []string{"here"}, time.Second
	}
	if r.Panel, err = make(bank, Opts{}); err != nil {
		t.Fatal(err)
	}
	r.key = func(i int, down bool) {
		b.change(func() {
			b.pressed &^= 1 << i
			if down {
				b.pressed |= 1 << i
			}
		})
	}
	r.plug = func(in bool) {
		b.change(func() {
			b.err = nil
			if !in {
				b.err = fmt.Errorf("pin server: %w", hal.ErrGone)
			}
		})
	}
	r.stall = func(d time.Duration) { b.change(func() { b.wait = d }) }
	return r
}

func expanderRig(t *testing.T, name string, first int) rig {
	chip, err := expander.ParseChip(name)
	if err != nil {
		t.Fatal(err)
	}
	bus := device.NewI2C()
	x := device.NewExpander(bus, device.ExpanderOpts{Addr: chip.Addr, PCF8574: chip.Kind == expander.PCF8574})
	bank, err := expander.New(bus, []expander.Chip{chip}, expander.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewButtons(bank, Opts{})
	if err != nil {
		t.Fatal(err)
	}
	r := rig{
		Panel: p, pace: 100 * time.Millisecond, late: 15 * time.Millisecond,
		key: func(i int, down bool) { x.Push(first+i, down) },
		plug: func(in bool) {
			_ = x.Fault(map[bool]string{true: "none", false: "silent"}[in])
			if in {
				x.Glitch()
			}
		},
		stall: bus.Stall,
	}
	for i := range 4 {
		n := i + 1
		if first == 8 {
			n += 7
		}
		r.keys = append(r.keys, fmt.Sprint("b", n))
	}
	return r
}

// polledRig is a keypad at an expander; its columns are the pins from first on.
func polledRig(t *testing.T, name string, first int) rig {
	chip, err := expander.ParseChip(name)
	if err != nil {
		t.Fatal(err)
	}
	bus := device.NewI2C()
	x := device.NewExpander(bus, device.ExpanderOpts{Addr: chip.Addr, PCF8574: chip.Kind == expander.PCF8574, Rise: 200 * time.Microsecond})
	m, err := expander.NewMatrix(bus, chip, expander.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPolledMatrix(m, Opts{})
	if err != nil {
		t.Fatal(err)
	}
	key := func(i int, down bool) { x.Join(i/4, first+i%4, down) }
	return rig{
		Panel: p, keys: []string{"1", "2", "3", "A"}, pace: 100 * time.Millisecond, late: 20 * time.Millisecond,
		key: key,
		ghost: func() {
			for _, i := range []int{0, 1, 4} {
				key(i, true)
			}
		},
		plug: func(in bool) {
			_ = x.Fault(map[bool]string{true: "none", false: "silent"}[in])
			if in {
				x.Glitch()
			}
		},
		stall: bus.Stall,
	}
}

// slow is a handle that can be kept from reading.
type slow struct {
	*device.InputFile
	wait *atomic.Int64
}

func (s slow) Read(b []byte) (int, error) {
	n, err := s.InputFile.Read(b)
	time.Sleep(time.Duration(s.wait.Swap(0)))
	return n, err
}

// inputRig is an input device and its driver.
func inputRig(t *testing.T, size int) (*device.Input, *evdev.Device, rig) {
	in := device.NewInput(device.InputOpts{Vendor: 0x1a2c, Product: 0x0e24, EventSize: size, Mono: stamp})
	wait := new(atomic.Int64)
	dev, err := evdev.New("/dev/input/by-id/usb-event-kbd", evdev.Opts{EventSize: size, Open: func(string) (evdev.Handle, error) {
		f, err := in.Open()
		if err != nil {
			return nil, err
		}
		return slow{f, wait}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return in, dev, rig{
		pace: 100 * time.Millisecond, late: time.Millisecond, kept: true,
		plug: func(inside bool) {
			_ = in.Fault(map[bool]string{true: "none", false: "unplugged"}[inside])
		},
		stall: func(d time.Duration) { wait.Store(int64(d)) },
	}
}

func usbRig(t *testing.T, size int) rig {
	in, dev, r := inputRig(t, size)
	codes := []uint16{79, 3, 82, 96}
	r.Panel = NewUSB(dev, Opts{Edges: stamp})
	r.keys = []string{"1", "2", "0", "#"}
	r.key = func(i int, down bool) {
		value := int32(0)
		if down {
			value = 1
		}
		in.Key(codes[i], value)
	}
	r.repeat = func(i int) { in.Key(codes[i], 2) }
	return r
}

func cardRig(t *testing.T) rig {
	in, dev, r := inputRig(t, 24)
	cards := []string{"12345", "0004711001", "0004711002", "0000"}
	r.Panel = NewCards(dev, Opts{Edges: stamp})
	for _, c := range cards {
		r.keys = append(r.keys, "c"+c)
	}
	r.noUp = true
	r.key = func(i int, down bool) {
		if down {
			in.Swipe(cards[i])
		}
	}
	r.repeat = func(i int) { in.Swipe(cards[i]) }
	r.pace = 3 * time.Second
	return r
}
