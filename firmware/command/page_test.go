package command_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

func TestPagePIN(t *testing.T) {
	tests := []struct {
		name, typed string // "-": no shell
		args        []string
		set, say    string
	}{
		{"typed twice", "493715\n493715\n", nil, "493715", "is set"},
		{"without a last line break", "493715\r\n493715", nil, "493715", "is set"},
		{"another one", "493715\n493716\n", nil, "", "not the same"},
		{"nothing", "", nil, "", "say the PIN"},
		{"once", "493715\n", nil, "", "say the PIN"},
		{"behind the command", "493715\n493715\n", []string{"493715"}, "", "history"},
		{"technician's line", "-", []string{"493715"}, "493715", "is set"},
		{"technician's line, nothing", "-", nil, "", "say the PIN"},
		{"two", "-", []string{"493", "715"}, "", "715"},
		{"refused", "1\n1\n", nil, "", "too easy"},
		{"endless", strings.Repeat("4", 1000), nil, "", "say the PIN"},
	}
	for _, tt := range tests {
		got := ""
		env := &command.Env{Text: text.New("en"), Errs: io.Discard, SetPIN: func(env *command.Env, pin string) error {
			if pin == "1" {
				return env.Failed("cmd.page.pin.refused", "why", "too easy")
			}
			got = pin
			return nil
		}}
		if tt.typed != "-" {
			env.In = strings.NewReader(tt.typed)
		}
		r := command.Answer(t.Context(), command.New(command.Page()...), env, append([]string{"page", "pin"}, tt.args...))
		if got != tt.set || !strings.Contains(r.Text, tt.say) || (r.Code == command.CodeOK) != (tt.set != "") {
			t.Errorf("%s: set %q, %d %s", tt.name, got, r.Code, r.Text)
		}
	}
}

func TestPageLog(t *testing.T) {
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	env := &command.Env{Text: text.New("en"), Now: func() time.Time { return at }, Scan: func(fn func(firmware.Record) error) error {
		for i, what := range []string{"login", "search", "member"} {
			data, _ := json.Marshal(firmware.Access{Who: "administrator", From: "192.168.8.23", What: what, About: "12"})
			for _, r := range []firmware.Record{{Kind: firmware.KindAccess, Wall: at.Add(time.Duration(i) * time.Minute), Data: data}, {Kind: firmware.KindPress, Data: data}, {Kind: firmware.KindAccess, Data: []byte("{")}} {
				if err := fn(r); err != nil {
					return err
				}
			}
		}
		return nil
	}}
	ask := func(args ...string) command.Reply {
		return command.Answer(t.Context(), command.New(command.Page()...), env, append([]string{"page", "log"}, args...))
	}
	if r := ask(); strings.Count(r.Text, "\n") != 3 || !strings.Contains(r.Text, "12:02:00 +00:00  192.168.8.23  looked at a member  12") {
		t.Error(r.Text)
	}
	if r := ask("-last", "1"); strings.Count(r.Text, "\n") != 1 || !strings.Contains(r.Text, "looked at a member") {
		t.Error(r.Text)
	}
	for _, args := range [][]string{{"-last", "0"}, {"x"}, {"-first", "1"}} {
		if r := ask(args...); r.Code != command.CodeUsage {
			t.Errorf("%v: %d %s", args, r.Code, r.Text)
		}
	}
}
