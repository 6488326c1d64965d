package antenna

import (
	"fmt"
	"math"
	"strings"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

const transitDaysSaid = 12 // spoilt days that a text names

// transit is the command dish transit: where the dish points by the station's own log of
// a season, now measured anew.
func (q question) transit() (command.Result, error) {
	if q.cfg == nil || q.dish().Tuner.Adapter == "" {
		return command.Result{}, q.env.Failed("cmd.dish.no_sensors")
	}
	dir := dishDir(q.cfg)
	seasons, err := transitSeasons(dir)
	if err != nil {
		return command.Result{}, err
	}
	h, err := q.season(seasons)
	if err != nil {
		return command.Result{}, err
	}
	n, err := measureSeason(q.dish(), dir, h, q.at)
	if err != nil {
		return command.Result{}, &command.Error{Code: command.CodeFailed, Text: sayDish(q.env, err)}
	}
	r := command.Result{Text: n.text(q.env.Text), Data: n}
	if n.Refused != "" {
		r.Code = command.CodeFailed
	}
	return r, nil
}

// season is the newest one that fits what was asked for.
func (q question) season(logged []halfYear) (halfYear, error) {
	name, year := q.survey.Options["season"], q.survey.Year
	for i := len(logged) - 1; i >= 0; i-- {
		if h := logged[i]; (name == "" || name == h.name()) && (year == 0 || year == h.year) {
			return h, nil
		}
	}
	if year != 0 && name != "" {
		return halfYear{year, name == "autumn"}, nil
	}
	return halfYear{}, q.env.Failed("cmd.dish.transit.none", "list", seasonList(logged))
}

func seasonList(seasons []halfYear) string {
	var names []string
	for _, h := range seasons[max(0, len(seasons)-8):] {
		names = append(names, h.String())
	}
	if len(names) == 0 {
		return "–"
	}
	return strings.Join(names, ", ")
}

// off is by how much the dish points beside the satellite.
func (n transitNote) off() dish.Degrees {
	return dish.Degrees(math.Hypot(float64(n.Cross), float64(n.Elevation)))
}

// points says where the dish points; what is within twice the error is not told as off.
func (n transitNote) points(c *text.Catalogue) string {
	still := max(2*n.Sigma, 0.01)
	return c.Say("dish.transit.points", "across", offSide(c, n.Cross, still, "right", "left", "middle"),
		"upright", offSide(c, n.Elevation, still, "high", "low", "level"), "loss", figure(float64(n.Loss), 2))
}

func offSide(c *text.Catalogue, off, still dish.Degrees, plus, minus, none string) string {
	switch {
	case math.Abs(float64(off)) <= float64(still):
		return c.Say("dish.transit." + none)
	case off < 0:
		plus = minus
	}
	return c.Say("dish.transit."+plus, "deg", figure(math.Abs(float64(off)), 2))
}

// seasonName is "autumn 2026".
func (n transitNote) seasonName(c *text.Catalogue) string {
	h, _ := parseHalfYear(n.Season)
	return c.Say("dish.transit."+h.name(), "year", h.year)
}

// line tells it in one line, for texts about other things.
func (n transitNote) line(c *text.Catalogue) string {
	return c.Say("dish.transit.line", "season", n.seasonName(c), "points", n.points(c), "sigma", figure(float64(n.Sigma), 2)) + "\n"
}

func (n transitNote) text(c *text.Catalogue) string {
	head := n.seasonName(c) + "  →  " + n.Satellite + "\n"
	if n.Refused != "" {
		l := lineup{words: c, head: head + c.Say("dish.transit.refused."+n.Refused, "date", n.Date, "most", clockMost)}
		n.addDays(&l)
		return l.String()
	}
	l := lineup{words: c, head: head + n.points(c)}
	still := max(2*n.Sigma, 0.01)
	l.add("cmd.dish.off_right", signed(n.Cross)+"°", turnWords(c, "across", -n.Cross, still))
	if math.Abs(float64(n.Cross)) > float64(still) {
		l.add("dish.transit.mast", figure(math.Abs(float64(n.Azimuth)), 2)+"°", c.Say("dish.transit.mast_means"))
	}
	l.add("cmd.dish.off_up", signed(n.Elevation)+"°", turnWords(c, "upright", -n.Elevation, still))
	l.add("cmd.dish.good_to", "±"+figure(float64(n.Sigma), 3)+"°", c.Say("dish.transit.by", "days", n.Days, "used", n.Used, "clock", figure(n.Clock, 1)))
	l.add("cmd.dish.loss_now", figure(float64(n.Loss), 2)+" dB", c.Say("cmd.dish.loss_means"))
	n.addDays(&l)
	if n.Running {
		return l.String() + c.Say("dish.transit.running") + "\n"
	}
	return l.String()
}

// addDays lists the days that were of no use, the first few.
func (n transitNote) addDays(l *lineup) {
	for i, d := range n.Spoilt {
		if i == transitDaysSaid {
			l.rows = append(l.rows, [3]string{"…", fmt.Sprint(len(n.Spoilt) - i), ""})
			return
		}
		l.rows = append(l.rows, [3]string{l.words.Say("dish.transit.day"), d.Date, l.words.Say("dish.transit.day_" + d.Why)})
	}
}

// sunLine is what the Sun said last, "" when that says nothing any more.
func sunLine(c *text.Catalogue, dir string, now time.Time) (string, *transitNote) {
	n := measuredBySun(dir, now)
	if n == nil {
		return "", nil
	}
	return n.line(c), n
}
