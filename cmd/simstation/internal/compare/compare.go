// Package compare lets the station's player and other programs show the same
// films in turn and measures from the pixels how they start and what is between
// one film and the next: the player with a film held on the screen before its
// time, mpv, cvlc and gst-play-1.0 as new processes at that time, and all of them
// with several films in a row.
//
// Each has a screen of its own of the size of the films. The eye looks at it every
// half a millisecond; no player is asked what it shows. What stands for less than two
// looks is not seen.
package compare

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"time"

	"stationbox/cmd/simstation/internal/machine"
	"stationbox/hal/sim/eye"
)

// Opts say how much is compared. N, Out and Now are required.
type Opts struct {
	N    int    // starts of ours, and transitions; at most Most
	Each int    // of each of the others, spread over the run; 0, or more than N: N
	Load bool   // while another program writes and one never rests
	Dir  string // of films, logs and pictures, kept; "": a temporary one
	Keep bool   // keep the temporary one too
	Out  io.Writer
	Now  func() time.Time

	frames int // of a film; 0: filmFrames. Other lengths are for tests
}

// Most bounds Opts.N: two hours.
const Most = 300

const (
	inRow = 5                      // transitions of one showing
	lead  = 500 * time.Millisecond // from being prepared to the moment
	slack = 15 * time.Second       // for the gaps of one showing and the first picture
	dark  = 10 * time.Second       // until a screen is dark after an end
)

// stage is a screen with one that shows on it.
type stage struct {
	who     string
	version string
	show    shower
	screen  *screen
	starts  bool // its starts count
	dir     string
}

// campaign is one comparison.
type campaign struct {
	o      Opts
	dir    string
	films  []string
	stages []*stage
	close  []func() error // in reverse order
	report *Report
}

// Run compares. An error means that it could not be done; what was seen until then
// is reported too.
func Run(ctx context.Context, o Opts) (r *Report, err error) {
	if o.N < 1 || o.N > Most {
		return nil, fmt.Errorf("-compare %d: 1 to %d", o.N, Most)
	}
	if o.Each < 0 {
		return nil, fmt.Errorf("-rivals %d: want 0 or more", o.Each)
	}
	if o.frames == 0 {
		o.frames = filmFrames
	}
	if o.Each == 0 || o.Each > o.N {
		o.Each = o.N
	}
	c := &campaign{o: o, dir: o.Dir, report: newReport(o)}
	defer func() { err = errors.Join(err, c.leave()) }()
	if err := c.raise(ctx); err != nil {
		return nil, err
	}
	var b *burden
	if o.Load {
		if b, err = lay(ctx, c.dir, o.Now()); err != nil {
			return nil, fmt.Errorf("load: %w", err)
		}
	}
	share := c.pressure()
	err = c.rounds(ctx)
	c.report.Busy = share()
	load, lifted := b.lift(o.Now())
	c.report.Load = load
	c.report.finish(o.Now())
	return c.report, errors.Join(err, lifted)
}

// raise makes the films and brings everybody on a stage.
func (c *campaign) raise(ctx context.Context) (err error) {
	if err = level(); err != nil {
		return err
	}
	if err = c.folder(); err != nil {
		return err
	}
	if c.films, err = shoot(ctx, c.dir, c.o.frames); err != nil {
		return err
	}
	if err = c.add(us, true, func(s *stage) (shower, error) {
		o, err := runOurs(ctx, s.screen.display, s.dir)
		if err == nil {
			c.close = append(c.close, o.close)
		}
		return o, err
	}); err != nil {
		return err
	}
	for _, r := range rivals() {
		if text := r.missing(); text != "" {
			fmt.Fprintln(c.o.Out, "MISSING", text)
			c.report.absent(r, text)
			continue
		}
		if err = c.add(r.name, !r.playlist, func(s *stage) (shower, error) { return spawns(r, s.screen.display, s.dir) }); err != nil {
			return err
		}
	}
	return c.rehearse(ctx)
}

// folder makes the folder of the run. A rival that is nobody reads it.
func (c *campaign) folder() (err error) {
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "compare-"); err != nil {
			return err
		}
		if !c.o.Keep {
			c.close = append(c.close, func() error { return os.RemoveAll(c.dir) })
		}
	}
	if err = os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	return os.Chmod(c.dir, 0o755)
}

// add raises a stage.
func (c *campaign) add(who string, starts bool, on func(*stage) (shower, error)) error {
	s := &stage{who: who, starts: starts, dir: filepath.Join(c.dir, fmt.Sprint(len(c.stages)))}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	var err error
	if s.screen, err = raiseScreen(filepath.Join(s.dir, "screen")); err != nil {
		return err
	}
	c.close = append(c.close, s.screen.close)
	if s.show, err = on(s); err != nil {
		return fmt.Errorf("%s: %w", who, err)
	}
	s.version = s.show.version()
	c.report.present(s)
	c.stages = append(c.stages, s)
	return nil
}

// leave ends everything, the last first.
func (c *campaign) leave() (err error) {
	for i := len(c.close) - 1; i >= 0; i-- {
		err = errors.Join(err, c.close[i]())
	}
	return err
}

