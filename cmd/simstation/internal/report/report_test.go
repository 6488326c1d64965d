package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHolds(t *testing.T) {
	late := 40.5
	r := &Report{FirstFrameErrorMS: &late, Trips: 2, CooldownComplete: true, ContactorOpenAfterMS: []float64{210, 290}}
	tests := []struct {
		name, op, want string
		ok             bool
	}{
		{"first_frame_error_ms", "<=", "100", true},
		{"first_frame_error_ms", "<", "40", false},
		{"trips", "=", "2", true},
		{"trips", "!=", "2", false},
		{"trips", ">=", "2", true},
		{"trips", ">", "2", false},
		{"cooldown_complete", "=", "true", true},
		{"cooldown_complete", "!=", "true", false},
		{"cooldown_complete", "<", "true", false},
		{"contactor_open_ms_after_kill", "<=", "300", true},
		{"contactor_open_ms_after_kill", "<", "250", false},
		{"station_back_ms_after_kill", "<", "250", false}, // empty: nothing was measured
		{"scheduled", "=", "0", false},                    // missing
	}
	for _, tt := range tests {
		ok, is, err := r.Holds(tt.name, tt.op, tt.want)
		if err != nil || ok != tt.ok {
			t.Errorf("%s %s %s: %v (%s), %v", tt.name, tt.op, tt.want, ok, is, err)
		}
	}
	if _, _, err := r.Holds("tripps", "=", "1"); err == nil || !strings.Contains(err.Error(), "tripps") {
		t.Errorf("unknown name: %v", err)
	}
}

func TestWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out.json")
	if err := (&Report{Scenario: "first-lesson"}).Write(name); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"scheduled", "first_frame_error_ms", "played_s", "presses_acknowledged", "presses_recorded",
		"trips", "cooldown_complete", "faults"} {
		if _, ok := values[key]; !ok {
			t.Errorf("report lacks %s", key)
		}
	}
}
