package station

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/command"
	"stationbox/firmware/display"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// displayReport is one display as the command display tells it.
type displayReport struct {
	Name     string              `json:"name"`
	Wanted   bool                `json:"wanted"`
	State    hal.DisplayState    `json:"state"`
	By       string              `json:"by,omitempty"` // what proves it: reply or watts
	AgeMS    int64               `json:"age_ms"`
	Problem  string              `json:"problem,omitempty"`
	Stubborn bool                `json:"stubborn"`
	Unasked  bool                `json:"unasked"`
	LeadMS   int64               `json:"lead_ms"`
	Learned  bool                `json:"lead_learned"` // it was measured, not configured
	Model    string              `json:"model,omitempty"`
	Input    string              `json:"input,omitempty"`
	Wrong    bool                `json:"input_wrong,omitempty"`
	Errors   []string            `json:"errors,omitempty"`
	Warnings []string            `json:"warnings,omitempty"`
	Wear     []display.Wear      `json:"wear,omitempty"`
	Ways     []display.WayStatus `json:"ways"`
}

func (st *Station) displayReport(f fitted) displayReport {
	s := f.keeper.Status()
	r := displayReport{Name: f.name, Wanted: s.Wanted, State: s.State, By: s.By, Stubborn: s.Stubborn, Unasked: s.Unasked, LeadMS: s.Lead.Milliseconds(), Learned: s.Learned,
		Model: s.Details.Value.Model, Input: s.Details.Value.Input, Wrong: s.InputWrong, Errors: s.Details.Value.Errors, Warnings: s.Details.Value.Warnings,
		Wear: f.keeper.Wears(st.tick(), f.lampLife, f.filterLife), Ways: s.Ways}
	if s.InputIs != "" {
		r.Input = s.InputIs // newer than the details
	}
	if !s.At.IsZero() {
		r.AgeMS = st.tick().Sub(s.At).Milliseconds()
	}
	if s.Err != nil {
		r.Problem = s.Err.Error()
	}
	return r
}

// runDisplay is the command display: every display with its ways, proofs, hours and
// forecast.
func (st *Station) runDisplay(_ context.Context, env *command.Env, _ []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	list := []displayReport{}
	var b strings.Builder
	for _, f := range st.displays.list {
		r := st.displayReport(f)
		list = append(list, r)
		b.WriteString(r.text(env.Text, st.tick()))
	}
	if len(list) == 0 {
		b.WriteString(env.Text.Say("cmd.display.none"))
	}
	return command.Result{Text: b.String(), Data: list}, nil
}

func (r displayReport) text(words *text.Catalogue, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", words.Name(r.Name), words.Name(r.State.String()))
	if r.By != "" {
		b.WriteString(" (" + words.Say("cmd.display.by_"+r.By) + ")")
	}
	b.WriteString("  " + words.Say("cmd.display.wanted", "state", onOff(words, r.Wanted)))
	b.WriteString("  " + leadLine(words, time.Duration(r.LeadMS)*time.Millisecond, r.Learned) + "\n")
	if r.Problem != "" {
		b.WriteString("  ! " + r.Problem + "\n")
	}
	for i, w := range r.Ways {
		fmt.Fprintf(&b, "  %d  %s  %s\n", i+1, w.Name, wayLine(words, w, now))
	}
	if r.Model != "" {
		b.WriteString("  " + r.Model + "\n")
	}
	if r.Wrong {
		b.WriteString("  ! " + words.Say("cmd.display.input_wrong", "is", r.Input) + "\n")
	}
	for _, part := range r.Errors {
		b.WriteString("  ! " + words.Say("part."+part) + "\n")
	}
	for _, w := range r.Wear {
		b.WriteString("  " + wearLine(words, w) + "\n")
	}
	return b.String()
}

// leadLine says how long before a picture is needed a display is told, and how that
// is known.
func leadLine(words *text.Catalogue, lead time.Duration, learned bool) string {
	how := "cmd.display.lead_set"
	if learned {
		how = "cmd.display.lead_learned"
	}
	return words.Say("cmd.display.lead", "lead", lead.Round(100*time.Millisecond), "how", words.Say(how))
}

