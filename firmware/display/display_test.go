package display_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/display"
	"stationbox/hal"
)

// lamp is a projector made of one clock: it warms and cools for a while, refuses
// commands meanwhile and keeps a list of what it was told.
type lamp struct {
	mu     sync.Mutex
	state  hal.DisplayState
	until  time.Time
	next   hal.DisplayState
	silent bool
	hang   bool
	deaf   bool // says OK, does nothing
	log    []string
}

func (l *lamp) now() hal.DisplayState {
	if !l.until.IsZero() && !time.Now().Before(l.until) {
		l.state, l.until = l.next, time.Time{}
	}
	return l.state
}

func (l *lamp) State(ctx context.Context) (hal.DisplayState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hang {
		l.mu.Unlock()
		<-ctx.Done()
		l.mu.Lock()
		return hal.DisplayUnknown, fmt.Errorf("lamp: %w", hal.ErrSilent)
	}
	if l.silent {
		return hal.DisplayUnknown, fmt.Errorf("lamp: %w", hal.ErrSilent)
	}
	return l.now(), nil
}

func (l *lamp) power(name string, from, via, to hal.DisplayState) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, name)
	if l.deaf || l.silent {
		return nil
	}
	if l.now() != from {
		return fmt.Errorf("lamp: %w", hal.ErrRefused)
	}
	l.state, l.next, l.until = via, to, time.Now().Add(30*time.Second)
	return nil
}

func (l *lamp) PowerOn(context.Context) error {
	return l.power("on", hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn)
}

func (l *lamp) PowerOff(context.Context) error {
	return l.power("off", hal.DisplayOn, hal.DisplayCooling, hal.DisplayStandby)
}

func (l *lamp) Input(_ context.Context, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, "input "+name)
	return nil
}

func (l *lamp) commands() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.log, ", ")
}

// run starts a keeper in the bubble and stops it at the end of the test.
func run(t *testing.T, dev display.Device, opts display.Opts) *display.Keeper {
	t.Helper()
	k := display.New("projector", dev, opts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = k.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return k
}

func TestKeeper(t *testing.T) {
	tests := []struct {
		name string
		lamp *lamp
		opts display.Opts
		play func(*lamp, *display.Keeper)
		sent string
		want hal.DisplayState
	}{
		{"on, input, off", &lamp{state: hal.DisplayStandby}, display.Opts{Input: "31"}, func(_ *lamp, k *display.Keeper) {
			k.Powered(true)
			k.Want(true)
			time.Sleep(time.Minute)
			k.Want(false)
			time.Sleep(time.Minute)
		}, "on, input 31, off", hal.DisplayStandby},
		{"nobody told of mains, nothing is sent", &lamp{state: hal.DisplayStandby}, display.Opts{}, func(_ *lamp, k *display.Keeper) {
			k.Want(true)
			time.Sleep(time.Minute)
		}, "", hal.DisplayUnknown},
		{"without mains nothing is sent", &lamp{state: hal.DisplayStandby}, display.Opts{}, func(_ *lamp, k *display.Keeper) {
			k.Powered(false)
			k.Want(true)
			time.Sleep(time.Minute)
		}, "", hal.DisplayOff},
		{"never told a wish, only watches", &lamp{state: hal.DisplayOn}, display.Opts{}, func(_ *lamp, k *display.Keeper) {
			k.Powered(true)
			time.Sleep(time.Minute)
		}, "", hal.DisplayOn},
		{"a hot lamp is not struck", &lamp{state: hal.DisplayCooling}, display.Opts{}, func(l *lamp, k *display.Keeper) {
			k.Powered(true)
			k.Want(true)
			time.Sleep(5 * time.Minute)
		}, "", hal.DisplayCooling},
		{"one that went on by itself is put out", &lamp{state: hal.DisplayStandby}, display.Opts{}, func(l *lamp, k *display.Keeper) {
			k.Powered(true)
			k.Want(false)
			time.Sleep(10 * time.Second)
			l.mu.Lock()
			l.state = hal.DisplayOn
			l.mu.Unlock()
			time.Sleep(time.Minute)
		}, "off", hal.DisplayStandby},
		{"deaf, told again with patience", &lamp{state: hal.DisplayStandby, deaf: true}, display.Opts{}, func(_ *lamp, k *display.Keeper) {
			k.Powered(true)
			k.Want(true)
			time.Sleep(50 * time.Second)
		}, "on, on, on", hal.DisplayStandby},
		{"silent projector is not commanded", &lamp{silent: true}, display.Opts{}, func(_ *lamp, k *display.Keeper) {
			k.Powered(true)
			k.Want(true)
			time.Sleep(time.Minute)
		}, "", hal.DisplayUnknown},
		{"silent TV is woken blindly", &lamp{silent: true}, display.Opts{BlindOn: true}, func(_ *lamp, k *display.Keeper) {
			k.Powered(true)
			k.Want(true)
			time.Sleep(25 * time.Second)
		}, "on, on", hal.DisplayUnknown},
		{"one that hangs is unknown", &lamp{hang: true}, display.Opts{}, func(_ *lamp, k *display.Keeper) {
			k.Powered(true)
			k.Want(true)
			time.Sleep(time.Minute)
		}, "", hal.DisplayUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := run(t, tt.lamp, tt.opts)
				tt.play(tt.lamp, k)
				synctest.Wait()
				if got := tt.lamp.commands(); got != tt.sent {
					t.Errorf("sent %q, want %q", got, tt.sent)
				}
				if got := k.Status(); got.State != tt.want {
					t.Errorf("state %v (%v), want %v", got.State, got.Err, tt.want)
				}
			})
		})
	}
}

func TestStubbornIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lamp{state: hal.DisplayStandby, deaf: true}
		k := run(t, l, display.Opts{})
		k.Powered(true)
		k.Want(true)
		time.Sleep(3 * time.Minute)
		if st := k.Status(); !st.Stubborn {
			t.Errorf("after %d fruitless commands: %+v", st.Attempts, st)
		}
	})
}

func TestUnaskedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var unasked int
		l := &lamp{state: hal.DisplayStandby}
		k := run(t, l, display.Opts{Changed: func(_, to hal.DisplayState, asked bool) {
			mu.Lock()
			defer mu.Unlock()
			if !asked {
				unasked++
			}
		}})
		k.Powered(true)
		k.Want(true)
		time.Sleep(time.Minute)
		k.Want(false)
		time.Sleep(time.Minute)
		l.mu.Lock()
		l.state = hal.DisplayOn
		l.mu.Unlock()
		time.Sleep(10 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		if unasked != 1 {
			t.Errorf("told %d times, want once", unasked)
		}
	})
}
