package power

import "time"

// The rings of the black box. The wave ring is longer than the 400 ms that are
// kept, the curves are longer than what is kept of them.
const (
	ringFrames = 256 // 640 ms
	fineBin    = int64(20 * time.Millisecond / FrameTime)
	coarseBin  = int64(200 * time.Millisecond / FrameTime)
	ringBins   = 512
)

// What a place of the wave ring holds.
const (
	frameMissing = iota // never came, or said itself that it is worthless
	frameHere
	frameAfterLoss // here, but some samples before it were lost, nobody knows how many
)

// waveRing keeps the newest frames of the stream. Its time is counted in frames,
// those that never came included.
type waveRing struct {
	frames [ringFrames][FrameSamples]int16
	kind   [ringFrames]uint8
	pos    int64 // frames since the start
}

func (r *waveRing) add(f *Frame) {
	i := r.pos % ringFrames
	r.frames[i], r.kind[i] = f.Samples, frameHere
	switch {
	case f.Failed:
		r.kind[i] = frameMissing
	case f.Overrun:
		r.kind[i] = frameAfterLoss
	}
	r.pos++
}

// skip notes frames that never came.
func (r *waveRing) skip(frames int64) {
	for n := r.pos + max(0, frames-ringFrames); n < r.pos+frames; n++ {
		r.kind[n%ringFrames] = frameMissing
	}
	r.pos += frames
}

// look returns the kind of frame n, and its samples when they are here.
func (r *waveRing) look(n int64) (*[FrameSamples]int16, uint8) {
	if n < 0 || n >= r.pos || n < r.pos-ringFrames {
		return nil, frameMissing
	}
	i := n % ringFrames
	return &r.frames[i], r.kind[i]
}

// bin is the lowest and the highest rms of a moment, in 0.1 V; unknownBin is
// both when nothing is known.
type bin struct{ lo, hi int16 }

const unknownBin = -1

// curve keeps the newest bins, each of every frames.
type curve struct {
	every int64
	bins  [ringBins]bin
	at    int64 // the newest bin
}

func newCurve(every int64) curve {
	c := curve{every: every, at: -1}
	for i := range c.bins {
		c.bins[i] = bin{unknownBin, unknownBin}
	}
	return c
}

// reach makes the bin of frame the newest one; those between are unknown.
func (c *curve) reach(frame int64) {
	n := frame / c.every
	for i := max(c.at+1, n-ringBins+1); i <= n; i++ {
		c.bins[i%ringBins] = bin{unknownBin, unknownBin}
	}
	c.at = n
}

// add takes the rms in mV at frame.
func (c *curve) add(frame int64, mv int32) {
	c.reach(frame)
	v := int16(min(max(0, (mv+50)/100), 32767))
	b := &c.bins[c.at%ringBins]
	if b.lo == unknownBin {
		*b = bin{v, v}
		return
	}
	b.lo, b.hi = min(b.lo, v), max(b.hi, v)
}

// copyTo fills into with the bins from number from on.
func (c *curve) copyTo(into []bin, from int64) {
	for i := range into {
		n := from + int64(i)
		into[i] = bin{unknownBin, unknownBin}
		if n >= 0 && n <= c.at && n > c.at-ringBins {
			into[i] = c.bins[n%ringBins]
		}
	}
}
