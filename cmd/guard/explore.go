package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	search "stationbox/firmware/power/explore"
)

// explore searches every state of the guard's core in its small worlds and
// prints what it found; the exit code is 0 when every invariant holds.
func explore(args []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("guard explore", flag.ContinueOnError)
	flags.SetOutput(errOut)
	list := flags.Bool("list", false, "only list the invariants")
	all := flags.Bool("all", false, "go on after the first broken invariant")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() > 0:
		fmt.Fprintf(errOut, "guard explore: %q: only flags are understood\n", flags.Arg(0))
		return exitUsage
	}
	for _, inv := range search.Invariants() {
		fmt.Fprintf(out, "%-4s %-22s %s\n", inv.ID, inv.Name, inv.Sentence)
	}
	if *list {
		return 0
	}
	most := 1
	if *all {
		most = 0
	}
	broken := 0
	for _, m := range search.Models() {
		begun := time.Now()
		r, err := search.Run(m, most)
		if err != nil {
			fmt.Fprintf(errOut, "guard explore: %s: %v\n", m.Name, err)
			return exitFailed
		}
		fmt.Fprintln(out)
		r.Print(out)
		fmt.Fprintf(out, "%.1f s\n", time.Since(begun).Seconds())
		broken += len(r.Violations)
	}
	if broken > 0 {
		return exitFailed
	}
	return 0
}
