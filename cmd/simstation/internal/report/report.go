// Package report holds what a scenario brought to light, measured outside the
// programs under test, and writes it as one JSON file. Its names are what the
// scenario language compares: expect report NAME OP VALUE.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

// Report is the outcome of one run. Milliseconds and seconds are floating
// numbers with their unit in the name.
type Report struct {
	Scenario string    `json:"scenario"`
	Seed     int64     `json:"seed"`
	Started  time.Time `json:"started"` // when the label clock began
	Done     bool      `json:"done"`    // the script came to its end

	// The lesson, seen by the eye in pixels.
	Scheduled         *time.Time `json:"scheduled"`            // first lesson of the script
	FirstFrame        *time.Time `json:"first_frame"`          // when its picture began to move
	FirstFrameErrorMS *float64   `json:"first_frame_error_ms"` // FirstFrame less Scheduled, from pixels: the first picture that differs from the one held before; null: never seen
	PlayedS           float64    `json:"played_s"`             // frames the programme went on by / 25
	FramesSeen        int        `json:"frames_seen"`
	FramesMissed      int        `json:"frames_missed"`
	LongestGapFrames  int        `json:"longest_gap_frames"`
	Motions           []Motion   `json:"motions"` // each beginning of movement

	// The live lesson, by the station's record of it.
	LiveS     float64 `json:"live_s"`     // the live picture moved on the screen
	FallbackS float64 `json:"fallback_s"` // the fallback did
	Cause     string  `json:"cause"`      // why the first lesson ended

	// The panel, seen at the pins and in the journal.
	PressesMade         int `json:"presses_made"`
	PressesAcknowledged int `json:"presses_acknowledged"` // lamp and buzzer both answered
	PressesRecorded     int `json:"presses_recorded"`
	PressesStrange      int `json:"presses_strange"` // those of PressesRecorded whose number nobody typed
	// PressDelaysMS is the time from key to answer of each press, -1 for none.
	PressDelaysMS []float64 `json:"press_delays_ms"`

	// The power, seen at the contacts.
	Trips                int       `json:"trips"` // records of the guard's trips
	ContactorMoves       int       `json:"contactor_moves"`
	ContactorOpenAfterMS []float64 `json:"contactor_open_ms_after_kill"` // each kill of guard with the contactor closed
	OverVoltVS           float64   `json:"over_volt_vs"`                 // V²·s above 264 V behind the contactor
	WorldStallMS         float64   `json:"world_stall_ms"`               // how far the simulation fell behind: disturbs all times

	// The lamp, as physics has it.
	LampStrikes      int  `json:"lamp_strikes"`
	CooldownComplete bool `json:"cooldown_complete"` // lamp was lit, is out, cooled with its fan, and now is without mains
	HotCuts          int  `json:"hot_cuts"`
	HotCutsOutage    int  `json:"hot_cuts_outage"` // those of HotCuts that a dead line made
	HotStrikes       int  `json:"hot_strikes"`

	// The dish, as physics has it, and who aligned it.
	DishOffDeg float64 `json:"dish_off_deg"` // between its beam and its satellite
	DishCNRDB  float64 `json:"dish_cnr_db"`  // C/N of its transponder, in its receiver; 0: there is none
	AlignMoves int     `json:"align_moves"`  // of the newest villager
	AlignDone  bool    `json:"align_done"`   // the villager was told that it is done
	AlignKept  bool    `json:"align_kept"`   // the station has a record of it

	// The programs.
	StationBackMS   []float64 `json:"station_back_ms_after_kill"` // kill of station to its first answer
	StationRestarts int       `json:"station_restarts"`
	GuardRestarts   int       `json:"guard_restarts"`
	PlayerRestarts  int       `json:"player_restarts"`

	Photos []Photo  `json:"photos"` // in the order of the script
	Faults []string `json:"faults"` // codes of the faults that people were told
	Failed []string `json:"failed"` // expectations not met
}

// Motion is a beginning of movement on the screen.
type Motion struct {
	At    time.Time `json:"at"`
	Frame int       `json:"frame"`
}

// Photo is a picture that the script took. Brightness and contrast are those
// above the frame strip, 0 to 255.
type Photo struct {
	Name       string    `json:"name"`
	Of         string    `json:"of"`
	At         time.Time `json:"at"`
	Frame      *int      `json:"frame"` // of the lesson; null: none
	Brightness float64   `json:"brightness"`
	Contrast   float64   `json:"contrast"`
	File       string    `json:"file"`
}

// Write puts the report into a file.
func (r *Report) Write(name string) error { return Save(name, r) }

// Save puts any report into a file, indented.
func Save(name string, report any) error {
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.WriteFile(name, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Holds compares the value called name, as it is written in the file, with
// want. op is one of = != < <= > >=. A list holds when it is not empty and each
// of its numbers does; a missing value never holds. The text says what the
// value is.
func (r *Report) Holds(name, op, want string) (ok bool, is string, err error) {
	data, err := json.Marshal(r)
	if err != nil {
		return false, "", fmt.Errorf("report: %w", err)
	}
	var values map[string]any
	if err := json.Unmarshal(data, &values); err != nil {
		return false, "", fmt.Errorf("report: %w", err)
	}
	v, known := values[name]
	if !known {
		return false, "", fmt.Errorf("report: there is no value %q", name)
	}
	return holds(v, op, want), fmt.Sprint(v), nil
}

func holds(v any, op, want string) bool {
	switch v := v.(type) {
	case float64:
		w, err := strconv.ParseFloat(want, 64)
		return err == nil && compare(v, op, w)
	case bool:
		same := strconv.FormatBool(v) == want
		return op == "=" && same || op == "!=" && !same
	case []any:
		for _, e := range v {
			if !holds(e, op, want) {
				return false
			}
		}
		return len(v) > 0
	}
	return false
}

func compare(v float64, op string, w float64) bool {
	switch op {
	case "=":
		return v == w
	case "!=":
		return v != w
	case "<":
		return v < w
	case "<=":
		return v <= w
	case ">":
		return v > w
	case ">=":
		return v >= w
	}
	return false
}
