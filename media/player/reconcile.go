package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

func setProperty(name string, value any) []any { return []any{"set_property", name, value} }

// overlayCommand shows an ASS text, or removes it when it is empty.
func overlayCommand(id int, ass string) map[string]any {
	format := "ass-events"
	if ass == "" {
		format = "none"
	}
	return map[string]any{"name": "osd-overlay", "id": id, "format": format, "data": ass,
		"res_x": 1280, "res_y": 720, "z": 0, "hidden": false}
}

// text reads a string property, "" when there is none.
func (s *session) text(ctx context.Context, name string) string {
	data, err := s.c.call(ctx, callBound, []any{"get_property", name})
	var v string
	if err != nil || json.Unmarshal(data, &v) != nil {
		return ""
	}
	return v
}

// flag reads a yes-or-no property, no when there is none.
func (s *session) flag(ctx context.Context, name string) bool {
	data, err := s.c.call(ctx, callBound, []any{"get_property", name})
	return err == nil && isTrue(data)
}

// inherit makes the programme of an adopted mpv our wish, unless there is one
// already.
func (s *session) inherit(ctx context.Context) {
	e, err := s.entries(ctx)
	if err != nil || len(e.ids) == 0 {
		return
	}
	pos, err := getSeconds(ctx, s.c, callBound, "time-pos")
	held := s.flag(ctx, "pause") && !s.flag(ctx, "eof-reached")
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.gen != 0 {
		return
	}
	for i := range e.items {
		p.items++
		e.items[i].id = p.items
	}
	p.want = wish{gen: 1, item: e.items[0], next: e.items[1:], paused: held, started: !held}
	p.want.at = max(0, pos)
	v := &p.view
	v.issued, v.current, v.ahead, v.gone, v.since = p.want.id, e.ids[0], e.ids[1:], e.gone, p.o.Now()
	v.entry, v.restarted, v.base = v.current, err == nil, pos
}

// reconcile takes the next step from what mpv shows to what is wished.
func (s *session) reconcile(ctx context.Context) error {
	p := s.p
	p.mu.Lock()
	w, v := p.want, p.view
	p.mu.Unlock()
	last := len(w.next) == 0
	switch {
	case w.gen == 0:
		return nil
	case v.issued != w.id:
		return s.issue(ctx, w)
	case w.file == "":
		return nil
	case v.settled != w.id:
		return s.settle(ctx, w, v)
	case v.gone > 0:
		return s.forget(ctx)
	case len(v.ahead) < len(w.next):
		return s.add(ctx, w.next[len(v.ahead)])
	case w.ended && last:
		return nil
	case v.over():
		s.over(w, v)
		return nil
	case v.eof && v.paused && last:
		return s.finish(ctx, w.id)
	case v.byItself && v.paused && !w.paused && !v.eof && p.o.Now().Sub(v.moved) < endPatience:
		return nil // at an end, of which mpv speaks in a moment
	case v.byItself && v.paused && !w.paused && last && w.near(v.duration):
		return s.finish(ctx, w.id) // it never does when the picture cannot be decoded
	case v.paused != w.paused && (!v.eof || !last):
		_, err := s.c.call(ctx, callBound, setProperty("pause", w.paused))
		return fatal(err)
	}
	return nil
}

// near says whether an item of that length is at its end.
func (i item) near(length time.Duration) bool { return length > 0 && i.at >= length-endTolerance }

// fatal keeps only the errors that end a session: what mpv refuses or answers
// oddly does not.
func fatal(err error) error {
	for _, end := range []error{errNoReply, errClosed, errHung, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return err
		}
	}
	return nil
}

// issue tells mpv to show the wish.
func (s *session) issue(ctx context.Context, w wish) error {
	p := s.p
	s.still, s.dark = 0, 0
	p.mu.Lock()
	if w.ended && len(w.next) > 0 && p.want.id == w.id {
		p.nextLocked()
	}
	w = p.want
	p.view.issued, p.view.since = w.id, p.o.Now()
	p.view.current, p.view.ahead, p.view.gone = -1, nil, 0
	p.view.beginLocked(w.at)
	p.mu.Unlock()
	if w.file == "" {
		return s.clear(ctx, w)
	}
	video := "auto"
	if s.noVideo == w.gen {
		video = "no"
	}
	for _, c := range [][]any{setProperty("pause", true), setProperty("vid", video)} {
		if _, err := s.c.call(ctx, callBound, c); err != nil {
			return err
		}
	}
	err := s.load(ctx, w.item, "replace", func(entry int64) { p.view.current = entry })
	if err != nil {
		return err
	}
	return s.reconcile(ctx)
}

// clear makes mpv show nothing.
func (s *session) clear(ctx context.Context, w wish) error {
	p := s.p
	_, err := s.c.call(ctx, callBound, []any{"stop"})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.gen == w.gen {
		p.settled, p.view.settled = w.gen, w.id
		p.notifyLocked()
	}
	return fatal(err)
}

