// Package fault keeps what is wrong with the station now.
package fault

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"stationbox/firmware"
)

// Book is the set of what is wrong now. A fault is written down when it
// begins and when it is over, not in between.
type Book struct {
	log *slog.Logger
	put func(kind, lesson string, data any)

	mu  sync.Mutex
	now map[key]firmware.Fault
}

// key is what is wrong with which thing.
type key struct{ code, thing string }

// New returns a book without faults. put takes a fault into the journal when it begins and
// when it is over, and must not wait for the card.
func New(log *slog.Logger, put func(kind, lesson string, data any)) *Book {
	return &Book{log: log, put: put, now: map[key]firmware.Fault{}}
}

// Set says whether the fault named by code and the thing it concerns ("" or a
// device) is there. args are pairs of name and value for the sentence; they may
// change while the fault stands without being written again.
func (f *Book) Set(on bool, code, thing string, args ...string) {
	k := key{code, thing}
	f.mu.Lock()
	_, was := f.now[k]
	if !on && !was { // nearly always
		f.mu.Unlock()
		return
	}
	found := firmware.Fault{Code: code, On: on, Args: map[string]string{}}
	if thing != "" {
		found.Args["name"] = thing
	}
	for i := 0; i+1 < len(args); i += 2 {
		found.Args[args[i]] = args[i+1]
	}
	if on {
		f.now[k] = found
	} else {
		delete(f.now, k)
	}
	f.mu.Unlock()
	if was == on {
		return
	}
	f.log.Warn("fault", "code", code, "name", thing, "on", on, "args", args)
	f.put(firmware.KindFault, "", found)
}

// Standing says whether the fault named by code is there, of whatever thing.
func (f *Book) Standing(code string) bool {
	return slices.ContainsFunc(f.List(), func(standing firmware.Fault) bool { return standing.Code == code })
}

// Over ends every fault of thing whose code begins with prefix.
func (f *Book) Over(prefix, thing string) {
	for _, standing := range f.List() {
		if strings.HasPrefix(standing.Code, prefix) && standing.Args["name"] == thing {
			f.Set(false, standing.Code, thing)
		}
	}
}

// List returns what is wrong now, in a steady order.
func (f *Book) List() []firmware.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(f.now), func(a, b key) int {
		return cmp.Or(strings.Compare(a.code, b.code), strings.Compare(a.thing, b.thing))
	})
	out := make([]firmware.Fault, 0, len(keys))
	for _, k := range keys {
		out = append(out, f.now[k])
	}
	return out
}
