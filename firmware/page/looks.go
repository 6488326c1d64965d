package page

import (
	"encoding/json"
	"sync"
	"time"

	"stationbox/firmware"
)

// What is recorded of people at the page.
const (
	whatLogin      = "login"
	whatRefused    = "refused"
	whatLogout     = "logout"
	whatSearch     = "search"
	whatMember     = "member"
	whatHousehold  = "household"
	whatRoll       = "roll"
	whatRegister   = "register"
	whatCorrection = "correction"
	whatMark       = "mark"
)

// mostLooks is how many accesses are remembered; the journal has them all.
const mostLooks = 1000

// Look is one access with its time.
type Look struct {
	At time.Time
	firmware.Access
}

// Looks remembers the newest accesses. The zero Looks is empty and ready; it may be
// used from any goroutine.
type Looks struct {
	mu   sync.Mutex
	list []Look
}

// Feed takes in a record of the journal; one of another kind changes nothing.
func (l *Looks) Feed(r firmware.Record) {
	var a firmware.Access
	if l == nil || r.Kind != firmware.KindAccess || json.Unmarshal(r.Data, &a) != nil {
		return
	}
	l.add(Look{r.Wall, a})
}

func (l *Looks) add(look Look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list = append(l.list, look); len(l.list) >= 2*mostLooks {
		l.list = append(l.list[:0], l.list[len(l.list)-mostLooks:]...)
	}
}

// newest returns at most n accesses, the newest first.
func (l *Looks) newest(n int) []Look {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Look
	for i := len(l.list) - 1; i >= 0 && len(out) < min(n, mostLooks); i-- {
		out = append(out, l.list[i])
	}
	return out
}
