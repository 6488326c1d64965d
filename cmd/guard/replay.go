package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"

	"stationbox/cmd/guard/internal/recording"
	"stationbox/firmware/config"
	"stationbox/firmware/power"
)

// replayUsage is the head of the help.
const replayUsage = `usage: guard replay [flags] FILE

Plays a recorded mains wave (WAV of one channel and 16 bits, or COMTRADE) through
the guard's own samplers, detectors and curve, and prints one line of JSON for
each event. It drives nothing. The loads of the configuration are left out.

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

// replay is the command of that name.
func replay(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("guard replay", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.Usage = func() { fmt.Fprint(errs, replayUsage); flags.PrintDefaults() }
	rate := flags.Float64("rate", 0, "samples a second of the recording; `0`: what the file says")
	full := flags.Int("full-scale", 0, "peak `volts` that sample 32768 stands for (default: of the configuration, or 800)")
	file := flags.String("config", "", "take the limits from this configuration `file`; else the defaults")
	cold := flags.Bool("cold", false, "begin as at boot, not with the contactor closed")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() != 1:
		fmt.Fprintln(errs, "guard replay: exactly one recording must be named")
		flags.Usage()
		return exitUsage
	case *full < 0 || *full > 100_000 || *rate < 0:
		fmt.Fprintln(errs, "guard replay: -full-scale goes from 1 to 100000 volts, -rate is no negative number")
		return exitUsage
	}
	if err := replayFile(flags.Arg(0), *file, *full, *rate, *cold, out); err != nil {
		fmt.Fprintln(errs, explain(fmt.Errorf("replay: %w", err)))
		return exitFailed
	}
	return 0
}

// replayFile plays one recording.
func replayFile(path, cfgFile string, full int, rate float64, cold bool, out io.Writer) error {
	var s power.Settings
	if cfgFile != "" {
		cfg, err := config.Load(cfgFile)
		if err != nil {
			return err
		}
		s, s.Loads = settings(cfg), nil
		if full == 0 {
			full = cfg.Mains.FullScale
		}
	}
	if full == 0 {
		full = 800
	}
	plan, err := power.NewPlan(s)
	if err != nil {
		return err
	}
	wave, err := recording.Load(path, full, rate)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	for _, h := range play(plan, full, cold, wave.Samples) {
		if err := enc.Encode(spoken(h)); err != nil {
			return err
		}
	}
	return nil
}

// play puts samples through the guard in frames of the front end; what fills no
// whole frame at the end is left out.
func play(plan *power.Plan, full int, cold bool, samples []int16) []power.Happened {
	r := power.NewReplay(plan, full, cold)
	var f power.Frame
	for f.Value = power.SlowInvalid; len(samples) >= power.FrameSamples; samples = samples[power.FrameSamples:] {
		copy(f.Samples[:], samples)
		r.Frame(&f)
	}
	return r.Finish()
}

func spoken(h power.Happened) said {
	return said{
		T: round(h.At.Seconds(), 10000), Event: h.Kind.String(), Cause: h.Cause.Word(),
		Volts: round(float64(h.MV)/1000, 10), Lasted: round(h.Lasted.Seconds(), 10000), Ongoing: h.Ongoing,
	}
}

func round(v, steps float64) float64 { return math.Round(v*steps) / steps }
