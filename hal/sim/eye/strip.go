package eye

// The frame strip of a lesson clip: 16 blocks along the bottom edge of the
// picture, 1/16 of its width each and 8 lines high where the picture has 540.
// Block k, from the left, is white when bit k of the Gray code of the frame
// number is 1; the two rightmost blocks are always black and white, as marks.
//
//	k   0    1    2   …   13    14     15
//	   bit0 bit1 bit2 …  bit13 black  white
const (
	stripBlocks = 16
	stripBits   = 14
	// FrameRange is the number of frames after which the strip begins again.
	FrameRange = 1 << stripBits
)

// Levels that a block must pass to be white or black; between them the picture
// is not a strip. Video coding and studio levels stay well outside.
const (
	blackMost  = 80
	whiteLeast = 176
)

// readStrip returns the frame number in the strip of the dump b, or false when
// there is no strip at the bottom edge.
func (l layout) readStrip(b []byte) (int, bool) {
	gray := 0
	for k := range stripBlocks {
		switch level := l.blockLevel(b, k); {
		case level >= whiteLeast:
			gray |= 1 << k
		case level > blackMost:
			return 0, false
		}
	}
	if gray>>stripBits != 2 {
		return 0, false
	}
	return fromGray(gray & (FrameRange - 1)), true
}

// blockLevel averages the green of nine pixels around the middle of block k.
func (l layout) blockLevel(b []byte, k int) int {
	x0 := (2*k + 1) * l.width / (2 * stripBlocks)
	y0 := l.height - max(l.height*4/540, 2)
	dx := max(l.width/stripBlocks/4, 1)
	sum := 0
	for dy := -1; dy <= 1; dy++ {
		for _, x := range [3]int{x0 - dx, x0, x0 + dx} {
			sum += int(b[l.offset+(y0+dy)*l.stride+4*x+1])
		}
	}
	return sum / 9
}

func fromGray(g int) int {
	n := 0
	for ; g > 0; g >>= 1 {
		n ^= g
	}
	return n
}
