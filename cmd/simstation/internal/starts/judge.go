package starts

import (
	"fmt"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/hal/sim/eye"
)

// limit is how far from its moment a start may be, in 99 of 100.
const limit = 40 * time.Millisecond

// eyeAfter is how long after its moment a start is watched: a picture may come
// patience late, and must then go on for goesOn with at least goesOnFrames.
const (
	patience     = 1500 * time.Millisecond
	goesOn       = time.Second
	goesOnFrames = eye.Rate / 2
	eyeAfter     = patience + goesOn
)

// A simulator that was late itself proves nothing: the eye, mains, pins and
// displays are late with it, or the kernel with the bytes of their wires. Around a start it may be so by lateMost, and before
// that by stallMost, from which on the guard misses its samples, opens, and needs
// recovery until all is as before.
const (
	lateMost  = 100 * time.Millisecond
	stallMost = 200 * time.Millisecond
	recovery  = 40 * time.Second
)

// blinkMost is how long the eye may be blind without an excuse for anybody.
const blinkMost = 3 * eye.Look

// lag is how late the simulator was at worst.
type lag struct{ around, before time.Duration }

func (l lag) proves() bool { return l.around <= lateMost && l.before <= stallMost }

// Start is how one lesson started, seen from the outside. Milliseconds are
// floating numbers.
type Start struct {
	Number    int       `json:"number"`
	Loaded    bool      `json:"loaded"`
	Scheduled time.Time `json:"scheduled"`
	ErrorMS   *float64  `json:"error_ms"` // first new picture less Scheduled; null: none came
	BlindMS   float64   `json:"blind_ms"` // it may have come by so much earlier: nobody looked in between
	Frame     int       `json:"frame"`    // its number in the film; 1 follows the still one
	Early     int       `json:"early"`    // pictures of the film that moved before Scheduled
	Shown     int       `json:"shown"`    // different pictures in the second that follows
	LateMS    float64   `json:"late_ms"`  // how late the simulator itself was at worst, from recovery before Scheduled on
	Judged    bool      `json:"judged"`   // the simulator was in time, and the eye looked often enough to tell
	Busy      float64   `json:"machine_busy"`
	Load      *Load     `json:"load,omitempty"`
	Wrong     []string  `json:"wrong"`
}

// judge fills in what the steps of the screen around at say, seen by a simulator
// that was late by l itself. What is late but in order is not wrong by itself:
// that is for all starts together.
func (s *Start) judge(at time.Time, steps []eye.Step, l lag) {
	s.Wrong, s.LateMS, s.Judged = []string{}, report.Milliseconds(max(l.around, l.before)), l.proves()
	var first *eye.Step
	for i, st := range steps {
		switch {
		case st.Frame <= 0: // nothing, or the still picture
		case st.At.Before(at):
			s.Early++
		case first == nil && st.At.Sub(at) <= patience:
			first = &steps[i]
		}
		if first != nil && st.Frame > 0 && st.At.Sub(first.At) <= goesOn {
			s.Shown++
		}
	}
	if s.Early > 0 {
		s.wrong("moved before its time: %d pictures", s.Early)
	}
	if first == nil {
		s.wrong("missed: no new picture within %v", patience)
	} else {
		s.follow(first.At.Sub(at), *first)
	}
	if s.Load != nil {
		s.Wrong = append(s.Wrong, s.Load.lacks()...)
	}
}

// follow looks at the first new picture.
func (s *Start) follow(late time.Duration, first eye.Step) {
	ms := report.Milliseconds(late)
	s.ErrorMS, s.BlindMS, s.Frame = &ms, report.Milliseconds(first.Blind), first.Frame
	if most := 2 + int(late*eye.Rate/time.Second); s.Frame > most {
		s.wrong("began with picture %d of the film, not from its beginning", s.Frame)
	}
	if s.Shown < goesOnFrames {
		s.wrong("stood still again: %d pictures in the next second", s.Shown)
	}
	if first.Blind > blinkMost && late > limit && late-first.Blind <= limit && len(s.Wrong) == 0 {
		s.Judged = false // in time or not: nobody looked
	}
}

func (s *Start) wrong(format string, args ...any) {
	s.Wrong = append(s.Wrong, fmt.Sprintf(format, args...))
}

// Row is what starts of one kind have in common.
type Row struct {
	Kind   string         `json:"kind"`
	Starts int            `json:"starts"`   // judged
	Late   *report.Spread `json:"error_ms"` // null: there was no picture
	Early  int            `json:"early"`    // pictures before their time
	Missed int            `json:"missed"`   // starts without a new picture
	Unseen int            `json:"not_judged"`
	Blind  float64        `json:"worst_blind_ms"`
	Busy   float64        `json:"machine_busy"` // in the middle
}

// rowOf adds up the starts that are meant.
func rowOf(kind string, starts []Start, meant func(Start) bool) Row {
	r := Row{Kind: kind}
	var late, busy []float64
	for _, s := range starts {
		switch {
		case !meant(s):
			continue
		case !s.Judged:
			r.Unseen++
			continue
		case s.ErrorMS == nil:
			r.Missed++
		default:
			late = append(late, *s.ErrorMS)
		}
		r.Starts++
		r.Early += s.Early
		r.Blind = max(r.Blind, s.BlindMS)
		busy = append(busy, s.Busy)
	}
	r.Late = report.SpreadOf(late)
	if b := report.SpreadOf(busy); b != nil {
		r.Busy = b.P50
	}
	return r
}

// late says that 99 of 100 are not within the limit, or is empty.
func (r Row) late() string {
	if r.Late == nil || r.Late.P99 <= report.Milliseconds(limit) {
		return ""
	}
	return fmt.Sprintf("%s: 99 of 100 start within %.1f ms, not within %v", r.Kind, r.Late.P99, limit)
}
