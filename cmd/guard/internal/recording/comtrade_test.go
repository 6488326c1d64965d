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

// station is a record of a current, a voltage in kV and 17 digital channels, as
// the 1999 edition writes it.
func station(kind string, samples int) string {
	var b strings.Builder
	b.WriteString("village,feeder 3,1999\r\n19,2A,17D\r\n")
	b.WriteString("1,Ia,A,,A,0.01,0,0,-32767,32767,100,5,S\r\n")
	b.WriteString("2,Ua,A,,kV,0.00002,0.001,0,-32767,32767,220,220,P\r\n")
	for i := range 17 {
		fmt.Fprintf(&b, "%d,D%d,,,0\r\n", i+1, i)
	}
	fmt.Fprintf(&b, "50\r\n1\r\n8000,%d\r\n", samples)
	b.WriteString("23/11/2026,08:00:00.000000\r\n23/11/2026,08:00:00.100000\r\n" + kind + "\r\n1\r\n")
	return b.String()
}

const asciiData = "1,0,5,1000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\r\n2,125,6,-1000,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\r\n\x1a"

func TestCOMTRADE(t *testing.T) {
	binaryData := func(value func(b *bytes.Buffer, v float64)) []byte {
		var b bytes.Buffer
		for i, v := range []float64{1000, -1000} {
			_ = binary.Write(&b, binary.LittleEndian, [2]uint32{uint32(i + 1), uint32(125 * i)})
			value(&b, 5)
			value(&b, v)
			b.Write(make([]byte, 4))
		}
		return b.Bytes()
	}
	tests := []struct {
		kind string
		dat  []byte
	}{
		{"ASCII", []byte(asciiData)},
		{"BINARY", binaryData(func(b *bytes.Buffer, v float64) { _ = binary.Write(b, binary.LittleEndian, int16(v)) })},
		{"BINARY32", binaryData(func(b *bytes.Buffer, v float64) { _ = binary.Write(b, binary.LittleEndian, int32(v)) })},
		{"FLOAT32", binaryData(func(b *bytes.Buffer, v float64) { _ = binary.Write(b, binary.LittleEndian, float32(v)) })},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			w, err := recording.ParseCOMTRADE([]byte(station(tt.kind, 2)), tt.dat, 800)
			if err != nil || w.Rate != 8000 || len(w.Samples) != 2 {
				t.Fatalf("%+v, %v", w, err)
			}
			for i, volts := range []float64{21, -19} { // 0.02 V × 1000 + 1 V
				if want := int16(math.Round(volts * 32768 / 800)); w.Samples[i] != want {
					t.Errorf("sample %d is %d; want %d", i, w.Samples[i], want)
				}
			}
		})
	}
}

func TestCOMTRADERefused(t *testing.T) {
	good := station("ASCII", 2)
	tests := []struct {
		name, cfg, dat, want string
	}{
		{"empty", "", "", "too few"},
		{"no counts", strings.Replace(good, "19,2A,17D", "19,xA,17D", 1), "", "no numbers of channels"},
		{"cut", good[:90], "", "too few"},
		{"no voltage", strings.Replace(good, "kV", "kA", 1), "", "V or kV"},
		{"two rates", strings.Replace(good, "50\r\n1\r\n", "50\r\n2\r\n", 1), "", "exactly one"},
		{"no rate", strings.Replace(good, "8000,", "0,", 1), "", "no sample rate"},
		{"another kind", strings.Replace(good, "ASCII", "MORSE", 1), "", `kind "MORSE"`},
		{"short line", good, "1,0,5\r\n", "has 3 fields, not 21"},
		{"no number", good, strings.Replace(asciiData, "-1000", "x", 1), `line 2 of the dat file: "x" is no number`},
		{"no samples", good, "", "no samples"},
		{"half a record", strings.Replace(good, "ASCII", "BINARY", 1), "12345678901234567", "1 are over"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := recording.ParseCOMTRADE([]byte(tt.cfg), []byte(tt.dat), 800)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
}

// TestCOMTRADEFiles: either of the two names opens the record.
func TestCOMTRADEFiles(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"sag.cfg": station("ASCII", 2), "sag.dat": asciiData} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"sag.cfg", "sag.dat"} {
		if w, err := recording.Load(filepath.Join(dir, name), 800, 8000); err != nil || len(w.Samples) != 2 {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
}

func FuzzCOMTRADE(f *testing.F) {
	for _, kind := range []string{"ASCII", "BINARY", "BINARY32", "FLOAT32"} {
		f.Add([]byte(station(kind, 2)), []byte(asciiData))
	}
	f.Add([]byte("a\n1,1A,0D\n1,U,,,V,1,0\n50\n1\n8000,1\nd\nd\nASCII\n"), []byte("1,0,7\n"))
	f.Fuzz(func(t *testing.T, cfg, dat []byte) {
		w, err := recording.ParseCOMTRADE(cfg, dat, 800)
		if err == nil && (w.Rate <= 0 || len(w.Samples) == 0 || len(w.Samples) > len(dat)) {
			t.Errorf("rate %v, %d samples of %d bytes", w.Rate, len(w.Samples), len(dat))
		}
	})
}
