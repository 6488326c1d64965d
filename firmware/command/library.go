package command

import (
	"context"
	"strconv"
	"time"
)

// Import is what "library add" was asked for.
type Import struct {
	Path                             string // a film, a lesson, or a folder such as a stick; as it was typed
	Title, Language, Source, Licence string // "" : as the lesson or the film says
	Age                              int    // of the viewers, at least
	Eject                            bool   // unmount the stick afterwards
}

// Librarian keeps the lessons. Each method is the command of its name.
type Librarian interface {
	Add(ctx context.Context, env *Env, in Import) (Result, error)
	List(ctx context.Context, env *Env) (Result, error)
	// Check reads the lessons of those names, or all, and decodes them when full.
	Check(ctx context.Context, env *Env, ids []string, full bool) (Result, error)
	// Remove takes lessons out; one that has its time ahead only when forced.
	Remove(ctx context.Context, env *Env, ids []string, force bool) (Result, error)
}

// longest is how long an import may run: a stick full of films, each decoded.
const longest = 24 * time.Hour

// Library returns the commands for the films. Their librarian is in the Env.
func Library() []Command {
	return []Command{
		{Name: "library add", Usage: "cmd.library.add.usage", Help: "cmd.library.add.help", Offline: true, Timeout: longest, Run: libraryAdd},
		{Name: "library list", Help: "cmd.library.list.help", Offline: true, Run: libraryList},
		{Name: "library check", Usage: "cmd.library.check.usage", Help: "cmd.library.check.help", Offline: true, Timeout: longest, Run: libraryCheck},
		{Name: "library remove", Usage: "cmd.library.remove.usage", Help: "cmd.library.remove.help", Offline: true, Run: libraryRemove},
	}
}

func libraryAdd(ctx context.Context, env *Env, args []string) (Result, error) {
	args, eject := take(args, "-eject")
	opt, rest, err := options(env, args, "title", "language", "source", "licence", "age")
	switch {
	case err != nil:
		return Result{}, err
	case len(rest) == 0:
		return Result{}, env.Misused("cmd.library.which")
	case len(rest) > 1:
		return Result{}, env.Misused("cmd.too_many", "got", rest[1])
	}
	in := Import{Path: rest[0], Title: opt["title"], Language: opt["language"], Source: opt["source"], Licence: opt["licence"], Eject: eject}
	if s := opt["age"]; s != "" {
		if in.Age, err = strconv.Atoi(s); err != nil || in.Age < 0 || in.Age > 99 {
			return Result{}, env.Misused("cmd.library.age", "got", s)
		}
	}
	if env.Library == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Library.Add(ctx, env, in)
}

func libraryList(ctx context.Context, env *Env, args []string) (Result, error) {
	if len(args) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", args[0])
	}
	if env.Library == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Library.List(ctx, env)
}

func libraryCheck(ctx context.Context, env *Env, args []string) (Result, error) {
	args, full := take(args, "-full")
	_, ids, err := options(env, args)
	if err != nil {
		return Result{}, err
	}
	if env.Library == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Library.Check(ctx, env, ids, full)
}

func libraryRemove(ctx context.Context, env *Env, args []string) (Result, error) {
	args, force := take(args, "-force")
	_, ids, err := options(env, args)
	switch {
	case err != nil:
		return Result{}, err
	case len(ids) == 0:
		return Result{}, env.Misused("cmd.library.which_lesson")
	case env.Library == nil:
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Library.Remove(ctx, env, ids, force)
}
