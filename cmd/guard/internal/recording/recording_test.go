package recording_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/cmd/guard/internal/recording"
)

// wav makes a WAV file as common recorders write it.
func wav(kind, channels uint16, rate uint32, bits uint16, samples []int16) []byte {
	var b bytes.Buffer
	put := func(v any) {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
	}
	b.WriteString("RIFF")
	put(uint32(36 + 2*len(samples)))
	b.WriteString("WAVEfmt ")
	put(uint32(16))
	put(kind)
	put(channels)
	put(rate)
	put(rate * uint32(channels) * uint32(bits) / 8)
	put(channels * bits / 8)
	put(bits)
	b.WriteString("LIST\x03\x00\x00\x00abc\x00") // an odd chunk is padded
	b.WriteString("data")
	put(uint32(2 * len(samples)))
	put(samples)
	return b.Bytes()
}

func sine(rate, hz, amplitude float64, n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/rate)))
	}
	return out
}

func TestWAV(t *testing.T) {
	want := []int16{0, 1, -1, 32767, -32768}
	w, err := recording.ParseWAV(wav(1, 1, 8000, 16, want))
	if err != nil || w.Rate != 8000 || fmt.Sprint(w.Samples) != fmt.Sprint(want) {
		t.Errorf("%v, %v", w, err)
	}
	cut := wav(1, 1, 8000, 16, want)
	if w, err := recording.ParseWAV(cut[:len(cut)-3]); err != nil || len(w.Samples) != 3 {
		t.Errorf("a file cut short: %v, %v", w, err)
	}
}

func TestWAVRefused(t *testing.T) {
	some := []int16{1, 2}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "no WAV file"},
		{"text", []byte("hello, this is no recording"), "no WAV file"},
		{"stereo", wav(1, 2, 8000, 16, some), "2 channels"},
		{"8 bits", wav(1, 1, 8000, 8, some), "8 bits"},
		{"float", wav(3, 1, 8000, 32, some), "floating-point"},
		{"A-law", wav(6, 1, 8000, 16, some), "format 6"},
		{"no samples", wav(1, 1, 8000, 16, nil), "empty"},
		{"no rate", wav(1, 1, 0, 16, some), "0 samples"},
		{"no data", wav(1, 1, 8000, 16, nil)[:40], "no data chunk"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := recording.ParseWAV(tt.data)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOtherRates: what is resampled is the same wave at 8000 samples a second.
func TestOtherRates(t *testing.T) {
	for _, rate := range []int{4000, 6400, 7200, 12800, 44100, 48000, 96000} {
		path := write(t, "a.wav", wav(1, 1, uint32(rate), 16, sine(float64(rate), 50, 12000, rate)))
		w, err := recording.Load(path, 800, 0)
		if err != nil || w.Rate != 8000 || len(w.Samples) < 7999 {
			t.Fatalf("%d: %v samples, %v", rate, len(w.Samples), err)
		}
		want := sine(8000, 50, 12000, 8000)
		for i := 100; i < 7900; i++ {
			if d := int(w.Samples[i]) - int(want[i]); d > 12 || d < -12 {
				t.Fatalf("%d: sample %d is %d; want %d", rate, i, w.Samples[i], want[i])
			}
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	slow := write(t, "a.wav", wav(1, 1, 1000, 16, []int16{1, 2, 3}))
	normal := write(t, "a.wav", wav(1, 1, 8000, 16, []int16{1, 2, 3}))
	for path, want := range map[string]string{
		slow:                     "1000 samples a second: only",
		filepath.Dir(slow):       "a folder",
		slow + ".cfg":            "a.wav.cfg is not there",
		filepath.Join(slow, "x"): "x: ",
	} {
		if _, err := recording.Load(path, 800, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q", err, want)
		}
	}
	if _, err := recording.Load(normal, 800, 16000); err == nil || !strings.Contains(err.Error(), "give -rate 8000") {
		t.Errorf("another rate than the file's: %v", err)
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(wav(1, 1, 8000, 16, []int16{1, -2, 3}))
	f.Add(wav(3, 2, 44100, 32, nil))
	f.Add([]byte("RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := recording.ParseWAV(data)
		if err == nil && (w.Rate <= 0 || len(w.Samples) == 0 || 2*len(w.Samples) > len(data)) {
			t.Errorf("rate %v, %d samples of %d bytes", w.Rate, len(w.Samples), len(data))
		}
	})
}
