package screen

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// canvas is where a drawing is made. Its bytes are B G R A, as mpv wants them, in
// the clothes of an image.RGBA, for which the standard library has fast ways: red
// and blue of every colour change places on the way in.
type canvas struct {
	img     *image.RGBA
	font    *Font
	rast    vector.Rasterizer
	mask    image.Alpha
	missing int
}

// bgra is a colour for the canvas, its alpha multiplied in.
func bgra(c color.NRGBA) color.RGBA {
	p := color.RGBAModel.Convert(c).(color.RGBA)
	return color.RGBA{R: p.B, G: p.G, B: p.R, A: p.A}
}

// item is one thing in a drawing. Items are plain data: two that print alike look
// alike.
type item interface{ paint(c *canvas) }

// fill is a rectangle, with round corners if round is above 0.
type fill struct {
	box   image.Rectangle
	round float64
	col   color.NRGBA
}

func (f fill) paint(c *canvas) {
	if f.round <= 0 {
		op := draw.Over
		if f.col.A == 0xff {
			op = draw.Src
		}
		draw.Draw(c.img, f.box, image.NewUniform(bgra(f.col)), image.Point{}, op)
		return
	}
	c.shape(f.box, f.col, func(p *path) { p.plate(f.box, f.round) })
}

// words is one line of text.
type words struct {
	box  image.Rectangle // nothing is drawn outside
	x, y float64         // of the pen at the start, on the base line
	em   float64
	text string
	col  color.NRGBA
	bold bool
}

func (w words) paint(c *canvas) {
	whole := c.img
	c.img = whole.SubImage(w.box).(*image.RGBA)
	x := w.x
	for _, r := range w.text {
		c.rune(r, x, w)
		x += c.font.width(r) * w.em
	}
	c.img = whole
}

// rune draws one character with the pen at x. A figure stands in the middle of
// its place, which is as wide as the widest figure's.
func (c *canvas) rune(r rune, x float64, w words) {
	g := c.font.index(r)
	if g == 0 {
		c.missing++
		c.box(r, x, w)
		return
	}
	segments, err := c.font.face.LoadGlyph(&c.font.buf, g, fixed.Int26_6(w.em*64+0.5), nil)
	if err != nil {
		c.missing++
		c.box(r, x, w)
		return
	}
	if r >= '0' && r <= '9' {
		x += (c.font.digit - c.font.measureRune(r)) * w.em / 2
		segments, _ = c.font.face.LoadGlyph(&c.font.buf, g, fixed.Int26_6(w.em*64+0.5), nil) // the buffer was used
	}
	b := segments.Bounds()
	// Regular strokes are thin for light letters on a dark ground at a distance.
	thick := w.em * 0.006
	if w.bold {
		thick = w.em * 0.013
	}
	at := image.Rect(int(math.Floor(x-thick))+b.Min.X.Floor(), int(math.Floor(w.y))+b.Min.Y.Floor(),
		int(math.Ceil(x+thick))+b.Max.X.Ceil(), int(math.Ceil(w.y))+b.Max.Y.Ceil())
	if most := int(4 * w.em); at.Dx() > most || at.Dy() > most {
		c.missing++ // a damaged glyph
		c.box(r, x, w)
		return
	}
	c.shape(at, w.col, func(p *path) {
		p.glyph(segments, x-thick, w.y)
		p.glyph(segments, x+thick, w.y)
	})
}

// box stands for a character that the font does not have.
func (c *canvas) box(r rune, x float64, w words) {
	t := max(w.em*0.05, 1)
	left, right := x+w.em*0.08, x+boxWidth(r)*w.em-w.em*0.08
	top, bottom := w.y-w.em*0.76, w.y
	at := image.Rect(int(left)-1, int(top)-1, int(right)+2, int(bottom)+2)
	c.shape(at, w.col, func(p *path) {
		p.rect(left, top, right, bottom)
		p.hole(left+t, top+t, right-t, bottom-t)
	})
}

// shape fills what outline draws in the colour; nothing is drawn outside of box.
func (c *canvas) shape(box image.Rectangle, col color.NRGBA, outline func(p *path)) {
	if box.Empty() || !box.Overlaps(c.img.Rect) {
		return
	}
	c.rast.Reset(box.Dx(), box.Dy())
	c.rast.DrawOp = draw.Src
	outline(&path{r: &c.rast, x: float64(box.Min.X), y: float64(box.Min.Y)})
	if n := box.Dx() * box.Dy(); cap(c.mask.Pix) < n {
		c.mask.Pix = make([]byte, n)
	} else {
		c.mask.Pix = c.mask.Pix[:n]
	}
	c.mask.Stride, c.mask.Rect = box.Dx(), image.Rect(0, 0, box.Dx(), box.Dy())
	c.rast.Draw(&c.mask, c.mask.Rect, image.Opaque, image.Point{})
	draw.DrawMask(c.img, box, image.NewUniform(bgra(col)), image.Point{}, &c.mask, image.Point{}, draw.Over)
}

// picture is somebody else's image, as large as fits into the box, in its middle.
type picture struct {
	box image.Rectangle
	of  Picture
}

// String stands for the image in the key of a drawing.
func (p picture) String() string { return fmt.Sprint(p.box, p.of.Name, p.of.Image.Bounds()) }

