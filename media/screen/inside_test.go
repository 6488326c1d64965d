package screen

import (
	"context"
	"image"
	"image/color"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

func typeface(t testing.TB) *Font {
	t.Helper()
	f, err := Find(context.Background(), Paths())
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// contrast is that of WCAG 2.1.
func contrast(a, b color.NRGBA) float64 {
	light := func(c color.NRGBA) float64 {
		part := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestContrast: every text on every ground that it can stand on.
func TestContrast(t *testing.T) {
	const least = 7
	for k := range kinds {
		for _, night := range []bool{false, true} {
			s := styleOf(k, night)
			texts := map[string]color.NRGBA{"text": s.text, "soft": s.soft, "accent": s.accent, "good": s.good}
			for name, text := range texts {
				for at, ground := range map[string]color.NRGBA{"ground": s.ground, "plate": s.plate} {
					if c := contrast(text, ground); c < least {
						t.Errorf("%v night %v: %s on %s: %.1f to 1", k, night, name, at, c)
					}
				}
			}
			for _, text := range []string{"text", "accent"} {
				if c := contrast(texts[text], s.band); c < least {
					t.Errorf("%v night %v: %s on the head: %.1f to 1", k, night, text, c)
				}
			}
			l := &layout{st: s}
			for _, m := range []Mood{Plain, Good, Bad} {
				look := l.lookOf(m)
				// Over the brightest film.
				for _, ground := range []color.NRGBA{look.ground, over(stripGround, 255), over(alarmGround, 255)} {
					if night && ground != look.ground || ground == over(alarmGround, 255) && m != Plain {
						continue // never together
					}
					if c := contrast(look.col, ground); c < least {
						t.Errorf("%v night %v mood %v on %v: %.1f to 1", k, night, m, ground, c)
					}
				}
			}
		}
	}
}

func over(c color.NRGBA, film int) color.NRGBA {
	mix := func(v uint8) uint8 { return uint8((int(v)*int(c.A) + film*(255-int(c.A))) / 255) }
	return color.NRGBA{R: mix(c.R), G: mix(c.G), B: mix(c.B), A: 255}
}

// TestLettersAreLargeEnough measures what the package comment promises: the ink of
// the smallest letters on a 42-inch screen at eight metres.
func TestLettersAreLargeEnough(t *testing.T) {
	f := typeface(t)
	const height = 1080
	const screenMM, distanceMM = 42 * 25.4 * 9 / 18.358, 8000.0 // √(16²+9²) = 18.358
	minutes := func(px int) float64 { return math.Atan(float64(px)*screenMM/height/distanceMM) * 180 / math.Pi * 60 }
	for text, least := range map[string]float64{"国": 19.5, "课": 19.5, "H": 15.5, "8": 15.5, "x": 11.5} {
		if got := minutes(inkHeight(t, f, text, floorEm*height)); got < least {
			t.Errorf("%s is %.1f minutes of arc high, want %.1f", text, got, least)
		} else {
			t.Logf("%s is %.1f minutes of arc high", text, got)
		}
	}
}

// inkHeight counts the rows that a text touches.
func inkHeight(t *testing.T, f *Font, text string, em float64) int {
	t.Helper()
	p := New(f)
	box := image.Rect(0, 0, int(4*em), int(2*em))
	pix := make([]byte, 4*box.Dx()*box.Dy())
	d := Drawing{Rect: box, items: []item{words{box: box, x: em, y: 1.4 * em, em: em, text: text, col: rgb(0xffffff)}}}
	if _, err := p.Draw(d, pix); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for y := range box.Dy() {
		row := pix[4*box.Dx()*y : 4*box.Dx()*(y+1)]
		for x := 0; x < len(row); x += 4 {
			if row[x] > 100 {
				rows++
				break
			}
		}
	}
	return rows
}

// check looks at a drawing: every text is large enough and inside its box, every
// box inside the safe area.
func check(t *testing.T, f *Font, d Drawing, size, shift image.Point) {
	t.Helper()
	l := newLayout(f, style{}, size, shift)
	margin := image.Rect(int(safeAt*float64(size.X)), int(safeAt*float64(size.Y)), size.X-int(safeAt*float64(size.X)), size.Y-int(safeAt*float64(size.Y)))
	if !d.Rect.In(image.Rectangle{Max: size}) {
		t.Errorf("drawing at %v on a screen of %v", d.Rect, size)
	}
	for _, it := range d.items {
		w, ok := it.(words)
		if !ok || w.text == "" {
			continue
		}
		if w.em < floorEm*l.base-1e-6 {
			t.Errorf("%q is %.1f px high, the floor is %.1f", w.text, w.em, floorEm*l.base)
		}
		if !w.box.In(margin) {
			t.Errorf("%q stands at %v, the safe area is %v", w.text, w.box, margin)
		}
		if end := w.x + f.measure([]rune(w.text))*w.em; w.x < float64(w.box.Min.X)-1 || end > float64(w.box.Max.X)+1 {
			t.Errorf("%q from %.0f to %.0f leaves its place %v", w.text, w.x, end, w.box)
		}
	}
}

// FuzzBoard lays out and draws boards of any words at any size.
func FuzzBoard(f *testing.F) {
	f.Add("第一课 乡村振兴", "19:30", "12", int8(0), uint16(1920), uint16(1080))
	f.Add(strings.Repeat("长", 3000), strings.Repeat("W", 3000), "99999999999999", int8(3), uint16(1280), uint16(720))
	f.Add("a\u202eb\x00c\n\n\nd\ufeff\u200d👨‍👩‍👧🏽", "مرحبا بالعالم", "٣", int8(7), uint16(801), uint16(599))
	f.Add("Z̸̢͇̩a̶l̷g̵o̶̔͂̿", "。。。，，，", "（（（", int8(9), uint16(320), uint16(200))
	f.Add("\xff\xfe\xed\xa0\x80", "﷽﷽﷽", "𒐫𒐫", int8(2), uint16(64), uint16(64))
	face := typeface(f)
	f.Fuzz(func(t *testing.T, a, b, c string, kind int8, w, h uint16) {
		size := image.Pt(64+int(w)%1900, 64+int(h)%1100)
		board := Board{Kind: Kind(kind), Place: b, Clock: c, Label: b, Headline: a, Detail: b, When: c, CountLabel: b, Count: c,
			Present: c, PresentLabel: b, Arrived: []string{a, b, c}, Next: []Row{{a, b}, {c, a}}, Foot: Foot{Text: a, Mood: Mood(kind % 3)}}
		p, shift := New(face), image.Pt(4, -3)
		if kind%2 == 0 {
			board.Foot.Text, board.Present, shift = "", "", image.Pt(-4, 3)
		}
		shift = shift.Mul(shiftStep(size))
		d, err := p.Board(board, size, shift)
		if err != nil {
			t.Fatal(err)
		}
		check(t, face, d, size, shift)
		strip, err := p.Strip(Strip{Text: a, Count: c, Mood: Mood(kind % 3), Alarm: kind%5 == 0}, size)
		if err != nil {
			t.Fatal(err)
		}
		check(t, face, strip, size, image.Point{})
		for _, d := range []Drawing{d, strip} {
			if _, err := p.Draw(d, make([]byte, 4*d.Rect.Dx()*d.Rect.Dy())); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestWrap(t *testing.T) {
	f := typeface(t)
	tests := []struct {
		name, text string
		width      float64
		want       string
	}{
		{"one line", "第一课", 4, "第一课"},
		{"between characters", "投影机正在散热", 4, "投影机正|在散热"},
		{"no mark at the start", "投影机正，在散热。", 4, "投影机|正，在散|热。"},
		{"nor after a bracket", "看（一二）三", 2, "看|（一|二）|三"},
		{"words are whole", "please press your number", 7, "please press|your number"},
		{"a long word is cut", "wwwwwwwwww", 3.5, "wwww|wwww|ww"},
		{"mixed", "使用 Raspberry 上课", 0.1 + f.measure([]rune("Raspberry")), "使用|Raspberry|上课"},
		{"line feed", "上\n下", 9, "上|下"},
		{"time is whole", "周三19:30上课", 3, "周三|19:30|上课"},
		{"hyphen", "make-up lesson", 0.1 + f.measure([]rune("make-up")), "make-up|lesson"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, l := range f.wrap(clean(tt.text), tt.width) {
				got = append(got, string(l))
			}
			if s := strings.Join(got, "|"); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

func TestBalance(t *testing.T) {
	f := typeface(t)
	tests := []struct {
		text  string
		width float64
		want  string
	}{
		{"投影机正在散热，请不要断电", 9, "投影机正在散热，|请不要断电"},
		{"第一课 乡村振兴与大棚蔬菜种植技术", 12, "第一课 乡村振兴与|大棚蔬菜种植技术"},
		{"通知：周五上午在村委会发放种子，请带户口本。", 15, "通知：周五上午在村委会|发放种子，请带户口本。"},
		{"一二三四五六七八九十", 9, "一二三四五|六七八九十"},
	}
	for _, tt := range tests {
		var got []string
		for _, l := range f.balance(clean(tt.text), tt.width) {
			got = append(got, string(l))
		}
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("got %q, want %q", s, tt.want)
		}
	}
}

// FuzzWrap: nothing is lost, no line is too wide, and a line ends where it may
// unless there is no such place in it.
func FuzzWrap(f *testing.F) {
	f.Add("第一课，乡村振兴。（一）please", uint8(40))
	f.Add("。。。。。。，，，，", uint8(20))
	f.Add("a b c  d e f\n g", uint8(5))
	f.Add("make-up 19:30（周三）“引号”——……", uint8(16))
	face := typeface(f)
	f.Fuzz(func(t *testing.T, s string, w uint8) {
		text, width := clean(s), float64(w)/8+1.2
		for _, lines := range [][][]rune{face.wrap(text, width), face.balance(text, width)} {
			at := 0
			for i, l := range lines {
				if got := face.measure(l); got > width+1e-9 && len(l) > 1 {
					t.Errorf("line %q is %.2f wide of %.2f", string(l), got, width)
				}
				at += spaces(text[at:])
				if !slices.Equal(l, text[at:min(at+len(l), len(text))]) {
					t.Fatalf("line %d is %q, the text goes on with %q", i, string(l), string(text[at:]))
				}
				begin := at
				at += len(l)
				at += spaces(text[at:])
				if at < len(text) && text[at] == '\n' {
					at++
				} else if at < len(text) && !mayBreak(text[at-1], text[at]) && len(cuts(text[begin:at])) > 2 {
					t.Errorf("line %q ends before %q", string(l), string(text[at:]))
				}
			}
			if at != len(text) {
				t.Errorf("%q is left over", string(text[at:]))
			}
		}
	})
}

func TestFit(t *testing.T) {
	f := typeface(t)
	tests := []struct {
		name, text string
		most       int
		em         float64 // 0: between floor and wish
		want       string
		whole      bool
	}{
		{"fits", "短", 1, 100, "短", true},
		{"shrinks", "投影机正在散热", 1, 0, "投影机正在散热", true},
		{"is cut off", "投影机正在散热，请不要断电", 1, 60, "投影机正在散热…", false},
		{"takes two lines", "投影机正在", 2, 100, "投影机正|在", true},
		{"is cut off on two lines", "投影机正在散热，请不要断电，等两分钟", 2, 60, "投影机正在散热，|请不要断电，等…", false},
		{"nothing", "", 1, 100, "", true},
		{"no room at all", "长", 0, 60, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			em, lines, whole := f.fit([]rune(tt.text), 490, 100, 60, tt.most)
			var got []string
			for _, l := range lines {
				got = append(got, string(l))
				if w := f.measure(l) * em; w > 490 {
					t.Errorf("line %q is %.0f px of 490", string(l), w)
				}
			}
			if s := strings.Join(got, "|"); s != tt.want || whole != tt.whole {
				t.Errorf("got %q, whole %v", s, whole)
			}
			if tt.em > 0 && em != tt.em || em < 60 || em > 100 {
				t.Errorf("em %.0f", em)
			}
		})
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"  a \t b\u00a0c ":          "a b c",
		"a\x00\x1b[31mb":            "a [31mb",
		"a\u202eb\u2066c\u200bd":    "abcd",
		"一\r\n二 \n 三":               "一\n二\n三",
		"\xffa":                     "\ufffda",
		"e\u0301\u0302\u0303\u0304": "e\u0301\u0302",
		"👍\ufe0f":                   "👍",
	} {
		if got := string(clean(in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if n := len(clean(strings.Repeat("长", 100_000))); n != mostRunes {
		t.Errorf("%d characters, want %d", n, mostRunes)
	}
}
