package display

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"stationbox/hal"
)

// ChainOpts are the habits of a Chain; the zero value is that of a TV with
// nothing measured.
type ChainOpts struct {
	// Lamp forbids every command that is not founded on what the lamp itself has
	// just said, and the socket.
	Lamp      bool
	CoolDown  time.Duration // how long after light a lamp may be hot, default 2m
	Restrike  time.Duration // a lamp that may be hot is lit after so long with its fan; 0: the projector sees to it
	Call      time.Duration // bound on one call of a driver, default 4s
	Resend    time.Duration // how long a command may take to show, default 20s
	Remember  time.Duration // how long the way that worked last is tried first, default 6h
	SocketGap time.Duration // between two times of taking mains away, default 30m
	Current   Current
	Now       func() time.Time
	// Told, if not nil, hears what became of commands, from the caller's goroutine.
	Told func(Event)
}

// Chain is a display that can be reached in several ways, which are tried in
// their order, each proved by what the display says or draws. It is a Device. Its
// methods are for one goroutine, but for Ways.
type Chain struct {
	opts ChainOpts
	ways []*reach

	mu  sync.Mutex // guards the WayStatus of all ways
	now func() time.Time

	ears    int       // the way that answered last
	lastLit time.Time // when it was last seen with light
	by      string    // what proves the state now
	warming time.Time // since when it says so

	wish    bool
	pending int // way of the command that is not proved yet, -1 none
	sentAt  time.Time
	tried   []bool
	rounds  int // how often all ways have come to nothing
	refused int // refusals in a row
	socket  time.Time
}

// NewChain returns the display behind ways, at least one.
func NewChain(ways []Way, o ChainOpts) *Chain {
	def(&o.CoolDown, 2*time.Minute)
	def(&o.Call, 4*time.Second)
	def(&o.Resend, 20*time.Second)
	def(&o.Remember, 6*time.Hour)
	def(&o.SocketGap, 30*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Told == nil {
		o.Told = func(Event) {}
	}
	c := &Chain{opts: o, now: o.Now, pending: -1, tried: make([]bool, len(ways))}
	for _, w := range ways {
		c.ways = append(c.ways, &reach{Way: w, turn: make(chan struct{}, 1), st: WayStatus{Name: w.Name}})
	}
	return c
}

func def(d *time.Duration, v time.Duration) {
	if *d == 0 {
		*d = v
	}
}

// Ways returns what is known of each way, in their order. Any goroutine may ask.
func (c *Chain) Ways() []WayStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]WayStatus, len(c.ways))
	for i, r := range c.ways {
		out[i] = r.st
	}
	return out
}

// Recall tells which way worked last and when, as a file remembers it.
func (c *Chain) Recall(way string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.ways {
		if r.Name == way && at.After(r.st.Proved) {
			r.st.Proved = at
		}
	}
}

// order lists the ways as they are to be tried: the one that worked last, if that
// is not long ago, then all in their order; the socket last.
func (c *Chain) order() []int {
	best := -1
	for i, r := range c.ways {
		newer := best < 0 || r.st.Proved.After(c.ways[best].st.Proved)
		if within(r.st.Proved, c.now(), c.opts.Remember) && newer && !r.Socket {
			best = i
		}
	}
	var list, last []int
	if best >= 0 {
		list = append(list, best)
	}
	for i, r := range c.ways {
		switch {
		case r.Socket:
			last = append(last, i)
		case i != best:
			list = append(list, i)
		}
	}
	return append(list, last...)
}

// State asks the way that answered last, then the others, and joins the answer
// with the current. Errors are those of the first way that was asked.
func (c *Chain) State(ctx context.Context) (hal.DisplayState, error) {
	said, err := c.listen(ctx)
	now := c.now()
	s, by, err := judge(said, err, c.opts.Current.draw(), c.opts.Lamp, within(c.lastLit, now, c.opts.CoolDown))
	if lit(s) || said == hal.DisplayCooling {
		c.lastLit = now
	}
	if s != hal.DisplayWarming {
		c.warming = time.Time{}
	} else if c.warming.IsZero() {
		c.warming = now
	}
	c.by = by
	c.prove(s)
	return s, err
}

