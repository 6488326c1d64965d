package device

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal/sim/world"
)

func irNumber(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

func irScancode(proto uint16, code uint32) []byte {
	b := make([]byte, 24)
	binary.NativeEndian.PutUint16(b[10:], proto)
	binary.NativeEndian.PutUint64(b[16:], uint64(code))
	return b
}

// irPulses makes a frame of 32 bits, the first bit being the highest.
func irPulses(head, bits, unit, long uint32) (b []byte) {
	add := func(v ...uint32) {
		for _, d := range v {
			b = binary.NativeEndian.AppendUint32(b, d)
		}
	}
	add(head, 4500)
	for i := 31; i >= 0; i-- {
		if bits>>i&1 != 0 {
			add(unit, long)
			continue
		}
		add(unit, unit)
	}
	add(unit)
	return b
}

func TestIRTVKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		keys IRKeys
		mode uint32
		b    []byte
		want []string
	}{
		{"scancode", nil, 8, irScancode(9, 0x4C4), []string{"on"}},
		{"another protocol", nil, 8, irScancode(10, 0x4C4), nil},
		{"another maker's remote", nil, 8, irScancode(9, 0x7002), nil},
		{"pulses of NEC", nil, 2, irPulses(9000, 0x20DF10EF, 560, 1690), []string{"power"}},
		{"pulses a little off", nil, 2, irPulses(9400, 0x20DF10EF, 600, 1600), []string{"power"}},
		{"command and complement differ", nil, 2, irPulses(9000, 0x20DF10EE, 560, 1690), nil},
		{"pulses of Samsung", SamsungKeys(), 2, irPulses(4500, 0xE0E040BF, 560, 1690), []string{"power"}},
		{"too far off", nil, 2, irPulses(9000, 0x20DF10EF, 800, 1690), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := powered(t, world.Opts{})
				tv := NewIRTV(w, IRTVOpts{Keys: c.keys})
				if err := tv.Ioctl(0x40046911, irNumber(c.mode)); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if n, err := tv.Write(c.b); n != len(c.b) || err != nil {
					t.Fatal(n, err)
				}
				if d := time.Since(began); d < 40*time.Millisecond || d > 110*time.Millisecond {
					t.Errorf("light for %v", d)
				}
				if got := tv.Pressed(); !slices.Equal(got, c.want) {
					t.Errorf("pressed %q, want %q", got, c.want)
				}
				if lit := w.Snapshot().TV.State.String() == "warming"; lit != (c.want != nil) {
					t.Errorf("%v", w.Snapshot().TV.State)
				}
			})
		})
	}
}

func TestIRTVFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := powered(t, world.Opts{})
		tv := NewIRTV(w, IRTVOpts{NoCode: true, Misses: 2})
		set := func(kind string) {
			t.Helper()
			if err := tv.Fault(kind); err != nil {
				t.Fatal(err)
			}
		}
		_ = tv.Ioctl(0x40046911, irNumber(8))
		if _, err := tv.Write(irScancode(9, 0x4C4)); !errors.Is(err, unix.EINVAL) {
			t.Errorf("no encoder: %v", err)
		}
		_ = tv.Ioctl(0x40046911, irNumber(2))
		even := irPulses(9000, 0x20DF10EF, 560, 1690)
		if _, err := tv.Write(even[:len(even)-4]); !errors.Is(err, unix.EINVAL) {
			t.Errorf("even: %v", err)
		}
		key := irPulses(9000, 0x20DF23DC, 560, 1690)
		set("blocked")
		_, _ = tv.Write(key)
		set("none")
		for range 4 {
			_, _ = tv.Write(key)
		}
		if got := tv.Pressed(); len(got) != 2 {
			t.Errorf("seen %q", got)
		}
		set("hangs")
		done := make(chan error)
		go func() { _, err := tv.Write(key); done <- err }()
		time.Sleep(time.Hour)
		set("none")
		if err := <-done; err != nil {
			t.Error(err)
		}
		set("busy")
		if _, err := tv.Open(); !errors.Is(err, unix.EBUSY) {
			t.Errorf("busy: %v", err)
		}
		set("unplugged")
		if _, err := tv.Write(key); !errors.Is(err, unix.ENODEV) {
			t.Errorf("unplugged: %v", err)
		}
	})
}

func FuzzIRDecode(f *testing.F) {
	f.Add(irPulses(9000, 0x20DF10EF, 560, 1690))
	f.Add(irPulses(4500, 0xE0E040BF, 560, 1690))
	f.Add([]byte{1, 2, 3})
	tv := NewIRTV(world.New(world.Opts{}), IRTVOpts{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, mode := range []uint32{2, 8} {
			if _, lasts, err := tv.decode(mode, b); err == nil && lasts > 500*time.Millisecond {
				t.Errorf("% x lasts %v", b, lasts)
			}
		}
	})
}
