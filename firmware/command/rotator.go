package command

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Heading is where the dish is to be turned: to a satellite or to a direction.
type Heading struct {
	Satellite string  // a name or a position, "115.5E"; "" is a direction, or the satellite of the configuration
	Direction bool    // Azimuth and Elevation count
	Azimuth   float64 // degrees, true
	Elevation float64
	Sure      bool // nobody stands near the dish: -yes
}

// Turner turns the dish by its motors. Each method is the command of its name.
type Turner interface {
	Turn(ctx context.Context, env *Env, h Heading) (Result, error)
	Peak(ctx context.Context, env *Env, h Heading) (Result, error)
	Park(ctx context.Context, env *Env, sure bool) (Result, error)
	Stop(ctx context.Context, env *Env) (Result, error)
}

// A move takes minutes, a scan has thirteen of them.
const (
	turnTime = 35 * time.Minute
	peakTime = 2 * time.Hour
)

// Motors returns the commands that move the dish; t does them.
func Motors(t Turner) []Command {
	return []Command{
		{Name: "dish turn", Usage: "cmd.dish.turn.usage", Help: "cmd.dish.turn.help", Timeout: turnTime, Run: func(ctx context.Context, env *Env, args []string) (Result, error) {
			args, sure := take(args, "-yes")
			h, err := heading(env, args)
			if err != nil {
				return Result{}, err
			}
			if !h.Direction && h.Satellite == "" {
				return Result{}, env.Misused("cmd.dish.turn.where")
			}
			h.Sure = sure
			return t.Turn(ctx, env, h)
		}},
		{Name: "dish peak live", Usage: "cmd.dish.peak_live.usage", Help: "cmd.dish.peak_live.help", Timeout: peakTime, Run: func(ctx context.Context, env *Env, args []string) (Result, error) {
			args, sure := take(args, "-yes")
			h := Heading{Satellite: strings.Join(args, " "), Sure: sure}
			if strings.HasPrefix(h.Satellite, "-") {
				return Result{}, env.Misused("cmd.no_option", "got", args[0])
			}
			return t.Peak(ctx, env, h)
		}},
		{Name: "dish park", Usage: "cmd.dish.park.usage", Help: "cmd.dish.park.help", Timeout: turnTime, Run: func(ctx context.Context, env *Env, args []string) (Result, error) {
			args, sure := take(args, "-yes")
			if len(args) > 0 {
				return Result{}, env.Misused("cmd.too_many", "got", args[0])
			}
			return t.Park(ctx, env, sure)
		}},
		{Name: "dish stop", Help: "cmd.dish.stop.help", Run: func(ctx context.Context, env *Env, args []string) (Result, error) {
			if len(args) > 0 {
				return Result{}, env.Misused("cmd.too_many", "got", args[0])
			}
			return t.Stop(ctx, env)
		}},
	}
}

// heading reads "196.7 42.5", "ChinaSat 6B" or "115.5E". Two numbers are a direction.
func heading(env *Env, args []string) (Heading, error) {
	h := Heading{Satellite: strings.Join(args, " ")}
	if len(args) == 0 {
		return h, nil
	}
	az, errA := strconv.ParseFloat(args[0], 64)
	switch {
	case errA != nil && strings.HasPrefix(args[0], "-"):
		return h, env.Misused("cmd.no_option", "got", args[0])
	case errA != nil:
		return h, nil
	case len(args) == 1:
		return h, env.Misused("cmd.dish.turn.where")
	case len(args) > 2:
		return h, env.Misused("cmd.too_many", "got", args[2])
	}
	el, err := strconv.ParseFloat(args[1], 64)
	if err != nil || !(az >= -360 && az <= 720) || !(el >= -90 && el <= 180) {
		return h, env.Misused("cmd.dish.turn.where")
	}
	return Heading{Direction: true, Azimuth: az, Elevation: el}, nil
}
