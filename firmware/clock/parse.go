package clock

import (
	"fmt"
	"time"
)

// layouts are what a technician may type; without an offset the time is in the
// station's zone.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
}

// ParseTime reads a time as a technician types it: "2026-11-27T19:30:00+08:00",
// "2026-11-27T19:30" or "2026-11-27 19:30". A date must be there: a clock that
// has to be set does not know it. The error is ErrImplausible also for a date
// that no clock of ours may show.
func ParseTime(s string, zone *time.Location) (time.Time, error) {
	for _, l := range layouts {
		t, err := time.ParseInLocation(l, s, zone)
		if err == nil && believable(t) {
			return t.In(zone), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %.40q: %w", s, ErrImplausible)
}
