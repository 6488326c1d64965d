package library_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stationbox/media/library"
)

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// parcel is a lesson as a town sends it: a folder with a manifest.
func parcel(t *testing.T, extra string, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "苹果树修剪")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b := read(t, film(t, filepath.Join(dir, "film.mp4"), "1.2"))
	manifest := strings.NewReplacer("HASH", hashOf(b), "BYTES", fmt.Sprint(len(b))).Replace(extra)
	write(t, filepath.Join(dir, library.ManifestName), []byte(manifest))
	for name, content := range files {
		write(t, filepath.Join(dir, name), []byte(content))
	}
	return dir
}

const words = "title = \"苹果树冬季修剪\"\nlanguage = \"zh\"\nage = 12\nsource = \"省农科院\"\nlicence = \"CC BY 4.0\"\nfilm = \"film.mp4\"\n"

func TestLessonWithManifest(t *testing.T) {
	t.Parallel()
	l, dir := open(t, library.Opts{})
	var cover bytes.Buffer
	if err := jpegOf(&cover, 320, 180); err != nil {
		t.Fatal(err)
	}
	subs := srt(3, "剪枝")
	path := parcel(t, words+"sha256 = \"HASH\"\nbytes = BYTES\nlength_ms = 1200\ncover = \"front.jpg\"\nfuture = 1\n[[subtitle]]\nfile = \"a.srt\"\nlanguage = \"zh\"\nsha256 = \""+hashOf([]byte(subs))+"\"\n",
		map[string]string{"front.jpg": cover.String(), "a.srt": subs})
	steps := map[library.Step]library.Progress{}
	lesson, v, err := l.Add(t.Context(), library.Arrival{Path: path, Tell: func(p library.Progress) { steps[p.Step] = p }})
	if err != nil || !v.OK() || len(v.Findings) > 0 {
		t.Fatalf("%v %v", v, err)
	}
	if lesson.ID != "苹果树修剪" || lesson.Title != "苹果树冬季修剪" || lesson.Language != "zh" || lesson.Age != 12 || lesson.Source != "省农科院" || lesson.Licence != "CC BY 4.0" {
		t.Errorf("%+v", lesson)
	}
	if lesson.FilmPath() != filepath.Join(dir, "苹果树修剪", "苹果树修剪.mp4") || lesson.LengthMS < 1150 || lesson.LengthMS > 1300 || !lesson.Added.Equal(epoch) || lesson.Board != "pi4" {
		t.Errorf("%+v", lesson)
	}
	if p := lesson.Probe; p.Picture.Codec != "h264" || p.Picture.Width != 320 || p.Picture.Rate != 25 || p.Sound.Codec != "aac" || p.Sound.Rate != 48000 {
		t.Errorf("%+v", p)
	}
	if hashOf(read(t, lesson.FilmPath())) != lesson.SHA256 || string(read(t, filepath.Join(lesson.Dir(), "苹果树修剪.zh.srt"))) != subs || !bytes.Equal(read(t, filepath.Join(lesson.Dir(), "cover.jpg")), cover.Bytes()) {
		t.Error("the files are not what came")
	}
	if c := steps[library.StepCopy]; c.Done != lesson.Bytes || c.Total != lesson.Bytes || steps[library.StepCheck].Done == 0 {
		t.Errorf("progress: %v", steps)
	}
	if list := l.List(); len(list) != 1 || list[0].ID != lesson.ID || list[0].SHA256 != lesson.SHA256 {
		t.Errorf("list: %+v", list)
	}
	if of, ok := l.Of(lesson.FilmPath()); !ok || of.ID != lesson.ID {
		t.Error("the film's lesson is not found")
	}
	if err := l.Settle(); err != nil {
		t.Error(err)
	}
	if err := l.Remove(lesson.ID); err != nil || len(l.List()) != 0 {
		t.Errorf("removed: %v", err)
	}
	leftovers(t, dir)
}

// TestPromises are manifests that do not fit their film, or nothing.
func TestPromises(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, manifest string
		want           library.Code
	}{
		{"other hash", words + "sha256 = \"" + strings.Repeat("0", 64) + "\"\n", library.OtherHash},
		{"other size", words + "bytes = 7\n", library.OtherSize},
		{"other length", words + "length_ms = 60000\n", library.OtherLength},
		{"no film in it", "title = \"x\"\n", library.BadManifest},
		{"film elsewhere", "film = \"../../../etc/passwd\"\n", library.BadManifest},
		{"film missing", "film = \"other.mp4\"\n", library.Missing},
		{"film hidden", "film = \".film.mp4\"\n", library.BadManifest},
		{"no TOML", "film = film.mp4\n", library.BadManifest},
		{"hash of another kind", words + "sha256 = \"md5\"\n", library.BadManifest},
		{"language of no land", strings.Replace(words, `"zh"`, `"zh; rm -rf"`, 1), library.BadManifest},
		{"too many subtitles", words + strings.Repeat("[[subtitle]]\nfile = \"a.srt\"\n", 9), library.BadManifest},
		{"subtitles elsewhere", words + "[[subtitle]]\nfile = \"/etc/passwd\"\n", library.BadManifest},
		{"older than anybody", strings.Replace(words, "age = 12", "age = 140", 1), library.BadManifest},
		{"endless", words + "source2 = \"" + strings.Repeat("x", 70_000) + "\"\n", library.BadManifest},
	}
	l, dir := open(t, library.Opts{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, v := add(t, l, parcel(t, tt.manifest, nil)); v.Cause().Code != tt.want {
				t.Errorf("%v, want %s", v.Findings, tt.want)
			}
		})
	}
	if len(l.List()) != 0 {
		t.Error("something was taken")
	}
	leftovers(t, dir)
}

