package drm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// timing is a video timing of CTA-861; horizontal values are in pixels, vertical
// ones in lines. All of these have positive syncs and 16:9 pictures.
type timing struct {
	name                       string // as mpv and the kernel write it
	vic                        byte   // Video Identification Code
	kHz                        int    // pixel clock
	width, hFront, hSync, hRow int    // hRow is the whole row, blank included
	height, vFront, vSync, vol int    // vol is the whole picture, blank included
	hz                         int
}

var timings = []timing{
	{"1920x1080@50", 31, 148_500, 1920, 528, 44, 2640, 1080, 4, 5, 1125, 50},
	{"1920x1080@60", 16, 148_500, 1920, 88, 44, 2200, 1080, 4, 5, 1125, 60},
	{"1280x720@50", 19, 74_250, 1280, 440, 40, 1980, 720, 5, 5, 750, 50},
	{"1280x720@60", 4, 74_250, 1280, 110, 40, 1650, 720, 5, 5, 750, 60},
}

// Modes lists the modes that EDID knows.
func Modes() []string {
	var list []string
	for _, t := range timings {
		list = append(list, t.name)
	}
	return list
}

const block = 128 // bytes of a block of an EDID

var head = []byte{0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}

// ErrMode means that there is no EDID for a mode.
var ErrMode = errors.New("no such mode")

// EDID makes the EDID of an HDMI display that prefers mode, one of Modes, and takes
// the other ones too; with sound (LPCM, two channels) and the CEC address 1.0.0.0, as
// at the first socket of a TV. VESA E-EDID 1.3 with a block of CTA-861.
func EDID(mode string) ([]byte, error) {
	for _, t := range timings {
		if t.name == mode {
			return append(base(t), extension(t)...), nil
		}
	}
	return nil, fmt.Errorf("%q: %w", mode, ErrMode)
}

func base(t timing) []byte {
	b := make([]byte, 0, block)
	b = append(b, head...)
	b = append(b, 0x4c, 0x58)                              // maker "SBX", five bits a letter
	b = append(b, t.vic, 0, 0, 0, 0, 0, 1, 36)             // product, serial; week 1 of 1990 + 36
	b = append(b, 1, 3, 0x80, 93, 52, 120, 0x0e)           // E-EDID 1.3, digital, 93 × 52 cm, gamma 2.2, sRGB, prefers the first
	b = append(b, chroma[:]...)                            // of sRGB
	b = append(b, 0x20, 0, 0)                              // 640×480 at 60 Hz, which every one must take
	b = append(b, bytes.Repeat([]byte{1, 1}, 8)...)        // no standard timings
	b = append(b, detailed(t)...)                          // preferred
	b = append(b, text(0xfc, "Stationbox")...)             // name
	b = append(b, 0, 0, 0, 0xfd, 0, 49, 61, 30, 70, 15, 0) // 49…61 Hz, 30…70 kHz, to 150 MHz
	b = append(b, '\n', ' ', ' ', ' ', ' ', ' ', ' ')
	b = append(b, 0, 0, 0, 0x10) // no more
	b = append(b, make([]byte, 14)...)
	b = append(b, 1) // block follows
	return append(b, checksum(b))
}

// chroma are the colours of sRGB, ten bits each.
var chroma = [10]byte{0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54}

// detailed is a Detailed Timing Descriptor.
func detailed(t timing) []byte {
	hBlank, vBlank := t.hRow-t.width, t.vol-t.height
	b := binary.LittleEndian.AppendUint16(nil, uint16(t.kHz/10))
	const mmX, mmY = 930, 523
	return append(b,
		byte(t.width), byte(hBlank), byte(t.width>>8<<4|hBlank>>8),
		byte(t.height), byte(vBlank), byte(t.height>>8<<4|vBlank>>8),
		byte(t.hFront), byte(t.hSync), byte(t.vFront<<4|t.vSync), byte(t.hFront>>8<<6|t.hSync>>8<<4),
		mmX&0xff, mmY&0xff, mmX>>8<<4|mmY>>8, 0, 0, 0x1e) // separate syncs, both positive
}

// text is a descriptor of up to 13 letters.
func text(tag byte, s string) []byte {
	b := append([]byte{0, 0, 0, tag, 0}, s...)
	b = append(b, '\n')
	return append(b, bytes.Repeat([]byte{' '}, 18-len(b))...)
}

func extension(t timing) []byte {
	b := []byte{2, 3, 0, 0xc1} // CTA-861 revision 3, where timings begin, whole picture shown, basic sound, one native timing
	video := []byte{0x80 | t.vic}
	for _, o := range timings {
		if o.vic != t.vic {
			video = append(video, o.vic)
		}
	}
	b = append(append(b, 0x40|byte(len(video))), video...)
	b = append(b, 0x23, 0x09, 0x07, 0x01)             // LPCM, 2 channels, 32/44.1/48 kHz, 16 bits
	b = append(b, 0x83, 0x01, 0, 0)                   // front left and right
	b = append(b, 0x65, 0x03, 0x0c, 0x00, 0x10, 0x00) // HDMI, address 1.0.0.0
	b = append(b, 0xe2, 0, 0x6a)                      // whole picture shown always, RGB range selectable
	b[2] = byte(len(b))
	for _, o := range timings {
		if o.vic != t.vic && len(b)+18 < block {
			b = append(b, detailed(o)...)
		}
	}
	b = append(b, make([]byte, block-1-len(b))...)
	return append(b, checksum(b))
}

// checksum makes a block's sum 0.
func checksum(b []byte) (sum byte) {
	for _, v := range b {
		sum -= v
	}
	return sum
}

// CheckEDID says what is wrong with an EDID, such as one that was read from a display.
func CheckEDID(b []byte) error {
	switch {
	case len(b) < block || len(b)%block != 0 || len(b) > 256*block:
		return fmt.Errorf("an EDID of %d bytes; it has %d or a multiple of that", len(b), block)
	case !bytes.Equal(b[:len(head)], head):
		return errors.New("not an EDID: it does not begin with 00 ff ff ff ff ff ff 00")
	case len(b) != block*(1+int(b[126])):
		return fmt.Errorf("an EDID of %d blocks that says it has %d", len(b)/block, 1+int(b[126]))
	}
	for i := 0; i < len(b); i += block {
		if got := checksum(b[i : i+block]); got != 0 {
			return fmt.Errorf("block %d of the EDID has a wrong checksum", i/block)
		}
	}
	return nil
}
