package mains

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"stationbox/hal"
)

// Source is the line the front end sends on; *line.Port is one. ReadUntil reads
// what has arrived, waiting for the first byte until the deadline. It must not
// return early without bytes again and again.
type Source interface {
	ReadUntil(b []byte, deadline time.Time) (int, error)
}

// Opts are the optional settings of a Reader.
type Opts struct {
	// FullScale is the voltage of sample 32768 in volts; 0 means 800.
	FullScale int
	// Name stands in errors; "" means "mains".
	Name string
	// Now is the clock of arrival times; nil means time.Now.
	Now func() time.Time
}

// Reader takes frames from a line, one after the other. Next and Run belong to
// one goroutine; Counters and State may be called from any.
type Reader struct {
	src     Source
	opts    Opts
	decoder *Decoder
	take    func(Frame)
	buf     [4096]byte // what a tty holds at most
	queue   [4096/FrameSize + 2]Arrived
	head    int
	tail    int
	latest  time.Time // of the newest frame

	mu       sync.Mutex
	counters Counters
	why      error
}

// Arrived is a frame with the time at which it was complete.
type Arrived struct {
	Frame
	// At is the time of the read that completed the frame, less the length of the
	// frames that came after it in the same read: after a pause of the program
	// the frames that piled up are as old as they are.
	At time.Time
}

// NewReader returns a Reader of the frames that come from src.
func NewReader(src Source, o Opts) *Reader {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Name == "" {
		o.Name = "mains"
	}
	r := &Reader{src: src, opts: o, decoder: NewDecoder(o.FullScale)}
	r.why = fmt.Errorf("%s: no frame yet: %w", o.Name, hal.ErrSilent)
	// Made once: a method value in the loop would be an allocation for each read.
	r.take = r.push
	return r
}

// Decoder returns the decoder, for the meaning of samples; feeding it is up to
// the Reader.
func (r *Reader) Decoder() *Decoder { return r.decoder }

// Next returns the next frame. It waits until the deadline at most and then
// returns hal.ErrSilent if nothing came, hal.ErrGarbled if bytes came but no
// frame, or hal.ErrGone if the line is not open. It allocates nothing unless it fails.
func (r *Reader) Next(deadline time.Time) (Arrived, error) {
	if r.head < r.tail {
		return r.pop(), nil
	}
	noise := false
	for {
		n, err := r.src.ReadUntil(r.buf[:], deadline)
		if n > 0 {
			noise = true
			r.feed(r.buf[:n], r.opts.Now())
			if r.head < r.tail {
				return r.pop(), nil
			}
		}
		if err == nil && r.opts.Now().Before(deadline) {
			continue
		}
		return Arrived{}, r.fail(err, noise)
	}
}

// Run calls handle for every frame until ctx ends, and then returns nil. A
// silent or unplugged line does not end it: look at State, and let the missing
// frames speak. The end of ctx is noticed within 50 ms.
func (r *Reader) Run(ctx context.Context, handle func(Arrived)) error {
	for ctx.Err() == nil {
		f, err := r.Next(r.opts.Now().Add(50 * time.Millisecond))
		if err != nil {
			continue // kept for State
		}
		handle(f)
	}
	return nil
}

// Counters returns how well the stream is understood so far.
func (r *Reader) Counters() Counters {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counters
}

// State returns nil when the last call of Next gave a frame, else its error.
func (r *Reader) State() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why
}

// feed decodes b into the queue and dates the frames back from at, but never
// before a frame that came earlier: a burst may come later than its last frame.
func (r *Reader) feed(b []byte, at time.Time) {
	r.head, r.tail = 0, 0
	r.decoder.Feed(b, r.take)
	for i := r.tail - 1; i >= 0; i-- {
		r.queue[i].At = at
		at = at.Add(-FrameTime)
	}
	for i := range r.queue[:r.tail] {
		if r.queue[i].At.Before(r.latest) {
			r.queue[i].At = r.latest
		}
		r.latest = r.queue[i].At
	}
	r.mu.Lock()
	r.counters = r.decoder.Counters()
	if r.tail > 0 {
		r.why = nil
	}
	r.mu.Unlock()
}

func (r *Reader) push(f Frame) {
	r.queue[r.tail].Frame = f
	r.tail++
}

func (r *Reader) pop() Arrived {
	r.head++
	return r.queue[r.head-1]
}

func (r *Reader) fail(err error, noise bool) error {
	if noise && (err == nil || errors.Is(err, hal.ErrSilent)) {
		err = hal.ErrGarbled
	}
	if err == nil {
		err = hal.ErrSilent
	}
	err = fmt.Errorf("%s: %w", r.opts.Name, err)
	r.mu.Lock()
	r.why = err
	r.mu.Unlock()
	return err
}
