package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/text"
)

func reference(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("station.reference.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// parse returns the lines of all problems in English.
func parse(t *testing.T, file string) (*config.Config, []config.Problem) {
	t.Helper()
	return config.Parse([]byte(file), t.TempDir())
}

func TestReferenceIsCorrect(t *testing.T) {
	cfg, problems := parse(t, reference(t))
	for _, p := range config.Errors(problems) {
		t.Error(p)
	}
	if cfg.Projector.WarmUp.D() != 45*time.Second || cfg.Loads[2].CoolTime.D() != 90*time.Second || cfg.Loads[1].CoolTime != 0 {
		t.Errorf("defaults are not filled: %+v %+v", cfg.Projector, cfg.Loads)
	}
	if cfg.Location().String() != "Asia/Shanghai" {
		t.Errorf("zone is %v", cfg.Location())
	}
}

// Every commented-out "key = value" of the reference must be the real default.
func TestReferenceShowsTheDefaults(t *testing.T) {
	plain, _ := parse(t, reference(t))
	shown, problems := parse(t, regexp.MustCompile(`(?m)^# ([a-z_]+ = .*)$`).ReplaceAllString(reference(t), "$1"))
	for _, p := range config.Errors(problems) {
		t.Error(p)
	}
	shown.Player.Args, shown.Library.Keep, plain.Warnings, shown.Warnings = nil, nil, nil, nil
	shown.Station.StateDir, shown.Library.Dir = plain.Station.StateDir, plain.Library.Dir
	if !reflect.DeepEqual(plain, shown) {
		t.Errorf("the reference shows other values than the defaults:\n%+v\n%+v", plain, shown)
	}
}

func TestReferenceExplainsEveryKey(t *testing.T) {
	file := reference(t)
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for i := range typ.NumField() {
			tag, ft := typ.Field(i).Tag.Get("toml"), typ.Field(i).Type
			if tag == "" || tag == "-" {
				continue
			}
			if ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.Struct {
				ft = ft.Elem()
			}
			if ft.Kind() == reflect.Struct {
				if !regexp.MustCompile(`(?m)^\[+[a-z]*\.?` + tag + `\]`).MatchString(file) {
					t.Errorf("section %s is not in the reference", tag)
				}
				walk(ft)
				continue
			}
			if !regexp.MustCompile(`(?m)^(# )?` + tag + ` = `).MatchString(file) {
				t.Errorf("key %s of %s is not in the reference", tag, typ.Name())
			}
		}
	}
	walk(reflect.TypeFor[config.Config]())
}

func TestMistakes(t *testing.T) {
	tests := []struct {
		name, old, new string
		want           []string // parts of the one problem
	}{
		{"unknown key", `# zone = "Asia/Shanghai"`, `zona = "Asia/Shanghai"`, []string{"station.zona", "no such key", "did you mean zone"}},
		{"unknown section", "[library]", "[libary]", []string{"libary", "no such section", "library"}},
		{"key of another section", "[roster]", "[roster]\nbell_before = \"5m\"", []string{"roster.bell_before", "belongs in section [lesson]"}},
		{"number for a time", `# bell_before = "5m"`, `bell_before = 10`, []string{"lesson.bell_before", "not 10", `write "10s"`}},
		{"Chinese time", `# bell_before = "5m"`, `bell_before = "5分钟"`, []string{"lesson.bell_before", `write "5m"`}},
		{"quoted number", `# baud = 460800`, `baud = "460800"`, []string{"mains.baud", "whole number", "write 460800"}},
		{"quoted truth", `lamp = true`, `lamp = "yes"`, []string{"load[3].lamp", "true or false", "write true"}},
		{"no such board", `# board = "pi4"`, `board = "pi 4"`, []string{"library.board", `did you mean "pi4"`}},
		{"nothing to spare", `# reserve_mb = 1024`, `reserve_mb = 0`, []string{"library.reserve_mb", "not between 64 and"}},
		{"a size with its unit", `# budget_mb = 0`, `budget_mb = "20GB"`, []string{"library.budget_mb", "whole number"}},
		{"calls on a mast that is not there", `# calls = "room"`, `calls = "both"`, []string{"sound.calls", "there is none", "sound.village"}},
		{"calls nowhere", `# calls = "room"`, `calls = "rom"`, []string{"sound.calls", `did you mean "room"`}},
		{"one card for two loudspeakers", `# village = ""`, `village = "default"`, []string{"sound.village", "the same sound card"}},
		{"a forced socket without a name", `# edid = ""                           # with connector: "1920x1080@50"`, `edid = "1920x1080@50" #`, []string{"player.edid", "player.connector"}},
		{"no connector", `# connector = ""`, `connector = "hdmi 1"`, []string{"player.connector", "HDMI-A-1"}},
		{"no mode", `# mode = ""  `, `mode = "1080p"  `, []string{"player.mode", "1920x1080@50"}},
		{"a second screen on the same card", `[side]`, "[side]\nvideo = \"drm\"", []string{"side.device", "an HDMI splitter"}},
		{"a second screen without X", `[side]`, "[side]\nvideo = \"x11\"", []string{"side.display"}},
		{"a card that is none", `# device = ""                         # with video = "drm": "/dev/dri/card1"`, `device = "card1" #`, []string{"player.device", "/dev/dri/card1"}},
		{"a mode for a window", `# mode = ""  `, "mode = \"1920x1080\"\nvideo = \"gpu\"  ", []string{"player.mode", "video = \"drm\" only"}},
		{"odd baud", `# baud = 460800`, `baud = 9601`, []string{"mains.baud", "9600"}},
		{"missing key", `port = "/dev/ttyAMA1"`, ``, []string{"mains.port", "is required", `port = "/dev/ttyAMA1"`}},
		{"pin twice", `relay = "GPIO11"`, `relay = "GPIO17"`, []string{"load[2].relay", "already used by contactor.drive in line"}},
		{"no pin", `relay = "GPIO11"`, `relay = "gpio 11"`, []string{"load[2].relay", `did you mean "GPIO11"`}},
		{"wrong load", `load = "tv"`, `load = "tw"`, []string{"tv.load", "no load named", `did you mean "tv"`}},
		{"load twice", `name = "tv"`, `name = "projector"`, nil},
		{"channel twice", `channel = 4`, `channel = 1`, []string{"load[4].channel", "already used"}},
		{"lamp without channel", "channel = 1\n", "", []string{"load[3].channel", "standby cannot be proved"}},
		{"port twice", `port = "/dev/ttyAMA2"`, `port = "/dev/ttyAMA1"`, []string{"meter.port", "already used by mains.port"}},
		{"day", `["sat"]`, `["Saturday"]`, []string{"schedule[2].days[1]", `did you mean "sat"`}},
		{"Chinese day", `["sat"]`, `["星期六"]`, []string{`did you mean "sat"`}},
		{"no days", `days = ["sat"]`, ``, []string{"schedule[2].days", "has no days"}},
		{"day as text", `days = ["sat"]`, `days = "sat"`, []string{"schedule[2].days", "must be a list", `write ["sat"]`}},
		{"time of day", `at = "09:00"`, `at = "9:00"`, []string{"schedule[2].at", `did you mean "09:00"`}},
		{"impossible time", `at = "09:00"`, `at = "24:00"`, []string{"schedule[2].at", "19:30"}},
		{"overlap", "days = [\"sat\"]\nat = \"09:00\"", "days = [\"thu\"]\nat = \"20:14:59\"", []string{"schedule[2]", `overlaps "party"`, "(thu)"}},
		{"id twice", `id = "farming"`, `id = "party"`, []string{"schedule[2].id", "already used"}},
		{"both sides", "over = 340\n", "over = 340\nunder = 10\n", []string{"guard.stage[1]", "only one of over and under"}},
		{"no side", "over = 340\n", "", []string{"guard.stage[1]", "one of over and under"}},
		{"stage in good band", "over = 264\n", "over = 240\n", []string{"guard.stage[4]", "within the good band"}},
		{"worse waits longer", "over = 340\nafter = \"0s\"", "over = 340\nafter = \"1s\"", []string{"guard.stage[1]", "waits longer"}},
		{"range", `# stale = "100ms"`, `stale = "2s"`, []string{"guard.stale", "not between 20ms and 250ms"}},
		{"low above high", `# good_low = 190`, "good_low = 240\ngood_high = 235", nil},
		{"zone", `# zone = "Asia/Shanghai"`, `zone = "Beijing"`, []string{"station.zone", "Asia/Shanghai"}},
		{"address", `"10.0.0.5:4352"`, `"http://10.0.0.5"`, []string{"projector.address", "10.0.0.5:4352"}},
		{"kind", `kind = "pjlink"`, `kind = "pj-link"`, []string{"projector.kind", `did you mean "pjlink"`}},
		{"three rows", `"GPIO25", "GPIO8"]`, `"GPIO25"]`, []string{"panel.rows", "needs 4 pins, has 3"}},
		{"twice", "[roster]", "[roster]\nfile = \"a.csv\"", []string{"roster.file", "already set in line"}},
		{"section twice", "[roster]", "[roster]\n[roster]", []string{"roster", "already set in line"}},
		{"list brackets", "[contactor]", "[[contactor]]", nil},
		{"bell before ready", `# ready_before = "30m"`, `ready_before = "1m"`, []string{"lesson.bell_before", "earlier than ready_before"}},
		{"chip", `# chip = "/dev/gpiochip0"`, `chip = "gpiochip0"`, []string{"gpio.chip", "unix:"}},
		{"long socket", `# run_dir = "/run/stationbox"`, `run_dir = "/` + strings.Repeat("x", 120) + `"`, []string{"station.run_dir", "too long"}},
		{"no TOML", `id = "370100-014"`, `id = 370100-014`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := strings.Replace(reference(t), tt.old, tt.new, 1)
			_, problems := parse(t, file)
			errs := config.Errors(problems)
			if file == reference(t) {
				t.Fatalf("%q is not in the reference", tt.old)
			}
			if tt.want == nil {
				if len(errs) == 0 {
					t.Error("no problem found")
				}
				return
			}
			if len(errs) != 1 {
				t.Fatalf("want one problem, got %d: %v", len(errs), errs)
			}
			if got := errs[0].String(); errs[0].Line == 0 && tt.name != "missing key" {
				t.Errorf("no line: %s", got)
			}
			for _, part := range tt.want {
				if !strings.Contains(errs[0].String(), part) {
					t.Errorf("%q does not say %q", errs[0], part)
				}
			}
		})
	}
}

