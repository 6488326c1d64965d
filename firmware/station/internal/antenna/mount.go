package antenna

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

const (
	mountMonths = 3    // of the log that are looked at
	verdictSure = 0.45 // confidence from which on a state of the mount is told of
	hourMinutes = 20   // minutes that an hour has at least
)

// mountNote is how the mount of the dish stands, as -json prints it.
type mountNote struct {
	State      dish.MountState `json:"state"`
	Onset      *time.Time      `json:"onset,omitempty"`
	Confidence float64         `json:"confidence"`
	Tilt       dish.Degrees    `json:"tilt_deg,omitempty"`
	Toward     dish.Degrees    `json:"toward_deg,omitempty"`
	Evidence   string          `json:"evidence"`
	Clues      []dish.Clue     `json:"clues"`
}

// hourOf gathers the minutes of an hour.
type hourOf struct {
	at                          time.Time
	n                           int
	cnr, level, el, lean, temp  average
	east, north, shake, flutter average
}

// mountHours makes hours of minutes.
type mountHours struct {
	cfg   config.Dish
	since time.Time
	now   hourOf
	list  []dish.Posture
}

func (h *mountHours) add(r dishRow) {
	at := r.At.Truncate(time.Hour)
	if !r.At.After(h.since) {
		return
	}
	if !at.Equal(h.now.at) {
		h.end()
		h.now = hourOf{at: at}
	}
	n := &h.now
	n.n++
	if r.Share >= 0.5 {
		n.cnr.add(r.CNR)
		n.flutter.add(r.CNRSD * r.CNRSD)
	}
	n.level.add(r.Level)
	n.el.add(r.Elevation)
	n.lean.add(h.leanOf(r))
	n.temp.add(r.Celsius)
	n.shake.add(r.ElevationSD*r.ElevationSD + r.RollSD*r.RollSD)
	if !math.IsNaN(r.Heading) {
		east, north := math.Sincos(r.Heading * math.Pi / 180)
		n.east.add(east)
		n.north.add(north)
	}
}

// leanOf is by how much the dish leans over about the horizontal: an inclinometer that is
// raised with the dish gives its roll about an axis that is raised too.
func (h *mountHours) leanOf(r dishRow) float64 {
	if h.cfg.Incline.Raise == "roll" {
		return r.Roll // its other angle is that above the horizontal
	}
	raised := (r.Elevation - float64(h.cfg.Incline.Zero) - float64(h.cfg.Offset)) * math.Pi / 180
	return math.Asin(math.Sin(r.Roll*math.Pi/180)*math.Cos(raised)) * 180 / math.Pi
}

// end keeps the hour, when it has minutes enough and is not before the last one.
func (h *mountHours) end() {
	n := &h.now
	if n.n < hourMinutes || len(h.list) > 0 && !n.at.After(h.list[len(h.list)-1].At) {
		return
	}
	p := dish.Posture{At: n.at, CNR: n.cnr.mean(), Level: n.level.mean(), Elevation: n.el.mean(), Lean: n.lean.mean(), Heading: math.NaN(),
		Celsius: n.temp.mean(), Shake: math.Sqrt(n.shake.mean()), Flutter: math.Sqrt(n.flutter.mean())}
	if n.north.n > 0 {
		p.Heading = float64(turned(dish.Degrees(math.Atan2(n.east.sum, n.north.sum) * 180 / math.Pi)))
	}
	h.list = append(h.list, p)
}

// mountState judges the mount by the station's log since it was aligned.
func mountState(ctx context.Context, cfg config.Dish, dir string) (dish.MountVerdict, error) {
	a, _ := readAlignment(dir) // without one At is zero
	h := mountHours{cfg: cfg, since: a.At}
	if _, err := readDish(ctx, dir, mountMonths, h.add); err != nil {
		return dish.MountVerdict{}, err
	}
	h.end()
	width, err := widthOf(cfg)
	if err != nil {
		return dish.MountVerdict{}, err
	}
	look := dish.Look(placeOf(cfg), orbitOf(cfg.Target()))
	s := dish.Stand{Azimuth: look.Azimuth, Elevation: look.Elevation, Beamwidth: width}
	if len(h.list) > 0 {
		if n := measuredBySun(dir, h.list[0].At); n != nil && n.To.Before(h.list[0].At) {
			s.Across, s.Upright = n.Cross, n.Elevation
		}
	}
	return dish.JudgeMount(s, h.list)
}

