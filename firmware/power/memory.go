package power

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"
)

// memory is what survives a restart and a power cut, as it was at SavedAt. A
// reader that cannot trust the wall clock takes no time off anything.
type memory struct {
	Version int                   `json:"version"`
	SavedAt time.Time             `json:"saved_at"`
	Wait    time.Duration         `json:"wait_ns"`            // the contactor was to stay open for
	Trips   []time.Duration       `json:"trips_ns,omitempty"` // ages of the trips of the last hour
	Latch   string                `json:"latch,omitempty"`    // "lockout", "weld" or "no_close"
	Reset   uint64                `json:"reset"`              // newest reset obeyed
	Lamps   map[string]lampMemory `json:"lamps,omitempty"`
	Strikes uint32                `json:"strikes,omitempty"` // of the surge arrester, ever
	Closing Travel                `json:"closing"`           // of the contactor
	Opening Travel                `json:"opening"`
}

// lampMemory is one lamp: Burning is until further notice, Cool counts from
// SavedAt.
type lampMemory struct {
	Burning bool          `json:"burning"`
	Cool    time.Duration `json:"cool_ns"`
}

const memoryVersion = 1

// What a wall clock may say: nothing before this program was written, and no
// pause of more than ten years.
const (
	plausibleYear  = 2026
	plausiblePause = 10 * 365 * day
)

// keeper writes the memory at every change that matters.
type keeper struct {
	path   string
	load   []Load
	log    *slog.Logger
	lost   bool // the file could not be read at the start
	unsafe atomic.Bool
}

func newKeeper(path string, load []Load, log *slog.Logger) keeper {
	return keeper{path: path, load: load, log: log}
}

// mark is what must change for the memory to be written again.
type mark struct {
	phase   Phase
	trips   uint64
	reset   uint64
	burning [MaxLoads]bool
	hot     [MaxLoads]bool
	strikes uint32
	closing Travel
	opening Travel
}

func markOf(s *snapshot) mark {
	m := mark{phase: s.state.Phase, trips: s.trips, reset: s.reset, strikes: s.arrester.told, closing: s.travels.Closing, opening: s.travels.Opening}
	switch m.phase {
	case Qualify, Blind:
		m.phase = Off
	case Closing, RideThrough:
		m.phase = Closed
	}
	for i := range s.state.Loads {
		m.burning[i] = s.state.Loads[i].Burn > 0
		m.hot[i] = s.state.Loads[i].Cool > 0
	}
	return m
}

// keep saves at change; when that fails, again at every tick.
func (l *Loop) keep(ctx context.Context) {
	if l.keeper.path == "" {
		return
	}
	tick := time.NewTicker(statusTick)
	defer tick.Stop()
	var saved mark
	done := false
	try := func() {
		s := l.snapshot()
		if m := markOf(&s); !done || m != saved {
			done = l.keeper.save(&s, l.now())
			saved = m
		}
	}
	for {
		try()
		select {
		case <-tick.C:
		case <-ctx.Done():
			try()
			return
		}
	}
}

// save writes the memory of s and reports whether it is on the card.
func (k *keeper) save(s *snapshot, now time.Time) bool {
	m := remember(&s.state, k.load)
	m.SavedAt, m.Reset = now.Round(0), s.reset
	m.Strikes, m.Closing, m.Opening = s.arrester.strikes, s.travels.Closing, s.travels.Opening
	err := writeMemory(k.path, m)
	if err != nil && !k.unsafe.Load() {
		k.log.Error("guard memory", "err", err)
	}
	k.unsafe.Store(err != nil)
	return err == nil
}

// remember is what of s must survive.
func remember(s *State, load []Load) memory {
	m := memory{Version: memoryVersion, Wait: s.Wait, Lamps: map[string]lampMemory{}}
	if s.Commanded() {
		m.Wait = 0
	}
	switch s.Phase {
	case Lockout, Weld:
		m.Latch = s.Phase.String()
	case NoClose:
		if s.Latched {
			m.Latch = s.Phase.String()
		}
	}
	for _, age := range s.Trips {
		if age > 0 {
			m.Trips = append(m.Trips, age)
		}
	}
	for i, l := range load {
		if l.Lamp {
			m.Lamps[l.Name] = lampMemory{Burning: s.Loads[i].Burn > 0, Cool: s.Loads[i].Cool}
		}
	}
	return m
}

