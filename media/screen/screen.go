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
// A board comes as parts: the ground with everything that stands, and the few
// things that move (clock, countdown, who came), so that a second that passes
// costs one small drawing.
package screen

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
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

	Next   []Row   // what comes later
	Notice Picture // beside the text, when nobody is counted
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

// The numbers of the parts. A higher one lies above a lower one.
const (
	PartGround = iota
	PartClock
	PartCount
	PartPresent
	PartFoot
	PartStrip
	Parts // how many there are
)

// Part is a rectangle of the screen and what is drawn there.
type Part struct {
	ID   int
	Rect image.Rectangle // inside the screen
	Key  string          // parts with equal keys look alike

	ground color.NRGBA
	items  []item
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
// at most a few pixels. The parts come in their order, the ground first; those
// whose text is empty are left out.
func (p *Painter) Board(b Board, size, shift image.Point) (parts []Part, err error) {
	defer recoverFont(&err)
	if err := checkSize(size); err != nil {
		return nil, err
	}
	l := newLayout(p.c.font, styleOf(b.Kind, b.Night), size, shift)
	l.board(b)
	return l.parts(), nil
}

// Strip lays a strip out for a film on a screen of that size.
func (p *Painter) Strip(s Strip, size image.Point) (part Part, err error) {
	defer recoverFont(&err)
	if err := checkSize(size); err != nil {
		return Part{}, err
	}
	l := newLayout(p.c.font, styleOf(Idle, false), size, image.Point{})
	return l.strip(s), nil
}

// Draw draws a part into pix, which has 4·Rect.Dx() bytes a row and as many rows
// as Rect is high. It says how many characters the font did not have.
func (p *Painter) Draw(part Part, pix []byte) (missing int, err error) {
	defer recoverFont(&err)
	stride := 4 * part.Rect.Dx()
	if len(pix) < stride*part.Rect.Dy() {
		return 0, fmt.Errorf("part %d: %d bytes are too few for %v", part.ID, len(pix), part.Rect)
	}
	p.c.img = &image.RGBA{Pix: pix, Stride: stride, Rect: part.Rect}
	p.c.missing = 0
	draw.Draw(p.c.img, part.Rect, image.NewUniform(bgra(part.ground)), image.Point{}, draw.Src)
	for _, it := range part.items {
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
