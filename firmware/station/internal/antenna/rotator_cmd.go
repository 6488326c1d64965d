package antenna

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// Motors is command.Turner.
type Motors struct {
	Running bool     // within the station
	Rotator *Rotator // nil: no motors
}

// turnNote is what `dish turn`, `dish park` and `dish stop` print with -json.
type turnNote struct {
	Satellite string  `json:"satellite,omitempty"`
	Goal      *aim    `json:"goal,omitempty"`
	Where     *aim    `json:"where"` // nil: the mount does not tell
	Seconds   float64 `json:"seconds"`
	Lock      *bool   `json:"lock"` // nil: nobody knows
}

// rotator returns the motors of the station.
func (m Motors) rotator(env *command.Env) (*Rotator, error) {
	switch {
	case !m.Running:
		return nil, env.Failed("cmd.not_running")
	case m.Rotator == nil:
		return nil, env.Failed("cmd.dish.no_motors")
	}
	return m.Rotator, nil
}

// Turn is the command "dish turn".
func (m Motors) Turn(ctx context.Context, env *command.Env, h command.Heading) (command.Result, error) {
	r, err := m.rotator(env)
	if err != nil {
		return command.Result{}, err
	}
	goal, name, err := r.goal(env, h)
	if err != nil {
		return command.Result{}, err
	}
	if err := m.ready(ctx, env, r, h.Sure, name+"  "+r.sayAim(env.Text, goal), "turn", name); err != nil {
		return command.Result{}, err
	}
	return m.move(ctx, env, r, turnNote{Satellite: name, Goal: &goal}, func(ctx context.Context) error { return r.turn(ctx, goal) })
}

// Park is the command "dish park".
func (m Motors) Park(ctx context.Context, env *command.Env, sure bool) (command.Result, error) {
	r, err := m.rotator(env)
	if err != nil {
		return command.Result{}, err
	}
	if err := m.ready(ctx, env, r, sure, env.Text.Say("dish.motor.rest"), "park"); err != nil {
		return command.Result{}, err
	}
	return m.move(ctx, env, r, turnNote{}, r.park)
}

// ready has who asks say that nobody stands near the dish, and writes down that it moves.
func (m Motors) ready(ctx context.Context, env *command.Env, r *Rotator, sure bool, to string, args ...string) error {
	if !sure {
		from := env.Text.Say("dish.motor.unknown")
		if a, err := r.where(ctx); err == nil {
			from = r.sayAim(env.Text, a)
		}
		return env.Misused("cmd.dish.turn.sure", "from", from, "to", to)
	}
	r.put(firmware.KindCommand, "", map[string]any{"args": append([]string{"dish"}, args...), "by": env.By})
	return nil
}

// move does one move with the claim and tells of it.
func (m Motors) move(ctx context.Context, env *command.Env, r *Rotator, n turnNote, do func(context.Context) error) (command.Result, error) {
	ctx, release, err := r.claim(ctx)
	if err != nil {
		return command.Result{}, r.failed(env, err)
	}
	defer release()
	begun := r.tick()
	if err := do(ctx); err != nil {
		return command.Result{}, r.failed(env, err)
	}
	n.Seconds = math.Round(10*r.tick().Sub(begun).Seconds()) / 10
	return r.tell(ctx, env, n), nil
}

// Stop is the command "dish stop".
func (m Motors) Stop(ctx context.Context, env *command.Env) (command.Result, error) {
	r, err := m.rotator(env)
	if err != nil {
		return command.Result{}, err
	}
	if err := r.stop(ctx); err != nil {
		return command.Result{}, env.Failed("cmd.dish.stop.failed", "why", err)
	}
	r.put(firmware.KindCommand, "", map[string]any{"args": []string{"dish", "stop"}, "by": env.By})
	return r.tell(ctx, env, turnNote{}), nil
}

