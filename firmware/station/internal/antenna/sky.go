package antenna

import (
	"errors"
	"fmt"
	"math"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
)

// dayAndZone is how the day is written whose times follow.
const dayAndZone = "2006-01-02 UTC-07:00"

// shadowNote is `dish shadow` as -json prints it.
type shadowNote struct {
	Mode      string       `json:"mode"` // sun_over_satellite, shadow_on_satellite
	Target    dish.Degrees `json:"target_az_deg"`
	UTC       time.Time    `json:"utc,omitzero"` // zero: not on that day
	Elevation dish.Degrees `json:"sun_el_deg,omitempty"`
	Rate      dish.Degrees `json:"az_rate_deg_per_min,omitempty"`
}

// shadow tells both moments of the day at which the shadow of a mast is on the line to
// the satellite.
func (q question) shadow(p dish.Place) (command.Result, error) {
	azimuth, head, err := q.line(p)
	if err != nil {
		return command.Result{}, err
	}
	c := q.env.Text
	l := lineup{words: c, head: wherePlace(c, p) + "  " + q.at.In(q.zone()).Format(dayAndZone) + "  " + head + "  " + deg(azimuth)}
	local := q.at.In(q.zone())
	start := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, q.zone())
	notes := []shadowNote{}
	for _, mode := range []string{"sun_over_satellite", "shadow_on_satellite"} {
		n := shadowNote{Mode: mode, Target: azimuth}
		if mode == "shadow_on_satellite" {
			n.Target = turn(azimuth + 180)
		}
		x, err := dish.Shadow(p, n.Target, start)
		switch {
		case errors.Is(err, dish.ErrNoCrossing):
			l.add("cmd.dish."+mode, "-", c.Say("cmd.dish.not_today"))
		case err != nil:
			return command.Result{}, err
		default:
			n.UTC, n.Elevation, n.Rate = x.At.UTC().Round(100*time.Millisecond), x.Elevation, x.Rate
			l.add("cmd.dish."+mode, x.At.In(q.zone()).Round(time.Second).Format(time.TimeOnly),
				c.Say("cmd.dish."+mode+"_means", "el", figure(float64(x.Elevation), 0), "error", figure(float64(x.Rate)/6, 2)))
		}
		notes = append(notes, n)
	}
	return command.Result{Text: l.String(), Data: notes}, nil
}

// line is the azimuth that the shadow is to lie on, and whose it is.
func (q question) line(p dish.Place) (dish.Degrees, string, error) {
	if q.survey.Options["az"] != "" {
		az, err := q.number("az", 0, 0, 360)
		return dish.Degrees(az), q.env.Text.Say("cmd.dish.azimuth"), err
	}
	sat, err := q.target()
	if err != nil {
		return 0, "", err
	}
	v := dish.Look(p, orbitOf(sat))
	switch {
	case !v.Visible:
		return 0, "", q.env.Failed("cmd.dish.unseen")
	case v.Plumb:
		return 0, "", q.env.Failed("cmd.dish.plumb")
	}
	return v.Azimuth, whereSatellite(q.env.Text, sat), nil
}

// outageNote is one season as -json prints it.
type outageNote struct {
	Year      int          `json:"year"`
	Season    string       `json:"season"`
	HalfAngle dish.Degrees `json:"outage_half_angle_deg"`
	Peak      outageDay    `json:"peak"`
	Days      []outageDay  `json:"days"`
	Total     float64      `json:"total_outage_s"`
	first     time.Time
	last      time.Time
}

type outageDay struct {
	Peak       time.Time    `json:"peak_utc"`
	Separation dish.Degrees `json:"min_sep_deg"`
	Start      time.Time    `json:"start_utc"`
	End        time.Time    `json:"end_utc"`
	Duration   float64      `json:"duration_s"`
}

func dayNote(o dish.Outage) outageDay {
	tenth := func(t time.Time) time.Time { return t.UTC().Round(100 * time.Millisecond) }
	return outageDay{tenth(o.Peak), o.Separation, tenth(o.Start), tenth(o.End), o.Duration().Round(100 * time.Millisecond).Seconds()}
}

