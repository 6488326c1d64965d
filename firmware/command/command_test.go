package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

var zone = time.FixedZone("CST", 8*3600)

func at(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, zone) }

func record(seq uint64, at time.Time, kind, lesson string, data any) firmware.Record {
	raw, _ := json.Marshal(data)
	return firmware.Record{Seq: seq, Wall: at, Kind: kind, Lesson: lesson, Data: raw}
}

// village is an Env with a small journal.
func village(lang string) *command.Env {
	records := []firmware.Record{
		record(1, at(8, 0), firmware.KindBoot, "", map[string]any{"version": "1", "pid": 7}),
		record(2, at(19, 26), firmware.KindPress, "party-2026-11-23", firmware.Press{Number: 12, Name: "王秀英", Known: true}),
		record(3, at(19, 27), firmware.KindPress, "party-2026-11-23", firmware.Press{Number: 99}),
		record(4, at(19, 28), firmware.KindPower, "", firmware.GuardEvent{Kind: "trip", Cause: "guard.cause.over_voltage", MV: 281300, LastedMS: 520, WaitMS: 120000}),
	}
	return &command.Env{
		Text: text.New(lang), By: "test", Zone: zone, Now: func() time.Time { return at(20, 0) },
		Scan: func(fn func(firmware.Record) error) error {
			for _, r := range records {
				if err := fn(r); err != nil {
					return err
				}
			}
			return nil
		},
		Between: func(from, to time.Time) []firmware.Occasion {
			o := firmware.Occasion{ID: "farming-2026-11-28", Title: "果树", Start: at(9, 0).AddDate(0, 0, 5), Duration: 45 * time.Minute}
			if o.Start.Before(from) || !o.Start.Before(to) {
				return nil
			}
			return []firmware.Occasion{o}
		},
		Roll: func(lesson string) (command.Roll, error) {
			if lesson != "" && lesson != "party-2026-11-23" {
				return command.Roll{}, nil
			}
			return command.Roll{
				Lesson: "party-2026-11-23", Title: "党课", Opened: at(19, 25), Closed: at(20, 15), Present: 1, Members: 30,
				Entries: []command.RollEntry{{Number: 12, Name: "王秀英", Known: true, At: at(19, 26), Late: true}, {Number: 99, At: at(19, 27)}},
			}, nil
		},
		Check: func(path string, _ *text.Catalogue) (command.Result, error) {
			return command.Result{Text: "checked " + path, Code: command.CodeFailed}, nil
		},
	}
}

func table() *command.Table {
	relay := command.Command{Name: "relay test", Help: "cmd.help.help", Run: func(_ context.Context, env *command.Env, args []string) (command.Result, error) {
		if len(args) > 0 {
			return command.Result{}, errors.New("stuck")
		}
		return command.Result{Text: "ok", Data: map[string]int{"relays": 4}}, nil
	}}
	return command.New(append(append(command.Files(), command.Rolls()...), relay)...)
}

