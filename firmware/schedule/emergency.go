package schedule

import (
	"strings"
	"time"

	"stationbox/firmware"
)

const alarmPrefix = "emergency-"

// Emergency returns the occasion of an emergency showing, which no calendar holds:
// whoever shows it puts it before everything else. It has no warm-up before it:
// from its start displays and power are wanted, which wakes a display in standby.
// name tells it from
// others and should be that of the order it came by, so that the ID is the same
// after a restart. A length of 0 lasts until it is called off.
func Emergency(name, title, file string, start time.Time, length time.Duration) firmware.Occasion {
	return firmware.Occasion{ID: alarmPrefix + name, Title: title, File: file, Start: start, Duration: length}
}

// IsEmergency says whether o was made by Emergency.
func IsEmergency(o firmware.Occasion) bool { return strings.HasPrefix(o.ID, alarmPrefix) }
