package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The sample formats of a WAV file that matter here.
const (
	formatPCM        = 1
	formatFloat      = 3
	formatExtensible = 0xFFFE
)

// ParseWAV reads a RIFF WAVE file of one channel and 16 bits a sample. The
// length that the header names may be wrong, as after a recorder that lost its
// power: what is there is read.
func ParseWAV(data []byte) (Wave, error) {
	if len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE" {
		return Wave{}, errors.New("no WAV file: it does not begin with RIFF … WAVE")
	}
	var w Wave
	for rest := data[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:]
		end := min(size, int64(len(body)))
		switch name {
		case "fmt ":
			rate, err := format(body[:end])
			if err != nil {
				return Wave{}, err
			}
			w.Rate = float64(rate)
		case "data":
			return w.fill(body[:end])
		}
		end = min(end+size&1, int64(len(body)))
		rest = body[end:]
	}
	return Wave{}, errors.New("a WAV file without samples: no data chunk")
}

// format checks the fmt chunk and returns the sample rate.
func format(b []byte) (uint32, error) {
	if len(b) < 16 {
		return 0, fmt.Errorf("a damaged WAV file: its fmt chunk has %d bytes, not 16 or more", len(b))
	}
	kind, channels := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
	rate, bits := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint16(b[14:])
	if kind == formatExtensible && len(b) >= 26 {
		kind = binary.LittleEndian.Uint16(b[24:])
	}
	switch {
	case kind == formatFloat:
		return 0, errors.New("floating-point samples: convert the file to 16-bit PCM")
	case kind != formatPCM:
		return 0, fmt.Errorf("WAV format %d: only uncompressed PCM (1) is read", kind)
	case channels != 1:
		return 0, fmt.Errorf("%d channels: one is read; cut out the one with the mains voltage", channels)
	case bits != 16:
		return 0, fmt.Errorf("%d bits a sample: only 16 are read", bits)
	case rate == 0:
		return 0, errors.New("a damaged WAV file: 0 samples a second")
	}
	return rate, nil
}

func (w Wave) fill(b []byte) (Wave, error) {
	if w.Rate == 0 {
		return Wave{}, errors.New("a damaged WAV file: its samples come before their format")
	}
	if len(b) < 2 {
		return Wave{}, errors.New("a WAV file without samples: its data chunk is empty")
	}
	w.Samples = make([]int16, len(b)/2)
	for i := range w.Samples {
		w.Samples[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return w, nil
}
