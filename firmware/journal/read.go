package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"stationbox/firmware"
)

// Hole is a run of record numbers that are not readable: lost with a damaged
// block, or given to a write that was never acknowledged. After a block that
// does not say how many records it held, it is as long as it can be at most.
type Hole struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// Report is what Check found.
type Report struct {
	Segments int    `json:"segments"`
	Blocks   int    `json:"blocks"` // written and readable
	Records  int    `json:"records"`
	First    uint64 `json:"first"`
	Last     uint64 `json:"last"`
	Damaged  int    `json:"damaged"` // blocks
	Stained  int    `json:"stained"` // blocks damaged where they hold nothing
	Holes    []Hole `json:"holes,omitempty"`
}

// Read calls fn with every readable record of the journal at path, oldest first,
// until fn returns an error, which is handed back. It may run while another
// process writes. Damaged blocks are passed over: see Check.
func Read(path string, fn func(firmware.Record) error) error { return ReadAfter(path, 0, fn) }

// ReadAfter is Read of the records with larger numbers than seq. Segments that
// hold only older ones are not read.
func ReadAfter(path string, seq uint64, fn func(firmware.Record) error) error {
	s := &scanner{fn: func(r firmware.Record) error {
		if r.Seq <= seq {
			return nil
		}
		return fn(r)
	}}
	return s.journal(path, seq)
}

// Check reads the whole journal at path and reports what is damaged.
func Check(path string) (Report, error) {
	s := &scanner{fn: func(firmware.Record) error { return nil }}
	err := s.journal(path, 0)
	return s.report, err
}

// scanner reads blocks in order and hands their records on. After any damage
// it goes on at the next block.
type scanner struct {
	fn     func(firmware.Record) error
	report Report
	begun  bool // a number that is missing before the first record is one

	tail   uint64 // numbers that damaged blocks after the last good one may have held
	big    []byte // record in several blocks, so far
	bigSeq uint64
	next   uint16 // its next part
}

func (s *scanner) journal(path string, after uint64) error {
	path, _, err := where(path)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a folder without a ring
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	r, err := findRing(f)
	if err != nil {
		return nil
	}
	return s.ring(r, r.start(after))
}

// start returns the segment in which reading of the records after seq begins.
func (r *ring) start(seq uint64) int64 {
	start := r.oldest()
	one := make([]byte, BlockSize)
	for id := start; seq > 0 && id <= r.newest; id++ {
		if n, _ := r.read(one, id%int64(r.slots)*r.segmentBytes()); n < BlockSize {
			break
		}
		if b := decodeBlock(one); b.holds(uint64(id)) && b.first <= seq {
			start = id
		}
	}
	return start
}

// ring reads the segments from start to the newest.
func (s *scanner) ring(r *ring, start int64) error {
	s.begun = start == 0
	for id := start; id <= r.newest; id++ {
		if _, err := s.segment(r, uint64(id)); err != nil {
			return err
		}
	}
	return nil
}

// segment reads one segment and returns the index after everything that may be
// of it: its last sound block and the damaged ones behind that.
func (s *scanner) segment(r *ring, id uint64) (uint32, error) {
	s.report.Segments++
	slot := int64(id % uint64(r.slots))
	end := uint32(0)
	err := r.each(slot, func(index uint32, b block) error {
		switch {
		case !r.right(b, slot, index):
			s.report.Damaged++
			s.big = nil
			if index == end {
				end++
				s.lose(b, id)
			}
			return nil
		case !b.holds(id):
			return nil // free, or of the segment that was here before
		}
		end = index + 1
		return s.block(b)
	})
	return end, err
}

func (s *scanner) block(b block) error {
	s.report.Blocks++
	if b.stained {
		s.report.Stained++
	}
	if b.parts > 1 {
		return s.bigPart(b)
	}
	s.big = nil
	return s.lines(b.payload)
}

// lose counts the numbers that a damaged block of segment id may have held.
func (s *scanner) lose(b block, id uint64) {
	switch {
	case !b.headerOK || b.segment != id:
		s.tail += perBlock
	case b.records > 0:
		if last := b.first + uint64(b.records) - 1; last > s.report.Last+s.tail {
			s.tail = last - s.report.Last
		}
	}
}

// bigPart collects a record that spans blocks; one missing part loses it.
func (s *scanner) bigPart(b block) error {
	if b.part == 0 {
		s.big, s.bigSeq, s.next = []byte{}, b.first, 0
	}
	if s.big == nil || b.first != s.bigSeq || b.part != s.next || len(s.big) > maxRecord {
		s.big = nil
		if b.first > s.report.Last+s.tail {
			s.tail = b.first - s.report.Last
		}
		return nil
	}
	s.big = append(s.big, b.payload...)
	s.next++
	if s.next < b.parts {
		return nil
	}
	line := s.big
	s.big = nil
	return s.lines(line)
}

func (s *scanner) lines(payload []byte) error {
	for line := range bytes.Lines(payload) {
		var rec firmware.Record
		if json.Unmarshal(line, &rec) != nil {
			continue // a sound block with a record that is none shows as a hole
		}
		if err := s.record(rec); err != nil {
			return err
		}
	}
	return nil
}

// record hands rec on, once: a commit that was repeated in a new segment after
// an error of the card may be there twice.
func (s *scanner) record(rec firmware.Record) error {
	r := &s.report
	if rec.Seq <= r.Last {
		return nil
	}
	if rec.Seq > r.Last+1 && (s.begun || r.Records > 0) {
		r.Holes = append(r.Holes, Hole{r.Last + 1, rec.Seq - 1})
	}
	if r.Records == 0 {
		r.First = rec.Seq
	}
	r.Records++
	r.Last, s.tail = rec.Seq, 0
	return s.fn(rec)
}
