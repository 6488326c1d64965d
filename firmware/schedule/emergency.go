package schedule

import (
	"math"
	"strings"
	"time"

	"stationbox/firmware"
)

// KindEmergency is the kind of an emergency showing.
const KindEmergency = "emergency"

const (
	alarmPriority = math.MaxInt
	alarmPrefix   = "emergency-"
)

// Emergency returns the occasion of an emergency showing. name tells it from
// others and should be that of the order it came by, so that the ID is the same
// after a restart. A length of 0 lasts until it is called off.
func Emergency(name, title, file string, start time.Time, length time.Duration) firmware.Occasion {
	return firmware.Occasion{ID: alarmPrefix + name, Title: title, File: file, Start: start, Duration: length}
}

// IsEmergency says whether o was made by Emergency.
func IsEmergency(o firmware.Occasion) bool { return strings.HasPrefix(o.ID, alarmPrefix) }

// WithEmergency returns the calendar with o before everything else. There is
// one emergency at a time: a new one takes the place of the old, and an
// occasion without an ID calls it off.
//
// An emergency has no warm-up time before it: from its start displays and power
// are wanted, which wakes a display in standby. The lesson it breaks into is not
// skipped and goes on afterwards where it was.
func (s *Schedule) WithEmergency(o firmware.Occasion) *Schedule {
	out := *s
	o.Start = o.Start.In(s.zone)
	out.alarm = o
	return &out
}

// Alarm returns the emergency when it is on at now.
func (s *Schedule) Alarm(now time.Time) (firmware.Occasion, bool) {
	a := s.alarm
	on := a.ID != "" && !now.Before(a.Start) && (a.Duration == 0 || now.Before(a.End()))
	if !on {
		return firmware.Occasion{}, false
	}
	return a, true
}

func (s *Schedule) isAlarm(o firmware.Occasion) bool { return s.alarm.ID != "" && o.ID == s.alarm.ID }
