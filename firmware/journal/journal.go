// Package journal is the one durable truth of the station: an append-only log
// of records in a ring of 4 KiB blocks, on a small partition of its own or in a
// file. Append returns only after its record is on the card (O_DSYNC); a block
// that was acknowledged is not written again before the ring has come round;
// every block carries a CRC-32C over its place and content, so that damage costs
// the damaged commit only and shows as a hole in the numbers. Space is taken in
// advance, a segment and a spare one, so that a full disk cannot stop a press. It
// never interprets what it keeps, and one process writes at a time.
package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"stationbox/firmware"
)

var (
	// ErrClosed means that the journal was closed.
	ErrClosed = errors.New("journal is closed")
	// ErrBusy means that another process writes to the same journal.
	ErrBusy = errors.New("another station program is writing here")
	// ErrReserve means that the card gives no further space and that what is left
	// is for presses.
	ErrReserve = errors.New("the rest of the journal is kept for presses")
	// ErrForeign means that the partition holds something else.
	ErrForeign = errors.New("holds something else than a journal")
	// ErrTooSmall means that the partition has no room for a ring.
	ErrTooSmall = errors.New("too small for a journal")
	// ErrTooLarge means that the data of one record exceed 64 KiB.
	ErrTooLarge = errors.New("record is larger than 64 KiB")
)

// Opts are the dependencies and settings of a journal.
type Opts struct {
	Station string               // goes into every record
	Boot    string               // random, new at each start of the program
	Now     func() time.Time     // required
	Zone    *time.Location       // of the Wall times; nil leaves what Now gives
	Mono    func() time.Duration // monotonic time, which a wall clock that is set does not move; nil: by Now
	Log     *slog.Logger         // nil discards

	// Both only count when a ring begins.
	SegmentSize int64 // bytes given up at once when the ring comes round, at least 256 KiB; 0 is 1 MiB, or 1/512 of a large partition
	Limit       int64 // bytes to which a ring in a folder grows; 0 is 1 GiB. A partition is used whole

	Keep  func(kind string) bool // which kinds may use the reserve; nil: presses and the roll
	Known uint64                 // the highest number that others have seen: none below it is given again

	open opener // of the tests that break the card
}

// Stats counts since Open.
type Stats struct {
	Seq       uint64 `json:"seq"` // of the newest record
	Records   uint64 `json:"records"`
	Commits   uint64 `json:"commits"`  // writes
	Bytes     uint64 `json:"bytes"`    // of records, written to the card
	Prepared  uint64 `json:"prepared"` // bytes written to make segments ready
	WorstMS   int64  `json:"worst_ms"` // the slowest write
	Slow      uint64 `json:"slow"`     // writes of more than SlowWrite
	Failures  uint64 `json:"failures"`
	LastError string `json:"last_error,omitempty"`
	Segment   uint64 `json:"segment"`
	Reserve   bool   `json:"reserve"` // a spare segment is ready
}

// SlowWrite is how long a write may take on a sound card. A press that waits
// longer is noticed by the one who pressed.
const SlowWrite = time.Second

// Journal is an open journal. Its methods may be called from any goroutine.
type Journal struct {
	path  string
	opts  Opts
	lock  *os.File
	mono  func() time.Duration
	queue chan *request
	stop  chan struct{}
	ended chan struct{}
	once  sync.Once

	w *writer // of the committer only

	mu    sync.Mutex
	stats Stats
}

// request is one Append on its way to the card.
type request struct {
	rec  firmware.Record
	done chan error
}

// Append writes a record and returns it when it is durable. After an error the
// record may or may not be on the card: when ctx ends first, the write goes on.
// Earlier records stay readable after any error.
func (j *Journal) Append(ctx context.Context, kind, lesson string, data any) (firmware.Record, error) {
	now := j.opts.Now()
	rec := firmware.Record{
		Station: j.opts.Station, Boot: j.opts.Boot, Wall: now.Round(0), MonoNS: j.mono().Nanoseconds(),
		Kind: kind, Lesson: lesson,
	}
	if j.opts.Zone != nil {
		rec.Wall = rec.Wall.In(j.opts.Zone)
	}
	if data != nil {
		raw, err := json.Marshal(data)
		if err != nil {
			return firmware.Record{}, fmt.Errorf("journal: %s: %w", kind, err)
		}
		rec.Data = raw
	}
	if len(rec.Data)+len(kind)+len(lesson) > maxRecord-1024 {
		return firmware.Record{}, fmt.Errorf("journal: %s: %w", kind, ErrTooLarge)
	}
	req := &request{rec: rec, done: make(chan error, 1)}
	select {
	case j.queue <- req:
	case <-j.stop:
		return firmware.Record{}, fmt.Errorf("journal: %w", ErrClosed)
	case <-ctx.Done():
		return firmware.Record{}, fmt.Errorf("journal: %w", ctx.Err())
	}
	return j.wait(ctx, req)
}

