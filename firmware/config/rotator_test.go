package config_test

import (
	"strings"
	"testing"
	"time"

	"stationbox/firmware/config"
)

const rotatorRows = `
[dish.rotator]
driver = "rotctld"
address = "127.0.0.1:4533"
listen = "127.0.0.1:4534"
`

// withRotator is the reference with a dish on motors.
func withRotator(t *testing.T, rows string) string {
	return strings.Replace(withSensors(t, sensorRows), "[dish.rotator]\n", "", 1) + rows
}

func TestRotator(t *testing.T) {
	cfg, problems := parse(t, withRotator(t, rotatorRows))
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	r := cfg.Dish.Rotator
	want := config.Rotator{Driver: "rotctld", Address: "127.0.0.1:4533", Listen: "127.0.0.1:4534", MaxAzimuth: 360, MaxElevation: 90,
		Reach: 65, Tolerance: 0.2, Backlash: 0.3, MoveTime: config.Duration(3 * time.Minute)}
	if r != want {
		t.Errorf("%+v", r)
	}
	if plain, _ := parse(t, reference(t)); plain.Dish.Set() || plain.Dish.Rotator.Driver != "" {
		t.Error("the reference has motors")
	}
}

func TestRotatorMistakes(t *testing.T) {
	refuses(t, rotatorRows, withRotator, []mistake{
		{"driver", `"rotctld"`, `"hamlib"`, []string{"dish.rotator.driver", `"diseqc"`}},
		{"no address", "address = \"127.0.0.1:4533\"\n", "", []string{"dish.rotator.address", "is required", "4533"}},
		{"no port", "127.0.0.1:4533", "127.0.0.1", []string{"dish.rotator.address", "host:port"}},
		{"no host", "127.0.0.1:4533", ":4533", []string{"dish.rotator.address", "host:port"}},
		{"a name to listen at", "127.0.0.1:4534", "station:4534", []string{"dish.rotator.listen", "this machine"}},
		{"anywhere", "127.0.0.1:4534", ":4534", []string{"dish.rotator.listen", "this machine"}},
		{"upside down", "listen", "min_azimuth = 300\nmax_azimuth = 100\nlisten", []string{"dish.rotator.max_azimuth", "between 301 and 450"}},
		{"too far", "listen", "max_azimuth = 720\nlisten", []string{"dish.rotator.max_azimuth", "between 1 and 450"}},
		{"under the horizon", "listen", "min_elevation = -40\nlisten", []string{"dish.rotator.min_elevation"}},
		{"for ever", "listen", "move_time = \"1h\"\nlisten", []string{"dish.rotator.move_time"}},
		{"nowhere near", "listen", "tolerance = 10\nlisten", []string{"dish.rotator.tolerance"}},
		{"reach", "listen", "reach = 100\nlisten", []string{"dish.rotator.reach", "between 1 and 85"}},
		{"a face of a positioner", `"rotctld"`, `"diseqc"`, []string{"dish.rotator.listen", "remove listen"}},
	})
}

// A positioner lives on the cable's voltage; a face that others reach is a warning.
func TestRotatorNeeds(t *testing.T) {
	base := withRotator(t, "")
	diseqc := "\n[dish.rotator]\ndriver = \"diseqc\"\n"
	if _, problems := parse(t, base+diseqc); len(config.Errors(problems)) > 0 {
		t.Error(problems)
	}
	_, problems := parse(t, strings.Replace(base, `polarization = "h"`, "polarization = \"h\"\npowered = false", 1)+diseqc)
	if errs := config.Errors(problems); len(errs) != 1 || !strings.Contains(errs[0].String(), "fed by the receiver") {
		t.Error(problems)
	}
	_, problems = parse(t, base+strings.Replace(rotatorRows, "127.0.0.1:4534", "0.0.0.0:4534", 1))
	if len(config.Errors(problems)) != 0 || !strings.Contains(problems[len(problems)-1].String(), "no password") {
		t.Error(problems)
	}
}
