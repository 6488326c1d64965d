package antenna

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/dish"
	"stationbox/firmware/text"
	"stationbox/hal/sim/world"
	picture "stationbox/media/screen"
	"stationbox/media/sound"
)

// alignRig is a station's aligner at a simulated dish, in a bubble of time.
type alignRig struct {
	*dishRig
	t *testing.T
	a *Aligner

	mu     sync.Mutex
	lesson bool
	tone   *sound.Tone
	tones  int            // how often one was set
	meter  *picture.Meter // on the television
	shows  []time.Time    // when it changed
	saved  int
}

func onAlignRig(t *testing.T, f func(t *testing.T, r *alignRig)) {
	t.Helper()
	onRig(t, func(t *testing.T, d *dishRig) {
		r := &alignRig{dishRig: d, t: t, a: NewAligner(d.meter, AlignerOpts{Words: text.New("zh"), Log: slog.New(slog.DiscardHandler)})}
		r.a.busy = func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.lesson }
		r.a.voice, r.a.show = r, r.display
		r.a.save = func(string) (alignment, error) {
			r.mu.Lock()
			r.saved++
			r.mu.Unlock()
			rec, ok := alignmentOf(d.meter.View(), in2026())
			if !ok {
				return rec, errNoLock
			}
			return rec, rec.write(d.meter.dir)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = r.a.Run(ctx) })
		time.Sleep(20 * time.Second) // the receiver is tuned
		f(t, r)
		cancel()
		wg.Wait()
		if r.tone != nil || r.meter != nil {
			t.Error("tone or picture are left over")
		}
		if on, _ := r.dishRig.meter.haste.is(); on {
			t.Error("the sensors are still hurried")
		}
	})
}

// Whether somebody aligns is known at once, also while a motor is asked to stand still: the
// lesson waits for no device.
func TestActiveWaitsForNobody(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		r.a.still = func(context.Context) (func(), error) { time.Sleep(10 * time.Second); return func() {}, nil }
		begun := make(chan *aligning)
		go func() {
			s, _, err := r.a.join(t.Context(), "test", true)
			if err != nil {
				t.Error(err)
			}
			begun <- s
		}()
		time.Sleep(time.Second)
		asked := time.Now()
		if r.a.Active() || !time.Now().Equal(asked) {
			t.Errorf("active too soon, or told after %v", time.Since(asked))
		}
		s := <-begun
		if !r.a.Active() {
			t.Error("not active")
		}
		s.finish("cmd.dish.align.stopped")
		time.Sleep(time.Second)
	})
}

// Who begins in the moment after another one has stopped begins: the motors that are still
// held are held by that one.
func TestBeginRightAfterAStop(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		var held atomic.Bool
		r.a.still = func(context.Context) (func(), error) {
			if held.Swap(true) {
				return nil, errMountBusy
			}
			return func() { held.Store(false) }, nil
		}
		for i := range 20 {
			s, begun, err := r.a.join(t.Context(), "test", true)
			if err != nil || !begun {
				t.Fatalf("the %d. time: begun %v, %v", i+1, begun, err)
			}
			time.Sleep(time.Duration(i) * 7 * time.Millisecond)
			s.finish("cmd.dish.align.stopped")
		}
		time.Sleep(time.Second)
	})
}

// While motors turn the dish nobody is called to it.
func TestNobodyAlignsWhileMotorsTurn(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		var held atomic.Int32
		r.a.still = func(context.Context) (func(), error) { return nil, errMountBusy }
		if _, _, err := r.a.join(t.Context(), "test", true); !errors.Is(err, errMountBusy) {
			t.Errorf("began: %v", err)
		}
		if on, _ := r.dishRig.meter.haste.is(); on {
			t.Error("the sensors are hurried")
		}
		r.a.still = func(context.Context) (func(), error) { held.Add(1); return func() { held.Add(-1) }, nil }
		s, begun, err := r.a.join(t.Context(), "test", true)
		if err != nil || !begun || held.Load() != 1 {
			t.Fatalf("begun %v, held %d: %v", begun, held.Load(), err)
		}
		s.finish("cmd.dish.align.stopped")
		time.Sleep(time.Second)
		if held.Load() != 0 {
			t.Error("the motors are still held")
		}
	})
}

