package dish_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

func TestShadow(t *testing.T) {
	at, el, rate := &worst{name: "time s", limit: 1}, &worst{name: "elevation", limit: 0.002}, &worst{name: "rate", limit: 0.01}
	for _, g := range table(t, "sun_azimuth_time", 30) {
		target := g.deg("target_az_deg")
		want := float64(dish.Look(g.place(), dish.Geostationary(g.deg("sat_lon_deg"))).Azimuth)
		if g.cell["mode"] == "shadow_on_satellite" {
			want += 180
		}
		if d := math.Remainder(want-float64(target), 360); math.Abs(d) > 1e-4 {
			t.Errorf("%s: target %v is %v off", g.cell["id"], target, d)
		}
		c, err := dish.Shadow(g.place(), target, g.time("local_solar_day_start_utc"))
		if err != nil {
			t.Errorf("%s: %v", g.cell["id"], err)
			continue
		}
		at.see(g, c.At.Sub(g.time("utc")).Seconds(), 0)
		el.see(g, float64(c.Elevation), g.num("sun_el_deg"))
		rate.see(g, float64(c.Rate), g.num("az_rate_deg_per_min"))
	}
	report(t, at, el, rate)
	if _, err := dish.Shadow(dish.Place{Latitude: 40, Longitude: 116}, 0, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, dish.ErrNoCrossing) {
		t.Errorf("the Sun in the north in December: %v", err)
	}
}

func season(g golden) dish.Season {
	g.t.Helper()
	year := int(g.num("year"))
	a := dish.NewAlmanac(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC))
	s, err := a.Season(g.place(), dish.Geostationary(g.deg("sat_lon_deg")), g.deg("outage_half_angle_deg"), year, g.cell["season"] == "autumn")
	if err != nil {
		g.t.Fatal(g.cell["id"], err)
	}
	return s
}

func TestSunOutage(t *testing.T) {
	peak, sep, dur := &worst{name: "peak s", limit: 1}, &worst{name: "separation", limit: 0.001}, &worst{name: "duration s", limit: 1}
	edge, total := &worst{name: "edges s", limit: 1}, &worst{name: "total s", limit: 5}
	days := map[string][]dish.Outage{}
	for _, g := range table(t, "sun_outage", 30) {
		s := season(g)
		days[g.cell["id"]] = s.Days
		out := s.Outages()
		peak.see(g, s.Peak.Peak.Sub(g.time("peak_utc")).Seconds(), 0)
		sep.see(g, float64(s.Peak.Separation), g.num("peak_min_sep_deg"))
		edge.see(g, s.Peak.Start.Sub(g.time("peak_day_start_utc")).Seconds(), 0)
		edge.see(g, s.Peak.End.Sub(g.time("peak_day_end_utc")).Seconds(), 0)
		dur.see(g, s.Peak.Duration().Seconds(), g.num("peak_day_duration_s"))
		if len(out) != int(g.num("n_outage_days")) {
			t.Errorf("%s: %d days, want %s", g.cell["id"], len(out), g.cell["n_outage_days"])
			continue
		}
		peak.see(g, out[0].Peak.Sub(g.time("first_outage_peak_utc")).Seconds(), 0)
		peak.see(g, out[len(out)-1].Peak.Sub(g.time("last_outage_peak_utc")).Seconds(), 0)
		var sum time.Duration
		for _, o := range out {
			sum += o.Duration()
		}
		total.see(g, sum.Seconds(), g.num("total_outage_s"))
		theta, err := dish.Beamwidth(dish.Metres(g.num("dish_m")), frequency(g.num("freq_ghz")))
		if err != nil || math.Abs(float64(dish.OutageHalfAngle(theta))-g.num("outage_half_angle_deg")) > 1e-5 || math.Abs(float64(theta)-g.num("beam3db_deg")) > 1e-5 {
			t.Errorf("%s: beam %v, half angle %v, %v", g.cell["id"], theta, dish.OutageHalfAngle(theta), err)
		}
	}
	report(t, peak, sep, edge, dur, total)
	outageDays(t, days)
}

// outageDays compares every day, and that no day is missing or too many.
func outageDays(t *testing.T, days map[string][]dish.Outage) {
	peak, sep, edge := &worst{name: "peak s", limit: 1}, &worst{name: "separation", limit: 0.001}, &worst{name: "edges s", limit: 1}
	edge5 := &worst{name: "edges s*", limit: 5}
	rows := map[string]int{}
	for _, g := range table(t, "sun_outage_days", 400) {
		id := g.cell["id"]
		i := rows[id]
		rows[id]++
		if i >= len(days[id]) {
			t.Errorf("%s: only %d days", id, len(days[id]))
			continue
		}
		o := days[id][i]
		peak.see(g, o.Peak.Sub(g.time("peak_utc")).Seconds(), 0)
		sep.see(g, float64(o.Separation), g.num("min_sep_deg"))
		sep.see(g, float64(o.Margin), g.num("edge_margin_deg"))
		margin := g.num("edge_margin_deg")
		if math.Abs(margin) >= 0.002 && o.Out() != (g.cell["outage"] == "1") {
			t.Errorf("%s %s: outage %v", id, g.cell["peak_utc"], o.Out())
		}
		if w := map[bool]*worst{true: edge, false: edge5}[margin > 0.05]; margin > 0.01 {
			w.see(g, o.Start.Sub(g.time("start_utc")).Seconds(), 0)
			w.see(g, o.End.Sub(g.time("end_utc")).Seconds(), 0)
		}
	}
	for id, list := range days {
		if rows[id] != len(list) {
			t.Errorf("%s: %d days, want %d", id, len(list), rows[id])
		}
	}
	report(t, peak, sep, edge, edge5)
}

func TestSunNoise(t *testing.T) {
	fill, loss := &worst{name: "fill, part", limit: 0.001}, &worst{name: "C/N dB", limit: 0.005}
	for _, g := range table(t, "sun_noise", 18) {
		theta, off, radius := g.deg("theta3db_deg"), g.deg("offset_deg"), g.deg("sun_radius_deg")
		if want := g.num("beam_fill_q"); want > 1e-3 { // printed with six places
			fill.see(g, dish.BeamFill(theta, off, radius)/want, 1)
		}
		loss.see(g, float64(dish.SunNoise(theta, off, radius, g.num("sun_brightness_K"), g.num("beam_efficiency"), g.num("tsys_K"))), g.num("cn_degradation_dB"))
	}
	report(t, fill, loss)
}
