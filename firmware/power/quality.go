package power

import "time"

// Thresholds of IEC 61000-4-30 as commonly set, in tenths of a percent of the
// declared voltage.
const (
	dipBelow   = 900
	swellAbove = 1100
	goneBelow  = 100
	hysteresis = 20
	declared   = 220_000              // mV
	roughly    = declared / 1000 * 60 // how wrong an rms over the wrong length may be
)

// The kinds of event of power quality.
const (
	EventDip          = EventUPS + 1 + iota // below 90 %
	EventSwell                              // above 110 %
	EventInterruption                       // below 10 %
)

// Disturbance is one event of power quality after IEC 61000-4-30: the voltage
// that decides is the rms of one cycle, renewed every half cycle.
type Disturbance struct {
	Kind    Kind          // EventDip, EventSwell or EventInterruption
	Start   time.Duration // since the first sample that the Quality took
	Lasted  time.Duration
	MV      int32 // residual voltage, or the highest of a swell
	Ongoing bool  // it had not ended when this was asked
}

// Quality judges the mains as a supply, beside the detector that guards: dips,
// swells, interruptions, peak and distortion. It looks at what the Detector holds
// after each frame, decides nothing, and allocates nothing. It belongs to the
// goroutine of its Detector.
//
// The two edges of an event are finer than half a cycle: how much of a window
// lay in the event follows from its rms and those before and after.
type Quality struct {
	det    *Detector
	n      uint64    // det.n when last looked
	pos    int64     // samples of the stream, those lost included
	next   int64     // end of the next window in 1/fine sample of det
	last   int64     // newest zero crossing used
	begun  bool      // next means something
	recent [8]window // newest last
	filled int       // of recent
	watch  [3]watch  // interruption, dip, swell
	lately watched   // the interruption before, inside a dip
	queue  [8]Disturbance
	queued int
	edges  [8]edge // for the black box
	nEdges int
	waves  recorder
	lines  spectrum
}

// window is one cycle: its end in 1/fine sample of the stream, and its rms.
type window struct {
	end, length int64
	mv          int32
	rough       bool // the frequency was not settled: mv is right within 6 % only
}

// watch follows one kind of event.
type watch struct {
	kind         Kind
	enter, leave int32
	on           bool
	start        int64
	worst        int32
}

// edge is the begin or the end of a disturbance, or that it turned out to be
// part of another one. The wave around a begin is wanted long before the end.
type edge struct {
	Disturbance
	merged bool
}

// watched is an event that has ended, in 1/fine sample.
type watched struct {
	start, end int64
}

// NewQuality returns a Quality that looks at det.
func NewQuality(det *Detector) *Quality {
	part := func(tenths int32) int32 { return declared / 1000 * tenths }
	return &Quality{det: det, watch: [3]watch{
		{kind: EventInterruption, enter: part(goneBelow), leave: part(goneBelow + hysteresis)},
		{kind: EventDip, enter: part(dipBelow), leave: part(dipBelow + hysteresis)},
		{kind: EventSwell, enter: part(swellAbove), leave: part(swellAbove - hysteresis)},
	}}
}

// Take looks at f after the Detector has been fed with it.
func (q *Quality) Take(f *Frame) {
	if f.Lost > 0 && f.Lost <= maxLost {
		q.waves.skip(f.Lost * FrameSamples)
		q.pos += int64(f.Lost) * FrameSamples
	}
	q.pos += FrameSamples
	q.waves.add(&f.Samples, q.pos)
	q.lines.add(&q.waves, q.det)
	if q.det.n != q.n+FrameSamples {
		q.begun, q.filled = false, 0
	}
	q.n = q.det.n
	q.synchronise()
	for q.begun && q.next+boxcar*fine <= int64(q.n)*fine {
		q.push()
		q.next += q.det.freq.period / 2
	}
}

// synchronise lays the ends of the windows on the zero crossings. The low-pass
// in front of them delays by half its length.
func (q *Quality) synchronise() {
	t := &q.det.freq
	if !q.begun {
		if int64(q.n)*fine < t.period+2*boxcar*fine {
			return
		}
		q.begun, q.next, q.last = true, int64(q.n-boxcar)*fine, t.last
	}
	if !t.crossed || t.last == q.last {
		return
	}
	q.last = t.last
	zero, half := t.last-boxcar/2*fine, t.period/2
	ahead := q.next - zero + half/2
	steps := ahead / half
	if ahead < 0 {
		steps--
	}
	q.next = zero + steps*half
}

// push measures the window that ends at next and judges the one two before it,
// whose neighbours on both sides are then known.
func (q *Quality) push() {
	length := q.det.freq.period
	sum := q.integral(q.next) - q.integral(q.next-length)
	copy(q.recent[:], q.recent[1:])
	q.recent[len(q.recent)-1] = window{
		end: q.next + (q.pos-int64(q.n))*fine, length: length, mv: q.det.millivolts(sum, uint64(length)),
		rough: !q.det.freq.settled(),
	}
	q.filled = min(q.filled+1, len(q.recent))
	if q.filled < 3 {
		return
	}
	for i := range q.watch {
		q.judge(&q.watch[i])
	}
}

// integral is the sum of squares up to a fraction of a sample, times fine.
func (q *Quality) integral(at int64) uint64 {
	whole, part := uint64(at)/fine, uint64(at)%fine
	s := &q.det.squares
	return fine*s[whole&mask] + part*(s[(whole+1)&mask]-s[whole&mask])
}

