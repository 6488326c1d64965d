package player

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// MostQueued is how many items can wait behind the present one.
	MostQueued = 32
	// LeastGain and MostGain bound the gain of an item, in dB.
	LeastGain, MostGain = -60.0, 24.0
)

var (
	// ErrFull means that MostQueued items wait already.
	ErrFull = errors.New("queue is full")
	// ErrGain means that a gain is outside LeastGain to MostGain.
	ErrGain = errors.New("gain out of range")
)

// Item is one programme.
type Item struct {
	File   string        // path or address
	At     time.Duration // where it begins
	GainDB float64       // added to its sound, and to no other's; 0 leaves it as it is
	Filter string        // mpv's option af for what a gain cannot do; GainDB does not count then
}

// item is an Item that is wished.
type item struct {
	id   int // counts all of them
	file string
	level
	at time.Duration // where it begins, and then where it stands
}

// level is what is done to the sound of an item.
type level struct {
	gain   float64 // dB
	filter string  // instead, if it is not ""
}

// wished checks an Item and names its file the way mpv will.
func (i Item) wished() (item, error) {
	if !(i.GainDB >= LeastGain && i.GainDB <= MostGain) {
		return item{}, fmt.Errorf("%s: %w: %g dB", i.File, ErrGain, i.GainDB)
	}
	if !strings.Contains(i.File, "://") {
		abs, err := filepath.Abs(i.File)
		if err != nil {
			return item{}, fmt.Errorf("%s: %w", i.File, err)
		}
		i.File = abs
	}
	return item{file: i.File, level: level{i.GainDB, i.Filter}, at: max(i.At, 0)}, nil
}