// Peak is the command "dish peak live".
func (m Motors) Peak(ctx context.Context, env *command.Env, h command.Heading) (command.Result, error) {
	r, err := m.rotator(env)
	if err != nil {
		return command.Result{}, err
	}
	if r.cfg.Tuner.Adapter == "" {
		return command.Result{}, env.Failed("cmd.dish.peak_live.no_tuner")
	}
	goal, name, err := r.goal(env, h)
	if err != nil {
		return command.Result{}, err
	}
	b, err := beamOf(float64(r.cfg.Diameter), float64(r.cfg.Tuner.Frequency)/1000)
	if err != nil {
		return command.Result{}, err
	}
	if err := m.ready(ctx, env, r, h.Sure, name+"  "+r.sayAim(env.Text, goal), "peak", "live", name); err != nil {
		return command.Result{}, err
	}
	ctx, release, err := r.claim(ctx)
	if err != nil {
		return command.Result{}, r.failed(env, err)
	}
	defer release()
	own := h.Satellite == "" || name == nameOf(r.cfg.Target())
	n, err := r.peak(ctx, goal, b.Width, peakOpts{own: own, now: r.now, told: func(i int, t tryout) { tellSample(env, i, t) }})
	n.Satellite = name
	if err != nil {
		return command.Result{}, r.failed(env, err)
	}
	if own {
		if n.Kept, err = r.keep(); err != nil {
			return command.Result{}, env.Failed("cmd.dish.aligned.failed", "why", err)
		}
	}
	return command.Result{Text: n.text(env.Text, r), Data: n}, nil
}

// keep writes the alignment record.
func (r *Rotator) keep() (bool, error) {
	a, ok := alignmentOf(r.meter.View(), r.now())
	if !ok {
		return false, nil
	}
	return true, a.write(r.dir)
}

func tellSample(env *command.Env, i int, t tryout) {
	if env.Tell == nil {
		return
	}
	cnr := env.Text.Say("dish.live.no_lock")
	if t.Locked {
		cnr = figure(t.CNR, 2) + " dB"
	}
	env.Tell(env.Text.Say("cmd.dish.peak_live.sample", "n", i, "of", mostSamples, "x", signed(dish.Degrees(t.X)), "y", signed(dish.Degrees(t.Y)), "cnr", cnr))
}

// goal is the true direction that was asked for, and its name.
func (r *Rotator) goal(env *command.Env, h command.Heading) (aim, string, error) {
	if h.Direction {
		if r.polar() {
			return aim{}, "", env.Misused("cmd.dish.turn.polar")
		}
		return r.inside(env, aim{Azimuth: dish.Degrees(h.Azimuth), Elevation: dish.Degrees(h.Elevation)}, "")
	}
	sat := r.cfg.Target()
	if h.Satellite != "" {
		var ok bool
		if sat, ok = r.cfg.List().Find(h.Satellite); !ok {
			return aim{}, "", env.Misused("cmd.dish.satellite", "got", h.Satellite)
		}
	}
	goal, ok := r.at(orbitOf(sat))
	if !ok {
		return aim{}, "", env.Failed("cmd.dish.unseen")
	}
	return r.inside(env, goal, nameOf(sat))
}

func nameOf(s config.Satellite) string {
	if s.Name != "" {
		return s.Name
	}
	return figure(float64(s.Longitude), 1) + "°"
}

// inside refuses a goal beyond the limits before anybody is asked to step back.
func (r *Rotator) inside(env *command.Env, goal aim, name string) (aim, string, error) {
	if _, ok := r.within(goal, goal); !ok {
		return aim{}, "", r.failed(env, errMountReach)
	}
	return goal, name, nil
}

// sayAim writes a direction.
func (r *Rotator) sayAim(c *text.Catalogue, a aim) string {
	if r.polar() {
		return c.Say("dish.motor.hour", "deg", signed(a.Hour))
	}
	return c.Say("dish.motor.az_el", "az", figure(float64(a.Azimuth), 2), "el", figure(float64(a.Elevation), 2))
}

