// Command station runs a village station, and is its command line.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/station"
	"stationbox/firmware/text"
)

var version = "unknown" // set by the linker

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run reads the flags that stand before the command and, for run, after it.
func run(args []string, out, errs io.Writer) int {
	f := flag.NewFlagSet("station", flag.ContinueOnError)
	f.SetOutput(errs)
	file := f.String("config", "/etc/stationbox/station.toml", "configuration `file`")
	lang := f.String("lang", "", "language, zh or en; the configuration's without")
	if f.Parse(args) != nil {
		return command.CodeUsage
	}
	args = f.Args()
	if len(args) == 0 {
		args = []string{"help"}
	}
	switch args[0] {
	case "version":
		fmt.Fprintln(out, version)
		return command.CodeOK
	case "run":
		if f.Parse(args[1:]) != nil {
			return command.CodeUsage
		}
		return serve(*file, *lang, errs)
	}
	return ask(*file, *lang, args, out, errs)
}

// serve is the station program proper; it ends by signal.
func serve(file, lang string, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(file)
	if err == nil {
		var st *station.Station
		log := slog.New(slog.NewTextHandler(errs, nil))
		if st, err = station.New(cfg, station.Opts{Version: version, Log: log, Now: time.Now}); err == nil {
			err = st.Run(ctx)
		}
	}
	return told(err, lang, errs)
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
