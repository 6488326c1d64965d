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
	path := s.text(ctx, "path")
	if path == "" {
		return
	}
	var entry int64
	data, err := s.c.call(ctx, callBound, []any{"get_property", "playlist/0/id"})
	if err != nil || json.Unmarshal(data, &entry) != nil {
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
	p.want = wish{gen: 1, file: path, at: max(0, pos), paused: held, started: !held}
	s.issued, s.entry, s.since = 1, entry, p.o.Now()
	p.view.entry, p.view.restarted, p.view.base = entry, err == nil, pos
}

// reconcile takes the next step from what mpv shows to what is wished.
func (s *session) reconcile(ctx context.Context) error {
	p := s.p
	p.mu.Lock()
	w, v := p.want, p.view
	p.mu.Unlock()
	switch {
	case w.gen == 0:
		return nil
	case s.issued != w.gen:
		return s.issue(ctx, w)
	case w.file == "" || w.ended:
		return nil
	case v.settled != w.gen:
		return s.settle(ctx, w, v)
	case v.endEntry == s.entry:
		s.ended(w.gen, v)
		return nil
	case v.eof && v.paused:
		return s.finish(ctx, w.gen)
	case v.paused != w.paused && !v.eof:
		_, err := s.c.call(ctx, callBound, setProperty("pause", w.paused))
		return fatal(err)
	}
	return nil
}

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
	if s.issued != w.gen {
		s.noVideo = false
	}
	s.issued, s.entry, s.since, s.still, s.dark = w.gen, -1, p.o.Now(), 0, 0
	if w.file == "" || w.ended {
		_, err := s.c.call(ctx, callBound, []any{"stop"})
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.want.gen == w.gen {
			p.settled, p.view.settled = w.gen, w.gen
			p.notifyLocked()
		}
		return fatal(err)
	}
	p.mu.Lock()
	p.view.duration, p.view.frames, p.view.base = 0, 0, w.at
	p.view.late.begin()
	p.view.bad.begin()
	p.mu.Unlock()
	video := "auto"
	if s.noVideo {
		video = "no"
	}
	for _, c := range [][]any{setProperty("pause", true), setProperty("vid", video),
		setProperty("start", fmt.Sprintf("%.3f", w.at.Seconds()))} {
		if _, err := s.c.call(ctx, callBound, c); err != nil {
			return err
		}
	}
	data, err := s.c.call(ctx, callBound, []any{"loadfile", w.file, "replace"})
	if err != nil {
		return err
	}
	var reply struct {
		Entry int64 `json:"playlist_entry_id"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return fmt.Errorf("mpv loadfile: %w", err)
	}
	s.entry = reply.Entry
	return s.reconcile(ctx)
}

// settle waits for the first frame of the wish and looks at what was loaded.
func (s *session) settle(ctx context.Context, w wish, v view) error {
	switch {
	case v.endEntry == s.entry && v.noScreen && !s.noVideo:
		// Sound without a picture is more than nothing; it is never Complete.
		s.noVideo = true
		return s.issue(ctx, w)
	case v.endEntry == s.entry:
		s.fail(w.gen, fmt.Errorf("%w: %s", ErrUnplayable, v.why()))
		// A folder or a list would go on with what is in it.
		_, err := s.c.call(ctx, callBound, []any{"stop"})
		return fatal(err)
	case v.entry == s.entry && v.restarted:
	case s.p.o.Now().Sub(s.since) > loadBound:
		s.fail(w.gen, fmt.Errorf("%w: no first frame in %v", ErrUnplayable, loadBound))
		return nil
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
	if err := tracks.check(w, duration); err != nil && !w.started {
		s.fail(w.gen, err)
		_, err := s.c.call(ctx, callBound, []any{"stop"})
		return fatal(err)
	}
	s.shown(w, tracks, duration)
	return s.reconcile(ctx)
}

// shown records that the wish is on the screen.
func (s *session) shown(w wish, t tracks, duration time.Duration) {
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.gen != w.gen {
		return
	}
	p.view.video, p.view.duration, p.view.settled = t.video(), duration, w.gen
	if p.settled == w.gen {
		p.emitLocked(Event{Kind: Restarted, Detail: fmt.Sprintf("mpv %d", s.m.pid)})
	}
	p.settled, p.failure = w.gen, nil
	p.notifyLocked()
}

func (s *session) fail(gen int, err error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.p.want.gen == gen {
		s.p.failLocked(gen, err)
	}
}

// failLocked gives a wish up.
func (p *Player) failLocked(gen int, err error) {
	p.endLocked(ReasonError, err.Error())
	p.want = wish{gen: gen}
	p.settled, p.failure = gen, err
	p.notifyLocked()
}

// finish says that mpv came to the end of what it could read.
func (s *session) finish(ctx context.Context, gen int) error {
	pos, err := getSeconds(ctx, s.c, callBound, "time-pos")
	if fatal(err) != nil {
		return err
	}
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.gen == gen {
		if err == nil {
			p.want.at = max(0, pos)
		}
		p.endLocked(ReasonEOF, "")
		p.notifyLocked()
	}
	return nil
}

// ended says that mpv dropped the programme by itself.
func (s *session) ended(gen int, v view) {
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.gen != gen {
		return
	}
	reason := ReasonError
	if v.endReason == "eof" {
		reason = ReasonEOF
	}
	p.endLocked(reason, v.why())
	p.notifyLocked()
}

// beat asks whether mpv lives, moves and has a picture.
func (s *session) beat(ctx context.Context) error {
	pos, err := getSeconds(ctx, s.c, s.p.o.HangAfter, "time-pos")
	if errors.Is(err, errNoReply) {
		return fmt.Errorf("%w in %v", errHung, s.p.o.HangAfter)
	}
	if fatal(err) != nil {
		return err
	}
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	v, w := &p.view, &p.want
	playing := v.settled == w.gen && w.file != "" && !w.paused && !w.ended && !v.paused && !v.eof
	if !playing || err != nil || pos != s.beatPos {
		s.still = 0
	} else if s.still++; time.Duration(s.still)*beatEvery >= p.o.HangAfter {
		return fmt.Errorf("%w at %v", errStill, pos)
	}
	s.beatPos = pos
	s.darkLocked(playing && v.video && !v.vo)
	return nil
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
	s.p.emitLocked(Event{Kind: NoPicture, Detail: "mpv plays without a configured video output"})
}
