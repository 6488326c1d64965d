package panel

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"stationbox/hal/evdev"
	"stationbox/hal/sim/device"
)

// codes of linux/input-event-codes.h that the tests press besides digits.
const (
	keyEnter, keyKPEnter    = 28, 96
	keyBackspace, keyKPStar = 14, 55
	keyNumLock, keyShift    = 69, 42
	keyA, keyKPSlash        = 30, 98
)

// finger presses keys of an input device.
func finger(in *device.Input, hold, pause time.Duration, codes ...uint16) {
	for _, c := range codes {
		in.Key(c, 1)
		time.Sleep(hold)
		in.Key(c, 0)
		time.Sleep(pause)
	}
}

// with is a copy of codes with more at its end.
func with(codes []uint16, more ...uint16) []uint16 { return slices.Concat(codes, more) }

func digits(keypad bool, s string) []uint16 {
	var codes []uint16
	for _, d := range s {
		codes = append(codes, device.Digit(d, keypad))
	}
	return codes
}

// withInput runs a keypad or a card reader on an input device.
func withInput(t *testing.T, cards bool, do func(t *testing.T, in *device.Input, r rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		in, dev, r := inputRig(t, 24)
		r.Panel = NewUSB(dev, Opts{Edges: stamp})
		if cards {
			r.Panel, r.noUp = NewCards(dev, Opts{Edges: stamp}), true
		}
		r.run(t, func() { do(t, in, r) })
	})
}

// presses is what was heard without releases.
func presses(r rig) string {
	list, _ := r.heard()
	var s []string
	for _, k := range list {
		if k[0] != '/' {
			s = append(s, k)
		}
	}
	return strings.Join(s, " ")
}

