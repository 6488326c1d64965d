package antenna

import (
	"errors"
	"math"
	"strconv"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
)

// sheetOf returns the table of a dish command.
func sheetOf(s command.Survey) sheet {
	switch s.Kind {
	case "look":
		return sheet{needs: []string{"lat_deg", "lon_deg", "height_m", "sat_lon_deg"},
			adds: []string{"az_true_deg", "el_geom_deg", "range_km", "visible", "skew_deg", "refraction_ray_deg"}, work: lookRow}
	case "field":
		return sheet{needs: []string{"decimal_year", "lat_deg", "lon_deg", "height_km"},
			adds: []string{"decl_deg", "incl_deg", "H_nT", "X_nT", "Y_nT", "Z_nT", "F_nT", "decl_rate_deg_per_yr", "decl_sigma_deg"}, work: fieldRow}
	case "sun":
		return sheet{needs: []string{"lat_deg", "lon_deg", "height_m", "utc"}, adds: []string{"sun_az_deg", "sun_el_geom_deg"}, work: sunRow}
	case "shadow":
		return sheet{needs: []string{"lat_deg", "lon_deg", "height_m", "local_solar_day_start_utc", "mode", "target_az_deg"},
			adds: []string{"utc", "sun_el_deg", "az_rate_deg_per_min"}, work: shadowRow}
	}
	return outageSheet(s.Days)
}

func outageSheet(days bool) sheet {
	needs := []string{"id", "lat_deg", "lon_deg", "height_m", "sat_lon_deg", "year", "season", "outage_half_angle_deg"}
	years := almanacs{}
	if days {
		return sheet{needs: needs, only: true, adds: []string{"id", "peak_utc", "min_sep_deg", "outage", "start_utc", "end_utc", "duration_s", "edge_margin_deg"}, work: years.dayRows}
	}
	return sheet{needs: needs, adds: []string{"peak_utc", "peak_min_sep_deg", "peak_day_start_utc", "peak_day_end_utc", "peak_day_duration_s",
		"first_outage_peak_utc", "last_outage_peak_utc", "n_outage_days", "total_outage_s"}, work: years.seasonRow}
}

func (r *sheetRow) place() dish.Place {
	return dish.Place{
		Latitude:  dish.Degrees(r.num("lat_deg", -90, 90)),
		Longitude: dish.Degrees(r.num("lon_deg", -180, 360)),
		Height:    dish.Metres(r.num("height_m", -1000, 20_000)),
	}
}

func (r *sheetRow) orbit() dish.Orbit {
	o := dish.Geostationary(dish.Degrees(r.num("sat_lon_deg", -180, 360)))
	o.Latitude = dish.Degrees(r.maybe("sat_lat_deg", 0, -90, 90))
	o.Radius = dish.Metres(1000 * r.maybe("sat_radius_km", float64(dish.GeoRadius)/1000, 6600, 500_000))
	return o
}

