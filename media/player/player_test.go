package player_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/player"
)

func TestAProgrammeFromItsFirstFrameToItsEnd(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	file := clip(t, 1)
	r.must(r.Preload(r.ctx(), file, 0))
	if s := r.State(); s.Loaded != file || !s.Paused || s.Playing || s.Position != 0 || s.Duration.Round(time.Second) != time.Second || !s.VOConfigured {
		t.Errorf("after Preload: %+v", s)
	}
	r.must(r.Play(r.ctx()))
	if e := r.event(player.Started); e.File != file || e.Position > 500*time.Millisecond {
		t.Errorf("started: %+v", e)
	}
	e := r.event(player.Ended)
	if e.Reason != player.ReasonEOF || !e.Complete || e.Position < 900*time.Millisecond || e.File != file {
		t.Errorf("ended: %+v", e)
	}
	s := r.State()
	if !s.EOF || s.Playing || s.Paused || s.Loaded != file || s.FramesShown < 10 || s.FramesShown > 26 {
		t.Errorf("at the end: %+v", s)
	}
	if err := r.Play(r.ctx()); !errors.Is(err, player.ErrEnded) {
		t.Errorf("Play at the end: %v", err)
	}
	r.must(r.Stop(r.ctx()))
	if s := r.State(); s.Loaded != "" || s.EOF {
		t.Errorf("after Stop: %+v", s)
	}
}

func TestPreloadAtAPosition(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	file := clip(t, 10)
	r.must(r.Preload(r.ctx(), file, 3*time.Second))
	at, err := r.Position(r.ctx())
	if err != nil || (at-3*time.Second).Abs() > 40*time.Millisecond {
		t.Errorf("at %v, %v", at, err)
	}
	r.must(r.Play(r.ctx()))
	r.until("playing on", func(s player.Status) bool { return s.Position > 3200*time.Millisecond })
	r.must(r.Pause(r.ctx()))
	if s := r.until("paused", func(s player.Status) bool { return !s.Playing }); !s.Paused {
		t.Errorf("paused: %+v", s)
	}
	r.must(r.Preload(r.ctx(), file, 0)) // another wish ends the first
	if e := r.event(player.Ended); e.Reason != player.ReasonStop || e.Complete {
		t.Errorf("replaced: %+v", e)
	}
	if err := r.Preload(r.ctx(), file, time.Minute); !errors.Is(err, player.ErrUnplayable) {
		t.Errorf("behind the end: %v", err)
	}
}

func TestFilesThatCannotBePlayed(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		r.must(os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	text := strings.Repeat("这是一个文本文件。A text is no video.\n", 2000)
	files := map[string]string{
		"missing":         filepath.Join(dir, "nothere.mp4"),
		"empty":           write("empty.mp4", ""),
		"text":            write("text.mp4", text),
		"text named txt":  write("text.txt", text),
		"zeros":           write("zeros.mp4", strings.Repeat("\x00", 100_000)),
		"a folder":        dir,
		"playlist":        write("list.m3u", "#EXTM3U\nnothere.mp4\n"),
		"subtitles":       write("sub.srt", "1\n00:00:00,000 --> 00:00:05,000\n你好\n"),
		"dead address":    "http://127.0.0.1:1/lesson.mp4",
		"hostile {} name": filepath.Join(dir, `{\an5}"; quit`),
	}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			if err := r.Preload(r.ctx(), file, 0); !errors.Is(err, player.ErrUnplayable) {
				t.Errorf("Preload: %v", err)
			} else {
				t.Log(err)
			}
			if s := r.State(); s.Loaded != "" || !s.Alive || s.Restarts != 0 {
				t.Errorf("%+v", s)
			}
			if err := r.Play(r.ctx()); !errors.Is(err, player.ErrNothingLoaded) {
				t.Errorf("Play: %v", err)
			}
		})
	}
	good := clip(t, 1)
	r.must(r.Preload(r.ctx(), good, 0))
	r.must(r.Play(r.ctx()))
	if e := r.event(player.Ended); e.File != good || !e.Complete {
		t.Errorf("the good one after the bad ones: %+v", e)
	}
}

func TestTruncatedFileEndsButIsNotComplete(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	whole, err := os.ReadFile(clip(t, 4))
	r.must(err)
	file := filepath.Join(t.TempDir(), "half.mp4")
	r.must(os.WriteFile(file, whole[:len(whole)/4], 0o644))
	r.must(r.Preload(r.ctx(), file, 0))
	r.must(r.Play(r.ctx()))
	e := r.event(player.Ended)
	if e.Complete || e.Position > 3*time.Second || e.Duration.Round(time.Second) != 4*time.Second {
		t.Errorf("ended: %+v", e)
	}
}