// TestLyingHead is a film whose head says twenty times its length: it is refused,
// or FFmpeg sees through it and the length is the true one.
func TestLyingHead(t *testing.T) {
	t.Parallel()
	l, _ := open(t, library.Opts{})
	good := film(t, filepath.Join(t.TempDir(), "good.mp4"), "3")
	lesson, v := add(t, l, harm(t, good, filepath.Join(t.TempDir(), "x.mp4"), longer))
	if v.Cause().Code == library.OtherLength {
		mended(t, l, v)
		return
	}
	if !v.OK() || lesson.LengthMS < 2900 || lesson.LengthMS > 3100 {
		t.Errorf("%d ms: %v", lesson.LengthMS, v.Findings)
	}
}

func TestWordsOfAFilm(t *testing.T) {
	t.Parallel()
	l, _ := open(t, library.Opts{})
	path := film(t, filepath.Join(t.TempDir(), "党课_第一讲.mp4"), "1.2", "-metadata:s:a", "language=chi")
	lesson, v, err := l.Add(t.Context(), library.Arrival{Path: path, Source: "镇党委\x1b[31m", Age: 200})
	if err != nil || !v.OK() {
		t.Fatal(v, err)
	}
	if lesson.ID != "党课_第一讲" || lesson.Title != "党课 第一讲" || lesson.Language != "chi" || lesson.Source != "镇党委[31m" || lesson.Age != 99 {
		t.Errorf("%+v", lesson)
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(read(t, filepath.Join(lesson.Dir(), lesson.Cover))))
	if err != nil || c.Width != 480 || c.Height != 270 {
		t.Errorf("cover %v %v", c, err)
	}
}

func TestSubtitles(t *testing.T) {
	t.Parallel()
	gb := "1\n00:00:00,100 --> 00:00:01,000\n\xc6\xbb\xb9\xfb\xca\xf7\n" // 苹果树
	ass := "[Script Info]\nTitle: x\n[Events]\nFormat: Layer, Start, End, Style, Text\nDialogue: 0,0:00:00.10,0:00:01.00,Default,修剪\n"
	tests := []struct {
		name, file, content string
		want                library.Code // "": taken without a word
		kept                string
	}{
		{"utf-8", "x.srt", srt(2, "修剪"), "", "x.srt"},
		{"with a mark in front", "x.srt", "\ufeff" + srt(2, "修剪"), "", "x.srt"},
		{"language", "x.zh-CN.srt", srt(2, "修剪"), "", "x.zh-cn.srt"},
		{"ass", "x.ass", ass, "", "x.ass"},
		{"srt called ass", "x.ass", srt(1, "x"), "", "x.srt"},
		{"gb18030", "x.srt", gb, library.SubConvert, "x.srt"},
		{"utf-16", "x.srt", "\xff\xfe1\x00\n\x00", library.SubBinary, ""},
		{"latin", "x.srt", "1\n00:00:00,100 --> 00:00:01,000\ncaf\xe9\n", library.SubCoding, ""},
		{"archive", "x.srt", string(zipped("x.srt", bytes.Repeat([]byte("1\n"), 1<<20))), library.SubBinary, ""},
		{"flood", "x.srt", srt(50_000, strings.Repeat("x", 60)), library.SubLarge, ""},
		{"endless line", "x.srt", srt(1, strings.Repeat("长", 2000)), library.SubLines, ""},
		{"too many lines", "x.srt", srt(1, "x") + strings.Repeat("\n", 70_000), library.SubLines, ""},
		{"prose", "x.srt", "从前有座山\n", library.SubFormat, ""},
		{"empty", "x.srt", "", library.SubFormat, ""},
		{"of another film", "y.srt", srt(1, "x"), "", ""},
	}
	needTools(t)
	good := film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.2")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, _ := open(t, library.Opts{})
			dir := t.TempDir()
			write(t, filepath.Join(dir, tt.file), []byte(tt.content))
			lesson, v := add(t, l, harm(t, good, filepath.Join(dir, "x.mp4"), keep(1)))
			if !v.OK() || tt.want != "" && !v.Has(tt.want) || tt.want == "" && len(v.Findings) > 0 {
				t.Errorf("%v, want %q", v.Findings, tt.want)
			}
			if tt.kept == "" {
				if len(lesson.Subtitles) != 0 {
					t.Errorf("kept %v", lesson.Subtitles)
				}
				return
			}
			if len(lesson.Subtitles) != 1 || lesson.Subtitles[0].File != tt.kept {
				t.Fatalf("kept %v, want %s", lesson.Subtitles, tt.kept)
			}
			if got := read(t, filepath.Join(lesson.Dir(), tt.kept)); tt.want == library.SubConvert && !strings.Contains(string(got), "苹果树") {
				t.Errorf("converted to %q", got)
			}
		})
	}
	t.Run("link", func(t *testing.T) {
		l, _ := open(t, library.Opts{})
		dir := t.TempDir()
		if err := os.Symlink("/etc/passwd", filepath.Join(dir, "x.srt")); err != nil {
			t.Fatal(err)
		}
		if lesson, v := add(t, l, harm(t, good, filepath.Join(dir, "x.mp4"), keep(1))); !v.Has(library.SubFailed) || len(lesson.Subtitles) > 0 {
			t.Errorf("%v", v.Findings)
		}
	})
}

