package journal

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
)

// disk is what carries a ring. WriteAt returns when the bytes are durable, and
// extends a file but not a partition.
type disk interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// opener opens the file or the partition at path for durable writing.
type opener func(path string) (disk, error)

func openDurable(path string) (disk, error) {
	return os.OpenFile(path, os.O_RDWR|syscall.O_DSYNC, 0o640)
}

// ring is a ring as it was found.
type ring struct {
	shape
	d      io.ReaderAt
	newest int64 // segment, -1 if nothing is written
	buf    []byte
}

// errNoRing means that no block of a ring was found.
var errNoRing = errors.New("no ring")

// findRing finds the division of the ring and its newest segment. Errors:
// errNoRing. What cannot be read counts as damaged.
func findRing(d io.ReaderAt) (*ring, error) {
	r := &ring{d: d, newest: -1, buf: make([]byte, 64*BlockSize)}
	for at := int64(0); r.per == 0; {
		n, err := r.read(r.buf, at)
		for off := 0; off < n && r.per == 0; off += BlockSize {
			b := decodeBlock(r.buf[off:min(off+BlockSize, n)])
			if b.sound && r.at(b.shape, b) == at+int64(off) {
				r.shape = b.shape
			}
		}
		if at += int64(n); err != nil && r.per == 0 {
			return nil, errNoRing
		}
	}
	for slot, never := int64(0), 0; slot < int64(r.slots) && never < passOver+2; slot++ {
		id, made := r.probe(slot)
		r.newest = max(r.newest, id)
		if never++; made {
			never = 0
		}
	}
	return r, nil
}

// passOver is how many places of the ring that the card cannot write are passed
// over at once. Where more than that were never made ready, the first round ends.
const passOver = 4

// at is where b belongs in a ring of that shape.
func (r *ring) at(s shape, b block) int64 {
	return int64(b.segment%uint64(s.slots))*s.segmentBytes() + int64(b.index)*BlockSize
}

// right says that b is sound, of this ring, and where it belongs.
func (r *ring) right(b block, slot int64, index uint32) bool {
	return b.sound && b.shape == r.shape && b.index == index && b.segment%uint64(r.slots) == uint64(slot)
}

// probe returns the newest segment that has a block in slot, or -1, and whether
// slot was ever made ready. One look is enough where the first block is written;
// where it is free, or gone, the others may still say more.
func (r *ring) probe(slot int64) (newest int64, made bool) {
	one := make([]byte, BlockSize)
	if n, _ := r.read(one, slot*r.segmentBytes()); n < BlockSize {
		return -1, false
	}
	if b := decodeBlock(one); r.right(b, slot, 0) && !b.free() {
		return int64(b.segment), true
	}
	newest = -1
	_ = r.each(slot, func(index uint32, b block) error { // fn has no errors
		if r.right(b, slot, index) {
			made = true
			if !b.free() {
				newest = max(newest, int64(b.segment))
			}
		}
		return nil
	})
	return newest, made
}

// each calls fn with the blocks of slot. Errors: what fn returns.
func (r *ring) each(slot int64, fn func(index uint32, b block) error) error {
	start := slot * r.segmentBytes()
	for at := int64(0); at < r.segmentBytes(); {
		buf := r.buf[:min(int64(len(r.buf)), r.segmentBytes()-at)]
		n, err := r.read(buf, start+at)
		for off := 0; off+BlockSize <= n; off += BlockSize {
			src := buf[off : off+BlockSize]
			if err := fn(uint32((at+int64(off))/BlockSize), decodeBlock(src)); err != nil {
				return err
			}
		}
		if at += int64(n); err != nil {
			return nil // the file ends here
		}
	}
	return nil
}

// read fills buf from at; blocks that the card cannot read become ones, which
// are no block. Errors: io.EOF.
func (r *ring) read(buf []byte, at int64) (int, error) {
	n, err := r.d.ReadAt(buf, at)
	if err == nil || err == io.EOF {
		return n, err
	}
	for off := 0; off < len(buf); off += BlockSize {
		one := buf[off : off+BlockSize]
		_, err := r.d.ReadAt(one, at+int64(off))
		if err == io.EOF {
			return off, io.EOF
		}
		if err != nil {
			copy(one, bytes.Repeat([]byte{0xff}, BlockSize))
		}
	}
	return len(buf), nil
}

// oldest is the first segment that may still be there.
func (r *ring) oldest() int64 { return max(0, r.newest-int64(r.slots)+1) }
