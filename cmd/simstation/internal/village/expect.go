package village

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"stationbox/cmd/simstation/internal/report"
	"stationbox/firmware"
	"stationbox/hal/sim/eye"
	"stationbox/hal/sim/scenario"
	"stationbox/hal/sim/world"
)

// expect watches until e is so, or its time is over and that is noted.
func (v *Village) expect(ctx context.Context, text string, e scenario.Expect) {
	deadline := v.now().Add(e.Within)
	again := 20 * time.Millisecond
	if e.What == "answer" {
		again = time.Second // each look is a question to the station
	}
	for {
		is, ok := v.check(e)
		if ok {
			v.diary.add(v.now(), "expect", text, "good")
			return
		}
		if v.now().After(deadline) {
			v.fail(fmt.Sprintf("%s: it is %s", text, is))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

// check says what is, and whether it is as expected.
func (v *Village) check(e scenario.Expect) (is string, ok bool) {
	s := v.far.world.Snapshot()
	switch e.What {
	case "projector":
		is = s.Projector.State.String()
		return is, is == e.Args[0]
	case "tv":
		is = s.TV.State.String()
		return is, is == e.Args[0]
	case "contactor":
		is = map[bool]string{true: "closed", false: "open"}[s.Contactor.Closed]
		return is, is == e.Args[0]
	case "playing", "stopped":
		moving := v.watch.Moving()
		is = map[bool]string{true: "playing", false: "stopped"}[moving]
		return is, is == e.What
	case "present":
		n, known := v.present()
		return map[bool]string{true: strconv.Itoa(n), false: "unknown"}[known], known && strconv.Itoa(n) == e.Args[0]
	case "journal":
		is = strconv.Itoa(v.recorded(e.Args[0]))
		return is, is == e.Args[1]
	case "photo":
		return v.checkPhoto(e.Args)
	case "fault":
		return v.checkFault(e.Args[0])
	case "answer":
		return v.checkAnswer(e.Args)
	}
	ok, is, err := v.Report().Holds(e.Args[0], e.Args[1], e.Args[2])
	if err != nil {
		is = err.Error()
	}
	return is, ok && err == nil
}

// present is how many people station says are there.
func (v *Village) present() (int, bool) {
	var s struct {
		Present *int              `json:"present"`
		Roll    []json.RawMessage `json:"roll"`
	}
	status := v.answers.latest(v.now())
	if status == nil || json.Unmarshal(status, &s) != nil {
		return 0, false
	}
	if s.Present != nil {
		return *s.Present, true
	}
	return len(s.Roll), s.Roll != nil
}

// recorded counts the records of a kind in the journal.
func (v *Village) recorded(kind string) int {
	n := 0
	for _, r := range v.answers.journal() {
		if r.Kind == kind {
			n++
		}
	}
	return n
}

// makeReport gathers what the outside saw.
func (v *Village) makeReport() *report.Report {
	r := &report.Report{
		Scenario: v.o.Name, Seed: v.o.Seed, Started: v.clock.base, Failed: v.Failed(), Faults: []string{}, Motions: []report.Motion{}, Photos: []report.Photo{},
		ContactorOpenAfterMS: v.cuts.times(), StationBackMS: v.answers.backTimes(),
		PressesRecorded: v.recorded(firmware.KindPress), PlayerRestarts: v.player.state().Restarts,
	}
	v.mu.Lock()
	r.Done = v.done
	v.mu.Unlock()
	if v.station != nil {
		r.GuardRestarts, r.StationRestarts = v.guard.state().Restarts, v.station.state().Restarts
	}
	r.PressesMade, r.PressesAcknowledged, r.PressDelaysMS = v.presses.counts()
	v.reportEye(r, v.watch.Seen())
	v.reportPhotos(r)
	v.reportWorld(r)
	v.reportJournal(r)
	v.reportDish(r)
	return r
}

func (v *Village) reportEye(r *report.Report, seen eye.Seen) {
	r.PlayedS = float64(seen.Advanced) / eye.Rate
	r.FramesSeen, r.FramesMissed, r.LongestGapFrames = seen.Frames, seen.Missed, seen.LongGap
	for _, m := range seen.Motions {
		r.Motions = append(r.Motions, report.Motion{At: m.At, Frame: m.Frame})
	}
	if m, late := v.firstMotion(seen); m != nil {
		r.FirstFrame, r.FirstFrameErrorMS = &m.At, &late
	}
	if len(v.o.Script.Lessons) > 0 {
		scheduled := v.clock.real(v.o.Script.Lessons[0].At)
		r.Scheduled = &scheduled
	}
}

// firstMotion finds the beginning of the first lesson of the script, and how
// many milliseconds late its frame 0 was.
func (v *Village) firstMotion(seen eye.Seen) (*eye.Motion, float64) {
	if len(v.o.Script.Lessons) == 0 {
		return nil, 0
	}
	scheduled := v.clock.real(v.o.Script.Lessons[0].At)
	for _, m := range seen.Motions {
		if m.At.After(scheduled.Add(-5 * time.Second)) {
			return &m, float64(m.At.Sub(scheduled).Microseconds()) / 1000
		}
	}
	return nil, 0
}

func (v *Village) reportWorld(r *report.Report) {
	s := v.far.world.Snapshot()
	r.ContactorMoves, r.OverVoltVS = s.Contactor.Moves, s.OverVolt
	r.WorldStallMS = float64(s.StallTotal.Microseconds()) / 1000
	p := s.Projector
	r.LampStrikes, r.HotCuts, r.HotCutsOutage, r.HotStrikes = p.Strikes, p.HotCuts, p.HotCutsOutage, p.HotStrikes
	fed := slices.ContainsFunc(s.Loads, func(l world.LoadState) bool { return l.Name == "projector" && l.Powered })
	r.CooldownComplete = p.Strikes > 0 && !p.Lamp && p.HotCuts == 0 && !fed
}

// lessonEnd is what is read of the record of a lesson.
type lessonEnd struct {
	Cause string `json:"cause"`
	Live  struct {
		Live     int64 `json:"live_ms"`
		Fallback int64 `json:"fallback_ms"`
	} `json:"live"`
}

func (v *Village) reportJournal(r *report.Report) {
	var numbers []int
	for _, rec := range v.answers.journal() {
		switch rec.Kind {
		case firmware.KindPress:
			var p firmware.Press
			read(rec.Data, &p)
			numbers = append(numbers, p.Number)
		case firmware.KindPower:
			var g firmware.GuardEvent
			read(rec.Data, &g)
			if g.Kind == "trip" {
				r.Trips++
			}
		case firmware.KindLesson:
			var l lessonEnd
			read(rec.Data, &l)
			if r.Cause == "" {
				r.Cause, r.LiveS, r.FallbackS = l.Cause, float64(l.Live.Live)/1000, float64(l.Live.Fallback)/1000
			}
		case firmware.KindFault:
			var f firmware.Fault
			read(rec.Data, &f)
			if f.On && !slices.Contains(r.Faults, f.Code) {
				r.Faults = append(r.Faults, f.Code)
			}
		}
	}
	r.PressesStrange = v.presses.strange(numbers)
}
