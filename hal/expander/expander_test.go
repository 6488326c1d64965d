package expander_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/expander"
	"stationbox/hal/sim/device"
)

// board is a bank over two emulated chips.
type board struct {
	*expander.Bank
	mcp, pcf *device.Expander
	bus      *device.I2C
}

func newBoard(t interface{ Fatal(...any) }) board {
	bus := device.NewI2C()
	b := board{bus: bus, mcp: device.NewExpander(bus, device.ExpanderOpts{Addr: 0x20}), pcf: device.NewExpander(bus, device.ExpanderOpts{PCF8574: true, Addr: 0x38})}
	bank, err := expander.New(bus, []expander.Chip{{Kind: expander.MCP23017, Addr: 0x20}, {Kind: expander.PCF8574, Addr: 0x38}}, expander.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	b.Bank = bank
	return b
}

const (
	all22   = 1<<22 - 1
	onlyMCP = 1<<14 - 1
	onlyPCF = all22 &^ onlyMCP
)

// pin is where contact i is wired.
func (b board) push(i int, down bool) {
	switch {
	case i < 7:
		b.mcp.Push(i, down)
	case i < 14:
		b.mcp.Push(i+1, down)
	default:
		b.pcf.Push(i-14, down)
	}
}

func (b board) want(t interface {
	Helper()
	Errorf(string, ...any)
}, closed, known uint64, err error) {
	t.Helper()
	c, k, e := b.Read(context.Background())
	if c != closed || k != known || !errors.Is(e, err) || e != nil && err == nil {
		t.Errorf("closed %b known %b, %v; want %b, %b, %v", c, k, e, closed, known, err)
	}
}

// TestContacts: any contacts are read as they are.
func TestContacts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBoard(t)
			for range 3 {
				pressed := rapid.Uint64().Draw(rt, "pressed") & all22
				if pressed&onlyPCF == onlyPCF {
					continue // taken for a bus that is stuck
				}
				for i := range 22 {
					b.push(i, pressed&(1<<i) != 0)
				}
				b.mcp.Push(7, pressed&1 != 0) // not a contact
				b.want(t, pressed, all22, nil)
			}
		})
	})
}

func TestSilentChipIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		b.push(3, true)
		b.push(15, true)
		b.want(t, 1<<3|1<<15, all22, nil)
		_ = b.mcp.Fault("silent")
		b.want(t, 1<<15, onlyPCF, hal.ErrSilent)
		_ = b.mcp.Fault("none")
		b.want(t, 1<<15, onlyPCF, hal.ErrSilent) // not asked again at once
		time.Sleep(300 * time.Millisecond)
		b.want(t, 1<<3|1<<15, all22, nil)
		_ = b.pcf.Fault("silent")
		b.want(t, 1<<3, onlyMCP, hal.ErrSilent)
	})
}

// TestPowerGlitch: without its pull-ups a chip's contacts float; none of that is ever
// taken for a press, and the chip is set up again at once.
func TestPowerGlitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		b.want(t, 0, all22, nil)
		for range 50 {
			b.mcp.Glitch()
			b.pcf.Glitch()
			b.want(t, 0, onlyPCF, hal.ErrGarbled)
			b.want(t, 0, all22, nil)
		}
	})
}

// TestPullUpsOfOnePort: each look at the contacts proves the pull-ups of both ports.
func TestPullUpsOfOnePort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		b.want(t, 0, all22, nil)
		for _, reg := range []byte{0x0C, 0x0D} {
			b.mcp.Scramble(reg, 0)
			b.want(t, 0, onlyPCF, hal.ErrGarbled)
			b.want(t, 0, all22, nil)
		}
	})
}

// TestSpark: a register that changed by itself is found by the next verification, and
// mended; also when the chip is in the other register map.
func TestSpark(t *testing.T) {
	for name, spark := range map[string][2]byte{
		"contacts inverted": {2, 0xFF}, "an input is an output": {0, 0x3F}, "the other map": {0x0A, 0x80},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBoard(t)
				b.want(t, 0, all22, nil)
				b.mcp.Scramble(spark[0], spark[1])
				told, mended := false, false
				for range 70 {
					_, known, err := b.Read(t.Context())
					told = told || errors.Is(err, hal.ErrGarbled)
					mended = told && known == all22
				}
				if !told || !mended {
					t.Errorf("told %v, mended %v", told, mended)
				}
				b.push(0, true)
				b.want(t, 1, all22, nil)
			})
		})
	}
}