func (r *alignRig) SetTone(tone *sound.Tone) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tone = tone
	if tone != nil {
		r.tones++
	}
}

func (r *alignRig) display(m *picture.Meter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m == nil || r.meter == nil || *m != *r.meter {
		r.shows = append(r.shows, time.Now())
	}
	r.meter = m
}

func (r *alignRig) begin(by string, quiet bool) *aligning {
	r.t.Helper()
	s, begun, err := r.a.join(r.t.Context(), by, quiet)
	if err != nil || !begun {
		r.t.Fatalf("begun %v, %v", begun, err)
	}
	return s
}

func (r *alignRig) turn(azimuth, elevation float64) {
	p := r.dish.Pose()
	p.Azimuth, p.Elevation = p.Azimuth+azimuth, p.Elevation+elevation
	r.dish.Turn(p)
}

// follow carries an order out as it is meant.
func (r *alignRig) follow(s *aligning, number int, o dish.Order) {
	by := float64(o.Amount.Degrees())
	if !o.Forward {
		by = -by
	}
	switch o.Do {
	case dish.DoTurn:
		r.turn(by, 0)
	case dish.DoTip:
		r.turn(0, by)
	case dish.DoSweep:
		for range int(math.Abs(by) / 0.1) {
			r.turn(math.Copysign(0.1, by), 0)
			time.Sleep(100 * time.Millisecond)
			if l, _ := s.look(0); l.Number != number {
				return // told to stop
			}
		}
	case dish.DoHold, dish.DoWaitForReadings:
		return
	}
	s.press(number)
}

// until waits for a condition of the alignment in the bubble's time.
func (r *alignRig) until(s *aligning, bound time.Duration, ok func(l alignLook) bool) alignLook {
	r.t.Helper()
	end := time.Now().Add(bound)
	for {
		l, changed := s.look(0)
		if ok(l) {
			synctest.Wait() // tone and television have it as well
			return l
		}
		if time.Now().After(end) {
			r.t.Fatalf("not within %v: %+v", bound, l)
		}
		select {
		case <-changed:
		case <-time.After(time.Second):
		}
	}
}

// Somebody who does what the orders say comes to the end, and how the dish stands is kept.
func TestAlignToTheEnd(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		peak := r.dish.Pose()
		r.turn(1.5, -1)
		s := r.begin("console", false)
		next, done := 0, 0
		for !s.over() {
			l, changed := s.look(next)
			next = l.Next
			for _, said := range l.Said {
				if said.Number > done && !said.Last {
					done = said.Number
					r.follow(s, said.Number, said.Order)
				}
			}
			if len(l.Said) == 0 {
				<-changed
			}
		}
		l, _ := s.look(0)
		last := l.Said[len(l.Said)-1]
		if !last.Last || last.Record == nil || last.Order.Do != dish.DoDone {
			t.Fatalf("the last word is %+v", last)
		}
		for _, c := range []*text.Catalogue{text.New("zh"), text.New("en")} {
			if said := last.say(c); !strings.HasPrefix(said, "[") || !strings.Contains(said, last.Order.Say(c)) || !strings.Contains(said, "C/N 1") && !strings.Contains(said, "载噪比 1") {
				t.Errorf("%q", said)
			}
		}
		p := r.dish.Pose()
		if off := math.Hypot(p.Azimuth-peak.Azimuth, p.Elevation-peak.Elevation); off > 0.2 {
			t.Errorf("the dish is %.2f° off after all", off)
		}
		if rec, err := readAlignment(r.dishRig.meter.dir); err != nil || rec.CNR == nil || *rec.CNR < 13.5 || r.saved != 1 {
			t.Errorf("record %+v, %v, saved %d times", rec, err, r.saved)
		}
		if r.tones != 1 {
			t.Errorf("a tone was set %d times", r.tones)
		}
	})
}

