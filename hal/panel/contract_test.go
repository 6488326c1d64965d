package panel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

// heard lists what was told so far: presses as they are called, releases after a /,
// and a ! where some may have been missed.
func (r rig) heard() (list []string, keys []Key) {
	for {
		select {
		case k := <-r.Keys():
			keys = append(keys, k)
			if k.Missed {
				list = append(list, "!")
			}
			if s := called(k); s != "" && k.Down {
				list = append(list, s)
			} else if s != "" {
				list = append(list, "/"+s)
			}
		default:
			return list, keys
		}
	}
}

func called(k Key) string {
	switch {
	case k.Rune != 0:
		return string(k.Rune)
	case k.Number != 0:
		return fmt.Sprint("b", k.Number)
	case k.Card != "":
		return "c" + k.Card
	case k.Here:
		return "here"
	}
	return ""
}

// want checks what was heard; a kind without releases is spared them. Several ! are one.
func (r rig) want(t *testing.T, want ...string) {
	t.Helper()
	got, keys := r.heard()
	var expect []string
	for _, w := range want {
		if !r.noUp || w[0] != '/' {
			expect = append(expect, w)
		}
	}
	if strings.Join(once(got), " ") != strings.Join(expect, " ") {
		t.Errorf("heard %v, want %v", got, expect)
	}
	for i := range keys {
		if i > 0 && keys[i].At.Before(keys[i-1].At) && !keys[i].Missed && !keys[i-1].Missed {
			t.Errorf("key %d goes back in time", i)
		}
	}
}

func once(list []string) []string {
	var out []string
	for i, s := range list {
		if s != "!" || i == 0 || list[i-1] != "!" {
			out = append(out, s)
		}
	}
	return out
}

func (r rig) tap(i int, hold time.Duration) {
	r.key(i, true)
	time.Sleep(hold)
	r.key(i, false)
	time.Sleep(r.pace)
}

// run runs the panel while do goes on, and wants it to end soon.
func (r rig) run(t *testing.T, do func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	time.Sleep(300 * time.Millisecond)
	do()
	began := time.Now()
	cancel()
	if err := <-ended; err != nil || time.Since(began) > 200*time.Millisecond {
		t.Errorf("ends with %v after %v", err, time.Since(began))
	}
}

