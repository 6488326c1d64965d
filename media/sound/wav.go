package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxWAV is the size of ten minutes of stereo.
const maxWAV = 600*Rate*4 + 4096

var errNotWAV = errors.New("not a WAV file")

// Decode reads a WAV file of 48 kHz, 16 bit, mono or stereo (mixed to mono):
//
//	"RIFF" size32 "WAVE" { id[4] size32 data … pad to even }
//	"fmt " : format16=1 channels16 rate32 bytes/s32 block16 bits16
//
// all little endian (Multimedia Programming Interface and Data Specifications
// 1.0, Microsoft and IBM 1991, p. 56). A data chunk that is cut off or has no
// length yet is read to the end of the file.
func Decode(b []byte) (Clip, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, errNotWAV
	}
	channels := 0
	for rest := b[12:]; len(rest) >= 8; {
		id, size := string(rest[:4]), int(binary.LittleEndian.Uint32(rest[4:8]))
		body := rest[8:]
		body = body[:min(size, len(body))]
		switch id {
		case "fmt ":
			n, err := format(body)
			if err != nil {
				return nil, err
			}
			channels = n
		case "data":
			if channels == 0 {
				return nil, fmt.Errorf("%w: data before format", errNotWAV)
			}
			return samples(body, channels), nil
		}
		rest = rest[8+len(body):]
		if size%2 == 1 && len(rest) > 0 {
			rest = rest[1:]
		}
	}
	return nil, fmt.Errorf("%w: no data in it", errNotWAV)
}

// format returns the number of channels when it is a format we play.
func format(b []byte) (int, error) {
	if len(b) < 16 {
		return 0, fmt.Errorf("%w: format of %d bytes", errNotWAV, len(b))
	}
	kind, channels := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
	rate, bits := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint16(b[14:])
	if (kind != 1 && kind != 0xFFFE) || channels < 1 || channels > 2 || rate != Rate || bits != 16 {
		return 0, fmt.Errorf("WAV of kind %d, %d channels, %d Hz, %d bits; wanted is 48000 Hz, 16 bits, mono or stereo "+
			"(ffmpeg -i IN -ac 1 -ar 48000 -c:a pcm_s16le OUT.wav)", kind, channels, rate, bits)
	}
	return channels, nil
}

func samples(b []byte, channels int) Clip {
	step := 2 * channels
	c := make(Clip, len(b)/step)
	for i := range c {
		at := b[i*step:]
		v := int(int16(binary.LittleEndian.Uint16(at)))
		if channels == 2 {
			v = (v + int(int16(binary.LittleEndian.Uint16(at[2:])))) / 2
		}
		c[i] = int16(v)
	}
	return c
}