// A second console or the page joins; a press counts once, for the order that it was for.
func TestAlignIsOne(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		s := r.begin("console", true)
		again, begun, err := r.a.join(t.Context(), "page", false)
		if again != s || begun || err != nil {
			t.Fatalf("a second one: %v %v", begun, err)
		}
		r.turn(0.7, 0.5)
		l := r.until(s, time.Minute, func(l alignLook) bool {
			return l.Number > 1 && l.Advice.Order.Do == dish.DoTurn || l.Advice.Order.Do == dish.DoTip
		})
		s.press(l.Number - 1) // of another order
		time.Sleep(time.Second)
		if now, _ := s.look(0); now.Number != l.Number {
			t.Error("a press for an old order counts")
		}
		s.press(l.Number)
		s.press(l.Number)
		time.Sleep(time.Second)
		if now, _ := s.look(0); now.Number != l.Number+1 || now.Advice.Order.Do != dish.DoHold {
			t.Errorf("after two presses order %d after %d, %v", now.Number, l.Number, now.Advice.Order)
		}
		s.finish("cmd.dish.align.stopped")
		s.finish("cmd.dish.align.idle")
		time.Sleep(time.Second)
		if now, _ := s.look(0); !now.Ended || now.Said[len(now.Said)-1].Key != "cmd.dish.align.stopped" {
			t.Errorf("%+v", now)
		}
		if r.tones != 0 {
			t.Error("a quiet alignment sounds")
		}
		if next, begun, err := r.a.join(t.Context(), "page", true); err != nil || !begun || next == s {
			t.Errorf("the next one: %v, %v", begun, err)
		} else {
			next.finish("cmd.dish.align.stopped")
		}
		time.Sleep(time.Second)
	})
}

// A reading reaches tone and television within a step, and no old figure stays when the
// readings stop or the lock is lost.
func TestAlignIsQuickAndNeverSticks(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		s := r.begin("console", false)
		r.until(s, 5*time.Second, func(l alignLook) bool { return l.Advice.Now.Known })
		for range 20 {
			at := time.Now()
			r.dish.Rain(float64(at.UnixMilli()%5) / 2)
			time.Sleep(time.Duration(137) * time.Millisecond)
		}
		r.mu.Lock()
		shows := len(r.shows)
		r.mu.Unlock()
		if shows < 10 {
			t.Errorf("%d pictures in three seconds", shows)
		}
		r.dish.Rain(0)
		time.Sleep(time.Second)
		r.dish.Rain(30)
		lost := time.Now()
		r.until(s, 5*time.Second, func(l alignLook) bool { return !l.Advice.Now.Known })
		if late := time.Since(lost); late > 150*time.Millisecond {
			t.Errorf("the lost lock is seen after %v", late)
		}
		r.dish.Rain(0)
		back := time.Now()
		r.until(s, 5*time.Second, func(l alignLook) bool { return l.Advice.Now.Known })
		if late := time.Since(back); late > 150*time.Millisecond {
			t.Errorf("the new lock is seen after %v", late)
		}
		before, _ := s.look(0)
		r.fault(t, "hangs", r.card)
		hung := time.Now()
		l := r.until(s, 5*time.Second, func(l alignLook) bool { return l.Advice.Stale && !l.Advice.Now.Known })
		if late := time.Since(hung); late > dish.StaleAfter+2*alignStep {
			t.Errorf("the old figure stays for %v", late)
		}
		if l.Number <= before.Number || l.Advice.Order.Do != dish.DoWaitForReadings {
			t.Errorf("order %d %v", l.Number, l.Advice.Order)
		}
		r.mu.Lock()
		if m := r.meter; m == nil || m.Known || m.Bar > 0 || m.Mood != picture.Bad {
			t.Errorf("the television shows %+v", r.meter)
		}
		r.mu.Unlock()
		r.fault(t, "none", r.card)
		l = r.until(s, time.Minute, func(l alignLook) bool { return l.Advice.Now.Known })
		if l.Number != before.Number {
			t.Errorf("the order %d comes back as %d", before.Number, l.Number)
		}
		s.finish("cmd.dish.align.stopped")
		time.Sleep(time.Second)
	})
}

