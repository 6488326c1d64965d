package screen_test

import (
	"fmt"
	"image"
	"testing"

	"stationbox/media/screen"
)

func benchBoard(b *testing.B, size image.Point) {
	p := screen.New(typeface(b))
	pix := make([]byte, 4*size.X*size.Y)
	board := samples()[0].board
	b.ReportAllocs()
	for b.Loop() {
		d, err := p.Board(board, size, center)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Draw(d, pix); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBoard1080 is a whole board; more than a second would be felt.
func BenchmarkBoard1080(b *testing.B) { benchBoard(b, hd) }

func BenchmarkBoard720(b *testing.B)  { benchBoard(b, image.Pt(1280, 720)) }
func BenchmarkBoard2160(b *testing.B) { benchBoard(b, image.Pt(3840, 2160)) }

// BenchmarkUnchanged1080 is what a board costs that is laid out and then not drawn.
func BenchmarkUnchanged1080(b *testing.B) {
	p := screen.New(typeface(b))
	board := samples()[0].board
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Board(board, hd, center); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStrip1080 is a second of the countdown over the film's first picture.
func BenchmarkStrip1080(b *testing.B) {
	p := screen.New(typeface(b))
	pix := make([]byte, 4*hd.X*hd.Y)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		d, err := p.Strip(screen.Strip{Text: "请按号签到", Count: fmt.Sprintf("0:%02d", n%60)}, hd)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Draw(d, pix); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is finding and reading the font.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		f, err := screen.Find(b.Context(), screen.Paths())
		if err != nil {
			b.Skip(err)
		}
		_ = f.Close()
	}
}
