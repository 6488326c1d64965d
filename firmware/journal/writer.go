package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"stationbox/firmware"
)

// writer owns the place where the next block goes.
type writer struct {
	shape
	d disk

	id    uint64 // of the segment being written
	index uint32 // of the next block
	seq   uint64 // of the newest record
	spare uint64 // the next segment, ready to be written; 0: none is

	prepared uint64 // bytes written to make segments ready
}

// openWriter finds the end of the ring on d and the holes nobody has noted yet,
// or begins a ring of that shape. Only the two newest segments are read. Errors:
// ErrForeign, and of the card.
func openWriter(d disk, s shape, fixed bool) (*writer, []Hole, error) {
	w := &writer{d: d, shape: s}
	r, err := findRing(d)
	if err != nil {
		if what := foreign(d); what != "" && fixed {
			return nil, nil, fmt.Errorf("%w: %s", ErrForeign, what)
		}
		return w, nil, w.prepare(0, 0)
	}
	w.shape = r.shape
	if _, made := r.probe(1); r.newest < 0 && !made {
		return w, nil, w.prepare(0, 0) // a ring that was being made
	}
	holes, err := w.findEnd(r)
	if err != nil {
		return nil, nil, err
	}
	return w, holes, w.prepare(w.id, w.index)
}

// findEnd sets where writing goes on and with which number. That is after
// everything that may have been acknowledged: no block, sound or not, that lies
// behind the end is ever written again.
func (w *writer) findEnd(r *ring) ([]Hole, error) {
	noted := map[Hole]bool{}
	s := &scanner{fn: func(rec firmware.Record) error {
		var h Hole
		if rec.Kind == firmware.KindJournalHole && json.Unmarshal(rec.Data, &h) == nil {
			noted[h] = true
		}
		return nil
	}}
	start := max(r.newest-1, r.oldest())
	s.begun = start == 0
	for id := start; id <= max(r.newest, 0); id++ {
		end, err := s.segment(r, uint64(id))
		if err != nil {
			return nil, err
		}
		w.id, w.index = uint64(id), end
	}
	if w.index == uint32(w.per) { // then the next one was ready before this one was full
		if err := w.begun(r, s); err != nil {
			return nil, err
		}
	}
	holes := s.report.Holes
	if s.tail > 0 {
		holes = append(holes, Hole{s.report.Last + 1, s.report.Last + s.tail})
	}
	w.seq = s.report.Last + s.tail
	return slices.DeleteFunc(holes, func(h Hole) bool { return noted[h] }), nil
}

// begun goes on to the segment after a full one if something may have been
// written there, though its first block is not there: it is damaged, or a write of
// several blocks was cut. Then the first block says so from now on.
func (w *writer) begun(r *ring, s *scanner) error {
	id, tail := w.id+1, s.tail
	slot := int64(id % uint64(r.slots))
	if _, made := r.probe(slot); !made {
		return nil
	}
	end, err := s.segment(r, id)
	if err != nil || end == 0 {
		s.tail = tail
		return err
	}
	w.id, w.index = id, end
	one := make([]byte, BlockSize)
	if _, err := r.read(one, slot*r.segmentBytes()); err != nil {
		return nil // what cannot be read needs no mark
	}
	if b := decodeBlock(one); r.right(b, slot, 0) && !b.holds(id) {
		return w.put(id, 0, []block{{}})
	}
	return nil
}

// next begins the next segment.
func (w *writer) next() error {
	if err := w.reserve(); err != nil {
		return err
	}
	w.id, w.index, w.spare = w.spare, 0, 0
	return nil
}

// reserve makes the next segment ready, so that going on to it needs no space.
func (w *writer) reserve() error {
	if w.spare != 0 {
		return nil
	}
	var err error
	for id := w.id + 1; id <= w.id+min(passOver, uint64(w.slots)-2); id++ {
		if err = w.prepare(id, 0); err == nil {
			w.spare = id
			return nil
		}
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
	}
	return err
}

// prepare makes segment id ready from the block at from on: each is free, or one
// of the segment that will be given up when the first block is written. Only what
// is neither is written.
func (w *writer) prepare(id uint64, from uint32) error {
	r := &ring{shape: w.shape, d: w.d, buf: make([]byte, 64*BlockSize)}
	slot := int64(id % uint64(w.slots))
	bad := make([]bool, w.per)
	count := uint32(0)
	_ = r.each(slot, func(index uint32, b block) error { // fn has no errors
		bad[index] = !r.right(b, slot, index)
		count = index + 1
		return nil
	})
	for i := count; i < uint32(w.per); i++ {
		bad[i] = true
	}
	for i := from; i < uint32(w.per); {
		n := uint32(0)
		for i+n < uint32(w.per) && bad[i+n] {
			n++
		}
		if n > 0 {
			if err := w.put(id, i, make([]block, n)); err != nil {
				return fmt.Errorf("reserve: %w", err)
			}
			w.prepared += uint64(n) * BlockSize
		}
		i += n + 1
	}
	return nil
}

// write makes lines durable as the records first, first+1 … and returns how
// many blocks it took. A segment that fails is left for good and the write
// repeated once in the next one; the numbers are not used again either way.
func (w *writer) write(first uint64, lines [][]byte) (int, error) {
	blocks := pack(first, lines)
	if w.index == uint32(w.per) {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	w.seq = first + uint64(len(lines)) - 1
	err := w.append(blocks)
	if err == nil {
		return len(blocks), nil
	}
	if again := w.next(); again != nil {
		return 0, errors.Join(err, again)
	}
	if again := w.append(blocks); again != nil {
		return 0, errors.Join(err, again)
	}
	return len(blocks), nil
}

// append writes blocks at the end, over the end of the segment if need be.
func (w *writer) append(blocks []block) error {
	for len(blocks) > 0 {
		if w.index == uint32(w.per) {
			if err := w.next(); err != nil {
				return err
			}
		}
		n := min(len(blocks), int(uint32(w.per)-w.index))
		index := w.index
		w.index += uint32(n) // also after an error: never the same place again
		if err := w.put(w.id, index, blocks[:n]); err != nil {
			return fmt.Errorf("segment %d: %w", w.id, err)
		}
		blocks = blocks[n:]
	}
	return nil
}

func (w *writer) put(id uint64, index uint32, blocks []block) error {
	at := int64(id%uint64(w.slots))*w.segmentBytes() + int64(index)*BlockSize
	_, err := w.d.WriteAt(w.place(blocks, id, index), at)
	return err
}

// left is how many blocks can be written without a further segment.
func (w *writer) left() uint32 {
	n := uint32(w.per) - w.index
	if w.spare != 0 {
		n += uint32(w.per)
	}
	return n
}
