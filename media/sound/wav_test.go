package sound_test

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"stationbox/media/sound"
)

// wave is a WAV file with a sine of half the full scale.
func wave(channels int, hz, seconds float64) []byte {
	n := int(seconds*sound.Rate) * channels
	data := make([]byte, 0, 2*n)
	for i := range n {
		v := int16(math.MaxInt16 / 2 * math.Sin(2*math.Pi*hz*float64(i/channels)/sound.Rate))
		data = binary.LittleEndian.AppendUint16(data, uint16(v))
	}
	return riff(channels, sound.Rate, 16, data)
}

func riff(channels, rate, bits int, data []byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVELIST\x03\x00\x00\x00odd\x00fmt \x10\x00\x00\x00\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	b = binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(len(data)))
	return append(b, data...)
}

func TestDecode(t *testing.T) {
	good := wave(1, 1000, 0.05)
	tests := []struct {
		name string
		in   []byte
		want time.Duration // < 0: refused
	}{
		{"mono", good, 50 * time.Millisecond},
		{"stereo", wave(2, 1000, 0.05), 50 * time.Millisecond},
		{"cut off", good[:len(good)-480], 45 * time.Millisecond},
		{"no samples", riff(1, sound.Rate, 16, nil), 0},
		{"other rate", riff(1, 44100, 16, nil), -1},
		{"other width", riff(1, sound.Rate, 24, nil), -1},
		{"five channels", riff(5, sound.Rate, 16, nil), -1},
		{"no data", good[:50], -1},
		{"text", []byte("这不是声音,没有声音"), -1},
		{"empty", nil, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := sound.Decode(tt.in)
			if (err != nil) != (tt.want < 0) {
				t.Fatal(err)
			}
			if err == nil && c.Length() != tt.want {
				t.Errorf("%v long, want %v", c.Length(), tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(wave(1, 1000, 0.001))
	f.Add(wave(2, 1000, 0.001)[:60])
	f.Add(riff(5, 44100, 24, nil))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := sound.Decode(b); err == nil && len(c) > len(b) {
			t.Errorf("%d samples out of %d bytes", len(c), len(b))
		}
	})
}
