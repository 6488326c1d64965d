package antenna

import (
	"context"

	"stationbox/firmware/command"
)

// standing is what the station found out by itself about how its dish points and stands.
type standing struct {
	Sun   *transitNote `json:"sun_transit,omitempty"`
	Mount *mountNote   `json:"mount,omitempty"`
}

// standingOf also returns it as text, "" when there is nothing to tell.
func (q question) standingOf(ctx context.Context) (standing, string, error) {
	said, sun := sunLine(q.env.Text, dishDir(q.cfg), q.at)
	mount, err := q.mountNoteOf(ctx)
	if err != nil {
		return standing{}, "", err
	}
	if mount != nil {
		said += mount.text(q.env.Text, q.zone())
	}
	return standing{sun, mount}, said, nil
}

// whyStanding is dish why of the station's own log, and what is known of how the dish
// points and stands.
func (q question) whyStanding(ctx context.Context) (command.Result, error) {
	r, err := q.whyOwn(ctx)
	if err != nil {
		return r, err
	}
	s, said, err := q.standingOf(ctx)
	if err != nil {
		return command.Result{}, err
	}
	if n, ok := r.Data.(ownWhy); ok {
		r.Data = struct {
			ownWhy
			standing
		}{n, s}
	}
	r.Text += said
	return r, nil
}
