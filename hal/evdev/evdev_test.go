package evdev_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/evdev"
	"stationbox/hal/sim/device"
)

// start is the clock of the keys in a bubble.
var start = time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)

func mono() time.Duration { return time.Since(start) }

// keypad is an emulated device and the driver of it.
type keypad struct {
	*device.Input
	*evdev.Device
}

func newKeypad(t *testing.T, o device.InputOpts) keypad {
	t.Helper()
	o.Mono = mono
	in := device.NewInput(o)
	d, err := evdev.New("/dev/input/by-id/usb-keypad-event-kbd", evdev.Opts{EventSize: o.EventSize, Open: opens(in)})
	if err != nil {
		t.Fatal(err)
	}
	return keypad{in, d}
}

func opens(in *device.Input) func(string) (evdev.Handle, error) {
	return func(string) (evdev.Handle, error) {
		f, err := in.Open()
		if err != nil {
			return nil, err
		}
		return f, nil
	}
}

// say writes a report as codes, up ones after a /, and a ! for lost events.
func say(r evdev.Report) string {
	var s strings.Builder
	if r.Missed {
		s.WriteByte('!')
	}
	for _, c := range r.Changes {
		if !c.Down {
			s.WriteByte('/')
		}
		fmt.Fprintf(&s, "%d ", c.Code)
	}
	return s.String()
}

// read reads all reports of the next while.
func (k keypad) read(t *testing.T, while time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	var s strings.Builder
	for {
		r, err := k.Read(ctx)
		if err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("read: %v", err)
			}
			return s.String()
		}
		s.WriteString(say(r))
	}
}

func bubble(t *testing.T, o device.InputOpts, test func(t *testing.T, k keypad)) {
	t.Helper()
	for _, size := range []int{16, 24} {
		t.Run(fmt.Sprint(size, " bytes"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o.EventSize = size
				k := newKeypad(t, o)
				defer func() {
					if err := k.Close(); err != nil {
						t.Error(err)
					}
				}()
				test(t, k)
			})
		})
	}
}