// wayLine is what one way has done lately.
func wayLine(words *text.Catalogue, w display.WayStatus, now time.Time) string {
	var said []string
	ago := func(key string, t time.Time) {
		if !t.IsZero() {
			said = append(said, words.Say(key, "ago", now.Sub(t).Round(time.Second)))
		}
	}
	ago("cmd.display.answered", w.Answered)
	ago("cmd.display.proved", w.Proved)
	ago("cmd.display.failed", w.Failed)
	if len(said) == 0 {
		said = append(said, words.Say("cmd.display.untried"))
	}
	if w.Problem != "" {
		said = append(said, w.Problem)
	}
	return strings.Join(said, " · ")
}

// tryTime bounds a trial: three ways that each take a lamp's time.
const tryTime = 8 * time.Minute

// runDisplayTry is the command display try: it tries each way of one display, step
// by step, outside lessons.
func (st *Station) runDisplayTry(ctx context.Context, env *command.Env, args []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	f, do, input, way, err := st.trial(env, args)
	if err != nil {
		return command.Result{}, err
	}
	if !st.relayBusy.TryLock() {
		return command.Result{}, env.Failed("cmd.display.busy")
	}
	defer st.relayBusy.Unlock()
	if st.showing.busy() {
		return command.Result{}, env.Failed("cmd.display.busy")
	}
	st.scribe.put(firmware.KindCommand, "", map[string]any{"args": append([]string{"display", "try"}, args...), "by": env.By})
	var r command.Result
	if st.showing.whileIdle(ctx, func(ctx context.Context) { r, err = st.try(ctx, env, f, do, input, way) }) {
		return command.Result{}, env.Failed("cmd.display.busy")
	}
	return r, err
}

// try gives a display mains and tries it until ctx ends.
func (st *Station) try(ctx context.Context, env *command.Env, f fitted, do, input string, way int) (command.Result, error) {
	defer st.showing.wantLoad(nil)
	st.showing.wantLoad(map[string]bool{f.load: true})
	if !st.await(ctx, 20*time.Second, f.load, true) {
		return command.Result{}, env.Failed("cmd.display.no_mains")
	}
	st.awake(ctx, f)
	steps, err := f.keeper.Try(ctx, do, input, way)
	switch {
	case errors.Is(err, display.ErrNoMains):
		return command.Result{}, env.Failed("cmd.display.no_mains")
	case err != nil:
		return command.Result{}, err
	}
	r := tried(env.Text, steps)
	if do == display.TryState || r.Code != 0 {
		return r, nil
	}
	select { // so that somebody can look at the picture before its mains goes
	case <-ctx.Done():
	case <-time.After(lookTime):
	}
	return r, nil
}

// lookTime is how long a display keeps its mains after a trial.
const lookTime = 15 * time.Second

