package expander_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/expander"
	"stationbox/hal/sim/device"
)

// pad is a keypad at an emulated chip.
type pad struct {
	*expander.Matrix
	chip *device.Expander
	bus  *device.I2C
	col  int // pin of the first column
}

func newPad(t interface{ Fatal(...any) }, kind expander.Kind, rise time.Duration) pad {
	p := pad{bus: device.NewI2C(), col: 8}
	if kind == expander.PCF8574 {
		p.col = 4
	}
	p.chip = device.NewExpander(p.bus, device.ExpanderOpts{Addr: 0x20, PCF8574: kind == expander.PCF8574, Rise: rise})
	p.Matrix = matrixOn(t, p.bus, kind)
	return p
}

func matrixOn(t interface{ Fatal(...any) }, bus i2c.Bus, kind expander.Kind) *expander.Matrix {
	m, err := expander.NewMatrix(bus, expander.Chip{Kind: kind, Addr: 0x20}, expander.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// close closes the contacts of a set and opens all others.
func (p pad) close(set uint64) {
	for i := range 16 {
		p.chip.Join(i/4, p.col+i%4, set&(1<<i) != 0)
	}
}

// throughKeys is what a matrix without diodes looks like: current also flows back
// through closed contacts.
func throughKeys(set uint64) (seen uint64) {
	for c := range 4 {
		rows, cols := uint64(0), uint64(1)<<c
		for range 8 {
			for i := range 16 {
				if r, k := uint64(1)<<(i/4), uint64(1)<<(i%4); set&(1<<i) != 0 && (rows&r != 0 || cols&k != 0) {
					rows, cols = rows|r, cols|k
				}
			}
		}
		for r := range 4 {
			seen |= rows >> r & 1 << (4*r + c)
		}
	}
	return seen
}

// bothChips runs a test on a keypad at each kind of chip.
func bothChips(t *testing.T, test func(t *testing.T, kind expander.Kind)) {
	for _, kind := range []expander.Kind{expander.MCP23017, expander.PCF8574} {
		t.Run(string(kind), func(t *testing.T) { test(t, kind) })
	}
}

func (p pad) want(t interface {
	Helper()
	Errorf(string, ...any)
}, closed, known uint64, err error) {
	t.Helper()
	c, k, e := p.Read(context.Background())
	if c != closed || k != known || !errors.Is(e, err) || e != nil && err == nil {
		t.Errorf("closed %016b known %016b, %v; want %016b, %016b, %v", c, k, e, closed, known, err)
	}
}

const all16 = 1<<16 - 1

// TestMatrixKeys: any keys are seen as a matrix without diodes shows them, also when
// the rows rise slowly on a long cable.
func TestMatrixKeys(t *testing.T) {
	bothChips(t, func(t *testing.T, kind expander.Kind) {
		rapid.Check(t, func(rt *rapid.T) {
			rise := time.Duration(rapid.IntRange(0, 500).Draw(rt, "rise in µs")) * time.Microsecond
			sets := rapid.SliceOfN(rapid.Uint64Range(0, all16), 1, 5).Draw(rt, "keys")
			thin := rapid.Uint64Range(0, all16).Draw(rt, "thin")
			synctest.Test(t, func(*testing.T) {
				p := newPad(rt, kind, rise)
				for _, set := range sets {
					p.close(set & thin)
					time.Sleep(time.Millisecond)
					seen := throughKeys(set & thin)
					p.want(rt, seen, all16, nil)
				}
			})
		})
	})
}

// TestMatrixOneKey: each key is its own contact.
func TestMatrixOneKey(t *testing.T) {
	bothChips(t, func(t *testing.T, kind expander.Kind) {
		synctest.Test(t, func(t *testing.T) {
			p := newPad(t, kind, 0)
			for i := range 16 {
				p.close(1 << i)
				p.want(t, 1<<i, all16, nil)
				p.close(0)
				p.want(t, 0, all16, nil)
			}
		})
	})
}

// TestMatrixShortedRow: a row at ground is unknown, the other rows go on.
func TestMatrixShortedRow(t *testing.T) {
	bothChips(t, func(t *testing.T, kind expander.Kind) {
		synctest.Test(t, func(t *testing.T) {
			p := newPad(t, kind, 0)
			p.chip.Push(1, true)
			p.close(1<<0 | 1<<6 | 1<<15)
			p.want(t, 1<<0|1<<15, all16&^0xF0, hal.ErrGarbled)
			if _, _, err := p.Read(t.Context()); !strings.Contains(err.Error(), "row 2 shorted") {
				t.Error(err)
			}
			p.chip.Push(1, false)
			p.want(t, 1<<0|1<<6|1<<15, all16, nil)
			p.close(0)
			p.want(t, 0, all16, nil)
		})
	})
}

// spoiler does something to the chip just before one of its transactions.
type spoiler struct {
	*device.I2C
	left int // transactions until then
	do   func()
	made int
}

func (s *spoiler) Tx(addr uint16, w, r []byte) error {
	s.made++
	if s.left--; s.left == -1 {
		s.do()
	}
	return s.I2C.Tx(addr, w, r)
}

// TestMatrixGlitch: whenever in a scan the chip loses its power, no key is told that is
// not down, and soon all is well again.
func TestMatrixGlitch(t *testing.T) {
	bothChips(t, func(t *testing.T, kind expander.Kind) {
		for at := range 20 {
			for _, down := range []uint64{0, 1 << 9} {
				synctest.Test(t, func(t *testing.T) {
					p := newPad(t, kind, 0)
					s := &spoiler{I2C: p.bus, left: 1 << 30, do: p.chip.Glitch}
					p.Matrix = matrixOn(t, s, kind)
					p.close(down)
					p.want(t, down, all16, nil)
					s.left = at
					for range 24 {
						closed, known, err := p.Read(t.Context())
						if closed&^down != 0 || closed&^known != 0 || (err == nil) != (known == all16) {
							t.Fatalf("glitch before transaction %d: closed %b, known %b, %v", at, closed, known, err)
						}
						time.Sleep(10 * time.Millisecond)
					}
					p.want(t, down, all16, nil)
				})
			}
		}
	})
}

// TestMatrixSpark: a register that changed by itself is told and mended.
func TestMatrixSpark(t *testing.T) {
	for name, spark := range map[string][2]byte{
		"a column let go": {1, 0x71}, "a column driven high": {0x15, 1}, "a row is an output": {0, 0x7E},
		"no pull-ups": {0x0C, 0}, "rows inverted": {2, 0xFF}, "the other map": {0x0A, 0x80},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPad(t, expander.MCP23017, 0)
				p.want(t, 0, all16, nil)
				p.chip.Scramble(spark[0], spark[1])
				told, mended := false, false
				for range 70 {
					_, known, err := p.Read(t.Context())
					told = told || errors.Is(err, hal.ErrGarbled)
					mended = told && known == all16
				}
				if !told || !mended {
					t.Errorf("told %v, mended %v", told, mended)
				}
				p.close(1)
				p.want(t, 1, all16, nil)
			})
		})
	}
}

