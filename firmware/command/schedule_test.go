package command_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
)

// plannedVillage is a village whose whole plan is known.
func plannedVillage(lang string) *command.Env {
	env := village(lang)
	env.Plan = func(from, to time.Time) (command.Planned, error) {
		if from.Year() == 1999 {
			return command.Planned{}, errors.New("no journal")
		}
		p := command.Planned{
			Quota:   &command.Quota{Month: "2026-11", Target: 245, Done: 90, Planned: 100, Missing: 55, DaysLeft: 8},
			MakeUps: []command.MakeUp{{ID: "party-2026-11-19-makeup", Of: "party-2026-11-19", Title: "党课", Cause: "lesson.cause.no_mains", Start: at(19, 30).AddDate(0, 0, 1)}, {Of: "old-2026-11-01", Title: "旧课", Cause: "lesson.cause.cut"}},
		}
		slot := func(id string, start time.Time, skipped, by, day string) {
			if !start.Before(from) && start.Before(to) {
				o := firmware.Occasion{ID: id, Title: "党课", File: "party.mp4", Start: start.UTC(), Duration: 45 * time.Minute}
				p.Slots = append(p.Slots, command.PlannedSlot{Occasion: o, Skipped: skipped, By: by, Day: day})
			}
		}
		slot("party-2026-10-05", time.Date(2026, 10, 5, 19, 30, 0, 0, zone), "schedule.skip.holiday", "国庆节", "国庆节")
		slot("party-2026-10-10", time.Date(2026, 10, 10, 19, 30, 0, 0, zone), "", "", "国庆节")
		slot("party-2026-11-26", at(19, 30).AddDate(0, 0, 3), "schedule.skip.priority", "drill-2026-11-26", "")
		return p, nil
	}
	env.Calendar = func() ([]byte, []string) { return []byte("BEGIN:VCALENDAR\r\n"), nil }
	return env
}

func TestSchedule(t *testing.T) {
	tests := []struct {
		line string
		code int
		want []string
	}{
		{"schedule", 0, []string{"2026-11-26 Thursday 19:30:00 +08:00  党课  45 min  party.mp4  party-2026-11-26  not held: gives way to drill-2026-11-26\n", "no lesson within 7 days",
			"study in 2026-11: 90 min shown, 100 min planned, 245 min wanted, 55 min missing, 8 days left",
			"make-up proposed: 2026-11-24 Tuesday 19:30:00 +08:00  党课, for party-2026-11-19 (no good mains)  party-2026-11-19-makeup\n", "no place for a make-up: 旧课, old-2026-11-01 (the film ended early)"}},
		{"schedule -from 2026-10-01 -days 14", 0, []string{"not held: holiday: 国庆节\n", "party-2026-10-10  (国庆节)\n"}},
		{"schedule -from 2026-10-01 -days 14 -json", 0, []string{`"skipped": "schedule.skip.holiday"`, `"by": "国庆节"`, `"start": "2026-10-05T19:30:00+08:00"`, `"duration_s": 2700`, `"missing": 55`, `"of": "party-2026-11-19"`}},
		{"schedule -from 1999-01-01", 1, []string{"no journal"}},
		{"schedule -from whenever", 2, []string{"whenever is not a time"}},
		{"schedule -days 367", 2, []string{"from 1 to 366"}},
		{"schedule 1", 2, []string{"one argument too many"}},
		{"schedule -ics", 0, []string{"BEGIN:VCALENDAR"}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			r := command.Answer(t.Context(), table(), plannedVillage("en"), strings.Fields(tt.line))
			if r.Code != tt.code {
				t.Errorf("code %d, want %d: %s", r.Code, tt.code, r.Text)
			}
			for _, part := range tt.want {
				if !strings.Contains(r.Text, part) {
					t.Errorf("%q is not in\n%s", part, r.Text)
				}
			}
		})
	}
}

func TestScheduleInChinese(t *testing.T) {
	r := command.Answer(t.Context(), table(), plannedVillage("zh"), []string{"schedule"})
	for _, want := range []string{"周四 19:30:00 +08:00", "不放：让位给 drill-2026-11-26", "还差 55 分钟", "补 party-2026-11-19（没有正常市电）"} {
		if !strings.Contains(r.Text, want) {
			t.Errorf("%q is not in\n%s", want, r.Text)
		}
	}
}

func TestScheduleAsCalendarFile(t *testing.T) {
	env := plannedVillage("en")
	env.Calendar = func() ([]byte, []string) { return nil, []string{"mixed"} }
	if r := command.Answer(t.Context(), table(), env, []string{"schedule", "-ics"}); r.Code != command.CodeFailed || !strings.Contains(r.Text, "mixed") {
		t.Errorf("%+v", r)
	}
	env.Calendar = nil
	if r := command.Answer(t.Context(), table(), env, []string{"schedule", "-ics"}); r.Code != command.CodeFailed {
		t.Errorf("%+v", r)
	}
	r := command.Answer(t.Context(), table(), village("en"), []string{"schedule", "-json"})
	var p command.Planned
	if err := json.Unmarshal([]byte(r.Text), &p); err != nil || len(p.Slots) != 1 || p.Slots[0].DurationS != 2700 || p.Quota != nil {
		t.Errorf("without a plan: %+v %v", p, err)
	}
}
