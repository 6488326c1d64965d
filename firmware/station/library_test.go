package station

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/lesson"
	"stationbox/firmware/text"
	"stationbox/media/library"
)

// TestEveryFindingIsSaid: each code of the library has a sentence, whose places are
// arguments that the code's own comment names; and the boards are those of the
// configuration.
func TestEveryFindingIsSaid(t *testing.T) {
	tree, err := parser.ParseFile(token.NewFileSet(), "../../media/library/finding.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := text.Entries()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, e := range entries {
		said[e.Key] = e.English
	}
	codes := 0
	ast.Inspect(tree, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		lit, ok := v.Values[0].(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		code, _ := strconv.Unquote(lit.Value)
		codes++
		sentence, ok := said[code]
		if !ok {
			t.Errorf("%s is not in the catalogue", code)
		}
		for _, place := range regexp.MustCompile(`\{([a-z_]+)\}`).FindAllStringSubmatch(sentence, -1) {
			if !regexp.MustCompile(`\b` + place[1] + `\b`).MatchString(v.Comment.Text()) {
				t.Errorf("%s: the sentence has {%s}, the code does not", code, place[1])
			}
		}
		return true
	})
	if codes < 60 {
		t.Errorf("only %d codes found", codes)
	}
	for _, b := range library.Boards() {
		cfg := referenceConfig(t, `# board = "pi4"`, `board = "`+b.Name+`"`)
		if boardOf(cfg).Name != b.Name {
			t.Errorf("%s is no board of the configuration", b.Name)
		}
	}
}

