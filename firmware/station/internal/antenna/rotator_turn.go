package antenna

import (
	"context"
	"errors"
	"fmt"

	"stationbox/firmware/dish"
)

// people says whether somebody stands at the dish and aligns it by hand. A scan looks like
// that too, and holds the claim.
func (r *Rotator) people() bool {
	if r.meter == nil {
		return false
	}
	on, _ := r.meter.haste.is()
	return on
}

// claim makes the caller the one who orders moves, until release, of a mount that stands
// still: another program's move is stopped, and when that does not get across there is no
// claim. The context ends when somebody stops the dish, also between two moves.
func (r *Rotator) claim(ctx context.Context) (claimed context.Context, release func(), err error) {
	select {
	case <-r.hold:
	default:
		return nil, nil, r.occupied()
	}
	if r.people() {
		r.hold <- struct{}{}
		return nil, nil, errMountPeople
	}
	if r.replace(nil, errMountStopped) {
		if err := r.halt(context.WithoutCancel(ctx)); err != nil {
			r.lost(err)
			r.hold <- struct{}{}
			return nil, nil, fmt.Errorf("%w: %w", errMountRuns, err)
		}
	}
	claimed, end := context.WithCancelCause(ctx)
	r.setClaim(end)
	return claimed, func() {
		r.setClaim(nil)
		end(nil)
		r.hold <- struct{}{}
	}, nil
}

// occupied says why there is no claim to be had.
func (r *Rotator) occupied() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byHand {
		return errMountPeople
	}
	return errMountBusy
}

// standStill keeps everybody from turning the dish while somebody aligns it by hand,
// until release. It is refused while a move or a scan is under way. A nil rotator stands
// still anyway.
func (r *Rotator) standStill(ctx context.Context) (release func(), err error) {
	if r == nil {
		return func() {}, nil
	}
	_, free, err := r.claim(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	r.setByHand(true)
	return func() {
		r.setByHand(false)
		free()
	}, nil
}

func (r *Rotator) setByHand(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byHand = on
}

func (r *Rotator) setClaim(end context.CancelCauseFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.claimed = end
}

// where returns the true direction in which the mount stands.
func (r *Rotator) where(ctx context.Context) (aim, error) {
	a, err := r.mount.Where(ctx)
	if err != nil {
		return aim{}, err
	}
	return a.minus(r.offset()), nil
}

// turn sends the dish to a true direction and waits until it is there. The caller has the
// claim. Errors: errMountReach before anything moves; errMountStuck, errMountStopped; one
// of hal's when the mount does not answer.
func (r *Rotator) turn(ctx context.Context, goal aim) error {
	from, err := r.where(ctx)
	switch {
	case ctx.Err() != nil:
		return errMountStopped
	case err != nil && !errors.Is(err, errNowhere):
		r.lost(err)
		return err
	}
	goal, ok := r.within(goal, from)
	if !ok {
		return errMountReach
	}
	if near := r.before(goal, from); near != goal {
		if err := r.ask(ctx, &job{goal: near.plus(r.offset())}); err != nil {
			return err
		}
	}
	return r.ask(ctx, &job{goal: goal.plus(r.offset())})
}

// ask has Run do j and waits for its end, which comes soon after ctx's.
func (r *Rotator) ask(ctx context.Context, j *job) error {
	j.ctx, j.ended = ctx, make(chan error, 1)
	if ctx.Err() != nil {
		return errMountStopped
	}
	select {
	case r.jobs <- j:
		return <-j.ended
	case <-ctx.Done():
		return errMountStopped
	}
}

// within brings a goal into the limits of the configuration, by a full turn if need be,
// and to the nearest of what is left; false when it cannot be.
func (r *Rotator) within(goal, from aim) (aim, bool) {
	c := r.cfg.Rotator
	if r.polar() {
		goal.Azimuth, goal.Elevation = 0, 0
		return goal, abs(goal.Hour) <= dish.Degrees(c.Reach)
	}
	goal.Hour = 0
	if goal.Elevation < dish.Degrees(c.MinElevation) || goal.Elevation > dish.Degrees(c.MaxElevation) {
		return goal, false
	}
	best, found := goal, false
	for _, full := range []dish.Degrees{0, -360, 360} {
		az := goal.Azimuth + full
		if az < dish.Degrees(c.MinAzimuth) || az > dish.Degrees(c.MaxAzimuth) {
			continue
		}
		if !found || abs(az-from.Azimuth) < abs(best.Azimuth-from.Azimuth) {
			best.Azimuth, found = az, true
		}
	}
	return best, found
}

// before is from where the goal is come to, so that the play of the gears always lies on
// the same side: below it on each axis that moves by less than the play, or downwards.
func (r *Rotator) before(goal, from aim) aim {
	play := dish.Degrees(r.cfg.Rotator.Backlash)
	c := r.cfg.Rotator
	axis := func(to, from, lowest dish.Degrees) dish.Degrees {
		if abs(to-from) < 0.01 || to-from >= play {
			return to
		}
		return max(to-play, lowest)
	}
	if r.polar() {
		goal.Hour = axis(goal.Hour, from.Hour, -dish.Degrees(c.Reach))
		return goal
	}
	goal.Azimuth = axis(goal.Azimuth, from.Azimuth, dish.Degrees(c.MinAzimuth))
	goal.Elevation = axis(goal.Elevation, from.Elevation, dish.Degrees(c.MinElevation))
	return goal
}

// stop ends whatever moves, whoever ordered it, also when who asked for it has gone.
func (r *Rotator) stop(ctx context.Context) error {
	r.mu.Lock()
	if r.claimed != nil {
		r.claimed(errMountStopped)
	}
	r.mu.Unlock()
	r.replace(nil, errMountStopped)
	err := r.halt(context.WithoutCancel(ctx))
	r.lost(err)
	return err
}

// park sends the mount to where it rests and waits until it does. The caller has the claim.
func (r *Rotator) park(ctx context.Context) error { return r.ask(ctx, &job{park: true}) }

// at is the true direction to a satellite; false below the horizon.
func (r *Rotator) at(o dish.Orbit) (aim, bool) {
	p := placeOf(r.cfg)
	v := dish.Look(p, o)
	if !v.Visible || v.Plumb {
		return aim{}, false
	}
	if r.polar() {
		return aim{Hour: dish.HourAngle(p, o)}, true
	}
	return aim{Azimuth: v.Azimuth, Elevation: v.Elevation + dish.Refraction(v.Elevation, p.Height)}, true
}
