package station

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"stationbox/firmware/lesson"
	"stationbox/media/sound"
	"stationbox/media/witness"
)

// sermon is a film of ten minutes that speaks in sentences, is black by itself from
// 100 to 140 s and stands still from 200 to 300 s; its levels are LUFS of tenths.
func sermon() (witness.Trace, []float64) {
	rng := rand.New(rand.NewPCG(3, 4))
	var levels []float64
	for len(levels) < 6000 {
		for range 5 + rng.IntN(25) {
			levels = append(levels, -30+12*rng.Float64())
		}
		for range 3 + rng.IntN(12) {
			levels = append(levels, -62)
		}
	}
	var tr witness.Tracer
	for i, l := range levels {
		tr.Loud(time.Duration(i+1)*witness.FineStep, l)
	}
	tr.Dark(100*time.Second, 140*time.Second)
	tr.Still(200*time.Second, 300*time.Second)
	return tr.Trace([32]byte{1}), levels
}

// ear is a microphone 300 ms behind the film, or one that hears nothing but noise.
func ear(levels []float64, begun time.Time, hears bool) func(uint64) []sound.Level {
	rng := rand.New(rand.NewPCG(5, 6))
	now := uint64(0)
	return func(after uint64) []sound.Level {
		now = after + 10
		var out []sound.Level
		for n := after + 1; n <= now; n++ {
			l := sound.Level{N: n, At: begun.Add(time.Duration(n) * 100 * time.Millisecond), DBFS: -58 + rng.Float64()}
			if i := int(n) - 4; hears && i >= 0 && i < len(levels) {
				l.DBFS = 10 * math.Log10(math.Pow(10, l.DBFS/10)+math.Pow(10, (levels[i]-10)/10))
			}
			out = append(out, l)
		}
		return out
	}
}

// watchFilm lets an observer look at ten minutes of a film, each ten seconds.
func watchFilm(o *observer, name string, begun time.Time, luma, motion func(s int) float64) {
	o.begin(name, begun)
	for s := 1; s <= 600; s++ {
		at := time.Duration(s) * time.Second
		o.listen(at, begun.Add(at))
		if s%10 == 0 {
			o.look(luma(s), motion(s), at, begun.Add(at))
		}
	}
}

func TestObserver(t *testing.T) {
	begun := time.Date(2026, 11, 23, 19, 30, 0, 0, time.UTC)
	trace, levels := sermon()
	fine := func(int) float64 { return 0.5 }
	spell := func(from, to int) func(int) float64 {
		return func(s int) float64 {
			if s >= from && s <= to {
				return 0
			}
			return 0.5
		}
	}
	num := func(p *int64) string {
		if p == nil {
			return "-"
		}
		return fmt.Sprint(*p)
	}
	tests := []struct {
		name         string
		known        bool // it has a trace
		luma, motion func(int) float64
		loud         func(s int) (float64, bool)
		mic          string
		want         string // black, frozen, silent, heard
	}{
		{"well", true, fine, fine, nil, "", "0 0 - "},
		{"black where the film is", true, spell(100, 140), fine, nil, "", "0 0 - "},
		{"black where the film is not", true, spell(400, 440), fine, nil, "", "40 0 - "},
		{"still where the film is", true, fine, spell(210, 290), nil, "", "0 0 - "},
		{"still where the film is not", true, fine, spell(400, 500), nil, "", "0 100 - "},
		{"a film of which nothing is known", false, spell(100, 140), spell(400, 500), nil, "", "40 - - "},
		{"loud", true, fine, fine, func(int) (float64, bool) { return -23, true }, "", "0 0 0 "},
		{"silent for a while", true, fine, fine, func(s int) (float64, bool) { return -23 - 60*math.Trunc(float64(s)/400), true }, "", "0 0 190 "},
		{"heard", true, fine, fine, nil, "hears", "0 0 - yes"},
		{"not heard", true, fine, fine, nil, "noise", "0 0 - no"},
		{"heard, of a film of which nothing is known", false, fine, fine, nil, "hears", "0 - - "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := &observer{}
			if tt.known {
				o.trace = func(string) witness.Trace { return trace }
			}
			if tt.loud != nil {
				second := 0
				o.loud = func() (float64, bool) { second++; return tt.loud(second) }
			}
			if tt.mic != "" {
				o.levels = ear(levels, begun, tt.mic == "hears")
			}
			before := o.totals()
			watchFilm(o, "a.mp4", begun, tt.luma, tt.motion)
			_, unheard := o.wrong()
			s := o.totals().minus(before).seen()
			if got := num(s.BlackS) + " " + num(s.FrozenS) + " " + num(s.SilentS) + " " + s.Heard; got != tt.want {
				t.Errorf("got %q, want %q; %+v", got, tt.want, o.totals())
			}
			if unheard != (s.Heard == "no") {
				t.Errorf("unheard %v", unheard)
			}
			// A second film adds to it, and what is between two moments is a difference.
			middle := o.totals()
			watchFilm(o, "b.mp4", begun.Add(time.Hour), spell(400, 440), fine)
			if d := o.totals().minus(middle); d.BlackS != 40 || o.totals().SeenS < middle.SeenS+500 {
				t.Errorf("of the second film: %+v", d)
			}
		})
	}
	var none *observer
	none.begin("a", begun)
	none.listen(0, begun)
	none.look(0, 0, 0, begun)
	if l, unheard := none.wrong(); l != (witness.Lasting{}) || unheard || none.totals() != (witnessed{}) {
		t.Error("nobody saw something")
	}
}

