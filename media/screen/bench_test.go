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
		parts, err := p.Board(board, size, center)
		if err != nil {
			b.Fatal(err)
		}
		for _, part := range parts {
			if _, err := p.Draw(part, pix); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkBoard1080 is a whole board; the issue asks for at most a second.
func BenchmarkBoard1080(b *testing.B) { benchBoard(b, hd) }

func BenchmarkBoard720(b *testing.B)  { benchBoard(b, image.Pt(1280, 720)) }
func BenchmarkBoard2160(b *testing.B) { benchBoard(b, image.Pt(3840, 2160)) }

// BenchmarkTick1080 is a second of a countdown: laying out and the one part that
// changes.
func BenchmarkTick1080(b *testing.B) {
	p := screen.New(typeface(b))
	pix := make([]byte, 4*hd.X*hd.Y)
	board := screen.Board{Kind: screen.Roll, Place: "柳树屯", Clock: "19:29", Headline: "请按号签到", Detail: "第一课 乡村振兴", CountLabel: "还有", Present: "9", PresentLabel: "人已到"}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		board.Count = fmt.Sprintf("%d:%02d", n/60%10, n%60)
		parts, err := p.Board(board, hd, center)
		if err != nil {
			b.Fatal(err)
		}
		for _, part := range parts {
			if part.ID != screen.PartCount {
				continue
			}
			if _, err := p.Draw(part, pix); err != nil {
				b.Fatal(err)
			}
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
