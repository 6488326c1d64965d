// Command station runs a village station, and is its command line.
package main

import (
	"context"
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
)

// Set by the linker: what this is, and when its source was last changed.
var version, built = "unknown", ""

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run reads the flags that stand before the command and after run.
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
		if len(cfg.Panel.Expander) > 0 || cfg.Dish.Compass.Bus != "" {
			if err := buses(); err != nil {
				log.Error("buses", "err", err)
			}
		}
		opts := station.Opts{Version: version, Log: log, Now: time.Now}
		opts.Built, _ = time.Parse(time.RFC3339, built)
		if st, err = station.New(cfg, opts); err == nil {
			err = st.Run(ctx)
		}
	}
	return told(err, lang, errs)
}
