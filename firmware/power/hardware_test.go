package power_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/power"
	"stationbox/hal"
)

// hardware is a front end, a contactor and relays in a bubble: the contactor
// closes 15 ms after the first pulse and opens 200 ms after the last.
type hardware struct {
	mu       sync.Mutex
	began    time.Time
	frames   int
	volts    float64
	silent   bool
	pulsed   time.Time
	since    time.Time // of the first pulse of the row
	pulses   int
	pinsGone bool
	welded   bool
	relays   []*relay
	amps     [4]int32
	arrester uint16
	strikes  uint16
	hold     time.Duration // of the drive; 0: 200ms
	moved    []time.Time   // when a relay was set otherwise
}

type relay struct {
	h    *hardware
	on   bool
	sets int
	err  error
}

func (r *relay) Set(on bool) error {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	if r.on != on {
		r.h.moved = append(r.h.moved, time.Now())
	}
	r.on = on
	r.sets++
	return nil
}

func (r *relay) On() (bool, error) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	return r.on, r.err
}

// onTheLine is how long a frame takes over the serial line.
const onTheLine = 1130 * time.Microsecond

// Next is power.Source: a frame each 2.5 ms of 220 V or what is set.
func (h *hardware) Next(deadline time.Time) (power.Frame, error) {
	h.mu.Lock()
	due := h.began.Add(time.Duration(h.frames+1)*power.FrameTime + onTheLine)
	silent := h.silent
	h.mu.Unlock()
	if silent || due.After(deadline) {
		time.Sleep(time.Until(deadline))
		if silent {
			h.mu.Lock()
			h.frames = int(time.Since(h.began) / power.FrameTime)
			h.mu.Unlock()
		}
		return power.Frame{}, fmt.Errorf("mains: %w", hal.ErrSilent)
	}
	time.Sleep(time.Until(due))
	h.mu.Lock()
	defer h.mu.Unlock()
	f := power.Frame{Channel: uint8(h.frames % 7)}
	if f.Channel == 6 {
		f.Channel = power.SlowStrikes
	}
	for i := range f.Samples {
		n := h.frames*power.FrameSamples + i
		f.Samples[i] = int16(math.Round(h.volts * math.Sqrt2 * math.Sin(2*math.Pi*float64(n)/160) * 32768 / fullScale))
	}
	h.frames++
	switch c := f.Channel; {
	case c == power.SlowFeed && h.closedLocked():
		f.Value = uint16(h.volts * 10)
	case c >= power.SlowLoad1 && c <= power.SlowLoad4:
		f.Value = uint16(h.amps[c-1])
	case c == power.SlowArrester:
		f.Value = h.arrester
	case c == power.SlowStrikes:
		f.Value = h.strikes
	}
	return f, nil
}

func (h *hardware) Pulse() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pinsGone {
		return hal.ErrGone
	}
	if time.Since(h.pulsed) > max(h.hold, 200*time.Millisecond) {
		h.since = time.Now()
	}
	h.pulsed = time.Now()
	h.pulses++
	return nil
}

func (h *hardware) Release() error { return nil }

func (h *hardware) closedLocked() bool {
	driven := !h.pulsed.IsZero() && time.Since(h.pulsed) <= max(h.hold, 200*time.Millisecond) && time.Since(h.since) > 15*time.Millisecond
	return driven || h.welded
}

func (h *hardware) closed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closedLocked()
}

func (h *hardware) Aux() (bool, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pinsGone {
		return false, false, hal.ErrGone
	}
	return h.closedLocked(), true, nil
}

func (h *hardware) set(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	do()
}

// listener remembers what the guard said.
type listener struct {
	mu     sync.Mutex
	status firmware.GuardStatus
	events []firmware.GuardEvent
}

func (l *listener) Status(s firmware.GuardStatus) { l.mu.Lock(); l.status = s; l.mu.Unlock() }
func (l *listener) Event(e firmware.GuardEvent) {
	l.mu.Lock()
	l.events = append(l.events, e)
	l.mu.Unlock()
}

func (l *listener) last() firmware.GuardStatus { l.mu.Lock(); defer l.mu.Unlock(); return l.status }

func (l *listener) kinds() (kinds []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (l *listener) find(t *testing.T, kind string) firmware.GuardEvent {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Kind == kind {
			return e
		}
	}
	t.Errorf("no event %s among %v", kind, l.events)
	return firmware.GuardEvent{}
}

// running is a guard over hardware.
type running struct {
	*hardware
	*listener
	*power.Loop
	cancel context.CancelFunc
	ended  sync.WaitGroup
	seq    uint64
}

func start(t *testing.T, opts power.Opts) *running {
	t.Helper()
	s := village()
	h := &hardware{began: time.Now(), volts: 220}
	r := &running{hardware: h, listener: &listener{}}
	var relays []power.Relay
	for range s.Loads {
		one := &relay{h: h}
		h.relays = append(h.relays, one)
		relays = append(relays, one)
	}
	opts.Boot = "boot"
	loop, err := power.New(s, h, h, relays, r.listener, opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Loop = loop
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.ended.Go(func() {
		if err := loop.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("run: %v", err)
		}
	})
	return r
}

func (r *running) stop() { r.cancel(); r.ended.Wait() }

func (r *running) want(display hal.DisplayState, loads ...string) {
	r.seq++
	w := firmware.GuardWant{Seq: r.seq, Loads: map[string]bool{}, Displays: map[string]hal.DisplayState{"projector": display}}
	for _, l := range loads {
		w.Loads[l] = true
	}
	r.Want(w)
}

func (r *running) on(i int) bool { on, _ := r.relays[i].On(); return on }