// TestStuckBus: a line that is stuck low reads as zeros, which no chip may take for
// presses.
func TestStuckBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(t)
		b.want(t, 0, all22, nil)
		_ = b.mcp.Fault("shorted")
		_ = b.pcf.Fault("shorted")
		for range 5 {
			b.want(t, 0, 0, hal.ErrGarbled)
			time.Sleep(300 * time.Millisecond)
		}
		_ = b.mcp.Fault("none")
		_ = b.pcf.Fault("none")
		time.Sleep(300 * time.Millisecond)
		b.want(t, 0, all22, nil)
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	b := newBoard(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, known, err := b.Read(ctx); known != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("known %b, %v", known, err)
	}
}

// wrongBus fails with one error.
type wrongBus struct{ err error }

func (b wrongBus) String() string                  { return "wrong" }
func (b wrongBus) Tx(uint16, []byte, []byte) error { return b.err }
func (b wrongBus) SetSpeed(physic.Frequency) error { return nil }

func TestErrorsOfTheBus(t *testing.T) {
	for err, want := range map[error]error{
		unix.EREMOTEIO: hal.ErrSilent, unix.ETIMEDOUT: hal.ErrSilent, unix.ENXIO: hal.ErrSilent,
		unix.ENODEV: hal.ErrGone, fs.ErrClosed: hal.ErrGone,
	} {
		b, e := expander.New(wrongBus{err}, []expander.Chip{{Kind: expander.MCP23017, Addr: 0x27}}, expander.Opts{})
		if e != nil {
			t.Fatal(e)
		}
		if _, known, got := b.Read(t.Context()); known != 0 || !errors.Is(got, want) || !strings.Contains(got.Error(), "0x27") {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

func TestNewErrors(t *testing.T) {
	mcp := func(addr uint16) expander.Chip { return expander.Chip{Kind: expander.MCP23017, Addr: addr} }
	for name, chips := range map[string][]expander.Chip{
		"none": nil, "twice": {mcp(0x20), mcp(0x20)}, "address": {mcp(0x38)}, "chip": {{Kind: "mcp23018", Addr: 0x20}},
		"too many": {mcp(0x20), mcp(0x21), mcp(0x22), mcp(0x23), mcp(0x24)},
	} {
		if b, err := expander.New(device.NewI2C(), chips, expander.Opts{}); err == nil || b != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseChip: what is read is written the same, and nothing else is read.
func FuzzParseChip(f *testing.F) {
	for _, s := range []string{"mcp23017:0x20", "pcf8574:0x3f", "pcf8574:56", "mcp23017", "mcp23017:0x28", ":", "mcp23017:-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := expander.ParseChip(s)
		if err != nil {
			return
		}
		again, err := expander.ParseChip(c.String())
		if err != nil || again != c || c.Inputs() < 8 {
			t.Fatalf("%q became %v, then %v, %v", s, c, again, err)
		}
	})
}

// noise answers with any bytes.
type noise struct {
	wrongBus
	bytes []byte
}

func (n *noise) Tx(_ uint16, _, r []byte) error {
	k := copy(r, n.bytes)
	n.bytes = n.bytes[k:]
	if len(n.bytes) == 0 {
		return unix.EREMOTEIO
	}
	return nil
}

// FuzzRead: whatever a bus answers, what is closed is known, and what is not known is
// explained.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\x7f\x7f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x7f" + "\x7f\x7f\x00\x00\x00\x00\x7e\x7f" + "\xfe\x01"))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, answers []byte) {
		at := time.Unix(1000, 0)
		b, err := expander.New(&noise{bytes: answers}, []expander.Chip{{Kind: expander.MCP23017, Addr: 0x20}, {Kind: expander.PCF8574, Addr: 0x21}},
			expander.Opts{Now: func() time.Time { at = at.Add(time.Second); return at }})
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + len(answers)/9 {
			closed, known, err := b.Read(t.Context())
			if closed&^known != 0 || known&^uint64(all22) != 0 || (err == nil) != (known == all22) {
				t.Fatalf("closed %b, known %b, %v", closed, known, err)
			}
		}
	})
}
