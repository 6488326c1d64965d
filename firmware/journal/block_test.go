package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"stationbox/firmware"
)

// The golden block keeps the format: what was written years ago must be read.
func TestGoldenBlock(t *testing.T) {
	want := block{shape: shape{256, 16}, segment: 3, index: 7, records: 1, first: 42, parts: 1, payload: []byte(`{"seq":42,"kind":"press"}` + "\n")}
	buf := make([]byte, BlockSize)
	want.encode(buf)
	path := filepath.Join("testdata", "block-3-7.bin")
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimRight(buf, "\x00"), golden) {
		t.Errorf("the format has changed:\n%x\n%x", buf[:headerSize], golden[:headerSize])
	}
	full := append(bytes.Clone(golden), make([]byte, BlockSize-len(golden))...)
	got := decodeBlock(full)
	if !got.holds(3) || got.index != 7 || got.shape != want.shape || got.first != 42 || !bytes.Equal(got.payload, want.payload) {
		t.Errorf("decoded %+v", got)
	}
	r := ring{shape: want.shape}
	if !r.right(got, 3, 7) || r.right(got, 3, 8) || r.right(got, 4, 7) || (&ring{shape: shape{256, 17}}).right(got, 3, 7) {
		t.Error("a block in a wrong place is believed")
	}
}

// Every single flipped bit is found; one where nothing is written costs nothing.
func TestEveryBit(t *testing.T) {
	buf := make([]byte, BlockSize)
	b := block{shape: shape{64, 3}, segment: 1, records: 1, first: 9, parts: 1, payload: bytes.Repeat([]byte("12 王秀英 "), 20)}
	b.encode(buf)
	used := headerSize + len(b.payload)
	for bit := range BlockSize * 8 {
		buf[bit/8] ^= 1 << (bit % 8)
		if got := decodeBlock(buf); got.sound != (bit/8 >= used) || got.stained != got.sound {
			t.Fatalf("flipped bit %d of byte %d is not found", bit%8, bit/8)
		}
		buf[bit/8] ^= 1 << (bit % 8)
	}
}

func FuzzDecodeBlock(f *testing.F) {
	golden, err := os.ReadFile(filepath.Join("testdata", "block-3-7.bin"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		buf := make([]byte, BlockSize)
		copy(buf, data)
		b := decodeBlock(buf)
		if !b.sound {
			return
		}
		again := make([]byte, BlockSize)
		b.encode(again)
		if !bytes.Equal(again[:headerSize+len(b.payload)], buf[:headerSize+len(b.payload)]) && buf[5] == 0 {
			t.Errorf("decodes but encodes otherwise: %+v", b)
		}
	})
}

// Whatever a card holds, reading it ends and never gives a number twice, and a
// journal opens on it, keeps what was readable and takes a press.
func FuzzRing(f *testing.F) {
	s := shape{64, 3}
	lines := [][]byte{[]byte(`{"seq":1,"kind":"a"}` + "\n"), bytes.Repeat([]byte("x"), 9000)}
	small := s.place(append(pack(1, lines), make([]block, 2)...), 0, 0)
	f.Add(small, 5000, byte(1))
	f.Add(small[:4100], 0, byte(0))
	f.Add(s.place(pack(70, lines), 4, 0), 1, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if len(data) > 1<<19 {
			return
		}
		path := filepath.Join(t.TempDir(), "raw")
		image := make([]byte, 3*64*BlockSize)
		copy(image, data)
		if at >= 0 && at < len(image) {
			image[at] ^= flip
		}
		if err := os.WriteFile(path, image, 0o600); err != nil {
			t.Fatal(err)
		}
		before := inOrder(t, path)
		if what := foreign(bytes.NewReader(image)); what != "" {
			return
		}
		if last := len(before) - 1; last >= 0 && before[last] > 1<<62 {
			return // numbers that only a sum made to fit can hold
		}
		o := opts()
		o.open = func(path string) (disk, error) { return os.OpenFile(path, os.O_RDWR, 0) } // durability is for others
		j, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		rec := press(t, j, 1)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		after := inOrder(t, path)
		for i, seq := range before {
			if rec.Seq <= seq || len(after) <= i {
				t.Fatalf("records %v became %v, the press is %d", before, after, rec.Seq)
			}
		}
	})
}

// inOrder returns the numbers of the records at path.
func inOrder(t *testing.T, path string) []uint64 {
	t.Helper()
	var seqs []uint64
	err := Read(path, func(r firmware.Record) error {
		if n := len(seqs); n > 0 && r.Seq <= seqs[n-1] {
			t.Errorf("record %d after %d", r.Seq, seqs[n-1])
		}
		seqs = append(seqs, r.Seq)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seqs
}