// settled says whether the length of the cycle is surely right.
func (t *tracker) settled() bool {
	off := t.period - t.recent[0]
	return t.known() && off < t.period/128 && off > -t.period/128
}

// begins says whether an event of w begins with v.
func (w *watch) begins(v *window) bool {
	limit := w.enter
	if v.rough && w.kind == EventDip {
		limit -= roughly
	}
	if v.rough && w.kind == EventSwell {
		limit += roughly
	}
	return w.beyond(v.mv, limit)
}

// beyond says whether mv has passed limit in the direction of w.
func (w *watch) beyond(mv, limit int32) bool {
	if w.kind == EventSwell {
		return mv > limit
	}
	return mv < limit
}

// judge moves w on by one window.
func (q *Quality) judge(w *watch) {
	now := &q.recent[judged]
	if !w.on {
		if !w.begins(now) {
			return
		}
		w.on, w.start, w.worst = true, q.edge(w, true), now.mv
		q.turned(edge{Disturbance: Disturbance{Kind: w.kind, Start: streamTime(w.start), MV: w.worst, Ongoing: true}})
	}
	if w.beyond(now.mv, w.worst) {
		w.worst = now.mv
	}
	if w.beyond(now.mv, w.leave) {
		return
	}
	w.on = false
	q.ended(w, max(q.edge(w, false), w.start))
}

// judged is the index of the window in judgement.
const judged = 5

// edge returns when the event of w began or ended, from the share of the judged
// window, or of the one before it, that lies in the event.
func (q *Quality) edge(w *watch, begins bool) int64 {
	share := func(i int) int64 {
		outside, inside := i-2, []int{i, i + 1, i + 2}
		if !begins {
			outside, inside = i+2, []int{i - 3, i - 2, i - 1}
		}
		worst := q.at(inside[0])
		for _, j := range inside[1:] {
			if v := q.at(j); w.beyond(v, worst) {
				worst = v
			}
		}
		ref, own := square(q.at(outside)), square(q.at(i))
		if ref == square(worst) {
			return 0
		}
		return max(0, min(fine, fine*(ref-own)/(ref-square(worst))))
	}
	at, part := judged, share(judged)
	whole := int64(fine - fine/32)
	if begins && part >= whole || !begins && part <= fine-whole {
		at, part = judged-1, share(judged-1)
	}
	win := &q.recent[max(at, len(q.recent)-q.filled)]
	if begins {
		return win.end - part*win.length/fine
	}
	return win.end - win.length + part*win.length/fine
}

// at returns the rms of window i, or of the nearest one there is.
func (q *Quality) at(i int) int32 {
	i = max(i, len(q.recent)-q.filled)
	return q.recent[min(i, len(q.recent)-1)].mv
}

func square(mv int32) int64 { return int64(mv) * int64(mv) / 1024 }

// ended queues the event of w, but not a dip that was an interruption from edge
// to edge.
func (q *Quality) ended(w *watch, end int64) {
	if w.kind == EventInterruption {
		q.lately = watched{w.start, end}
	}
	if w.kind == EventDip && q.lately.end > 0 {
		in, out := q.lately.start-w.start, end-q.lately.end
		q.lately = watched{}
		if in >= -nominal && in <= nominal && out <= nominal {
			q.turned(edge{Disturbance: Disturbance{Kind: w.kind}, merged: true})
			return
		}
	}
	q.tell(w, end, false)
}

func (q *Quality) tell(w *watch, end int64, ongoing bool) {
	if q.queued == len(q.queue) {
		copy(q.queue[:], q.queue[1:])
		q.queued--
	}
	d := Disturbance{Kind: w.kind, Start: streamTime(w.start), Lasted: streamTime(end - w.start), MV: w.worst, Ongoing: ongoing}
	q.queue[q.queued] = d
	q.queued++
	if !ongoing {
		q.turned(edge{Disturbance: d})
	}
}

// turned queues an edge; the oldest goes when nobody fetches them.
func (q *Quality) turned(e edge) {
	if q.nEdges == len(q.edges) {
		copy(q.edges[:], q.edges[1:])
		q.nEdges--
	}
	q.edges[q.nEdges] = e
	q.nEdges++
}

// sofar is how bad a disturbance that has not ended is, and how long it has lasted.
func (q *Quality) sofar(kind Kind) (mv int32, lasted time.Duration, ok bool) {
	for i := range q.watch {
		if w := &q.watch[i]; w.on && w.kind == kind {
			return w.worst, streamTime(q.pos*fine - w.start), true
		}
	}
	return 0, 0, false
}

// nextEdge returns the oldest edge not yet returned.
func (q *Quality) nextEdge() (edge, bool) {
	if q.nEdges == 0 {
		return edge{}, false
	}
	e := q.edges[0]
	copy(q.edges[:], q.edges[1:q.nEdges])
	q.nEdges--
	return e, true
}

// streamTime turns 1/fine samples into time.
func streamTime(at int64) time.Duration { return time.Duration(at) * SampleTime / fine }

// Next returns the oldest disturbance not yet returned.
func (q *Quality) Next() (Disturbance, bool) {
	if q.queued == 0 {
		return Disturbance{}, false
	}
	d := q.queue[0]
	copy(q.queue[:], q.queue[1:q.queued])
	q.queued--
	return d, true
}

// Finish queues what has not ended yet: the recording is over.
func (q *Quality) Finish() {
	for i := range q.watch {
		w := &q.watch[i]
		if w.on && (w.kind != EventDip || !q.watch[0].on) {
			q.tell(w, q.pos*fine, true)
		}
	}
}
