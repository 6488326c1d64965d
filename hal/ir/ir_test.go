package ir_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/ir"
)

// kernel is a LIRC device as Linux 6.12 answers it.
type kernel struct {
	mu       sync.Mutex
	features uint32
	mode     uint32
	carrier  uint32
	fixed    bool            // no carrier can be set
	old      bool            // no scancode mode
	encoders map[uint16]bool // loaded; nil for all
	fail     error           // of the next write
	hang     chan struct{}
	gone     bool
	closed   int
	sent     []string // "scancode 9 408", "pulses 67 9000 4500"
	at       []time.Time
	wrote    []string // the bytes
}

func newKernel() *kernel { return &kernel{features: 0x102, mode: 2} }

func (k *kernel) open() (ir.Kernel, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gone {
		return nil, unix.ENOENT
	}
	return k, nil
}

func (k *kernel) Ioctl(request uint32, arg []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	v := binary.NativeEndian.Uint32(arg)
	switch {
	case k.gone:
		return unix.ENODEV
	case request == 0x80046900:
		binary.NativeEndian.PutUint32(arg, k.features)
	case request == 0x40046911 && (v == 2 || v == 8 && !k.old):
		k.mode = v
	case request == 0x40046911:
		return unix.EINVAL
	case request == 0x40046913 && !k.fixed:
		k.carrier = v
	default:
		return unix.ENOTTY
	}
	return nil
}

func (k *kernel) Write(b []byte) (int, error) {
	k.mu.Lock()
	hang, mode, err := k.hang, k.mode, k.fail
	k.fail = nil
	k.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if err != nil {
		return 0, err
	}
	entry, lasts, err := k.emit(mode, b)
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	k.sent, k.at, k.wrote = append(k.sent, entry), append(k.at, time.Now()), append(k.wrote, string(b))
	k.mu.Unlock()
	time.Sleep(lasts)
	return len(b), nil
}

// emit checks a frame as lirc_transmit does and says how long it shines.
func (k *kernel) emit(mode uint32, b []byte) (string, time.Duration, error) {
	if mode == 8 {
		proto := binary.NativeEndian.Uint16(b[10:])
		if len(b) != 24 || binary.NativeEndian.Uint64(b) != 0 || k.encoders != nil && !k.encoders[proto] {
			return "", 0, unix.EINVAL
		}
		return "scancode " + hex.EncodeToString([]byte{byte(proto)}) + " " + hex.EncodeToString(b[16:20]), 74 * time.Millisecond, nil
	}
	if len(b)%4 != 0 || len(b)/4%2 == 0 {
		return "", 0, unix.EINVAL
	}
	total := uint32(0)
	for i := 0; i < len(b); i += 4 {
		total += binary.NativeEndian.Uint32(b[i:])
	}
	if total > 500_000 {
		return "", 0, unix.EINVAL
	}
	return "pulses " + hex.EncodeToString(b[:4]), time.Duration(total) * time.Microsecond, nil
}

func (k *kernel) Close() error { k.mu.Lock(); k.closed++; k.mu.Unlock(); return nil }

func (k *kernel) log() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.sent...)
}

func TestSend(t *testing.T) {
	for _, c := range []struct {
		name, key string
		set       func(*kernel)
		opts      ir.Opts
		want      []string
		carrier   uint32
	}{
		{"kernel encodes", "nec:0x408", nil, ir.Opts{}, []string{"scancode 09 08040000"}, 0},
		{"kernel has no encoder loaded", "nec:0x408", func(k *kernel) { k.encoders = map[uint16]bool{} }, ir.Opts{}, []string{"pulses 28230000"}, 38000},
		{"kernel before 4.16", "nec:0x408", func(k *kernel) { k.old = true }, ir.Opts{}, []string{"pulses 28230000"}, 38000},
		{"pulses wanted", "rc5:0x100c", nil, ir.Opts{Pulses: true}, []string{"pulses 79030000"}, 36000},
		{"no kernel knows it", "samsung32:0xe0e040bf", nil, ir.Opts{}, []string{"pulses 94110000"}, 38000},
		{"carrier fixed by the light", "samsung32:0xe0e040bf", func(k *kernel) { k.fixed = true }, ir.Opts{}, []string{"pulses 94110000"}, 0},
		{"raw", "raw@36000:889,889,1778", nil, ir.Opts{}, []string{"pulses 79030000"}, 36000},
		{"Sony wants three", "sony12:0x10015", nil, ir.Opts{}, []string{"scancode 06 15000100", "scancode 06 15000100", "scancode 06 15000100"}, 0},
		{"repeated", "nec:0x408", nil, ir.Opts{Repeat: 2}, []string{"scancode 09 08040000", "scancode 09 08040000"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKernel()
				if c.set != nil {
					c.set(k)
				}
				s := ir.New(k.open, c.opts)
				if err := s.Send(t.Context(), c.key); err != nil {
					t.Fatal(err)
				}
				if got := k.log(); strings.Join(got, ";") != strings.Join(c.want, ";") || k.carrier != c.carrier {
					t.Errorf("sent %q at %d Hz, want %q at %d", got, k.carrier, c.want, c.carrier)
				}
				if err := s.Close(); err != nil || k.closed != 1 {
					t.Errorf("close: %v, %d times", err, k.closed)
				}
			})
		})
	}
}

func TestSonyFramesAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKernel()
		if err := ir.New(k.open, ir.Opts{Pulses: true}).Send(t.Context(), "sony12:0x10015"); err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(k.at); i++ {
			if d := k.at[i].Sub(k.at[i-1]); d < 35*time.Millisecond || d > 50*time.Millisecond {
				t.Errorf("frame %d after %v", i, d)
			}
		}
	})
}

// A set takes the same frame twice for a key that is held.
func TestSecondPressDiffersFromAHeldKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKernel()
		s := ir.New(k.open, ir.Opts{Pulses: true})
		for range 3 {
			if err := s.Send(t.Context(), "rc5:0x100c"); err != nil {
				t.Fatal(err)
			}
		}
		if k.wrote[0] == k.wrote[1] || k.wrote[0] != k.wrote[2] {
			t.Errorf("presses % x, % x, % x", k.wrote[0], k.wrote[1], k.wrote[2])
		}
	})
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		key  string
		set  func(*kernel)
		want error
	}{
		{"no encoder anywhere", "sharp:0x100", func(k *kernel) { k.encoders = map[uint16]bool{} }, hal.ErrRefused},
		{"receiver only", "nec:0x408", func(k *kernel) { k.features = 0x40000 }, hal.ErrRefused},
		{"device busy", "nec:0x408", func(k *kernel) { k.fail = unix.EBUSY }, hal.ErrRefused},
		{"gone in the middle", "nec:0x408", func(k *kernel) { k.fail = unix.ENODEV }, hal.ErrGone},
		{"gone", "nec:0x408", func(k *kernel) { k.gone = true }, hal.ErrGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKernel()
				c.set(k)
				s := ir.New(k.open, ir.Opts{})
				if err := s.Send(t.Context(), c.key); !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if got := k.log(); len(got) != 0 {
					t.Errorf("sent %q", got)
				}
				k.mu.Lock()
				k.gone, k.features, k.fail = false, 2, nil
				k.mu.Unlock()
				if err := s.Send(t.Context(), "raw:500"); err != nil {
					t.Errorf("mended: %v", err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if err := s.Send(t.Context(), "raw:500"); !errors.Is(err, hal.ErrGone) {
					t.Errorf("closed: %v", err)
				}
			})
		})
	}
}

func TestHangingDeviceHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKernel()
		k.hang = make(chan struct{})
		s := ir.New(k.open, ir.Opts{})
		for range 2 { // the one that hangs, and the next
			began := time.Now()
			if err := s.Send(t.Context(), "nec:0x408"); !errors.Is(err, hal.ErrSilent) || time.Since(began) != 2*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := s.Send(ctx, "nec:0x408"); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("with a short context: %v", err)
		}
		if err := s.Close(); !errors.Is(err, hal.ErrSilent) {
			t.Errorf("close: %v", err)
		}
		close(k.hang)
		synctest.Wait()
		if got := k.log(); len(got) != 1 {
			t.Errorf("sent %q", got)
		}
		k.mu.Lock()
		k.hang = nil
		k.mu.Unlock()
		if err := s.Send(t.Context(), "nec:0x408"); err != nil {
			t.Errorf("after it: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBadKeysSendNothing(t *testing.T) {
	s := ir.New(func() (ir.Kernel, error) { t.Error("opened"); return nil, unix.ENOENT }, ir.Opts{})
	for _, key := range []string{
		"", "nec", "nec:", "nec:408x", "nec:0x10408", "rc5:0x80", "nec16:0x408", "raw:", "raw:9000,4500", "raw:0",
		"raw:9000,,1", "raw:400000,1,200000", "raw@1000:500", "raw@:500", "raw:" + strings.Repeat("1,", 300) + "1",
	} {
		if err := s.Check(key); err == nil {
			t.Errorf("Check(%q) is no error", key)
		}
		if err := s.Send(t.Context(), key); err == nil {
			t.Errorf("Send(%q) is no error", key)
		}
	}
	for _, key := range []string{"nec:0x408", "NEC:1032", "rc6-0:0x80c", "raw:9000, 4500, 560"} {
		if err := s.Check(key); err != nil {
			t.Error(err)
		}
	}
}

func TestNoDeviceFile(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "lirc7")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for device, want := range map[string]error{
		filepath.Join(dir, "none"): hal.ErrGone,
		plain:                      hal.ErrRefused, // not a LIRC device
	} {
		s := ir.Open(device, ir.Opts{})
		if err := s.Send(t.Context(), "nec:0x408"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", device, err, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
