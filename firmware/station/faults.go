package station

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"stationbox/firmware"
)

// faults is the set of what is wrong now. A fault is written down when it
// begins and when it is over, not in between.
type faults struct {
	log *slog.Logger
	put func(kind, lesson string, data any)

	mu  sync.Mutex
	now map[faultKey]firmware.Fault
}

// faultKey is what is wrong with which thing.
type faultKey struct{ code, thing string }

func newFaults(log *slog.Logger, put func(kind, lesson string, data any)) *faults {
	return &faults{log: log, put: put, now: map[faultKey]firmware.Fault{}}
}

// set says whether the fault named by code and the thing it concerns ("" or a
// device) is there. args are pairs of name and value for the sentence; they may
// change while the fault stands without being written again.
func (f *faults) set(on bool, code, thing string, args ...string) {
	key := faultKey{code, thing}
	f.mu.Lock()
	_, was := f.now[key]
	if !on && !was { // nearly always
		f.mu.Unlock()
		return
	}
	fault := firmware.Fault{Code: code, On: on, Args: map[string]string{}}
	if thing != "" {
		fault.Args["name"] = thing
	}
	for i := 0; i+1 < len(args); i += 2 {
		fault.Args[args[i]] = args[i+1]
	}
	if on {
		f.now[key] = fault
	} else {
		delete(f.now, key)
	}
	f.mu.Unlock()
	if was == on {
		return
	}
	f.log.Warn("fault", "code", code, "name", thing, "on", on, "args", args)
	f.put(firmware.KindFault, "", fault)
}

// standing says whether the fault named by code is there, of whatever thing.
func (f *faults) standing(code string) bool {
	return slices.ContainsFunc(f.list(), func(standing firmware.Fault) bool { return standing.Code == code })
}

// over ends every fault of thing whose code begins with prefix.
func (f *faults) over(prefix, thing string) {
	for _, standing := range f.list() {
		if strings.HasPrefix(standing.Code, prefix) && standing.Args["name"] == thing {
			f.set(false, standing.Code, thing)
		}
	}
}

// list returns what is wrong now, in a steady order.
func (f *faults) list() []firmware.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(f.now), func(a, b faultKey) int {
		return cmp.Or(strings.Compare(a.code, b.code), strings.Compare(a.thing, b.thing))
	})
	out := make([]firmware.Fault, 0, len(keys))
	for _, k := range keys {
		out = append(out, f.now[k])
	}
	return out
}
