package modbus

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"stationbox/hal"
)

// goldenFrame is one line of testdata/frames.txt.
type goldenFrame struct {
	name          string
	request, back []byte
}

func goldenFrames(t testing.TB) map[string]goldenFrame {
	t.Helper()
	text, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]goldenFrame{}
	for line := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		if len(parts) != 3 || strings.HasPrefix(line, "#") {
			continue
		}
		g := goldenFrame{strings.TrimSpace(parts[0]), unhex(t, parts[1]), unhex(t, parts[2])}
		all[g.name] = g
	}
	return all
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRequestsAreGolden(t *testing.T) {
	golden := goldenFrames(t)
	for name, got := range map[string][]byte{
		"read all of unit 1":   request(1, fnReadInput, 0, 10),
		"read all of any unit": request(AnyUnit, fnReadInput, 0, 10),
		"alarm at 2300 W":      request(1, fnWriteSingle, 1, 2300),
		"new address 16":       request(1, fnWriteSingle, 2, 16),
		"reset energy":         seal([]byte{1, fnResetEnergy}),
		"holding of JSY meter": request(1, fnReadHolding, 0x48, 10),
		"read of SDM meter":    request(1, fnReadInput, 0, 2),
		"read of DDSU meter":   request(1, fnReadHolding, 0x2000, 16),
	} {
		if want := golden[name].request; !bytes.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s: % X, want % X", name, got, want)
		}
	}
}

func TestScan(t *testing.T) {
	good := goldenFrames(t)["read of SDM meter"].back
	bad := bytes.Clone(good)
	bad[4] ^= 1
	r := reply{unit: 1, fn: fnReadInput, size: 9}
	for _, c := range []struct {
		name string
		r    reply
		b    []byte
		n    int
		err  error
	}{
		{"nothing yet", r, nil, 0, nil},
		{"one byte", r, good[:1], 0, nil},
		{"all but one", r, good[:8], 0, nil},
		{"whole", r, good, 9, nil},
		{"whole and more", r, append(bytes.Clone(good), 0), 9, nil},
		{"any unit answers as itself", reply{AnyUnit, fnReadInput, 9}, good, 9, nil},
		{"another unit", reply{2, fnReadInput, 9}, good, 0, hal.ErrGarbled},
		{"another function", reply{1, fnReadHolding, 9}, good, 0, hal.ErrGarbled},
		{"another count", reply{1, fnReadInput, 25}, good, 0, hal.ErrGarbled},
		{"check sum", r, bad, 0, hal.ErrGarbled},
		{"exception comes in pieces", r, []byte{1, 0x84, 2}, 0, nil},
		{"exception", r, []byte{1, 0x84, 2, 0xC2, 0xC1}, 0, hal.ErrRefused},
		{"exception with a bad check sum", r, []byte{1, 0x84, 2, 0xC2, 0xC2}, 0, hal.ErrGarbled},
		{"reset refused", reply{1, fnResetEnergy, 4}, seal([]byte{1, 0xC2, 4}), 0, hal.ErrRefused},
	} {
		n, err := c.r.scan(c.b)
		if n != c.n || !errors.Is(err, c.err) {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, n, err, c.n, c.err)
		}
	}
}

func TestCRCOfTheCatalogue(t *testing.T) {
	if got := crc16([]byte("123456789")); got != 0x4B37 {
		t.Errorf("crc16 = %#04x, want 0x4B37", got)
	}
}

func TestExceptionSaysWhatItMeans(t *testing.T) {
	err := error(&Exception{Function: 4, Code: 2})
	if err.Error() != "function 0x04: exception 2 (unknown address): refused by the device" {
		t.Errorf("text = %q", err)
	}
	for code := range 8 {
		if s := codeName(uint8(code)); s == "" {
			t.Errorf("code %d has no text", code)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, g := range goldenFrames(f) {
		f.Add(g.back, uint8(1), uint8(fnReadInput), uint8(2))
		f.Add(g.request, uint8(1), uint8(fnWriteSingle), uint8(0))
	}
	f.Add([]byte{1, 0x84, 2, 0xC2, 0xC1}, uint8(1), uint8(fnReadInput), uint8(10))
	f.Fuzz(func(t *testing.T, b []byte, unit, fn, words uint8) {
		fns := []uint8{fnReadHolding, fnReadInput, fnWriteSingle, fnResetEnergy}
		r := reply{unit: unit, fn: fns[int(fn)%len(fns)], size: 5 + 2*int(words)}
		switch r.fn {
		case fnWriteSingle:
			r.size = 8
		case fnResetEnergy:
			r.size = 4
		}
		n, err := r.scan(b)
		if n < 0 || n > len(b) || n > 0 && err != nil {
			t.Fatalf("scan = %d, %v of %d bytes", n, err, len(b))
		}
		if n > 0 && (n != r.size || !bytes.Equal(seal(bytes.Clone(b[:n-2])), b[:n])) {
			t.Fatalf("believed % X", b[:n])
		}
		if err == nil && n == 0 && len(b) >= r.size && len(b) >= 5 {
			t.Fatalf("waits for more after %d bytes of %d", len(b), r.size)
		}
		// An answer cut anywhere waits for more or is garbled, never believed.
		for k := range n {
			if m, _ := r.scan(b[:k]); m != 0 {
				t.Fatalf("believed %d of %d bytes", k, n)
			}
		}
	})
}
