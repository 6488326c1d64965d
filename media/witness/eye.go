package witness

import (
	"image"
	"image/color"
	"math"
)

const (
	thumbW, thumbH = 64, 36
	brightPart     = 0.001 // of a picture: a line of white text is more
)

// Eye measures looks at the picture. Its zero value has seen none.
type Eye struct {
	before [thumbW * thumbH]byte
	some   bool
}

// See measures a picture by its luma plane, 0 to 255, such as Y, YStride and Rect
// of an image.YCbCr. The luma is what all but a thousandth of the picture stays
// below, the motion the mean difference to the look before, both 0 to 1; motion is
// NaN for the first look, both are for a picture that is empty or cut off.
func (e *Eye) See(pix []byte, stride int, r image.Rectangle) (luma, motion float64) {
	w, h := r.Dx(), r.Dy()
	if w <= 0 || h <= 0 || stride < w || len(pix) < (h-1)*stride+w {
		e.some = false
		return math.NaN(), math.NaN()
	}
	luma = brightest(pix, stride, w, h)
	var now [thumbW * thumbH]byte
	sum := 0
	for y := range thumbH {
		for x := range thumbW {
			i := y*thumbW + x
			now[i] = cell(pix, stride, w*x/thumbW, h*y/thumbH, max(1, w/thumbW), max(1, h/thumbH))
			d := int(now[i]) - int(e.before[i])
			sum += max(d, -d)
		}
	}
	motion = math.NaN()
	if e.some {
		motion = float64(sum) / 255 / (thumbW * thumbH)
	}
	e.before, e.some = now, true
	return luma, motion
}

// Forget makes the next look the first.
func (e *Eye) Forget() { e.some = false }

// cell is the mean of some sixteen pixels of a part of the picture.
func cell(pix []byte, stride, x0, y0, w, h int) byte {
	sum, n := 0, 0
	for y := 0; y < h; y += max(1, h/4) {
		for x := 0; x < w; x += max(1, w/4) {
			sum += int(pix[(y0+y)*stride+x0+x])
			n++
		}
	}
	return byte(sum / n)
}

// brightest looks at some ten thousands of the pixels.
func brightest(pix []byte, stride, w, h int) float64 {
	step := max(1, int(math.Sqrt(float64(w*h)/50_000)))
	var levels [256]int
	seen := 0
	for y := 0; y < h; y += step {
		for x := 0; x < w; x += step {
			levels[pix[y*stride+x]]++
			seen++
		}
	}
	above := 0
	for l := 255; l > 0; l-- {
		if above += levels[l]; float64(above) > brightPart*float64(seen) {
			return float64(l) / 255
		}
	}
	return 0
}

// Small is a picture of that width, or as it is when it is not wider: each pixel is
// the mean of some sixteen.
func Small(img image.Image, width int) image.Image {
	r := img.Bounds()
	if r.Dx() <= width || r.Dy() < 1 || width < 1 {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, width, max(1, r.Dy()*width/r.Dx())))
	w, h := r.Dx()/width, max(1, r.Dy()/out.Rect.Dy())
	for y := range out.Rect.Dy() {
		for x := range width {
			out.SetRGBA(x, y, average(img, r.Min.X+x*r.Dx()/width, r.Min.Y+y*r.Dy()/out.Rect.Dy(), w, h))
		}
	}
	return out
}

func average(img image.Image, x0, y0, w, h int) color.RGBA {
	var r, g, b, n uint32
	for y := 0; y < h; y += max(1, h/4) {
		for x := 0; x < w; x += max(1, w/4) {
			cr, cg, cb, _ := img.At(x0+x, y0+y).RGBA()
			r, g, b, n = r+cr>>8, g+cg>>8, b+cb>>8, n+1
		}
	}
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}