func digit(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

func lookRow(r *sheetRow) ([][]string, error) {
	p, o := r.place(), r.orbit()
	if r.err != nil {
		return nil, nil // told by who called
	}
	v := dish.Look(p, o)
	out := []string{"", figure(float64(v.Elevation), 8), figure(float64(v.Range)/1000, 6), digit(v.Visible), "", ""}
	if !v.Plumb {
		out[0], out[4] = figure(float64(v.Azimuth), 8), figure(float64(v.Skew), 8)
	}
	if v.Visible {
		out[5] = figure(float64(dish.Refraction(v.Elevation, p.Height)), 5)
	}
	r.compare(v)
	return [][]string{out}, nil
}

// misprint is by how many degrees a printed table may be off: they are rounded, and their
// makers use formulas of a sphere.
const misprint = 0.5

// compare remarks on what somebody printed of the same line of sight, in columns that may
// be there: one table of a Chinese province has an azimuth three degrees wrong.
func (r *sheetRow) compare(v dish.View) {
	if v.Plumb {
		return
	}
	for _, c := range []struct {
		column string
		ours   float64
	}{
		{"az_published", float64(v.Azimuth)}, {"el_published", float64(v.Elevation)}, {"pol_published_abs", math.Abs(float64(v.Skew))},
	} {
		theirs, err := strconv.ParseFloat(r.text(c.column), 64)
		if err == nil && math.Abs(math.Remainder(theirs-c.ours, 360)) > misprint {
			r.remark(false, "cmd.dish.misprint", "column", c.column, "got", figure(theirs, 2), "ours", figure(c.ours, 2))
		}
	}
}

func fieldRow(r *sheetRow) ([][]string, error) {
	year := r.num("decimal_year", 1900, 2200)
	p := dish.Place{
		Latitude:  dish.Degrees(r.num("lat_deg", -90, 90)),
		Longitude: dish.Degrees(r.num("lon_deg", -180, 360)),
		Height:    dish.Metres(1000 * r.num("height_km", -1, 850)),
	}
	if r.err != nil {
		return nil, nil
	}
	f, err := dish.WMM2025().At(p, year)
	if err != nil {
		return nil, err
	}
	return [][]string{{figure(float64(f.Declination), 7), figure(float64(f.Inclination), 7), figure(float64(f.Horizontal), 6),
		figure(float64(f.North), 6), figure(float64(f.East), 6), figure(float64(f.Down), 6), figure(float64(f.Total), 6),
		figure(float64(f.Drift), 7), figure(float64(f.Sigma), 4)}}, nil
}

func sunRow(r *sheetRow) ([][]string, error) {
	p, at := r.place(), r.time("utc")
	if r.err != nil {
		return nil, nil
	}
	az, el := dish.Sun(at, p)
	return [][]string{{figure(float64(az), 6), figure(float64(el), 6)}}, nil
}

// shadowRow leaves the result empty on a day without such a moment.
func shadowRow(r *sheetRow) ([][]string, error) {
	p, at := r.place(), r.time("local_solar_day_start_utc")
	r.word("mode", "sun_over_satellite", "shadow_on_satellite") // target_az_deg has it in it already
	target := dish.Degrees(r.num("target_az_deg", -360, 720))
	if r.err != nil {
		return nil, nil
	}
	c, err := dish.Shadow(p, target, at)
	if errors.Is(err, dish.ErrNoCrossing) {
		return [][]string{{"", "", ""}}, nil
	}
	return [][]string{{stamp(c.At), figure(float64(c.Elevation), 4), figure(float64(c.Rate), 4)}}, err
}

// almanacs are the tables of the years that were asked for so far.
type almanacs map[int]*dish.Almanac

// mostYears bounds them; tables are small and quickly made again.
const mostYears = 300

func (a almanacs) of(year int) *dish.Almanac {
	if a[year] == nil {
		if len(a) >= mostYears {
			clear(a)
		}
		from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		a[year] = dish.NewAlmanac(from, from.AddDate(1, 0, 0))
	}
	return a[year]
}

func (a almanacs) season(r *sheetRow) (dish.Season, error) {
	p, o := r.place(), r.orbit()
	year := r.whole("year", 1950, 2150)
	season := r.word("season", "spring", "autumn")
	half := dish.Degrees(r.num("outage_half_angle_deg", 0, 60))
	if r.err != nil {
		return dish.Season{}, nil
	}
	return a.of(year).Season(p, o, half, year, season == "autumn")
}

func (a almanacs) seasonRow(r *sheetRow) ([][]string, error) {
	s, err := a.season(r)
	if err != nil || r.err != nil {
		return nil, err
	}
	out := []string{stamp(s.Peak.Peak), figure(float64(s.Peak.Separation), 5), stamp(s.Peak.Start), stamp(s.Peak.End), figure(s.Peak.Duration().Seconds(), 1), "", "", "0", "0"}
	if list := s.Outages(); len(list) > 0 {
		out[5], out[6] = stamp(list[0].Peak), stamp(list[len(list)-1].Peak)
		out[7], out[8] = strconv.Itoa(len(list)), figure(s.Total().Seconds(), 0)
	}
	return [][]string{out}, nil
}

func (a almanacs) dayRows(r *sheetRow) ([][]string, error) {
	s, err := a.season(r)
	if err != nil || r.err != nil {
		return nil, err
	}
	var rows [][]string
	for _, o := range s.Days {
		row := []string{r.text("id"), stamp(o.Peak), figure(float64(o.Separation), 5), digit(o.Out()), stamp(o.Start), stamp(o.End), figure(o.Duration().Seconds(), 1), figure(float64(o.Margin), 5)}
		rows = append(rows, row)
	}
	return rows, nil
}
