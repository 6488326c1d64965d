package screen_test

import (
	"fmt"
	"image"
	"testing"

	"stationbox/media/screen"
)

// meters are what an alignment shows, in both languages.
func meters() map[string]screen.Meter {
	return map[string]screen.Meter{
		"peak-zh":  {Value: "12.3", Unit: "dB", Known: true, Bar: 0.615, Mark: 0.64, Best: "最好 12.8 dB", State: "偏 0.07°±0.02", Order: "站在天线背后，把天线向左转杆头 2.5 毫米（0.14°）", Phase: "细调  第 17 步"},
		"peak-en":  {Value: "12.3", Unit: "dB", Known: true, Bar: 0.615, Mark: 0.64, Best: "best 12.8 dB", State: "off 0.07°±0.02", Order: "From behind: turn the dish LEFT by 2.5 mm at the pole's end (0.14°)", Phase: "peak 17"},
		"best-zh":  {Value: "14.0", Unit: "dB", Known: true, Bar: 0.7, Mark: 0.7, Best: "最好 14.0 dB", Order: "到位了：均匀拧紧螺丝", Phase: "紧固  第 31 步", Mood: screen.Good},
		"wrong-zh": {Value: "9.1", Unit: "dB", Known: true, Bar: 0.455, Best: "", State: "别的卫星", Order: "向右慢慢转，过方位记号3 指宽（6°），听到“停”就停", Phase: "寻星  第 4 步", Mood: screen.Bad},
		"long-zh":  {Value: "12.1", Unit: "dB", Known: true, Bar: 0.605, Mark: 0.61, Best: "最好 12.2 dB", State: "没找到，再来一遍。", Order: "向右慢慢转，过方位记号3 指宽（6°），听到“停”就停", Phase: "寻星  第 14 步"},
		"long-en":  {Value: "12.1", Unit: "dB", Known: true, Bar: 0.605, Mark: 0.61, Best: "best 12.2 dB", State: "Nothing found, once more.", Order: "Turn SLOWLY RIGHT to 3.5 fingers (7°) past the mark; stop when told", Phase: "search 14"},
		"none-zh":  {Value: "---", State: "没有信号", Order: "停，松手别动", Phase: "寻星  第 2 步"},
		"stale-en": {Value: "---", State: "no new reading", Order: "Readings have stopped: wait, look at the receiver", Phase: "search 2", Mood: screen.Bad, Mark: 0.4, Best: "best 8.0 dB"},
	}
}

// TestMeterStaysInside draws every meter on every screen: all that is to be read lies in
// the safe area, and nothing is missing in the font.
func TestMeterStaysInside(t *testing.T) {
	p := screen.New(typeface(t))
	for name, m := range meters() {
		for _, size := range sizes {
			d, err := p.Meter(m, size)
			if err != nil {
				t.Fatal(err)
			}
			if d.Rect != (image.Rectangle{Max: size}) {
				t.Errorf("%s: %v on %v", name, d.Rect, size)
			}
			pix, missing := pixels(t, p, d)
			if missing > 0 {
				t.Errorf("%s: %d characters are missing", name, missing)
			}
			if len(pix) == 0 || pix[3] != 0xff {
				t.Errorf("%s: the corner is not covered", name)
			}
		}
	}
	if _, err := p.Meter(screen.Meter{}, image.Pt(8, 8)); err == nil {
		t.Error("a meter on a screen of 8×8")
	}
}

// The figure is as large as the package comment promises for what counts.
func TestMeterFigureIsLarge(t *testing.T) {
	p := screen.New(typeface(t))
	m := meters()["peak-zh"]
	m.Value = "8"
	img := image.NewRGBA(image.Rectangle{Max: hd})
	d, err := p.Meter(m, hd)
	if err != nil {
		t.Fatal(err)
	}
	over(t, p, img, d)
	ground := img.RGBAAt(2, 700)
	top, bottom := 1080, 0
	for y := 250; y < 680; y++ {
		for x := 100; x < 400; x++ {
			if c := img.RGBAAt(x, y); int(c.R)+int(c.G)+int(c.B) > 600 && c != ground {
				top, bottom = min(top, y), max(bottom, y)
			}
		}
	}
	if high := bottom - top; high < 1080*28/100 {
		t.Errorf("the figure is %d of 1080 lines high", high)
	}
}

// Meters with another figure look otherwise, equal ones alike.
func TestMeterKey(t *testing.T) {
	p := screen.New(typeface(t))
	m := meters()["peak-zh"]
	a, _ := p.Meter(m, hd)
	same, _ := p.Meter(m, hd)
	m.Value = "12.4"
	b, _ := p.Meter(m, hd)
	if a.Key != same.Key || a.Key == b.Key {
		t.Error("the keys do not tell meters apart")
	}
}

// TestMeterPictures writes every meter for eyes, see TestPictures.
func TestMeterPictures(t *testing.T) {
	if *gallery == "" {
		t.Skip("no folder: -args -pictures FOLDER")
	}
	p := screen.New(typeface(t))
	for name, m := range meters() {
		for _, size := range []image.Point{hd, {960, 540}, {1024, 768}} {
			img := image.NewRGBA(image.Rectangle{Max: size})
			d, err := p.Meter(m, size)
			if err != nil {
				t.Fatal(err)
			}
			over(t, p, img, d)
			save(t, fmt.Sprintf("meter-%s-%d", name, size.X), img)
		}
	}
}

func benchMeter(b *testing.B, size image.Point) {
	p := screen.New(typeface(b))
	pix := make([]byte, 4*size.X*size.Y)
	m := meters()["peak-zh"]
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		m.Value = fmt.Sprintf("%.1f", 10+float64(n%50)/10)
		d, err := p.Meter(m, size)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Draw(d, pix); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMeter1080 is one new figure on the television.
func BenchmarkMeter1080(b *testing.B) { benchMeter(b, hd) }
func BenchmarkMeter720(b *testing.B)  { benchMeter(b, image.Pt(1280, 720)) }
