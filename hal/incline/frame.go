package incline

import "encoding/binary"

// The frames.
const (
	frameSize  = 11
	frameStart = 0x55
	kindAcc    = 0x51
	kindAngle  = 0x53
	kindFirst  = 0x50
	kindLast   = 0x5F
)

// frame is one frame whose sum is right.
type frame struct {
	kind   byte
	values [4]int16
}

// next returns the first frame in b and where it ends, 0 without one. Bytes that
// are no frame are passed over one by one, because a start byte may stand within
// a frame.
func next(b []byte) (f frame, end int) {
	for i := 0; i+frameSize <= len(b); i++ {
		c := b[i : i+frameSize]
		if c[0] != frameStart || c[1] < kindFirst || c[1] > kindLast || sum(c[:frameSize-1]) != c[frameSize-1] {
			continue
		}
		f.kind = c[1]
		for j := range f.values {
			f.values[j] = int16(binary.LittleEndian.Uint16(c[2+2*j:]))
		}
		return f, i + frameSize
	}
	return frame{}, 0
}

func sum(b []byte) (s byte) {
	for _, x := range b {
		s += x
	}
	return s
}

// near is how much an angle may change from one frame to the next, 0.1 s later,
// to be believed: 10° in 100 ms. The sum has eight bits only, so one frame in 256
// damaged ones looks right.
const near = halfTurn / 18

// agreed looks for two frames of angles in a row that agree. Then it returns the
// later, with the last acceleration before its end, and n > 0. Other says that there
// were any frames at all.
func agreed(b []byte) (r raw, other bool, n int) {
	var last *frame
	for {
		f, end := next(b[n:])
		if end == 0 {
			return raw{}, other, 0
		}
		n += end
		other = true
		switch f.kind {
		case kindAcc:
			copy(r.acc[:], f.values[:3])
			r.temp, r.felt = f.values[3], true
		case kindAngle:
			if last != nil && f.closeTo(*last) {
				r.roll, r.pitch, r.yaw = f.values[0], f.values[1], f.values[2]
				return r, true, n
			}
			last = &f
		}
	}
}

// closeTo says whether all three angles are near those of g, around the turn.
func (f frame) closeTo(g frame) bool {
	for i := range 3 {
		if d := int(f.values[i] - g.values[i]); d > near || d < -near {
			return false
		}
	}
	return true
}
