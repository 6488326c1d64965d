package indicator

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// lamp is an output that remembers when it was on.
type lamp struct {
	gpio.PinOut
	mu    sync.Mutex
	level gpio.Level
	on    int       // times it went on
	at    time.Time // when it last went on
	err   error
}

func (l *lamp) Out(v gpio.Level) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if v && !l.level {
		l.on++
		l.at = time.Now()
	}
	l.level = v
	return nil
}

func (l *lamp) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *lamp) state() (level bool, on int, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bool(l.level), l.on, l.at
}

// show runs an indicator in a bubble of virtual time.
func show(t *testing.T, script func(i *Indicator, l, b *lamp)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l, b := &lamp{}, &lamp{}
		i := New(l, b)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- i.Run(ctx) }()
		synctest.Wait()
		script(i, l, b)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if on, _, _ := l.state(); on {
			t.Error("lamp on after Run")
		}
		if on, _, _ := b.state(); on {
			t.Error("buzzer on after Run")
		}
	})
}

// picture samples lamp and buzzer every 20 ms: . nothing, l lamp, b buzzer, B both.
func picture(for_ time.Duration, l, b *lamp) string {
	var s strings.Builder
	for range int(for_ / (20 * time.Millisecond)) {
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		lit, _, _ := l.state()
		loud, _, _ := b.state()
		s.WriteByte(".lbB"[map[bool]int{true: 1}[lit]+map[bool]int{true: 2}[loud]])
		time.Sleep(10 * time.Millisecond)
	}
	return s.String()
}

func TestPatterns(t *testing.T) {
	r := strings.Repeat
	for p, want := range map[Pattern]string{
		Idle:   r(".", 100),
		Ack:    r("B", 6) + r("l", 14) + r(".", 80),
		Reject: r(r("B", 4)+r(".", 4), 3) + r(".", 76),
		Busy:   r(r("l", 25)+r(".", 25), 2),
		Call:   r(r("B", 20)+r(".", 10), 2) + r("l", 40),
		Fault:  r("B", 40) + r(".", 6) + r("l", 6) + r(".", 6) + r("l", 6) + r(".", 36),
	} {
		t.Run(p.String(), func(t *testing.T) {
			show(t, func(i *Indicator, l, b *lamp) {
				i.Show(p)
				if got := picture(2*time.Second, l, b); got != want {
					t.Errorf("shown\n%s want\n%s", got, want)
				}
			})
		})
	}
}

// TestAckIsAtOnce: no virtual time passes between Show and the pin, whatever is
// being shown.
func TestAckIsAtOnce(t *testing.T) {
	for _, standing := range []Pattern{Idle, Busy, Call, Fault} {
		show(t, func(i *Indicator, l, b *lamp) {
			i.Show(standing)
			time.Sleep(1500 * time.Millisecond)
			i.Show(Ack)
			synctest.Wait()
			if loud, _, _ := b.state(); !loud {
				t.Errorf("over %v: no beep at once", standing)
			}
		})
	}
}

func TestTwoAcksAreTwoBeeps(t *testing.T) {
	show(t, func(i *Indicator, _, b *lamp) {
		i.Show(Ack)
		time.Sleep(30 * time.Millisecond)
		i.Show(Ack)
		time.Sleep(time.Second)
		if _, on, _ := b.state(); on != 2 {
			t.Errorf("%d beeps, want 2", on)
		}
	})
}

func TestStandingGoesOnAfterAnswer(t *testing.T) {
	show(t, func(i *Indicator, l, _ *lamp) {
		i.Show(Busy)
		time.Sleep(100 * time.Millisecond)
		i.Show(Reject)
		time.Sleep(time.Second)
		_, before, _ := l.state()
		time.Sleep(3 * time.Second)
		if _, after, _ := l.state(); after-before != 3 || i.Standing() != Busy {
			t.Errorf("%d blinks in 3 s after the answer, standing %v", after-before, i.Standing())
		}
		i.Show(Idle)
		time.Sleep(10 * time.Second)
		if lit, _, at := l.state(); lit || time.Since(at) < 9*time.Second || i.Standing() != Idle {
			t.Errorf("still shown after Idle")
		}
	})
}

// TestStandingDoesNotCutAnswer: an answer is heard to its end, and showing the
// same standing pattern again changes nothing.
func TestStandingDoesNotCutAnswer(t *testing.T) {
	show(t, func(i *Indicator, l, b *lamp) {
		i.Show(Ack)
		time.Sleep(20 * time.Millisecond)
		i.Show(Busy)
		i.Show(Busy)
		time.Sleep(20 * time.Millisecond)
		i.Show(Busy)
		want := strings.Repeat("B", 4) + strings.Repeat("l", 14) + strings.Repeat("l", 25) + strings.Repeat(".", 7)
		if got := picture(time.Second, l, b); got != want {
			t.Errorf("shown\n%s want\n%s", got, want)
		}
	})
}

func TestFailingPin(t *testing.T) {
	show(t, func(i *Indicator, l, b *lamp) {
		l.fail(hal.ErrGone)
		i.Show(Ack)
		time.Sleep(50 * time.Millisecond)
		if err := i.State(); !errors.Is(err, hal.ErrGone) || !strings.Contains(err.Error(), "lamp") {
			t.Errorf("state: %v", err)
		}
		if loud, _, _ := b.state(); !loud {
			t.Error("no beep because of the lamp")
		}
		l.fail(nil)
		time.Sleep(2 * time.Second)
		if err := i.State(); err != nil {
			t.Errorf("state after the pin came back: %v", err)
		}
	})
}

func TestWithoutPins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := New(nil, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		i.Show(Call)
		if err := i.Run(ctx); err != nil || i.State() != nil {
			t.Errorf("run: %v, state %v", err, i.State())
		}
	})
}

func TestUnknownPattern(t *testing.T) {
	i := New(nil, nil)
	i.Show(Busy)
	i.Show(99)
	if i.Standing().String() != "Pattern(99)" {
		t.Errorf("standing %v", i.Standing())
	}
	if once, loop := Pattern(99).steps(); once != nil || loop != nil {
		t.Error("an unknown pattern shows something")
	}
}