// needFFmpeg skips at home and fails in CI when FFmpeg is not there.
func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// shoot makes a film of some pixels.
func shoot(t *testing.T, path string, opts ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := append([]string{"-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1.2", "-f", "lavfi", "-i", "sine=440:r=48000:d=1.2",
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"}, append(opts, path)...)
	if out, err := exec.CommandContext(ctx, "ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// office is a shell in a village whose one lesson is apple-pruning, tomorrow at 9.
func office(t *testing.T) (*config.Config, func(line ...string) command.Reply) {
	t.Helper()
	needFFmpeg(t)
	cfg := referenceConfig(t, `file = "apple-pruning.mp4"`, `file = "apple-pruning/apple-pruning.mp4"`)
	cfg.Library = config.Library{Dir: filepath.Join(t.TempDir(), "lessons"), Board: "pi4", Reserve: 1, KeepDays: 30, Keep: []string{"drill"}}
	cfg.Station.StateDir = t.TempDir()
	for i := range cfg.Schedule {
		if file := cfg.Schedule[i].File; !filepath.IsAbs(file) {
			cfg.Schedule[i].File = file
		}
	}
	now := func() time.Time { return time.Date(2026, 11, 27, 10, 0, 0, 0, cfg.Location()) }
	return cfg, func(line ...string) command.Reply {
		env, err := FileEnv(cfg, "en", now)
		if err != nil {
			t.Fatal(err)
		}
		var steps []string
		env.Tell = func(s string) { steps = append(steps, s) }
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r := command.Answer(ctx, Commands(), env, line)
		if strings.HasPrefix(strings.Join(line, " "), "library add") && r.Code == 0 && len(steps) == 0 {
			t.Errorf("%v: no progress", line)
		}
		return r
	}
}

// answered fails when a reply lacks a part, or has another code.
func answered(t *testing.T, r command.Reply, code int, parts ...string) {
	t.Helper()
	if r.Code != code {
		t.Errorf("code %d, want %d: %s", r.Code, code, r.Text)
	}
	for _, part := range parts {
		if !strings.Contains(r.Text, part) {
			t.Errorf("no %q in:\n%s", part, r.Text)
		}
	}
}

// TestLibraryCommands brings a stick, looks at what came, and takes lessons away.
func TestLibraryCommands(t *testing.T) {
	cfg, say := office(t)
	answered(t, say("library", "list"), 0, "the library is empty")
	answered(t, say("library", "add"), 2, "which file")
	answered(t, say("library", "add", "-age", "x", "y"), 2, "age x")
	answered(t, say("library", "add", "-language", "中文", "y"), 2, "language")
	answered(t, say("library", "add", "/no/such/stick"), 1, "there is no file stick")

	stick := t.TempDir()
	good := shoot(t, filepath.Join(stick, "apple-pruning.mp4"))
	shoot(t, filepath.Join(stick, "drill.mp4"), "-b:a", "64k")
	shoot(t, filepath.Join(stick, "mute film.mp4"), "-an")
	if err := os.WriteFile(filepath.Join(stick, "text.mkv"), []byte("no film"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := say("library", "add", "-source", "town", stick)
	answered(t, r, 1, `imported: apple-pruning "apple-pruning", 1s; in the schedule write file = "apple-pruning/apple-pruning.mp4"`, "imported: drill",
		"refused: "+stick+"/mute film.mp4", "it has no sound", "ffmpeg -i '"+stick+"/mute film.mp4'", "refused: "+stick+"/text.mkv", "2 imported, 2 refused")
	var data []added
	if err := json.Unmarshal(r.Data, &data); err != nil || len(data) != 4 || !data[0].OK || data[2].Command == "" || data[3].Verdict.Cause().Code != library.NotVideo {
		t.Errorf("%s %v", r.Data, err)
	}
	answered(t, say("library", "add", good), 0, "in the library already: apple-pruning")
	answered(t, say("library", "add", "-title", "修剪", stick), 2, "a title is for one lesson")
	answered(t, say("library", "list"), 0, "apple-pruning  apple-pruning  1s  0 MB  h264 320×180  -1.2 dB", "2 lessons, 0 MB;")
	answered(t, say("library", "list", "x"), 2, "one argument too many")
	answered(t, say("library", "check"), 0, "apple-pruning: whole", "drill: whole")

	answered(t, say("library", "remove"), 2, "which lesson")
	answered(t, say("library", "remove", "apple-pruning", "drill", "none"), 1, "apple-pruning is to be shown (2026-11-28 09:00) and stays", "drill is to be kept", "there is no lesson none")
	film := filepath.Join(cfg.Library.Dir, "apple-pruning", "apple-pruning.mp4")
	b, err := os.ReadFile(film)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1000] ^= 1
	if err := os.WriteFile(film, b, 0o644); err != nil {
		t.Fatal(err)
	}
	answered(t, say("library", "list"), 0, "the file was written to")
	answered(t, say("library", "check", "-full", "apple-pruning"), 1, "apple-pruning: the film's content has decayed")
	answered(t, say("library", "add", good), 0, "apple-pruning was damaged in the library and is whole again")
	answered(t, say("library", "remove", "-force", "apple-pruning", "drill"), 0, "apple-pruning is removed", "drill is removed")
	answered(t, say("library", "check"), 0, "the library is empty")
}

// TestLibraryBudgetKeepsTheCalendar fills a library until something must go: never
// the film of tomorrow, though it is the oldest.
func TestLibraryBudgetKeepsTheCalendar(t *testing.T) {
	cfg, say := office(t)
	stick := t.TempDir()
	answered(t, say("library", "add", shoot(t, filepath.Join(stick, "apple-pruning.mp4"))), 0)
	old := shoot(t, filepath.Join(stick, "old.mp4"), "-vf", "scale=1280:720")
	info, err := os.Stat(old)
	if err != nil {
		t.Fatal(err)
	}
	answered(t, say("library", "add", old), 0)
	cfg.Library.Budget = 1
	pad := bytes.Repeat([]byte{0}, (1<<20)-int(info.Size()/2))
	b, err := os.ReadFile(shoot(t, filepath.Join(stick, "new.mp4"), "-b:a", "64k"))
	if err != nil {
		t.Fatal(err)
	}
	// A film of nearly a megabyte: a box of nothing behind it.
	size := len(pad) - len(b)
	box := append([]byte{byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}, "free"...)
	if err := os.WriteFile(filepath.Join(stick, "new.mp4"), append(append(b, box...), pad[:size-8]...), 0o644); err != nil {
		t.Fatal(err)
	}
	answered(t, say("library", "add", filepath.Join(stick, "new.mp4")), 0, `old "old" gave way for it`)
	answered(t, say("library", "list"), 0, "apple-pruning", "new", "of 1 MB")
}

// TestEject unmounts a stick, and only a stick.
func TestEject(t *testing.T) {
	_, say := office(t)
	stick := t.TempDir()
	film := shoot(t, filepath.Join(stick, "x.mp4"))
	answered(t, say("library", "add", "-eject", film), 0, "nothing to unmount")
	mount := t.TempDir()
	if err := syscall.Mount("none", mount, "tmpfs", 0, "size=5m"); err != nil {
		t.Skip("cannot mount: ", err)
	}
	defer func() { _ = syscall.Unmount(mount, syscall.MNT_DETACH) }() // when the test fails
	if err := os.Mkdir(filepath.Join(mount, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	shoot(t, filepath.Join(mount, "deep", "y.mp4"), "-b:a", "64k")
	open, err := os.Open(filepath.Join(mount, "deep", "y.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	answered(t, say("library", "add", "-eject", mount), 0, "imported: y", "the stick was not unmounted (device or resource busy)")
	_ = open.Close()
	answered(t, say("library", "add", "-eject", filepath.Join(mount, "deep")), 0, "already: y", "may be unplugged now")
	if list, err := os.ReadDir(mount); err != nil || len(list) > 0 {
		t.Errorf("still mounted: %v %v", list, err)
	}
}

// slots is a calendar.
type slots []firmware.Occasion

func (s slots) Between(from, to time.Time) []firmware.Occasion {
	var list []firmware.Occasion
	for _, o := range s {
		if !o.Start.Before(from) && o.Start.Before(to) {
			list = append(list, o)
		}
	}
	return list
}

// TestShelf: a film that rots, shrinks or vanishes is known long before its lesson,
// and one that is restored is good again.
func TestShelf(t *testing.T) {
	needFFmpeg(t)
	dir := filepath.Join(t.TempDir(), "lessons")
	cfg := &config.Config{Library: config.Library{Dir: dir, Board: "pi4", Reserve: 64}}
	source := shoot(t, filepath.Join(t.TempDir(), "x.mp4"))
	whole, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	l, v, err := openLibrary(cfg, time.Now, library.Opts{}).Add(t.Context(), library.Arrival{Path: source})
	if err != nil || !v.OK() {
		t.Fatal(v, err)
	}
	film := l.FilmPath()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		cal := slots{{ID: "x-1", File: film, Start: begun.Add(48 * time.Hour)}, {ID: "far", File: filepath.Join(dir, "far.mp4"), Start: begun.Add(300 * time.Hour)}}
		s := newShelf(openLibrary(cfg, time.Now, library.Opts{}), boardOf(cfg), cal, time.Now, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan struct{})
		go func() { _ = s.Run(ctx); close(done) }()
		known := func() lesson.Film { return s.film(film, lesson.Film{There: true}) }
		after := func(d time.Duration) lesson.Film { time.Sleep(d); synctest.Wait(); return known() }

		if f := after(11 * time.Hour); f != (lesson.Film{There: true}) {
			t.Errorf("37 hours ahead: %+v", f)
		}
		good := lesson.Film{There: true, Complete: lesson.Yes, Readable: lesson.Yes, Playable: lesson.Yes, Length: time.Duration(l.LengthMS) * time.Millisecond}
		if f := after(2 * time.Hour); f != good {
			t.Errorf("35 hours ahead: %+v", f)
		}
		write(t, film, append(bytes.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1), l.Modified) // the card rots in silence
		if f := after(10 * time.Hour); f.Readable != lesson.Yes {
			t.Errorf("read too often: %+v", f)
		}
		if f := after(11 * time.Hour); f.Readable != lesson.No {
			t.Errorf("rotten: %+v", f)
		}
		write(t, film, whole[:1000], time.Now())
		if f := after(2 * time.Minute); f.Complete != lesson.No {
			t.Errorf("short: %+v", f)
		}
		if err := os.Remove(film); err != nil {
			t.Error(err)
		}
		if f := after(2 * time.Minute); f.There {
			t.Errorf("gone: %+v", f)
		}
		write(t, film, whole, l.Modified)
		if f := after(2 * time.Minute); f != good {
			t.Errorf("restored: %+v", f)
		}
		if f := after(20 * time.Hour); f.Playable == lesson.Yes || len(s.looks) > 0 {
			t.Errorf("after the lesson: %+v", f)
		}
		cancel()
		<-done
	})
	if f := (*shelf)(nil).film(film, lesson.Film{There: true}); f != (lesson.Film{There: true}) {
		t.Errorf("no shelf: %+v", f)
	}
}

func write(t *testing.T, path string, b []byte, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Error(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Error(err)
	}
}

// TestShelfOfFlatFilms looks at the head of films that are no lessons.
func TestShelfOfFlatFilms(t *testing.T) {
	needFFmpeg(t)
	dir := t.TempDir()
	cfg := &config.Config{Library: config.Library{Dir: dir, Board: "pi4", Reserve: 64}}
	cal := slots{}
	for name, opts := range map[string][]string{"good.mp4": nil, "deep.mp4": {"-pix_fmt", "yuv420p10le"}} {
		cal = append(cal, firmware.Occasion{ID: name, File: shoot(t, filepath.Join(dir, name), opts...), Start: time.Now().Add(time.Hour)})
	}
	for name, b := range map[string]string{"empty.mp4": "", "text.mp4": "no film"} {
		write(t, filepath.Join(dir, name), []byte(b), time.Now())
		cal = append(cal, firmware.Occasion{ID: name, File: filepath.Join(dir, name), Start: time.Now().Add(time.Hour)})
	}
	s := newShelf(openLibrary(cfg, time.Now, library.Opts{}), boardOf(cfg), cal, time.Now, time.Now, slog.New(slog.DiscardHandler))
	for _, film := range s.films() {
		s.look(t.Context(), film)
	}
	at := func(name string) lesson.Film {
		f := s.film(filepath.Join(dir, name), lesson.Film{There: true})
		f.Length = f.Length.Round(time.Second)
		return f
	}
	for name, want := range map[string]lesson.Film{
		"good.mp4": {There: true, Playable: lesson.Yes, Length: time.Second}, "deep.mp4": {There: true, Playable: lesson.No, Length: time.Second},
		"empty.mp4": {There: true, Complete: lesson.No}, "text.mp4": {There: true, Playable: lesson.No},
	} {
		if got := at(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestReadyCheckTellsWhatTheShelfKnows: the check of the day before waits for the
// shelf's look, and says what is wrong with the film a day before its lesson.
func TestReadyCheckTellsWhatTheShelfKnows(t *testing.T) {
	for cause, want := range map[library.Code]string{
		"": "", library.Rotten: " film=ready.cause.film_bad", library.Shrunk: " film=ready.cause.film_part",
		library.BadCodec: " film=ready.cause.film_hard", library.Gone: " film=lesson.cause.no_file", library.NoTool: "",
	} {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(9 * time.Hour) // the bubble begins at midnight, the lesson is at noon: the check is overdue
			o, dir := occasion(t, time.Hour)
			r, l, w := &room{mains: true, length: 3 * time.Minute}, &ledger{}, &wall{began: time.Now(), plan: byClock}
			l.records = []firmware.Record{{Seq: 1, Wall: time.Now(), Kind: firmware.KindBoot}}
			s := &shelf{looks: map[string]look{}}
			g := beginWith(t, r, r, l, o, dir, &config.Config{}, w.tune(weekly(o.File, 3*time.Minute)), func(show *showing) { show.shelf = s })
			time.Sleep(time.Minute)
			if got := rounds(t, l); len(got) != 0 {
				t.Errorf("before the shelf has looked: %q", got)
			}
			v := library.Verdict{}
			if cause != "" {
				v.Findings = []library.Finding{{Code: cause, Refuses: true}}
			}
			s.mu.Lock()
			s.looks[o.File] = look{lesson: true, verdict: v}
			s.mu.Unlock()
			time.Sleep(time.Minute)
			g.stop()
			if got := rounds(t, l); len(got) == 0 || got[0] != today+" day_before"+want {
				t.Errorf("%s: %q", cause, got)
			}
		})
	}
}
