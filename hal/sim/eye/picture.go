package eye

import (
	"image"
	"math"
)

// FrameOf returns the number of the lesson frame in a picture, or false when it
// has no strip: it is dark, or shows something else.
func FrameOf(img *image.RGBA) (int, bool) {
	size := img.Rect.Size()
	if size.X < stripBlocks || size.Y < 8 {
		return 0, false
	}
	l := layout{width: size.X, height: size.Y, stride: img.Stride} // green is the second byte of a pixel here too
	return l.readStrip(img.Pix)
}

// Tone is how light a picture is above its frame strip: the mean brightness and
// its standard deviation, both 0 to 255.
type Tone struct{ Mean, Spread float64 }

// blankSpread is the deviation below which a picture shows nothing that people
// could see: a dark or an even surface. A line of text on black has 20 and more.
const blankSpread = 6

// Blank reports whether there is nothing to be seen, whatever its brightness.
func (t Tone) Blank() bool { return t.Spread < blankSpread }

// ToneOf measures a picture.
func ToneOf(img *image.RGBA) Tone {
	var sum, squares, n float64
	for _, v := range tiles(img, 4*tilesAcross, 4*tilesDown) {
		sum, squares, n = sum+v, squares+v*v, n+1
	}
	if n == 0 {
		return Tone{}
	}
	mean := sum / n
	return Tone{Mean: mean, Spread: math.Sqrt(max(squares/n-mean*mean, 0))}
}

// Two pictures are compared in tiles of 16 by 16 pixels where they have 960 by
// 532: coarse enough for the noise of video coding to average out.
const (
	tilesAcross, tilesDown = 60, 33
	// tileDiffers is a difference of brightness that is no noise.
	tileDiffers = 12
)

// Change returns the share, 0 to 1, of the tiles above the frame strip in which
// two pictures differ in brightness. Pictures of different size differ wholly.
func Change(a, b *image.RGBA) float64 {
	if a.Rect.Size() != b.Rect.Size() {
		return 1
	}
	of, differ := tiles(a, tilesAcross, tilesDown), 0
	for i, v := range tiles(b, tilesAcross, tilesDown) {
		if math.Abs(v-of[i]) > tileDiffers {
			differ++
		}
	}
	return float64(differ) / float64(max(len(of), 1))
}

// bodyHeight is the height of a picture without its frame strip.
func bodyHeight(img *image.RGBA) int { return img.Rect.Dy() - img.Rect.Dy()*8/540 }

// tiles returns the mean brightness of the picture above its strip in a grid of
// that many columns and rows, or fewer when there are not so many pixels.
func tiles(img *image.RGBA, columns, rows int) []float64 {
	return grid(img, min(columns, img.Rect.Dx()), min(rows, bodyHeight(img)), bodyHeight(img))
}

// grid averages the upper height lines of a picture.
func grid(img *image.RGBA, columns, rows, height int) []float64 {
	out := make([]float64, 0, columns*rows)
	for j := range rows {
		for i := range columns {
			out = append(out, mean(img, image.Rect(i*img.Rect.Dx()/columns, j*height/rows, (i+1)*img.Rect.Dx()/columns, (j+1)*height/rows)))
		}
	}
	return out
}

// mean is the mean brightness of a part of a picture (ITU-R BT.601 weights).
func mean(img *image.RGBA, part image.Rectangle) float64 {
	sum := 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		line := img.Pix[y*img.Stride+4*part.Min.X:][:4*part.Dx()]
		for x := 0; x < len(line); x += 4 {
			sum += 299*int(line[x]) + 587*int(line[x+1]) + 114*int(line[x+2])
		}
	}
	return float64(sum) / 1000 / float64(max(part.Dx()*part.Dy(), 1))
}
