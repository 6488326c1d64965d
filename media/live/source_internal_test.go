package live

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddresses(t *testing.T) {
	for _, a := range []string{"udp://239.1.2.3:5004", "rtp://:5004", "udp://127.0.0.1:1", "udp://[ff15::1]:9", "http://a/b.m3u8", "https://a:1/b?c"} {
		if _, err := Open(a, SourceOpts{}); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, a := range []string{"", "film.mp4", "udp://", "udp://239.1.2.3", "udp://239.1.2.3:0", "udp://239.1.2.3:99999", "udp://name:5004",
		"udp://@239.1.2.3:5004/x", "udp://10.0.0.1@239.1.2.3:5004", "udp://:5004?a=b", "http://", "http:///a", "file:///etc/passwd", "rtsp://a/b", "udp://%zz"} {
		if _, err := Open(a, SourceOpts{}); !errors.Is(err, ErrAddress) {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// counted is a source that does what the test says, and counts.
type counted struct {
	mu    sync.Mutex
	times int
	do    func(ctx context.Context, take func([]byte) bool) error
}

func (c *counted) Receive(ctx context.Context, take func([]byte) bool) error {
	c.mu.Lock()
	c.times++
	c.mu.Unlock()
	return c.do(ctx, take)
}

func attempts(t *testing.T, span time.Duration, do func(ctx context.Context, take func([]byte) bool) error) int {
	t.Helper()
	s := &counted{do: do}
	synctest.Test(t, func(t *testing.T) {
		c := New(s, nil, Opts{})
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		c.receive(ctx)
	})
	return s.times
}

func TestASourceThatFailsIsNotOpenedBusily(t *testing.T) {
	n := attempts(t, time.Hour, func(context.Context, func([]byte) bool) error { return errors.New("no route") })
	if n < 200 || n > 260 {
		t.Errorf("%d attempts in an hour", n)
	}
}

func TestASilentSourceIsOpenedAnew(t *testing.T) {
	n := attempts(t, time.Hour, func(ctx context.Context, _ func([]byte) bool) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if n < 70 || n > 90 {
		t.Errorf("%d attempts in an hour", n)
	}
}

// It may take long to begin, but once it has begun silence is noticed soon.
func TestASourceThatFallsSilentIsOpenedAnew(t *testing.T) {
	n := attempts(t, time.Hour, func(ctx context.Context, take func([]byte) bool) error {
		for m, n := newMux(), 0; n < 25*12 && rest(ctx, 40*time.Millisecond); n++ {
			take(m.tick(n))
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if n < 170 || n > 180 { // 12 s, 8 s and half a second
		t.Errorf("%d attempts in an hour", n)
	}
}

// A source that worked for a while and broke is there again at once.
func TestAProvenSourceIsSoonBack(t *testing.T) {
	n := attempts(t, time.Hour, func(ctx context.Context, take func([]byte) bool) error {
		for m, n := newMux(), 0; n < 25*30 && rest(ctx, 40*time.Millisecond); n++ {
			take(m.tick(n))
		}
		return errors.New("broken")
	})
	if n < 115 || n > 120 { // 30 s and half a second
		t.Errorf("%d attempts in an hour", n)
	}
}
