// Package telemetry keeps what is measured once a second without wearing the card
// out: a day of it in memory, one record every ten minutes with the least, mean,
// greatest and last value of every channel, which is one block of the journal, and
// the last minute as it was when something happens to the mains. Written one by
// one the same values are terabytes a year. It measures nothing itself, and an
// unknown value is never a number.
package telemetry

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

// The kinds of record that are put.
const (
	KindRollup = "telemetry"     // Rollup
	KindRaw    = "telemetry_raw" // Raw
)

// Unknown is the value of a channel that could not be measured.
const Unknown = math.MinInt32

const (
	// MostChannels bounds the channels, so that a rollup fits into one block.
	MostChannels = 32
	longestName  = 24

	step     = time.Second
	rollup   = 10 * time.Minute
	before   = time.Minute      // of raw values with an event
	restless = 10 * time.Second // between two writes of raw values
)

// Opts are the settings of a recorder.
type Opts struct {
	Depth time.Duration // kept in memory; 0 is 24 h, four bytes a channel and second
}

// Summary is a channel over some time: the known values only.
type Summary struct {
	Min   int32 `json:"min"`
	Mean  int32 `json:"mean"`
	Max   int32 `json:"max"`
	Last  int32 `json:"last"`
	Known int   `json:"n"` // how many seconds were known; 0: the others mean nothing
}

// Rollup is the data of a KindRollup record.
type Rollup struct {
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"` // of the last second in it
	Channels map[string]Summary `json:"channels"`
}

// Recorder collects. Its methods may be called from any goroutine.
type Recorder struct {
	names []string
	put   func(kind, lesson string, data any)

	mu    sync.Mutex
	times []int64 // unix seconds, a ring
	vals  []int32 // len(names) for each of times
	next  int     // place of the next second
	count int
	slot  int64 // the ten minutes that are being collected
	sums  []sum
	from  time.Time
	last  time.Time
	saved int64     // raw values up to this second are in the journal
	wrote time.Time // raw values
	cause string    // of an event that is still to be written
}

// New returns a recorder of channels, whose names carry the unit ("mains_mv"). It
// hands its records to put, which must not block. Errors: too many channels, or a
// name that is empty, too long or there twice.
func New(channels []string, put func(kind, lesson string, data any), o Opts) (*Recorder, error) {
	if len(channels) == 0 || len(channels) > MostChannels {
		return nil, fmt.Errorf("telemetry: %d channels, the most is %d", len(channels), MostChannels)
	}
	seen := map[string]bool{}
	for _, name := range channels {
		if name == "" || len(name) > longestName || seen[name] {
			return nil, fmt.Errorf("telemetry: channel %q is empty, longer than %d, or there twice", name, longestName)
		}
		seen[name] = true
	}
	if put == nil {
		return nil, errors.New("telemetry: nobody writes")
	}
	if o.Depth <= 0 {
		o.Depth = 24 * time.Hour
	}
	depth := max(int(o.Depth/step), int(before/step))
	r := &Recorder{names: append([]string(nil), channels...), put: put, times: make([]int64, depth), vals: make([]int32, depth*len(channels))}
	r.sums = make([]sum, len(channels))
	return r, nil
}

// Sample takes the values of now, one for each channel, in order; Unknown where
// there is none. Of values with the same second only the first counts; time that
// stepped back is not written twice.
func (r *Recorder) Sample(now time.Time, values []int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := now.Unix()
	if len(values) != len(r.names) || r.count > 0 && at <= r.times[r.at(r.count-1)] {
		return
	}
	if slot := at / int64(rollup/step); slot != r.slot {
		r.close()
		r.slot, r.from = slot, now
	}
	r.last = now
	r.times[r.next] = at
	copy(r.vals[r.next*len(r.names):], values)
	r.next = (r.next + 1) % len(r.times)
	r.count = min(r.count+1, len(r.times))
	for i, v := range values {
		r.sums[i].add(v)
	}
	if r.cause != "" && now.Sub(r.wrote) >= restless {
		r.write(now)
	}
}

// at is the place of the i-th second, oldest first.
func (r *Recorder) at(i int) int { return (r.next - r.count + i + len(r.times)) % len(r.times) }

// Flush writes what has been collected of the ten minutes that are running: before
// the program ends.
func (r *Recorder) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.close()
}

// close ends the running ten minutes.
func (r *Recorder) close() {
	sums := map[string]Summary{}
	for i := range r.sums {
		if s, ok := r.sums[i].summary(); ok {
			sums[r.names[i]] = s
		}
		r.sums[i] = sum{}
	}
	if len(sums) > 0 {
		r.put(KindRollup, "", Rollup{From: r.from, To: r.last, Channels: sums})
	}
	r.slot = 0
}

// Event writes the last minute as it was, because of cause, a key of the text
// catalogue. Seconds that were written for an earlier event are not written again;
// when events come in a crowd, they share a record every ten seconds.
func (r *Recorder) Event(now time.Time, cause string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cause = cause
	if now.Sub(r.wrote) >= restless {
		r.write(now)
	}
}

func (r *Recorder) write(now time.Time) {
	cause := r.cause
	r.cause = ""
	begin := max(r.saved+1, now.Add(-before).Unix())
	raw := Raw{Cause: cause, Channels: map[string]string{}}
	cols := make([][]int32, len(r.names))
	for i := max(0, r.count-int(before/step)); i < r.count; i++ {
		p := r.at(i)
		if r.times[p] < begin {
			continue
		}
		raw.Seconds = append(raw.Seconds, r.times[p])
		for c := range cols {
			cols[c] = append(cols[c], r.vals[p*len(r.names)+c])
		}
	}
	if len(raw.Seconds) == 0 {
		return
	}
	r.wrote, r.saved = now, raw.Seconds[len(raw.Seconds)-1]
	for c, name := range r.names {
		raw.Channels[name] = pack(cols[c])
	}
	raw.From, raw.Seconds = time.Unix(raw.Seconds[0], 0).In(now.Location()), offsets(raw.Seconds)
	r.put(KindRaw, "", raw)
}

// Each calls fn with every second in memory since from, oldest first. fn must not
// call the recorder, and not keep values.
func (r *Recorder) Each(from time.Time, fn func(second int64, values []int32)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.count {
		if p := r.at(i); r.times[p] >= from.Unix() {
			fn(r.times[p], r.vals[p*len(r.names):(p+1)*len(r.names)])
		}
	}
}

// Channels returns the names, in the order of the values.
func (r *Recorder) Channels() []string { return append([]string(nil), r.names...) }
