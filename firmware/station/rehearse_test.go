package station

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/text"
)

// A rehearsal tells the displays when the station will: as they have taught, or as
// configured, and says which.
func TestRehearsalKnowsWhatTheDisplaysTaught(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "station.toml")
	if err := os.WriteFile(file, []byte(`[station]
id = "test-1"
state_dir = "`+dir+`"
[mains]
port = "/dev/ttyAMA1"
[contactor]
drive = "GPIO17"
aux_no = "GPIO27"
[[load]]
name = "tv"
relay = "GPIO11"
[[load]]
name = "projector"
relay = "GPIO13"
channel = 1
lamp = true
[tv]
kind = "cec"
load = "tv"
[projector]
kind = "pjlink"
address = "10.0.0.5"
load = "projector"
warm_up = "45s"
[lesson]
warm_margin = "20s"
[[schedule]]
id = "party"
title = "党课"
days = ["mon"]
at = "19:30"
file = "party.mp4"
duration = "45m"
`), 0o600); err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	rehearsed := func(lang string) (string, []rehearsal) {
		t.Helper()
		env := &command.Env{Text: text.New(lang), Now: func() time.Time { return monday }}
		r, err := rehearse(t.Context(), env, []string{file})
		if err != nil {
			t.Fatal(err)
		}
		return r.Text, r.Data.([]rehearsal)
	}
	told := func(list []rehearsal) (at string, leads []leadNote) {
		t.Helper()
		for _, s := range list {
			if s.Leads != nil {
				if leads != nil {
					t.Error("told twice")
				}
				at, leads = s.At.Format("15:04:05"), s.Leads
			}
		}
		return at, leads
	}
	out, list := rehearsed("en")
	at, leads := told(list)
	if at != "19:28:55" || len(leads) != 2 || leads[1] != (leadNote{"projector", 45_000, false}) || !strings.Contains(out, "TV told 15s ahead (as configured) · projector told 45s ahead (as configured)") {
		t.Errorf("as configured: told at %s, %+v\n%s", at, leads, out)
	}
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	mem := display.OpenMemory(displayMemory(cfg), slog.New(slog.DiscardHandler))
	mem.Learn("pjlink", 30*time.Second, monday)
	mem.Learn("pjlink Epson EB-X05", 31*time.Second, monday) // another name of the same
	out, list = rehearsed("zh")
	at, leads = told(list)
	if at != "19:29:10" || leads[1] != (leadNote{"projector", 30_000, true}) || leads[0].Learned || !strings.Contains(out, "投影机 提前 30s 开机（实测）") {
		t.Errorf("as taught: told at %s, %+v\n%s", at, leads, out)
	}
	// The running station says the same of itself.
	ds := openDisplays(cfg, needs(t, nil))
	defer func() { _ = ds.Close() }()
	if got := ds.lead(); got != 30*time.Second {
		t.Errorf("the station tells its displays %v ahead", got)
	}
	v := statusView{Displays: []displayView{viewDisplay(ds.list[1].screen)}}
	if d := v.Displays[0]; d.LeadMS != 30_000 || !d.Learned || !strings.Contains(v.text(text.New("en")), "told 30s ahead (measured)") {
		t.Errorf("%+v\n%s", d, v.text(text.New("en")))
	}
}
