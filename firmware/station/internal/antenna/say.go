package antenna

import (
	"math"
	"strings"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

// lineup is a text of three columns: what, how much, what that means.
type lineup struct {
	words *text.Catalogue
	head  string
	rows  [][3]string
}

func (l *lineup) add(key, value, meaning string) {
	l.rows = append(l.rows, [3]string{l.words.Say(key), value, meaning})
}

func (l *lineup) String() string {
	var b strings.Builder
	b.WriteString(l.head + "\n")
	var wide [2]int
	for _, r := range l.rows {
		wide[0], wide[1] = max(wide[0], text.Width(r[0])), max(wide[1], text.Width(r[1]))
	}
	for _, r := range l.rows {
		line := r[0] + strings.Repeat(" ", wide[0]-text.Width(r[0])+2) + strings.Repeat(" ", wide[1]-text.Width(r[1])) + r[1] + "  " + r[2]
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func deg(d dish.Degrees) string { return figure(float64(d), 2) + "°" }

// lookNote is `dish look` as -json prints it.
type lookNote struct {
	Latitude    dish.Degrees  `json:"lat_deg"`
	Longitude   dish.Degrees  `json:"lon_deg"`
	Height      dish.Metres   `json:"height_m"`
	Satellite   string        `json:"satellite,omitempty"`
	SatelliteAt dish.Degrees  `json:"sat_lon_deg"`
	AsOf        string        `json:"sat_as_of,omitempty"`
	Azimuth     *dish.Degrees `json:"az_true_deg,omitempty"` // nil straight up and down
	Elevation   dish.Degrees  `json:"el_geom_deg"`
	RangeKM     float64       `json:"range_km"`
	Visible     bool          `json:"visible"`
	Skew        *dish.Degrees `json:"skew_deg,omitempty"` // clockwise, seen from behind the dish
	Refraction  dish.Degrees  `json:"refraction_deg"`
	Compass     *dish.Degrees `json:"az_magnetic_deg,omitempty"` // nil when the model has expired
	Declination *dish.Degrees `json:"decl_deg,omitempty"`
	Sigma       *dish.Degrees `json:"decl_sigma_deg,omitempty"`
	Rim         *dish.Degrees `json:"rim_deg,omitempty"` // of an offset dish
	Beam        *beam         `json:"beam,omitempty"`
}

func (q question) look(p dish.Place) (command.Result, error) {
	sat, err := q.target()
	if err != nil {
		return command.Result{}, err
	}
	offset, err := q.number("offset", float64(q.dish().Offset), 0, 60)
	if err != nil {
		return command.Result{}, err
	}
	b, known, err := q.beam()
	if err != nil {
		return command.Result{}, err
	}
	v := dish.Look(p, orbitOf(sat))
	n := lookNote{Latitude: p.Latitude, Longitude: p.Longitude, Height: p.Height, Satellite: sat.Name, SatelliteAt: dish.Degrees(sat.Longitude), AsOf: sat.Date,
		Elevation: v.Elevation, RangeKM: float64(v.Range) / 1000, Visible: v.Visible, Refraction: dish.Refraction(v.Elevation, p.Height)}
	if !v.Plumb {
		n.Azimuth, n.Skew = &v.Azimuth, &v.Skew
		n.compass(p, q.at)
	}
	if known {
		n.Beam = &b
	}
	if offset > 0 {
		rim := v.Elevation + n.Refraction - dish.Degrees(offset)
		n.Rim = &rim
	}
	return command.Result{Text: n.text(q.env.Text, p, sat), Data: n}, nil
}

// compass adds what the needle says, as long as the model of the field holds.
func (n *lookNote) compass(p dish.Place, at time.Time) {
	f, err := dish.WMM2025().At(p, dish.DecimalYear(at))
	if err != nil {
		return
	}
	needle := turn(*n.Azimuth - f.Declination)
	n.Compass, n.Declination, n.Sigma = &needle, &f.Declination, &f.Sigma
}

func turn(d dish.Degrees) dish.Degrees {
	return dish.Degrees(math.Mod(float64(d)+720, 360))
}

func (n lookNote) text(c *text.Catalogue, p dish.Place, sat config.Satellite) string {
	l := lineup{words: c, head: wherePlace(c, p) + "  →  " + whereSatellite(c, sat)}
	if !n.Visible {
		l.head += "\n" + c.Say("cmd.dish.unseen")
	}
	if n.Azimuth != nil {
		l.add("cmd.dish.azimuth", deg(*n.Azimuth), c.Say("cmd.dish.true_north"))
	}
	switch {
	case n.Azimuth == nil:
	case n.Compass == nil:
		l.add("cmd.dish.compass", "-", sayDish(&command.Env{Text: c}, dish.ErrExpired))
	default:
		l.add("cmd.dish.compass", deg(*n.Compass), c.Say("cmd.dish.needle", "declination", signed(*n.Declination), "sigma", figure(float64(*n.Sigma), 1)))
	}
	l.add("cmd.dish.elevation", deg(n.Elevation+n.Refraction), c.Say("cmd.dish.refracted", "refraction", figure(float64(n.Refraction), 3)))
	if n.Rim != nil {
		l.add("cmd.dish.rim", deg(*n.Rim), c.Say("cmd.dish.rim_means"))
	}
	if n.Skew != nil {
		l.add("cmd.dish.skew", signed(*n.Skew)+"°", skewWords(c, *n.Skew))
	}
	l.add("cmd.dish.range", figure(n.RangeKM, 0)+" km", "")
	if n.Beam != nil {
		l.add("cmd.dish.beam", deg(n.Beam.Width), c.Say("cmd.dish.beam_means", "dish", n.Beam.Diameter, "freq", n.Beam.Gigahertz,
			"off", figure(float64(dish.OffAt(1, n.Beam.Width)), 2)))
	}
	return l.String()
}

func signed(d dish.Degrees) string {
	s := figure(float64(d), 2)
	if strings.HasPrefix(s, "-") || strings.Trim(s, "0.") == "" {
		return s
	}
	return "+" + s
}

// skewWords says which way to turn the LNB, and from where that is seen: there lies the
// usual mistake.
func skewWords(c *text.Catalogue, skew dish.Degrees) string {
	by := figure(math.Abs(float64(skew)), 1)
	switch {
	case by == "0.0":
		return c.Say("cmd.dish.skew_none")
	case skew > 0:
		return c.Say("cmd.dish.skew_right", "deg", by)
	}
	return c.Say("cmd.dish.skew_left", "deg", by)
}

// fieldNote is `dish field` as -json prints it.
type fieldNote struct {
	Model       string         `json:"model"`
	Until       float64        `json:"valid_until_year"`
	Year        float64        `json:"decimal_year"`
	Declination dish.Degrees   `json:"decl_deg"`
	Sigma       dish.Degrees   `json:"decl_sigma_deg"`
	Drift       dish.Degrees   `json:"decl_rate_deg_per_yr"`
	Inclination dish.Degrees   `json:"incl_deg"`
	Horizontal  dish.Nanotesla `json:"H_nT"`
	North       dish.Nanotesla `json:"X_nT"`
	East        dish.Nanotesla `json:"Y_nT"`
	Down        dish.Nanotesla `json:"Z_nT"`
	Total       dish.Nanotesla `json:"F_nT"`
}

func (q question) field(p dish.Place) (command.Result, error) {
	m, year := dish.WMM2025(), dish.DecimalYear(q.at)
	f, err := m.At(p, year)
	if err != nil {
		return command.Result{}, &command.Error{Code: command.CodeFailed, Text: sayDish(q.env, err)}
	}
	n := fieldNote{m.Name, m.Until, year, f.Declination, f.Sigma, f.Drift, f.Inclination, f.Horizontal, f.North, f.East, f.Down, f.Total}
	c := q.env.Text
	l := lineup{words: c, head: wherePlace(c, p) + "  " + q.at.In(q.zone()).Format(time.DateOnly) + "  " + c.Say("cmd.dish.model", "name", m.Name, "until", figure(m.Until, 1))}
	l.add("cmd.dish.declination", signed(f.Declination)+"°", c.Say("cmd.dish.declination_means", "sigma", figure(float64(f.Sigma), 2), "rate", figure(float64(f.Drift), 3)))
	l.add("cmd.dish.inclination", deg(f.Inclination), c.Say("cmd.dish.inclination_means", "error", figure(math.Tan(math.Abs(float64(f.Inclination))*math.Pi/180), 1)))
	l.add("cmd.dish.horizontal", figure(float64(f.Horizontal)/1000, 2)+" µT", "")
	l.add("cmd.dish.total", figure(float64(f.Total)/1000, 2)+" µT", "")
	return command.Result{Text: l.String(), Data: n}, nil
}

func (q question) zone() *time.Location {
	if q.env.Zone == nil {
		return time.UTC
	}
	return q.env.Zone
}

// sunNote is `dish sun` as -json prints it.
type sunNote struct {
	UTC       time.Time    `json:"utc"`
	Azimuth   dish.Degrees `json:"sun_az_deg"`
	Elevation dish.Degrees `json:"sun_el_geom_deg"`
}

func (q question) sun(p dish.Place) (command.Result, error) {
	n := sunNote{UTC: q.at.UTC()}
	n.Azimuth, n.Elevation = dish.Sun(q.at, p)
	c := q.env.Text
	l := lineup{words: c, head: wherePlace(c, p) + "  " + q.at.In(q.zone()).Format("2006-01-02 15:04:05 -07:00")}
	l.add("cmd.dish.azimuth", deg(n.Azimuth), c.Say("cmd.dish.true_north"))
	l.add("cmd.dish.elevation", deg(n.Elevation), c.Say("cmd.dish.sun_middle"))
	return command.Result{Text: l.String(), Data: n}, nil
}
