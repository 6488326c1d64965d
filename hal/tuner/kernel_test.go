package tuner

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// pipeFile is a file whose sections are the bytes of a pipe.
func pipeFile(t *testing.T) (f *file, far int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	return newFile(p[0]), p[1]
}

func TestWaitOfTheFile(t *testing.T) {
	for _, c := range []struct {
		name string
		then func(f *file, far int, cancel context.CancelFunc)
		want error
	}{
		{"a section", func(_ *file, far int, _ context.CancelFunc) { _, _ = unix.Write(far, []byte{1}) }, nil},
		{"context ends", func(_ *file, _ int, cancel context.CancelFunc) { cancel() }, nil},
		{"device goes", func(_ *file, far int, _ context.CancelFunc) { _ = unix.Close(far) }, unix.ENODEV},
		{"closed", func(f *file, _ int, _ context.CancelFunc) { _ = f.Close() }, unix.ENODEV},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, far := pipeFile(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- f.Wait(ctx) }()
			select {
			case err := <-done:
				t.Fatalf("nothing has happened: %v", err)
			case <-time.After(20 * time.Millisecond):
			}
			c.then(f, far, cancel)
			select {
			case err := <-done:
				if !errors.Is(err, c.want) {
					t.Errorf("Wait = %v, want %v", err, c.want)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("still waiting")
			}
		})
	}
}

func TestReadOfTheFile(t *testing.T) {
	f, far := pipeFile(t)
	b := make([]byte, 8)
	if n, err := f.Read(b); n != 0 || !errors.Is(err, unix.EAGAIN) {
		t.Errorf("empty: %d, %v", n, err)
	}
	_, _ = unix.Write(far, []byte("abc"))
	if n, err := f.Read(b); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	_ = f.Close()
	if _, err := f.Read(b); !errors.Is(err, unix.ENODEV) {
		t.Errorf("closed: %v", err)
	}
	if err := f.Wait(t.Context()); !errors.Is(err, unix.ENODEV) {
		t.Errorf("closed: %v", err)
	}
}

// TestNotAReceiver sends the real requests to something else.
func TestNotAReceiver(t *testing.T) {
	k, err := openFile(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	p := machine.encode([]property{{cmd: propCNR}})
	for name, err := range map[string]error{
		"value":      k.Value(setTone, toneOff),
		"struct":     k.Struct(readStatus, make([]byte, 4)),
		"properties": k.Properties(machine.getProperties(), p, 1),
	} {
		// An emulated processor's kernel says ENOSYS.
		if !errors.Is(err, unix.ENOTTY) && !errors.Is(err, unix.ENOSYS) || !errors.Is(explain(err), hal.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tuner := Open(t.TempDir(), Opts{})
	if _, err := tuner.Status(t.Context()); !errors.Is(err, hal.ErrGone) {
		t.Errorf("no device file: %v", err)
	}
	if err := tuner.Close(); err != nil {
		t.Error(err)
	}
}
