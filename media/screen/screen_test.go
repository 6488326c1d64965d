package screen_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/screen"
)

// raw draws a board and returns its bytes.
func raw(t *testing.T, p *screen.Painter, b screen.Board, size, shift image.Point) []byte {
	t.Helper()
	d, err := p.Board(b, size, shift)
	if err != nil {
		t.Fatal(err)
	}
	pix, _ := pixels(t, p, d)
	return pix
}

// plain says that all pixels of a row are the same.
func plain(row []byte) bool { return bytes.Equal(row[4:], row[:len(row)-4]) }

// TestNothingOutsideTheSafeArea looks at the pixels: in the outer 5 % there are
// only the grounds, bands across the screen, at every size and wherever the board
// has walked.
func TestNothingOutsideTheSafeArea(t *testing.T) {
	p := screen.New(typeface(t))
	for i, s := range samples() {
		size := sizes[i%len(sizes)]
		step := max(size.Y/1000, 1)
		for _, shift := range []image.Point{{}, {4 * step, 3 * step}, {-4 * step, -3 * step}} {
			pix := raw(t, p, s.board, size, shift)
			for y := range size.Y {
				row := pix[4*size.X*y : 4*size.X*(y+1)]
				left := size.X / 20
				if top := size.Y / 20; y < top || y >= size.Y-top {
					left = size.X
				}
				if !plain(row[:4*left]) || !plain(row[len(row)-4*left:]) || !bytes.Equal(row[:4], row[len(row)-4:]) {
					t.Fatalf("%s at %v shifted %v: something in the margin of row %d", s.name, size, shift, y)
				}
			}
		}
	}
}

func TestSamePixelsForTheSameBoard(t *testing.T) {
	one, two := screen.New(typeface(t)), screen.New(typeface(t))
	for _, s := range samples() {
		a := raw(t, one, s.board, image.Pt(960, 540), image.Pt(1, 1))
		b := raw(t, two, s.board, image.Pt(960, 540), image.Pt(1, 1))
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", s.name)
		}
	}
}

// TestKeyTellsWhatIsSeen: drawings with one key have the same pixels, and whatever
// changes what is seen changes the key.
func TestKeyTellsWhatIsSeen(t *testing.T) {
	p := screen.New(typeface(t))
	size := image.Pt(640, 360)
	key := func(b screen.Board) string {
		t.Helper()
		d, err := p.Board(b, size, center)
		if err != nil {
			t.Fatal(err)
		}
		return d.Key
	}
	roll := screen.Board{Kind: screen.Roll, Place: "柳树屯", Clock: "19:29", Headline: "请按号签到", Detail: "第一课", CountLabel: "还有", Count: "10:00",
		Present: "9", PresentLabel: "人已到", Arrived: []string{"王秀英"}}
	if first, second := key(roll), key(roll); first != second {
		t.Error("two keys for one board")
	}
	for name, change := range map[string]func(*screen.Board){
		"a second": func(b *screen.Board) { b.Count = "9:59" }, "a minute": func(b *screen.Board) { b.Clock = "19:30" },
		"somebody": func(b *screen.Board) { b.Present = "10" }, "a name": func(b *screen.Board) { b.Arrived = []string{"李建国"} },
		"a mood": func(b *screen.Board) { b.Foot = screen.Foot{Text: "王秀英", Mood: screen.Good} }, "night": func(b *screen.Board) { b.Night = true },
		"a kind": func(b *screen.Board) { b.Kind = screen.Emergency },
	} {
		b := roll
		if change(&b); key(b) == key(roll) {
			t.Errorf("%s changes no key", name)
		}
	}
	seen := map[string][]byte{}
	for _, s := range samples() {
		pix := raw(t, p, s.board, size, center)
		if was, ok := seen[key(s.board)]; ok && !bytes.Equal(was, pix) {
			t.Errorf("%s has the key of another picture", s.name)
		}
		seen[key(s.board)] = pix
	}
}