// What a program before this one saw of the lesson counts, what was seen of another
// lesson does not.
func TestWitnessInTheRecord(t *testing.T) {
	e := newEvening(t)
	watch := func(o *observer, film string, from time.Time) {
		watchFilm(o, film, from, func(s int) float64 { return map[bool]float64{true: 0, false: 0.5}[s > 300 && s <= 340] }, func(int) float64 { return 0.5 })
	}
	o := &observer{}
	e.p.observer = o
	watch(o, "other.mp4", e.at.Add(-time.Hour))
	e.play(time.Second, 0, lesson.Playing)
	watch(o, e.o.File, e.at)
	e.play(2*time.Second, time.Second, lesson.Playing)
	e.p.dirty = true
	e.p.store()
	e.boot()
	o = &observer{}
	e.p.observer = o
	e.play(2*time.Second, 3*time.Second, lesson.Playing)
	watch(o, e.o.File, e.at)
	e.play(2*time.Second, 5*time.Second, lesson.Playing)
	_, r := e.end(time.Minute)
	if r.Seen == nil || r.Seen.BlackS == nil || *r.Seen.BlackS != 60 || r.Seen.SilentS != nil || r.Seen.LiveS != nil || r.Seen.Heard != "" {
		t.Errorf("seen %+v", r.Seen)
	}
}

// plate is a picture of one colour.
func plate(grey uint8) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 1280, 720))
	for i := range img.Pix {
		img.Pix[i] = grey
	}
	return img
}

func TestAlbum(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pictures")
	open := func() *album { return &album{dir: dir, log: slog.New(slog.DiscardHandler)} }
	grey := func(shot int) uint8 {
		t.Helper()
		f, err := os.Open(filepath.Join(dir, "party-1-"+shotNames[shot]+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		img, err := jpeg.Decode(f)
		if err != nil || img.Bounds().Dx() != albumWidth || img.Bounds().Dy() != 180 {
			t.Fatalf("%v, %v", err, img.Bounds())
		}
		return color.GrayModel.Convert(img.At(100, 100)).(color.Gray).Y
	}
	a := open()
	if a.close("party-1") != "" {
		t.Error("a hash of no pictures")
	}
	a.take("party-1", 0.01, plate(10))
	a.take("party-1", 0.3, plate(20))
	a = open() // the program is started again
	a.take("party-1", 0.6, plate(30))
	a.take("party-1", 0.99, plate(40))
	if _, err := os.Stat(a.file("party-1", shotEnd)); err == nil {
		t.Error("the end is written before it is there")
	}
	hash := a.close("party-1")
	a.take("party-1", 1, plate(50)) // of the farewell
	a.store()
	for shot, want := range []uint8{10, 30, 40} {
		if got := int(grey(shot)); got < int(want)-2 || got > int(want)+2 {
			t.Errorf("%s is %d, want %d", shotNames[shot], got, want)
		}
	}
	var all []byte
	for shot := range shots {
		b, err := os.ReadFile(a.file("party-1", shot))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		all = append(all, sum[:]...)
	}
	sum := sha256.Sum256(all)
	if want := hex.EncodeToString(sum[:8]); hash != want {
		t.Errorf("hash %s, want %s", hash, want)
	}
	if got := picturesOf(filepath.Dir(dir), "party-1", hash); len(got) != shots {
		t.Errorf("found %v", got)
	}
	if got := picturesOf(filepath.Dir(dir), "party-1", "0123456789abcdef"); got != nil {
		t.Errorf("other pictures: %v", got)
	}
	if list, _ := os.ReadDir(dir); len(list) != shots {
		t.Errorf("%d files", len(list))
	}
	a.take("../../etc/passwd", 0, plate(1))
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) != 1 {
		t.Errorf("outside: %v", list)
	}
	var none *album
	none.take("x", 0, plate(0))
	none.store()
	if none.close("x") != "" {
		t.Error("nobody has pictures")
	}
}

// The oldest pictures give way.
func TestAlbumIsBounded(t *testing.T) {
	a := &album{dir: t.TempDir(), log: slog.New(slog.DiscardHandler)}
	for i := range albumMost + 20 {
		name := filepath.Join(a.dir, fmt.Sprintf("old-%d-start.jpg", i))
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	a.take("party-1", 0, plate(9))
	list, _ := os.ReadDir(a.dir)
	_, err := os.Stat(a.file("party-1", shotStart))
	_, newest := os.Stat(filepath.Join(a.dir, fmt.Sprintf("old-%d-start.jpg", albumMost+19)))
	if len(list) != albumMost || err != nil || newest != nil {
		t.Errorf("%d files, %v, %v", len(list), err, newest)
	}
}
