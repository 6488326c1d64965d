package antenna

import (
	"context"
	"errors"
	"fmt"
	"time"

	"stationbox/firmware/dish"
	"stationbox/hal"
	"stationbox/hal/rotctl"
)

// face is the mount as other programs see it, through the words of a rotctld: true
// directions, within the limits of the configuration.
type face struct{ r *Rotator }

// serveFace answers them until ctx ends.
func (r *Rotator) serveFace(ctx context.Context) error {
	l, err := r.doors.Listen(r.cfg.Rotator.Listen)
	if err != nil {
		return fmt.Errorf("dish.rotator.listen: %w", err)
	}
	c := r.cfg.Rotator
	return rotctl.Serve(ctx, l, face{r}, rotctl.ServeOpts{
		Limits: rotctl.Limits{
			Low:  positionOf(aim{Azimuth: dish.Degrees(c.MinAzimuth), Elevation: dish.Degrees(c.MinElevation)}),
			High: positionOf(aim{Azimuth: dish.Degrees(c.MaxAzimuth), Elevation: dish.Degrees(c.MaxElevation)}),
		},
		Info: "Stationbox", Timeout: faceTime, Log: r.log,
	})
}

// faceTime bounds what another program waits for: a stop may have to connect again.
const faceTime = mountHalt + 5*time.Second

// Position returns where the dish points.
func (f face) Position(ctx context.Context) (hal.Reading[rotctl.Position], error) {
	at := f.r.tick()
	a, err := f.r.where(ctx)
	return hal.Reading[rotctl.Position]{Value: positionOf(a), At: at}, err
}

// Turn takes a goal; a newer one takes its place. While a command moves the dish, or
// somebody stands at it, it is hal.ErrRefused.
func (f face) Turn(_ context.Context, p rotctl.Position) error {
	return f.want(&job{goal: aimOf(p).plus(f.r.offset())})
}

// Park sends the dish to where it rests, and does not wait for that. It is refused as Turn
// is.
func (f face) Park(context.Context) error { return f.want(&job{park: true}) }

func (f face) want(j *job) error {
	select {
	case held := <-f.r.hold:
		defer func() { f.r.hold <- held }()
	default:
		return errors.Join(f.r.occupied(), hal.ErrRefused)
	}
	if f.r.people() {
		return errors.Join(errMountPeople, hal.ErrRefused)
	}
	f.r.replace(j, errReplaced)
	select {
	case f.r.wake <- struct{}{}:
	default:
	}
	return nil
}

// Stop stops whatever moves.
func (f face) Stop(ctx context.Context) error { return f.r.stop(ctx) }