// settle waits for the first frame of the wish and looks at what was loaded.
func (s *session) settle(ctx context.Context, w wish, v view) error {
	switch {
	case v.endEntry == v.current && v.noScreen && s.noVideo != w.gen:
		// Sound without a picture is more than nothing; it is never Complete.
		s.noVideo = w.gen
		return s.issue(ctx, w)
	case v.over():
		return s.refuse(ctx, w, fmt.Errorf("%w: %s", ErrUnplayable, v.why()))
	case v.entry == v.current && v.restarted:
	case s.p.o.Now().Sub(v.since) > loadBound:
		return s.refuse(ctx, w, fmt.Errorf("%w: no first frame in %v", ErrUnplayable, loadBound))
	default:
		return nil
	}
	tracks, err := s.tracks(ctx)
	if err != nil {
		return fatal(err) // a refusal: it ended just now, which the next step sees
	}
	duration, err := getSeconds(ctx, s.c, callBound, "duration")
	if fatal(err) != nil {
		return err
	}
	// The length of a stream is but what has come of it until now: whenever it is
	// lost, it would be complete.
	stream := !s.flag(ctx, "seekable") || s.flag(ctx, "partially-seekable")
	if stream {
		duration = 0
	}
	if err := tracks.check(w, duration); err != nil && !w.started {
		return s.refuse(ctx, w, err)
	}
	// Mpv says nothing of a property that is the same again as of the entry before.
	decoded := s.text(ctx, pixels) != ""
	s.shown(w, tracks, duration, stream, decoded)
	return s.reconcile(ctx)
}

// shown records that the wish is on the screen.
func (s *session) shown(w wish, t tracks, duration time.Duration, stream, decoded bool) {
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.id != w.id {
		return
	}
	v := &p.view
	v.video, v.duration, v.stream, v.settled = t.video(), duration, stream, w.id
	v.decoded = v.decoded || decoded
	if p.want.seen {
		p.emitLocked(Event{Kind: Restarted, Detail: fmt.Sprintf("mpv %d", s.m.pid)})
	}
	p.want.seen, p.view.moved = true, p.o.Now()
	p.settled, p.failure = w.gen, nil
	p.notifyLocked()
}

// refuse gives the present item up. Mpv is stopped first, because it would go on
// with what is in a folder or a list.
func (s *session) refuse(ctx context.Context, w wish, why error) error {
	_, err := s.c.call(ctx, callBound, []any{"stop"})
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	s.p.view.issued = 0
	if s.p.want.id == w.id {
		s.p.giveUpLocked(why)
	}
	s.p.notifyLocked()
	return fatal(err)
}

// failLocked gives a wish up.
func (p *Player) failLocked(err error) {
	p.endLocked(ReasonError, err.Error())
	p.want = wish{gen: p.want.gen, item: item{id: p.want.id}}
	p.settled, p.failure = p.want.gen, err
	p.notifyLocked()
}

// finish says that mpv came to the end of what it could read.
func (s *session) finish(ctx context.Context, id int) error {
	pos, err := getSeconds(ctx, s.c, callBound, "time-pos")
	if fatal(err) != nil {
		return err
	}
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.id == id {
		if err == nil {
			p.reachLocked(pos)
		}
		p.endLocked(ReasonEOF, "")
		p.notifyLocked()
	}
	return nil
}

// beat asks whether mpv lives, moves and has a picture.
func (s *session) beat(ctx context.Context) error {
	// It may have hung since just after the last beat, and the next mpv takes its time.
	bound := max(s.p.o.HangAfter-2*beatEvery, s.p.o.HangAfter/2)
	pos, err := getSeconds(ctx, s.c, bound, "time-pos")
	if errors.Is(err, errNoReply) {
		return fmt.Errorf("%w in %v", errHung, bound)
	}
	if fatal(err) != nil {
		return err
	}
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	v, w := &p.view, &p.want
	playing := v.settled == w.id && w.file != "" && !w.paused && !w.ended && !v.paused && !v.eof
	if !playing || err != nil || pos != s.beatPos {
		s.still = 0
	} else if s.still++; time.Duration(s.still)*beatEvery >= p.o.HangAfter {
		return fmt.Errorf("%w at %v", errStill, pos)
	}
	s.beatPos = pos
	s.darkLocked(playing && v.video && !v.onScreen())
	return nil
}

// lookForScreen lets mpv open its video output again, every five seconds, for a
// programme that found none when it was loaded: a cable may be plugged in late.
func (s *session) lookForScreen(ctx context.Context) error {
	s.p.mu.Lock()
	w, vo := s.p.want, s.p.view.vo
	s.p.mu.Unlock()
	if w.file == "" || w.ended || s.noVideo != w.gen || vo {
		s.looks = 0
		return nil
	}
	if s.looks++; s.looks < screenBeats {
		return nil
	}
	s.looks = 0
	_, err := s.c.call(ctx, callBound, setProperty("vid", "auto"))
	return fatal(err)
}

// darkLocked says once when a programme with a picture goes on without a screen.
func (s *session) darkLocked(dark bool) {
	if !dark {
		s.dark = 0
		return
	}
	if s.dark++; s.dark < 2 || s.p.want.blind {
		return
	}
	s.p.want.blind = true
	s.p.emitLocked(Event{Kind: NoPicture, Detail: "mpv plays without a video output, or cannot decode the picture"})
}
