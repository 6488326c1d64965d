package command

import (
	"context"
	"time"
)

// AlignAsk is how "dish align" was asked for.
type AlignAsk struct {
	Quiet bool // without the tone
	JSON  bool // an object a line instead of sentences
}

// Aligner aligns the dish with who talks through env.Talk.
type Aligner func(ctx context.Context, env *Env, ask AlignAsk) (Result, error)

// mostAligning bounds one alignment; one in which nobody moves anything ends much earlier.
const mostAligning = 6 * time.Hour

// Align is the command "dish align".
func Align() Command {
	return Command{Name: "dish align", Usage: "cmd.dish.align.usage", Help: "cmd.dish.align.help", Timeout: mostAligning, Talks: true, Run: align}
}

func align(ctx context.Context, env *Env, args []string) (Result, error) {
	var ask AlignAsk
	args, ask.Quiet = take(args, "-quiet")
	ask.JSON = env.json
	switch {
	case len(args) > 0:
		return Result{}, env.Misused("cmd.too_many", "got", args[0])
	case env.Align == nil:
		return Result{}, env.Failed("cmd.not_running")
	case env.Talk == nil:
		return Result{}, env.Failed("cmd.dish.align.no_talk")
	}
	return env.Align(ctx, env, ask)
}