// TestWhoComesMovesNothingElse: during a roll call the eye finds everything where
// it was.
func TestWhoComesMovesNothingElse(t *testing.T) {
	p := screen.New(typeface(t))
	roll := screen.Board{Kind: screen.Roll, Place: "柳树屯", Clock: "19:29", Headline: "请按号签到", Detail: "第一课", CountLabel: "还有", Count: "1:00", Present: "9", PresentLabel: "人已到"}
	before := raw(t, p, roll, hd, center)
	for _, name := range []string{"李建国", "阿卜杜热合曼·买买提艾力·库尔班江·吐尔逊"} {
		roll.Count, roll.Present, roll.Foot = "0:59", "10", screen.Foot{Text: name + " 已签到", Mood: screen.Good}
		after := raw(t, p, roll, hd, center)
		for y := range 600 { // below is the countdown
			wide := 1920
			if y > 213 {
				wide = 1300 // beside it the panel
			}
			if from := 4 * 1920 * y; !bytes.Equal(before[from:from+4*wide], after[from:from+4*wide]) {
				t.Fatalf("%s moves something in row %d", name, y)
			}
		}
	}
}

func TestColoursAreBlueFirst(t *testing.T) {
	p := screen.New(typeface(t))
	d, err := p.Board(screen.Board{Kind: screen.Emergency}, image.Pt(640, 360), center)
	if err != nil {
		t.Fatal(err)
	}
	pix, _ := pixels(t, p, d)
	if b, r, a := pix[0], pix[2], pix[3]; r < 0x60 || b > 0x20 || a != 0xff {
		t.Errorf("the red head begins with % x", pix[:4])
	}
	if _, err := p.Draw(d, pix[:100]); err == nil {
		t.Error("drew into too few bytes")
	}
}

func TestStripKeepsOffSubtitles(t *testing.T) {
	p := screen.New(typeface(t))
	for name, s := range strips() {
		for _, size := range sizes {
			d, err := p.Strip(s, size)
			if err != nil {
				t.Fatal(err)
			}
			if d.Rect.Max.Y > size.Y/4 || d.Rect.Min.X < size.X/20 || d.Rect.Max.X > size.X-size.X/20 {
				t.Errorf("%s at %v: %v", name, size, d.Rect)
			}
		}
	}
	long, err := p.Strip(screen.Strip{Text: strings.Repeat("很长", 100), Count: "0:08"}, hd)
	if err != nil || long.Rect.Dx() > 1728 {
		t.Errorf("%v, %v", long.Rect, err)
	}
}

// TestAlphaIsMultipliedIn: mpv takes colours that are never above their alpha.
func TestAlphaIsMultipliedIn(t *testing.T) {
	p := screen.New(typeface(t))
	d, err := p.Strip(strips()["greet-zh"], hd)
	if err != nil {
		t.Fatal(err)
	}
	pix, _ := pixels(t, p, d)
	clear, half := 0, 0
	for i := 0; i < len(pix); i += 4 {
		a := pix[i+3]
		if max(pix[i], pix[i+1], pix[i+2]) > a {
			t.Fatalf("pixel % x", pix[i:i+4])
		}
		if a == 0 {
			clear++
		} else if a < 255 {
			half++
		}
	}
	if clear == 0 || half < len(pix)/16 {
		t.Errorf("%d clear pixels, %d half of %d: no round plate", clear, half, len(pix)/4)
	}
}

func TestMissingCharactersAreCounted(t *testing.T) {
	p := screen.New(typeface(t))
	for text, want := range map[string]int{"第一课 Lesson 1": 0, "课😀": 1, "\U0001F468\u200d\U0001F469": 2, "\ue123\ue124": 2} {
		d, err := p.Strip(screen.Strip{Text: text}, hd)
		if err != nil {
			t.Fatal(err)
		}
		if _, got := pixels(t, p, d); got != want {
			t.Errorf("%q: %d missing, want %d", text, got, want)
		}
	}
}

