package screen

import "image/color"

// Kind is what a board is about; it gives its colours and its sign. The words
// say it too: nothing is told by colour alone.
type Kind int

// The kinds.
const (
	Idle      Kind = iota // between lessons
	Ready                 // ready check
	Warming               // displays warm up
	Roll                  // bell and roll
	Paused                // the lesson waits
	Closing               // last words
	Cooling               // the projector must keep its mains
	Emergency             // before everything else
	Untrusted             // the clock is not trusted
	Fault                 // why it is dark, why nothing begins
	Published             // what the village publishes: rows of text, or a picture
	kinds
)

// String returns the kind's name in English, for logs and file names.
func (k Kind) String() string {
	names := [...]string{"idle", "ready", "warming", "roll", "paused", "closing", "cooling", "emergency", "untrusted", "fault", "published"}
	if k < 0 || k >= kinds {
		return "unknown"
	}
	return names[k]
}

// style is how a kind looks. Letters are light on a dark ground: eyes with cloudy
// lenses, which are the rule behind 65, read that better than dark letters in
// the glare of a bright screen (Legge et al., Vision Research 25, 1985). Every
// text has a contrast of at least 7 to 1 to its ground (WCAG 2.1, 1.4.6), which a
// test checks; yellow instead of blue marks what counts, because old lenses are
// yellow.
type style struct {
	ground color.NRGBA // of the board
	band   color.NRGBA // of the head
	plate  color.NRGBA // of panels
	text   color.NRGBA // what is to be read
	soft   color.NRGBA // what goes with it
	accent color.NRGBA // what counts: time, call
	good   color.NRGBA // who came
	done   color.NRGBA // ground of a line that is good
	woe    color.NRGBA // ground of a line that is bad
	sign   sign
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func styleOf(k Kind, night bool) style {
	s := style{ground: rgb(0x07111f), band: rgb(0x12305a), plate: rgb(0x10233f), text: rgb(0xffffff), soft: rgb(0xc9d6e8),
		accent: rgb(0xffd84d), good: rgb(0x86efac), done: rgb(0x0b3a26), woe: rgb(0x3d2a00)}
	switch k {
	case Idle, Ready:
		s.sign = signClock
	case Warming:
		s.sign = signLamp
	case Roll:
		s.band, s.sign = rgb(0x0b4a30), signKeys
	case Closing:
		s.sign = signDone
	case Paused:
		s.band, s.sign = rgb(0x5a3a00), signPause
	case Cooling:
		s.band, s.sign = rgb(0x5a3a00), signWarn
	case Untrusted:
		s.band, s.sign = rgb(0x5a3a00), signClock
	case Fault:
		s.band, s.sign = rgb(0x5a3a00), signWarn
	case Published:
		s.band = rgb(0x3b1d5e)
	case Emergency:
		s.ground, s.band, s.plate = rgb(0x4a0008), rgb(0x7a0010), rgb(0x5c000c)
		s.soft, s.sign = rgb(0xffe3e3), signWarn
	}
	if night {
		s = s.dim()
	}
	return s
}

// dim is the style at night: less than half the light, on black.
func (s style) dim() style {
	less := func(c color.NRGBA) color.NRGBA {
		return color.NRGBA{R: uint8(int(c.R) * 7 / 10), G: uint8(int(c.G) * 7 / 10), B: uint8(int(c.B) * 7 / 10), A: c.A}
	}
	s.ground, s.band, s.plate, s.done, s.woe = rgb(0), rgb(0), rgb(0), rgb(0), rgb(0)
	s.text, s.accent, s.good = less(s.text), less(s.accent), less(s.good)
	s.soft = s.text
	return s
}
