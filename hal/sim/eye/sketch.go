package eye

import "image"

// The size of a sketch: one dot for 5 by 5 pixels of a screen of 960 by 540.
const (
	// SketchColumns and SketchRows are its characters.
	SketchColumns, SketchRows = 96, 27

	dotsAcross, dotsDown = 2 * SketchColumns, 4 * SketchRows
	// reach is how far around a dot the brightness is averaged that it must
	// exceed by edge. A dot of full light is always set.
	reach, edge, fullLight = 10, 12, 240
)

// Sketch draws a picture as SketchRows lines of SketchColumns characters, for a
// log without colours. A dot is set where the picture is lighter than around it,
// so that outlines and writing can be read, whatever the brightness; a dark
// picture is empty. The dots are those of Braille, eight a character
// (Unicode U+2800 and more). A picture smaller than that has no sketch.
//
//	1 4     bits of the character, from 0
//	2 5
//	3 6
//	7 8
func Sketch(img *image.RGBA) []string {
	if img.Rect.Dx() < dotsAcross || img.Rect.Dy() < dotsDown {
		return nil
	}
	light := grid(img, dotsAcross, dotsDown, img.Rect.Dy())
	lines := make([]string, SketchRows)
	for j := range lines {
		line := make([]rune, SketchColumns)
		for i := range line {
			line[i] = braille(light, 2*i, 4*j)
		}
		lines[j] = string(line)
	}
	return lines
}

// braille is the character whose upper left dot is at x, y.
func braille(light []float64, x, y int) rune {
	bits := [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}
	c := rune(0x2800)
	for dy, row := range bits {
		for dx, bit := range row {
			if stands(light, x+dx, y+dy) {
				c |= bit
			}
		}
	}
	return c
}

// stands says whether the dot at x, y is lighter than what is around it.
func stands(light []float64, x, y int) bool {
	v := light[y*dotsAcross+x]
	if v > fullLight {
		return true
	}
	sum, n := 0.0, 0
	for j := max(y-reach, 0); j <= min(y+reach, dotsDown-1); j++ {
		for _, w := range light[j*dotsAcross+max(x-reach, 0) : j*dotsAcross+min(x+reach, dotsAcross-1)+1] {
			sum, n = sum+w, n+1
		}
	}
	return v > sum/float64(n)+edge
}
