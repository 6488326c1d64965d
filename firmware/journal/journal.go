// Package journal is the one durable truth of the station: an append-only log
// of records in files of 4 KiB blocks. Append returns only after its record is
// on the card (O_DSYNC); a block that was acknowledged is never written again;
// every block carries a CRC-32C over its place and content, so that damage
// costs the damaged commit only and shows as a hole in the numbers. Space is
// taken in advance, a segment and a spare one, so that a full disk cannot stop
// a press. It never interprets what it keeps, and one process writes at a time.
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

	SegmentSize int64 // bytes of a file, whole blocks; 0 is 8 MiB

	open opener // of the tests that break the card
}

// Stats counts since Open.
type Stats struct {
	Seq       uint64 `json:"seq"` // of the newest record
	Records   uint64 `json:"records"`
	Commits   uint64 `json:"commits"` // writes
	Bytes     uint64 `json:"bytes"`   // written to the file
	Failures  uint64 `json:"failures"`
	LastError string `json:"last_error,omitempty"`
	Segment   uint64 `json:"segment"`
	Reserve   bool   `json:"reserve"` // a spare segment is ready
}

// Journal is an open journal. Its methods may be called from any goroutine.
type Journal struct {
	dir   string
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

// Open opens or creates the journal in the folder dir for writing. What a
// power cut left is put right by itself; records that were lost are written
// down as firmware.KindJournalHole. Errors: ErrBusy, or why the folder or its
// files cannot be used. Close must be called.
func Open(dir string, opts Opts) (*Journal, error) {
	if opts.Now == nil {
		return nil, errors.New("journal: no clock given")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.SegmentSize <= 0 {
		opts.SegmentSize = 8 << 20
	}
	if opts.Mono == nil {
		opened := opts.Now()
		opts.Mono = func() time.Duration { return opts.Now().Sub(opened) }
	}
	opts.SegmentSize = max(opts.SegmentSize/BlockSize, 32) * BlockSize
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	w, holes, err := openWriter(dir, opts)
	if err != nil {
		_ = lock.Close() // the first error is the one to tell
		return nil, err
	}
	if err := w.prepare(); err != nil {
		opts.Log.Warn("journal has no reserve", "err", err)
	}
	j := &Journal{
		dir: dir, opts: opts, lock: lock, mono: opts.Mono, w: w,
		queue: make(chan *request, perBlock), stop: make(chan struct{}), ended: make(chan struct{}),
	}
	j.note(nil, 0, 0)
	go j.commit()
	for _, h := range holes {
		if _, err := j.Append(context.Background(), firmware.KindJournalHole, "", h); err != nil {
			_ = j.Close()
			return nil, err
		}
		opts.Log.Warn("journal has a hole", "from", h.From, "to", h.To)
	}
	return j, nil
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
func (j *Journal) Scan(fn func(firmware.Record) error) error { return Read(j.dir, fn) }

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
		err = errors.Join(j.w.close(), j.lock.Close())
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
			j.group(append([]*request{req}, j.gathered()...))
		}
	}
}

func (j *Journal) gathered() []*request {
	var list []*request
	for len(list) < perBlock {
		select {
		case req := <-j.queue:
			list = append(list, req)
		default:
			return list
		}
	}
	return list
}

// group makes the records of a group durable in one write and answers all.
func (j *Journal) group(reqs []*request) {
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
	blocks, err := j.w.write(first, lines)
	j.note(err, len(reqs), blocks)
	for _, req := range reqs {
		req.done <- err
	}
	if err := j.w.prepare(); err != nil {
		j.opts.Log.Warn("journal has no reserve", "err", err)
	}
	j.mu.Lock()
	j.stats.Reserve = j.w.spare != nil
	j.mu.Unlock()
}

func (j *Journal) note(err error, records, blocks int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &j.stats
	s.Seq, s.Segment, s.Reserve = j.w.seq, j.w.id, j.w.spare != nil
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