func TestKeysAndTheirTime(t *testing.T) {
	bubble(t, device.InputOpts{}, func(t *testing.T, k keypad) {
		if err := k.Connect(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		pressed := mono()
		k.Key(79, 1)
		for range 15 {
			time.Sleep(33 * time.Millisecond)
			k.Key(79, 2) // held: the kernel repeats
		}
		r, err := k.Read(t.Context())
		if err != nil || say(r) != "79 " || r.Changes[0].At != pressed.Truncate(time.Microsecond) {
			t.Errorf("%+v, %v, want 79 at %v", r, err, pressed)
		}
		if got := k.read(t, time.Second); got != "" {
			t.Errorf("held: %q", got)
		}
		k.Key(79, 0)
		if got := k.read(t, time.Second); got != "/79 " {
			t.Errorf("then %q", got)
		}
	})
}

// TestNobodyElseHearsIt: the device is grabbed, and given back.
func TestNobodyElseHearsIt(t *testing.T) {
	bubble(t, device.InputOpts{}, func(t *testing.T, k keypad) {
		console, err := k.Open()
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Connect(); err != nil {
			t.Fatal(err)
		}
		k.Key(2, 1)
		_ = console.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := console.Read(make([]byte, 240)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the console hears %d bytes, %v", n, err)
		}
		rival := newKeypad(t, device.InputOpts{})
		rival.Device, err = evdev.New("/dev/input/event0", evdev.Opts{Open: opens(k.Input)})
		if err != nil {
			t.Fatal(err)
		}
		if err := rival.Connect(); !errors.Is(err, hal.ErrRefused) || !errors.Is(err, unix.EBUSY) {
			t.Errorf("second grab: %v", err)
		}
		if err := k.Device.Close(); err != nil {
			t.Fatal(err)
		}
		if err := rival.Connect(); err != nil {
			t.Errorf("after it was given back: %v", err)
		}
		_ = rival.Device.Close()
	})
}

// TestDroppedEventsAreTold: what the kernel could not keep is never passed over,
// and what is down afterwards is right.
func TestDroppedEventsAreTold(t *testing.T) {
	bubble(t, device.InputOpts{}, func(t *testing.T, k keypad) {
		if err := k.Connect(); err != nil {
			t.Fatal(err)
		}
		k.Key(79, 1)
		if got := k.read(t, time.Second); got != "79 " {
			t.Fatalf("heard %q", got)
		}
		for range 20 {
			k.Key(80, 1)
			k.Key(80, 0)
		}
		k.Key(79, 0)
		k.Key(81, 1)
		if got := k.read(t, time.Second); got != "!/79 81 " {
			t.Errorf("after the loss %q, want !/79 81", got)
		}
		k.Key(81, 0)
		k.Key(79, 1)
		if got := k.read(t, time.Second); got != "/81 79 " {
			t.Errorf("then %q", got)
		}
	})
}

// TestUnplugAndReplug: a cable that comes loose ends the read at once, and the
// device is found again; a key that was held meanwhile is not invented.
func TestUnplugAndReplug(t *testing.T) {
	bubble(t, device.InputOpts{}, func(t *testing.T, k keypad) {
		if err := k.Connect(); err != nil {
			t.Fatal(err)
		}
		k.Key(79, 1)
		if got := k.read(t, time.Second); got != "79 " {
			t.Fatalf("heard %q", got)
		}
		ended := make(chan error)
		go func() {
			_, err := k.Read(t.Context())
			ended <- err
		}()
		synctest.Wait()
		began := time.Now()
		if err := k.Fault("unplugged"); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, hal.ErrGone) || time.Since(began) > 0 {
			t.Errorf("unplugged: %v after %v", err, time.Since(began))
		}
		if err := k.Connect(); !errors.Is(err, hal.ErrGone) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("still unplugged: %v", err)
		}
		if _, err := k.Read(t.Context()); !errors.Is(err, hal.ErrGone) {
			t.Errorf("read of nothing: %v", err)
		}
		_ = k.Fault("none")
		k.Key(80, 1) // held while it is opened
		if err := k.Connect(); err != nil || fmt.Sprint(k.Down(9)) != "[80]" {
			t.Fatalf("replugged: %v, down %v", err, k.Down(9))
		}
		k.Key(80, 0)
		k.Key(80, 1)
		if got := k.read(t, time.Second); got != "/80 80 " {
			t.Errorf("then %q", got)
		}
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	bubble(t, device.InputOpts{}, func(t *testing.T, k keypad) {
		if err := k.Connect(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(70 * time.Millisecond)
			cancel()
		}()
		began := time.Now()
		if _, err := k.Read(ctx); !errors.Is(err, context.Canceled) || time.Since(began) != 70*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		k.Key(79, 1)
		if got := k.read(t, time.Second); got != "79 " {
			t.Errorf("after a read that was given up %q", got)
		}
	})
}

// bank is a folder of device files with something behind each.
func bank(t *testing.T, behind map[string]*device.Input) evdev.Opts {
	t.Helper()
	dir := t.TempDir()
	for _, f := range []string{"mice", "eventually", "by-id"} {
		behind[f] = nil
	}
	for f := range behind {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return evdev.Opts{Dir: dir, Open: func(path string) (evdev.Handle, error) {
		in := behind[filepath.Base(path)]
		if in == nil {
			t.Errorf("opens %s", path)
			return nil, fs.ErrNotExist
		}
		return opens(in)(path)
	}}
}

// TestFindByVendor: of all that is plugged in the one that is meant is opened, and
// never one of two that cannot be told apart.
func TestFindByVendor(t *testing.T) {
	pad := device.InputOpts{Vendor: 0x1a2c, Product: 0x0e24, Name: "SEM USB Keyboard"}
	knobs := pad
	knobs.Mouse = true // its volume keys
	reader := device.InputOpts{Vendor: 0xffff, Product: 0x0035, Name: "Sycreader RFID"}
	for name, tt := range map[string]struct {
		plugged map[string]device.InputOpts
		want    error
		name    string
	}{
		"alone":           {map[string]device.InputOpts{"event0": pad}, nil, "1a2c:0e24"},
		"among others":    {map[string]device.InputOpts{"event2": knobs, "event10": pad, "event9": reader}, nil, "1A2C:0E24"},
		"by its name":     {map[string]device.InputOpts{"event2": knobs, "event10": pad}, nil, "1a2c:0e24/SEM USB Keyboard"},
		"another name":    {map[string]device.InputOpts{"event10": pad}, hal.ErrGone, "1a2c:0e24/SEM"},
		"not there":       {map[string]device.InputOpts{"event9": reader}, hal.ErrGone, "1a2c:0e24"},
		"only its volume": {map[string]device.InputOpts{"event2": knobs}, hal.ErrGone, "1a2c:0e24"},
		"two alike":       {map[string]device.InputOpts{"event0": pad, "event1": pad}, hal.ErrRefused, "1a2c:0e24"},
	} {
		t.Run(name, func(t *testing.T) {
			behind := map[string]*device.Input{}
			for f, o := range tt.plugged {
				behind[f] = device.NewInput(o)
			}
			d, err := evdev.New(tt.name, bank(t, behind))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Connect(); !errors.Is(err, tt.want) || err != nil && tt.want == nil {
				t.Errorf("connect: %v, want %v", err, tt.want)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for _, bad := range []string{"", "event0", "1a2c", "1a2c:e24", "1a2c:0e245", "zzzz:0e24", "+a2c:0e24", strings.Repeat("/a", 200)} {
		if d, err := evdev.New(bad, evdev.Opts{}); err == nil || d != nil {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestRealFiles: the driver opens what this machine has. Without /dev/input it
// says so; a file that is no input device is refused.
func TestRealFiles(t *testing.T) {
	if d, err := evdev.New("/dev/null", evdev.Opts{}); err != nil {
		t.Fatal(err)
	} else if err := d.Connect(); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("/dev/null: %v", err)
	}
	d, err := evdev.New("fffe:fffe", evdev.Opts{Dir: filepath.Join(t.TempDir(), "gone")})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Connect(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("no folder: %v", err)
	}
}

// pair is a driver's file over a real socket, with the answers of an emulator: the
// reads go through the runtime's poller as those of a device file do.
type pair struct {
	*os.File
	answers *device.InputFile
}

func (p pair) Ioctl(request uint32, arg []byte) error { return p.answers.Ioctl(request, arg) }

func TestOverARealSocket(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "driver"), os.NewFile(uintptr(fds[1]), "kernel")
	in := device.NewInput(device.InputOpts{Mono: mono})
	answers, err := in.Open()
	if err != nil {
		t.Fatal(err)
	}
	d, err := evdev.New("/dev/input/event3", evdev.Opts{EventSize: 24, Open: func(string) (evdev.Handle, error) { return pair{ours, answers}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Connect(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	if _, err := d.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing to read: %v", err)
	}
	cancel()
	in.Key(79, 1)
	b := make([]byte, 24*8)
	n, err := answers.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Write(b[:n]); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if r, err := d.Read(ctx); err != nil || say(r) != "79 " {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := theirs.Write(b[:n-1]); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(ctx); !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("torn event: %v", err)
	}
	if _, err := d.Read(ctx); !errors.Is(err, hal.ErrGone) {
		t.Errorf("after it: %v", err)
	}
	_ = theirs.Close()
}
