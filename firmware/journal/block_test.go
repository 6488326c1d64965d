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
	want := block{segment: 3, index: 7, records: 1, first: 42, parts: 1, payload: []byte(`{"seq":42,"kind":"press"}` + "\n")}
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
	got := decodeBlock(full, 3, 7)
	if got.state != stateGood || got.first != 42 || !bytes.Equal(got.payload, want.payload) {
		t.Errorf("decoded %+v", got)
	}
	if decodeBlock(full, 3, 8).state != stateDamaged || decodeBlock(full, 4, 7).state != stateDamaged {
		t.Error("a block in a wrong place is believed")
	}
}

// Every single flipped bit of header and payload is found.
func TestEveryBit(t *testing.T) {
	buf := make([]byte, BlockSize)
	b := block{segment: 1, records: 1, first: 9, parts: 1, payload: bytes.Repeat([]byte("12 王秀英 "), 20)}
	b.encode(buf)
	for bit := range (headerSize + len(b.payload)) * 8 {
		buf[bit/8] ^= 1 << (bit % 8)
		if got := decodeBlock(buf, 1, 0); got.state != stateDamaged {
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
		b := decodeBlock(buf, 3, 7)
		if b.state != stateGood {
			return
		}
		again := make([]byte, BlockSize)
		b.encode(again)
		if !bytes.Equal(again[:headerSize+len(b.payload)], buf[:headerSize+len(b.payload)]) && buf[5] == 0 {
			t.Errorf("decodes but encodes otherwise: %+v", b)
		}
	})
}

// Whatever a segment holds, reading it ends and never invents a number twice.
func FuzzReadSegment(f *testing.F) {
	small := place(pack(1, [][]byte{[]byte(`{"seq":1,"kind":"a"}` + "\n"), bytes.Repeat([]byte("x"), 9000)}), 1, 0)
	f.Add(small, 5000, byte(1))
	f.Add(small[:4100], 0, byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at int, flip byte) {
		if len(data) > 1<<16 {
			return
		}
		data = bytes.Clone(data)
		if at >= 0 && at < len(data) {
			data[at] ^= flip
		}
		last := uint64(0)
		s := &scanner{fn: func(r firmware.Record) error {
			if r.Seq <= last {
				t.Errorf("record %d after %d", r.Seq, last)
			}
			last = r.Seq
			return nil
		}}
		if err := s.blocks(bytes.NewReader(data), 1); err != nil {
			t.Fatal(err)
		}
		if s.report.Last != last || int(s.end) > len(data)/BlockSize+1 {
			t.Errorf("%+v, end %d of %d bytes", s.report, s.end, len(data))
		}
	})
}
