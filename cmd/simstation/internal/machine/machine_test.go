package machine

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTotal(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"some avg10=0.00 avg60=0.84 avg300=0.93 total=1234567\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=89\n": 1234567 * time.Microsecond,
		"some avg10=0.00 total=": 0,
		"total=many":             0,
		"":                       0,
	} {
		if got := total(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestWaitedNeverGoesBack(t *testing.T) {
	if before := Waited(); Waited() < before {
		t.Error("less than before")
	}
}

func TestDelays(t *testing.T) {
	var d Delays
	start := time.Now()
	for i := range 2 * keepDelays {
		d.Note(start.Add(time.Duration(i)*time.Millisecond), 10*time.Millisecond)
	}
	d.Note(start, worthNoting-1)
	last := start.Add(2 * keepDelays * time.Millisecond)
	if got := d.Worst(start); got != 10*time.Millisecond {
		t.Errorf("worst %v", got)
	}
	d.Note(last, 50*time.Millisecond)
	for since, want := range map[time.Time]time.Duration{start: 50 * time.Millisecond, last: 50 * time.Millisecond, last.Add(1): 0} {
		if got := d.Worst(since); got != want {
			t.Errorf("worst since %v: %v, want %v", since.Sub(start), got, want)
		}
	}
}

func TestCanaryHearsItselfAndEnds(t *testing.T) {
	link := filepath.Join(t.TempDir(), "canary")
	c, err := NewCanary(link, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var both sync.WaitGroup
	both.Go(func() { c.Sing(ctx) })
	both.Go(c.Listen)
	c.Late.Note(time.Now(), time.Second)
	if c.Late.Worst(time.Now().Add(-time.Minute)) < time.Second {
		t.Error("it forgot")
	}
	cancel()
	both.Wait()
	if _, err := NewCanary(filepath.Join(link, "below"), time.Now); err == nil {
		t.Error("a canary without a place")
	}
}

// A canary whose clock leaps ahead between two beats was late by a leap.
func TestCanaryTellsALateBeat(t *testing.T) {
	var leap atomic.Int64
	c, err := NewCanary(filepath.Join(t.TempDir(), "canary"), func() time.Time { return time.Now().Add(time.Duration(leap.Load())) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var both sync.WaitGroup
	both.Go(func() { c.Sing(ctx) })
	both.Go(c.Listen)
	begun := time.Now()
	for end := time.Now().Add(10 * time.Second); c.Late.Worst(begun) < 59*time.Minute; time.Sleep(Beat) {
		leap.Add(int64(time.Hour))
		if time.Now().After(end) {
			t.Fatalf("late by %v only", c.Late.Worst(begun))
		}
	}
	cancel()
	both.Wait()
}
