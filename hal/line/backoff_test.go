package line_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal"
	"stationbox/hal/line"
)

func TestBackOffGrowsAndRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		healthy := false
		far, near := net.Pipe()
		p := line.New(func() (io.ReadWriteCloser, error) {
			at = append(at, time.Since(start))
			if !healthy {
				return nil, os.ErrNotExist
			}
			return near, nil
		}, line.Opts{Name: "x"})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := p.Read(ctx, make([]byte, 1))
		if !errors.Is(err, hal.ErrGone) {
			t.Errorf("Read = %v", err)
		}
		want := []time.Duration{0, 100, 300, 700, 1500, 3100, 6300, 11300, 16300}
		if len(at) != len(want) {
			t.Fatalf("attempts at %v, want %d of them", at, len(want))
		}
		for i := range want {
			if d := at[i] - want[i]*time.Millisecond; d < 0 || d > 20*time.Millisecond {
				t.Errorf("attempt %d at %v, want %v ms", i, at[i], int(want[i]))
			}
		}
		healthy = true
		go func() { _, _ = far.Write([]byte{1}); _ = far.Close() }()
		if _, err := p.Read(t.Context(), make([]byte, 1)); err != nil {
			t.Fatalf("Read of a healthy line: %v", err)
		}
		if _, err := p.Read(t.Context(), make([]byte, 1)); !errors.Is(err, hal.ErrGone) {
			t.Fatalf("Read of a lost line: %v", err)
		}
		healthy, at, start = false, nil, time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		_, _ = p.Read(ctx, make([]byte, 1))
		if len(at) != 1 || at[0] > 110*time.Millisecond {
			t.Errorf("after a healthy time the first attempt came at %v, want 100 ms", at)
		}
		_ = p.Close()
	})
}

func TestConnectionWithoutDeadlines(t *testing.T) {
	p := line.New(func() (io.ReadWriteCloser, error) { return bare{}, nil }, line.Opts{})
	if _, err := p.Exchange(within(t), []byte("x"), untilCR); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Exchange = %v, want not connected", err)
	}
}

type bare struct{ io.ReadWriter }

func (bare) Close() error { return nil }
