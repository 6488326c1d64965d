package village

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stationbox/hal/sim/scenario"
	"stationbox/hal/sim/world"
)

// How a villager is.
const (
	readsEvery  = 50 * time.Millisecond
	turnRate    = 3.0 // degrees a second
	sweepRate   = 1.0
	step        = 100 * time.Millisecond // of a hand
	tremor      = 0.005                  // degrees, of a hand that lets go
	tightens    = 0.01                   // degrees by which the bolts move the dish
	gauge       = 0.1                    // degrees by which a mark is met
	losesHeart  = 3 * time.Minute        // without a new word
	alignTyping = "dish align"
)

// villager follows the words at the console and nothing else: they do not look at bars,
// figures or the truth. Their hand is up to some per cent off, trembles, and is slow.
type villager struct {
	console terminal
	dish    *world.Dish
	rnd     *rand.Rand
	hand    float64 // 0.2: a fifth

	mark    world.Pose // of the start
	reader  consoleReader
	newest  order
	carried int // number of the order that is carried out
	moves   int
}

// errNothingSaid means that the console was silent for too long.
var errNothingSaid = errors.New("nothing more was said")

// align types the command and follows until it is done.
func (v *villager) align(ctx context.Context) error {
	v.mark = v.dish.Mount()
	v.reader.lines(v.console) // what others have been told
	if err := v.console.Type(alignTyping); err != nil {
		return err
	}
	for {
		o, err := v.await(ctx)
		if err != nil {
			return err
		}
		d, err := understand(o.sentence)
		if err != nil {
			return err
		}
		v.carried = o.number
		if d.do == "done" {
			return nil
		}
		if err := v.carryOut(ctx, d); err != nil {
			return err
		}
	}
}

// await waits for an order that was not yet carried out.
func (v *villager) await(ctx context.Context) (order, error) {
	for range losesHeart / readsEvery {
		v.read()
		if v.newest.number > v.carried {
			return v.newest, nil
		}
		if err := pause(ctx, readsEvery); err != nil {
			return order{}, err
		}
	}
	return order{}, fmt.Errorf("after %q: %w in %v", v.newest.sentence, errNothingSaid, losesHeart)
}

// read takes what is new on the console.
func (v *villager) read() {
	for _, line := range v.reader.lines(v.console) {
		if o, ok := readOrder(line); ok && o.number > v.newest.number {
			v.newest = o
		}
	}
}

// carryOut does what is asked for and says so, unless it is to do nothing.
func (v *villager) carryOut(ctx context.Context, d deed) error {
	if d.do == "hold" {
		return nil
	}
	if err := pause(ctx, v.reaction()); err != nil {
		return err
	}
	if d.moves() {
		v.moves++
	}
	d.degrees *= 1 + v.hand*(2*v.rnd.Float64()-1)
	if d.do == "sweep" {
		reached, err := v.sweep(ctx, d)
		if err != nil || !reached {
			return err // told to stop: nobody asks whether it is done
		}
		return v.console.Type("")
	}
	if err := v.move(ctx, d); err != nil {
		return err
	}
	v.dish.Nudge(tremor*v.rnd.NormFloat64(), tremor*v.rnd.NormFloat64())
	return v.console.Type("")
}

func (v *villager) move(ctx context.Context, d deed) error {
	switch d.do {
	case "turn":
		return v.turn(ctx, d.signed(), 0)
	case "tip":
		by := d.signed()
		if d.fromMark {
			by += v.mark.Elevation + gauge*v.rnd.NormFloat64() - v.dish.Mount().Elevation
		}
		return v.turn(ctx, 0, by)
	case "skew":
		v.dish.TurnFeed(d.signed())
		return pause(ctx, v.reaction())
	}
	a := 2 * math.Pi * v.rnd.Float64() // tighten
	v.dish.Turn(shifted(v.dish.Mount(), tightens*math.Cos(a), tightens*math.Sin(a)))
	return pause(ctx, v.reaction())
}

func shifted(p world.Pose, right, up float64) world.Pose {
	p.Azimuth += right
	p.Elevation += up
	return p
}

// turn moves the dish bit by bit.
func (v *villager) turn(ctx context.Context, right, up float64) error {
	steps := 1 + math.Floor(math.Hypot(right, up)/(turnRate*step.Seconds()))
	for range int(steps) {
		v.dish.Nudge(right/steps, up/steps)
		if err := pause(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// sweep turns slowly to the end, or until something else is said and the hand has noticed;
// reached is false then.
func (v *villager) sweep(ctx context.Context, d deed) (reached bool, err error) {
	by := d.signed()
	if d.fromMark {
		by += v.mark.Azimuth + gauge*v.rnd.NormFloat64() - v.dish.Mount().Azimuth
	}
	more := -1 // steps after a new word; below 0: none has come
	for left := math.Abs(by); left > 0 && more != 0; left -= sweepRate * step.Seconds() {
		v.dish.Nudge(math.Copysign(min(left, sweepRate*step.Seconds()), by), 0)
		if err := pause(ctx, step); err != nil {
			return false, err
		}
		v.read()
		switch {
		case more > 0:
			more--
		case v.newest.number > v.carried:
			more = 1 + v.rnd.IntN(5)
		}
	}
	return more < 0, nil
}

// reaction is how long it takes until the hand begins.
func (v *villager) reaction() time.Duration {
	return time.Duration((0.3 + 0.5*v.rnd.Float64()) * float64(time.Second))
}

// pause waits, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// alignments is what came of the villagers' work.
type alignments struct {
	mu      sync.Mutex
	running bool
	moves   int
	done    bool
}

// alignDish lets a villager align the dish; it goes on by itself.
func (v *Village) alignDish(a scenario.Villager) error {
	v.aligned.mu.Lock()
	defer v.aligned.mu.Unlock()
	if v.aligned.running {
		return errors.New("a villager aligns the dish already")
	}
	v.aligned.running, v.aligned.moves, v.aligned.done = true, 0, false
	v.goRun("villager", func(ctx context.Context) error {
		h := &villager{
			console: v.far.console, dish: v.far.dish.world, hand: a.Hand / 100, rnd: rand.New(rand.NewPCG(uint64(v.o.Seed), 0xa116)),
		}
		err := h.align(ctx)
		v.aligned.mu.Lock()
		v.aligned.running, v.aligned.moves, v.aligned.done = false, h.moves, err == nil
		v.aligned.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			v.fail(fmt.Sprintf("villager: %v", err))
		}
		return nil
	})
	return nil
}

// alignmentKept says whether the station has kept how the dish stands.
func (v *Village) alignmentKept() bool {
	_, err := os.Stat(filepath.Join(v.dir, "state", "dish", "aligned.json"))
	return err == nil
}
