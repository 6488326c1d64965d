package command_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// turner says what it was asked.
type turner struct{}

func said(what string, h command.Heading) (command.Result, error) {
	return command.Result{Text: fmt.Sprintf("%s %q %v %v %v %v", what, h.Satellite, h.Direction, h.Azimuth, h.Elevation, h.Sure)}, nil
}

func (turner) Turn(_ context.Context, _ *command.Env, h command.Heading) (command.Result, error) {
	return said("turn", h)
}
func (turner) Peak(_ context.Context, _ *command.Env, h command.Heading) (command.Result, error) {
	return said("peak", h)
}
func (turner) Park(_ context.Context, _ *command.Env, sure bool) (command.Result, error) {
	return said("park", command.Heading{Sure: sure})
}
func (turner) Stop(context.Context, *command.Env) (command.Result, error) {
	return said("stop", command.Heading{})
}

func TestMotors(t *testing.T) {
	table := command.New(append(command.Motors(turner{}), command.Dish()...)...)
	tests := []struct{ args, want string }{
		{"dish turn 196.7 42.5", `turn "" true 196.7 42.5 false`},
		{"dish turn -yes -20 42.5", `turn "" true -20 42.5 true`},
		{"dish turn ChinaSat 6B --yes", `turn "ChinaSat 6B" false 0 0 true`},
		{"dish turn 115.5E", `turn "115.5E" false 0 0 false`},
		{"dish peak live", `peak "" false 0 0 false`},
		{"dish peak live 中星6B -yes", `peak "中星6B" false 0 0 true`},
		{"dish park -yes", `park "" false 0 0 true`},
		{"dish stop", `stop "" false 0 0 false`},
	}
	for _, tt := range tests {
		r, err := table.Run(t.Context(), &command.Env{Text: text.New("en")}, strings.Fields(tt.args))
		if err != nil || r.Text != tt.want+"\n" {
			t.Errorf("%s: %q, %v, want %q", tt.args, r.Text, err, tt.want)
		}
	}
	for _, args := range []string{"dish turn", "dish turn 180", "dish turn 180 high", "dish turn 180 40 30", "dish turn nan 3", "dish turn 9999 3", "dish turn -fast", "dish stop now", "dish park home", "dish peak live -fast"} {
		if r, err := table.Run(t.Context(), &command.Env{Text: text.New("en")}, strings.Fields(args)); command.Code(r, err) != command.CodeUsage {
			t.Errorf("%s: %q, %v", args, r.Text, err)
		}
	}
}
