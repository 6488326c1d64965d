package station

import (
	"context"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/clock"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
)

// requests are what people and rules ask of the guard besides a lesson's power:
// the end of a lock-out, storm mode, and the exercise of equipment that has stood
// idle. The guard grants them by its own rules.
type requests struct {
	every, span time.Duration // of the exercise; every 0: none
	at          time.Duration // its time of day

	mu    sync.Mutex
	reset uint64
}

func newRequests(cfg *config.Config) *requests {
	x := cfg.Exercise
	at, _ := x.Clock() // checked by config
	return &requests{every: x.Every.D(), span: x.For.D(), at: at}
}

// kindStorm and kindExercise are records of a request that stands until its time:
// {"until"}; an until that is past ends it.
const (
	kindStorm    = "storm"
	kindExercise = "exercise"
)

// untilNote is their data.
type untilNote struct {
	Until time.Time `json:"until"`
	By    string    `json:"by,omitempty"`
}

// add puts the requests into a wish.
func (r *requests) add(w *firmware.GuardWant, now time.Time, mem *memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Reset, w.Storm = r.reset, mem.storm.holds(now)
	if mem.exercise.holds(now) {
		for load := range w.Loads {
			w.Loads[load] = true
		}
	}
}

// due says until when an exercise runs that is to begin now, given when the
// equipment was on last. It falls into a window of its own length each day, so
// that a day of bad mains passes it on to the next.
func (r *requests) due(now, lastOn time.Time) (until time.Time, ok bool) {
	if r.every == 0 || lastOn.IsZero() {
		return time.Time{}, false
	}
	y, m, d := now.Date()
	begin := time.Date(y, m, d, 0, 0, 0, 0, now.Location()).Add(r.at)
	if now.Before(begin) || !now.Before(begin.Add(r.span)) || now.Sub(lastOn) < r.every {
		return time.Time{}, false
	}
	return now.Add(r.span), true
}

// exercise begins an exercise run when it is due, no lesson needs the equipment
// and the mains is good.
func (s *showing) exercise(now time.Time) {
	g, known := s.guard.Status().Fresh(s.tick(), guardAge)
	if !known || s.clock.Status().Level != clock.Good || g.State != firmware.GuardClosed || s.busy() || s.mem.exercise.holds(now) {
		return
	}
	if until, ok := s.requests.due(now, s.mem.lastUsed()); ok {
		s.log.Info("exercise of idle equipment", "until", until)
		s.note(kindExercise, "", untilNote{Until: until})
	}
}

// maxStorm is how long a storm may be asked for at once; who forgets to end it
// has the station back by then.
const maxStorm = 24 * time.Hour

// runStorm is the command "storm on [FOR]" and "storm off".
func (st *Station) runStorm(_ context.Context, env *command.Env, args []string) (command.Result, error) {
	span := 2 * time.Hour
	if len(args) == 2 {
		d, err := time.ParseDuration(args[1])
		if err != nil || d <= 0 || d > maxStorm {
			return command.Result{}, env.Misused("cmd.storm.span", "got", args[1], "most", maxStorm)
		}
		span = d
	}
	switch {
	case len(args) == 0 || len(args) > 2 || args[0] != "on" && args[0] != "off" || args[0] == "off" && len(args) == 2:
		return command.Result{}, env.Misused("cmd.storm.which")
	case st == nil:
		return command.Result{}, env.Failed("cmd.not_running")
	}
	n := untilNote{Until: st.now(), By: env.By}
	key := "cmd.storm.off"
	if args[0] == "on" {
		n.Until, key = st.now().Add(span), "cmd.storm.on"
	}
	return st.order(env, kindStorm, n, command.Result{Text: env.Text.Say(key, "until", n.Until.Format("15:04 MST")), Data: n})
}

// runReset is the command "guard reset": a person has seen to what locked the
// guard out.
func (st *Station) runReset(_ context.Context, env *command.Env, _ []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	g, ok := st.guard.Status().Fresh(st.tick(), guardAge)
	if !ok {
		return command.Result{}, env.Failed(relayNoGuard)
	}
	state := env.Text.Say("guard.state." + string(g.State))
	waits := g.State == firmware.GuardLockout || g.State == firmware.GuardWeld || g.State == firmware.GuardNoClose
	if !waits {
		return command.Result{}, env.Failed("cmd.reset.nothing", "state", state)
	}
	st.scribe.put(firmware.KindCommand, "", map[string]any{"args": []string{"guard", "reset"}, "by": env.By})
	st.showing.requests.mu.Lock()
	st.showing.requests.reset = max(st.showing.requests.reset, g.Reset) + 1
	st.showing.requests.mu.Unlock()
	return command.Result{Text: env.Text.Say("cmd.reset.done", "state", state)}, nil
}

// ask hands a request from another goroutine to the loop that decides, and says
// whether it was taken: not when as many as fit wait for a loop that stands still.
func (s *showing) ask(kind string, data any) bool {
	select {
	case s.asked <- asked{kind, data}:
		s.nudge()
		return true
	default:
		return false
	}
}

// order is ask for a command, with what it says when all is well.
func (st *Station) order(env *command.Env, kind string, data any, r command.Result) (command.Result, error) {
	if !st.showing.ask(kind, data) {
		return command.Result{}, env.Failed("cmd.not_taken")
	}
	return r, nil
}

// asked is a request on its way to the loop.
type asked struct {
	kind string
	data any
}

// take writes down what was asked since the last round.
func (s *showing) take() {
	for {
		select {
		case a := <-s.asked:
			s.note(a.kind, "", a.data)
		default:
			return
		}
	}
}
