package schedule_test

import (
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/firmware/schedule"
	"stationbox/hal"
)

func TestEmergency(t *testing.T) {
	flood := schedule.Emergency("7", "防汛通知", "flood.mp4", at(t, "2026-11-23 19:40:00"), 10*time.Minute)
	s := village(t).WithEmergency(flood)
	tests := []struct{ now, want string }{
		{"2026-11-23 19:39:59", "party-2026-11-23"},
		{"2026-11-23 19:40:00", "emergency-7"},
		{"2026-11-23 19:49:59", "emergency-7"},
		{"2026-11-23 19:50:00", "party-2026-11-23"}, // the lesson goes on
		{"2026-11-23 20:15:00", ""},
	}
	for _, tt := range tests {
		if got, _ := s.Due(at(t, tt.now)); got.ID != tt.want {
			t.Errorf("%s: %q is due, want %q", tt.now, got.ID, tt.want)
		}
	}
	if next, _ := s.Next(at(t, "2026-11-23 19:35:00")); !schedule.IsEmergency(next) {
		t.Errorf("next is %v", next)
	}
	plan := s.Plan(at(t, "2026-11-23 19:00:00"), at(t, "2026-11-23 21:00:00"))
	if len(plan) != 2 || !plan[0].Held() || plan[1].Occasion.ID != "emergency-7" || plan[1].Counts {
		t.Errorf("plan %+v", plan)
	}
	if o, ok := s.WithEmergency(firmware.Occasion{}).Due(at(t, "2026-11-23 19:45:00")); !ok || o.ID != "party-2026-11-23" {
		t.Errorf("called off, yet %v is due", o)
	}
}

// An emergency without an end lasts for days, also for somebody who asks for
// what is around, and until it is called off.
func TestEmergencyWithoutEnd(t *testing.T) {
	s := village(t).WithEmergency(schedule.Emergency("8", "", "flood.mp4", at(t, "2026-11-20 08:00:00"), 0))
	if o, ok := s.Due(at(t, "2026-11-24 12:00:00")); !ok || o.ID != "emergency-8" {
		t.Errorf("due: %v", o)
	}
	if list := s.Around(at(t, "2026-11-24 12:00:00"), 0, 0); len(list) != 1 {
		t.Errorf("around: %v", list)
	}
	if _, ok := s.Alarm(at(t, "2026-11-20 07:59:59")); ok {
		t.Error("on before its start")
	}
}

// From the moment of an emergency a display in standby is wanted on, with power,
// though nothing was prepared.
func TestEmergencyWakesTheDisplay(t *testing.T) {
	now := at(t, "2026-11-25 03:00:00")
	o, ok := village(t).WithEmergency(schedule.Emergency("9", "", "flood.mp4", now, 0)).Due(now)
	if !ok {
		t.Fatal("not due")
	}
	times := lesson.Times{Ready: 30 * time.Minute, Bell: 5 * time.Minute, WarmUp: time.Minute, LateLimit: 15 * time.Minute, Preload: 10 * time.Second}
	ord := lesson.Decide(now, o, times, lesson.History{}, lesson.Facts{GuardKnown: true, MainsGood: true, FileOK: true, Displays: []hal.DisplayState{hal.DisplayStandby}})
	if !ord.Power || !ord.Displays || !ord.Load || ord.End != "" {
		t.Errorf("orders %+v", ord)
	}
}
