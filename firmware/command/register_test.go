package command_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// clerk notes what it was asked for.
type clerk struct {
	order    command.RegisterOrder
	dir, key string
}

func (c *clerk) Make(_ context.Context, _ *command.Env, o command.RegisterOrder) (command.Result, error) {
	c.order = o
	return command.Result{}, nil
}

func (c *clerk) Check(_ context.Context, _ *command.Env, dir, key string) (command.Result, error) {
	c.dir, c.key = dir, key
	return command.Result{}, nil
}

func TestRegisterArguments(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 10, 31, 17, 0, 0, 0, time.UTC) // November in the station's zone
	table := command.New(command.Registers()...)
	here, err := filepath.Abs("out")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		want command.RegisterOrder
		bad  string
	}{
		{"register -out /x", command.RegisterOrder{Year: 2026, Month: time.October, Out: "/x", Lang: "en"}, ""},
		{"register -out out -lang zh -force", command.RegisterOrder{Year: 2026, Month: time.October, Out: here, Lang: "zh", Force: true}, ""},
		{"register -month=2025-01 --out=/x", command.RegisterOrder{Year: 2025, Month: time.January, Out: "/x", Lang: "en"}, ""},
		{"register -month 2026-11 -out /x", command.RegisterOrder{Year: 2026, Month: time.November, Out: "/x", Lang: "en"}, ""},
		{"register", command.RegisterOrder{}, "say where to"},
		{"register -out", command.RegisterOrder{}, "needs a value"},
		{"register -out /x y", command.RegisterOrder{}, "too many"},
		{"register -out /x -month 2026-12", command.RegisterOrder{}, "has not come yet"},
		{"register -out /x -month 10", command.RegisterOrder{}, "is not a month"},
		{"register -out /x -month 2026-13", command.RegisterOrder{}, "is not a month"},
		{"register -out /x -lang fr", command.RegisterOrder{}, "no language"},
		{"register -out /x -town y", command.RegisterOrder{}, "no option"},
		{"register verify", command.RegisterOrder{}, "which folder"},
		{"register verify a b", command.RegisterOrder{}, "too many"},
	}
	for _, tt := range tests {
		c := &clerk{}
		env := &command.Env{Text: text.New("en"), Zone: zone, Now: func() time.Time { return now }, Books: c}
		r := command.Answer(t.Context(), table, env, strings.Fields(tt.args))
		if (r.Code != command.CodeOK) != (tt.bad != "") || !strings.Contains(r.Text, tt.bad) || c.order != tt.want {
			t.Errorf("%s: %+v %d %s", tt.args, c.order, r.Code, r.Text)
		}
	}
	c := &clerk{}
	env := &command.Env{Text: text.New("en"), Books: c}
	if r := command.Answer(t.Context(), table, env, strings.Fields("register verify -key k.pub /x")); r.Code != 0 || c.dir != "/x" || c.key != "k.pub" {
		t.Errorf("verify: %+v %s", c, r.Text)
	}
	for _, args := range []string{"register -out /x", "register verify /x"} {
		if r := command.Answer(t.Context(), table, &command.Env{Text: text.New("en"), Now: time.Now}, strings.Fields(args)); r.Code != command.CodeFailed || !strings.Contains(r.Text, "not available") {
			t.Errorf("%s without books: %s", args, r.Text)
		}
	}
}
