package evdev

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// tape plays bytes as reads of at most 32 events, then the end.
type tape struct {
	rest []byte
	down keySet
}

func (f *tape) Read(b []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, unix.ENODEV
	}
	n := copy(b[:min(len(b), 32*24)], f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func (f *tape) SetReadDeadline(time.Time) error { return nil }

func (f *tape) Ioctl(request uint32, arg []byte) error {
	switch request {
	case getKeyBits:
		arg[0] = 1 << keyOne
	case getKeys:
		copy(arg, f.down[:])
	}
	return nil
}

func (f *tape) Close() error { return nil }

// FuzzDevice: whatever a kernel writes, each key goes down, up, down, up, and the
// end of it is told.
func FuzzDevice(f *testing.F) {
	press := append(encode(Event{Type: evKey, Code: 79, Value: 1}, 24), encode(Event{Type: evSyn}, 24)...)
	lost := append(encode(Event{Type: evSyn, Code: synDropped}, 24), encode(Event{Type: evSyn}, 24)...)
	f.Add(press, uint16(0))
	f.Add(append(press, lost...), uint16(80))
	f.Add(append(lost, press[:47]...), uint16(79))
	f.Fuzz(func(t *testing.T, b []byte, held uint16) {
		k := &tape{rest: b}
		k.down.set(held, true)
		d, err := New("/dev/input/event0", Opts{EventSize: 24, Open: func(string) (Handle, error) { return k, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Connect(); err != nil {
			t.Fatal(err)
		}
		down := k.down
		for {
			r, err := d.Read(context.Background())
			if err != nil {
				if !errors.Is(err, hal.ErrGone) && !errors.Is(err, hal.ErrGarbled) {
					t.Fatal(err)
				}
				return
			}
			for _, c := range r.Changes {
				if down.has(c.Code) == c.Down || c.At < 0 {
					t.Fatalf("change %+v", c)
				}
				down.set(c.Code, c.Down)
			}
		}
	})
}

// TestReportWithoutEnd: a device that never ends a report does not fill the memory.
func TestReportWithoutEnd(t *testing.T) {
	k := &tape{}
	for range 2 * maxPending {
		k.rest = append(k.rest, encode(Event{Type: evKey, Code: 79, Value: 2}, 24)...)
	}
	d, err := New("/dev/input/event0", Opts{EventSize: 24, Open: func(string) (Handle, error) { return k, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Connect(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(t.Context()); !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("read: %v", err)
	}
}
