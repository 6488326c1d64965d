package cec

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// pipeFile is a file whose messages are the bytes of a pipe.
func pipeFile(t *testing.T) (f *file, far int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	f = &file{fd: p[0]}
	f.life, f.end = context.WithCancel(context.Background())
	return f, p[1]
}

func TestWaitOfTheFile(t *testing.T) {
	const soon = 20 * time.Millisecond
	for _, c := range []struct {
		name string
		then func(f *file, far int, cancel context.CancelFunc)
		want error
	}{
		{"a message", func(_ *file, far int, _ context.CancelFunc) { _, _ = unix.Write(far, []byte{1}) }, nil},
		{"context ends", func(_ *file, _ int, cancel context.CancelFunc) { cancel() }, nil},
		{"device goes", func(_ *file, far int, _ context.CancelFunc) { _ = unix.Close(far) }, unix.ENODEV},
		{"closed", func(f *file, _ int, _ context.CancelFunc) { _ = f.Close() }, unix.ENODEV},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, far := pipeFile(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 2) // two at once
			for range cap(done) {
				go func() { done <- f.Wait(ctx) }()
			}
			select {
			case err := <-done:
				t.Fatalf("nothing has happened: %v", err)
			case <-time.After(soon):
			}
			c.then(f, far, cancel)
			for range cap(done) {
				select {
				case err := <-done:
					if !errors.Is(err, c.want) {
						t.Errorf("Wait = %v, want %v", err, c.want)
					}
				case <-time.After(20 * time.Second):
					t.Fatal("still waiting")
				}
			}
		})
	}
}

func TestClosedFileAnswersNothing(t *testing.T) {
	f, _ := pipeFile(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Ioctl(getPhysAddr, make([]byte, 2)); err != unix.ENODEV {
		t.Errorf("ioctl: %v", err)
	}
	if err := f.Wait(t.Context()); err != unix.ENODEV {
		t.Errorf("wait: %v", err)
	}
}

// idle counts how often an adapter that waits for messages looks.
type idle struct{ looks int }

func (i *idle) Ioctl(request uint32, arg []byte) error {
	i.looks++
	switch request {
	case receive, dequeue:
		return unix.EAGAIN
	case getPhysAddr:
		arg[0], arg[1] = 0xFF, 0xFF
	}
	return nil
}

func (i *idle) Wait(ctx context.Context) error { <-ctx.Done(); return nil }

func (i *idle) Close() error { return nil }

// Seen in a test of sixty days: a receiver that looked twenty times a second.
func TestReceiveSleepsWhileNothingIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &idle{}
		a := New(func() (Kernel, error) { return k, nil }, Opts{Follow: true})
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		if _, err := a.Receive(ctx); err == nil || k.looks > 30 {
			t.Errorf("%v, %d requests in a day", err, k.looks)
		}
	})
}
