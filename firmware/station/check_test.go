package station

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/text"
)

const dishInJinan = `[dish]
latitude = 36.6512
longitude = 117.1201
satellite = "115.5E"
diameter = 1.2
frequency = 12.25
`

// checked is what station check finds in the reference with changes.
func checked(t *testing.T, now time.Time, changes ...string) string {
	t.Helper()
	data, err := os.ReadFile("../config/station.reference.toml")
	if err != nil {
		t.Fatal(err)
	}
	file := strings.NewReplacer(changes...).Replace(string(data))
	path := filepath.Join(t.TempDir(), "station.toml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := checkFile(func() time.Time { return now })(path, text.New("en"))
	if err != nil {
		t.Fatal(err)
	}
	return r.Text
}

// station check names the live lessons that lie in a sun outage, and only those.
func TestCheckSunOutage(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	live := "days = [\"sat\"]\nkind = \"live\"\nurl = \"udp://239.1.2.3:5004\"\nduration = \"1h\"\nat = \"12:00\""
	said := checked(t, now, "[dish]\n", dishInJinan, "days = [\"sat\"]\nat = \"09:00\"", live)
	if want := "farming: sun outage 2027-03-06 12:26:19–12:34:10"; !strings.Contains(said, want) {
		t.Errorf("no %q in:\n%s", want, said)
	}
	for name, changes := range map[string][]string{
		"without a dish":  {"days = [\"sat\"]\nat = \"09:00\"", live},
		"at another time": {"[dish]\n", dishInJinan, "days = [\"sat\"]\nat = \"09:00\"", strings.Replace(live, "12:00", "13:00", 1)},
		"on other days":   {"[dish]\n", strings.Replace(dishInJinan, "1.2", "12", 1), "days = [\"sat\"]\nat = \"09:00\"", strings.Replace(live, "sat", "wed", 1)},
	} {
		if said := checked(t, now, changes...); strings.Contains(said, "sun outage") {
			t.Errorf("%s: %s", name, said)
		}
	}
}

func TestCheckSaysWhatIsWrongWithTheDish(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	if said := checked(t, now, "[dish]\n", strings.Replace(dishInJinan, "115.5E", "115.5W", 1)); !strings.Contains(said, "dish: 115.5W is below the horizon here") {
		t.Errorf("west for east: %s", said)
	}
	named := strings.Replace(dishInJinan, "115.5E", "ChinaSat 6B", 1)
	if said := checked(t, now, "[dish]\n", named); !strings.Contains(said, "dish: warning: the position of ChinaSat 6B was written down on 2019-09-25") {
		t.Errorf("an old list: %s", said)
	}
	if said := checked(t, time.Date(2020, 11, 23, 0, 0, 0, 0, time.UTC), "[dish]\n", named); strings.Contains(said, "written down") {
		t.Errorf("a new list: %s", said)
	}
	for year, want := range map[int]bool{2028: false, 2029: true, 2031: true} {
		said := checked(t, time.Date(year, 1, 15, 0, 0, 0, 0, time.UTC), "[dish]\n", dishInJinan)
		if strings.Contains(said, "the magnetic model WMM-2025 ends with 2030") != want {
			t.Errorf("in %d: %s", year, said)
		}
	}
}

// A lesson by the dish has the address of a channel, which has to be there.
func TestCheckOfASatelliteLesson(t *testing.T) {
	now := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	tuner := "[dish.tuner]\nadapter = \"/dev/dvb/adapter0\"\nfrequency_mhz = 12250\nsymbol_rate = 27500\npolarization = \"h\"\n# adapter"
	lesson := "days = [\"sat\"]\nkind = \"live\"\nurl = \"dvb:cetv\"\nduration = \"1h\"\nat = \"09:00\""
	for url, want := range map[string]string{"dvb:cetv": "the configuration is correct", "dvb:weather": `there is no satellite channel "weather"`} {
		said := checked(t, now, "[dish]\n", dishInJinan, "[dish.tuner]\n# adapter", tuner, "days = [\"sat\"]\nat = \"09:00\"", strings.Replace(lesson, "dvb:cetv", url, 1))
		if !strings.Contains(said, want) {
			t.Errorf("%s:\n%s", url, said)
		}
	}
}

// A film of the library that is longer than its slot is a mistake, one that fits is
// none, and of a film that was only copied there nothing is known.
func TestCheckLength(t *testing.T) {
	dir := t.TempDir()
	for name, ms := range map[string]string{"party": "2760000", "pruning": "3540000"} {
		lesson := filepath.Join(dir, name)
		manifest := "title = \"x\"\nage = 0\nfilm = \"film.mp4\"\nsha256 = \"" + strings.Repeat("ab", 32) + "\"\nbytes = 4\nlength_ms = " + ms +
			"\nmodified = 2026-01-01T00:00:00Z\nadded = 2026-01-01T00:00:00Z\nboard = \"pi4\"\n[probe]\ncontainer = \"mp4\"\n"
		if err := os.Mkdir(lesson, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, data := range map[string]string{"lesson.toml": manifest, "film.mp4": "film"} {
			if err := os.WriteFile(filepath.Join(lesson, file), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	said := checked(t, now, `# dir = "/var/lib/stationbox/lessons"`, "dir = \""+dir+"\"", `file = "party.mp4"`, `file = "party/film.mp4"`,
		`file = "apple-pruning.mp4"`, "file = \"pruning/film.mp4\"\nduration = \"1h\"")
	if want := "party: the film lasts 46m0s, its slot 45m0s"; !strings.Contains(said, want) {
		t.Errorf("no %q in:\n%s", want, said)
	}
	if strings.Count(said, "the film lasts") != 1 {
		t.Errorf("more than one:\n%s", said)
	}
}
