package power

import "math"

// The ring is long enough for ten cycles at 44 Hz.
const (
	ringSamples = 4096
	ringMask    = ringSamples - 1
)

// recorder keeps the newest half second. Samples that were lost, or came before
// the first one, are zero.
type recorder struct {
	ring [ringSamples]int16
	pos  int64
}

func (r *recorder) skip(samples int) {
	for range min(samples, ringSamples) {
		r.ring[r.pos&ringMask] = 0
		r.pos++
	}
	r.pos += int64(max(0, samples-ringSamples))
}

// add takes the samples that end at pos.
func (r *recorder) add(samples *[FrameSamples]int16, pos int64) {
	r.pos = pos - FrameSamples
	for _, v := range samples {
		r.ring[r.pos&ringMask] = v
		r.pos++
	}
}

// Picture is what the last ten cycles looked like.
type Picture struct {
	PeakMV int32 // highest voltage, either way
	THD    int32 // everything but the fundamental and DC, in 1/1000 of the fundamental
	MHz    int32
}

// spectrum looks at ten cycles at a time.
type spectrum struct {
	have  int // samples since the last look
	known bool
	pic   Picture
}

// Picture returns the newest picture, and false while the frequency is not
// known or the wave is too small to be judged.
func (q *Quality) Picture() (Picture, bool) { return q.lines.pic, q.lines.known }

// add looks when ten cycles have come. The look takes microseconds, five times
// a second.
func (s *spectrum) add(r *recorder, d *Detector) {
	s.have += FrameSamples
	length := int(10 * d.freq.period / fine)
	if s.have < length {
		return
	}
	s.have = 0
	mhz, known := d.MilliHertz()
	if s.known = known && d.n >= history; !s.known {
		return
	}
	s.look(r, length, 2*math.Pi*fine/float64(d.freq.period), d)
	s.pic.MHz = mhz
}

// look fits DC and the fundamental under a Hann window, which hides that the ten
// cycles are no whole number of samples, and calls the rest distortion.
func (s *spectrum) look(r *recorder, length int, angle float64, d *Detector) {
	var dc, re, im, weight float64
	peak := 0
	from := r.pos - int64(length)
	hann, turn := newTurn(2*math.Pi/float64(length)), newTurn(angle)
	for i := range length {
		v := int(r.ring[(from+int64(i))&ringMask])
		peak = max(peak, v, -v)
		w := (1 - hann.re) * float64(v)
		dc, re, im, weight = dc+w, re+w*turn.re, im+w*turn.im, weight+1-hann.re
		hann.step()
		turn.step()
	}
	dc, re, im = dc/weight, 2*re/weight, 2*im/weight
	var rest float64
	hann, turn = newTurn(2*math.Pi/float64(length)), newTurn(angle)
	for i := range length {
		e := float64(r.ring[(from+int64(i))&ringMask]) - dc - re*turn.re - im*turn.im
		rest += (1 - hann.re) * e * e
		hann.step()
		turn.step()
	}
	first := (re*re + im*im) / 2
	s.pic.PeakMV = d.millivolts(uint64(peak)*uint64(peak), 1)
	if s.known = first > zeroBelow*zeroBelow; s.known {
		s.pic.THD = int32(1000*math.Sqrt(rest/weight/first) + 0.5)
	}
}

// turn is a pointer that turns by the same angle at each step.
type turn struct{ re, im, cos, sin float64 }

func newTurn(angle float64) turn {
	sin, cos := math.Sincos(angle)
	return turn{re: 1, cos: cos, sin: sin}
}

func (t *turn) step() { t.re, t.im = t.re*t.cos-t.im*t.sin, t.im*t.cos+t.re*t.sin }