// TestEveryCommonCharacterIsThere: the five hundred commonest.
func TestEveryCommonCharacterIsThere(t *testing.T) {
	p := screen.New(typeface(t))
	const some = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严"
	for line := range strings.SplitSeq(some, "") {
		d, err := p.Strip(screen.Strip{Text: line}, image.Pt(640, 360))
		if err != nil {
			t.Fatal(err)
		}
		if _, n := pixels(t, p, d); n != 0 {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestNoSuchScreen(t *testing.T) {
	p := screen.New(typeface(t))
	for _, size := range []image.Point{{}, {-1, 5}, {1920, 63}, {1 << 20, 1080}, {1920, 1 << 20}} {
		if _, err := p.Board(screen.Board{}, size, center); !errors.Is(err, screen.ErrSize) {
			t.Errorf("%v: %v", size, err)
		}
		if _, err := p.Strip(screen.Strip{}, size); !errors.Is(err, screen.ErrSize) {
			t.Errorf("%v: %v", size, err)
		}
	}
}

// TestNotice: a picture is drawn in its colours and its proportion, whatever it is.
func TestNotice(t *testing.T) {
	p := screen.New(typeface(t))
	red := image.NewRGBA(image.Rect(10, 10, 110, 60))
	draw.Draw(red, red.Rect, image.NewUniform(color.RGBA{R: 255, A: 255}), image.Point{}, draw.Src)
	img := whole(t, p, screen.Board{Kind: screen.Idle, Headline: "通知", Notice: screen.Picture{Name: "red", Image: red}}, hd, center)
	box := image.Rectangle{}
	for y := range 1080 {
		for x := range 1920 {
			if img.RGBAAt(x, y) == (color.RGBA{R: 255, A: 255}) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if ratio := float64(box.Dx()) / float64(box.Dy()); box.Dx() < 300 || ratio < 1.95 || ratio > 2.05 {
		t.Errorf("red at %v", box)
	}
	for name, odd := range map[string]image.Image{"empty": image.NewRGBA(image.Rectangle{}), "thin": image.NewRGBA(image.Rect(0, 0, 5000, 1)), "huge": image.NewGray(image.Rect(0, 0, 6000, 4000))} {
		whole(t, p, screen.Board{Headline: "通知", Notice: screen.Picture{Name: name, Image: odd}}, hd, center)
	}
}

// TestShift: steps of one place a minute, never far, everywhere in the end.
func TestShift(t *testing.T) {
	at := time.Date(2026, 11, 23, 19, 30, 0, 0, time.UTC)
	seen := map[image.Point]bool{}
	last := screen.Shift(at, hd)
	for range 4 * 124 {
		if screen.Shift(at.Add(59*time.Second), hd) != last {
			t.Fatal("it moves within a minute")
		}
		at = at.Add(time.Minute)
		now := screen.Shift(at, hd)
		if d := now.Sub(last); max(d.X, -d.X)+max(d.Y, -d.Y) > 1 || max(now.X, -now.X) > 4 || max(now.Y, -now.Y) > 3 {
			t.Fatalf("from %v to %v", last, now)
		}
		seen[now], last = true, now
	}
	if len(seen) != 63 {
		t.Errorf("%d places, want 63", len(seen))
	}
	if a, b := screen.Shift(at, hd), screen.Shift(at, image.Pt(3840, 2160)); b != a.Mul(2) {
		t.Errorf("%v of 1080 lines is %v of 2160", a, b)
	}
	screen.Shift(time.Unix(-1e9, 0), hd) // a clock before 1970 is no accident
}

// worked is the processor time of this process: other programs do not count.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestFastEnough: a board is to be drawn within a second; a hostile one gets no
// more.
func TestFastEnough(t *testing.T) {
	p := screen.New(typeface(t))
	long := strings.Repeat("鬱鸞龘 Wg。", 100)
	hostile := screen.Board{Kind: screen.Roll, Place: long, Clock: long, Label: long, Headline: long, Detail: long, When: long, CountLabel: long, Count: long,
		Present: long, PresentLabel: long, Arrived: []string{long, long}, Next: []screen.Row{{long, long}, {long, long}, {long, long}}, Foot: screen.Foot{Text: long}}
	for name, b := range map[string]screen.Board{"usual": samples()[0].board, "hostile": hostile} {
		best := time.Hour
		for range 3 {
			begin := worked(t)
			d, err := p.Board(b, hd, center)
			if err != nil {
				t.Fatal(err)
			}
			pixels(t, p, d)
			best = min(best, worked(t)-begin)
		}
		t.Logf("%s: %v", name, best)
		if best > time.Second {
			t.Errorf("%s board takes %v", name, best)
		}
	}
}
