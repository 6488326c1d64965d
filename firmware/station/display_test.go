package station

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/display"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// currents is a guard that tells currents.
type currents map[string]int64

func (c currents) Want(firmware.GuardWant) {}

func (c currents) Status() hal.Reading[firmware.GuardStatus] {
	st := firmware.GuardStatus{State: firmware.GuardClosed, Contactor: true}
	for name, ma := range c {
		st.Loads = append(st.Loads, firmware.LoadStatus{Name: name, On: true, CurrentMA: ma, CurrentOK: true})
	}
	return hal.Reading[firmware.GuardStatus]{Value: st, At: time.Now()}
}

const model = "name = \"Sharp\"\ntransport = \"serial\"\nend = '\\r'\n[on]\nsend = \"POWR1\"\n[off]\nsend = \"POWR0\"\n"

// equip is a configuration with one display of each kind of way.
func equip(t *testing.T) *config.Config {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string]string{"good.toml": model + "[state]\nsend = \"POWR?\"\nreply = [{match = \"1\", state = \"on\"}]\n",
		"bad.toml": model + "[state]\nsend = \"hex: GG\"\nreply = [\n{match = \"1\", state = \"burning\"},\n]\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := `[station]
id = "test-1"
state_dir = "` + dir + `"
[mains]
port = "/dev/ttyAMA1"
[contactor]
drive = "GPIO17"
aux_no = "GPIO27"
[[load]]
name = "tv"
relay = "GPIO11"
channel = 2
[[load]]
name = "projector"
relay = "GPIO13"
channel = 1
lamp = true
[tv]
kind = "cec"
device = "/dev/cec-none"
load = "tv"
input = "this"
on_ma = 300
socket = true
[[tv.then]]
kind = "lg"
port = "/dev/ttyNone1"
[[tv.then]]
kind = "exlink"
port = "/dev/ttyNone2"
[[tv.then]]
kind = "mdc"
port = "/dev/ttyNone3"
[[tv.then]]
kind = "other"
model = "good.toml"
port = "/dev/ttyNone4"
[[tv.then]]
kind = "other"
model = "bad.toml"
port = "/dev/ttyNone5"
[[tv.then]]
kind = "ir"
keys_toggle = ["nec:0x408", "betamax:0x1"]
[projector]
kind = "pjlink"
address = "127.0.0.1:1"
load = "projector"
lamp_life = 3000
[[projector.then]]
kind = "escvp21"
address = "127.0.0.1:1"
[[projector.then]]
kind = "benq"
port = "/dev/ttyNone6"
[[projector.then]]
kind = "optoma"
port = "/dev/ttyNone7"
[[projector.then]]
kind = "nec"
port = "/dev/ttyNone8"
`
	cfg, problems := config.Parse([]byte(file), dir)
	for _, p := range config.Errors(problems) {
		t.Fatal(p)
	}
	return cfg
}

func needs(t *testing.T, g mainsGuard) displayNeeds {
	t.Helper()
	return displayNeeds{doors: &Doors{}, put: func(string, string, any) {}, guard: g, log: slog.New(slog.DiscardHandler), tick: time.Now}
}

func TestEveryKindOfWayIsOpened(t *testing.T) {
	ds := openDisplays(equip(t), needs(t, currents{"tv": 20, "projector": 20}))
	var got []string
	for _, f := range ds.list {
		for _, w := range f.keeper.Status().Ways {
			got = append(got, strings.Fields(w.Name)[0])
		}
	}
	want := "cec lg exlink mdc other other ir socket pjlink escvp21 benq optoma nec"
	if strings.Join(got, " ") != want {
		t.Errorf("ways %v, want %s", got, want)
	}
	if n := len(ds.opener.closers); n != 9 {
		t.Errorf("%d lines and devices to close", n)
	}
	if len(ds.tasks()) != 4 || ds.tasks()[0].Name != "cec /dev/cec-none" {
		t.Errorf("tasks %v", ds.tasks())
	}
	if err := ds.Close(); err != nil {
		t.Error(err)
	}
	if got := ds.lead(); got != 45*time.Second {
		t.Errorf("lead %v", got)
	}
}

// What the form of a file does not show, its driver knows.
func TestCheckKnowsTheDriversMistakes(t *testing.T) {
	all := strings.Join(checkModels(equip(t)), "\n")
	for _, want := range []string{"bad.toml:9: state.send", "bad.toml:11: state.reply[1].state", "betamax"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Contains(all, "good.toml") {
		t.Errorf("a good model has mistakes:\n%s", all)
	}
}

// Nobody answers: the current alone tells what the TV is, and a set that nothing
// wakes loses its mains for ten seconds, once.
func TestSocketAndCurrentWithoutAnyAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := equip(t)
		cfg.TV.Then = cfg.TV.Then[:0]
		var steps []string
		n := needs(t, currents{"tv": 20})
		n.put = func(kind, _ string, data any) {
			if s, ok := data.(stepNote); ok && kind == kindStep {
				steps = append(steps, s.Kind)
			}
		}
		cfg.Projector.Kind = ""
		ds := openDisplays(cfg, n)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		tv := ds.list[0]
		go func() { defer close(done); _ = tv.keeper.Run(ctx) }()
		tv.keeper.Powered(true)
		time.Sleep(2 * time.Second)
		if s := tv.keeper.Status(); s.State != hal.DisplayStandby || s.By != display.ByWatts {
			t.Errorf("state %v by %q", s.State, s.By)
		}
		tv.keeper.Want(true)
		off := time.Duration(0)
		for range 1200 {
			time.Sleep(100 * time.Millisecond)
			if ds.cut("tv", time.Now()) {
				off += 100 * time.Millisecond
			}
			if ds.cut("projector", time.Now()) {
				t.Fatal("mains is taken from the projector")
			}
		}
		cancel()
		<-done
		if off < 9800*time.Millisecond || off > 10200*time.Millisecond || !slices.Contains(steps, display.EventSocket) {
			t.Errorf("without mains for %v; told %v", off, steps)
		}
	})
}

func TestTrialArguments(t *testing.T) {
	st := &Station{displays: openDisplays(equip(t), needs(t, currents{}))}
	env := &command.Env{Text: text.New("en")}
	tests := []struct {
		args, do, input string
		way             int
		bad             string
	}{
		{"tv", "state", "", -1, ""},
		{"tv on", "on", "", -1, ""},
		{"projector off way 2", "off", "", 1, ""},
		{"tv input", "input", "this", -1, ""},
		{"tv input hdmi2", "input", "hdmi2", -1, ""},
		{"tv input hdmi2 way 1", "input", "hdmi2", 0, ""},
		{"projector input way 5", "input", "31", 4, ""},
		{"", "", "", 0, "tv, projector"},
		{"radio", "", "", 0, "tv, projector"},
		{"tv up", "", "", 0, "which display"},
		{"tv on way 9", "", "", 0, "1 to 8"},
		{"tv on way x", "", "", 0, "1 to 8"},
		{"tv on off", "", "", 0, "which display"},
	}
	for _, tt := range tests {
		_, do, input, way, err := st.trial(env, strings.Fields(tt.args))
		if tt.bad != "" {
			if err == nil || !strings.Contains(err.Error(), tt.bad) {
				t.Errorf("%q: %v, want %q", tt.args, err, tt.bad)
			}
			continue
		}
		if err != nil || do != tt.do || input != tt.input || way != tt.way {
			t.Errorf("%q: %q %q %d, %v", tt.args, do, input, way, err)
		}
	}
}

func TestDisplayReports(t *testing.T) {
	ds := openDisplays(equip(t), needs(t, currents{}))
	st := &Station{displays: ds, tick: time.Now}
	for _, lang := range []string{"zh", "en"} {
		env := &command.Env{Text: text.New(lang)}
		r, err := st.runDisplay(t.Context(), env, nil)
		if err != nil || !strings.Contains(r.Text, "cec /dev/cec-none") || strings.ContainsAny(r.Text, "{}") || strings.Contains(r.Text, "cmd.") {
			t.Errorf("%v\n%s", err, r.Text)
		}
	}
	steps := []display.TrialStep{
		{Way: "cec", Do: display.TryOn, Told: true, State: hal.DisplayStandby, Took: 35 * time.Second},
		{Way: "lg", Do: display.TryOn, Told: true, Proved: true, State: hal.DisplayOn, By: display.ByReply, Took: 4 * time.Second},
		{Way: "ir", Do: display.TryOn, Err: "no reply", State: hal.DisplayUnknown},
	}
	r := tried(text.New("en"), steps)
	want := "1  cec  on: sent, but nothing proves it (standby, 35s)\n2  lg  on: done, on (it says so, 4s)\n3  ir  on: not done (no reply, 0s)\n"
	if r.Text != want || r.Code != 0 {
		t.Errorf("%q, want %q; code %d", r.Text, want, r.Code)
	}
	if tried(text.New("zh"), steps[:1]).Code == 0 {
		t.Error("nothing proved is no success")
	}
}
