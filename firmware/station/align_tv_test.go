package station

import (
	"context"
	"fmt"
	"image"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/display"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/work"
	"stationbox/firmware/text"
	"stationbox/media/player"
	picture "stationbox/media/screen"
)

// The meter stands instead of the board, follows, and gives the board back.
func TestMeterOnTheEasel(t *testing.T) {
	w := &hook{size: image.Pt(640, 360)}
	studio(t, w, nil, func(e *easel) {
		e.meter(&picture.Meter{Value: "9.1", Unit: "dB", Known: true}) // before anybody wanted a board
		time.Sleep(time.Second)
		if n, shown, _ := w.see(); n != 4*640*360 || shown != 1 {
			t.Errorf("%d bytes, shown %d times", n, shown)
		}
		e.want(board("第一课"))
		e.meter(&picture.Meter{Value: "9.1", Unit: "dB", Known: true})
		time.Sleep(10 * time.Second)
		if _, shown, _ := w.see(); shown != 1 {
			t.Errorf("the same meter is shown %d times", shown)
		}
		for i := range 10 {
			e.meter(&picture.Meter{Value: fmt.Sprint(i), Known: true})
			time.Sleep(100 * time.Millisecond)
		}
		if _, shown, _ := w.see(); shown != 11 {
			t.Errorf("shown %d times after ten figures", shown)
		}
		e.meter(nil)
		time.Sleep(time.Second)
		if _, shown, hidden := w.see(); shown != 12 || hidden != 0 {
			t.Errorf("the board: shown %d times, hidden %d", shown, hidden)
		}
		e.meter(&picture.Meter{Value: "1"})
		e.meter(nil)
		e.want(sight{})
		time.Sleep(time.Second)
		if n, _, _ := w.see(); n != 0 {
			t.Errorf("%d bytes are left", n)
		}
	})
	var none *easel
	none.meter(&picture.Meter{})
}

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

// The television, and nothing else, is on for an alignment between lessons.
func TestTelevisionIsLit(t *testing.T) {
	on := true
	s := &showing{aligns: func() bool { return on }}
	tv, beamer := screen{"tv", "tv", &display.Keeper{}}, screen{"projector", "projector", &display.Keeper{}}
	for _, tt := range []struct {
		sc    screen
		on    bool
		phase lesson.Phase
		want  bool
	}{
		{tv, true, lesson.Idle, true}, {tv, true, lesson.Done, true}, {tv, false, lesson.Idle, false}, {tv, true, lesson.ReadyCheck, false},
		{beamer, true, lesson.Idle, false},
	} {
		on = tt.on
		if got := s.lit(tt.sc, lesson.Orders{Phase: tt.phase}); got != tt.want {
			t.Errorf("%s, %v, %v: %v", tt.sc.name, tt.on, tt.phase, got)
		}
	}
	if (&showing{}).lit(tv, lesson.Orders{Phase: lesson.Idle}) {
		t.Error("lit without an aligner")
	}
}

// TestMeasureAlignDelay measures in real time how long a reading takes to the session, to
// the far end of a console and to the pixels of an X screen that mpv draws. With
// ALIGN_DELAY there are as many changes as that.
func TestMeasureAlignDelay(t *testing.T) {
	count := 0
	if _, err := fmt.Sscan(os.Getenv("ALIGN_DELAY"), &count); err != nil {
		t.Skip("ALIGN_DELAY is not set")
	}
	r := newDishRig(t, dishConfig(t, villageDish))
	log := slog.New(slog.DiscardHandler)
	display, eyes, _ := xScreen(t)
	cfg := &config.Config{Player: config.Player{Program: "mpv"}, Side: config.Side{Video: "x11", Display: display}, Station: config.Station{RunDir: t.TempDir()}}
	p := (&Doors{}).side(cfg, player.Opts{Log: log, Now: time.Now})
	e := newEasel("", p, findFont, nil, r.faults, log)
	a := newAligner(r.meter, text.New("zh"), log)
	a.show = e.meter
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = p.Run(ctx) })
	wg.Go(func() { _ = e.Run(ctx) })
	wg.Go(func() { _ = a.Run(ctx) })
	wg.Go(func() { work.RunAll(ctx, log, func(string, error) {}, r.meter.tasks()) })
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
	bright := func() bool { // the bar at two thirds of its length
		r, _, _, _ := eyes.Image().At(32+576*55/100, 202).RGBA()
		return r > 0x8000
	}
	until("shown", bright)
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
			return bright() != down
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
	}{{"session and tone", session}, {"console", terminal}, {"television", television}} {
		slices.Sort(m.list)
		t.Logf("reading to %s: half %v, 19 of 20 %v, most %v", m.name, m.list[len(m.list)/2], m.list[len(m.list)*19/20], m.list[len(m.list)-1])
	}
	s.finish("cmd.dish.align.stopped")
}
