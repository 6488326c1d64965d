package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stationbox/cmd/simstation/internal/bench"
	"stationbox/cmd/simstation/internal/compare"
	"stationbox/cmd/simstation/internal/faults"
	"stationbox/cmd/simstation/internal/report"
	"stationbox/cmd/simstation/internal/starts"
	"stationbox/cmd/simstation/internal/village"
	"stationbox/cmd/simstation/scenarios"
	"stationbox/hal/sim/eye"
	"stationbox/hal/sim/scenario"
)

// options are the command line, read.
type options struct {
	village village.Opts
	script  string
	listen  string
	report  string
	exit    bool
	quiet   bool
	version bool
	faults  faults.Opts
	starts  starts.Opts
	compare compare.Opts
	control string
	errOut  io.Writer
}

func parse(args []string, errOut io.Writer) (*options, error) {
	o := &options{errOut: errOut}
	fl := flag.NewFlagSet("simstation", flag.ContinueOnError)
	fl.SetOutput(errOut)
	fl.StringVar(&o.script, "scenario", "village", "a script `FILE`, or one of: "+strings.Join(scenarios.Names(), " "))
	fl.BoolVar(&o.exit, "exit", false, "end with the script; the exit code says whether all was as expected")
	fl.StringVar(&o.report, "report", "", "write what came of it to this `FILE` (JSON)")
	fl.StringVar(&o.listen, "listen", "127.0.0.1:0", "`ADDRESS` of the bench page; \"\" for none")
	fl.StringVar(&o.village.Dir, "dir", "", "`FOLDER` of the run, kept; default: a temporary one")
	fl.BoolVar(&o.village.Keep, "keep", false, "keep the temporary folder")
	fl.Int64Var(&o.village.Seed, "seed", 0, "randomness of the world; default: the script's")
	fl.StringVar(&o.village.Language, "lang", "zh", "language of the station: zh or en")
	fl.StringVar(&o.village.Sound, "sound", "", "sound device `NAME` of this machine for bell and prompts; default: none")
	fl.StringVar(&o.village.Cache, "cache", ".cache", "`FOLDER` where clips and prompts are kept")
	fl.StringVar(&o.village.Bin, "bin", beside(""), "`FOLDER` of guard and station")
	fl.StringVar(&o.village.Media, "media", mediaFolder(), "`FOLDER` of make-lesson.sh and make-prompts.sh")
	fl.BoolVar(&o.quiet, "quiet", false, "say only what is wrong")
	fl.IntVar(&o.faults.N, "faults", 0, "instead of a scenario, do harm to the real guard `N` times and judge it")
	fl.IntVar(&o.faults.Villages, "villages", 4, "with -faults: how many villages at the same time")
	fl.StringVar(&o.faults.Only, "only", "", "with -faults: only this `KIND`: "+strings.Join(faults.Kinds(), " "))
	fl.IntVar(&o.faults.Village, "village", 0, "with -faults: all villages of this `TYPE`, 1 to 4 (how long the drive holds, with a lamp or without); 0: in turn")
	fl.IntVar(&o.starts.N, "starts", 0, "instead of a scenario, give short lessons in a row and judge `N` starts from the pixels, every second one under load")
	fl.IntVar(&o.compare.N, "compare", 0, "instead of a scenario, judge `N` starts and transitions of our player from the pixels, beside mpv, cvlc and gst-play-1.0")
	fl.IntVar(&o.compare.Each, "rivals", 0, "with -compare: only `N` starts and transitions of each of the others; 0: as many as of ours")
	fl.BoolVar(&o.compare.Load, "load", false, "with -compare: while one program syncs to the disk and one never rests")
	fl.StringVar(&o.control, "control", "", "make the real thing fail, so that violations must be found; with -faults: "+
		strings.Join(faults.Controls(), " ")+"; with -starts: "+strings.Join(starts.Controls(), " "))
	fl.BoolVar(&o.version, "version", false, "say the version and end")
	if err := fl.Parse(args); err != nil {
		return nil, err
	}
	if fl.NArg() > 0 {
		return nil, fmt.Errorf("unknown word %q: all options begin with a dash", fl.Arg(0))
	}
	if o.village.Language != "zh" && o.village.Language != "en" {
		return nil, fmt.Errorf("-lang %s: zh or en", o.village.Language)
	}
	o.faults.Control, o.starts.Control = o.control, o.control
	campaigns, err := o.campaigns()
	if err != nil || o.version || campaigns > 0 {
		return o, err
	}
	return o, o.readScript()
}

// campaigns counts what is to be done instead of a scenario: one thing at most.
func (o *options) campaigns() (int, error) {
	n := 0
	for _, wanted := range []int{o.faults.N, o.starts.N, o.compare.N} {
		if wanted > 0 {
			n++
		}
		if wanted < 0 || n > 1 {
			return 0, errors.New("-faults, -starts and -compare: one of them, with a number above 0")
		}
	}
	return n, nil
}

// beside returns a path relative to the folder of this program.
func beside(path string) string {
	self, err := os.Executable()
	if err != nil {
		return path
	}
	return filepath.Join(filepath.Dir(self), path)
}

// mediaFolder finds the media scripts in the current folder, or in the one
// above the program.
func mediaFolder() string {
	here := filepath.Join("media", "lesson")
	if _, err := os.Stat(here); err == nil {
		return here
	}
	return beside(filepath.Join("..", here))
}