func TestKilledMpvComesBackWhereItWas(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	file := clip(t, 60)
	r.must(r.Preload(r.ctx(), file, 20*time.Second))
	r.must(r.Show(r.ctx(), 1, player.Caption("欢迎")))
	r.must(r.Play(r.ctx()))
	for range 3 {
		r.until("playing", func(s player.Status) bool { return s.Playing && s.Position > 20*time.Second })
		was := r.State().Position
		pid := r.signal(syscall.SIGKILL)
		if e := r.event(player.Died); (e.Position - was).Abs() > 2*time.Second {
			t.Errorf("died: %+v, was at %v", e, was)
		}
		e := r.event(player.Restarted)
		if d := e.Position - was; d < -200*time.Millisecond || d > 2*time.Second {
			t.Errorf("was at %v, resumed at %v", was, e.Position)
		}
		s := r.until("playing again", func(s player.Status) bool { return s.Playing && s.Position > e.Position })
		if s.PID == pid || s.Loaded != file {
			t.Errorf("%+v", s)
		}
	}
}

func TestKilledWhilePausedStaysPaused(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	file := clip(t, 10)
	r.must(r.Preload(r.ctx(), file, 4*time.Second))
	r.signal(syscall.SIGKILL)
	e := r.event(player.Restarted)
	if (e.Position - 4*time.Second).Abs() > 50*time.Millisecond {
		t.Errorf("resumed at %v", e.Position)
	}
	if s := r.State(); !s.Paused || s.Playing {
		t.Errorf("%+v", s)
	}
	// Play in the middle of a replacement waits for the new mpv.
	r.signal(syscall.SIGKILL)
	r.must(r.Play(r.ctx()))
	r.until("playing", playing)
}

func TestKilledWhileLoadingLoadsAgain(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	file := clip(t, 10)
	r.must(r.Ready(r.ctx()))
	r.signal(syscall.SIGKILL)
	r.must(r.Preload(r.ctx(), file, 0))
	r.must(r.Play(r.ctx()))
	r.until("playing", playing)
}

func TestKilledAgainWhileItComesBack(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	r.must(r.Preload(r.ctx(), clip(t, 60), 30*time.Second))
	r.must(r.Play(r.ctx()))
	r.until("playing", func(s player.Status) bool { return s.Playing && s.Position > 30*time.Second })
	was := r.State().Position
	for range 4 {
		pid := r.signal(syscall.SIGKILL)
		r.until("the next mpv", func(s player.Status) bool { return s.PID != 0 && s.PID != pid })
	}
	s := r.until("playing again", func(s player.Status) bool { return s.Playing && s.Position > was })
	if s.Position > was+10*time.Second {
		t.Errorf("was at %v, plays at %v", was, s.Position)
	}
}

func TestStoppedMpvIsReplaced(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{HangAfter: time.Second})
	r.must(r.Preload(r.ctx(), clip(t, 60), 0))
	r.must(r.Play(r.ctx()))
	r.until("playing", playing)
	pid := r.signal(syscall.SIGSTOP)
	r.event(player.Stalled)
	r.event(player.Restarted)
	if !gone(pid) {
		t.Errorf("mpv %d still lives", pid)
	}
	r.until("playing", playing)
}

// What mpv drops because it was stopped for a moment is told, and is not shown.
func TestDroppedFramesAreTold(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	file := clip(t, 60)
	r.must(r.Preload(r.ctx(), file, 0))
	r.must(r.Play(r.ctx()))
	s := r.until("playing", func(s player.Status) bool { return s.Position > time.Second })
	for begun := s.FramesDropped; s.FramesDropped == begun; {
		r.signal(syscall.SIGSTOP)
		time.Sleep(400 * time.Millisecond)
		r.signal(syscall.SIGCONT)
		at := s.Position + time.Second
		s = r.until("going on", func(s player.Status) bool { return s.Position > at })
		if s.Position > 50*time.Second {
			t.Fatalf("stopped again and again, and nothing dropped: %+v", s)
		}
	}
	if most := int64(s.Position/s.FrameTime) + 1; s.FramesShown+s.FramesDropped > most {
		t.Errorf("%d shown and %d dropped of %d", s.FramesShown, s.FramesDropped, most)
	}
	r.must(r.Preload(r.ctx(), file, 0))
	if s := r.State(); s.FramesDropped != 0 {
		t.Errorf("%d dropped of a film that has not begun", s.FramesDropped)
	}
}

