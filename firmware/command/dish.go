package command

import (
	"context"
	"strconv"
	"time"
)

// Survey is what a dish command was asked for.
type Survey struct {
	Kind    string            // "look", "field", "sun", "shadow", "outage", "boresight", "peak", "compass", "why" or "trend"
	Options map[string]string // as they were typed: lat, lon, height, sat, az, dish, freq, offset, log …
	At      time.Time         // zero: now
	Year    int               // 0: what comes next
	Days    bool              // each day of an outage
	Batch   string            // a CSV file, "-" the standard input; "" for none
}

// Surveyor answers the commands of the dish.
type Surveyor func(ctx context.Context, env *Env, s Survey) (Result, error)

// Years that the Sun is known for, exactly enough.
const (
	firstYear = 1950
	lastYear  = 2150
)

// surveys are the options of each command of the dish, besides the place and -batch.
func surveys() map[string][]string {
	return map[string][]string{
		"look":   {"sat", "dish", "freq", "offset", "at"},
		"field":  {"at"},
		"sun":    {"at"},
		"shadow": {"sat", "az", "at"},
		"outage": {"sat", "dish", "freq", "year"},

		"boresight": {"log", "id", "sat", "beam", "dish", "freq"},
		"peak":      {"log", "id", "beam", "dish", "freq", "el", "sat"},
		"compass":   {"log", "id", "decl", "total", "dip", "at"},
		"why":       {"log", "id", "band", "clear", "threshold", "sun"},
		"trend":     nil,
	}
}

// Dish returns the commands of the dish. Their surveyor is in the Env.
func Dish() []Command {
	var list []Command
	for _, kind := range []string{"look", "field", "sun", "shadow", "outage", "boresight", "peak", "compass", "why", "trend"} {
		usage, more := "cmd.dish."+kind+".usage", "cmd.dish."+kind+".more"
		if kind == "trend" { // by the log alone
			usage, more = "", ""
		}
		list = append(list, Command{Name: "dish " + kind, Usage: usage, Help: "cmd.dish." + kind + ".help", More: more,
			Offline: true, Timeout: longest, Run: func(ctx context.Context, env *Env, args []string) (Result, error) {
				return survey(ctx, env, kind, args)
			}})
	}
	return list
}

func survey(ctx context.Context, env *Env, kind string, args []string) (Result, error) {
	s := Survey{Kind: kind}
	if kind == "outage" {
		args, s.Days = take(args, "-days")
	}
	opt, rest, err := options(env, args, append(surveys()[kind], "lat", "lon", "height", "batch")...)
	switch {
	case err != nil:
		return Result{}, err
	case len(rest) > 0:
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	}
	s.Options, s.Batch = opt, opt["batch"]
	if opt["at"] != "" {
		if s.At, err = moment(env, opt["at"]); err != nil {
			return Result{}, err
		}
	}
	if y := opt["year"]; y != "" {
		if s.Year, err = strconv.Atoi(y); err != nil || s.Year < firstYear || s.Year > lastYear {
			return Result{}, env.Misused("cmd.dish.year", "got", y, "first", firstYear, "last", lastYear)
		}
	}
	logged := contains(surveys()[kind], "log")
	switch {
	case kind == "trend" && s.Batch != "":
		return Result{}, env.Misused("cmd.too_many", "got", "-batch")
	case logged && opt["log"] == "" && (kind != "why" || s.Batch != ""): // the station has a log of its own
		return Result{}, env.Misused("cmd.dish.no_log", "name", "dish "+kind)
	case opt["log"] == "-" && s.Batch == "-":
		return Result{}, env.Misused("cmd.dish.one_input")
	case s.Batch != "" && env.json:
		return Result{}, env.Misused("cmd.dish.batch_json")
	case env.Dish == nil || (s.Batch != "" || opt["log"] != "") && env.Out == nil:
		return Result{}, env.Failed("cmd.not_here")
	}
	return env.Dish(ctx, env, s)
}