func (j *Journal) wait(ctx context.Context, req *request) (firmware.Record, error) {
	var err error
	select {
	case err = <-req.done:
	case <-ctx.Done():
		return firmware.Record{}, fmt.Errorf("journal: card is slow: %w", ctx.Err())
	case <-j.ended:
		select {
		case err = <-req.done:
		default:
			err = fmt.Errorf("journal: %w", ErrClosed)
		}
	}
	if err != nil {
		return firmware.Record{}, err
	}
	return req.rec, nil
}

// Scan calls fn with every readable record, oldest first, until fn returns an
// error, which is handed back. All records acknowledged before the call are
// among them. fn must not call Close.
func (j *Journal) Scan(fn func(firmware.Record) error) error { return Read(j.path, fn) }

// Stats returns the counters.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.stats
}

// Close waits for the write that is under way, fails what waits behind it and
// gives the journal free for another process. It may be called twice.
func (j *Journal) Close() error {
	var err error
	j.once.Do(func() {
		close(j.stop)
		<-j.ended
		err = errors.Join(j.w.d.Close(), j.lock.Close())
	})
	return err
}

// commit is the one goroutine that writes. What has gathered while a write was
// under way shares the next one.
func (j *Journal) commit() {
	defer close(j.ended)
	for {
		select {
		case <-j.stop:
			return
		case req := <-j.queue:
			j.group(append([]*request{req}, j.gathered(len(req.rec.Data))...))
		}
	}
}

// most bounds the encoded bytes of the records that share a commit: it fits into
// the smallest segment.
const most = 15 * room

func (j *Journal) gathered(bytes int) []*request {
	var list []*request
	for len(list) < perBlock-1 && bytes < most {
		select {
		case req := <-j.queue:
			list = append(list, req)
			bytes += len(req.rec.Data) + 512
		default:
			return list
		}
	}
	return list
}

// group makes the records of a group durable in one write and answers all.
func (j *Journal) group(reqs []*request) {
	if reqs = j.admit(reqs); len(reqs) == 0 {
		return
	}
	lines := make([][]byte, len(reqs))
	first := j.w.seq + 1
	for i, req := range reqs {
		req.rec.Seq = first + uint64(i)
		line, err := json.Marshal(req.rec)
		if err != nil { // cannot happen: Data is JSON already
			line = nil
		}
		lines[i] = append(line, '\n')
	}
	began := j.mono()
	blocks, err := j.w.write(first, lines)
	if err != nil {
		err = fmt.Errorf("journal: %w", err)
	}
	j.note(err, len(reqs), blocks, j.mono()-began)
	for _, req := range reqs {
		req.done <- err
	}
	j.reserve()
}

// admit refuses, when there is no spare segment and the last one is half full,
// what may not use the reserve.
func (j *Journal) admit(reqs []*request) []*request {
	if j.w.spare != 0 || j.w.left() > uint32(j.w.per)/2 {
		return reqs
	}
	kept := reqs[:0]
	for _, req := range reqs {
		if j.opts.Keep(req.rec.Kind) {
			kept = append(kept, req)
			continue
		}
		err := fmt.Errorf("journal: %s: %w", req.rec.Kind, ErrReserve)
		j.note(err, 1, 0, 0)
		req.done <- err
	}
	if len(kept) == 0 {
		j.reserve() // there may be space again
	}
	return kept
}

func (j *Journal) reserve() {
	if err := j.w.reserve(); err != nil {
		j.opts.Log.Warn("journal has no reserve", "err", err)
	}
	j.mu.Lock()
	j.stats.Reserve, j.stats.Prepared = j.w.spare != 0, j.w.prepared
	j.mu.Unlock()
}

func (j *Journal) note(err error, records, blocks int, took time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &j.stats
	s.Seq, s.Segment, s.Reserve, s.Prepared = j.w.seq, j.w.id, j.w.spare != 0, j.w.prepared
	s.WorstMS = max(s.WorstMS, took.Milliseconds())
	if took > SlowWrite {
		s.Slow++
	}
	switch {
	case err != nil:
		s.Failures++
		s.LastError = err.Error()
	case records > 0:
		s.Records += uint64(records)
		s.Commits++
		s.Bytes += uint64(blocks) * BlockSize
	}
}