// rehearse lets everybody show a film once, so that caches are warm, and takes a
// picture of it.
func (c *campaign) rehearse(ctx context.Context) error {
	for _, s := range c.stages {
		first, picture, err := c.start(ctx, s, 0)
		if err != nil {
			return err
		}
		if err := photograph(filepath.Join(s.dir, "shows.jpg"), picture); err != nil {
			return err
		}
		text := "plays"
		if first.LateMS == nil {
			text = "shows nothing; see " + s.dir
		}
		fmt.Fprintf(c.o.Out, "%s (%s): %s\n", s.who, s.version, text)
	}
	return nil
}

func photograph(name string, picture *image.RGBA) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(eye.Photograph(f, picture), f.Close())
}

// rounds goes round until there are as many starts and transitions of ours as were
// wanted, or a quarter more were tried: inRow starts of who takes part, then a showing
// of inRow transitions.
func (c *campaign) rounds(ctx context.Context) error {
	row := min(inRow, c.o.N)
	for round := 0; !c.report.enough() && round*row < c.o.N+c.o.N/4; round++ {
		who := c.stages
		if !c.rivalsJoin(round) {
			who = c.stages[:1]
		}
		for i := range row {
			if err := inTurn(who, round+i, func(s *stage) error { return c.startOf(ctx, s, round*row+i) }); err != nil {
				return err
			}
		}
		if err := inTurn(who, round, func(s *stage) error { return c.gapsOf(ctx, s, row) }); err != nil {
			return err
		}
		c.report.tell(c.o.Out)
	}
	return nil
}

// rivalsJoin says whether the others take part in a round; the rounds with them are
// spread evenly, and the first is one.
func (c *campaign) rivalsJoin(round int) bool {
	return round == 0 || round*c.o.Each/c.o.N != (round-1)*c.o.Each/c.o.N
}

// inTurn lets each of stages have a turn, each time another one first.
func inTurn(stages []*stage, first int, turn func(*stage) error) error {
	for i := range stages {
		if err := turn(stages[(first+i)%len(stages)]); err != nil {
			return err
		}
	}
	return nil
}

func (c *campaign) startOf(ctx context.Context, s *stage, n int) error {
	if !s.starts {
		return nil
	}
	one, _, err := c.start(ctx, s, n%films)
	if err == nil {
		c.report.Starts = append(c.report.Starts, one)
	}
	return err
}

// start lets s show a film at a moment, and returns what is on the screen then.
func (c *campaign) start(ctx context.Context, s *stage, film int) (Start, *image.RGBA, error) {
	w, err := c.showing(ctx, s, c.films[film:film+1], patience+time.Second,
		func(at time.Time) func([]eye.Step) bool { return started(at, film, c.o.frames) })
	one := Start{Who: s.who, Busy: w.busy, Why: w.why}
	one.judgeStart(w.at, w.steps, film, c.o.frames)
	return one, w.picture, err
}

func (c *campaign) gapsOf(ctx context.Context, s *stage, row int) error {
	length := time.Duration((row+1)*c.o.frames) * frameTime
	w, err := c.showing(ctx, s, c.films[:row+1], length+slack, func(time.Time) func([]eye.Step) bool { return ended(row+1, c.o.frames) })
	if err != nil {
		return err
	}
	gaps := judgeSeries(s.who, w.steps, row+1, c.o.frames)
	for i := range gaps {
		gaps[i].Busy, gaps[i].Why = w.busy, w.why
	}
	c.report.Gaps = append(c.report.Gaps, gaps...)
	return nil
}

// witness is what was seen of one showing.
type witness struct {
	at      time.Time // the moment it was for
	steps   []eye.Step
	picture *image.RGBA // the last before its end
	busy    float64
	why     string // it could not show them
}

// showing lets s show files from a moment on, and looks until there is enough or
// the time is over. An error is that of ctx or of the machine.
func (c *campaign) showing(ctx context.Context, s *stage, files []string, most time.Duration, enough func(time.Time) func([]eye.Step) bool) (w witness, err error) {
	look := newWatch(s.screen, c.o.Now).run()
	defer look.close()
	share := c.pressure()
	if err := s.show.prepare(ctx, files); err != nil {
		w.why = err.Error()
	}
	w.at = c.o.Now().Add(lead)
	if err := rest(ctx, w.at.Add(-s.show.ahead()).Sub(c.o.Now())); err != nil {
		return w, err
	}
	if err := s.show.begin(ctx); err != nil {
		w.why = err.Error()
	}
	err = look.until(ctx, w.at.Add(most), enough(w.at))
	w.busy, w.steps, w.picture = share(), look.all(), s.screen.Image()
	err = errors.Join(err, s.show.end(context.WithoutCancel(ctx)), look.until(ctx, c.o.Now().Add(dark), isDark))
	if err == nil && !isDark(look.all()) {
		err = fmt.Errorf("%s: its screen does not go dark", s.who)
	}
	return w, err
}

// pressure returns what tells the share of the time since now in which programs
// waited for a processor.
func (c *campaign) pressure() func() float64 {
	begun, waited := c.o.Now(), machine.Waited()
	return func() float64 { return (machine.Waited() - waited).Seconds() / c.o.Now().Sub(begun).Seconds() }
}

// isDark says whether no picture of a film is left.
func isDark(steps []eye.Step) bool {
	return len(steps) == 0 || steps[len(steps)-1].Frame < 0
}