func TestMatrixLost(t *testing.T) {
	bothChips(t, func(t *testing.T, kind expander.Kind) {
		synctest.Test(t, func(t *testing.T) {
			p := newPad(t, kind, 0)
			p.close(1 << 3)
			for fault, want := range map[string]error{"silent": hal.ErrSilent, "shorted": hal.ErrGarbled} {
				p.want(t, 1<<3, all16, nil)
				_ = p.chip.Fault(fault)
				for range 5 {
					p.want(t, 0, 0, want)
					time.Sleep(300 * time.Millisecond)
				}
				_ = p.chip.Fault("none")
				p.chip.Glitch()
				time.Sleep(300 * time.Millisecond)
				if _, known, _ := p.Read(t.Context()); known != all16 {
					p.want(t, 1<<3, all16, nil) // a glitch may cost one look more
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, known, err := p.Read(ctx); known != 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("known %b, %v", known, err)
			}
		})
	})
}

// TestMatrixTransactions: at rest one transaction, and never more than is promised.
func TestMatrixTransactions(t *testing.T) {
	bothChips(t, func(t *testing.T, kind expander.Kind) {
		synctest.Test(t, func(t *testing.T) {
			p := newPad(t, kind, 0)
			s := &spoiler{I2C: p.bus, left: 1 << 30}
			p.Matrix = matrixOn(t, s, kind)
			count := func() int {
				before := s.made
				if _, _, err := p.Read(t.Context()); err != nil && !errors.Is(err, hal.ErrGarbled) {
					t.Fatal(err)
				}
				return s.made - before
			}
			count()
			if n := count(); n != 1 {
				t.Errorf("%d transactions at rest", n)
			}
			p.close(1 << 5)
			one := count()
			p.chip.Push(0, true)
			p.chip.Push(2, true)
			p.close(all16 &^ 0x0F0F)
			count()
			short := 0 // two rows shorted, and four keys down
			for range 100 {
				short = max(short, count())
			}
			if one > 16 || short > 40 {
				t.Errorf("%d transactions with one key down, %d with shorted rows", one, short)
			}
		})
	})
}

// TestMatrixFrames compares the bytes with the data sheets: a keypad at rest, and the
// key of the first row and the second column.
func TestMatrixFrames(t *testing.T) {
	ones := []byte{0xFF}
	io := func(w []byte, r ...byte) i2ctest.IO { return i2ctest.IO{Addr: 0x20, W: w, R: r} }
	set := []byte{0x7F, 0x70, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7F, 0x7F}
	ports := func(a byte) i2ctest.IO { return io([]byte{0x0C}, 0x7F, 0x7F, 0, 0, 0, 0, a, 0x70, 0, 0) }
	cols := func(iodir byte) i2ctest.IO { return io([]byte{0x01, iodir}) }
	rows := func(a byte) i2ctest.IO { return io([]byte{0x12}, a) }
	for kind, ops := range map[expander.Kind][]i2ctest.IO{
		expander.MCP23017: {
			io([]byte{0x05, 0}), io(slices.Concat([]byte{0}, set)), io([]byte{0x14, 0, 0}), io([]byte{0}, set...), ports(0x7F),
			ports(0x7E), cols(0x7F), rows(0x7F),
			cols(0x7E), rows(0x7F), cols(0x7D), rows(0x7E), cols(0x7F), rows(0x7F), cols(0x7B), rows(0x7F), cols(0x77), rows(0x7F),
			cols(0x70), ports(0x7E),
		},
		expander.PCF8574: {
			io([]byte{0x0F}, 0x0F),
			io([]byte{0x0F}, 0x0E), io([]byte{0xFF}, ones...),
			io([]byte{0xEF}, 0xEF), io([]byte{0xDF}, 0xDE), io([]byte{0xFF}, ones...), io([]byte{0xBF}, 0xBF), io([]byte{0x7F}, 0x7F),
			io([]byte{0x0F}, 0x0E),
		},
	} {
		bus := &i2ctest.Playback{Ops: ops, DontPanic: true}
		m := matrixOn(t, bus, kind)
		for i, want := range []uint64{0, 1 << 1} {
			if closed, known, err := m.Read(t.Context()); closed != want || known != all16 || err != nil {
				t.Errorf("%s: look %d: %b, %b, %v", kind, i, closed, known, err)
			}
		}
		if err := bus.Close(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestMatrixColumnsThatStayHigh: a PCF8574 whose columns do not follow is no keypad at
// rest.
func TestMatrixColumnsThatStayHigh(t *testing.T) {
	for _, in := range []byte{0xFF, 0x1F, 0x8E} {
		m := matrixOn(t, &noise{bytes: []byte{in, 0}}, expander.PCF8574)
		if closed, known, err := m.Read(t.Context()); closed != 0 || known != 0 || !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("%02x: closed %b, known %b, %v", in, closed, known, err)
		}
	}
}

func TestNewMatrixErrors(t *testing.T) {
	for _, c := range []expander.Chip{{}, {Kind: expander.MCP23017, Addr: 0x38}, {Kind: "mcp23008", Addr: 0x20}} {
		if m, err := expander.NewMatrix(device.NewI2C(), c, expander.Opts{}); err == nil || m != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
}

// TestMatrixErrorsOfTheBus: an error at any transaction is unknown, and named.
func TestMatrixErrorsOfTheBus(t *testing.T) {
	bothChips(t, func(t *testing.T, kind expander.Kind) {
		m := matrixOn(t, wrongBus{unix.EREMOTEIO}, kind)
		if _, known, err := m.Read(t.Context()); known != 0 || !errors.Is(err, hal.ErrSilent) || !strings.Contains(err.Error(), fmt.Sprintf("%s:0x20", kind)) {
			t.Errorf("known %b, %v", known, err)
		}
	})
}

// FuzzMatrix: whatever a bus answers, a read ends, what is closed is known, and what is
// not known is explained.
func FuzzMatrix(f *testing.F) {
	f.Add(false, []byte("\x7f\x70\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x7f"+"\x7f\x7f\x00\x00\x00\x00\x7e\x70\x00\x00"+"\x7f\x7e"))
	f.Add(true, []byte{0x0F, 0x0E, 0xFF, 0xEF, 0xDE})
	f.Add(true, []byte{0})
	f.Fuzz(func(t *testing.T, pcf bool, answers []byte) {
		at := time.Unix(1000, 0)
		kind := expander.MCP23017
		if pcf {
			kind = expander.PCF8574
		}
		m, err := expander.NewMatrix(&noise{bytes: answers}, expander.Chip{Kind: kind, Addr: 0x20},
			expander.Opts{Now: func() time.Time { at = at.Add(time.Second); return at }})
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + len(answers)/4 {
			closed, known, err := m.Read(t.Context())
			if closed&^known != 0 || known&^uint64(all16) != 0 || (err == nil) != (known == all16) {
				t.Fatalf("closed %b, known %b, %v", closed, known, err)
			}
		}
	})
}
