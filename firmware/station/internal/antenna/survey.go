package antenna

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

// Surveyor is command.Surveyor: what the dish of a configuration sees, which may be
// nil or without a dish when the command says everything itself.
func Surveyor(cfg *config.Config) command.Surveyor {
	return func(ctx context.Context, env *command.Env, s command.Survey) (command.Result, error) {
		q := question{cfg: cfg, env: env, survey: s, at: s.At}
		if q.at.IsZero() {
			q.at = env.Now()
		}
		switch r, ours, err := q.studied(ctx); {
		case ours:
			return r, err
		case s.Batch != "":
			return sheetOf(s).batch(ctx, env, s.Batch)
		}
		return q.answer()
	}
}

// question is a survey for people.
type question struct {
	cfg    *config.Config
	env    *command.Env
	survey command.Survey
	at     time.Time
}

func (q question) answer() (command.Result, error) {
	p, err := q.place()
	if err != nil {
		return command.Result{}, err
	}
	switch q.survey.Kind {
	case "look":
		return q.look(p)
	case "field":
		return q.field(p)
	case "sun":
		return q.sun(p)
	case "shadow":
		return q.shadow(p)
	}
	return q.outage(p)
}

// dish is the section of the configuration, the zero one without.
func (q question) dish() config.Dish {
	if q.cfg == nil {
		return config.Default().Dish
	}
	return q.cfg.Dish
}

// number reads an option that is a number, or returns def.
func (q question) number(name string, def, low, high float64) (float64, error) {
	s := q.survey.Options[name]
	if s == "" {
		return def, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= low && v <= high) {
		return 0, q.env.Misused("cmd.dish.bad_number", "option", "-"+name, "got", s, "low", low, "high", high)
	}
	return v, nil
}

// place is where the station stands, by the options or the configuration.
func (q question) place() (dish.Place, error) {
	d := q.dish()
	if !d.Set() && (q.survey.Options["lat"] == "" || q.survey.Options["lon"] == "") {
		return dish.Place{}, q.env.Misused("cmd.dish.where")
	}
	lat, errLat := q.number("lat", float64(d.Latitude), -90, 90)
	lon, errLon := q.number("lon", float64(d.Longitude), -180, 360)
	height, errH := q.number("height", float64(d.Height), -1000, 20_000)
	for _, err := range []error{errLat, errLon, errH} {
		if err != nil {
			return dish.Place{}, err
		}
	}
	return dish.Place{Latitude: dish.Degrees(lat), Longitude: dish.Degrees(lon), Height: dish.Metres(height)}, nil
}

// target is the satellite that was asked for, or the one of the configuration.
func (q question) target() (config.Satellite, error) {
	d := q.dish()
	name := q.survey.Options["sat"]
	switch {
	case name != "":
		if s, ok := d.List().Find(name); ok {
			return s, nil
		}
		return config.Satellite{}, q.env.Misused("cmd.dish.satellite", "got", name)
	case d.Satellite != "":
		return d.Target(), nil
	}
	return config.Satellite{}, q.env.Misused("cmd.dish.which")
}

func orbitOf(s config.Satellite) dish.Orbit { return dish.Geostationary(dish.Degrees(s.Longitude)) }

// beam is the dish with its frequency; ok is false when neither was said.
func (q question) beam() (beam, bool, error) {
	d := q.dish()
	diameter, err := q.number("dish", float64(d.Diameter), 0.1, 100)
	if err != nil || diameter == 0 {
		return beam{}, false, err
	}
	gigahertz, err := q.number("freq", float64(d.Channel()), 1, 50)
	if err != nil {
		return beam{}, false, err
	}
	b, err := beamOf(diameter, gigahertz)
	return b, err == nil, err
}

type beam struct {
	Diameter  float64      `json:"diameter_m"`
	Gigahertz float64      `json:"frequency_ghz"`
	Width     dish.Degrees `json:"beam3db_deg"`
}

func beamOf(diameter, gigahertz float64) (beam, error) {
	w, err := dish.Beamwidth(dish.Metres(diameter), physic.Frequency(gigahertz*float64(physic.GigaHertz)))
	return beam{diameter, gigahertz, w}, err
}

// sayDish tells a mistake of a row or of the arithmetic to people.
func sayDish(env *command.Env, err error) string {
	var row errRow
	switch {
	case errors.As(err, &row):
		return env.Text.Say(row.key, row.args...)
	case errors.Is(err, dish.ErrUnseen):
		return env.Text.Say("cmd.dish.unseen")
	case errors.Is(err, dish.ErrExpired):
		m := dish.WMM2025()
		return env.Text.Say("cmd.dish.expired", "name", m.Name, "from", m.From, "until", m.Until)
	}
	if said, ok := sayFit(env, err); ok {
		return said
	}
	return err.Error()
}

// wherePlace writes a place as a map does.
func wherePlace(c *text.Catalogue, p dish.Place) string {
	ns, ew := "cmd.dish.north", "cmd.dish.east"
	if p.Latitude < 0 {
		ns = "cmd.dish.south"
	}
	lon := math.Remainder(float64(p.Longitude), 360)
	if lon < 0 {
		ew = "cmd.dish.west"
	}
	return fmt.Sprintf("%s  %s  %s", c.Say(ns, "deg", figure(math.Abs(float64(p.Latitude)), 4)),
		c.Say(ew, "deg", figure(math.Abs(lon), 4)), c.Say("cmd.dish.metres", "m", figure(float64(p.Height), 0)))
}

// whereSatellite names a satellite with its position and the day of it.
func whereSatellite(c *text.Catalogue, s config.Satellite) string {
	ew := "cmd.dish.east"
	if s.Longitude < 0 {
		ew = "cmd.dish.west"
	}
	pos := c.Say(ew, "deg", figure(math.Abs(float64(s.Longitude)), 1))
	if s.Date == "" {
		return pos
	}
	return s.Name + "  " + pos + "  " + c.Say("cmd.dish.as_of", "date", s.Date)
}