// Queue lets an item follow the last one without a gap: the last frame of one
// stays until the first of the next is there. The items may differ in size and
// rates. It begins at once when the last one is at its end already, and waits
// when that one is paused. It does not wait for mpv; an item that turns out to
// be unplayable Ended with ReasonError and is passed over.
//
// It returns ErrNothingLoaded without a successful Preload and ErrFull behind
// MostQueued items. Preload and Stop drop the queue.
func (p *Player) Queue(i Item) error {
	n, err := i.wished()
	if err != nil {
		return fmt.Errorf("queue %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.want.file == "" || p.settled != p.want.gen:
		return fmt.Errorf("queue %s: %w", n.file, ErrNothingLoaded)
	case len(p.want.next) >= MostQueued:
		return fmt.Errorf("queue %s: %w", n.file, ErrFull)
	}
	p.items++
	n.id = p.items
	p.want.next = append(p.want.next, n)
	p.notifyLocked()
	return nil
}

// nextLocked makes the next item the present one.
func (p *Player) nextLocked() {
	w := &p.want
	*w = wish{gen: w.gen, item: w.next[0], next: w.next[1:], paused: w.paused}
	p.view.beginLocked(w.at)
}

// advanceLocked follows mpv, which went on to its next entry.
func (p *Player) advanceLocked() {
	v := &p.view
	if v.endEntry == v.current && v.endReason != "eof" {
		p.endLocked(ReasonError, v.why())
	} else {
		p.endLocked(ReasonEOF, "")
		p.crashes = 0
	}
	p.nextLocked()
	v.current, v.ahead = v.ahead[0], v.ahead[1:]
	v.issued, v.since = p.want.id, p.o.Now()
	v.gone++
}

// giveUpLocked ends the present item; the next one is told to mpv anew.
func (p *Player) giveUpLocked(err error) {
	if len(p.want.next) == 0 {
		p.failLocked(err)
		return
	}
	p.endLocked(ReasonError, err.Error())
	p.nextLocked()
	p.view.issued = 0
	p.crashes = 0
	p.notifyLocked()
}

// over is the end of an item after which mpv does not go on by itself.
func (s *session) over(w wish, v view) {
	p := s.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want.id != w.id {
		return
	}
	reason := ReasonError
	if v.endReason == "eof" {
		reason = ReasonEOF
	}
	p.endLocked(reason, v.why())
	if len(p.want.next) > 0 {
		p.nextLocked()
		p.view.issued = 0
	}
	p.notifyLocked()
}

// add tells mpv the item that follows those that it knows.
func (s *session) add(ctx context.Context, n item) error {
	return s.load(ctx, n, "append", func(entry int64) {
		s.p.view.ahead = append(s.p.view.ahead, entry)
	})
}

// load makes an entry of mpv's playlist; take gets its number under the lock,
// before anything that mpv says about it.
func (s *session) load(ctx context.Context, n item, flags string, take func(entry int64)) error {
	options := map[string]string{"start": fmt.Sprintf("%.3f", n.at.Seconds())}
	af := n.filter
	switch {
	case n.filter != "" || n.gain == 0:
	case s.hasGain:
		options["volume-gain"] = fmt.Sprintf("%.2f", n.gain)
	default: // before mpv 0.38
		af = fmt.Sprintf("lavfi=[volume=%.2fdB]", n.gain)
	}
	options["af"] = filtered(af)
	var entry int64
	// Arguments by name, because their order changed with mpv 0.38.
	command := map[string]any{"name": "loadfile", "url": n.file, "flags": flags, "options": options}
	data, err := s.c.callThen(ctx, callBound, command, func(data json.RawMessage) {
		entry, _ = entryOf(data)
		s.p.mu.Lock()
		defer s.p.mu.Unlock()
		take(entry)
	})
	if err != nil {
		return err
	}
	if entry, err = entryOf(data); err != nil {
		return err
	}
	// For whoever adopts this mpv: it does not tell the options of an entry.
	return s.keepLevel(ctx, entry, n.level)
}

func entryOf(data json.RawMessage) (int64, error) {
	var reply struct {
		Entry int64 `json:"playlist_entry_id"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return 0, fmt.Errorf("mpv loadfile: %w", err)
	}
	return reply.Entry, nil
}

// gainKey and filterKey are the names under which mpv keeps the level of an entry
// for us, among the options of scripts, which it does not run.
func gainKey(entry int64) string   { return "gain-" + strconv.FormatInt(entry, 10) }
func filterKey(entry int64) string { return "filter-" + strconv.FormatInt(entry, 10) }

// keepLevel writes down in mpv the levels of the entries that it knows.
func (s *session) keepLevel(ctx context.Context, entry int64, l level) error {
	if l == (level{}) {
		return nil
	}
	s.p.mu.Lock()
	known := append([]int64{entry, s.p.view.current}, s.p.view.ahead...)
	s.p.mu.Unlock()
	for e := range s.levels {
		if !slices.Contains(known, e) {
			delete(s.levels, e)
		}
	}
	s.levels[entry] = l
	kept := map[string]string{}
	for e, l := range s.levels {
		kept[gainKey(e)] = strconv.FormatFloat(l.gain, 'f', 2, 64)
		if l.filter != "" {
			kept[filterKey(e)] = l.filter
		}
	}
	_, err := s.c.call(ctx, callBound, setProperty("script-opts", kept))
	return fatal(err)
}

// forget takes the entries that are over out of mpv's playlist.
func (s *session) forget(ctx context.Context) error {
	_, err := s.c.call(ctx, callBound, []any{"playlist-remove", 0})
	s.p.mu.Lock()
	s.p.view.gone--
	s.p.notifyLocked()
	s.p.mu.Unlock()
	return fatal(err)
}

// entries is what an adopted mpv has to play, from the present entry on.
type entries struct {
	ids   []int64
	items []item
	gone  int // entries before the present one
}

// entries asks mpv for its playlist. None when it plays nothing.
func (s *session) entries(ctx context.Context) (entries, error) {
	data, err := s.c.call(ctx, callBound, []any{"get_property", "playlist"})
	if err != nil {
		return entries{}, err
	}
	var list []struct {
		File    string `json:"filename"`
		ID      int64  `json:"id"`
		Current bool   `json:"current"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return entries{}, fmt.Errorf("mpv playlist: %w", err)
	}
	kept := map[string]string{}
	if data, err := s.c.call(ctx, callBound, []any{"get_property", "script-opts"}); err == nil {
		_ = json.Unmarshal(data, &kept) // unknown levels are 0
	}
	var e entries
	for i, l := range list {
		if l.Current {
			e.gone = i
		} else if len(e.ids) == 0 || len(e.ids) > MostQueued {
			continue
		}
		gain, err := strconv.ParseFloat(kept[gainKey(l.ID)], 64)
		if err == nil && gain >= LeastGain && gain <= MostGain {
			s.levels[l.ID] = level{gain, kept[filterKey(l.ID)]}
		}
		e.ids, e.items = append(e.ids, l.ID), append(e.items, item{file: l.File, level: s.levels[l.ID]})
	}
	return e, nil
}
