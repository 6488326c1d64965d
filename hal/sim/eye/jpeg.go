package eye

import (
	"fmt"
	"image"
	"image/jpeg"
	"io"
)

// Photograph writes img as JPEG.
func Photograph(w io.Writer, img *image.RGBA) error {
	if err := jpeg.Encode(w, img, &jpeg.Options{Quality: 80}); err != nil {
		return fmt.Errorf("photograph: %w", err)
	}
	return nil
}

// Dark returns a black picture of the given size.
func Dark(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 0xff
	}
	return img
}

// Dim returns img with its brightness brought to light, 0 black to 1 as it is: a
// lamp that warms up is dim, a display without power is dark.
func Dim(img *image.RGBA, light float64) *image.RGBA {
	if light >= 1 {
		return img
	}
	factor := int(max(light, 0) * 256)
	out := image.NewRGBA(img.Rect)
	for i, v := range img.Pix {
		if i%4 == 3 {
			out.Pix[i] = v
			continue
		}
		out.Pix[i] = byte(int(v) * factor >> 8)
	}
	return out
}
