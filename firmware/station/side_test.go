package station

import (
	"context"
	"fmt"
	"image"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/lesson"
	"stationbox/firmware/station/internal/fault"
	"stationbox/hal/sim/eye"
	picture "stationbox/media/screen"
)

// TestSideSights: the second screen has a board at any time, the first one's where it
// has one, and while the film runs who has come.
func TestSideSights(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		first := sights(t, lang)
		for name, v := range sightsOn(t, lang, (*showing).sideSight) {
			if v.board == nil || v.strip != nil || v.board.Place == "" && v.board.Kind != picture.Published {
				t.Errorf("%s %s: %+v", lang, name, v)
				continue
			}
			if b := first[name].board; b != nil && b.Kind != v.board.Kind {
				t.Errorf("%s %s: kind %v beside %v", lang, name, v.board.Kind, b.Kind)
			}
		}
	}
	all := sightsOn(t, "zh", (*showing).sideSight)
	film, late, alarm := all["film"].board, all["strip-greet"].board, all["strip-emergency"].board
	if film.Label != "正在播放" || film.Present != "5" || film.Arrived[0] != "赵德柱" {
		t.Errorf("beside the film: %+v", film)
	}
	if late.Foot.Text != "王秀英 已签到" || late.Foot.Mood != picture.Good {
		t.Errorf("who comes late: %+v", late.Foot)
	}
	if alarm.Kind != picture.Emergency || alarm.Headline == "" {
		t.Errorf("an emergency: %+v", alarm)
	}
}

// TestStartWaitsForNoSide: around the start nothing is drawn for the second screen.
func TestStartWaitsForNoSide(t *testing.T) {
	s := newScene(t, "zh")
	log := slog.New(slog.DiscardHandler)
	s.side = &side{easel: newEasel(sideName, &hook{size: image.Pt(640, 360)}, nil, nil, s.faults, log)}
	at := func(since time.Duration, phase lesson.Phase) bool {
		s.side.easel.told = false
		s.beside(s.o.Start.Add(since), s.o, lesson.Orders{Phase: phase})
		return s.side.easel.told
	}
	for _, tt := range []struct {
		since time.Duration
		phase lesson.Phase
		drawn bool
	}{
		{-2 * time.Second, lesson.RollCall, true},
		{-bare, lesson.RollCall, false},
		{0, lesson.Playing, false},
		{shortly - 1, lesson.Playing, false},
		{shortly, lesson.Playing, true},
		{0, lesson.Paused, true},
	} {
		if got := at(tt.since, tt.phase); got != tt.drawn {
			t.Errorf("%v after the start, %s: drawn %v", tt.since, tt.phase, got)
		}
	}
}

// TestSideOnARealScreen: mpv shows the board on an X screen, and again after it was
// killed; when the screen goes, that is a fault.
func TestSideOnARealScreen(t *testing.T) {
	for _, tool := range []string{"mpv", "Xvfb"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	display, screen, lose := xScreen(t)
	cfg := &config.Config{Player: config.Player{Program: "mpv"}, Side: config.Side{Video: "x11", Display: display}, Station: config.Station{RunDir: t.TempDir()}}
	log := slog.New(slog.DiscardHandler)
	st := &Station{cfg: cfg, log: log, tick: time.Now, faults: fault.New(log, func(string, string, any) {})}
	st.side = st.openSide()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = st.side.player.Run(ctx) })
	wg.Go(func() { _ = st.side.easel.Run(ctx) })
	defer wg.Wait()
	defer cancel()

	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("never %s: %+v", what, st.side.player.State())
			}
		}
	}
	shown := func() bool { // the head of a board is green, or whatever its kind's colour is, but not black
		r, g, b, _ := screen.Image().At(4, 4).RGBA()
		return r+g+b > 0x2000
	}
	st.side.easel.want(sight{board: &picture.Board{Kind: picture.Roll, Place: "王家村", Headline: "第一课"}})
	until("shown", shown)
	if st.side.down() {
		t.Error("down although it shows a board")
	}
	if err := syscall.Kill(st.side.player.State().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until("down", st.side.down)
	until("up again", func() bool { return !st.side.down() && shown() })
	lose()
	until("down without its screen", st.side.down)
}

// xScreen is an X server in memory until the test ends, or is lost.
func xScreen(t *testing.T) (display string, screen *eye.Screen, lose func()) {
	t.Helper()
	dir := t.TempDir()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	cmd := exec.Command("Xvfb", "-screen", "0", "640x360x24", "-fbdir", dir, "-nolisten", "tcp", "-noreset", "-displayfd", "3")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	lose = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	t.Cleanup(lose)
	if _, err := fmt.Fscanln(r, &display); err != nil {
		t.Fatalf("Xvfb: no display number: %v", err)
	}
	if screen, err = eye.Open(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	return ":" + display, screen, lose
}
