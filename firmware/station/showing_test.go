package station

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/media/player"
)

func TestWholeLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(150 * time.Second)
		for _, k := range "12#7#12#99#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(6 * time.Minute)
		g.stop()
		if got, want := phases(l), "ready_check roll_call playing closing cool_down done"; got != want {
			t.Errorf("phases %q, want %q", got, want)
		}
		// Let go one picture early, so that the second stands at the start.
		if want := o.Start.Add(-40 * time.Millisecond); len(r.started) != 1 || !r.started[0].Equal(want) {
			t.Errorf("film let go at %v, want once at %v", r.started, want)
		}
		if got := result(t, l); got.Cause != lesson.CausePlayed || got.Present != 2 || got.PlayedMS != 180000 {
			t.Errorf("result %+v", got)
		}
		if got, want := strings.Join(r.lamps, " "), "ack ack ack reject"; got != want {
			t.Errorf("lamps %q, want %q", got, want)
		}
		if got := len(l.list(firmware.KindPress)); got != 4 {
			t.Errorf("%d presses on record, want 4", got)
		}
		if n := len(slices.DeleteFunc(slices.Clone(r.said), func(s string) bool { return s != "bell" })); n != 1 {
			t.Errorf("bell rang %d times: %v", n, r.said)
		}
		if !r.lit.IsZero() || r.loads {
			t.Error("something is still on after the lesson")
		}
	})
}

func TestRestartInMidLesson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(150 * time.Second)
		for _, k := range "12#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(90 * time.Second)
		g.stop()
		time.Sleep(2 * time.Second) // the film runs on by itself
		g = begin(t, r, l, o, dir)
		for _, k := range "7#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(5 * time.Minute)
		g.stop()
		if len(r.started) != 1 {
			t.Errorf("film begun %d times, want once", len(r.started))
		}
		if got := result(t, l); got.Cause != lesson.CausePlayed || got.Present != 2 {
			t.Errorf("result %+v", got)
		}
		if got, want := phases(l), "ready_check roll_call playing closing cool_down done"; got != want {
			t.Errorf("phases %q, want %q", got, want)
		}
	})
}

func TestRestartOfStationAndPlayer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(4 * time.Minute) // a minute of film
		g.stop()
		r.mu.Lock()
		r.file, r.since, r.pos = "", time.Time{}, 0
		r.mu.Unlock()
		g = begin(t, r, l, o, dir)
		time.Sleep(3 * time.Second)
		st := r.State()
		if got := st.Position; got < 58*time.Second || got > 66*time.Second {
			t.Errorf("film goes on at %v, want about a minute", got)
		}
		g.stop()
	})
}

func TestMainsLostAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		set := func(on bool) {
			r.mu.Lock()
			r.mains = on
			if !on {
				r.lit = time.Time{}
			}
			r.mu.Unlock()
		}
		time.Sleep(4 * time.Minute)
		set(false)
		time.Sleep(time.Minute)
		if st := r.State(); st.Playing || st.Position > 65*time.Second {
			t.Errorf("film runs on to %v without mains", st.Position)
		}
		set(true)
		time.Sleep(5 * time.Minute)
		g.stop()
		if got := result(t, l); got.Cause != lesson.CausePlayed {
			t.Errorf("result %+v", got)
		}
		if got, want := phases(l), "ready_check roll_call playing paused playing closing cool_down done"; got != want {
			t.Errorf("phases %q, want %q", got, want)
		}
	})
}

func TestUnplayableFilmSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute, refuse: player.ErrUnplayable}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(10 * time.Minute)
		if fs := g.show.faults.List(); len(fs) == 0 || fs[0].Code != "fault.lesson.not_shown" {
			t.Errorf("faults %v", fs)
		}
		g.stop()
		if got := result(t, l); got.Cause != lesson.CauseNoFile {
			t.Errorf("result %+v", got)
		}
	})
}

func TestUnrecordedPressIsNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(30 * time.Second)
		l.mu.Lock()
		l.refuse = errors.New("input/output error")
		l.mu.Unlock()
		for _, k := range "12#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(5 * time.Second)
		g.stop()
		if got := strings.Join(r.lamps, " "); got != "fault" {
			t.Errorf("lamps %q, want fault", got)
		}
	})
}

// TestRestOfANumberSignsNobodyIn: after a key that may have been missed nobody is
// signed in by what is left of a number, and who typed it hears so.
func TestRestOfANumberSignsNobodyIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := begin(t, r, l, o, dir)
		time.Sleep(30 * time.Second)
		for _, k := range []key{{r: '3'}, {missed: true}, {r: '5'}, {r: '#'}, {r: '1'}, {r: '2', missed: true}, {r: '#'}, {r: '1'}} {
			k.at = time.Now()
			g.roll.keys <- k
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(20 * time.Second) // the last one waits for the rest in vain
		for _, k := range "12#" {
			g.roll.keys <- key{r: k, at: time.Now()}
		}
		time.Sleep(5 * time.Second)
		g.stop()
		if got := l.list(firmware.KindPress); len(got) != 1 || !strings.Contains(string(got[0].Data), `"number":12,`) {
			t.Errorf("signed in: %v", got)
		}
		if got := strings.Count(strings.Join(r.lamps, " "), "reject"); got != 5 {
			t.Errorf("refused %d times, want 5: %v", got, r.lamps)
		}
	})
}

func TestSleptThroughIsOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		l.records = append(l.records, known(time.Now()))
		time.Sleep(2 * time.Hour)
		g := begin(t, r, l, o, dir)
		time.Sleep(10 * time.Second)
		g.stop()
		if got := result(t, l); got.Cause != lesson.CauseMissed {
			t.Errorf("result %+v", got)
		}
	})
}
