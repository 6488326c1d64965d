package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stationbox/cmd/guard/internal/page"
	"stationbox/firmware/config"
	"stationbox/firmware/power"
	"stationbox/firmware/text"
)

// reportUsage is the head of the help.
const reportUsage = `usage: guard report [flags] [FILE.json …]

Without a file and without -last, lists the power events that the guard has kept,
the newest last. With -last N, or with files, writes a page of each event: one
sheet of A4 that any browser shows and prints, with the voltage around the event.

`

// maxEventFile is more than any event of the guard has.
const maxEventFile = 64 << 10

// reportArgs are what a report is asked for.
type reportArgs struct {
	config, lang, out string
	last              int
	files             []string
	cfg               *config.Config // nil: no configuration, only files
}

// reportEvents is the command "report".
func reportEvents(args []string, out, errs io.Writer) int {
	var a reportArgs
	flags := flag.NewFlagSet("guard report", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() { fmt.Fprint(errs, reportUsage); flags.PrintDefaults() }
	flags.StringVar(&a.config, "config", "/etc/stationbox/station.toml", "configuration `file`: the station's name, and where its events are")
	flags.StringVar(&a.lang, "lang", "zh", "`language`: zh or en")
	flags.StringVar(&a.out, "out", ".", "`folder` of the pages")
	flags.IntVar(&a.last, "last", 0, "write pages of the last `N` events")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case a.lang != "zh" && a.lang != "en":
		fmt.Fprintln(errs, "guard report: -lang is zh or en")
		return exitUsage
	case a.last < 0 || a.last > 0 && flags.NArg() > 0:
		fmt.Fprintln(errs, "guard report: either -last with a positive number, or files")
		return exitUsage
	}
	a.files = flags.Args()
	if err := a.run(out); err != nil {
		fmt.Fprintln(errs, explain(fmt.Errorf("report: %w", err)))
		return exitFailed
	}
	return 0
}

// run lists or writes. A file needs no configuration; then the page does not
// name the station.
func (a *reportArgs) run(out io.Writer) error {
	cfg, err := config.Load(a.config)
	if err != nil && len(a.files) == 0 {
		return err
	}
	if err == nil {
		a.cfg = cfg
	}
	pages := len(a.files) > 0 || a.last > 0
	if len(a.files) == 0 {
		if a.files, err = filepath.Glob(filepath.Join(cfg.Station.StateDir, "events", "*.json")); err != nil {
			return err
		}
	}
	if a.last > 0 {
		a.files = a.files[max(0, len(a.files)-a.last):]
	}
	if len(a.files) == 0 {
		_, err := fmt.Fprintln(out, text.New(a.lang).Say("guard.report.none"))
		return err
	}
	return a.each(out, pages)
}

// each goes over the files. One that is damaged does not keep the others back.
func (a *reportArgs) each(out io.Writer, pages bool) error {
	var errs error
	for _, file := range a.files {
		r, err := readEvent(file)
		if err == nil && pages {
			err = a.write(out, file, r)
		} else if err == nil {
			err = a.list(out, file, r)
		}
		errs = errors.Join(errs, err)
	}
	return errs
}

// readEvent reads one file of the guard.
func readEvent(file string) (*power.Record, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxEventFile+1))
	if err != nil {
		return nil, err
	}
	r, err := power.ParseRecord(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	return r, nil
}

func (a *reportArgs) list(out io.Writer, file string, r *power.Record) error {
	at := r.Wall.In(a.zone()).Format(time.DateTime)
	_, err := fmt.Fprintf(out, "%s  %s  %s\n", at, page.Title(r, text.New(a.lang)), filepath.Base(file))
	return err
}

func (a *reportArgs) write(out io.Writer, file string, r *power.Record) error {
	if err := os.MkdirAll(a.out, 0o755); err != nil {
		return err
	}
	s := page.Sheet{Zone: a.zone()}
	if a.cfg != nil {
		s.Station, s.ID = a.cfg.Station.Name, a.cfg.Station.ID
	}
	name := filepath.Join(a.out, strings.TrimSuffix(filepath.Base(file), ".json")+".html")
	if err := os.WriteFile(name, page.Render(r, s, text.New(a.lang)), 0o644); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, name)
	return err
}

func (a *reportArgs) zone() *time.Location {
	if a.cfg == nil {
		return time.UTC
	}
	return a.cfg.Location()
}
