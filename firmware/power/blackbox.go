package power

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// What is kept of an event: the wave, the rms every 20 ms nearby and every
// 200 ms of the last minute.
const (
	aroundSamples = 1600 // 200 ms of wave before and after
	fineBefore    = 2 * time.Second
	coarseBefore  = time.Minute
	keptAfter     = 5 * time.Second
	fineBins      = int((fineBefore + keptAfter) / (20 * time.Millisecond))
	coarseBins    = int((coarseBefore + keptAfter) / (200 * time.Millisecond))
	afterSamples  = int64(keptAfter / SampleTime)
)

// Bounds of what is kept at once.
const (
	slots    = 6  // events whose file is not yet whole
	reserved = 2  // of them for what the guard does, not for mere disturbances
	maxActs  = 14 // things that happened in one event
	maxGaps  = 24 // of one wave
	quietGap = 20 // frames of silence after which time goes on without them
)

// A chattering mains must not push the guard's own acts out of the folder: so
// many files of mere disturbances at once, and one more after each pause.
const (
	boxedAtOnce = 20
	boxedEvery  = time.Minute
)

// boxed says whether an event of kind k has a file.
func (k Kind) boxed() bool {
	switch k {
	case EventOpen, EventTrip, EventOutage, EventLockout, EventWeld, EventNoClose, EventBlind, EventStrike:
		return true
	}
	return k.disturbance()
}

func (k Kind) disturbance() bool {
	return k == EventDip || k == EventSwell || k == EventInterruption
}

// act is one thing that happened in an event. Contact is not unknown when the
// contactor was seen to move, and then there is no Kind.
type act struct {
	Event
	seq     uint64
	at      int64 // samples after the middle
	ongoing bool
	contact Contact
}

// capture is one event on its way to the card. Its owner is the loop, or the
// keeper when yours is true.
type capture struct {
	yours  atomic.Bool
	wall   time.Time // of the middle
	seq    uint64    // of the first event in it that has one
	whole  bool      // everything is in it
	acts   [maxActs]act
	n      int
	next   Next
	wave   [2 * aroundSamples]int16
	gaps   [maxGaps][2]int16 // from and to, both in samples of wave
	nGaps  int
	fine   [fineBins]bin
	coarse [coarseBins]bin
}

// pending is the loop's side of a capture.
type pending struct {
	on     bool
	waved  bool  // the wave has been taken, the first file has been ordered
	centre int64 // sample of the stream
	wall   time.Time
	seq    uint64
	acts   [maxActs]act
	n      int
	next   Next
}

// blackBox keeps what lay around each event and gives it to a keeper. What the
// loop calls waits for nobody and allocates nothing; a nil blackBox keeps
// nothing. Except for the keeper's part it belongs to the goroutine of the loop.
type blackBox struct {
	boxKeeper
	quality *Quality
	plan    *Plan
	ring    waveRing
	fine    curve
	coarse  curve
	pend    [slots]pending
	now     time.Time
	quiet   time.Duration // of the newest silence, not yet counted
	counted int64         // frames that were counted as missing in this silence
	contact Contact
	room    int // files of mere disturbances that may be begun now
	since   time.Duration
	dropped atomic.Uint64 // events without a file
}

// newBlackBox returns a black box whose files go to dir, or nil when dir is "".
func newBlackBox(dir, boot string, fullScale int, settings Settings, plan *Plan, quality *Quality, log *slog.Logger) *blackBox {
	if dir == "" {
		return nil
	}
	return &blackBox{
		boxKeeper: boxKeeper{
			dir: dir, boot: boot, fullScale: fullScale, limits: limitsOf(settings, plan), log: log,
			wake: make(chan struct{}, 1), slot: new([slots]capture),
		},
		quality: quality, plan: plan, fine: newCurve(fineBin), coarse: newCurve(coarseBin), room: boxedAtOnce,
	}
}

// take looks at what the Sampler and the Quality have just taken; f is nil when
// no frame came.
func (b *blackBox) take(f *Frame, in *Input, now time.Time) {
	if b == nil {
		return
	}
	b.now = now
	b.refill(in.Elapsed)
	if f == nil {
		b.silence(in.Elapsed)
	} else {
		b.frame(f, &in.Sense)
		b.disturbances()
	}
	b.watch(in)
	for i := range b.pend {
		b.advance(i)
	}
}

func (b *blackBox) refill(elapsed time.Duration) {
	b.since += elapsed
	if b.since >= boxedEvery {
		b.since, b.room = 0, min(b.room+1, boxedAtOnce)
	}
}

// frame lets the stream go on. A silence that was counted as missing and whose
// frames came late, or are known to be lost, is taken back.
func (b *blackBox) frame(f *Frame, s *Sense) {
	if b.counted <= ringFrames/2 && f.Lost <= maxLost {
		b.ring.pos -= b.counted
		b.ring.skip(int64(max(0, f.Lost)))
	}
	b.quiet, b.counted = 0, 0
	at := b.ring.pos
	b.ring.add(f)
	b.fine.reach(at)
	b.coarse.reach(at)
	if s.Known {
		b.fine.add(at, s.MV)
		b.coarse.add(at, s.MV)
	}
}

