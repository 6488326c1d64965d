package antenna

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stationbox/firmware/dish"
	"stationbox/firmware/station/internal/work"
	"stationbox/firmware/text"
	picture "stationbox/media/screen"
)

func TestMeterOf(t *testing.T) {
	c := text.New("en")
	known := func(v dish.DB) dish.Bar { return dish.Bar{Known: true, CNR: v} }
	turn := dish.Order{Do: dish.DoTurn, Amount: dish.Amount{Unit: dish.Fingers, Count: 2, Size: dish.FingerWidth}}
	lost := turn
	lost.After = dish.DoLost
	wrong := turn
	wrong.After = dish.DoWrong
	for _, tt := range []struct {
		name string
		a    dish.Advice
		want picture.Meter
	}{
		{"signal", dish.Advice{Order: turn, Now: known(10), Best: known(12), Voice: dish.VoiceSignal, Moves: 3, Phase: dish.PhaseClimb},
			picture.Meter{Value: "10.0", Unit: "dB", Known: true, Bar: 0.5, Mark: 0.6, Best: "best 12.0 dB", Phase: "closer 3"}},
		{"at its best", dish.Advice{Order: turn, Now: known(11.9), Best: known(12), Voice: dish.VoiceSignal},
			picture.Meter{Value: "11.9", Unit: "dB", Known: true, Bar: 0.595, Mark: 0.6, Best: "best 12.0 dB", Phase: "coarse 0", Mood: picture.Good}},
		{"lost", dish.Advice{Order: lost, Best: known(12)},
			picture.Meter{Value: "---", Mark: 0.6, Best: "best 12.0 dB", State: "Signal lost.", Phase: "coarse 0"}},
		{"wrong", dish.Advice{Order: wrong, Now: known(30), Voice: dish.VoiceWrong},
			picture.Meter{Value: "30.0", Unit: "dB", Known: true, Bar: 1, State: "other satellite", Phase: "coarse 0", Mood: picture.Bad}},
		{"stale", dish.Advice{Order: turn, Stale: true}, picture.Meter{Value: "---", State: "no new reading", Phase: "coarse 0", Mood: picture.Bad}},
	} {
		tt.want.Order = turn.Say(c)
		if got := *meterOf(c, tt.a); got != tt.want {
			t.Errorf("%s:\n%+v\n%+v", tt.name, got, tt.want)
		}
	}
}

// TestMeasureAlignDelay measures in real time how long a reading takes to the session and the
// tone, to the far end of a console and to where the television gets its meter. With
// ALIGN_DELAY there are as many changes as that.
func TestMeasureAlignDelay(t *testing.T) {
	count := 0
	if _, err := fmt.Sscan(os.Getenv("ALIGN_DELAY"), &count); err != nil {
		t.Skip("ALIGN_DELAY is not set")
	}
	r := newDishRig(t, dishConfig(t, villageDish))
	log := slog.New(slog.DiscardHandler)
	a := NewAligner(r.meter, AlignerOpts{Words: text.New("zh"), Log: log})
	var bright atomic.Bool // the television shows more than 11 dB
	a.show = func(m *picture.Meter) { bright.Store(m != nil && m.Bar > 0.55) }
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = a.Run(ctx) })
	wg.Go(func() { work.RunAll(ctx, log, func(string, error) {}, r.meter.Tasks()) })
	c, end := (&alignRig{dishRig: r, a: a}).console(t, "en", 115200)
	defer end()
	until := func(what string, ok func() bool) time.Time {
		t.Helper()
		for end := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never %s: %s", what, c.seen())
			}
		}
		return time.Now()
	}
	c.types(t, "dish align -quiet\r")
	until("shown", bright.Load)
	s := a.current()
	var session, terminal, television []time.Duration
	for i := range count {
		down := i%2 == 0
		before := len(c.seen())
		if r.dish.Rain(0); down {
			r.dish.Rain(6)
		}
		at := time.Now()
		until("in the session", func() bool { l, _ := s.look(1 << 30); return l.Advice.Now.Known && (l.Advice.Now.CNR < 11) == down })
		_, age, _ := r.meter.signal.at(time.Now())
		read := time.Now().Add(-age)
		if read.Before(at) {
			read = at
		}
		session = append(session, time.Since(read))
		figure := map[bool]string{true: "....|", false: "####|"}[down] // of the bar: what is the same is not written again
		seen := time.Time{}
		shown := until("on television", func() bool {
			if seen.IsZero() && strings.Contains(c.seen()[before:], figure) {
				seen = time.Now()
			}
			return bright.Load() != down
		})
		if seen.IsZero() {
			seen = until("at the console", func() bool { return strings.Contains(c.seen()[before:], figure) })
		}
		terminal, television = append(terminal, seen.Sub(read)), append(television, shown.Sub(read))
		time.Sleep(time.Duration(300+37*(i%7)) * time.Millisecond)
	}
	for _, m := range []struct {
		name string
		list []time.Duration
	}{{"session and tone", session}, {"console", terminal}, {"television's meter", television}} {
		slices.Sort(m.list)
		t.Logf("reading to %s: half %v, 19 of 20 %v, most %v", m.name, m.list[len(m.list)/2], m.list[len(m.list)*19/20], m.list[len(m.list)-1])
	}
	s.finish("cmd.dish.align.stopped")
}
