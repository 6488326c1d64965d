package screen

import (
	"image"
	"time"
)

const (
	shiftEvery = time.Minute // one step, together with the clock that is redrawn anyway
	shiftX     = 4           // steps to each side
	shiftY     = 3
)

// Shift is by how much everything on a board of that size stands off its place at
// a time, so that no edge burns into a panel: each minute one step to a
// neighbouring place, row by row over 9 by 7 places and the same way back. A step
// is a thousandth of the height (1 pixel of 1080). It is the same at the same
// time, also after a restart.
func Shift(at time.Time, size image.Point) image.Point {
	const wide, high = 2*shiftX + 1, 2*shiftY + 1
	const there = wide*high - 1
	n := at.Unix() / int64(shiftEvery/time.Second) % (2 * there)
	k := int(n+2*there) % (2 * there)
	if k > there {
		k = 2*there - k
	}
	x, y := k%wide, k/wide
	if y%2 == 1 {
		x = wide - 1 - x
	}
	step := shiftStep(size)
	return image.Pt((x-shiftX)*step, (y-shiftY)*step)
}

func shiftStep(size image.Point) int { return max(size.Y/1000, 1) }
