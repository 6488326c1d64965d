package compass

import (
	"fmt"

	"stationbox/hal"
)

// Axis is an axis of the chip and its direction.
type Axis string

// The axes of the chip.
const (
	PlusX  Axis = "+x"
	MinusX Axis = "-x"
	PlusY  Axis = "+y"
	MinusY Axis = "-y"
	PlusZ  Axis = "+z"
	MinusZ Axis = "-z"
)

// Axes says which axis of the chip looks forward, with the beam brought down to the
// horizon, which one to the right, seen from behind the dish, and which one down. A
// board that lies with the chip on top and its X forward has {+x, -y, -z}.
type Axes struct{ Forward, Right, Down Axis }

// signed is an axis by its number.
type signed struct {
	axis int
	sign int
}

// resolve checks a: three different axes, and right-handed. Without an axis it is
// {+x, +y, +z}.
func (a Axes) resolve() (turn [3]signed, err error) {
	if a == (Axes{}) {
		a = Axes{PlusX, PlusY, PlusZ}
	}
	used := 0
	hand := 1
	for i, name := range [3]Axis{a.Forward, a.Right, a.Down} {
		s, ok := name.number()
		if !ok {
			return turn, fmt.Errorf("axis %q: want +x, -x, +y, -y, +z or -z: %w", string(name), hal.ErrRefused)
		}
		turn[i] = s
		used |= 1 << s.axis
		hand *= s.sign
	}
	if used != 7 {
		return turn, fmt.Errorf("axes %s %s %s: one of them is there twice: %w", a.Forward, a.Right, a.Down, hal.ErrRefused)
	}
	// The order x y z, y z x or z x y is right-handed.
	if (turn[0].axis+1)%3 != turn[1].axis {
		hand = -hand
	}
	if hand < 0 {
		return turn, fmt.Errorf("axes %s %s %s: no board can be turned so, only mirrored; one sign is wrong: %w", a.Forward, a.Right, a.Down, hal.ErrRefused)
	}
	return turn, nil
}

func (a Axis) number() (signed, bool) {
	if len(a) != 2 || a[1] < 'x' || a[1] > 'z' {
		return signed{}, false
	}
	switch a[0] {
	case '+':
		return signed{int(a[1] - 'x'), 1}, true
	case '-':
		return signed{int(a[1] - 'x'), -1}, true
	}
	return signed{}, false
}