// silence lets the time go on without frames, when it lasts.
func (b *blackBox) silence(elapsed time.Duration) {
	b.quiet += elapsed
	n := int64(b.quiet / FrameTime)
	if b.counted == 0 && n < quietGap {
		return
	}
	b.quiet -= time.Duration(n) * FrameTime
	b.counted += n
	b.ring.skip(n)
}

// sample is the time of the newest sample, in samples.
func (b *blackBox) sample() int64 { return b.ring.pos*FrameSamples + int64(b.quiet/SampleTime) }

// disturbances follows what the Quality says of begins and ends.
func (b *blackBox) disturbances() {
	lag := b.sample() - b.quality.pos
	for {
		e, ok := b.quality.nextEdge()
		if !ok {
			return
		}
		b.disturbed(&e, int64(e.Start/SampleTime)+lag)
	}
}

// disturbed puts an edge of the disturbance that began at start where it
// belongs. An end that is in no event any more gets a file of its own.
func (b *blackBox) disturbed(e *edge, start int64) {
	a := act{Event: Event{Kind: e.Kind, Load: -1, MV: e.MV, Lasted: e.Lasted}, ongoing: e.Ongoing}
	found := false
	for i := range b.pend {
		p := &b.pend[i]
		for j := p.n - 1; p.on && j >= 0; j-- {
			if p.acts[j].Kind != e.Kind || !p.acts[j].ongoing {
				continue
			}
			found = true
			a.at = p.acts[j].at
			p.acts[j] = a
			if e.merged {
				p.remove(j)
			}
		}
	}
	if found || e.merged {
		return
	}
	middle := start
	if !e.Ongoing {
		middle += int64(e.Lasted / SampleTime)
	}
	if p := b.trigger(middle, false); p != nil {
		p.add(&a, start)
	}
}

func (p *pending) remove(j int) {
	copy(p.acts[j:], p.acts[j+1:p.n])
	p.n--
	p.on = p.on && (p.n > 0 || p.waved)
}

// add notes a at sample at of the stream.
func (p *pending) add(a *act, at int64) {
	if p.n == len(p.acts) {
		return
	}
	p.acts[p.n] = *a
	p.acts[p.n].at = at - p.centre
	p.n++
	if p.seq == 0 {
		p.seq = a.seq
	}
}

// trigger returns the event that at belongs to, a new one when there is none, or
// nil when there is no room.
func (b *blackBox) trigger(at int64, acts bool) *pending {
	free, n := -1, 0
	for i := range b.pend {
		p := &b.pend[i]
		switch {
		case p.on && at >= p.centre-aroundSamples && at <= p.centre+aroundSamples:
			return p
		case !p.on && !b.slot[i].yours.Load():
			free, n = i, n+1
		}
	}
	if free < 0 || !acts && (n <= reserved || b.room == 0) {
		b.dropped.Add(1)
		return nil
	}
	if !acts {
		b.room--
	}
	p := &b.pend[free]
	*p = pending{on: true, centre: at, wall: b.now.Add(-time.Duration(b.sample()-at) * SampleTime)}
	b.inherit(p)
	return p
}

// inherit tells a new event of the disturbances in which it lies.
func (b *blackBox) inherit(p *pending) {
	for i := range b.pend {
		q := &b.pend[i]
		for j := range q.acts[:q.n] {
			if q.on && q != p && q.acts[j].ongoing {
				p.add(&q.acts[j], q.centre+q.acts[j].at)
			}
		}
	}
}

// note puts an event that the guard told, with its number and the State after
// it, into every event that is open, and begins one when it must.
func (b *blackBox) note(e Event, seq uint64, s *State) {
	switch {
	case b == nil || !e.Kind.boxed() && e.Kind != EventClose:
		return
	case e.Kind.disturbance():
		b.number(&e, seq)
		return
	}
	a := act{Event: e, seq: seq}
	at := b.sample()
	// The end of this program says nothing of the mains.
	if e.Kind != EventClose && e.Cause != CauseStopping {
		b.trigger(at, e.Kind != EventStrike)
	}
	for i := range b.pend {
		if p := &b.pend[i]; p.on {
			p.add(&a, at)
			p.next = b.plan.next(s)
		}
	}
}

// number gives a disturbance that was told its number.
func (b *blackBox) number(e *Event, seq uint64) {
	for i := range b.pend {
		p := &b.pend[i]
		for j := range p.acts[:p.n] {
			a := &p.acts[j]
			if p.on && a.seq == 0 && a.Kind == e.Kind && a.Lasted == e.Lasted && !a.ongoing {
				a.seq = seq
				p.seq = max(p.seq, seq)
			}
		}
	}
}

// watch notes when the contactor is seen to move.
func (b *blackBox) watch(in *Input) {
	seen := in.Aux
	if seen == ContactUnknown {
		seen = in.Feed
	}
	if seen == ContactUnknown || seen == b.contact {
		return
	}
	moved := b.contact != ContactUnknown
	b.contact = seen
	if !moved {
		return
	}
	a := act{Event: Event{Load: -1}, contact: seen}
	for i := range b.pend {
		if p := &b.pend[i]; p.on {
			p.add(&a, b.sample())
		}
	}
}