// TestSameFilmAgain adds a film twice, and again when the first was damaged.
func TestSameFilmAgain(t *testing.T) {
	t.Parallel()
	l, dir := open(t, library.Opts{})
	path := film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.2")
	first, _ := add(t, l, path)
	other := harm(t, path, filepath.Join(t.TempDir(), "another name.mp4"), keep(1))
	if again, v := add(t, l, other); !v.Has(library.Already) || again.ID != first.ID || len(l.List()) != 1 {
		t.Errorf("%v %v", again.ID, v.Findings)
	}
	damage := map[string]func(){
		"rotten": func() { harm(t, first.FilmPath(), first.FilmPath(), flip(1)) },
		"short":  func() { harm(t, first.FilmPath(), first.FilmPath(), keep(0.5)) },
		"gone":   func() { _ = os.Remove(first.FilmPath()) },
	}
	for name, do := range damage {
		do()
		if again, v := add(t, l, other); !v.Has(library.Restored) || again.ID != first.ID || !bytes.Equal(read(t, first.FilmPath()), read(t, path)) {
			t.Errorf("%s: %v", name, v.Findings)
		}
		if v, err := l.Check(t.Context(), first.ID, library.Quick, nil); err != nil || len(v.Findings) > 0 {
			t.Errorf("%s: restored, and still %v %v", name, v.Findings, err)
		}
	}
	// Another film of the same name does not take its place.
	second, v := add(t, l, film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.4"))
	if !v.OK() || second.ID != "x-2" || !v.Has(library.Renamed) {
		t.Errorf("%s: %v", second.ID, v.Findings)
	}
	leftovers(t, dir)
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"a.mp4", "b.MKV", "readme.txt", ".hidden.mp4", "deep/c.avi", "System Volume Information/d.mp4", "$RECYCLE.BIN/e.mp4", ".Trash/f.mp4",
		"lesson/film.mp4", "lesson/" + library.ManifestName, "1/2/3/4/5/6/7/8/g.mp4"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, nil)
	}
	_ = os.Symlink("/", filepath.Join(root, "out"))
	_ = os.Symlink("/etc/hostname", filepath.Join(root, "link.mp4"))
	got, found := library.Candidates(root)
	want := []string{"a.mp4", "b.MKV", "deep/c.avi", "lesson"}
	for i := range want {
		want[i] = filepath.Join(root, want[i])
	}
	if !slices.Equal(got, want) || found != nil {
		t.Errorf("%v %v", got, found)
	}
	linked := filepath.Join(t.TempDir(), "usb")
	if err := os.Symlink(root, linked); err != nil {
		t.Fatal(err)
	}
	if got, found := library.Candidates(linked); !slices.Equal(got, want) || found != nil {
		t.Errorf("by a link: %v %v", got, found)
	}
	if got, _ := library.Candidates(want[0]); len(got) != 1 {
		t.Error("a film is its own candidate")
	}
	if _, found := library.Candidates(t.TempDir()); len(found) != 1 || found[0].Code != library.NothingHere {
		t.Errorf("empty: %v", found)
	}
	if _, found := library.Candidates(root + "x"); len(found) != 1 || found[0].Code != library.Missing {
		t.Errorf("missing: %v", found)
	}
	many := t.TempDir()
	for i := range 300 {
		write(t, filepath.Join(many, fmt.Sprintf("%d.mp4", i)), nil)
	}
	if got, found := library.Candidates(many); len(got) != 200 || len(found) != 1 || found[0].Code != library.ManyFiles {
		t.Errorf("%d of 300: %v", len(got), found)
	}
}