func TestNextControllerAdoptsTheLivingMpv(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	file := clip(t, 60)
	first := run(t, player.Opts{RunDir: dir, KeepOnExit: true})
	first.must(first.Preload(first.ctx(), file, 10*time.Second))
	first.must(first.Play(first.ctx()))
	first.until("playing", func(s player.Status) bool { return s.Position > 10*time.Second })
	pid := first.State().PID
	first.must(first.quit())
	if gone(pid) {
		t.Fatal("mpv ended with its first controller")
	}
	second := run(t, player.Opts{RunDir: dir})
	second.must(second.Ready(second.ctx()))
	s := second.until("playing", func(s player.Status) bool { return s.Playing })
	if s.PID != pid || s.Loaded != file || s.Position < 10*time.Second || s.Restarts != 0 || s.Duration.Round(time.Second) != time.Minute {
		t.Errorf("adopted: %+v", s)
	}
	second.signal(syscall.SIGKILL) // an adopted mpv is replaced like a child
	e := second.event(player.Restarted)
	if e.Position < s.Position {
		t.Errorf("resumed at %v, was at %v", e.Position, s.Position)
	}
	pid = second.State().PID
	second.must(second.quit())
	if !gone(pid) {
		t.Error("mpv outlived a controller that should quit it")
	}
}

func TestAdoptionOfTheHeldLastFrame(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	file := clip(t, 1)
	first := run(t, player.Opts{RunDir: dir, KeepOnExit: true})
	first.must(first.Preload(first.ctx(), file, 0))
	first.must(first.Play(first.ctx()))
	first.event(player.Ended)
	first.must(first.quit())
	second := run(t, player.Opts{RunDir: dir})
	if e := second.event(player.Ended); e.File != file || !e.Complete {
		t.Errorf("%+v", e)
	}
}

func TestHungMpvOfADeadControllerIsReplaced(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	first := run(t, player.Opts{RunDir: dir, KeepOnExit: true})
	first.must(first.Ready(first.ctx()))
	pid := first.signal(syscall.SIGSTOP)
	first.must(first.quit())
	second := run(t, player.Opts{RunDir: dir, HangAfter: time.Second})
	second.must(second.Ready(second.ctx()))
	if !gone(pid) {
		t.Errorf("mpv %d still lives", pid)
	}
	second.must(second.Preload(second.ctx(), clip(t, 1), 0))
}

func TestOtherOptionsAreNotAdopted(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	first := run(t, player.Opts{RunDir: dir, KeepOnExit: true})
	first.must(first.Ready(first.ctx()))
	pid := first.State().PID
	first.must(first.quit())
	second := run(t, player.Opts{RunDir: dir, Args: []string{"--volume=50"}})
	second.must(second.Ready(second.ctx()))
	if !gone(pid) {
		t.Errorf("mpv %d with the old options still lives", pid)
	}
}

func TestSecondControllerWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	first := run(t, player.Opts{RunDir: dir, KeepOnExit: true})
	first.must(first.Ready(first.ctx()))
	second := run(t, player.Opts{RunDir: dir})
	s := second.until("refused", func(s player.Status) bool {
		return s.Problem != nil && strings.Contains(s.Problem.Error(), "another controller")
	})
	if s.Alive {
		t.Errorf("two controllers: %+v", s)
	}
	pid := first.State().PID
	first.must(first.quit())
	second.must(second.Ready(second.ctx()))
	if second.State().PID != pid {
		t.Error("not adopted")
	}
}

func TestWhatCannotRunSaysWhy(t *testing.T) {
	t.Parallel()
	t.Run("no such program", func(t *testing.T) {
		r := run(t, player.Opts{Program: "no-such-player"})
		s := r.until("explained", func(s player.Status) bool {
			return s.Problem != nil && strings.Contains(s.Problem.Error(), "no-such-player")
		})
		t.Log(s.Problem)
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := r.Preload(ctx, "x.mp4", 0); !errors.Is(err, player.ErrDown) {
			t.Errorf("Preload: %v", err)
		}
	})
	t.Run("wrong option", func(t *testing.T) {
		r := run(t, player.Opts{Args: []string{"--no-such-option=1"}})
		s := r.until("explained", func(s player.Status) bool {
			return s.Problem != nil && strings.Contains(s.Problem.Error(), "no-such-option")
		})
		t.Log(s.Problem)
	})
	t.Run("long socket", func(t *testing.T) {
		p := player.New(player.Opts{RunDir: t.TempDir(), Socket: "/tmp/" + strings.Repeat("x", 120)})
		if err := p.Run(t.Context()); err == nil {
			t.Error("no error")
		}
	})
	t.Run("no run folder", func(t *testing.T) {
		p := player.New(player.Opts{RunDir: "/nonexistent"})
		if err := p.Run(t.Context()); err == nil {
			t.Error("no error")
		}
	})
}
