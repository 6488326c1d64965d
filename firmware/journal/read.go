package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"stationbox/firmware"
)

// Hole is a run of record numbers that are not readable: lost with a damaged
// block, or given to a write that was never acknowledged.
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
	Holes    []Hole `json:"holes,omitempty"`
}

// Read calls fn with every readable record in dir, oldest first, until fn
// returns an error, which is handed back. It may run while another process
// writes. Damaged blocks are passed over: see Check.
func Read(dir string, fn func(firmware.Record) error) error {
	s := &scanner{fn: fn}
	return s.dir(dir)
}

// Check reads the whole journal in dir and reports what is damaged.
func Check(dir string) (Report, error) {
	s := &scanner{fn: func(firmware.Record) error { return nil }}
	err := s.dir(dir)
	return s.report, err
}

// segment is one file of the journal.
type segment struct {
	id   uint64
	path string
}

// segments lists the files of dir by id; others are passed over.
func segments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var list []segment
	for _, e := range entries {
		digits, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".sbj"), "seg-")
		id, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil && e.Name() == segmentName(id) {
			list = append(list, segment{id, filepath.Join(dir, e.Name())})
		}
	}
	slices.SortFunc(list, func(a, b segment) int { return int(int64(a.id - b.id)) })
	return list, nil
}

func segmentName(id uint64) string { return fmt.Sprintf("seg-%08d.sbj", id) }

// scanner reads blocks in order and hands their records on. After any damage
// it goes on at the next block.
type scanner struct {
	fn     func(firmware.Record) error
	report Report

	// of the segment being read
	end    uint32 // index after the last block that is not empty
	tail   uint64 // numbers that damaged blocks after the last good one may have held
	big    []byte // record in several blocks, so far
	bigSeq uint64
	next   uint16 // its next part
}

func (s *scanner) dir(dir string) error {
	list, err := segments(dir)
	if err != nil {
		return err
	}
	for _, seg := range list {
		if err := s.file(seg); err != nil {
			return err
		}
	}
	return nil
}

// file reads one segment. Pieces the card cannot read count as damaged.
func (s *scanner) file(seg segment) error {
	f, err := os.Open(seg.path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	return s.blocks(f, seg.id)
}

func (s *scanner) blocks(f io.ReaderAt, id uint64) error {
	s.report.Segments++
	s.end = 0
	buf := make([]byte, 64*BlockSize)
	for index := uint32(0); ; {
		n, err := f.ReadAt(buf, int64(index)*BlockSize)
		if n == 0 && err == io.EOF {
			return nil
		}
		if err != nil && err != io.EOF {
			n, err = s.oneByOne(f, buf, index)
		}
		for off := 0; off < n; off += BlockSize {
			if err := s.block(decodeBlock(buf[off:min(off+BlockSize, n)], id, index)); err != nil {
				return err
			}
			index++
		}
		if err == io.EOF {
			return nil
		}
	}
}

// oneByOne reads the blocks of buf singly after an error of the card; what
// cannot be read is filled with ones, which is no block.
func (s *scanner) oneByOne(f io.ReaderAt, buf []byte, index uint32) (int, error) {
	for off := 0; off < len(buf); off += BlockSize {
		one := buf[off : off+BlockSize]
		_, err := f.ReadAt(one, int64(index)*BlockSize+int64(off))
		if err == io.EOF {
			return off, io.EOF
		}
		if err != nil {
			copy(one, bytes.Repeat([]byte{0xff}, BlockSize))
		}
	}
	return len(buf), nil
}

func (s *scanner) block(b block) error {
	if b.state == stateEmpty {
		return nil
	}
	s.end = b.index + 1
	if b.state == stateDamaged {
		s.damaged(b)
		return nil
	}
	s.report.Blocks++
	if b.parts > 1 {
		return s.bigPart(b)
	}
	s.big = nil
	return s.lines(b.payload)
}

func (s *scanner) damaged(b block) {
	s.report.Damaged++
	s.big = nil
	switch {
	case !b.headerOK:
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
	if rec.Seq > r.Last+1 {
		r.Holes = append(r.Holes, Hole{r.Last + 1, rec.Seq - 1})
	}
	if r.Records == 0 {
		r.First = rec.Seq
	}
	r.Records++
	r.Last, s.tail = rec.Seq, 0
	return s.fn(rec)
}