func (q question) outage(p dish.Place) (command.Result, error) {
	sat, err := q.target()
	if err != nil {
		return command.Result{}, err
	}
	b, known, err := q.beam()
	switch {
	case err != nil:
		return command.Result{}, err
	case !known:
		return command.Result{}, q.env.Misused("cmd.dish.no_dish")
	}
	half := dish.OutageHalfAngle(b.Width)
	notes := []outageNote{}
	for _, s := range q.seasons() {
		season, err := s.of(p, orbitOf(sat), half)
		if err != nil {
			return command.Result{}, &command.Error{Code: command.CodeFailed, Text: sayDish(q.env, err)}
		}
		if n, ok := noteOf(s, half, season); ok && (q.survey.Year != 0 || n.last.After(q.at)) {
			notes = append(notes, n)
		}
	}
	if q.survey.Year == 0 {
		notes = notes[:min(len(notes), 2)]
	}
	return command.Result{Text: q.outageText(p, sat, b, half, notes), Data: notes}, nil
}

// half a year of one year.
type halfYear struct {
	year   int
	autumn bool
}

func (h halfYear) name() string {
	if h.autumn {
		return "autumn"
	}
	return "spring"
}

func (h halfYear) of(p dish.Place, o dish.Orbit, half dish.Degrees) (dish.Season, error) {
	from := time.Date(h.year, 1, 1, 0, 0, 0, 0, time.UTC)
	return dish.NewAlmanac(from, from.AddDate(1, 0, 0)).Season(p, o, half, h.year, h.autumn)
}

// seasons are those of the year that was asked for, or all of this and the next year.
func (q question) seasons() []halfYear {
	if y := q.survey.Year; y != 0 {
		return []halfYear{{y, false}, {y, true}}
	}
	y := q.at.UTC().Year()
	return []halfYear{{y, false}, {y, true}, {y + 1, false}, {y + 1, true}}
}

func noteOf(h halfYear, half dish.Degrees, s dish.Season) (outageNote, bool) {
	list := s.Outages()
	if len(list) == 0 {
		return outageNote{}, false
	}
	n := outageNote{Year: h.year, Season: h.name(), HalfAngle: half, Peak: dayNote(s.Peak), Total: math.Round(s.Total().Seconds()),
		first: list[0].Start, last: list[len(list)-1].End}
	for _, o := range list {
		n.Days = append(n.Days, dayNote(o))
	}
	return n, true
}

func (q question) outageText(p dish.Place, sat config.Satellite, b beam, half dish.Degrees, notes []outageNote) string {
	c := q.env.Text
	l := lineup{words: c, head: wherePlace(c, p) + "  →  " + whereSatellite(c, sat) + "\n" + c.Say("cmd.dish.outage_head",
		"zone", q.at.In(q.zone()).Format("UTC-07:00"), "dish", b.Diameter, "freq", b.Gigahertz, "beam", figure(float64(b.Width), 2), "half", figure(float64(half), 2))}
	for _, n := range notes {
		l.add("cmd.dish."+n.Season, fmt.Sprint(n.Year), c.Say("cmd.dish.season", "days", len(n.Days),
			"first", n.first.In(q.zone()).Format(time.DateOnly), "last", n.last.In(q.zone()).Format(time.DateOnly)))
		if q.survey.Days {
			for _, d := range n.Days {
				l.add("cmd.dish.a_day", d.Peak.In(q.zone()).Format(time.DateOnly), q.span(d))
			}
			continue
		}
		l.add("cmd.dish.longest", n.Peak.Peak.In(q.zone()).Format(time.DateOnly), q.span(n.Peak))
	}
	if len(notes) == 0 {
		l.head += "\n" + c.Say("cmd.dish.no_outage")
	}
	return l.String()
}

// span is from when to when the Sun is in the way.
func (q question) span(d outageDay) string {
	clock := func(t time.Time) string { return t.In(q.zone()).Round(time.Second).Format(time.TimeOnly) }
	return fmt.Sprintf("%s – %s  %s", clock(d.Start), clock(d.End), q.env.Text.Say("cmd.dish.lasting", "length", time.Duration(d.Duration*float64(time.Second))))
}