// A lesson takes tone and picture and gives them back; the alignment goes on.
func TestAlignGivesWayToALesson(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		s := r.begin("console", false)
		time.Sleep(2 * time.Second)
		set := func(on bool) { r.mu.Lock(); r.lesson = on; r.mu.Unlock(); time.Sleep(time.Second) }
		has := func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.tone != nil && r.meter != nil }
		if !has() {
			t.Error("no tone or no picture")
		}
		set(true)
		r.mu.Lock()
		if r.tone != nil || r.meter != nil {
			t.Error("tone or picture in a lesson")
		}
		r.mu.Unlock()
		if s.over() {
			t.Fatal("the alignment ends")
		}
		set(false)
		if !has() {
			t.Error("no tone or no picture after the lesson")
		}
		l, _ := s.look(0)
		keys := ""
		for _, said := range l.Said {
			keys += said.Key + " "
		}
		if !strings.Contains(keys, "cmd.dish.align.lesson cmd.dish.align.lesson_over") {
			t.Errorf("said %q", keys)
		}
		s.finish("cmd.dish.align.stopped")
		time.Sleep(time.Second)
	})
}

// A time without a move, half an hour, ends it, counted from the last move.
func TestAlignEndsByItself(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		r.a.idle = 2 * time.Minute
		r.turn(0.7, 0.5)
		s := r.begin("console", true)
		l := r.until(s, time.Minute, func(l alignLook) bool { return l.Advice.Order.Do == dish.DoTurn || l.Advice.Order.Do == dish.DoTip })
		time.Sleep(r.a.idle - 30*time.Second)
		s.press(l.Number)
		time.Sleep(r.a.idle - 10*time.Second)
		if s.over() {
			t.Fatal("it has ended too early")
		}
		time.Sleep(20 * time.Second)
		if l, _ := s.look(0); !l.Ended || l.Said[len(l.Said)-1].Key != "cmd.dish.align.idle" || r.saved != 0 {
			t.Errorf("%+v", l.Said[len(l.Said)-1])
		}
	})
}

// Another satellite is told of within some seconds, and forgotten with the lock.
func TestAlignKnowsTheSatellite(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		right := r.dish.Pose()
		s := r.begin("console", false)
		r.until(s, 20*time.Second, func(l alignLook) bool { return l.Advice.Voice == dish.VoiceSignal })
		if who, _, _ := r.dishRig.meter.sender.now(); who != dish.IdentityRight {
			r.until(s, 20*time.Second, func(alignLook) bool { w, _, _ := r.dishRig.meter.sender.now(); return w == dish.IdentityRight })
		}
		r.dish.Turn(world.Pose{Azimuth: right.Azimuth + 7, Elevation: right.Elevation})
		l := r.until(s, 30*time.Second, func(l alignLook) bool { return l.Advice.Voice == dish.VoiceWrong })
		if !strings.Contains(dish.AlignState(text.New("en"), l.Advice), "other satellite") {
			t.Errorf("%+v", l.Advice)
		}
		r.dish.Turn(world.Pose{Azimuth: right.Azimuth + 3.5, Elevation: right.Elevation + 8})
		time.Sleep(time.Second)
		if who, _, _ := r.dishRig.meter.sender.now(); who != dish.IdentityUnknown {
			t.Errorf("without a lock it is still %v", who)
		}
		s.finish("cmd.dish.align.stopped")
		time.Sleep(time.Second)
	})
}

// Who turns the dish away does not want to hear that there is no signal; afterwards it is
// a fault.
func TestAlignRaisesNoFault(t *testing.T) {
	onAlignRig(t, func(t *testing.T, r *alignRig) {
		s := r.begin("console", true)
		r.dish.Rain(30)
		time.Sleep(noLockTime + 10*time.Second)
		if codes := r.codes(); len(codes) > 0 {
			t.Errorf("faults %v", codes)
		}
		s.finish("cmd.dish.align.stopped")
		time.Sleep(20 * time.Second)
		if codes := r.codes(); len(codes) != 1 || codes[0] != "fault.dish.no_lock" {
			t.Errorf("afterwards %v", codes)
		}
	})
}
