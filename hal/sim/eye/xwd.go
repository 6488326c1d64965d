package eye

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
)

// layout is what the header of an X window dump says of its pixels. Only what
// Xvfb writes for a 24-bit screen is understood: 32 bits a pixel, true colour.
//
//	bytes 0..99  25 big-endian u32: header size, version 7, pixmap format 2,
//	             depth, width, height, x offset, byte order (0 = least first),
//	             bitmap unit, bitmap bit order, bitmap pad, bits per pixel,
//	             bytes per line, visual class, red, green, blue mask,
//	             bits per rgb, colormap entries, colours, …
//	then         a name up to the header size, 12 bytes a colour, the pixels
//
// Source: X11/XWDFile.h.
type layout struct {
	width, height, stride int
	offset                int // of the first pixel in the file
}

const (
	headerLen = 100
	colorLen  = 12
	maxSide   = 8192
)

// parseHeader reads the header of a dump of size bytes.
func parseHeader(b []byte, size int64) (layout, error) {
	if len(b) < headerLen {
		return layout{}, errors.New("screen dump: shorter than its header")
	}
	field := func(i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }
	if v := field(1); v != 7 {
		return layout{}, fmt.Errorf("screen dump: version %d, not 7", v)
	}
	if field(7) != 0 || field(11) != 32 || field(14) != 0xff0000 || field(15) != 0xff00 || field(16) != 0xff {
		return layout{}, errors.New("screen dump: not 32 bits of blue, green, red a pixel")
	}
	width, height, stride := field(4), field(5), field(12)
	if width == 0 || height == 0 || width > maxSide || height > maxSide || stride < 4*width || stride > 8*maxSide {
		return layout{}, fmt.Errorf("screen dump: impossible size %d x %d, %d bytes a line", width, height, stride)
	}
	offset := int64(field(0)) + colorLen*int64(field(19))
	if offset < headerLen || offset+int64(stride)*int64(height) > size {
		return layout{}, errors.New("screen dump: shorter than its pixels")
	}
	return layout{width: int(width), height: int(height), stride: int(stride), offset: int(offset)}, nil
}

// copyImage makes a picture of the dump b.
func (l layout) copyImage(b []byte) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, l.width, l.height))
	for y := range l.height {
		src := b[l.offset+y*l.stride:][:4*l.width]
		dst := img.Pix[y*img.Stride:][:4*l.width]
		for x := 0; x < len(src); x += 4 {
			dst[x], dst[x+1], dst[x+2], dst[x+3] = src[x+2], src[x+1], src[x], 0xff
		}
	}
	return img
}
