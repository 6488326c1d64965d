package screen

import (
	"image"
	"image/color"
	"math"
)

// sign is a pictograph, for those who do not read from there.
type sign int

const (
	signNone sign = iota
	signClock
	signLamp
	signKeys
	signDone
	signPause
	signWarn
)

// mark draws a sign into a square.
type mark struct {
	box  image.Rectangle
	sign sign
	col  color.NRGBA
}

func (m mark) paint(c *canvas) {
	draw := [...]func(p *path, x, y, r float64){
		signNone:  func(*path, float64, float64, float64) {},
		signClock: drawClock, signLamp: drawLamp, signKeys: drawKeys, signDone: drawDone, signPause: drawPause, signWarn: drawWarn,
	}[m.sign]
	r := float64(min(m.box.Dx(), m.box.Dy())) / 2
	x, y := float64(m.box.Min.X+m.box.Max.X)/2, float64(m.box.Min.Y+m.box.Max.Y)/2
	c.shape(m.box, m.col, func(p *path) { draw(p, x, y, r) })
}

func drawClock(p *path, x, y, r float64) {
	p.ring(x, y, r, r*0.16)
	p.stroke(x, y+r*0.08, x, y-r*0.62, r*0.16)
	p.stroke(x-r*0.08, y, x+r*0.48, y, r*0.16)
}

func drawLamp(p *path, x, y, r float64) {
	p.disc(x, y, r*0.46)
	for i := range 8 {
		a := float64(i) * math.Pi / 4
		p.stroke(x+r*0.62*math.Cos(a), y+r*0.62*math.Sin(a), x+r*0.96*math.Cos(a), y+r*0.96*math.Sin(a), r*0.17)
	}
}

func drawKeys(p *path, x, y, r float64) {
	for i := range 9 {
		cx, cy := x+float64(i%3-1)*r*0.68, y+float64(i/3-1)*r*0.68
		h := r * 0.25
		p.rect(cx-h, cy-h, cx+h, cy+h)
	}
}

func drawDone(p *path, x, y, r float64) {
	p.ring(x, y, r, r*0.16)
	tick(p, x, y, r)
}

// tick is a check mark as one outline.
func tick(p *path, x, y, r float64) {
	p.move(x-r*0.55, y-r*0.02)
	p.to(x-r*0.39, y-r*0.18)
	p.to(x-r*0.12, y+r*0.10)
	p.to(x+r*0.40, y-r*0.42)
	p.to(x+r*0.56, y-r*0.26)
	p.to(x-r*0.12, y+r*0.42)
	p.r.ClosePath()
}

func drawPause(p *path, x, y, r float64) {
	p.ring(x, y, r, r*0.16)
	p.rect(x-r*0.36, y-r*0.42, x-r*0.12, y+r*0.42)
	p.rect(x+r*0.12, y-r*0.42, x+r*0.36, y+r*0.42)
}

// drawWarn is the triangle of ISO 7010 W001: the mark is a hole in it.
func drawWarn(p *path, x, y, r float64) {
	p.move(x, y-r*0.92)
	p.to(x+r, y+r*0.82)
	p.to(x-r, y+r*0.82)
	p.r.ClosePath()
	p.hole(x-r*0.11, y-r*0.36, x+r*0.11, y+r*0.30)
	p.hole(x-r*0.11, y+r*0.44, x+r*0.11, y+r*0.64)
}
