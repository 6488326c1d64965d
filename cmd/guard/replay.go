package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stationbox/cmd/guard/internal/page"
	"stationbox/cmd/guard/internal/recording"
	"stationbox/firmware/config"
	"stationbox/firmware/power"
	"stationbox/firmware/text"
)

// replayUsage is the head of the help.
const replayUsage = `usage: guard replay [flags] FILE

Plays a recorded mains wave (WAV of one channel and 16 bits, or COMTRADE) through
the guard's own samplers, detectors and curve, and prints one line of JSON for
each event, or with -explain a sentence. With -page it also writes the page of
each event that "guard report" would. It drives nothing. The loads of the
configuration are left out.

`

// said is one line of a replay.
type said struct {
	T       float64 `json:"t"` // seconds since the first sample
	Event   string  `json:"event"`
	Cause   string  `json:"cause,omitempty"`
	Volts   float64 `json:"volts"`
	Lasted  float64 `json:"lasted,omitempty"` // seconds
	Ongoing bool    `json:"ongoing,omitempty"`
}

// replayArgs are what a replay is asked for.
type replayArgs struct {
	path, config  string
	full          int
	rate          float64
	cold, explain bool
	pages         string // folder, "" for none
	lang          string
}

// replay is the command of that name.
func replay(args []string, out, errs io.Writer) int {
	var a replayArgs
	flags := flag.NewFlagSet("guard replay", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() { fmt.Fprint(errs, replayUsage); flags.PrintDefaults() }
	flags.Float64Var(&a.rate, "rate", 0, "samples a second of the recording; `0`: what the file says")
	flags.IntVar(&a.full, "full-scale", 0, "peak `volts` that sample 32768 stands for (default: of the configuration, or 800)")
	flags.StringVar(&a.config, "config", "", "take the limits from this configuration `file`; else the defaults")
	flags.BoolVar(&a.cold, "cold", false, "begin as at boot, not with the contactor closed")
	flags.BoolVar(&a.explain, "explain", false, "tell the events in sentences")
	flags.StringVar(&a.pages, "page", "", "write a page of each event into this `folder`")
	flags.StringVar(&a.lang, "lang", language(), "`language` of sentences and pages: zh or en")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() != 1:
		fmt.Fprintln(errs, "guard replay: exactly one recording must be named")
		flags.Usage()
		return exitUsage
	case a.full < 0 || a.full > 100_000 || a.rate < 0:
		fmt.Fprintln(errs, "guard replay: -full-scale goes from 1 to 100000 volts, -rate is no negative number")
		return exitUsage
	case a.lang != "zh" && a.lang != "en":
		fmt.Fprintln(errs, "guard replay: -lang is zh or en")
		return exitUsage
	}
	a.path = flags.Arg(0)
	if err := a.run(out); err != nil {
		fmt.Fprintln(errs, explain(fmt.Errorf("replay: %w", err)))
		return exitFailed
	}
	return 0
}

// run plays the recording and prints what happened.
func (a *replayArgs) run(out io.Writer) error {
	var s power.Settings
	if a.config != "" {
		cfg, err := config.Load(a.config)
		if err != nil {
			return err
		}
		s = settings(cfg)
		s.Loads, s.Slot = nil, cfg.Guard.Slot.D() // a replay draws no lots
		a.full = cmp.Or(a.full, cfg.Mains.FullScale)
	}
	a.full = cmp.Or(a.full, 800)
	e, err := power.NewEvidence(s, a.full, a.cold, time.Unix(0, 0))
	if err != nil {
		return err
	}
	wave, err := recording.Load(a.path, a.full, a.rate)
	if err != nil {
		return err
	}
	told, records := play(e, wave.Samples)
	if err := a.print(out, e, told); err != nil || a.pages == "" {
		return err
	}
	if err := os.MkdirAll(a.pages, 0o755); err != nil {
		return err
	}
	base := filepath.Base(a.path)
	for i, r := range records {
		sheet := page.Sheet{Recording: base, Epoch: time.Unix(0, 0)}
		name := fmt.Sprintf("%s-%03d.html", strings.TrimSuffix(base, filepath.Ext(base)), i+1)
		if err := os.WriteFile(filepath.Join(a.pages, name), page.Render(r, sheet, text.New(a.lang)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// print prints JSON or sentences.
func (a *replayArgs) print(out io.Writer, e *power.Evidence, told []power.Told) error {
	enc, cat := json.NewEncoder(out), text.New(a.lang)
	for i, h := range told {
		if !a.explain {
			if err := enc.Encode(spoken(h.Happened)); err != nil {
				return err
			}
			continue
		}
		brief := i > 0 && told[i-1].Next == h.Next && told[i-1].At == h.At
		_, err := fmt.Fprintln(out, page.Sentence(cat, page.Story{
			At: page.Since(cat, h.At), Kind: h.Kind.String(), Cause: h.Cause.Word(), MV: int64(h.MV),
			Lasted: h.Lasted, Ongoing: h.Ongoing, Next: h.Next, Limits: e.Limits(), Brief: brief,
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// play puts samples through the guard in frames of the front end; what fills no
// whole frame at the end is left out.
func play(e *power.Evidence, samples []int16) ([]power.Told, []*power.Record) {
	var f power.Frame
	for f.Value = power.SlowInvalid; len(samples) >= power.FrameSamples; samples = samples[power.FrameSamples:] {
		copy(f.Samples[:], samples)
		e.Frame(&f)
	}
	return e.Finish()
}

func spoken(h power.Happened) said {
	return said{
		T: round(h.At.Seconds(), 10000), Event: h.Kind.String(), Cause: h.Cause.Word(),
		Volts: round(float64(h.MV)/1000, 10), Lasted: round(h.Lasted.Seconds(), 10000), Ongoing: h.Ongoing,
	}
}

func round(v, steps float64) float64 { return math.Round(v*steps) / steps }
