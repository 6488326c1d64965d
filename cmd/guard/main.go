// Command guard is the power guard of a station: its own process with real-time
// priority, no cgo and no network. It reads the mains, owns the contactor and
// the load relays, and tells the station what it does over a Unix socket. It
// goes on when the station dies; when it dies itself the hardware opens.
//
// guard explore searches every state of its core, guard replay explains a
// recording, guard report makes pages of past events; none touches a device.
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
)

// version is set by the build.
var version = "unknown"

// Exit codes.
const (
	exitFailed  = 1 // configuration or a device
	exitUsage   = 2
	exitRunning = 3 // another guard holds the lock
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "explore":
			return explore(args[1:], out, errOut)
		case "replay":
			return replay(args[1:], out, errOut)
		case "report":
			return reportEvents(args[1:], out, errOut)
		}
	}
	flags := flag.NewFlagSet("guard", flag.ContinueOnError)
	flags.SetOutput(errOut)
	file := flags.String("config", "/etc/stationbox/station.toml", "configuration `file`")
	show := flags.Bool("version", false, "print the version and end")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(errOut, "guard: %q: only flags are understood\n", flags.Arg(0))
		return exitUsage
	case *show:
		fmt.Fprintln(out, "guard", version)
		return 0
	}
	log := slog.New(slog.NewTextHandler(errOut, nil))
	err := guard(ctx, *file, log)
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(errOut, explain(err))
	if errors.Is(err, errRunning) {
		return exitRunning
	}
	return exitFailed
}
