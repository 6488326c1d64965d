// Command simstation is a simulated village around the real guard and station:
// it raises emulated devices on ptys, a TCP port and pins, starts the two
// programs with a configuration that names them, plays a scenario, and serves a
// bench page. It needs no hardware and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"stationbox/cmd/simstation/internal/village"
)

// version is set by the build.
var version = "unknown"

// Exit codes.
const (
	exitFailed = 1 // the village could not be raised, or something was not as expected
	exitUsage  = 2
)

func main() {
	// The world runs in real time: its goroutines must not wait for a processor
	// of ours, only for one of the machine.
	runtime.GOMAXPROCS(max(8, runtime.NumCPU()))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	village.Hurry()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	o, err := parse(args, errOut)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(errOut, "simstation:", err)
		return exitUsage
	case o.version:
		fmt.Fprintln(out, "simstation", version)
		return 0
	}
	do := o.play
	switch {
	case o.faults.N > 0:
		do = o.harm
	case o.starts.N > 0:
		do = o.begin
	case o.compare.N > 0:
		do = o.measure
	}
	ok, err := do(ctx, out)
	if err != nil {
		fmt.Fprintln(errOut, "simstation:", err)
	}
	if err != nil || !ok {
		return exitFailed
	}
	return 0
}
