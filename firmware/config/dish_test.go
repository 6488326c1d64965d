package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/firmware/config"
)

const dishRows = `
latitude = 36.6512
longitude = 117.1201
height = 51
satellite = "中星6b"
diameter = 1.8
band = "c"
`

// withDish is the reference with those rows in [dish].
func withDish(t *testing.T, rows string) string {
	return strings.Replace(reference(t), "[dish]\n", "[dish]\n"+rows, 1)
}

func TestDish(t *testing.T) {
	cfg, problems := parse(t, withDish(t, dishRows))
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	d := cfg.Dish
	if !d.Set() || d.Latitude != 36.6512 || d.Height != 51 || d.Channel() != 3.4 {
		t.Errorf("got %+v", d)
	}
	if s := d.Target(); s.Name != "ChinaSat 6B" || s.Longitude != 115.5 || s.Seen().Year() != 2019 {
		t.Errorf("target %+v", s)
	}
	plain, _ := parse(t, reference(t))
	if plain.Dish.Set() || plain.Dish.Channel() != 10.7 {
		t.Errorf("a station without a dish has %+v", plain.Dish)
	}
}

func TestDishMistakes(t *testing.T) {
	refuses(t, dishRows, withDish, []mistake{
		{"text for a number", "36.6512", `"36.6512N"`, []string{"dish.latitude", "must be a number", "write 36.6512"}},
		{"swapped", "latitude = 36.6512\nlongitude = 117.1201", "latitude = 117.1201\nlongitude = 36.6512", []string{"dish.latitude", "not between -90 and 90", "swapped"}},
		{"no latitude", "latitude = 36.6512\n", "", []string{"dish.latitude", "is required", "latitude = 36.651"}},
		{"no longitude", "longitude = 117.1201\n", "", []string{"dish.longitude", "is required"}},
		{"no diameter", "diameter = 1.8\n", "", []string{"dish.diameter", "is required", "diameter = 1.2"}},
		{"centimetres", "1.8", "180", []string{"dish.diameter", "180 is not between 0.3 and 20"}},
		{"no satellite", "satellite = \"中星6b\"\n", "", []string{"dish.satellite", "is required"}},
		{"unknown satellite", "中星6b", "ChinaSat 6D", []string{"dish.satellite", `"ChinaSat 6D" is not in the list`, `did you mean "ChinaSat 6`}},
		{"position without a side", "中星6b", "115.5", []string{"dish.satellite", `"115.5E"`}},
		{"band", `"c"`, `"ka"`, []string{"dish.band", `cannot be "ka"`}},
		{"megahertz", "band", "frequency = 4000\nband", []string{"dish.frequency", "not between 1 and 50"}},
		{"not a number", "height = 51", "height = nan", []string{"dish.height", "must be a number"}},
		{"no such list", "band", "satellites = \"sats.toml\"\nband", []string{"dish.satellites", "sats.toml"}},
		{"key of another section", "band", "bell_before = \"5m\"\nband", []string{"dish.bell_before", "belongs in section [lesson]"}},
	})
}

func TestSatellites(t *testing.T) {
	data, err := os.ReadFile("satellites.toml")
	if err != nil {
		t.Fatal(err)
	}
	list, problems := config.ParseSatellites(data)
	if len(problems) > 0 || len(list.List) < 10 {
		t.Fatalf("%d satellites, %v", len(list.List), problems)
	}
	for name, want := range map[string]config.Degrees{
		"chinasat-6b": 115.5, "中星12": 87.5, "Apstar 6C": 134, "115.5E": 115.5, "30 w": -30, "东经92.2度": 92.2, "0E": 0, "180W": -180,
	} {
		if s, ok := list.Find(name); !ok || s.Longitude != want {
			t.Errorf("%q: %+v %v", name, s, ok)
		}
	}
	for _, bad := range []string{"", "-", "115.5", "E", "181E", "1.2.3E", "115,5E", "中星", "-30W"} {
		if s, ok := list.Find(bad); ok {
			t.Errorf("%q is taken for %+v", bad, s)
		}
	}
}

func TestSatelliteFileMistakes(t *testing.T) {
	tests := map[string]string{
		"date = \"2026-13-01\"":                                "1: date: ",
		"[[satellite]]\nname = \"A\"":                          "satellite[1].longitude: is required",
		"[[satellite]]\nlongitude = 1.0":                       "satellite[1].name: is required",
		"[[satellite]]\nname = \"A\"\nlongitude = 200":         "3: satellite[1].longitude: 200 is not between -180 and 180",
		"[[satellite]]\nname = \"A\"\nlongitude = 1\nnmae = 1": "satellite[1].nmae: ",
		"[[satellite]]\nname = \"A\"\nlongitude = 1\n[[satellite]]\nname = \"a\"\nlongitude = 2": "5: satellite[2].name: \"a\" is in the list already",
		"satellite = 1": "satellite",
	}
	for file, want := range tests {
		_, problems := config.ParseSatellites([]byte(file))
		if len(problems) == 0 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%q: %v, want %q", file, problems, want)
		}
	}
}

// A station may have its own list, which it names.
func TestOwnSatellites(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sats.toml"), []byte("date = \"2026-11-01\"\n[[satellite]]\nname = \"新星\"\nlongitude = 101.4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := withDish(t, strings.Replace(dishRows, `"中星6b"`, "\"新星\"\nsatellites = \"sats.toml\"", 1))
	cfg, problems := config.Parse([]byte(file), dir)
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	if s := cfg.Dish.Target(); s.Longitude != 101.4 || s.Date != "2026-11-01" {
		t.Errorf("got %+v", s)
	}
	if err := os.WriteFile(filepath.Join(dir, "sats.toml"), []byte("[[satellite]]\nname = 1\nlongitude = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, problems = config.Parse([]byte(file), dir)
	if errs := config.Errors(problems); len(errs) != 1 || !strings.Contains(errs[0].String(), "sats.toml: 2: satellite[1].name") {
		t.Errorf("got %v", errs)
	}
}

func FuzzParseSatellites(f *testing.F) {
	f.Add("date = \"2026-11-01\"\n[[satellite]]\nname = \"A\"\nalso = \"甲\"\nlongitude = -1.5\ndate = \"2026-01-01\"\n")
	f.Add("[[satellite]]\nlongitude = inf\n[satellite.x]\n")
	f.Add("satellite = [{name = \"x\", longitude = 1e400}]")
	f.Fuzz(func(t *testing.T, file string) {
		list, problems := config.ParseSatellites([]byte(file))
		if len(problems) > 0 {
			return
		}
		for _, s := range list.List {
			if !(s.Longitude >= -180 && s.Longitude <= 180) || s.Name == "" {
				t.Errorf("%+v is taken", s)
			}
			if got, ok := list.Find(s.Name); !ok && strings.Trim(s.Name, " -_号") != "" {
				t.Errorf("%q is not found: %+v", s.Name, got)
			}
		}
	})
}