func TestUSBKeys(t *testing.T) {
	slow := func(codes ...uint16) func(*device.Input) {
		return func(in *device.Input) { finger(in, 70*time.Millisecond, 90*time.Millisecond, codes...) }
	}
	for name, tt := range map[string]struct {
		do   func(in *device.Input)
		want string
	}{
		"the keypad":          {slow(append(digits(true, "0123456789"), keyKPEnter, keyKPStar)...), "0 1 2 3 4 5 6 7 8 9 # *"},
		"the row of digits":   {slow(append(digits(false, "0123456789"), keyEnter, keyBackspace)...), "0 1 2 3 4 5 6 7 8 9 # *"},
		"NumLock around each": {slow(keyNumLock, 79, keyNumLock, keyNumLock, 80, keyNumLock), "1 2"},
		"keys without a use":  {slow(keyA, keyKPSlash, keyShift, 79), "1"},
		"twice the same":      {slow(79, 79), "1 1"},
		"the key 000":         {func(in *device.Input) { finger(in, 4*time.Millisecond, 4*time.Millisecond, 82, 82, 82) }, "0 ! !"},
		"the key 00 after 1": {func(in *device.Input) {
			finger(in, 70*time.Millisecond, 90*time.Millisecond, 79)
			finger(in, 4*time.Millisecond, 4*time.Millisecond, 82, 82)
			finger(in, 70*time.Millisecond, 90*time.Millisecond, keyKPEnter)
		}, "1 0 ! #"},
		"a worn key": {func(in *device.Input) {
			finger(in, 5*time.Millisecond, 8*time.Millisecond, 79, 79)
			finger(in, 70*time.Millisecond, 90*time.Millisecond, 79)
		}, "1"},
		"rolling fingers": {func(in *device.Input) {
			for _, c := range []uint16{79, 80, 81} {
				in.Key(c, 1)
				time.Sleep(20 * time.Millisecond)
			}
			for _, c := range []uint16{79, 80, 81} {
				in.Key(c, 0)
				time.Sleep(20 * time.Millisecond)
			}
		}, "1 2 3"},
	} {
		t.Run(name, func(t *testing.T) {
			withInput(t, false, func(t *testing.T, in *device.Input, r rig) {
				tt.do(in)
				time.Sleep(time.Second)
				if got := presses(r); got != tt.want {
					t.Errorf("heard %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestHeldSinceBefore: a key that is down when the device is opened is no press, and
// is told as stuck if it stays.
func TestHeldSinceBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, dev, r := inputRig(t, 24)
		in.Key(79, 1)
		r.Panel = NewUSB(dev, Opts{Edges: stamp})
		r.run(t, func() {
			time.Sleep(11 * time.Second)
			if r.State() == nil {
				t.Error("nobody is told that it is stuck")
			}
			in.Key(79, 0)
			finger(in, 70*time.Millisecond, 90*time.Millisecond, 80)
			r.want(t, "2", "/2")
			if err := r.State(); err != nil {
				t.Error(err)
			}
		})
	})
}

// TestStuckThenReplaced: a keypad with a stuck key is exchanged for a good one: its
// first press of that key counts.
func TestStuckThenReplaced(t *testing.T) {
	withInput(t, false, func(t *testing.T, in *device.Input, r rig) {
		in.Key(79, 1)
		time.Sleep(11 * time.Second)
		_ = in.Fault("unplugged")
		time.Sleep(time.Second)
		_ = in.Fault("none")
		time.Sleep(time.Second)
		r.want(t, "1", "/1", "!")
		finger(in, 70*time.Millisecond, 90*time.Millisecond, 79)
		r.want(t, "1", "/1")
	})
}

func TestCards(t *testing.T) {
	const ms = time.Millisecond
	burst := func(codes ...uint16) func(*device.Input) {
		return func(in *device.Input) { finger(in, 4*ms, 4*ms, codes...) }
	}
	card := digits(false, "0004711001")
	for name, tt := range map[string]struct {
		do   func(in *device.Input)
		want string
	}{
		"a card":          {func(in *device.Input) { in.Swipe("0004711001") }, "c0004711001"},
		"of the keypad's": {burst(append(digits(true, "0004711001"), keyKPEnter)...), "c0004711001"},
		"two ends":        {burst(with(card, keyEnter, keyEnter)...), "c0004711001"},
		"a slow reader":   {func(in *device.Input) { finger(in, 25*ms, 25*ms, with(card, keyEnter)...) }, "c0004711001"},
		"typed by hand":   {func(in *device.Input) { finger(in, 60*ms, 90*ms, with(card, keyEnter)...) }, "! ! ! ! ! ! ! ! ! !"},
		"shift around":    {burst(with([]uint16{keyShift}, with(card, keyEnter)...)...), "c0004711001"},
		"a letter in it":  {burst(with(card, keyA, 2, keyEnter)...), "!"},
		"too short":       {burst(2, 3, 4, keyEnter), "!"},
		"too long":        {burst(append(digits(false, strings.Repeat("12345678901", 3)), keyEnter)...), "!"},
		"without an end":  {func(in *device.Input) { burst(card...)(in); time.Sleep(time.Second) }, "!"},
		"only an end":     {burst(keyEnter), ""},
		"it lies there": {func(in *device.Input) {
			for range 9 {
				in.Swipe("4711")
				time.Sleep(time.Second)
			}
		}, "c4711"},
		"it comes back": {func(in *device.Input) { in.Swipe("4711"); time.Sleep(3 * time.Second); in.Swipe("4711") }, "c4711 c4711"},
		"two after another": {func(in *device.Input) {
			in.Swipe("4711")
			time.Sleep(150 * ms)
			in.Swipe("4712")
			time.Sleep(150 * ms)
			in.Swipe("4711")
		}, "c4711 c4712 c4711"},
		"torn, then whole": {func(in *device.Input) { burst(card[:5]...)(in); time.Sleep(200 * ms); in.Swipe("4711") }, "! c4711"},
		"unplugged half way": {func(in *device.Input) {
			burst(card[:5]...)(in)
			_ = in.Fault("unplugged")
			time.Sleep(30 * ms)
			_ = in.Fault("none")
			time.Sleep(20 * ms)
			burst(with(card[5:], keyEnter)...)(in)
			time.Sleep(time.Second)
			in.Swipe("4711")
		}, "! ! c4711"},
	} {
		t.Run(name, func(t *testing.T) {
			withInput(t, true, func(t *testing.T, in *device.Input, r rig) {
				tt.do(in)
				time.Sleep(time.Second)
				if got := presses(r); got != tt.want {
					t.Errorf("heard %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestTornCard: events that the kernel drops within a card never leave a shorter card.
func TestTornCard(t *testing.T) {
	const card = "12345678901234567890" // 126 events, and the kernel keeps 64
	for _, stall := range []int{20, 40, 60, 80, 100, 120, 140, 160, 180, 300} {
		withInput(t, true, func(t *testing.T, in *device.Input, r rig) {
			r.stall(time.Duration(stall) * time.Millisecond)
			in.Swipe(card)
			time.Sleep(3 * time.Second)
			in.Swipe("4711")
			time.Sleep(time.Second)
			if got := presses(r); got != "c"+card+" c4711" && got != "! c4711" {
				t.Errorf("stall of %d ms: heard %q", stall, got)
			}
		})
	}
}

// TestNeverMixed: a card that is swiped while somebody types comes out whole, and so
// does the number.
func TestNeverMixed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pad, dev, keypad := inputRig(t, 24)
		keypad.Panel = NewUSB(dev, Opts{Edges: stamp})
		reader, dev, cards := inputRig(t, 24)
		cards.Panel = NewCards(dev, Opts{Edges: stamp})
		keypad.run(t, func() {
			cards.run(t, func() {
				done := make(chan struct{})
				go func() {
					defer close(done)
					for i := range 8 {
						reader.Swipe(fmt.Sprint("000471100", i))
						time.Sleep(300 * time.Millisecond)
					}
				}()
				finger(pad, 70*time.Millisecond, 90*time.Millisecond, append(digits(true, strings.Repeat("4711", 5)), keyKPEnter)...)
				<-done
				if got, want := presses(keypad), strings.Repeat("4 7 1 1 ", 5)+"#"; got != want {
					t.Errorf("keypad heard %q", got)
				}
				var want []string
				for i := range 8 {
					want = append(want, fmt.Sprint("c000471100", i))
				}
				if got := presses(cards); got != strings.Join(want, " ") {
					t.Errorf("reader heard %q, want %q", got, want)
				}
			})
		})
	})
}

// TestAnyTyping: whatever keys a device says went down and up, in whatever rhythm,
// a keypad tells each digit down, up, down, up.
func TestAnyTyping(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		codes := rapid.SliceOfN(rapid.SampledFrom([]uint16{79, 2, 80, 96, 28, keyNumLock, keyA}), 1, 30).Draw(rt, "codes")
		waits := rapid.SliceOfN(rapid.IntRange(0, 60), len(codes), len(codes)).Draw(rt, "waits")
		downs := rapid.SliceOfN(rapid.Bool(), len(codes), len(codes)).Draw(rt, "downs")
		withInput(t, false, func(t *testing.T, in *device.Input, r rig) {
			for i, c := range codes {
				in.Key(c, map[bool]int32{true: 1, false: 0}[downs[i]])
				time.Sleep(time.Duration(waits[i]) * time.Millisecond)
			}
			time.Sleep(time.Second)
			list, _ := r.heard()
			down := map[string]int{}
			for _, k := range list {
				if k[0] == '/' {
					down[k[1:]]--
				} else {
					down[k]++
				}
				if n := down[strings.TrimPrefix(k, "/")]; n < 0 || n > 2 { // two keys have the same name
					rt.Fatalf("heard %v", list)
				}
			}
		})
	})
}

// tape is a device file that plays bytes.
type tape struct{ rest []byte }

func (f *tape) Read(b []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, unix.ENODEV
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *tape) SetReadDeadline(time.Time) error { return nil }

func (f *tape) Ioctl(request uint32, arg []byte) error {
	if request>>8 == 0x806045 && byte(request) == 0x21 { // the keys that it has
		arg[0] = 1 << 2
	}
	return nil
}

func (f *tape) Close() error { return nil }

// FuzzInput: whatever a device file holds, cards are digits of a card's length, keys
// are keys, and nothing hangs.
func FuzzInput(f *testing.F) {
	var seed []byte
	for i, code := range append(digits(false, "4711"), keyEnter) {
		for _, e := range [][3]uint32{{1, uint32(code), 1}, {0, 0, 0}, {1, uint32(code), 0}, {0, 0, 0}} {
			seed = binary.NativeEndian.AppendUint64(seed, 86400)
			seed = binary.NativeEndian.AppendUint64(seed, uint64(i*8000))
			seed = binary.NativeEndian.AppendUint16(seed, uint16(e[0]))
			seed = binary.NativeEndian.AppendUint16(seed, uint16(e[1]))
			seed = binary.NativeEndian.AppendUint32(seed, e[2])
		}
	}
	f.Add(seed)
	f.Add(seed[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		synctest.Test(t, func(t *testing.T) {
			open := func(string) (evdev.Handle, error) { return &tape{rest: b}, nil }
			var panels []Panel
			for _, cards := range []bool{true, false} {
				dev, err := evdev.New("/dev/input/event0", evdev.Opts{EventSize: 24, Open: open})
				if err != nil {
					t.Fatal(err)
				}
				if cards {
					panels = append(panels, NewCards(dev, Opts{Edges: stamp}))
					continue
				}
				panels = append(panels, NewUSB(dev, Opts{Edges: stamp}))
			}
			for i, p := range panels {
				r := rig{Panel: p}
				r.run(t, func() {})
				_, keys := r.heard()
				for _, k := range keys {
					n := len(k.Card)
					if i == 0 && (k.Rune != 0 || n != 0 && (n < minCard || n > maxCard || strings.Trim(k.Card, "0123456789") != "")) || i == 1 && n != 0 {
						t.Fatalf("key %+v", k)
					}
				}
			}
		})
	})
}