func (c *Chain) listen(ctx context.Context) (hal.DisplayState, error) {
	var first error
	list := append([]int{c.ears}, c.order()...)
	for n, i := range list {
		r := c.ways[i]
		if r.Mute || r.Socket || n > 0 && (i == c.ears || c.now().Before(r.rest)) {
			continue
		}
		s, err := c.ask(ctx, r)
		if err == nil && s != hal.DisplayUnknown || errors.Is(err, hal.ErrRefused) {
			c.ears = i
			return s, err
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	if first == nil {
		first = errMute
	}
	return hal.DisplayUnknown, first
}

// errMute is the state of a display that can only be told.
var errMute = fmt.Errorf("state: it cannot be asked: %w", hal.ErrSilent)

func (c *Chain) ask(ctx context.Context, r *reach) (hal.DisplayState, error) {
	var s hal.DisplayState
	answer := make(chan hal.DisplayState, 1)
	err := r.call(ctx, c.opts.Call, func(ctx context.Context) error {
		s, err := r.Dev.State(ctx)
		answer <- s
		return err
	})
	select {
	case s = <-answer:
	default: // it hangs
	}
	if err != nil {
		s = hal.DisplayUnknown
	}
	c.mu.Lock()
	r.heard(s, err, c.now())
	c.mu.Unlock()
	return s, err
}

// begin starts a new wish: every way may be tried again.
func (c *Chain) begin(on bool) {
	c.wish, c.pending, c.rounds, c.refused = on, -1, 0, 0
	clear(c.tried)
}

// prove looks whether the command under way has come true.
func (c *Chain) prove(s hal.DisplayState) {
	if !reached(c.wish, s) {
		return
	}
	if c.pending >= 0 {
		r := c.ways[c.pending]
		took := c.now().Sub(c.sentAt)
		c.mu.Lock()
		r.st.Proved, r.st.By, r.st.Failed = c.now(), c.by, time.Time{}
		c.mu.Unlock()
		c.opts.Told(Event{Kind: EventProved, Way: r.Name, On: c.wish, By: c.by, Took: took})
	}
	c.begin(c.wish)
}

// reached says that the wish is fulfilled.
func reached(on bool, s hal.DisplayState) bool {
	if on {
		return s == hal.DisplayOn
	}
	return s == hal.DisplayStandby || s == hal.DisplayOff
}

// fail gives up the command under way.
func (c *Chain) fail(i int, why error) {
	r := c.ways[i]
	c.mu.Lock()
	r.st.Failed, r.st.Problem = c.now(), why.Error()
	c.mu.Unlock()
	c.tried[i] = true
	c.opts.Told(Event{Kind: EventFailed, Way: r.Name, On: c.wish, Err: why.Error()})
	c.pending, c.refused = -1, 0
}

// errNoEffect is what becomes of a command that nothing proved.
var errNoEffect = errors.New("accepted, nothing came of it")

// PowerOn sends by the way whose turn it is. A command by the same wish that has
// not come true counts as failed. Errors are those of the way.
func (c *Chain) PowerOn(ctx context.Context) error {
	_, err := c.send(ctx, true)
	return err
}

// PowerOff is PowerOn's opposite, on the same terms.
func (c *Chain) PowerOff(ctx context.Context) error {
	_, err := c.send(ctx, false)
	return err
}

// send tells the display by the next way and says how long to wait for the effect.
func (c *Chain) send(ctx context.Context, on bool) (wait time.Duration, err error) {
	if c.wish != on {
		c.begin(on)
	}
	if c.pending >= 0 {
		c.fail(c.pending, errNoEffect)
	}
	i := c.next(on)
	if i < 0 {
		clear(c.tried)
		c.rounds++
		if i = c.next(on); i < 0 {
			return c.opts.Resend, fmt.Errorf("no way to it: %w", hal.ErrSilent)
		}
	}
	r := c.ways[i]
	if r.Socket {
		c.socket = c.now()
		c.opts.Told(Event{Kind: EventSocket, Way: r.Name, On: on})
	}
	err = r.call(ctx, c.opts.Call, func(ctx context.Context) error {
		if on {
			return r.Dev.PowerOn(ctx)
		}
		return r.Dev.PowerOff(ctx)
	})
	return c.sent(i, err), err
}

// sent notes what became of a command and says how long its effect is waited for.
func (c *Chain) sent(i int, err error) time.Duration {
	c.sentAt = c.now()
	// All ways in vain: ever more patience, up to five minutes.
	patience := min(c.opts.Resend<<min(max(c.rounds-1, 0), 5), max(5*time.Minute, c.opts.Resend))
	switch r := c.ways[i]; {
	case errors.Is(err, hal.ErrRefused) && (c.refused < 3 || c.opts.Lamp && c.refused < 30):
		// Refused means busy: the same way again, soon and then less soon.
		c.refused++
		return min(time.Second<<min(c.refused-1, 5), 15*time.Second)
	case errors.Is(err, hal.ErrRefused), errors.Is(err, hal.ErrGone), errors.Is(err, hal.ErrAuth),
		errors.Is(err, errBusy), errors.Is(err, hal.ErrSilent) && r.Acks:
		c.fail(i, err)
		if c.next(c.wish) >= 0 {
			return time.Second
		}
		return patience
	}
	c.pending, c.refused = i, 0
	if !c.ways[i].Mute && !c.ways[i].Socket {
		c.ears = i // who was told is asked first
	}
	return patience
}

// next is the way whose turn it is, or -1. A lamp is told only by a way that
// answers, or by one that cannot be asked when the lamp has had the time to cool.
func (c *Chain) next(on bool) int {
	for _, i := range c.order() {
		r := c.ways[i]
		switch {
		case c.tried[i]:
		case r.Socket && (c.opts.Lamp || !on || within(c.socket, c.now(), c.opts.SocketGap)):
		case c.opts.Lamp && r.Mute && within(c.lastLit, c.now(), c.opts.CoolDown) && on:
		case c.opts.Lamp && !r.Mute && r.fails > 0:
		default:
			return i
		}
	}
	return -1
}

// untried says whether a way is left that was not told this wish.
func (c *Chain) untried() bool {
	for i, r := range c.ways {
		if !c.tried[i] && i != c.pending && !r.Socket {
			return true
		}
	}
	return false
}

// Input selects an input by the way that answers, or else by each of the others.
func (c *Chain) Input(ctx context.Context, name string) error {
	var first error
	tried := make([]bool, len(c.ways))
	for _, i := range slices.Concat([]int{c.ears}, c.order()) {
		r := c.ways[i]
		if tried[i] || r.Socket {
			continue
		}
		tried[i] = true
		err := r.call(ctx, c.opts.Call, func(ctx context.Context) error {
			if r.Input != "" && name != "" {
				return r.Dev.Input(ctx, r.Input)
			}
			return r.Dev.Input(ctx, name)
		})
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// errNoDetails means that no way tells wear and troubles.
var errNoDetails = fmt.Errorf("details: no way tells them: %w", hal.ErrRefused)

// details asks the way that answers.
func (c *Chain) details(ctx context.Context, bound time.Duration) (hal.DisplayDetails, error) {
	r := c.ways[c.ears]
	dev, ok := r.Dev.(Detailer)
	if !ok {
		return hal.DisplayDetails{}, errNoDetails
	}
	answer := make(chan hal.DisplayDetails, 1)
	err := r.call(ctx, bound, func(ctx context.Context) error {
		d, err := dev.Details(ctx)
		answer <- d
		return err
	})
	if err != nil {
		return hal.DisplayDetails{}, err
	}
	return <-answer, nil
}

// stuck says that it has said "going on" for so long that it is not.
func (c *Chain) stuck(bound time.Duration) bool {
	return !c.opts.Lamp && !c.warming.IsZero() && c.now().Sub(c.warming) > bound
}
