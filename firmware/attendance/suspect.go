package attendance

import (
	"math"
	"slices"
	"sort"
	"time"

	"stationbox/firmware"
)

// The limits of Suspect. They are judgements, each with its reason; property tests hold
// them to fewer than one mark in a hundred natural queues.
const (
	// quickKeypad is the least time from one person's number to the next one's: who
	// has pressed # steps aside, the next one finds two or three keys and #. One hand
	// with a list needs about a second.
	quickKeypad = 2 * time.Second
	// quickCard is the same for cards, which are held out in passing.
	quickCard = 700 * time.Millisecond
	// atOnce is less than one number can be typed in. Such numbers were typed while
	// the card was slow and written together: their times say nothing.
	atOnce = 150 * time.Millisecond
	// pause ends a burst: between two in a queue it is seconds.
	pause = 15 * time.Second

	fewFast = 6 // a couple and their parents may well press for each other
	// fewAscending, because one queue in 40,320 stands by itself as its numbers do.
	// People who are called by the list do, and come unevenly: so rising numbers
	// alone are no mark.
	fewAscending = 8
	fewEven      = 12
	fewBlock     = 4 // a household has neighbouring numbers; three of it may press at once

	// steady is how much the gaps of one hand vary: their standard deviation over
	// their mean. People who come 2 to 8 s apart have 0.35, a hand that types a list
	// 0.05 to 0.15. Numbers in no order must be as even as twelve people are by chance
	// in one queue of 300: with ten and 0.15 it was one in fifteen.
	steady = 0.25
	even   = 0.10

	mostNumbers = 200 // of one mark
)

// Pressed is a press as Suspect looks at it.
type Pressed struct {
	Number int
	At     time.Time
	Panel  string // "keypad", "card", "buttons"
}

// SuspectOpts are what is known of the room.
type SuspectOpts struct {
	Seats   int // places in the room, 0 if nobody has said
	Present int // how many count on the roll
}

// Suspect looks for what the administrator is to look at: numbers that were pressed as
// one hand presses many, and more people than places. The marks have no ID; of those
// that say the same of the same numbers there is but one. Each button of a panel with a
// button for everybody may be pressed at the same moment as another: those are natural
// however fast they come.
func Suspect(presses []Pressed, o SuspectOpts) []firmware.Mark {
	var marks []firmware.Mark
	for _, b := range bursts(presses) {
		quick := quickKeypad
		if b[0].Panel == "card" {
			quick = quickCard
		}
		fast := func(w []Pressed) bool { return most(gaps(w)) < quick.Seconds() }
		rules := []struct {
			reason string
			few    int
			holds  func(w []Pressed) bool
		}{
			{firmware.MarkAscending, fewAscending, func(w []Pressed) bool { return rising(w, math.MaxInt) && (spread(gaps(w)) <= steady || fast(w)) }},
			{firmware.MarkFast, fewFast, fast},
			{firmware.MarkEven, fewEven, func(w []Pressed) bool { return spread(gaps(w)) <= even }},
			{firmware.MarkBlock, fewBlock, func(w []Pressed) bool { return rising(w, 1) && fast(w) }},
		}
		for _, r := range rules {
			for _, run := range runs(b, r.few, r.holds) {
				if m := markOf(r.reason, run); !told(marks, m) {
					marks = append(marks, m)
				}
			}
		}
	}
	if o.Seats > 0 && o.Present > o.Seats && len(presses) > 0 {
		marks = append(marks, firmware.Mark{Reason: firmware.MarkSeats, Count: o.Present, Seats: o.Seats, Numbers: []int{}, From: presses[0].At, To: presses[len(presses)-1].At})
	}
	return marks[:min(len(marks), MostMarks)]
}

// bursts are the presses of each keypad and card reader without a pause between them,
// each number once: who presses twice, to be sure, is one.
func bursts(presses []Pressed) [][]Pressed {
	var list [][]Pressed
	for _, panel := range []string{"keypad", "card"} {
		var b []Pressed
		end := func() {
			if len(b) >= fewBlock {
				list = append(list, b)
			}
			b = nil
		}
		var last time.Time
		for _, p := range presses {
			if p.Panel != panel {
				continue
			}
			if gap := p.At.Sub(last); gap < atOnce || gap > pause {
				end()
			}
			last = p.At
			if !slices.ContainsFunc(b, func(q Pressed) bool { return q.Number == p.Number }) {
				b = append(b, p)
			}
		}
		end()
	}
	return list
}

// runs are the longest pieces of b of which each few in a row hold.
func runs(b []Pressed, few int, holds func([]Pressed) bool) [][]Pressed {
	var list [][]Pressed
	from, to := 0, 0 // of the piece, empty at first
	for i := 0; i+few <= len(b); i++ {
		if !holds(b[i : i+few]) {
			continue
		}
		if i >= to-few+2 && to > 0 { // the window before did not hold
			list = append(list, b[from:to])
			to = 0
		}
		if to == 0 {
			from = i
		}
		to = i + few
	}
	if to > 0 {
		list = append(list, b[from:to])
	}
	return list
}

// gaps are the seconds from one press to the next.
func gaps(w []Pressed) []float64 {
	list := make([]float64, 0, len(w))
	for i := 1; i < len(w); i++ {
		list = append(list, w[i].At.Sub(w[i-1].At).Seconds())
	}
	return list
}

func most(list []float64) float64 { return slices.Max(list) }

// spread is the standard deviation of a list over its mean.
func spread(list []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, v := range list {
		sum += v
	}
	mean := sum / float64(len(list))
	for _, v := range list {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares/float64(len(list)-1)) / mean
}

// rising says whether each number is greater than the one before, by step at most.
func rising(w []Pressed, step int) bool {
	for i := 1; i < len(w); i++ {
		if d := w[i].Number - w[i-1].Number; d <= 0 || d > step {
			return false
		}
	}
	return true
}

func markOf(reason string, run []Pressed) firmware.Mark {
	m := firmware.Mark{Reason: reason, Count: len(run), Panel: run[0].Panel, From: run[0].At, To: run[len(run)-1].At}
	for _, p := range run[:min(len(run), mostNumbers)] {
		m.Numbers = append(m.Numbers, p.Number)
	}
	list := gaps(run)
	sort.Float64s(list)
	m.GapMS = int64(list[len(list)/2] * 1000)
	return m
}

// told says whether marks has one about all that m is about.
func told(marks []firmware.Mark, m firmware.Mark) bool {
	return slices.ContainsFunc(marks, func(o firmware.Mark) bool {
		return o.Panel == m.Panel && !o.From.After(m.From) && !o.To.Before(m.To)
	})
}

// Pressed returns the presses of the roll as Suspect looks at them: those that count
// and those of numbers that nobody has.
func (r *Roll) Pressed() []Pressed {
	list := make([]Pressed, 0, len(r.presses))
	for _, m := range r.presses {
		if _, ok := r.numberOf(m); ok {
			list = append(list, Pressed{m.Number, m.at, m.Panel})
		}
	}
	return list
}
