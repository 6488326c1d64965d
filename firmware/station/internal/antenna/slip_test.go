package antenna

import (
	"encoding/json"
	"testing"
	"time"
)

// A dish that slips in the middle of the day, with the receiver of the simulation: the
// station's own log tells why the signal fell, and when.
func TestDishSlipsInTheDay(t *testing.T) {
	// What the inclinometer says ten times a second would be most of the work of the test.
	without := func(m *Meter) { m.cfg.Incline.Port = "" }
	onRigWith(t, without, func(t *testing.T, r *dishRig) {
		time.Sleep(100 * time.Minute)
		p := r.dish.Pose()
		p.Elevation -= 1.1 // of a beam of 2°
		slipped := in2026()
		r.dish.Turn(p)
		time.Sleep(50 * time.Minute)
		said, err := askDish(t, r.cfg, "dish", "why", "-json")
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Cause string    `json:"cause"`
			At    time.Time `json:"at"`
		}
		if err := json.Unmarshal([]byte(said.Text), &got); err != nil {
			t.Fatal(err)
		}
		if late := got.At.Sub(slipped); got.Cause != "misalign_step" || late < -2*dishMinute || late > 2*dishMinute {
			t.Errorf("slipped at %v:\n%s", slipped, said.Text)
		}
	})
}
