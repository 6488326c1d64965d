package display

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// The bounds of a Memory.
const (
	warmUpsKept = 9
	modelsKept  = 32
	usesKept    = 27 // weekly readings: half a year
	fileMost    = 1 << 20
)

// Memory is what displays taught: how long each model takes to warm up, which way
// to each display worked last, and how its hours grew. It is one small JSON file,
// written anew at each change; changes are as rare as lessons. The zero Memory
// works and keeps nothing. Its methods are for any goroutine.
type Memory struct {
	path string
	log  *slog.Logger

	mu  sync.Mutex
	all kept
}

// kept is the content of the file.
type kept struct {
	Models map[string]taught `json:"models"`
	Ways   map[string]worked `json:"ways"`  // by display
	Hours  map[string][]use  `json:"hours"` // by display and part, oldest first
}

type taught struct {
	WarmMS []int64   `json:"warm_ms"` // newest last
	At     time.Time `json:"at"`
}

type worked struct {
	Way string    `json:"way"`
	At  time.Time `json:"at"`
}

// use is how many hours a lamp or a filter had at a moment.
type use struct {
	At    time.Time `json:"at"`
	Hours int64     `json:"hours"`
}

// OpenMemory returns the Memory kept at path. A file that cannot be read is told
// to log and begun anew: it is worth less than a lesson.
func OpenMemory(path string, log *slog.Logger) *Memory {
	m := &Memory{path: path, log: log}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m
	}
	if err == nil {
		defer func() { _ = f.Close() }()
		err = m.read(io.LimitReader(f, fileMost))
	}
	if err != nil {
		log.Warn("memory of displays", "path", path, "err", err)
	}
	return m
}

func (m *Memory) read(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var all kept
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	m.all = all
	return nil
}

// Learn takes in a warm-up of a model that ended at a moment.
func (m *Memory) Learn(model string, took time.Duration, at time.Time) {
	if took <= 0 {
		return
	}
	m.change(func(all *kept) {
		if all.Models == nil {
			all.Models = map[string]taught{}
		}
		t := all.Models[model]
		t.WarmMS = newest(append(slices.Clone(t.WarmMS), took.Milliseconds()), warmUpsKept)
		t.At = at
		all.Models[model] = t
		forget(all.Models, modelsKept, func(t taught) time.Time { return t.At })
	})
}

// WarmUp returns the median of the newest warm-ups of a model, 0 when none was
// measured.
func (m *Memory) WarmUp(model string) time.Duration {
	m.mu.Lock()
	ms := slices.Clone(m.all.Models[model].WarmMS)
	m.mu.Unlock()
	if len(ms) == 0 {
		return 0
	}
	slices.Sort(ms)
	// Of an even count the longer of the middle two: too early is no harm.
	return time.Duration(max(ms[len(ms)/2], 0)) * time.Millisecond
}

// Lead returns how long before a picture is needed a display is to be told: the
// warm-up of the first of models that was measured, at least half and at most
// twice what is usual; the usual when none was, and learned is false.
func (m *Memory) Lead(usual time.Duration, models ...string) (lead time.Duration, learned bool) {
	for _, model := range models {
		if warm := m.WarmUp(model); warm > 0 {
			return min(max(warm, usual/2), 2*usual), true
		}
	}
	return usual, false
}

// Works notes that a command by that way came true.
func (m *Memory) Works(name, way string, at time.Time) {
	m.mu.Lock()
	old := m.all.Ways[name]
	m.mu.Unlock()
	if old.Way == way && at.Sub(old.At) < time.Hour {
		return // spares the card
	}
	m.change(func(all *kept) {
		if all.Ways == nil {
			all.Ways = map[string]worked{}
		}
		all.Ways[name] = worked{way, at}
		forget(all.Ways, modelsKept, func(w worked) time.Time { return w.At })
	})
}

// Worked returns the way to the display that worked last, and when.
func (m *Memory) Worked(name string) (way string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.all.Ways[name]
	return w.Way, w.At
}

// Used notes how many hours a part of a display has at a moment: one reading a
// week is kept. Fewer hours than before mean a new lamp: its count begins anew.
func (m *Memory) Used(name, part string, at time.Time, hours time.Duration) {
	key, h := name+" "+part, int64(hours/time.Hour)
	m.mu.Lock()
	list := m.all.Hours[key]
	m.mu.Unlock()
	fresh := len(list) > 0 && h < list[len(list)-1].Hours
	if len(list) > 0 && !fresh && at.Sub(list[len(list)-1].At) < 7*24*time.Hour {
		return
	}
	m.change(func(all *kept) {
		if all.Hours == nil {
			all.Hours = map[string][]use{}
		}
		if fresh {
			list = nil
		}
		all.Hours[key] = newest(append(slices.Clone(list), use{at, h}), usesKept)
		forget(all.Hours, modelsKept, func(l []use) time.Time { return l[len(l)-1].At })
	})
}

// Weekly returns how much of a part is used up in a week, as its readings say, and
// false before there is a week of them.
func (m *Memory) Weekly(name, part string, now time.Time, hours time.Duration) (time.Duration, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.all.Hours[name+" "+part]
	if len(list) == 0 {
		return 0, false
	}
	first := list[0]
	span := now.Sub(first.At)
	if span < 7*24*time.Hour || hours < time.Duration(first.Hours)*time.Hour {
		return 0, false
	}
	used := hours - time.Duration(first.Hours)*time.Hour
	return time.Duration(float64(used) / (float64(span) / float64(7*24*time.Hour))), true
}

// change applies fn and writes the file. A card that cannot be written is told to
// log; what was learned counts until the program ends.
func (m *Memory) change(fn func(*kept)) {
	m.mu.Lock()
	fn(&m.all)
	data, err := json.MarshalIndent(m.all, "", " ")
	m.mu.Unlock()
	if m.path == "" {
		return
	}
	if err == nil {
		err = replace(m.path, data)
	}
	if err != nil {
		m.log.Warn("memory of displays", "path", m.path, "err", err)
	}
}

// replace writes data beside path and puts it in its place, so that a power cut
// leaves the old file or the new one.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("folder: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func newest[T any](list []T, n int) []T {
	return slices.Clone(list[max(0, len(list)-n):])
}

// forget drops the oldest entries beyond n.
func forget[T any](m map[string]T, n int, at func(T) time.Time) {
	for len(m) > n {
		oldest := ""
		for k, v := range m {
			if oldest == "" || at(v).Before(at(m[oldest])) {
				oldest = k
			}
		}
		delete(m, oldest)
	}
}
