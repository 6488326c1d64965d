package command_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// filer says what it was asked for.
type filer struct{}

func (filer) List(context.Context, *command.Env) (command.Result, error) {
	return command.Result{Text: "list"}, nil
}

func (filer) Import(_ context.Context, _ *command.Env, in command.RosterImport) (command.Result, error) {
	return command.Result{Text: fmt.Sprintf("%+v", in)}, nil
}

func (filer) Export(_ context.Context, _ *command.Env, path string) (command.Result, error) {
	return command.Result{Text: "export " + path}, nil
}

func TestRosterArguments(t *testing.T) {
	table := command.New(command.Roster()...)
	tests := []struct {
		args string
		code int
		want string
	}{
		{"roster", command.CodeOK, "list"},
		{"roster x", command.CodeUsage, "x is one argument too many"},
		{"roster import /a.csv", command.CodeOK, "{Path:/a.csv Sheet: Dry:false Replace:false}"},
		{"roster import -dry /a.xlsx -sheet 一 --replace", command.CodeOK, "{Path:/a.xlsx Sheet:一 Dry:true Replace:true}"},
		{"roster import -merge /a.xlsx -sheet=一", command.CodeOK, "{Path:/a.xlsx Sheet:一 Dry:false Replace:false}"},
		{"roster import -merge -replace /a.xlsx", command.CodeUsage, "either -merge or -replace"},
		{"roster import", command.CodeUsage, "name one file"},
		{"roster import /a /b", command.CodeUsage, "/b is one argument too many"},
		{"roster import /a -fast", command.CodeUsage, "there is no option -fast"},
		{"roster import /a -sheet", command.CodeUsage, "needs a value"},
		{"roster export /a.CSV", command.CodeOK, "export /a.CSV"},
		{"roster export /a.xlsx", command.CodeOK, "export /a.xlsx"},
		{"roster export /a.xls", command.CodeUsage, "name one .csv or .xlsx file"},
		{"roster export", command.CodeUsage, "name one .csv or .xlsx file"},
		{"roster export /a.csv /b.csv", command.CodeUsage, "/b.csv is one argument too many"},
	}
	for _, tt := range tests {
		env := &command.Env{Text: text.New("en"), Roster: filer{}}
		r := command.Answer(t.Context(), table, env, strings.Fields(tt.args))
		if r.Code != tt.code || !strings.Contains(r.Text, tt.want) {
			t.Errorf("%s: %d %q", tt.args, r.Code, r.Text)
		}
		env.Roster = nil
		if r := command.Answer(t.Context(), table, env, strings.Fields(tt.args)); r.Code == command.CodeOK {
			t.Errorf("%s where there is no roster: %q", tt.args, r.Text)
		}
	}
}
