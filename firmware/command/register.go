package command

import (
	"context"
	"path/filepath"
	"strings"
	"time"
)

// RegisterOrder asks for the books of a month.
type RegisterOrder struct {
	Year  int
	Month time.Month
	Out   string // folder, absolute
	Lang  string // "zh" or "en"
	Force bool   // also in the place of another month's
}

// Registrar makes and checks the official books of a month. Its errors are told to
// people.
type Registrar interface {
	// Make writes the books into a folder.
	Make(ctx context.Context, env *Env, o RegisterOrder) (Result, error)
	// Check compares a folder with what the station signed, by the public key in a
	// file or, for "", by those that are here.
	Check(ctx context.Context, env *Env, dir, keyFile string) (Result, error)
}

// registerTime bounds the making of a month: the journal of years is read, on a slow
// card.
const registerTime = 10 * time.Minute

// Registers returns the commands for the official books. They need files only: they
// may be given while the station runs and while it does not.
func Registers() []Command {
	return []Command{
		{Name: "register", Usage: "cmd.register.usage", Help: "cmd.register.help", Offline: true, Timeout: registerTime, Run: registerMonth},
		{Name: "register verify", Usage: "cmd.register.verify.usage", Help: "cmd.register.verify.help", Offline: true, Timeout: registerTime, Run: registerVerify},
	}
}

func registerMonth(ctx context.Context, env *Env, args []string) (Result, error) {
	args, force := take(args, "-force")
	opt, rest, err := options(env, args, "month", "out", "lang")
	switch {
	case err != nil:
		return Result{}, err
	case len(rest) > 0:
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	case strings.TrimSpace(opt["out"]) == "":
		return Result{}, env.Misused("cmd.register.out")
	case env.Books == nil:
		return Result{}, env.Failed("cmd.not_here")
	}
	o := RegisterOrder{Lang: opt["lang"], Force: force}
	if o.Lang == "" {
		o.Lang = env.Text.Lang()
	}
	if o.Lang != "zh" && o.Lang != "en" {
		return Result{}, env.Misused("cmd.register.lang", "got", o.Lang)
	}
	if o.Year, o.Month, err = monthOf(env, opt["month"]); err != nil {
		return Result{}, err
	}
	if o.Out, err = filepath.Abs(opt["out"]); err != nil {
		return Result{}, env.Failed("cmd.register.folder", "dir", opt["out"], "why", err)
	}
	return env.Books.Make(ctx, env, o)
}

// monthOf reads "2026-10"; without it, it is the last month that is over.
func monthOf(env *Env, s string) (int, time.Month, error) {
	now := env.Now().In(env.zone())
	this := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, env.zone())
	if s == "" {
		last := this.AddDate(0, -1, 0)
		return last.Year(), last.Month(), nil
	}
	m, err := time.ParseInLocation("2006-01", s, env.zone())
	if err != nil || m.Year() < 2000 {
		return 0, 0, env.Misused("cmd.register.month", "got", s)
	}
	if m.After(this) {
		return 0, 0, env.Misused("cmd.register.month_ahead", "got", s)
	}
	return m.Year(), m.Month(), nil
}

func registerVerify(ctx context.Context, env *Env, args []string) (Result, error) {
	opt, rest, err := options(env, args, "key")
	switch {
	case err != nil:
		return Result{}, err
	case len(rest) > 1:
		return Result{}, env.Misused("cmd.too_many", "got", rest[1])
	case len(rest) == 0:
		return Result{}, env.Misused("cmd.register.which")
	case env.Books == nil:
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Books.Check(ctx, env, rest[0], opt["key"])
}