// writeMemory replaces the file so that a power cut leaves the old or the new.
func writeMemory(path string, m memory) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Dir(path), filepath.Base(path), append(b, '\n'))
}

// readMemory returns a checked memory; a file that never was is fs.ErrNotExist.
func readMemory(path string) (memory, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return memory{}, err
	}
	return parseMemory(b)
}

func parseMemory(b []byte) (memory, error) {
	var m memory
	if err := json.Unmarshal(b, &m); err != nil {
		return memory{}, fmt.Errorf("guard memory: %w", err)
	}
	bad := m.Version != memoryVersion || m.Wait < 0 || m.Wait > day || !m.Closing.valid() || !m.Opening.valid()
	for _, age := range m.Trips {
		bad = bad || age <= 0
	}
	for _, lamp := range m.Lamps {
		bad = bad || lamp.Cool < 0 || lamp.Cool > day
	}
	if bad {
		return memory{}, fmt.Errorf("guard memory: version %d or a number out of range", m.Version)
	}
	return m, nil
}

// recalled is what a guard starts with.
type recalled struct {
	state            State
	reset            uint64 // newest reset obeyed
	strikes          uint32
	closing, opening Travel
}

// recall reads what to start with. What cannot be read is taken for the worst
// that only costs time: lamps count as hot.
func (k *keeper) recall(p *Plan, now time.Time) recalled {
	s := p.Cold()
	if k.path == "" {
		return recalled{state: s}
	}
	m, err := readMemory(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return recalled{state: s}
	}
	if err != nil {
		k.log.Error("guard memory unreadable, lamps count as hot", "err", err)
		k.lost = true
		for i := range k.load {
			s.Loads[i].Cool = p.loads[i].coolTime
		}
		return recalled{state: s}
	}
	return recalled{m.start(p, k.load, m.gone(now)), m.Reset, m.Strikes, m.Closing, m.Opening}
}

// start is the State to start with from m, gone after it was saved. Only the
// trips grow older by gone: the wall clock may have leapt, by a first answer of a
// time server, while the lamp is as hot as before and the contactor has just
// opened. Waiting once more for what was left is the worst that can come of it.
func (m *memory) start(p *Plan, load []Load, gone time.Duration) State {
	s := p.Cold()
	s.Wait = max(s.Wait, m.Wait)
	m.restoreTrips(&s, gone)
	if m.recentTrips() >= p.maxTrips && !s.Latched {
		s.Phase, s.Cause = Lockout, CauseTrips // it died with a lamp that cooled after the last trip
	}
	for i, l := range load {
		if !l.Lamp {
			continue
		}
		lamp, known := m.Lamps[l.Name]
		s.Loads[i].Cool = min(lamp.Cool, p.loads[i].coolTime)
		if lamp.Burning || !known {
			s.Loads[i].Cool = p.loads[i].coolTime
		}
	}
	return s
}

// Restart is the State of a guard that died in s and starts again from its
// memory, when the wall clock says that gone has passed since.
func (p *Plan) Restart(s State, gone time.Duration) State {
	load := make([]Load, p.nLoads)
	for i := range load {
		load[i] = Load{Name: strconv.Itoa(i), Lamp: p.loads[i].lamp}
	}
	m := remember(&s, load)
	return m.start(p, load, gone)
}

// gone is the time since the memory was saved, 0 when the wall clock is not
// plausible.
func (m *memory) gone(now time.Time) time.Duration {
	d := now.Round(0).Sub(m.SavedAt)
	if m.SavedAt.Year() < plausibleYear || d < 0 || d > plausiblePause {
		return 0
	}
	return d
}

// recentTrips is how many trips of an hour there were when the memory was saved:
// what they had led to by then does not end because a clock says that it is late.
func (m *memory) recentTrips() int {
	n := 0
	for _, age := range m.Trips {
		if age <= tripHour {
			n++
		}
	}
	return n
}

func (m *memory) restoreTrips(s *State, gone time.Duration) {
	n := 0
	for _, age := range m.Trips {
		if n < MaxTrips && age+gone <= tripHour {
			s.Trips[n] = age + gone
			n++
		}
	}
	switch m.Latch {
	case Lockout.String():
		s.Phase, s.Cause = Lockout, CauseTrips
	case Weld.String():
		s.Phase, s.Cause, s.Latched = Weld, CauseWelded, true
	case NoClose.String():
		s.Phase, s.Cause, s.Latched, s.NoCloses = NoClose, CauseNotClosing, true, maxNoClose
	}
}