// readScript reads a script that comes with the program, or a file.
func (o *options) readScript() error {
	var f fs.File
	f, err := scenarios.Open(o.script)
	if err != nil {
		f, err = os.Open(o.script)
	}
	if err != nil {
		return fmt.Errorf("scenario %s: there is no such file, and none of that name comes with the program (%s)",
			o.script, strings.Join(scenarios.Names(), " "))
	}
	defer f.Close()
	script, err := scenario.Parse(f)
	if err != nil {
		return fmt.Errorf("scenario %s:\n%w", o.script, err)
	}
	if o.exit && script.End == 0 {
		return errors.New("-exit: this scenario has no end; give it a line such as: end 08:11:30")
	}
	o.village.Script = script
	o.village.Name = strings.TrimSuffix(filepath.Base(o.script), ".txt")
	return nil
}

// play raises the village, lets the script run and reports. ok is false when
// an expectation was not met.
func (o *options) play(ctx context.Context, out io.Writer) (ok bool, err error) {
	level := slog.LevelInfo
	if o.quiet {
		level = slog.LevelWarn
	}
	log := slog.New(slog.NewTextHandler(o.errOut, &slog.HandlerOptions{Level: level}))
	o.village.Log, o.village.Page = log, !o.exit
	v, err := village.Raise(ctx, o.village)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if o.listen != "" {
		page, err := bench.Serve(o.listen, v, log)
		if err != nil {
			return false, err
		}
		defer page.Close()
		fmt.Fprintf(out, "村站台架 bench page: %s\n", page.URL())
		if url, pin := v.Page(); url != "" {
			fmt.Fprintf(out, "管理员网页 the administrator's page: %s  PIN %s\n", url, pin)
		}
	}
	err = v.Play(ctx)
	if err == nil && !o.exit {
		select {
		case <-ctx.Done():
		case <-v.Done():
		}
	}
	r := v.Report()
	if o.report != "" {
		err = errors.Join(err, r.Write(o.report))
	}
	if ctx.Err() != nil && !o.exit {
		return true, nil // somebody had enough: that is how it is to end
	}
	if !o.quiet {
		show(out, v.Photos())
	}
	return verdict(out, r), err
}

// harm does fault injections instead of a scenario.
func (o *options) harm(ctx context.Context, out io.Writer) (ok bool, err error) {
	f := o.faults
	f.Seed, f.Bin, f.Dir, f.Out, f.Now = uint64(max(o.village.Seed, 0)), o.village.Bin, o.village.Dir, out, time.Now
	r, err := faults.Run(ctx, f)
	if err != nil {
		return false, err
	}
	return o.conclude(r, nil, out)
}

// show prints the photos for whoever reads a log: where each is, and what is on
// it.
func show(out io.Writer, photos []village.Photo) {
	for _, p := range photos {
		frame := "no frame of a lesson"
		if p.Frame >= 0 {
			frame = fmt.Sprint("frame ", p.Frame)
		}
		fmt.Fprintf(out, "photo %s (%s): %s, brightness %.0f, contrast %.1f: %s\n", p.Name, p.Of, frame, p.Tone.Mean, p.Tone.Spread, p.File)
		if p.Tone.Blank() {
			fmt.Fprintln(out, "  (nothing to be seen)")
			continue
		}
		for _, line := range eye.Sketch(p.Picture) {
			fmt.Fprintf(out, "  |%s|\n", line)
		}
	}
}

// begin gives lessons in a row and judges their starts.
func (o *options) begin(ctx context.Context, out io.Writer) (ok bool, err error) {
	s := o.starts
	s.Village, s.Out, s.Now = o.village, out, time.Now
	s.Village.Log = slog.New(slog.NewTextHandler(o.errOut, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r, err := starts.Run(ctx, s)
	if r == nil {
		return false, err
	}
	return o.conclude(r, err, out)
}

// measure compares our player with others.
func (o *options) measure(ctx context.Context, out io.Writer) (ok bool, err error) {
	c := o.compare
	c.Dir, c.Keep, c.Out, c.Now = o.village.Dir, o.village.Keep, out, time.Now
	r, err := compare.Run(ctx, c)
	if r == nil {
		return false, err
	}
	return o.conclude(r, err, out)
}

// outcome is what a campaign found.
type outcome interface {
	Print(out io.Writer)
	Write(file string) error
	OK() bool
}

// conclude prints the outcome of a campaign that may have been broken off by err,
// and writes it down.
func (o *options) conclude(r outcome, err error, out io.Writer) (bool, error) {
	r.Print(out)
	if o.report != "" {
		err = errors.Join(err, r.Write(o.report))
	}
	return r.OK(), err
}

// verdict tells what was not as expected.
func verdict(out io.Writer, r *report.Report) bool {
	for _, f := range r.Failed {
		fmt.Fprintln(out, "FAIL", f)
	}
	late := "no picture"
	if r.FirstFrameErrorMS != nil {
		late = fmt.Sprintf("first frame %+.1f ms", *r.FirstFrameErrorMS)
	}
	fmt.Fprintf(out, "%s: %s, played %.1f s, presses %d made %d acknowledged %d recorded, trips %d, cool-down complete %v, hot cuts %d, world stalls %.0f ms\n",
		r.Scenario, late, r.PlayedS, r.PressesMade, r.PressesAcknowledged, r.PressesRecorded, r.Trips, r.CooldownComplete, r.HotCuts, r.WorldStallMS)
	return len(r.Failed) == 0
}
