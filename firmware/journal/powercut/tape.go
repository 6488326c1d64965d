// Package powercut is a test tool: it records what a block device is told, block
// by block, and makes of the tape the disks that a power cut at any moment can
// leave. What was written before the last flush is there; of what was written
// since, each write is there, is not, or is there in some of its 512-byte sectors,
// whatever came later. That is a disk that flushes honestly: one that lies, or
// that destroys what it was not told to write, is not in the model.
package powercut

import (
	"bytes"
	"math/rand/v2"
	"sync"
)

// Sector is what a disk writes as a whole.
const Sector = 512

// Op is one thing on a tape: a write, a flush, or a mark of who watches.
type Op struct {
	At    int64
	Data  []byte // of a write
	Flush bool
	Mark  string // what the program under test said here
}

// Tape records. Its methods may be called from any goroutine.
type Tape struct {
	mu    sync.Mutex
	image []byte
	base  []byte
	ops   []Op
	on    bool
}

// NewTape returns a tape for a disk of size zero bytes.
func NewTape(size int64) *Tape { return &Tape{image: make([]byte, size)} }

// Start makes what is on the disk now the beginning of the tape.
func (t *Tape) Start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.base, t.ops, t.on = bytes.Clone(t.image), nil, true
}

// Stop ends recording and returns what was recorded.
func (t *Tape) Stop() Recording {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on = false
	return Recording{t.base, t.ops}
}

// Size is the size of the disk in bytes.
func (t *Tape) Size() int64 { return int64(len(t.image)) }

// WriteAt writes and records.
func (t *Tape) WriteAt(p []byte, off int64) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := copy(t.image[off:], p)
	t.add(Op{At: off, Data: bytes.Clone(p[:n])})
	return n, nil
}

// ReadAt reads.
func (t *Tape) ReadAt(p []byte, off int64) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if off >= int64(len(t.image)) {
		return 0, nil
	}
	return copy(p, t.image[off:]), nil
}

// Flush records a flush.
func (t *Tape) Flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Op{Flush: true})
}

// Mark records what the program under test has said by now.
func (t *Tape) Mark(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(Op{Mark: text})
}

func (t *Tape) add(op Op) {
	if t.on {
		t.ops = append(t.ops, op)
	}
}

// Recording is a finished tape.
type Recording struct {
	Base []byte
	Ops  []Op
}

// Cuts calls fn with n disks of cuts at moments spread over the tape, in the
// order of the tape: the marks before the cut, and the disk, which fn may change.
// A cut in every period of 1/n of the tape; where in it, and what becomes of the
// writes that were under way, comes from r.
func (rec Recording) Cuts(n int, r *rand.Rand, fn func(pos int, marks []string, disk []byte)) {
	sure := bytes.Clone(rec.Base) // as of the last flush
	var open []Op
	var marks []string
	pos := 0
	for i := range n {
		from, to := i*len(rec.Ops)/n, (i+1)*len(rec.Ops)/n
		end := from
		if to > from {
			end += r.IntN(to - from + 1)
		}
		for ; pos < end; pos++ {
			switch op := rec.Ops[pos]; {
			case op.Mark != "":
				marks = append(marks, op.Mark)
			case op.Flush:
				for _, w := range open {
					copy(sure[w.At:], w.Data)
				}
				open = open[:0]
			default:
				open = append(open, op)
			}
		}
		disk := bytes.Clone(sure)
		lose(disk, open, r)
		fn(pos, marks, disk)
	}
}

// lose writes of open what a cut leaves: nothing, all, or a mixture.
func lose(disk []byte, open []Op, r *rand.Rand) {
	chance := [...]float64{0, 1, 0.5, 0.5, r.Float64()}[r.IntN(5)]
	for _, i := range r.Perm(len(open)) { // a disk may write in any order
		w := open[i]
		switch torn := r.IntN(3) == 0 && chance > 0 && chance < 1; {
		case torn:
			for off := 0; off < len(w.Data); off += Sector {
				if r.IntN(2) == 0 {
					copy(disk[w.At+int64(off):], w.Data[off:min(off+Sector, len(w.Data))])
				}
			}
		case r.Float64() < chance:
			copy(disk[w.At:], w.Data)
		}
	}
}

// Until is the tape up to and with the first mark that is text.
func (rec Recording) Until(text string) Recording {
	for i, op := range rec.Ops {
		if op.Mark == text {
			return Recording{rec.Base, rec.Ops[:i+1]}
		}
	}
	return rec
}