func TestRun(t *testing.T) {
	tests := []struct {
		line string
		code int
		want []string
	}{
		{"journal", 0, []string{"     1 11-23 08:00:00 start pid 7, version 1\n", "     2 11-23 19:26:00 press party-2026-11-23 12 王秀英\n", "number 99 is not in the roster"}},
		{"journal -last 1", 0, []string{"     4 11-23 19:28:00 power protection tripped (voltage too high) 281.3 V 520ms → open for at least 120 s, back by itself after steadily good mains\n"}},
		{"journal -since 19:27", 0, []string{"     3 "}},
		{"journal -since=2h", 0, []string{"     2 ", "     3 "}},
		{"journal -since 2026-11-24", 0, []string{"no records"}},
		{"journal -kind boot -json", 0, []string{`"kind": "boot"`}},
		{"journal -last none", 2, []string{"none is not a whole number"}},
		{"journal -since soon", 2, []string{"soon is not a time"}},
		{"journal -lats 3", 2, []string{"no option -lats"}},
		{"journal -last", 2, []string{"-last needs a value"}},
		{"roll", 0, []string{"党课 (party-2026-11-23)", "closed", "  12  19:26:00  王秀英 (late)", "not in the roster", "1 present of 30"}},
		{"roll -json", 0, []string{`"present": 1`, `"name": "王秀英"`}},
		{"--json roll party-2026-11-23", 0, []string{`"members": 30`}},
		{"roll party-2026-01-01", 1, []string{"no roll of party-2026-01-01"}},
		{"schedule", 0, []string{"2026-11-28 Saturday 09:00:00 +08:00  果树  45 min  farming-2026-11-28"}},
		{"schedule -days 2", 0, []string{"no lesson within 2 days"}},
		{"schedule -json", 0, []string{`"duration_s": 2700`, `"id": "farming-2026-11-28"`}},
		{"check a.toml", 1, []string{"checked a.toml"}},
		{"check", 2, []string{"which file"}},
		{"relay test", 0, []string{"ok\n"}},
		{"relay test -json", 0, []string{`"relays": 4`}},
		{"relay test 1", 1, []string{"stuck"}},
		{"relay", 2, []string{"relay is not complete", "relay test"}},
		{"relay tset", 2, []string{"relay"}},
		{"shedule", 2, []string{"did you mean schedule"}},
		{"frobnicate", 2, []string{"no command frobnicate"}},
		{"help", 0, []string{"journal [-last N]", "relay test", "-json"}},
		{"help roll", 0, []string{"roll [LESSON]"}},
		{"roll -h", 0, []string{"roll [LESSON]"}},
		{"", 0, []string{"journal"}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			r := command.Answer(t.Context(), table(), village("en"), strings.Fields(tt.line))
			if r.Code != tt.code {
				t.Errorf("code %d, want %d: %s", r.Code, tt.code, r.Text)
			}
			for _, part := range tt.want {
				if !strings.Contains(r.Text, part) {
					t.Errorf("%q is not in %q", part, r.Text)
				}
			}
		})
	}
}

func TestNothingAvailable(t *testing.T) {
	for _, line := range []string{"journal", "roll", "schedule", "check x"} {
		env := &command.Env{Text: text.New("zh"), Now: time.Now}
		r := command.Answer(t.Context(), table(), env, strings.Fields(line))
		if r.Code != command.CodeFailed || !strings.Contains(r.Text, "这里不能用") {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

func serve(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := command.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- command.Serve(ctx, l, table(), func(lang, _ string) *command.Env { return village(lang) }, nil)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return path
}

func TestSocket(t *testing.T) {
	path := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := command.Call(ctx, path, command.Request{Args: []string{"roll"}, Lang: "en"})
	if err != nil || r.Code != 0 || !strings.Contains(r.Text, "1 present of 30") {
		t.Fatalf("%+v %v", r, err)
	}
	var data command.Roll
	if err := json.Unmarshal(r.Data, &data); err != nil || data.Present != 1 {
		t.Errorf("data %s: %v", r.Data, err)
	}
	if r, err := command.Call(ctx, path, command.Request{Args: []string{"rol"}, Lang: "zh"}); err != nil || r.Code != 2 || !strings.Contains(r.Text, "是不是想写 roll") {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := command.Listen(path); err == nil || !strings.Contains(err.Error(), "another station") {
		t.Errorf("second listener: %v", err)
	}
	if _, err := command.Call(ctx, path+"x", command.Request{}); !errors.Is(err, command.ErrNoStation) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestSocketSurvivesBadClients(t *testing.T) {
	path := serve(t)
	for _, line := range []string{"nonsense\n", "{\"v\":2}\n", "{}\n", "[1]\n"} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		if _, err := conn.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		var r command.Reply
		if err := json.NewDecoder(conn).Decode(&r); err != nil || r.Code != command.CodeUsage {
			t.Errorf("%q: %+v %v", line, r, err)
		}
		_ = conn.Close()
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = conn.Write([]byte(strings.Repeat("x", 100_000)))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("an endless line is kept")
	}
	_ = conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if r, err := command.Call(ctx, path, command.Request{Args: []string{"help"}}); err != nil || r.Code != 0 {
		t.Errorf("afterwards: %+v %v", r, err)
	}
}

func TestStaleSocketIsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	again, err := command.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(`{"v":1,"args":["roll","-json"],"lang":"zh","by":"shell"}`))
	f.Add([]byte(`{"v":1,"args":["journal","-since","-1h"]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		req, err := command.DecodeRequest(line)
		if err != nil {
			return
		}
		r := command.Answer(t.Context(), table(), village(req.Lang), req.Args)
		if r.Code != 0 && r.Text == "" {
			t.Errorf("%q fails without a word", req.Args)
		}
	})
}