// awake waits until the display answers after it got mains, or has had the time.
func (st *Station) awake(ctx context.Context, f fitted) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if s := f.keeper.Status().State; s != hal.DisplayOff && s != hal.DisplayUnknown {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// trial reads NAME [state|on|off|input X] [way N].
func (st *Station) trial(env *command.Env, args []string) (f fitted, do, input string, way int, err error) {
	misused := env.Misused("cmd.display.which", "names", strings.Join(st.displayNames(), ", "))
	if len(args) == 0 {
		return f, "", "", 0, misused
	}
	i := slices.IndexFunc(st.displays.list, func(f fitted) bool { return f.name == args[0] })
	if i < 0 {
		return f, "", "", 0, misused
	}
	f, do, way, args = st.displays.list[i], display.TryState, -1, args[1:]
	if len(args) > 0 && slices.Contains([]string{display.TryState, display.TryOn, display.TryOff, display.TryInput}, args[0]) {
		do, args = args[0], args[1:]
	}
	if do == display.TryInput {
		if input = f.input; len(args) > 0 && args[0] != "way" {
			input, args = args[0], args[1:]
		}
	}
	if len(args) == 2 && args[0] == "way" {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 || n > len(f.kinds) {
			return f, "", "", 0, env.Misused("cmd.display.no_way", "got", args[1], "most", len(f.kinds))
		}
		way, args = n-1, nil
	}
	if len(args) > 0 {
		return f, "", "", 0, misused
	}
	return f, do, input, way, nil
}

func (st *Station) displayNames() []string {
	var names []string
	for _, f := range st.displays.list {
		names = append(names, f.name)
	}
	return names
}

// tried tells what each way did. Nothing proved is a failure.
func tried(words *text.Catalogue, steps []display.TrialStep) command.Result {
	r := command.Result{Data: steps, Code: command.CodeFailed}
	var b strings.Builder
	for i, s := range steps {
		key := "cmd.display.try.asked"
		switch {
		case s.Told && s.Proved:
			key = "cmd.display.try.proved"
		case s.Told && s.Err == "":
			key = "cmd.display.try.unproved"
		case s.Err != "":
			key = "cmd.display.try.failed"
		}
		by := words.Say("cmd.display.by_nothing")
		if s.By != "" {
			by, r.Code = words.Say("cmd.display.by_"+s.By), 0
		}
		fmt.Fprintf(&b, "%d  %s  %s\n", i+1, s.Way, words.Say(key, "do", words.Say("cmd.display.do."+s.Do), "state", words.Name(s.State.String()), "by", by, "took", s.Took, "why", s.Err))
	}
	r.Text = b.String()
	return r
}

// runWhy is the command why: why is it dark.
func (st *Station) runWhy(_ context.Context, env *command.Env, _ []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	list := st.whyDark(env.Text)
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%s\n  %s\n", c.Text, c.Do)
	}
	if len(list) == 0 {
		b.WriteString(env.Text.Say("dark.none"))
	}
	return command.Result{Text: b.String(), Data: list}, nil
}

// whyDark gathers the facts and says the causes in the language of words.
func (st *Station) whyDark(words *text.Catalogue) []darkCause {
	return darkIn(words, whyDark(st.darkFacts(words)))
}

func (st *Station) darkFacts(words *text.Catalogue) darkFacts {
	f := darkFacts{Next: words.Say("screen.nothing")}
	held := map[string]string{}
	if g, ok := st.guard.Status().Fresh(st.tick(), guardAge); ok {
		f.Guard = &g
		for _, l := range g.Loads {
			held[l.Name] = l.Held
		}
	}
	for _, d := range st.displays.list {
		s := d.keeper.Status()
		f.Wanted = f.Wanted || s.Wanted
		f.Displays = append(f.Displays, darkOf(d, s, held[d.load]))
	}
	if n, ok := st.showing.next(st.now()); ok {
		f.Next = n.Title + "  " + n.Start.Format("01-02 15:04")
	}
	f.ClockBad = st.clock.Report().Level != clock.Good
	if st.cfg.Player.Video == "drm" {
		f.HDMI = hdmi(os.DirFS("/sys/class/drm"))
	}
	ord, out := st.showing.ordered(), st.desk.outcome()
	f.Player = darkPlayer{Up: out.up, Film: ord.Load, Loaded: out.loaded, Run: ord.Run, Stuck: st.stall.is(), Broken: out.broken != nil}
	f.Black = st.glimpse.black(st.tick())
	return f
}

func darkOf(f fitted, s display.Status, held string) darkDisplay {
	d := darkDisplay{Name: f.name, Fed: s.Fed, Held: held, State: s.State, Stubborn: s.Stubborn, Input: s.InputErr != nil || s.InputWrong,
		Gone: errors.Is(s.Err, hal.ErrGone), Parts: s.Details.Value.Errors, Lead: s.Lead}
	if s.Err != nil {
		d.Problem = s.Err.Error()
	}
	d.CEC = len(f.kinds) > 0 && f.kinds[0] == "cec" && !slices.ContainsFunc(f.kinds[1:], func(k string) bool { return k != "ir" && k != "socket" })
	return d
}
