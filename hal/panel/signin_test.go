package panel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/attendance"
)

// hand is somebody at a keypad, as people press the keys of a telephone.
type hand struct {
	rng    *rand.Rand
	key    func(r rune, down bool)
	bounce bool
}

func (h hand) some(least, most int) time.Duration {
	return time.Duration(least+h.rng.IntN(most-least)) * time.Millisecond
}

// move moves a finger, and the contact below it bounces.
func (h hand) move(r rune, down bool) {
	h.key(r, down)
	for range h.rng.IntN(4) {
		if !h.bounce {
			return
		}
		time.Sleep(time.Duration(100+h.rng.IntN(600)) * time.Microsecond)
		h.key(r, !down)
		time.Sleep(time.Duration(100+h.rng.IntN(600)) * time.Microsecond)
		h.key(r, down)
	}
}

// number types a number and #, and returns when # was pressed.
func (h hand) number(n int) (entered time.Time) {
	for _, r := range strconv.Itoa(n) + "#" {
		time.Sleep(h.some(80, 160))
		entered = time.Now()
		h.move(r, true)
		time.Sleep(h.some(70, 130))
		h.move(r, false)
	}
	return entered
}

// stepUp is how long the next one in the queue takes to be at the keypad.
func (h hand) stepUp() { time.Sleep(h.some(900, 2000)) }

// people is who signs in.
const people = 40

// TestFortyPeopleSignIn: a queue of forty signs in on one keypad in under two
// minutes, each with the right number, and each knows within 50 ms of the #.
func TestFortyPeopleSignIn(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) (rig, func(r rune, down bool)){
		"matrix": func(t *testing.T) (rig, func(r rune, down bool)) {
			r := matrixRig(t)
			return r, func(k rune, down bool) { r.key(slices.Index([]rune(DefaultLayout), k), down) }
		},
		"matrix at an expander": func(t *testing.T) (rig, func(r rune, down bool)) {
			r := polledRig(t, "mcp23017:0x20", 8)
			return r, func(k rune, down bool) { r.key(slices.Index([]rune(DefaultLayout), k), down) }
		},
		"USB": func(t *testing.T) (rig, func(r rune, down bool)) {
			in, dev, r := inputRig(t, 24)
			r.Panel = NewUSB(dev, Opts{Edges: stamp})
			return r, func(k rune, down bool) {
				code := uint16(keyKPEnter)
				if k != '#' {
					code = digits(true, string(k))[0]
				}
				in.Key(code, map[bool]int32{true: 1}[down])
			}
		},
	} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint(name, " ", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r, key := open(t)
					signIn(t, r, hand{rng: rand.New(rand.NewPCG(seed, 40)), key: key, bounce: name != "USB"})
				})
			})
		}
	}
}

// answer is a number that was taken, and when.
type answer struct {
	number int
	at     time.Time
}

// answers does what the station does with the keys.
func answers(r rig, out chan<- answer, end <-chan struct{}) {
	defer close(out)
	var typed attendance.Keys
	for {
		select {
		case <-end:
			return
		case k := <-r.Keys():
			if k.Missed {
				typed.Miss(k.At)
			}
			if !k.Down {
				continue
			}
			if stroke, n := typed.Press(k.Rune, k.At); stroke == attendance.StrokeNumber {
				out <- answer{n, time.Now()}
			}
		}
	}
}

func signIn(t *testing.T, r rig, h hand) {
	t.Helper()
	var entered []time.Time
	var took time.Duration
	numbers := h.rng.Perm(99)[:people] // of a village of 99
	out, end := make(chan answer, 2*people), make(chan struct{})
	r.run(t, func() {
		go answers(r, out, end)
		began := time.Now()
		for _, n := range numbers {
			h.stepUp()
			entered = append(entered, h.number(n+1))
		}
		took = time.Since(began)
		time.Sleep(time.Second)
		close(end)
	})
	if took >= 2*time.Minute {
		t.Errorf("took %v", took)
	}
	var worst time.Duration
	i := 0
	for a := range out {
		if i < people && a.number != numbers[i]+1 {
			t.Fatalf("person %d signed in as %d, not %d", i+1, a.number, numbers[i]+1)
		}
		if i < people {
			worst = max(worst, a.at.Sub(entered[i]))
		}
		i++
	}
	if i != people {
		t.Errorf("%d signed in, not %d", i, people)
	}
	if worst > 50*time.Millisecond {
		t.Errorf("somebody waited %v for an answer", worst)
	}
	t.Logf("%d people in %v, each answered within %v", people, took, worst)
}
