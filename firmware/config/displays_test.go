package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stationbox/firmware/config"
	"stationbox/firmware/text"
)

// withDisplays is the reference with other displays.
func withDisplays(t *testing.T, displays string) string {
	t.Helper()
	file := reference(t)
	a, b := strings.Index(file, "[projector]"), strings.Index(file, "# The villagers' 4×4 keypad")
	if a < 0 || b < a {
		t.Fatal("the reference has moved")
	}
	return file[:a] + displays + "\n" + file[b:]
}

const sharp = `name = "Sharp Aquos"
transport = "serial"
baud = 19200
end = '\r'
[on]
send = "POWR1   "
reply = ["OK"]
[off]
send = "POWR0   "
[state]
send = "POWR?   "
reply = [
  { match = "1", state = "on" },
  { match = "0", state = "standby" },
]
[input.hdmi1]
send = "IAVD1   "
`

// folder is a folder with model files.
func folder(t *testing.T, models map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range models {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDisplayWays(t *testing.T) {
	dir := folder(t, map[string]string{"sharp.toml": sharp, "lan.toml": strings.Replace(sharp, `transport = "serial"`, "transport = \"tcp\"\ntcp_port = 8000", 1)})
	tests := []struct {
		name, file string
		want       []string // ways: kind, place, input
	}{
		{"as it always was", "[projector]\nkind = \"pjlink\"\naddress = \"10.0.0.5\"\nload = \"projector\"\n[tv]\nkind = \"lg\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"",
			[]string{"pjlink 10.0.0.5:4352 31 0", "lg /dev/ttyUSB0 hdmi1 9600"}},
		{"none", "", nil},
		{"every kind of projector", `[projector]
kind = "escvp21"
address = "beamer"
load = "projector"
input = "A0"
[[projector.then]]
kind = "escvp21"
port = "/dev/ttyUSB1"
[[projector.then]]
kind = "benq"
port = "/dev/ttyUSB2"
input = "ypbr"
[[projector.then]]
kind = "optoma"
port = "/dev/ttyUSB3"
set_id = 7
[[projector.then]]
kind = "nec"
address = "10.0.0.7"
[[projector.then]]
kind = "pjlink"
address = "10.0.0.7"
password = "p"`, []string{"escvp21 beamer:3629 A0 0", "escvp21 /dev/ttyUSB1 hdmi1 9600", "benq /dev/ttyUSB2 ypbr 115200", "optoma /dev/ttyUSB3 hdmi1 9600", "nec 10.0.0.7:7142 hdmi1 0", "pjlink 10.0.0.7:4352 hdmi1 0"}},
		{"every kind of TV", `[tv]
kind = "cec"
load = "tv"
input = "this"
on_ma = 300
socket = true
[[tv.then]]
kind = "lg"
port = "/dev/ttyUSB0"
[[tv.then]]
kind = "exlink"
port = "/dev/ttyUSB1"
probe = true
input = "hdmi2"
[[tv.then]]
kind = "mdc"
address = "10.0.0.6"
[[tv.then]]
kind = "other"
model = "sharp.toml"
port = "/dev/ttyUSB2"
[[tv.then]]
kind = "other"
model = "lan.toml"
address = "10.0.0.8"
[[tv.then]]
kind = "ir"
keys_toggle = ["nec:0x408"]`, []string{"cec /dev/cec0 this 0", "lg /dev/ttyUSB0 hdmi1 9600", "exlink /dev/ttyUSB1 hdmi2 9600", "mdc 10.0.0.6:1515 hdmi1 0",
			"other /dev/ttyUSB2 hdmi1 19200", "other 10.0.0.8:8000 hdmi1 0", "ir /dev/lirc0 hdmi1 0"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, problems := config.Parse([]byte(withDisplays(t, tt.file)), dir)
			for _, p := range config.Errors(problems) {
				t.Error(p)
			}
			var got []string
			for _, w := range slices.Concat(cfg.Projector.Ways(), cfg.TV.Ways()) {
				got = append(got, strings.TrimSpace(strings.Join([]string{w.String(), w.Input, strconv.Itoa(w.Baud)}, " ")))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("ways\n%q, want\n%q", got, tt.want)
			}
		})
	}
	cfg, _ := config.Parse([]byte(withDisplays(t, tests[3].file)), dir)
	if m := cfg.Models[filepath.Join(dir, "sharp.toml")]; m == nil || m.State.Reply[1].State != "standby" || m.Input["hdmi1"].Send != "IAVD1   " || m.Line("state.reply[2].match") != 14 {
		t.Errorf("the model was read as %+v", m)
	}
	if w := cfg.TV.Ways(); w[1].SetID != 1 || w[3].SetID != 1 {
		t.Errorf("set ids are not filled in: %+v", w)
	}
}

func TestDisplayMistakes(t *testing.T) {
	const lgTV = "[tv]\nkind = \"lg\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"\n"
	const beamer = "[projector]\nkind = \"pjlink\"\naddress = \"10.0.0.5\"\nload = \"projector\"\n"
	dir := folder(t, map[string]string{
		"sharp.toml": sharp,
		"typo.toml":  strings.NewReplacer("[off]\nsend", "[off]\nsned", "baud = 19200", `baud = "fast"`).Replace(sharp),
		"radio.toml": strings.Replace(sharp, "serial", "radio", 1),
		"torn.toml":  "name = \"x\ntransport = \"tcp\"\n",
		"huge.toml":  strings.Repeat("# nothing\n", 10000),
	})
	tests := []struct {
		name, file string
		want       []string // parts of the one problem
	}{
		{"kind", strings.Replace(lgTV, "lg", "lgg", 1), []string{"tv.kind", `did you mean "lg"`}},
		{"kind of a further way", lgTV + "[[tv.then]]\nkind = \"pjlink\"", []string{"tv.then[1].kind", "cannot be"}},
		{"no kind of a further way", lgTV + "[[tv.then]]\nport = \"/dev/ttyUSB1\"", []string{"tv.then[1].kind", "is required"}},
		{"further way in single brackets", lgTV + "[tv.then]\nkind = \"cec\"", []string{"tv.then", "[[tv.then]]"}},
		{"unknown key", lgTV + "[[tv.then]]\nkind = \"cec\"\ndevize = \"/dev/cec1\"", []string{"tv.then[1].devize", "did you mean device"}},
		{"no port", "[tv]\nkind = \"exlink\"\nload = \"tv\"", []string{"tv.port", "is required"}},
		{"no address", "[projector]\nkind = \"pjlink\"\nload = \"projector\"", []string{"projector.address", "is required", "4352"}},
		{"odd baud", lgTV + "baud = 9601", []string{"tv.baud", "9600"}},
		{"address and port", "[projector]\nkind = \"escvp21\"\naddress = \"10.0.0.5\"\nport = \"/dev/ttyUSB3\"\nload = \"projector\"", []string{"projector.address", "exclude"}},
		{"no address at all", strings.Replace(beamer, "10.0.0.5", "http://x/", 1), []string{"projector.address", "not a network address"}},
		{"port twice", lgTV + "[[tv.then]]\nkind = \"exlink\"\nport = \"/dev/ttyUSB0\"", []string{"tv.then[1].port", "already used by tv.port"}},
		{"port of both", lgTV + "[projector]\nkind = \"nec\"\nport = \"/dev/ttyUSB0\"\nload = \"projector\"", []string{"projector.port", "already used by tv.port"}},
		{"password for none", lgTV + "[[tv.then]]\nkind = \"cec\"\npassword = \"x\"", []string{"tv.then[1].password", `no use with "cec"`}},
		{"serial line for PJLink", beamer + "port = \"/dev/ttyUSB3\"", []string{"projector.port", `no use with "pjlink"`}},
		{"set id", lgTV + "set_id = 100", []string{"tv.set_id", "not between 1 and 99"}},
		{"input", lgTV + "input = \"hdmi9\"", []string{"tv.input", `"hdmi2"`}},
		{"input of PJLink", beamer + "input = \"99\"", []string{"projector.input", `"31"`, `"hdmi1"`}},
		{"input of a model", "[tv]\nkind = \"other\"\nmodel = \"sharp.toml\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"\ninput = \"hdmi2\"", []string{"tv.input", `"hdmi1"`}},
		{"device", "[tv]\nkind = \"cec\"\ndevice = \"cec0\"\nload = \"tv\"\ninput = \"this\"", []string{"tv.device", "/dev/cec0"}},
		{"no keys", "[tv]\nkind = \"ir\"\nload = \"tv\"", []string{"tv.keys_on", "keys_toggle"}},
		{"strange key", "[tv]\nkind = \"ir\"\nkeys_toggle = [\"power\"]\nload = \"tv\"", []string{"tv.keys_toggle", "nec:0x408"}},
		{"load", strings.Replace(lgTV, `load = "tv"`, `load = "tw"`, 1), []string{"tv.load", `did you mean "tv"`}},
		{"proof below standby", lgTV + "on_ma = 100", []string{"tv.on_ma", "standby_ma = 100"}},
		{"socket of a lamp", strings.Replace(lgTV, `load = "tv"`, `load = "projector"`, 1) + "socket = true", []string{"tv.socket", "feeds a lamp"}},
		{"socket that cannot", strings.Replace(lgTV, `load = "tv"`, `load = "receiver"`, 1) + "socket = true", []string{"tv.socket", "always_on"}},
		{"socket of a projector", beamer + "socket = true", []string{"projector.socket", "no such key"}},
		{"no model", "[tv]\nkind = \"other\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"", []string{"tv.model", "is required"}},
		{"model that is not there", "[tv]\nkind = \"other\"\nmodel = \"none.toml\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"", []string{"tv.model", "none.toml", "testdata"}},
		{"model too large", "[tv]\nkind = \"other\"\nmodel = \"huge.toml\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"", []string{"tv.model", "too large"}},
		{"model with typos", "[tv]\nkind = \"other\"\nmodel = \"typo.toml\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"", []string{"tv.model (typo.toml:3) baud", "whole number"}},
		{"model with another typo", "[tv]\nkind = \"other\"\nmodel = \"typo.toml\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"", []string{"tv.model (typo.toml:9) off.sned", "did you mean send"}},
		{"model with a strange transport", "[tv]\nkind = \"other\"\nmodel = \"radio.toml\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"", []string{"tv.model (radio.toml:2) transport", `"tcp"`}},
		{"model that is no TOML", "[tv]\nkind = \"other\"\nmodel = \"torn.toml\"\nport = \"/dev/ttyUSB0\"\nload = \"tv\"", []string{"tv.model (torn.toml:1)", "not TOML"}},
		{"lamp life", beamer + "lamp_life = -1", []string{"projector.lamp_life"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := config.Parse([]byte(withDisplays(t, tt.file)), dir)
			found := config.Errors(problems)
			ok := slices.ContainsFunc(found, func(p config.Problem) bool {
				return p.Line > 0 && !slices.ContainsFunc(tt.want, func(w string) bool { return !strings.Contains(p.String(), w) })
			})
			if !ok || len(found) > 2 || len(found) > 1 && !strings.Contains(tt.name, "typo") {
				t.Errorf("problems %v, want one with %q", found, tt.want)
			}
			for _, p := range found {
				if zh := p.In(text.New("zh")); !regexp.MustCompile(`\p{Han}`).MatchString(zh) {
					t.Errorf("not in Chinese: %s", zh)
				}
			}
		})
	}
}

func FuzzParseModel(f *testing.F) {
	f.Add([]byte(sharp))
	f.Add([]byte("input = 3\n"))
	f.Add([]byte("[input]\nhdmi1 = 3\n[[input.x]]\n"))
	f.Add([]byte("[state]\nreply = [1, {match = 2}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _ := config.ParseModel(data)
		if m == nil || m.Line("on.send") < 0 {
			t.Errorf("%q: no model", data)
		}
	})
}
