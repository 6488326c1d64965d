package screen

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"testing"
)

// collection is a tiny font file: two faces, tables at odd places.
func collection() []byte {
	b := []byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x02")
	b = binary.BigEndian.AppendUint32(b, 20)
	b = binary.BigEndian.AppendUint32(b, 20)
	b = append(b, "\x00\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00"...)
	for i, tag := range []string{"GPOS", "cmap", "head"} {
		b = append(b, tag...)
		b = binary.BigEndian.AppendUint32(b, 0)
		b = binary.BigEndian.AppendUint32(b, uint32(81+5*i))
		b = binary.BigEndian.AppendUint32(b, 5)
	}
	return append(b, "?GPOS-cmap-head-"...)
}

func TestAligned(t *testing.T) {
	file := bytes.NewReader(collection())
	starts, err := faces(file)
	if err != nil || len(starts) != 2 || starts[1] != 20 {
		t.Fatalf("faces %v, %v", starts, err)
	}
	a, err := align(file, 20)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.NewSectionReader(a, 0, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	want := "\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00" +
		"cmap\x00\x00\x00\x00\x00\x00\x00\x2c\x00\x00\x00\x05" + "head\x00\x00\x00\x00\x00\x00\x00\x34\x00\x00\x00\x05" +
		"cmap-\x00\x00\x00head-"
	if string(got) != want {
		t.Errorf("got\n%q want\n%q", got, want)
	}
	for off := range len(want) {
		var b [3]byte
		n, _ := a.ReadAt(b[:], int64(off))
		if string(b[:n]) != want[off:min(off+3, len(want))] {
			t.Errorf("at %d: %q", off, b[:n])
		}
	}
}

func TestPreference(t *testing.T) {
	order := []string{"Noto Sans CJK SC", "Noto Sans Mono CJK SC", "Noto Sans CJK JP", "Noto Sans Mono CJK JP"}
	for i := 1; i < len(order); i++ {
		if preference(order[i-1]) <= preference(order[i]) {
			t.Errorf("%s is not before %s", order[i-1], order[i])
		}
	}
	if preference("WenQuanYi Micro Hei") <= preference("WenQuanYi Micro Hei Mono") {
		t.Error("the Mono face is before the other")
	}
}

// FuzzFaces reads font files of any bytes.
func FuzzFaces(f *testing.F) {
	f.Add(collection())
	f.Add([]byte("ttcf\x00\x01\x00\x00\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("OTTO"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := t.TempDir() + "/font"
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if font, err := Open(path); err == nil {
			_ = font.Close()
		}
		file := bytes.NewReader(data)
		starts, err := faces(file)
		if err != nil {
			return
		}
		for _, at := range starts {
			a, err := align(file, at)
			if err != nil {
				continue
			}
			var b [64]byte
			for off := int64(-1); off < int64(len(data))+64; off += 7 {
				if n, err := a.ReadAt(b[:], off); n > len(b) || n < len(b) && err == nil {
					t.Fatalf("%d bytes at %d, %v", n, off, err)
				}
			}
		}
	})
}
