package panel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/expander"
	"stationbox/hal/sim/device"
)

// wall is a panel of 64 buttons at five expanders.
type wall struct {
	rig
	bus   *device.I2C
	chips []*device.Expander
}

func newWall(t *testing.T) wall {
	w := wall{bus: device.NewI2C()}
	var chips []expander.Chip
	for i := range 5 {
		c := expander.Chip{Kind: expander.MCP23017, Addr: uint16(0x20 + i)}
		if i == 4 {
			c.Kind = expander.PCF8574
		}
		chips = append(chips, c)
		w.chips = append(w.chips, device.NewExpander(w.bus, device.ExpanderOpts{Addr: c.Addr, PCF8574: i == 4}))
	}
	bank, err := expander.New(w.bus, chips, expander.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if w.Panel, err = NewButtons(bank, Opts{}); err != nil {
		t.Fatal(err)
	}
	w.key = func(i int, down bool) {
		pin := i % 14
		if i/14 < 4 && pin > 6 {
			pin++
		}
		w.chips[i/14].Push(pin, down)
	}
	return w
}

// TestSixtyFourButtons: each of them is its own number.
func TestSixtyFourButtons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWall(t)
		w.run(t, func() {
			for i := range 64 {
				w.key(i, true)
				time.Sleep(80 * time.Millisecond)
				w.key(i, false)
				time.Sleep(80 * time.Millisecond)
				w.want(t, fmt.Sprint("b", i+1), fmt.Sprint("/b", i+1))
			}
		})
	})
}

// TestOneChipIsNotAll: a chip that is silent, or glitches, takes only its own buttons
// along, and that is told once when it goes and once when it is back.
func TestOneChipIsNotAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWall(t)
		w.run(t, func() {
			_ = w.chips[1].Fault("silent")
			time.Sleep(10 * time.Second)
			if err := w.State(); !errors.Is(err, hal.ErrSilent) || !strings.Contains(err.Error(), "0x21") {
				t.Errorf("state: %v", err)
			}
			w.want(t, "!")
			w.key(0, true)
			time.Sleep(80 * time.Millisecond)
			w.key(0, false)
			time.Sleep(80 * time.Millisecond)
			w.want(t, "b1", "/b1")
			_ = w.chips[1].Fault("none")
			time.Sleep(time.Second)
			if err := w.State(); err != nil {
				t.Errorf("back: %v", err)
			}
			if list, _ := w.heard(); len(list) != 1 || list[0] != "!" {
				t.Errorf("heard %v, want !", list)
			}
			for range 20 {
				w.chips[2].Glitch()
				time.Sleep(time.Second)
			}
			w.want(t, "!")
			if err := w.State(); err != nil {
				t.Errorf("after glitches: %v", err)
			}
		})
	})
}

// TestNobodyIsSignedInByAGlitch: whatever happens to power, bus and chips, only buttons
// that were pressed are told.
func TestNobodyIsSignedInByAGlitch(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(0, 6), 5, 40).Draw(rt, "steps")
		waits := rapid.SliceOfN(rapid.IntRange(1, 120), len(steps), len(steps)).Draw(rt, "waits")
		which := rapid.SliceOfN(rapid.IntRange(0, 4), len(steps), len(steps)).Draw(rt, "chips")
		synctest.Test(t, func(t *testing.T) {
			w := newWall(t)
			pressed := map[int]bool{}
			w.run(t, func() {
				for i, s := range steps {
					chip := w.chips[which[i]]
					switch s {
					case 0:
						chip.Glitch()
					case 1:
						chip.Scramble(0x0C+byte(i%2), byte(i)) // a pull-up register
					case 2:
						_ = chip.Fault("silent")
					case 3:
						_ = chip.Fault("shorted")
					case 4:
						_ = chip.Fault("none")
					case 5:
						w.bus.Stall(time.Duration(waits[i]) * time.Millisecond)
					case 6:
						pressed[i] = true
						w.key(i, true)
					}
					time.Sleep(time.Duration(waits[i]) * time.Millisecond)
					w.key(i, false)
				}
				time.Sleep(time.Second)
				_, keys := w.heard()
				for _, k := range keys {
					if k.Down && !pressed[k.Number-1] {
						rt.Fatalf("button %d, and nobody pressed it", k.Number)
					}
				}
			})
		})
	})
}

// TestOneBigButton: who presses twice is one head, who comes next is another.
func TestOneBigButton(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := pinRig(t, 1)
		r.run(t, func() {
			for range 9 {
				r.tap(0, 80*time.Millisecond) // and a second later the next
			}
			for _, pause := range []int{40, 100, 300, 500} { // an impatient one
				r.key(0, true)
				time.Sleep(60 * time.Millisecond)
				r.key(0, false)
				time.Sleep(time.Duration(pause) * time.Millisecond)
			}
			time.Sleep(time.Second)
			r.tap(0, 2*time.Second)
			list, _ := r.heard()
			if got := strings.Count(strings.Join(list, " ")+" ", "here "); got != 2*(9+1+1) || len(list) != got {
				t.Errorf("heard %d presses and releases, want 22: %v", got, list)
			}
		})
	})
}

