package command

import (
	"context"
	"path/filepath"
	"strings"
	"time"
)

// RosterImport is what "roster import" was asked for.
type RosterImport struct {
	Path    string // as it was typed
	Sheet   string // of an XLSX file; "" is the first with a header
	Dry     bool   // say only what would be
	Replace bool   // who is not in the file leaves
}

// Enroller keeps the member list. Each method is the command of its name.
type Enroller interface {
	List(ctx context.Context, env *Env) (Result, error)
	Import(ctx context.Context, env *Env, in RosterImport) (Result, error)
	Export(ctx context.Context, env *Env, path string) (Result, error)
}

// Roster returns the commands for the member list. Their enroller is in the Env. The
// running station is asked, so that it takes over at once what was imported; without
// one the file alone is changed.
func Roster() []Command {
	return []Command{
		{Name: "roster", Help: "cmd.roster.help", Run: rosterList},
		{Name: "roster import", Usage: "cmd.roster.import.usage", Help: "cmd.roster.import.help", Timeout: 2 * time.Minute, Run: rosterImport},
		{Name: "roster export", Usage: "cmd.roster.export.usage", Help: "cmd.roster.export.help", Timeout: 2 * time.Minute, Run: rosterExport},
	}
}

func rosterList(ctx context.Context, env *Env, args []string) (Result, error) {
	if len(args) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", args[0])
	}
	if env.Roster == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Roster.List(ctx, env)
}

func rosterImport(ctx context.Context, env *Env, args []string) (Result, error) {
	args, dry := take(args, "-dry")
	args, merge := take(args, "-merge")
	args, replace := take(args, "-replace")
	opt, rest, err := options(env, args, "sheet")
	switch {
	case err != nil:
		return Result{}, err
	case merge && replace:
		return Result{}, env.Misused("cmd.roster.either")
	case len(rest) == 0:
		return Result{}, env.Misused("cmd.roster.which")
	case len(rest) > 1:
		return Result{}, env.Misused("cmd.too_many", "got", rest[1])
	case env.Roster == nil:
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Roster.Import(ctx, env, RosterImport{Path: rest[0], Sheet: opt["sheet"], Dry: dry, Replace: replace})
}

func rosterExport(ctx context.Context, env *Env, args []string) (Result, error) {
	_, rest, err := options(env, args)
	switch {
	case err != nil:
		return Result{}, err
	case len(rest) > 1:
		return Result{}, env.Misused("cmd.too_many", "got", rest[1])
	case len(rest) == 0 || !isTable(rest[0]):
		return Result{}, env.Misused("cmd.roster.where")
	case env.Roster == nil:
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Roster.Export(ctx, env, rest[0])
}

func isTable(path string) bool {
	ext := strings.ToLower(filepath.Ext(path))
	return ext == ".csv" || ext == ".xlsx"
}
