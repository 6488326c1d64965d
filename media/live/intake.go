package live

import (
	"sync"
	"time"
)

const (
	// cushion is how much of the stream a new reader gets at once: what the picture
	// goes on with when the stream stops for a moment. It is also how late the
	// picture is.
	cushion    = 2 * time.Second
	keepFor    = 6 * time.Second // pieces that wait for a reader; longer than most distances of entry points
	keepMost   = 12 << 20        // bytes of them: 6 s at 16 Mbit/s
	queueMost  = 8 << 20         // bytes that wait for one slow reader
	pieceMost  = 64 << 10        // bytes of one piece
	gapMost    = time.Second     // between two frames of a good stream
	window     = time.Second     // over which losses are judged
	lossesMost = 20              // one packet lost of so many is not good: hardly a frame is whole
)

// piece is some packets in a row. It is never changed, so that all readers share it.
type piece struct {
	at    time.Time
	entry bool   // a decoder can begin here
	head  []byte // with entry: the tables as they were here
	data  []byte
}

func (p piece) size() int { return len(p.head) + len(p.data) }

// reading is what is known of the stream.
type reading struct {
	counts
	lastBytes time.Time // anything came
	lastFrame time.Time // a new frame of the programme came
	goodSince time.Time // frames without a gap and with few losses; zero: not now
	damaged   time.Time // since when so much is lost; zero: not now
	scrambled bool      // the newest packets of the picture cannot be read
	programme bool      // the tables of the programme are there
	picture   bool      // it has a picture, not only sound
}

// intake takes a stream in, judges it and hands it to readers.
type intake struct {
	now func() time.Time

	mu       sync.Mutex
	d        *demux
	building piece // is being made
	pieces   []piece
	bytes    int // of pieces
	readers  map[*reader]bool
	r        reading
	judged   time.Time // begin of the window
	before   counts    // at that time
}

func newIntake(programme uint16, now func() time.Time) *intake {
	return &intake{now: now, d: newDemux(programme), readers: map[*reader]bool{}}
}

// take takes bytes of the stream in and says whether there was a new frame of
// the programme in them.
func (in *intake) take(b []byte) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := in.now()
	frames := in.d.frames
	in.d.feed(b, func(packet []byte, f frame) {
		if f.entry || len(in.building.data) >= pieceMost {
			in.flushLocked(now)
		}
		if f.entry {
			in.building.entry, in.building.head = true, in.d.head()
		}
		in.building.data = append(in.building.data, packet...)
	})
	in.flushLocked(now)
	fresh := in.d.frames > frames
	in.judgeLocked(now, fresh)
	return fresh
}

// flushLocked ends the piece and gives it to the readers.
func (in *intake) flushLocked(now time.Time) {
	p := in.building
	if len(p.data) == 0 {
		return
	}
	p.at, in.building = now, piece{}
	in.pieces = append(in.pieces, p)
	in.bytes += p.size()
	old := 0
	for old < len(in.pieces) && (in.bytes > keepMost || now.Sub(in.pieces[old].at) > keepFor) {
		in.bytes -= in.pieces[old].size()
		in.pieces[old] = piece{} // nobody else may need it
		old++
	}
	in.pieces = in.pieces[old:]
	for r := range in.readers {
		r.give(p.data)
	}
}

// judgeLocked follows how good the stream is.
func (in *intake) judgeLocked(now time.Time, fresh bool) {
	r, d := &in.r, in.d
	r.lastBytes = now
	r.scrambled = d.scrambled > r.counts.scrambled || r.scrambled && !fresh
	r.programme, r.picture = d.mapTable != nil, d.picture
	if fresh {
		if r.goodSince.IsZero() || now.Sub(r.lastFrame) > gapMost {
			r.goodSince = now
			in.restartLocked()
		}
		r.lastFrame = now
	}
	r.counts = d.counts
	if now.Sub(in.judged) >= window {
		in.lossesLocked()
		in.judged, in.before = now, d.counts
	}
}

// lossesLocked judges what was lost in the window.
func (in *intake) lossesLocked() {
	lost, came := in.d.lost-in.before.lost, in.d.ours-in.before.ours
	switch {
	case lost*lossesMost <= came:
		in.r.damaged = time.Time{}
		return
	case in.r.damaged.IsZero():
		in.r.damaged = in.judged
	}
	in.r.goodSince = time.Time{}
}

// restartLocked drops what was received before a break: nobody should begin there.
func (in *intake) restartLocked() {
	if last := len(in.pieces) - 1; last > 0 {
		in.pieces = append([]piece(nil), in.pieces[last])
		in.bytes = in.pieces[0].size()
	}
}

// reading returns what is known now.
func (in *intake) reading() reading {
	in.mu.Lock()
	defer in.mu.Unlock()
	r := in.r
	if in.now().Sub(r.lastFrame) > gapMost {
		r.goodSince = time.Time{}
	}
	return r
}

// reader takes the programme at its own pace; what it does not take in time ends
// it, and nobody else waits for it.
type reader struct {
	wake chan struct{} // has room for one

	mu      sync.Mutex
	waiting [][]byte
	bytes   int
	late    bool // it was too slow
}

// join adds a reader, which first gets the tables and up to cushion of what was.
// It is nil while the programme is not known.
func (in *intake) join() *reader {
	in.mu.Lock()
	defer in.mu.Unlock()
	head := in.d.head()
	if head == nil {
		return nil
	}
	from := in.pieces[in.entryLocked():]
	if len(from) > 0 && from[0].head != nil {
		head = from[0].head
	}
	r := &reader{wake: make(chan struct{}, 1)}
	r.give(head)
	for _, p := range from {
		r.give(p.data)
	}
	in.readers[r] = true
	return r
}

// entryLocked finds the piece to begin with: the newest entry point that is old
// enough, else the oldest one, else the oldest piece.
func (in *intake) entryLocked() int {
	best, now := -1, in.now()
	for i, p := range in.pieces {
		if p.entry && (best < 0 || now.Sub(p.at) >= cushion) {
			best = i
		}
	}
	return max(best, 0)
}

// leave takes a reader away.
func (in *intake) leave(r *reader) {
	in.mu.Lock()
	defer in.mu.Unlock()
	delete(in.readers, r)
}

func (r *reader) give(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.late {
		return
	}
	if r.bytes+len(b) > queueMost {
		r.late, r.waiting, r.bytes = true, nil, 0
	} else {
		r.waiting, r.bytes = append(r.waiting, b), r.bytes+len(b)
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// get returns what waits, and whether the reader was too slow and is over.
func (r *reader) get() (waiting [][]byte, late bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting, r.waiting, r.bytes = r.waiting, nil, 0
	return waiting, r.late
}
