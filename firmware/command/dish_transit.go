package command

import (
	"context"
	"strconv"
)

// DishTransit returns the command that tells where the dish points, by the station's own
// log of the days on which the Sun passed behind the satellite. Its surveyor is in the Env
// and is asked for the kind "transit"; the option season is "spring", "autumn" or not there.
func DishTransit() Command {
	return Command{Name: "dish transit", Usage: "cmd.dish.transit.usage", Help: "cmd.dish.transit.help", Offline: true, Timeout: longest, Run: transit}
}

func transit(ctx context.Context, env *Env, args []string) (Result, error) {
	opt, rest, err := options(env, args, "season", "year")
	switch {
	case err != nil:
		return Result{}, err
	case len(rest) > 0:
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	case opt["season"] != "" && opt["season"] != "spring" && opt["season"] != "autumn":
		return Result{}, env.Misused("cmd.dish.transit.season", "got", opt["season"])
	case env.Dish == nil:
		return Result{}, env.Failed("cmd.not_here")
	}
	s := Survey{Kind: "transit", Options: opt}
	if y := opt["year"]; y != "" {
		if s.Year, err = strconv.Atoi(y); err != nil || s.Year < firstYear || s.Year > lastYear {
			return Result{}, env.Misused("cmd.dish.year", "got", y, "first", firstYear, "last", lastYear)
		}
	}
	return env.Dish(ctx, env, s)
}
