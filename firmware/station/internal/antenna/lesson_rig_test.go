package antenna

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/hal/sim/device"
	"stationbox/media/live"
)

// farChannel is on another transponder than the dish's log is about.
const farChannel = `
[[dish.channel]]
name = "farm"
frequency_mhz = 3840
symbol_rate = 27500
polarization = "h"
service = 7
`

// satRig is a dish that receives lessons.
type satRig struct {
	*dishRig
	mu    sync.Mutex
	notes []string // of the signal, on record
	stop  func()
	start func()
}

// onSatRig runs f in a bubble with a dish whose transponder sends the programme 1, and
// which has a far channel that sends the programme 7.
func onSatRig(t *testing.T, f func(t *testing.T, r *satRig)) {
	t.Helper()
	cfg := dishConfig(t, villageDish+farChannel)
	synctest.Test(t, func(t *testing.T) {
		r := &satRig{dishRig: newDishRig(t, cfg)}
		r.card.Transmit(256, device.LoopTS(programmeTS(1)), 100_000)
		r.faults = fault.New(slog.New(slog.DiscardHandler), r.put)
		r.meter.faults, r.meter.put = r.faults, r.put
		r.start = func() {
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				work.RunAll(ctx, slog.New(slog.DiscardHandler), func(string, error) {}, []work.Task{{Name: "dish receiver", Run: r.meter.runTuner}})
			})
			r.stop = func() { cancel(); wg.Wait() }
		}
		r.start()
		f(t, r)
		r.stop()
		if n := r.card.Files(); n != 0 {
			t.Errorf("%d files of the receiver are open after all", n)
		}
	})
}

func (r *satRig) put(kind, id string, data any) {
	if n, ok := data.(relockNote); ok && kind == kindRelock {
		r.mu.Lock()
		defer r.mu.Unlock()
		line := fmt.Sprintf("%s %s %s %s", id, n.Event, n.Why, n.Remedy)
		if n.Shift != 0 {
			line += fmt.Sprintf("%+d", n.Shift)
		}
		r.notes = append(r.notes, strings.TrimSpace(line))
	}
}

// said returns the records since the last call.
func (r *satRig) said() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.notes = nil }()
	return r.notes
}

func (r *satRig) lesson(id, channel string) Lesson {
	c, ok := r.meter.cfg.Received(channel)
	if !ok {
		panic(channel)
	}
	return Lesson{id, "卫星课", c}
}

// listen counts what a channel brings until ctx ends.
func (r *satRig) listen(ctx context.Context, t *testing.T, channel string, programme uint16) *heard {
	t.Helper()
	s, err := live.Open("dvb:"+channel, live.SourceOpts{Tuner: r.meter.TunerSource(programme)})
	if err != nil {
		t.Fatal(err)
	}
	h := &heard{}
	h.all.Go(func() {
		for ctx.Err() == nil {
			err := s.Receive(ctx, h.take)
			h.set(err)
			pause(ctx, time.Second)
		}
	})
	return h
}

type heard struct {
	all sync.WaitGroup
	mu  sync.Mutex
	n   int
	err error
}

func (h *heard) take(b []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n, h.err = h.n+len(b)/188, nil
	return true
}

func (h *heard) set(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
}

// packets returns how many came since the last call, and why no more do.
func (h *heard) packets() (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer func() { h.n = 0 }()
	return h.n, h.err
}

// programmeTS is a round of packets with the tables and the picture of one programme.
func programmeTS(number byte) []byte {
	packet := func(pid uint16, start byte, body []byte) []byte {
		p := append([]byte{0x47, start | byte(pid>>8), byte(pid), 0x10}, body...)
		return append(p, slices.Repeat([]byte{0xFF}, 188-len(p))...)
	}
	table := func(pid uint16, s ...byte) []byte {
		crc := ^uint32(0)
		for _, x := range s {
			crc ^= uint32(x) << 24
			for range 8 {
				crc = crc<<1 ^ 0x04C11DB7*(crc>>31)
			}
		}
		return packet(pid, 0x40, append([]byte{0}, append(s, byte(crc>>24), byte(crc>>16), byte(crc>>8), byte(crc))...))
	}
	all := table(0, 0, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, number, 0xE1, 0)
	all = append(all, table(0x100, 2, 0xB0, 18, 0, number, 0xC1, 0, 0, 0xE1, 1, 0xF0, 0, 0x1B, 0xE1, 1, 0xF0, 0)...)
	for range 18 {
		all = append(all, packet(0x101, 0, []byte{1})...)
	}
	return all
}
