// Package screen draws what a station says by pictures: the board between
// lessons and strips over a film. It is pure drawing: a Board of words goes in,
// pixels for mpv's overlay-add (bytes B G R A, alpha multiplied in) come out. It
// knows no player, no clock and no language.
//
// It is made for people over 65 at eight metres from a television.
//
//   - Size. The smallest letters stand on an em of a tenth of the picture's
//     height: 52 mm on a 42-inch screen. A Chinese character is then 48 mm high,
//     20 minutes of arc or 1/170 of the distance; a Latin capital 37 mm, 16
//     minutes. ISO 9241-303 asks for 16 at least and prefers 20 to 22; the FAA's
//     Human Factors guide says 1/200 of the distance; at 24 minutes nearly
//     everybody reads (Smith, Human Factors 21, 1979), which every headline has.
//   - Contrast at least 7 to 1, see style.
//   - Everything to be read lies 5 % inside the edges (graphics safe area of EBU
//     R 95), also when a board walks a few pixels (Shift) to spare the panel.
//
// It promises that no text leaves its place, whatever it is: a text shrinks to
// the smallest size, then ends in an ellipsis; what has no room at all goes, the
// least important first. A character that the font does not have is drawn as a
// box and counted.
//
// A board is one picture, not a ground and small pictures over it: mpv packs all
// its overlays anew when one of them changes, so that small ones spare nothing
// (measured: 32 ms of mpv instead of 36), and where they overlap its software
// outputs add them up. So draw a board when its Key has changed, not each second.
package screen

import (
	"errors"
	"fmt"
	"image"
)

// Board is what the screen says, in the language of the room. Every field may be
// empty.
type Board struct {
	Kind  Kind
	Place string // the station's name
	Clock string // the time as it is shown, or that it is not known
	Night bool   // less than half the light, on black

	Label    string // over the headline: "Next lesson"
	Headline string // what is to be read first
	Detail   string // under it: the title, the cause
	When     string // the time that counts: "Wednesday 19:30"

	CountLabel string // before the countdown: "in"
	Count      string // the countdown: "4:05"

	Present      string   // how many came: "12"
	PresentLabel string   // under it: "present"
	Arrived      []string // who came, the newest first

	Rows []string // of Published: each stays one line

	Next   []Row   // what comes later
	Notice Picture // beside the text, when nobody is counted; of Published it is all there is
	Foot   Foot    // along the lower edge, before Arrived
}

// Row is one line of what comes later.
type Row struct{ When, Title string }

// Foot is a line along the lower edge.
type Foot struct {
	Text string
	Mood Mood
}

// Mood is how a line is meant.
type Mood int

// The moods.
const (
	Plain Mood = iota
	Good       // done: green, with a tick
	Bad        // not done, or in trouble: amber, with a triangle
)

// Picture is an image by somebody else. Another image must have another name:
// the name is how a change is noticed.
type Picture struct {
	Name  string
	Image image.Image
}

// Strip is a line over the film, at its upper edge: subtitles stand at the lower.
type Strip struct {
	Text  string
	Count string // a countdown after it, set apart
	Mood  Mood
	Alarm bool // an emergency: red, whatever the mood
}

// Drawing is a board or a strip that is laid out: a rectangle of the screen and
// what is drawn there.
type Drawing struct {
	Rect image.Rectangle // inside the screen
	Key  string          // drawings with equal keys look alike

	items []item
}

// Size limits: a screen smaller than a thumbnail or larger than 4K is none.
const (
	minSide   = 64
	maxWidth  = 4096
	maxHeight = 2304
)

// ErrSize means that there is no screen of this size.
var ErrSize = errors.New("no screen of this size")

func checkSize(size image.Point) error {
	if min(size.X, size.Y) < minSide || size.X > maxWidth || size.Y > maxHeight {
		return fmt.Errorf("screen of %d×%d: %w", size.X, size.Y, ErrSize)
	}
	return nil
}

// Painter lays boards out and draws them with one font. It is not safe for
// concurrent use.
type Painter struct{ c canvas }

// New returns a Painter.
func New(f *Font) *Painter { return &Painter{c: canvas{font: f}} }

// Board lays a board out for a screen of that size, moved by shift (see Shift),
// at most a few pixels. It covers the whole screen.
func (p *Painter) Board(b Board, size, shift image.Point) (d Drawing, err error) {
	defer recoverFont(&err)
	if err := checkSize(size); err != nil {
		return Drawing{}, err
	}
	l := newLayout(p.c.font, styleOf(b.Kind, b.Night), size, shift)
	l.board(b)
	return l.done(image.Rectangle{Max: size}), nil
}

// Strip lays a strip out for a film on a screen of that size.
func (p *Painter) Strip(s Strip, size image.Point) (d Drawing, err error) {
	defer recoverFont(&err)
	if err := checkSize(size); err != nil {
		return Drawing{}, err
	}
	l := newLayout(p.c.font, styleOf(Idle, false), size, image.Point{})
	return l.done(l.strip(s)), nil
}

// Draw draws into pix, which is clear and has 4·Rect.Dx() bytes a row and as many
// rows as Rect is high. It says how many characters the font did not have.
func (p *Painter) Draw(d Drawing, pix []byte) (missing int, err error) {
	defer recoverFont(&err)
	stride := 4 * d.Rect.Dx()
	if len(pix) < stride*d.Rect.Dy() {
		return 0, fmt.Errorf("drawing of %v: %d bytes are too few", d.Rect, len(pix))
	}
	p.c.img = &image.RGBA{Pix: pix, Stride: stride, Rect: d.Rect}
	p.c.missing = 0
	for _, it := range d.items {
		it.paint(&p.c)
	}
	p.c.img = nil
	return p.c.missing, nil
}

// recoverFont makes an error of a panic in the font decoder, which is not made
// for files that a failing card has damaged.
func recoverFont(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("drawing: %v", r)
	}
}