func (p picture) paint(c *canvas) {
	src := p.of.Image.Bounds()
	dst := inside(p.box, src.Dx(), src.Dy())
	if dst.Empty() {
		return
	}
	tmp := image.NewRGBA(image.Rect(0, 0, dst.Dx(), dst.Dy()))
	switch {
	case src.Dx() < dst.Dx():
		xdraw.NearestNeighbor.Scale(tmp, tmp.Rect, p.of.Image, src, draw.Src, nil) // a QR code keeps its edges
	case src.Dx()*src.Dy() <= 8<<20:
		xdraw.CatmullRom.Scale(tmp, tmp.Rect, p.of.Image, src, draw.Src, nil)
	default:
		xdraw.ApproxBiLinear.Scale(tmp, tmp.Rect, p.of.Image, src, draw.Src, nil) // its time does not grow with the source
	}
	for i := 0; i+3 < len(tmp.Pix); i += 4 {
		tmp.Pix[i], tmp.Pix[i+2] = tmp.Pix[i+2], tmp.Pix[i]
	}
	draw.Draw(c.img, dst, tmp, image.Point{}, draw.Over)
}

// inside is the largest rectangle of the proportion w to h in the middle of box.
func inside(box image.Rectangle, w, h int) image.Rectangle {
	if w <= 0 || h <= 0 || box.Empty() {
		return image.Rectangle{}
	}
	scale := min(float64(box.Dx())/float64(w), float64(box.Dy())/float64(h))
	dw, dh := max(int(float64(w)*scale), 1), max(int(float64(h)*scale), 1)
	at := box.Min.Add(image.Pt((box.Dx()-dw)/2, (box.Dy()-dh)/2))
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(dw, dh))}.Intersect(box)
}

// path draws outlines given on the screen into a rasterizer whose corner is at
// x, y.
type path struct {
	r    *vector.Rasterizer
	x, y float64
}

func (p *path) move(x, y float64) { p.r.MoveTo(float32(x-p.x), float32(y-p.y)) }
func (p *path) to(x, y float64)   { p.r.LineTo(float32(x-p.x), float32(y-p.y)) }

func (p *path) rect(x0, y0, x1, y1 float64) {
	p.move(x0, y0)
	p.to(x1, y0)
	p.to(x1, y1)
	p.to(x0, y1)
	p.r.ClosePath()
}

// hole is a rectangle the other way round, which takes away.
func (p *path) hole(x0, y0, x1, y1 float64) {
	p.move(x0, y0)
	p.to(x0, y1)
	p.to(x1, y1)
	p.to(x1, y0)
	p.r.ClosePath()
}

// arc draws from the pen on a circle; angles in radians, clockwise from 3 o'clock.
func (p *path) arc(cx, cy, radius, from, to float64) {
	const steps = 24
	for i := range steps + 1 {
		a := from + (to-from)*float64(i)/steps
		p.to(cx+radius*math.Cos(a), cy+radius*math.Sin(a))
	}
}

func (p *path) disc(cx, cy, radius float64) {
	p.move(cx+radius, cy)
	p.arc(cx, cy, radius, 0, 2*math.Pi)
	p.r.ClosePath()
}

func (p *path) ring(cx, cy, radius, thick float64) {
	p.disc(cx, cy, radius)
	p.move(cx+radius-thick, cy)
	p.arc(cx, cy, radius-thick, 2*math.Pi, 0)
	p.r.ClosePath()
}

// stroke is a straight line of some thickness with flat ends.
func (p *path) stroke(x0, y0, x1, y1, thick float64) {
	l := math.Hypot(x1-x0, y1-y0)
	if l == 0 {
		return
	}
	nx, ny := (y1-y0)/l*thick/2, -(x1-x0)/l*thick/2 // clockwise, like everything that fills
	p.move(x0+nx, y0+ny)
	p.to(x1+nx, y1+ny)
	p.to(x1-nx, y1-ny)
	p.to(x0-nx, y0-ny)
	p.r.ClosePath()
}

// plate is a rectangle with round corners.
func (p *path) plate(b image.Rectangle, round float64) {
	x0, y0, x1, y1 := float64(b.Min.X), float64(b.Min.Y), float64(b.Max.X), float64(b.Max.Y)
	round = min(round, (x1-x0)/2, (y1-y0)/2)
	p.move(x0, y0+round)
	p.arc(x0+round, y0+round, round, math.Pi, 1.5*math.Pi)
	p.arc(x1-round, y0+round, round, -0.5*math.Pi, 0)
	p.arc(x1-round, y1-round, round, 0, 0.5*math.Pi)
	p.arc(x0+round, y1-round, round, 0.5*math.Pi, math.Pi)
	p.r.ClosePath()
}

// glyph is the outline of a character with the pen at x, y.
func (p *path) glyph(segments sfnt.Segments, x, y float64) {
	at := func(q fixed.Point26_6) (float32, float32) {
		return float32(x - p.x + float64(q.X)/64), float32(y - p.y + float64(q.Y)/64)
	}
	for _, s := range segments {
		ax, ay := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			p.r.MoveTo(ax, ay)
		case sfnt.SegmentOpLineTo:
			p.r.LineTo(ax, ay)
		case sfnt.SegmentOpQuadTo:
			bx, by := at(s.Args[1])
			p.r.QuadTo(ax, ay, bx, by)
		case sfnt.SegmentOpCubeTo:
			bx, by := at(s.Args[1])
			dx, dy := at(s.Args[2])
			p.r.CubeTo(ax, ay, bx, by, dx, dy)
		}
	}
}