// sayGoal names the goal of a move for a fault, which is no sentence.
func (r *Rotator) sayGoal(j *job) string {
	a := j.goal.minus(r.offset())
	switch {
	case j.park:
		return "park"
	case r.polar():
		return signed(a.Hour) + "°"
	}
	return fmt.Sprintf("%.1f° / %.1f°", a.Azimuth, a.Elevation)
}

// tell says where the dish is now and what it receives.
func (r *Rotator) tell(ctx context.Context, env *command.Env, n turnNote) command.Result {
	c := env.Text
	l := lineup{words: c, head: c.Say("dish.motor.stands")}
	if n.Goal != nil {
		l.head = c.Say("dish.motor.arrived", "seconds", figure(n.Seconds, 0))
	}
	where := c.Say("dish.motor.unknown")
	if a, err := r.where(ctx); err == nil {
		n.Where, where = &a, r.sayAim(c, a)
	}
	l.add("dish.motor.now", where, n.Satellite)
	if e, err := r.meter.echo(); err == nil && r.tick().Sub(e.At) < 5*time.Second {
		n.Lock = &e.Locked
		word := c.Say("dish.live.no_lock")
		if e.Locked {
			word = c.Say("dish.live.lock") + "  C/N " + figure(e.CNR, 1) + " dB"
		}
		l.add("dish.live.signal", word, "")
	}
	return command.Result{Text: l.String(), Data: n}
}

// failed tells people why the dish is not where it should be.
func (r *Rotator) failed(env *command.Env, err error) error {
	for _, known := range []struct {
		err error
		key string
	}{
		{errMountBusy, "cmd.dish.turn.busy"}, {errMountPeople, "cmd.dish.turn.people"}, {errStranger, "cmd.dish.peak_live.stranger"}, {errMountReach, "cmd.dish.turn.reach"}, {errMountStuck, "cmd.dish.turn.stuck"},
		{errMountStopped, "cmd.dish.turn.stopped"}, {errPeakWorse, "cmd.dish.peak_live.worse"}, {errNoEcho, "cmd.dish.peak_live.no_echo"},
		{dish.ErrFewProbes, "cmd.dish.peak_live.no_signal"}, {dish.ErrNoPeak, "cmd.dish.peak_live.no_peak"}, {dish.ErrOneLine, "cmd.dish.peak_live.no_peak"},
		{hal.ErrRefused, "cmd.dish.turn.refused"},
	} {
		if errors.Is(err, known.err) {
			return env.Failed(known.key, "why", err, "reach", r.sayReach(env.Text))
		}
	}
	return env.Failed("cmd.dish.turn.lost", "why", err)
}

// sayReach writes the limits of the configuration.
func (r *Rotator) sayReach(c *text.Catalogue) string {
	k := r.cfg.Rotator
	if r.polar() {
		return c.Say("dish.motor.reach_hour", "deg", k.Reach)
	}
	return c.Say("dish.motor.reach", "az1", k.MinAzimuth, "az2", k.MaxAzimuth, "el1", k.MinElevation, "el2", k.MaxElevation)
}

// text lays a scan out for people.
func (n scanNote) text(c *text.Catalogue, r *Rotator) string {
	l := lineup{words: c, head: c.Say("cmd.dish.peak_live.done", "n", len(n.Samples))}
	l.add("cmd.dish.peak_cnr", figure(n.CNR, 2)+" dB", n.gain(c))
	if r.polar() {
		l.add("dish.motor.off_hour", signed(n.Off.Hour)+"°", "")
	} else {
		l.add("cmd.dish.azimuth", signed(n.Off.Azimuth)+"°", c.Say("dish.motor.off"))
		l.add("cmd.dish.elevation", signed(n.Off.Elevation)+"°", "")
	}
	out := l.String()
	if n.Kept {
		out += c.Say("cmd.dish.peak_live.kept") + "\n"
	}
	return out
}

func (n scanNote) gain(c *text.Catalogue) string {
	if n.Before == nil {
		return c.Say("cmd.dish.peak_live.before_none")
	}
	return c.Say("cmd.dish.peak_live.before", "cnr", figure(*n.Before, 2))
}
