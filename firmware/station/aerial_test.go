package station

import (
	"context"
	"fmt"
	"image"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/fault"
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

// TestMeasureMeterDelay measures in real time how long a figure takes to the pixels of an X
// screen that mpv draws. With ALIGN_DELAY there are as many changes as that.
func TestMeasureMeterDelay(t *testing.T) {
	count := 0
	if _, err := fmt.Sscan(os.Getenv("ALIGN_DELAY"), &count); err != nil {
		t.Skip("ALIGN_DELAY is not set")
	}
	log := slog.New(slog.DiscardHandler)
	display, eyes, _ := xScreen(t)
	cfg := &config.Config{Player: config.Player{Program: "mpv"}, Side: config.Side{Video: "x11", Display: display}, Station: config.Station{RunDir: t.TempDir()}}
	p := (&Doors{}).side(cfg, player.Opts{Log: log, Now: time.Now})
	e := newEasel("", p, findFont, nil, fault.New(log, func(string, string, any) {}), log)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = p.Run(ctx) })
	wg.Go(func() { _ = e.Run(ctx) })
	bright := func() bool { // the bar at two thirds of its length
		r, _, _, _ := eyes.Image().At(32+576*55/100, 202).RGBA()
		return r > 0x8000
	}
	show := func(full bool) (took time.Duration) {
		t.Helper()
		m := &picture.Meter{Value: "8.0", Unit: "dB", Known: true, Bar: 0.4}
		if full {
			m = &picture.Meter{Value: "14.0", Unit: "dB", Known: true, Bar: 0.7}
		}
		at := time.Now()
		for e.meter(m); bright() != full; time.Sleep(2 * time.Millisecond) {
			if time.Since(at) > time.Minute {
				t.Fatal("never on television")
			}
		}
		return time.Since(at)
	}
	show(true)
	var television []time.Duration
	for i := range count {
		television = append(television, show(i%2 == 1))
		time.Sleep(time.Duration(300+37*(i%7)) * time.Millisecond)
	}
	slices.Sort(television)
	t.Logf("figure to television: half %v, 19 of 20 %v, most %v", television[len(television)/2], television[len(television)*19/20], television[len(television)-1])
}