func TestAllMistakesComeAtOnce(t *testing.T) {
	file := `[station]
id = "a village"
nmae = "x"
[mains
[lesson]
bell_before = 10
[tv]
kind = "sony"
[[load]]
name = "tv"
relay = 17
[contactor]
drive = "GPIO4"
aux_no = "GPIO4"
`
	_, problems := parse(t, file)
	var all []string
	for _, p := range problems {
		all = append(all, p.String())
	}
	got := strings.Join(all, "\n")
	for _, want := range []string{"2: station.id", "3: station.nmae", "4: this line is not TOML", "6: lesson.bell_before", "8: tv.kind", "11: load[1].relay", `write "GPIO17"`, "7: tv.port: is required", "14: contactor.aux_no"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "mains.port") {
		t.Errorf("the broken header is told of twice:\n%s", got)
	}
}

func TestBothLanguages(t *testing.T) {
	file := strings.Replace(reference(t), `# bell_before = "5m"`, `bell_befor = "5m"`, 1)
	path := filepath.Join(t.TempDir(), "station.toml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path)
	bad, ok := err.(*config.Invalid)
	if !ok {
		t.Fatalf("got %v", err)
	}
	if want := "lesson.bell_befor: there is no such key — did you mean bell_before"; !strings.Contains(bad.Error(), want) {
		t.Errorf("%q does not say %q", bad.Error(), want)
	}
	if got := bad.In(text.New("zh")); !strings.Contains(got, "没有这个键 — 是不是想写 bell_before") || !strings.Contains(got, "有 1 处要改") {
		t.Errorf("Chinese: %s", got)
	}
}

func TestNoSuchFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "station.toml"))
	if err == nil || !strings.Contains(err.Error(), "station.toml: the file cannot be read: no such file") {
		t.Errorf("got %v", err)
	}
}

