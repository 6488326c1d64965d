package gpioline

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
	"stationbox/hal/ioctl"
)

func lineInfo(chip string, offset uint32) (unix.GPIOV2LineInfo, error) {
	info := unix.GPIOV2LineInfo{Offset: offset}
	f, err := os.OpenFile(chip, os.O_RDWR, 0)
	if err != nil {
		return info, err
	}
	defer f.Close()
	return info, ioctl.Do(int(f.Fd()), uint(unix.GPIO_V2_GET_LINEINFO_IOCTL), unsafe.Pointer(&info))
}

// TestRequests compares whole requests with golden files: 592 bytes, little
// endian, of struct gpio_v2_line_request.
func TestRequests(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the golden files are little endian")
	}
	for name, r := range map[string]*unix.GPIOV2LineRequest{
		"out-high":       outRequest(17, "guard", gpio.High, false),
		"out-low":        outRequest(17, "guard", gpio.Low, false),
		"out-open-drain": outRequest(4, "station", gpio.High, true),
		"in-plain":       inRequest(5, "station", inConfig{}),
		"in-both-up-15ms": inRequest(22, "station",
			inConfig{pull: gpio.PullUp, edge: gpio.BothEdges, debounce: 15 * time.Millisecond}),
		"in-fall-down": inRequest(22, "station", inConfig{pull: gpio.PullDown, edge: gpio.FallingEdge}),
		"in-rise-off":  inRequest(22, "station", inConfig{pull: gpio.Float, edge: gpio.RisingEdge}),
		"long-name":    outRequest(1, strings.Repeat("x", 40), gpio.Low, false),
	} {
		t.Run(name, func(t *testing.T) {
			got := words(unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Sizeof(*r)))
			file := filepath.Join("testdata", "request", name+".txt")
			want, err := os.ReadFile(file)
			must(t, err)
			if got != string(want) {
				t.Fatalf("request differs from %s:\n%s", file, got)
			}
		})
	}
}

// words writes b as offset and hex, eight bytes a line, without the zero lines.
func words(b []byte) string {
	var s strings.Builder
	for i := 0; i < len(b); i += 8 {
		w := b[i:min(i+8, len(b))]
		if strings.Trim(string(w), "\x00") == "" {
			continue
		}
		s.WriteString(hex.EncodeToString([]byte{byte(i >> 8), byte(i)}) + " " + hex.EncodeToString(w) + "\n")
	}
	return s.String()
}

func TestDecodeEvent(t *testing.T) {
	e, ok := decodeEvent(eventBytes(gpio.High, 1234567890123, 41))
	if want := (Edge{Level: gpio.High, At: 1234567890123, Seq: 41}); !ok || e != want {
		t.Fatalf("got %+v, %v, want %+v", e, ok, want)
	}
	if e, ok := decodeEvent(eventBytes(gpio.Low, 5, 1)); !ok || e.Level != gpio.Low {
		t.Fatalf("falling: got %+v, %v", e, ok)
	}
	unknown := eventBytes(gpio.High, 5, 1)
	unknown[8] = 9
	for name, b := range map[string][]byte{"unknown id": unknown, "short": unknown[:47], "empty": nil} {
		if _, ok := decodeEvent(b); ok {
			t.Errorf("%s: decoded", name)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(eventBytes(gpio.High, time.Hour, 1))
	f.Add(eventBytes(gpio.Low, 0, 1<<31))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, ok := decodeEvent(b)
		if !ok {
			return
		}
		if again := eventBytes(e.Level, e.At, uint32(e.Seq)); string(again[:12]) != string(b[:12]) || string(again[20:24]) != string(b[20:24]) {
			t.Fatalf("%x came back as %x", b, again)
		}
	})
}

func TestFindLine(t *testing.T) {
	cases := map[string]struct {
		label string
		names []string
		want  int
	}{
		"by name":                  {"gpio-sim.0-bank", []string{"a", "GPIO17", "b"}, 1},
		"unnamed, by number":       {"gpio-sim.0-bank", make([]string, 20), 17},
		"other name at the number": {"gpio-sim.0-bank", strings.Split(strings.Repeat("x ", 20), " "), -1},
		"Pi 3, SoC name":           {"pinctrl-bcm2835", strings.Split(strings.Repeat("SDA1 ", 20), " "), 17},
		"Pi 5":                     {"pinctrl-rp1", strings.Split(strings.Repeat("- ", 20), " "), 17},
		"too few":                  {"pinctrl-rp1", make([]string, 17), -1},
	}
	for name, c := range cases {
		k := &kernel{label: c.label, names: c.names}
		if got := k.find("GPIO17"); got != c.want {
			t.Errorf("%s: offset %d, want %d", name, got, c.want)
		}
	}
	k := &kernel{names: make([]string, 20)}
	for _, name := range []string{"GPIO", "GPIO-1", "GPIOx", "17", "gpio17", "GPIO99999999999999999999"} {
		if got := k.find(name); got != -1 {
			t.Errorf("%q: offset %d, want none", name, got)
		}
	}
}

// TestChipGone: a chip that is pulled out is hal.ErrGone for calls and State.
func TestChipGone(t *testing.T) {
	m := newModel("GPIO17")
	k := newFakeKernel(t, m, "fake", "GPIO17")
	back, err := openKernel("/dev/null", "test", k.ioctl)
	must(t, err)
	b := newBank("/dev/null", back)
	defer b.Close()
	p, err := b.Pin("GPIO17")
	must(t, err)
	must(t, p.Out(gpio.High))
	k.fail[unix.GPIO_V2_LINE_SET_VALUES_IOCTL] = unix.ENODEV
	if err := p.Out(gpio.Low); !errors.Is(err, hal.ErrGone) {
		t.Errorf("out: %v, want ErrGone", err)
	}
	if err := b.State(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("state: %v, want ErrGone", err)
	}
}

func TestBusyNamesTheHolder(t *testing.T) {
	r := fakeKernelRig(t)
	defer r.bank.Close()
	r.hold("GPIO4")
	err := r.pin(t, "GPIO4").Out(gpio.High)
	if err == nil || !strings.Contains(err.Error(), `held by "a stranger"`) {
		t.Fatalf("busy: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plain")
	must(t, os.WriteFile(file, nil, 0o600))
	cases := map[string]struct {
		chip, consumer string
		want           error
	}{
		"no chip":       {filepath.Join(t.TempDir(), "gpiochip9"), "test", hal.ErrGone},
		"no server":     {"unix:" + filepath.Join(t.TempDir(), "pins.sock"), "test", hal.ErrGone},
		"not a chip":    {file, "test", unix.ENOTTY},
		"bad consumer":  {file, "two words", nil},
		"long consumer": {file, strings.Repeat("x", 32), nil},
	}
	for name, c := range cases {
		b, err := Open(t.Context(), c.chip, c.consumer)
		if err == nil {
			_ = b.Close()
			t.Errorf("%s: opened", name)
			continue
		}
		if c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestKernelPostAllocatesNothing(t *testing.T) {
	l := &kernelLine{kernel: &kernel{ioctl: func(int, uintptr, unsafe.Pointer) error { return nil }}, fd: 3, output: true}
	p := &Pin{name: "GPIO17", line: l, queue: newQueue()}
	level := gpio.Low
	if n := testing.AllocsPerRun(100, func() {
		level = !level
		_ = p.Post(level)
	}); n != 0 {
		t.Fatalf("Post allocates %v times", n)
	}
}
