package schedule_test

import (
	"testing"
	"time"

	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/hal"
)

// From the moment of an emergency a display in standby is wanted on, with power,
// though nothing was prepared.
func TestEmergencyWakesTheDisplay(t *testing.T) {
	now := at(t, "2026-11-25 03:00:00")
	o := schedule.Emergency("9", "", "flood.mp4", now, 0)
	if !schedule.IsEmergency(o) || o.ID != schedule.Emergency("9", "", "", now, 0).ID {
		t.Errorf("not known for what it is: %+v", o)
	}
	times := lesson.Times{Ready: 30 * time.Minute, Bell: 5 * time.Minute, WarmUp: time.Minute, LateLimit: 15 * time.Minute, Preload: 10 * time.Second}
	ord := lesson.Decide(now, o, times, lesson.History{}, lesson.Facts{GuardKnown: true, MainsGood: true, FileOK: true, Displays: []hal.DisplayState{hal.DisplayStandby}})
	if !ord.Power || !ord.Displays || !ord.Load || ord.End != "" {
		t.Errorf("orders %+v", ord)
	}
}
