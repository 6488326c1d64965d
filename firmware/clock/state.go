package clock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// state is the saved file. Boot is the kernel's name of the power-on: a program
// that is restarted within it goes on with everything, because the monotonic
// clock went on too; after a power cut only the floor, the era and the voucher
// are left.
type state struct {
	Version int           `json:"version"`
	Boot    string        `json:"boot"`
	Era     uint32        `json:"era"`
	Shown   time.Time     `json:"shown"`   // at Mono
	Mono    time.Duration `json:"mono_ns"` // since power-on
	Follows Source        `json:"follows"`
	Since   time.Time     `json:"since"`
	Vouched vouchState    `json:"vouched"`
	Words   []wordState   `json:"words,omitempty"`
	RTC     rtcMemory     `json:"rtc"`
	Known   knownState    `json:"known"`
}

// knownState is how far the plan could be followed: Good is the newest time that was
// good for it, at GoodMono of this power-on or, if that is 0, of one before; Adrift
// is how long the power-ons between then and this one had lasted.
type knownState struct {
	Good     time.Time     `json:"good,omitzero"`
	GoodMono time.Duration `json:"good_mono_ns"`
	Adrift   time.Duration `json:"adrift_ns"`
}

// next is what is known at a new power-on, when the one before lasted for mono.
func (k knownState) next(mono time.Duration) knownState {
	adrift := k.Adrift + mono
	if k.GoodMono > 0 {
		adrift = mono - k.GoodMono
	}
	return knownState{Good: k.Good, Adrift: max(adrift, 0)}
}

type vouchState struct {
	By    Source        `json:"by"`
	Wall  time.Time     `json:"wall"`
	Bound time.Duration `json:"bound_ns"`
}

type wordState struct {
	Source Source        `json:"source"`
	Wall   time.Time     `json:"wall"`
	Mono   time.Duration `json:"mono_ns"`
	Bound  time.Duration `json:"bound_ns"`
	Muted  bool          `json:"muted,omitempty"`
}

const (
	stateVersion = 1
	stateMost    = 64 << 10 // bytes of the file
	monoMost     = 20 * 365 * 24 * time.Hour
)

// memory is what the state leaves after a power cut.
func (s *state) memory() Memory {
	return Memory{Shown: s.Shown, Era: s.Era, Vouched: s.Vouched.Wall, By: s.Vouched.By, Bound: s.Vouched.Bound}
}

// snapshot is the clock as it is to be saved.
func (c *Clock) snapshot(mono time.Duration) state {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.hear(mono)
	c.last = c.shown(m)
	s := state{Version: stateVersion, Era: c.era, Shown: c.time(c.last), Mono: m, Follows: c.ref.source, Since: c.time(c.since.wall),
		Vouched: vouchState{c.vouch.source, c.time(c.vouch.wall), c.vouch.bound}}
	if c.ref.source >= RTC && c.ref.source >= c.vouch.source {
		s.Vouched = vouchState{c.ref.source, c.time(c.ref.at(m)), min(c.ref.boundAt(m), boundMost)}
	}
	for _, l := range c.seen {
		if l.source != None {
			s.Words = append(s.Words, wordState{l.source, c.time(l.wall), l.mono, l.bound, l.muted})
		}
	}
	return s
}

// resume goes on from a state of this very power-on, as if nothing had been.
func (c *Clock) resume(s *state) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range s.Words {
		c.seen[w.Source] = line{w.Source, w.Muted, w.Wall.UnixNano(), w.Mono, w.Bound}
	}
	shown := mark{s.Shown.UnixNano(), s.Mono}
	c.floor = line{source: Floor, wall: shown.wall, mono: s.Mono, bound: Unbounded}
	c.vouch = vouch{s.Vouched.By, s.Vouched.Wall.UnixNano(), s.Vouched.Bound}
	c.era, c.latest, c.anchor, c.last = s.Era, s.Mono, shown, shown.wall
	if c.ref = c.elect(s.Mono); c.seen[s.Follows].source == s.Follows && s.Follows >= RTC {
		c.ref = c.seen[s.Follows] // of equals the same
	}
	c.since = mark{s.Since.UnixNano(), s.Mono}
}

// parseState reads a saved file. Whatever is not as it should be is an error:
// half a truth about the time is none.
func parseState(b []byte) (state, error) {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return state{}, fmt.Errorf("clock state: %w", err)
	}
	if s.Version != stateVersion || len(s.Boot) > 100 || s.Era == 0 || len(s.Words) > sources || !s.RTC.sound() {
		return state{}, fmt.Errorf("clock state: version %d or a value out of range", s.Version)
	}
	if !believable(s.Shown) || !believable(s.Since) || s.Mono < 0 || s.Mono > monoMost {
		return state{}, fmt.Errorf("clock state: time %s", s.Shown.Format(time.RFC3339))
	}
	if v := s.Vouched; v.By != None && (!believable(v.Wall) || v.Bound < 0 || v.Bound > boundMost) {
		return state{}, fmt.Errorf("clock state: vouched time %s", v.Wall.Format(time.RFC3339))
	}
	for _, w := range s.Words {
		if w.Source < RTC || !believable(w.Wall) || w.Mono < 0 || w.Mono > s.Mono+time.Hour || w.Bound < 0 || w.Bound > 10*boundMost {
			return state{}, fmt.Errorf("clock state: word of %s", w.Source)
		}
	}
	return s, nil
}

// readState reads the file at path, at most stateMost bytes of it.
func readState(path string) (state, error) {
	f, err := os.Open(path)
	if err != nil {
		return state{}, err
	}
	b, err := io.ReadAll(io.LimitReader(f, stateMost))
	if err := errors.Join(err, f.Close()); err != nil {
		return state{}, fmt.Errorf("clock state: %w", err)
	}
	return parseState(b)
}

// writeState replaces the file so that a power cut leaves the old or the new.
func writeState(path string, s *state) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("clock state: %w", err)
	}
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return fmt.Errorf("clock state: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to tell
		return fmt.Errorf("clock state: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("clock state: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