// contract is what is promised of every kind.
var contract = map[string]func(t *testing.T, r rig){
	"a press is one key": func(t *testing.T, r rig) {
		for i, name := range r.keys {
			pressed := time.Now()
			r.tap(i, 80*time.Millisecond)
			list, keys := r.heard()
			if len(keys) == 0 || list[0] != name || len(list) > 2 {
				t.Fatalf("heard %v, want %s", list, name)
			}
			if late := keys[0].At.Sub(pressed); late < -time.Millisecond || late > r.late {
				t.Errorf("%s is dated %v after it was pressed", name, late)
			}
		}
	},
	"an answer in time": func(t *testing.T, r rig) {
		var worst time.Duration
		for phase := range 13 { // of what polls
			time.Sleep(time.Duration(phase) * time.Millisecond)
			r.key(0, true) // a card is there when its last key is
			pressed := time.Now()
			<-r.Keys()
			worst = max(worst, time.Since(pressed))
			time.Sleep(60 * time.Millisecond)
			r.key(0, false)
			time.Sleep(r.pace)
			r.want(t, "/"+r.keys[0])
		}
		if worst > 40*time.Millisecond {
			t.Errorf("told after %v", worst)
		}
		t.Logf("told within %v", worst)
	},
	"bounces are one press": func(t *testing.T, r rig) {
		bounce := func(last bool) {
			for range 3 {
				r.key(0, last)
				time.Sleep(700 * time.Microsecond)
				r.key(0, !last)
				time.Sleep(500 * time.Microsecond)
			}
			r.key(0, last)
		}
		bounce(true)
		time.Sleep(80 * time.Millisecond)
		bounce(false)
		time.Sleep(r.pace)
		if r.kept && !r.noUp { // its contacts are debounced by the device; what is left chatters
			got, _ := r.heard()
			if n := strings.Count(" "+strings.Join(got, " ")+" ", " "+r.keys[0]+" "); n != 1 {
				t.Errorf("heard %v, want one press", got)
			}
			return
		}
		r.want(t, r.keys[0], "/"+r.keys[0])
	},
	"held is one press": func(t *testing.T, r rig) {
		r.key(0, true)
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			if r.repeat != nil {
				r.repeat(0)
			}
		}
		r.want(t, r.keys[0])
		r.key(0, false)
		time.Sleep(r.pace)
		r.want(t, "/"+r.keys[0])
	},
	"two at once are two": func(t *testing.T, r rig) {
		if len(r.keys) < 2 || r.noUp {
			return // there is but one button; a reader reads one card at a time
		}
		r.key(0, true)
		time.Sleep(40 * time.Millisecond)
		r.key(1, true)
		time.Sleep(80 * time.Millisecond)
		r.key(0, false)
		time.Sleep(40 * time.Millisecond)
		r.key(1, false)
		time.Sleep(r.pace)
		r.want(t, r.keys[0], r.keys[1], "/"+r.keys[0], "/"+r.keys[1])
	},
	"a ghost is nobody": func(t *testing.T, r rig) {
		if r.ghost == nil {
			return // contacts of their own, or diodes in the device
		}
		r.ghost()
		time.Sleep(time.Second)
		r.want(t)
	},
	"a stuck key is told, and no other suffers": func(t *testing.T, r rig) {
		if r.noUp {
			return // below, as a reader that does not end a key
		}
		r.key(0, true)
		time.Sleep(11 * time.Second)
		if err := r.State(); !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("state: %v", err)
		}
		r.want(t, r.keys[0], "/"+r.keys[0])
		if len(r.keys) > 1 {
			r.tap(1, 80*time.Millisecond)
			r.want(t, r.keys[1], "/"+r.keys[1])
		}
		r.key(0, false)
		time.Sleep(time.Second)
		if err := r.State(); err != nil {
			t.Errorf("free again: %v", err)
		}
		r.tap(0, 80*time.Millisecond)
		r.want(t, r.keys[0], "/"+r.keys[0])
	},
	"unplugged and plugged in again": func(t *testing.T, r rig) {
		for range 3 {
			r.plug(false)
			time.Sleep(20 * time.Second)
			if err := r.State(); !errors.Is(err, hal.ErrGone) && !errors.Is(err, hal.ErrSilent) {
				t.Errorf("state: %v", err)
			}
			r.want(t, "!")
			r.tap(0, 80*time.Millisecond)
			r.plug(true)
			time.Sleep(time.Second)
			if err := r.State(); err != nil {
				t.Errorf("plugged in: %v", err)
			}
			r.want(t, "!") // it was pressed, and nobody knows what
			r.tap(0, 80*time.Millisecond)
			r.want(t, r.keys[0], "/"+r.keys[0])
		}
	},
	"unplugged with a key down": func(t *testing.T, r rig) {
		if r.noUp {
			return
		}
		r.key(0, true)
		time.Sleep(80 * time.Millisecond)
		r.plug(false)
		time.Sleep(time.Second)
		r.key(0, false)
		r.plug(true)
		time.Sleep(time.Second)
		got, _ := r.heard()
		if s := strings.Join(once(got), " "); s != r.keys[0]+" ! /"+r.keys[0] && s != r.keys[0]+" /"+r.keys[0]+" !" {
			t.Errorf("heard %v", got)
		}
		time.Sleep(11 * time.Second)
		if err := r.State(); err != nil {
			t.Errorf("long after: %v", err)
		}
		r.tap(0, 80*time.Millisecond)
		r.want(t, r.keys[0], "/"+r.keys[0])
	},
	"no turn is told": func(t *testing.T, r rig) {
		for _, stall := range []time.Duration{200 * time.Millisecond, 700 * time.Millisecond} {
			r.stall(stall)
			time.Sleep(60 * time.Millisecond)
			pressed := time.Now()
			r.tap(0, 70*time.Millisecond)
			time.Sleep(time.Second)
			got, keys := r.heard()
			s := strings.Join(once(got), " ")
			switch {
			case r.kept && s != r.keys[0] && s != r.keys[0]+" /"+r.keys[0]:
				t.Errorf("stall of %v: the device kept the press, heard %v", stall, got)
			case !r.kept && s != "!":
				t.Errorf("stall of %v: heard %v, want !", stall, got)
			case r.kept && keys[0].At.Sub(pressed).Abs() > time.Millisecond:
				t.Errorf("stall of %v: dated %v after the press", stall, keys[0].At.Sub(pressed))
			}
		}
		r.tap(0, 80*time.Millisecond)
		time.Sleep(3 * time.Second)
		r.tap(0, 80*time.Millisecond)
		if got, _ := r.heard(); len(got) == 0 || strings.Contains(strings.Join(got, " "), "!") {
			t.Errorf("afterwards heard %v", got)
		}
	},
	"nobody listens": func(t *testing.T, r rig) {
		for range keysDepth + 5 {
			r.tap(0, 80*time.Millisecond)
		}
		if r.Lost() == 0 {
			t.Error("nothing lost")
		}
		r.heard()
		r.tap(0, 80*time.Millisecond)
		r.want(t, "!", r.keys[0], "/"+r.keys[0])
	},
	"ends with a key down":  func(_ *testing.T, r rig) { r.key(0, true); time.Sleep(50 * time.Millisecond) },
	"ends while unplugged":  func(_ *testing.T, r rig) { r.plug(false); time.Sleep(time.Second) },
	"ends when never there": func(_ *testing.T, r rig) { r.plug(false); time.Sleep(time.Minute) },
	"nothing from nothing":  func(t *testing.T, r rig) { time.Sleep(time.Minute); r.want(t) },
}

// TestContract: every kind keeps every promise.
func TestContract(t *testing.T) {
	for kind, open := range kinds {
		for promise, keep := range contract {
			t.Run(kind+"/"+promise, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := open(t)
					r.run(t, func() { keep(t, r) })
				})
			})
		}
	}
}