func TestPathsAreAbsolute(t *testing.T) {
	dir := t.TempDir()
	file := strings.Replace(reference(t), `"/etc/stationbox/roster.csv"`, `"roster.csv"`, 1)
	file = strings.Replace(file, `# chip = "/dev/gpiochip0"`, `chip = "unix:pins.sock"`, 1)
	cfg, problems := config.Parse([]byte(file), dir)
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	if cfg.Roster.File != filepath.Join(dir, "roster.csv") || cfg.GPIO.Chip != "unix:"+filepath.Join(dir, "pins.sock") {
		t.Errorf("got %q %q", cfg.Roster.File, cfg.GPIO.Chip)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(reference(f))
	f.Add("[a]\nb = [1, {c = 2}]\n[[a.b]]\n[[load]]\nname.x = 1")
	f.Add("[[schedule]]\ndays = [[\"mon\"]]\nat = \"::\"")
	f.Add("station = 1\n[station]\n[[station]]\nload = [1]\nguard = {stage = [{over = 1}]}")
	f.Fuzz(func(t *testing.T, file string) {
		_, problems := config.Parse([]byte(file), "/nowhere")
		lines := 1 + strings.Count(file, "\n")
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines || p.Reason == "" {
				t.Errorf("bad problem %+v", p)
			}
		}
	})
}

// A relay on a pin that is pulled up at reset is remarked on, with the way out.
func TestRelayPulledUpAtStart(t *testing.T) {
	cfg, problems := parse(t, strings.Replace(reference(t), `relay = "GPIO11"`, `relay = "GPIO6"`, 1))
	if len(config.Errors(problems)) > 0 {
		t.Fatal(problems)
	}
	for _, p := range cfg.Warnings {
		if p.Key == "load[2].relay" && strings.Contains(p.String(), "GPIO9 to GPIO27") {
			return
		}
	}
	t.Errorf("no remark among %v", cfg.Warnings)
}
