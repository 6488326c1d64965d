package station

import (
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/clock"
	"stationbox/firmware/command"
	"stationbox/firmware/lesson"
	"stationbox/firmware/text"
	"stationbox/media/notice"
	picture "stationbox/media/screen"
)

// stick is a folder with a text, a picture and something else.
func stick(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "b.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"a.txt": "周五上午发放种子\n每户两袋\n\n请带户口本", "c.exe": "MZ\x00"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNoticeCommands(t *testing.T) {
	st := counter(t)
	st.wall = notice.Open(filepath.Join(t.TempDir(), "notices"))
	day := st.now().Format(time.DateOnly)
	ask := func(args ...string) command.Reply {
		t.Helper()
		return command.Answer(t.Context(), st.table(), st.env("en", "shell"), append([]string{"notice"}, args...))
	}
	r := ask("add", "-kind", "accounts", stick(t))
	if r.Code != command.CodeFailed || !strings.Contains(r.Text, "1  Accounts  "+day) || !strings.Contains(r.Text, "2 pages  a") || !strings.Contains(r.Text, "1 pages  b") || !strings.Contains(r.Text, "not published, c.exe: it is no text") {
		t.Errorf("code %d: %s", r.Code, r.Text)
	}
	if r := ask("add", "-from", "2031-01-01", "-title", "later", filepath.Join(stick(t), "a.txt")); r.Code != command.CodeOK {
		t.Errorf("%d: %s", r.Code, r.Text)
	}
	if r := ask("list"); strings.Count(r.Text, "\n") != 3 || !strings.Contains(r.Text, "later  (not shown now)") {
		t.Errorf("list: %s", r.Text)
	}
	if r := ask("remove", "2"); r.Code != command.CodeOK || len(st.wall.List()) != 2 {
		t.Errorf("remove: %s", r.Text)
	}
	for _, args := range [][]string{{"add"}, {"add", "-kind", "war", "x"}, {"add", "-until"}, {"add", "/nowhere"}, {"add", "-until", "soon", stick(t)}, {"remove", "2"}, {"remove", "x"}, {"list", "all"}} {
		if r := ask(args...); r.Code == command.CodeOK {
			t.Errorf("%v: %s", args, r.Text)
		}
	}
}

// The idle board gives way to the pages in turn, and nothing else does.
func TestPublished(t *testing.T) {
	wall := notice.Open(filepath.Join(t.TempDir(), "notices"))
	start := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	for _, name := range []string{"a.txt", "b.jpg"} {
		if _, err := wall.Add(t.Context(), notice.Arrival{Path: filepath.Join(stick(t), name), Title: name, From: "2026-12-01", Until: "2026-12-02", Now: start}); err != nil {
			t.Fatal(err)
		}
	}
	s := &showing{words: text.New("zh"), wall: wall, clock: told{clock.ByClock, clock.Good}}
	got := map[string]int{}
	for at := start; at.Before(start.Add(75 * time.Second)); at = at.Add(time.Second) {
		v, ok := s.published(at, lesson.Orders{Phase: lesson.Idle})
		switch {
		case !ok:
			got["board"]++
		case v.sheet != "":
			if img, err := noticePicture(v.sheet); err != nil || img.Bounds().Dx() != 64 {
				t.Errorf("%s: %v", v.sheet, err)
			}
			got["picture"]++
		default:
			if v.board.Kind != picture.Published || v.board.Place != "村务公告" {
				t.Errorf("%+v", v.board)
			}
			got[strings.Join(v.board.Rows, "|")]++
		}
	}
	want := map[string]int{"board": 30, "picture": 15, "周五上午发放种子|每户两袋": 15, "请带户口本": 15}
	for k, n := range want {
		if got[k] != n {
			t.Errorf("%s stands for %d s, want %d: %v", k, got[k], n, got)
		}
	}
	never := func(what string, s *showing, at time.Time, ord lesson.Orders) {
		t.Helper()
		for i := range 90 {
			if _, ok := s.published(at.Add(time.Duration(i)*time.Second), ord); ok {
				t.Fatalf("published %s", what)
			}
		}
	}
	never("during a lesson", s, start, lesson.Orders{Phase: lesson.Playing})
	never("before a lesson", s, start, lesson.Orders{Phase: lesson.ReadyCheck})
	never("at night", s, time.Date(2026, 12, 1, 22, 30, 0, 0, time.UTC), lesson.Orders{Phase: lesson.Idle})
	never("when it is over", s, start.AddDate(0, 0, 2), lesson.Orders{Phase: lesson.Idle})
	never("without a day", &showing{words: s.words, wall: wall, clock: told{clock.ByWaiting, clock.Unknown}}, start, lesson.Orders{Phase: lesson.Idle})
	never("without a wall", &showing{words: s.words, clock: s.clock}, start, lesson.Orders{Phase: lesson.Idle})
}