// TestButtonsLoseNothingInSilence: however often and long the panel has no turn, between
// two presses that it tells without a mark no press was lost.
func TestButtonsLoseNothingInSilence(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		holds := rapid.SliceOfN(rapid.IntRange(60, 200), 20, 20).Draw(rt, "hold")
		pauses := rapid.SliceOfN(rapid.IntRange(80, 400), 20, 20).Draw(rt, "pause")
		stalls := rapid.SliceOfN(rapid.IntRange(0, 300), 20, 20).Draw(rt, "stall")
		var said []string
		synctest.Test(t, func(t *testing.T) {
			r := pinRig(t, 20)
			r.run(t, func() {
				for i := range holds {
					if d := stalls[i]; d > 100 {
						r.stall(time.Duration(d-100) * time.Millisecond)
					}
					r.key(i, true)
					time.Sleep(time.Duration(holds[i]) * time.Millisecond)
					r.key(i, false)
					time.Sleep(time.Duration(pauses[i]) * time.Millisecond)
				}
				time.Sleep(300 * time.Millisecond)
				_, keys := r.heard()
				for _, k := range keys {
					if k.Missed {
						said = append(said, "!")
					}
					if k.Down {
						said = append(said, fmt.Sprint(k.Number))
					}
				}
			})
		})
		last := 0
		for _, s := range said {
			var n int
			if _, err := fmt.Sscan(s, &n); err != nil {
				last = 0
				continue
			}
			if last > 0 && n != last+1 {
				rt.Fatalf("%v: %d follows %d", said, n, last)
			}
			last = n
		}
	})
}

// TestPolledMatrixSaysWhatIsWrong: which key is stuck, which row is shorted, and that
// keys stay unclear.
func TestPolledMatrixSaysWhatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := device.NewI2C()
		x := device.NewExpander(bus, device.ExpanderOpts{Addr: 0x20})
		m, err := expander.NewMatrix(bus, expander.Chip{Kind: expander.MCP23017, Addr: 0x20}, expander.Opts{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewPolledMatrix(m, Opts{})
		if err != nil {
			t.Fatal(err)
		}
		state := func(want string) {
			t.Helper()
			time.Sleep(11 * time.Second)
			if err := p.State(); !errors.Is(err, hal.ErrGarbled) || !strings.Contains(err.Error(), want) {
				t.Errorf("state %v, want %s", err, want)
			}
		}
		rig{Panel: p}.run(t, func() {
			x.Join(2, 10, true)
			state("'9' stuck")
			x.Join(2, 10, false)
			x.Push(3, true)
			state("row 4 shorted")
			x.Push(3, false)
			x.Join(0, 8, true)
			x.Join(0, 9, true)
			x.Join(1, 8, true)
			state("unclear")
			x.Join(0, 8, false)
			x.Join(0, 9, false)
			x.Join(1, 8, false)
			time.Sleep(time.Second)
			if err := p.State(); err != nil {
				t.Error(err)
			}
		})
	})
}

// bankOf is a bank of so many contacts that are all open.
type bankOf int

func (b bankOf) Inputs() int                                            { return int(b) }
func (b bankOf) Read(context.Context) (closed, known uint64, err error) { return 0, everything, nil }

func TestButtonsNewErrors(t *testing.T) {
	for _, n := range []int{-1, 0, 65} {
		if p, err := NewButtons(bankOf(n), Opts{}); err == nil || p != nil {
			t.Errorf("%d buttons: %v", n, err)
		}
	}
	for _, n := range []int{0, 2, 64} {
		if p, err := NewOne(bankOf(n), Opts{}); err == nil || p != nil {
			t.Errorf("one of %d: %v", n, err)
		}
	}
	for _, n := range []int{0, 15, 17, 64} {
		if p, err := NewPolledMatrix(bankOf(n), Opts{}); err == nil || p != nil {
			t.Errorf("keypad of %d contacts: %v", n, err)
		}
	}
	if p, err := NewPolledMatrix(bankOf(16), Opts{Layout: "1123456789ABCDEF"}); err == nil || p != nil {
		t.Errorf("a key twice: %v", err)
	}
	if b, err := NewPinBank(nil, Opts{}); err == nil || b != nil {
		t.Errorf("no pins: %v", err)
	}
	if b, err := NewPinBank(make([]gpio.PinIn, 65), Opts{}); err == nil || b != nil {
		t.Errorf("65 pins: %v", err)
	}
	if b, err := NewPinBank([]gpio.PinIn{nil}, Opts{}); !errors.Is(err, hal.ErrGone) || b != nil {
		t.Errorf("no pin: %v", err)
	}
}

// BenchmarkLook is one look at 64 contacts, of which a station makes a hundred a second.
func BenchmarkLook(b *testing.B) {
	p, err := NewButtons(bankOf(64), Opts{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		closed, known, err := p.bank.Read(b.Context())
		p.take(closed, known, err, p.now())
	}
}