// mountFaults are the states of a mount that somebody must look at. There is one fault at
// most at a time.
var mountFaults = [...]struct {
	state dish.MountState
	code  string
}{
	{dish.MountBase, "fault.dish.base_tilt"}, {dish.MountKnocked, "fault.dish.knocked"}, {dish.MountElevation, "fault.dish.slack_elevation"},
	{dish.MountAzimuth, "fault.dish.slack_azimuth"}, {dish.MountWind, "fault.dish.wind"}, {dish.MountSensor, "fault.dish.sensor_slipped"},
}

// judgeMount looks how the mount stands and makes a fault of what must be looked at.
func (m *Meter) judgeMount(ctx context.Context) error {
	v, err := mountState(ctx, m.cfg, m.dir)
	if errors.Is(err, dish.ErrShortLog) { // as after an alignment: what was is over
		v, err = dish.MountVerdict{State: dish.MountUnknown}, nil
	}
	if err != nil {
		return err
	}
	m.log.Info("mount of the dish", "state", v.State, "confidence", v.Confidence, "onset", v.Onset)
	for _, f := range mountFaults {
		on := v.State == f.state && v.Confidence >= verdictSure
		m.faults.Set(on, f.code, "", "date", v.Onset.UTC().Format(time.DateOnly), "deg", figure(float64(v.Tilt), 2), "az", figure(float64(v.Toward), 0))
	}
	return nil
}

// mountNoteOf is nil for a log that is too short.
func (q question) mountNoteOf(ctx context.Context) (*mountNote, error) {
	v, err := mountState(ctx, q.dish(), dishDir(q.cfg))
	switch {
	case errors.Is(err, dish.ErrShortLog):
		return nil, nil
	case err != nil:
		return nil, err
	}
	n := &mountNote{State: v.State, Confidence: math.Round(100*v.Confidence) / 100, Tilt: dish.Degrees(math.Round(100*float64(v.Tilt)) / 100),
		Toward: dish.Degrees(math.Round(float64(v.Toward))), Clues: v.Clues}
	if !v.Onset.IsZero() && v.State != dish.MountSteady {
		n.Onset = &v.Onset
	}
	for i, clue := range v.Clues {
		said := sayMountClue(q.env.Text, clue)
		if i > 0 {
			said = q.env.Text.Say("cmd.dish.and", "a", n.Evidence, "b", said)
		}
		n.Evidence = said
	}
	return n, nil
}

func sayMountClue(c *text.Catalogue, clue dish.Clue) string {
	decimals := 1
	switch clue.Word {
	case "el_changed", "lean_changed", "el_same", "lean_same", "shakes":
		return c.Say("dish.mount.clue."+clue.Word, "v", signed(dish.Degrees(clue.Value)))
	case "by_steps", "slowly", "el_creeps", "toward", "windy_hours":
		decimals = 0
	}
	return c.Say("dish.mount.clue."+clue.Word, "v", figure(clue.Value, decimals))
}

// text says it in lines; a mount of which nothing is known is worth one.
func (n mountNote) text(c *text.Catalogue, zone *time.Location) string {
	since := ""
	if n.Onset != nil {
		since = "  " + c.Say("dish.mount.since", "date", n.Onset.In(zone).Format(time.DateOnly))
	}
	l := lineup{words: c, head: c.Say("dish.mount.head", "state", c.Say("dish.mount."+string(n.State))) + since}
	if n.State == dish.MountBase || n.State == dish.MountKnocked {
		l.add("dish.mount.tilt", fmt.Sprintf("%.2f°", float64(n.Tilt)), c.Say("dish.mount.toward", "az", figure(float64(n.Toward), 0)))
	}
	if n.Confidence > 0 {
		l.add("cmd.dish.confidence", figure(100*n.Confidence, 0)+" %", "")
	}
	for _, clue := range n.Clues {
		l.add("cmd.dish.because", "", sayMountClue(c, clue))
	}
	if n.State != dish.MountSteady {
		l.add("cmd.dish.to_do", "", c.Say("dish.mount."+string(n.State)+".hint"))
	}
	return l.String()
}
