package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"periph.io/x/conn/v3/driver/driverreg"
	_ "periph.io/x/host/v3/gpioioctl" // sysfs does not load without it
	_ "periph.io/x/host/v3/sysfs"     // the kernel's own interfaces, safe on every board

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/station"
	"stationbox/firmware/text"
)

// needsNothing says whether a command works without the station's configuration.
func needsNothing(name string) bool {
	return name == "help" || name == "check" || name == "rehearse" || name == "devices" || name == "register verify"
}

// standsAlone says whether a dish command is answered without the configuration: when
// it says everything itself, and when there is none.
func standsAlone(name, file string, args []string) bool {
	if !strings.HasPrefix(name, "dish ") || name == "dish align" {
		return false
	}
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist) || slices.ContainsFunc(args, func(a string) bool {
		option, _, _ := strings.Cut(strings.TrimLeft(a, "-"), "=")
		return strings.HasPrefix(a, "-") && (option == "batch" || option == "lat" || option == "h" || option == "help")
	})
}

// buses finds the buses that the kernel offers, for i2creg; nothing by raw registers.
func buses() error {
	_, err := driverreg.Init()
	return err
}

// ask runs one command: here when files are enough, else in the running station.
func ask(file, lang string, args []string, out, errs io.Writer) int {
	if args[0] == "devices" {
		if err := buses(); err != nil {
			return told(err, lang, errs)
		}
	}
	cfg, cfgErr := config.Load(file)
	table := station.Commands()
	c, _, found := table.Find(args)
	env, err := station.FileEnv(cfg, lang, time.Now)
	if err != nil {
		return told(err, lang, errs)
	}
	env.Tell = teller(errs)
	env.In, env.Out, env.Errs = os.Stdin, out, errs
	var r command.Reply
	switch {
	case !found || needsNothing(c.Name) || standsAlone(c.Name, file, args) || c.Offline && cfgErr == nil:
		r = command.Answer(context.Background(), table, env, args)
	case cfgErr != nil:
		return told(cfgErr, lang, errs)
	case c.Talks:
		r, err = converse(cfg.CommandSocket(), lang, env.Text, args, out)
	default:
		r, err = command.Call(context.Background(), cfg.CommandSocket(), command.Request{V: 1, Args: whole(c.Name, args), Lang: lang, By: "shell"})
		if errors.Is(err, command.ErrNoStation) {
			r, err = command.Answer(context.Background(), table, env, args), nil
		}
	}
	if env.Tell != nil {
		env.Tell("")
	}
	if err != nil {
		return told(err, lang, errs)
	}
	if r.Code != command.CodeOK {
		out = errs
	}
	fmt.Fprint(out, r.Text)
	return r.Code
}

// whole makes the files that a command names whole paths: the running station stands in
// another folder than who asks.
func whole(name string, args []string) []string {
	if name != "roster import" && name != "roster export" && name != "notice add" {
		return args
	}
	args = slices.Clone(args)
	for i, a := range args {
		_, err := os.Stat(a)
		named := i == 2 || i == len(args)-1 && !strings.HasPrefix(args[i-1], "-") // also one that is not there
		if path, bad := filepath.Abs(a); bad == nil && i > 1 && !strings.HasPrefix(a, "-") && (err == nil || named) {
			args[i] = path
		}
	}
	return args
}

// teller shows how far a command is on a terminal, a line in place of the one
// before; elsewhere nobody watches.
func teller(errs io.Writer) func(string) {
	if f, ok := errs.(*os.File); !ok || !isTerminal(f) {
		return nil
	}
	shown := false
	return func(line string) {
		if line != "" || shown {
			fmt.Fprint(errs, "\r\x1b[K"+line)
		}
		shown = line != ""
	}
}

// told prints err, if any, and returns the exit code. Mistakes of the
// configuration are told in the language of who asks.
func told(err error, lang string, errs io.Writer) int {
	var bad *config.Invalid
	switch {
	case err == nil:
		return command.CodeOK
	case errors.As(err, &bad):
		fmt.Fprintln(errs, bad.In(text.New(lang)))
	default:
		fmt.Fprintln(errs, "station:", err)
	}
	return command.CodeFailed
}
