package village

import (
	"fmt"
	"image"
	"io"

	"stationbox/hal"
	"stationbox/hal/sim/eye"
)

// Frame writes what a display ("projector" or "tv") really shows now, as JPEG:
// the screen, when it is lit and set to the input that the screen hangs on, dim
// while it warms up, dark otherwise.
func (v *Village) Frame(w io.Writer, display string) error {
	img, err := v.see(display)
	if err != nil {
		return err
	}
	return eye.Photograph(w, img)
}

// see is what can be seen on a display, or on the screen output ("screen").
func (v *Village) see(what string) (*image.RGBA, error) {
	if what == "screen" {
		return v.screen.Image(), nil
	}
	light, err := v.light(what)
	if err != nil {
		return nil, err
	}
	if light <= 0 {
		return eye.Dark(screenWidth, screenHeight), nil
	}
	return eye.Dim(v.screen.Image(), light), nil
}

// light is how bright the display shows the screen, 0 to 1.
func (v *Village) light(display string) (float64, error) {
	s := v.far.world.Snapshot()
	switch display {
	case "projector":
		if v.far.projector.Snapshot().Input != v.cfg.Projector.Input {
			return 0, nil
		}
		return glow(s.Projector.State, s.Projector.LampC/900), nil
	case "tv":
		if v.far.tv.Snapshot().Input != v.cfg.TV.Input {
			return 0, nil
		}
		return glow(s.TV.State, 0), nil
	}
	return 0, fmt.Errorf("display %q: only projector and tv", display)
}

// glow is the brightness of a display in this state; heat is how much of its
// working heat a lamp has that warms up.
func glow(state hal.DisplayState, heat float64) float64 {
	switch state {
	case hal.DisplayOn:
		return 1
	case hal.DisplayWarming:
		return min(max(heat, 0.1), 0.8)
	}
	return 0
}
