package antenna

import (
	"context"
	"math"
	"sync"
	"time"

	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

var unknownDB = dish.DB(math.NaN())

// mostSaid bounds what is kept of an alignment for who comes later.
const mostSaid = 256

// alignSaid is one permanent line of an alignment: an order with its number, a note of the
// station (Number 0), or the last word, which is both.
type alignSaid struct {
	Number int
	Order  dish.Order // when Number is above 0
	Key    string     // of the note, or of a warning beside what was saved; "" for none
	Args   []any
	Record *alignment // of the last word: what was saved
	Last   bool
}

// say is the line in a language, "[3] …" for an order.
func (l alignSaid) say(c *text.Catalogue) string {
	note := ""
	if l.Key != "" {
		note = c.Say(l.Key, l.Args...)
	}
	if l.Record != nil {
		kept := c.Say("cmd.dish.aligned.done", "cnr", unitOf(c, l.Record.CNR, "dB"), "level", unitOf(c, l.Record.Level, "dBm"))
		if note != "" {
			kept = c.Say("cmd.dish.align.both", "order", kept, "note", note)
		}
		note = kept
	}
	if l.Number == 0 {
		return note
	}
	order := l.Order.Say(c)
	if note != "" {
		order = c.Say("cmd.dish.align.both", "order", order, "note", note)
	}
	return c.Say("cmd.dish.align.order", "n", l.Number, "order", order)
}

// aligning is one alignment. Its goroutine is that of the aligner, which alone asks the
// guide; everybody else looks, presses and stops.
type aligning struct {
	by    string
	quiet bool
	guide *dish.Guide
	wake  chan struct{} // somebody pressed or stopped

	release func()        // lets motors turn the dish again
	left    chan struct{} // closed when its task has left the dish

	mu       sync.Mutex
	said     []alignSaid
	first    int // number of said[0] since the beginning
	number   int // of the present order
	orders   int // how many there have been
	key      orderKey
	before   orderKey // and number of the order that readings interrupted
	beforeNo int
	advice   dish.Advice
	at       time.Time // of the newest reading
	pressed  bool
	lastMove time.Time
	ended    bool
	changed  chan struct{} // closed at the next change
}

// orderKey tells one order from another one with the same words.
type orderKey struct {
	order dish.Order
	moves int
}

func newAligning(o dish.AlignOpts, by string, quiet bool) (*aligning, error) {
	g, err := dish.NewGuide(o)
	if err != nil {
		return nil, err
	}
	return &aligning{by: by, quiet: quiet, guide: g, wake: make(chan struct{}, 1), changed: make(chan struct{}), left: make(chan struct{})}, nil
}

// gone waits until the task of one that is over has left the dish, which it does within a
// step. Error: errAlignStuck, or that of ctx.
func (s *aligning) gone(ctx context.Context) error {
	timer := time.NewTimer(alignHand)
	defer timer.Stop()
	select {
	case <-s.left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return errAlignStuck
	}
}

// tellAll wakes who watches; the caller holds mu.
func (s *aligning) tellAll() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *aligning) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// press says that the order of that number is carried out. One that is no more the present
// one is ignored: somebody else has pressed before, or it is a second press.
func (s *aligning) press(number int) {
	s.mu.Lock()
	if number == s.number && !s.ended {
		s.pressed = true
	}
	s.mu.Unlock()
	s.ring()
}

// moved takes a press, and says how long the last one is ago.
func (s *aligning) moved(now time.Time) (pressed bool, idle time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if pressed, s.pressed = s.pressed, false; pressed {
		s.lastMove = now
	}
	return pressed, now.Sub(s.lastMove)
}

// take keeps an advice; it says whether the reading is a new one.
func (s *aligning) take(a dish.Advice, at time.Time) (fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh = !at.IsZero() && !at.Equal(s.at)
	if fresh {
		s.at = at
	}
	key := orderKey{a.Order, a.Moves}
	if s.ended || key == s.key && a == s.advice { // after the last word nobody is told to do anything
		return fresh
	}
	s.advice = a
	if key != s.key {
		s.turnTo(key)
	}
	s.tellAll()
	return fresh
}

// turnTo announces an order; the caller holds mu. One that was interrupted because there
// were no readings comes back with its old number, so that nobody carries it out twice.
func (s *aligning) turnTo(key orderKey) {
	waits := key.order.Do == dish.DoWaitForReadings
	switch {
	case waits:
		s.before, s.beforeNo = s.key, s.number
	case s.key.order.Do == dish.DoWaitForReadings && key == s.before && s.beforeNo > 0:
		s.key, s.number = key, s.beforeNo
		s.add(alignSaid{Number: s.number, Order: key.order})
		return
	}
	s.key = key
	s.orders++
	s.number = s.orders
	if key.order.Do != dish.DoDone { // its line comes with what was saved
		s.add(alignSaid{Number: s.number, Order: key.order})
	}
}

// add keeps a line; the caller holds mu.
func (s *aligning) add(l alignSaid) {
	s.said = append(s.said, l)
	if over := len(s.said) - mostSaid; over > 0 {
		s.said, s.first = append([]alignSaid(nil), s.said[over:]...), s.first+over
	}
}

// note tells everybody something that is no order.
func (s *aligning) note(key string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.add(alignSaid{Key: key, Args: args})
	s.tellAll()
}

// finish ends it without a record; only the first end counts.
func (s *aligning) finish(key string, args ...any) {
	s.end(alignSaid{Key: key, Args: args, Last: true})
}

// saved ends it with what was saved. A satellite that has not said who it is may be a
// neighbour: somebody has to look at the picture.
func (s *aligning) saved(rec alignment, named bool, satellite string) {
	last := alignSaid{Record: &rec, Last: true}
	if !named {
		last.Key, last.Args = "cmd.dish.align.unnamed", []any{"name", satellite}
	}
	s.end(last)
}

func (s *aligning) end(last alignSaid) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if s.key.order.Do == dish.DoDone {
		last.Number, last.Order = s.number, s.key.order
	}
	s.add(last)
	s.tellAll()
	s.ring()
}

func (s *aligning) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// alignLook is what there is to see of an alignment.
type alignLook struct {
	Advice dish.Advice
	Number int // of the present order; 0: there is none yet
	Said   []alignSaid
	Next   int // what to ask look for the next time
	Ended  bool
}

// look returns the present state with the lines since from, and what is closed at the next
// change.
func (s *aligning) look(from int) (alignLook, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from = max(from, s.first)
	l := alignLook{Advice: s.advice, Number: s.number, Next: s.first + len(s.said), Ended: s.ended}
	if i := from - s.first; i < len(s.said) {
		l.Said = append([]alignSaid(nil), s.said[i:]...)
	}
	return l, s.changed
}
