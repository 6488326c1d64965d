package command

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"stationbox/firmware"
)

// Page returns the commands for the web page. Their sources are in the Env.
func Page() []Command {
	return []Command{
		{Name: "page pin", Usage: "cmd.page.pin.usage", Help: "cmd.page.pin.help", Offline: true, Run: pagePIN},
		{Name: "page log", Usage: "cmd.page.log.usage", Help: "cmd.page.log.help", Offline: true, Run: pageLog},
	}
}

// pagePIN sets the PIN. In a shell it is asked for, twice: what stands behind a command
// is kept in the history and seen by everybody. The technician's line has neither.
func pagePIN(_ context.Context, env *Env, args []string) (Result, error) {
	switch {
	case len(args) > 1:
		return Result{}, env.Misused("cmd.too_many", "got", args[1])
	case env.SetPIN == nil:
		return Result{}, env.Failed("cmd.not_here")
	case len(args) == 1 && env.In != nil:
		return Result{}, env.Misused("cmd.page.pin.argument")
	case len(args) == 0 && env.In == nil:
		return Result{}, env.Misused("cmd.page.pin.which")
	}
	pin := strings.Join(args, "")
	if len(args) == 0 {
		var err error
		if pin, err = typedTwice(env); err != nil {
			return Result{}, err
		}
	}
	if err := env.SetPIN(env, pin); err != nil {
		return Result{}, err
	}
	return Result{Text: env.Text.Say("cmd.page.pin.done")}, nil
}

// mostTyped bounds a line that is typed.
const mostTyped = 256

func typedTwice(env *Env) (string, error) {
	in := bufio.NewReader(io.LimitReader(env.In, 2*mostTyped))
	var typed [2]string
	for i, key := range []string{"cmd.page.pin.ask", "cmd.page.pin.again"} {
		if env.Errs != nil {
			fmt.Fprint(env.Errs, env.Text.Say(key)+" ")
		}
		line, err := in.ReadString('\n')
		if err != nil && line == "" {
			return "", env.Failed("cmd.page.pin.which")
		}
		typed[i] = strings.TrimSpace(line)
	}
	if typed[0] != typed[1] {
		return "", env.Failed("cmd.page.pin.differ")
	}
	return typed[0], nil
}

// accessNote is one access as -json prints it.
type accessNote struct {
	At string `json:"at"`
	firmware.Access
}

// pageLog lists who looked at what.
func pageLog(ctx context.Context, env *Env, args []string) (Result, error) {
	opt, rest, err := options(env, args, "last")
	if err != nil {
		return Result{}, err
	}
	if len(rest) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	}
	last, err := count(env, opt["last"], 50, 100_000)
	if err != nil {
		return Result{}, err
	}
	if env.Scan == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	kept := []accessNote{}
	err = env.Scan(func(r firmware.Record) error {
		var a firmware.Access
		if r.Kind != firmware.KindAccess || json.Unmarshal(r.Data, &a) != nil {
			return ctx.Err()
		}
		if kept = append(kept, accessNote{clock(env, r.Wall), a}); len(kept) >= 2*last {
			kept = append(kept[:0], kept[len(kept)-last:]...)
		}
		return ctx.Err()
	})
	if err != nil {
		return Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	kept = kept[max(0, len(kept)-last):]
	var b strings.Builder
	for _, n := range kept {
		fmt.Fprintln(&b, strings.TrimSpace(strings.Join([]string{n.At, n.From, env.Text.Say("page.what." + n.What), n.About}, "  ")))
	}
	if len(kept) == 0 {
		b.WriteString(env.Text.Say("cmd.page.log.none"))
	}
	return Result{Text: b.String(), Data: kept}, nil
}
