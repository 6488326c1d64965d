package dish_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

// golden is one row of a table in testdata, by the names of its columns.
type golden struct {
	t    *testing.T
	cell map[string]string
}

func table(t *testing.T, name string, least int) []golden {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []golden
	for _, row := range rows[1:] {
		g := golden{t, map[string]string{}}
		for i, name := range rows[0] {
			g.cell[name] = row[i]
		}
		out = append(out, g)
	}
	if len(out) < least {
		t.Fatalf("%s has only %d rows", name, len(out))
	}
	return out
}

func (g golden) num(name string) float64 {
	g.t.Helper()
	v, err := strconv.ParseFloat(g.cell[name], 64)
	if err != nil {
		g.t.Fatalf("%s: %s: %v", g.cell["id"], name, err)
	}
	return v
}

func (g golden) deg(name string) dish.Degrees { return dish.Degrees(g.num(name)) }

func (g golden) time(name string) time.Time {
	g.t.Helper()
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999"} {
		if at, err := time.Parse(layout, g.cell[name]); err == nil {
			return at
		}
	}
	g.t.Fatalf("%s: %s: %q is no time", g.cell["id"], name, g.cell[name])
	return time.Time{}
}

func (g golden) place() dish.Place {
	return dish.Place{Latitude: g.deg("lat_deg"), Longitude: g.deg("lon_deg"), Height: dish.Metres(g.num("height_m"))}
}

// worst remembers the largest error of a column, and fails what is beyond its limit.
type worst struct {
	name  string
	limit float64
	most  float64
}

func (w *worst) see(g golden, got, want float64) {
	g.t.Helper()
	d := math.Abs(got - want)
	w.most = math.Max(w.most, d)
	if !(d <= w.limit) {
		g.t.Errorf("%s: %s is %.9g, want %.9g (off by %.3g, limit %.3g)", g.cell["id"], w.name, got, want, d, w.limit)
	}
}

func report(t *testing.T, list ...*worst) {
	for _, w := range list {
		t.Logf("%-12s worst %.3g of %.3g", w.name, w.most, w.limit)
	}
}

// nearest brings an angle into the turn around want.
func nearest(got, want, turn float64) float64 { return want + math.Remainder(got-want, turn) }

func TestLookAngles(t *testing.T) {
	az, el, skew := &worst{name: "azimuth", limit: 1e-6}, &worst{name: "elevation", limit: 1e-6}, &worst{name: "skew", limit: 1e-6}
	far, bend := &worst{name: "range km", limit: 1e-5}, &worst{name: "refraction", limit: 0.002}
	for _, g := range table(t, "look_angles", 100) {
		o := dish.Orbit{Longitude: g.deg("sat_lon_deg"), Latitude: g.deg("sat_lat_deg"), Radius: dish.Metres(g.num("sat_radius_km") * 1000)}
		v := dish.Look(g.place(), o)
		el.see(g, float64(v.Elevation), g.num("el_geom_deg"))
		far.see(g, float64(v.Range)/1000, g.num("range_km"))
		if v.Visible != (g.cell["visible"] == "1") || v.Plumb != (g.cell["az_true_deg"] == "") {
			t.Errorf("%s: visible %v, plumb %v", g.cell["id"], v.Visible, v.Plumb)
		}
		if !v.Plumb {
			k := math.Cos(float64(v.Elevation) * math.Pi / 180)
			az.see(g, k*nearest(float64(v.Azimuth), g.num("az_true_deg"), 360), k*g.num("az_true_deg"))
			skew.see(g, nearest(float64(v.Skew), g.num("skew_deg"), 180), g.num("skew_deg"))
		}
		if g.cell["refraction_ray_deg"] != "" && v.Elevation > 2 {
			bend.see(g, float64(dish.Refraction(v.Elevation, g.place().Height)), g.num("refraction_ray_deg"))
		}
	}
	report(t, az, el, skew, far, bend)
}

// Real tables: what is printed there is reproduced, and the one wrong row is seen.
func TestPublishedTables(t *testing.T) {
	for _, g := range table(t, "published_lookangle_tables", 7) {
		p := dish.Place{Latitude: g.deg("lat"), Longitude: g.deg("lon")}
		v := dish.Look(p, dish.Geostationary(g.deg("sat_lon")))
		wrong := math.Abs(float64(v.Azimuth)-g.num("az_published")) > 0.25
		if wrong != (g.cell["sat_lon"] == "105.5") {
			t.Errorf("%s %s: azimuth %.2f, printed %s", g.cell["site"], g.cell["sat_lon"], v.Azimuth, g.cell["az_published"])
		}
		if math.Abs(float64(v.Elevation)-g.num("el_published")) > 0.2 || math.Abs(math.Abs(float64(v.Skew))-g.num("pol_published_abs")) > 0.2 {
			t.Errorf("%s %s: elevation %.2f, skew %.2f, printed %s %s", g.cell["site"], g.cell["sat_lon"], v.Elevation, v.Skew, g.cell["el_published"], g.cell["pol_published_abs"])
		}
	}
}

func TestMagneticField(t *testing.T) {
	d, i := &worst{name: "declination", limit: 2e-6}, &worst{name: "inclination", limit: 2e-6}
	y, z := &worst{name: "Y nT", limit: 1e-4}, &worst{name: "Z nT", limit: 1e-4} // 3e-6, but printed with four places
	x, h, f := &worst{name: "X nT", limit: 1e-3}, &worst{name: "H nT", limit: 1e-3}, &worst{name: "F nT", limit: 1e-3}
	rate, sigma := &worst{name: "rate", limit: 1e-6}, &worst{name: "sigma", limit: 1e-4}
	for _, g := range table(t, "wmm2025", 50) {
		p := dish.Place{Latitude: g.deg("lat_deg"), Longitude: g.deg("lon_deg"), Height: dish.Metres(1000 * g.num("height_km"))}
		v, err := dish.WMM2025().At(p, g.num("decimal_year"))
		if err != nil {
			t.Fatal(err)
		}
		d.see(g, float64(v.Declination), g.num("decl_deg"))
		i.see(g, float64(v.Inclination), g.num("incl_deg"))
		h.see(g, float64(v.Horizontal), g.num("H_nT"))
		x.see(g, float64(v.North), g.num("X_nT"))
		y.see(g, float64(v.East), g.num("Y_nT"))
		z.see(g, float64(v.Down), g.num("Z_nT"))
		f.see(g, float64(v.Total), g.num("F_nT"))
		rate.see(g, float64(v.Drift), g.num("decl_rate_deg_per_yr"))
		sigma.see(g, float64(v.Sigma), g.num("decl_sigma_deg"))
	}
	report(t, d, i, h, x, y, z, f, rate, sigma)
}

func TestSunPosition(t *testing.T) {
	az, el := &worst{name: "azimuth", limit: 5e-5}, &worst{name: "elevation", limit: 5e-5} // 0.001 is asked for; 2e-5 is reached
	for _, g := range table(t, "sun_position", 100) {
		a, e := dish.Sun(g.time("utc"), g.place())
		el.see(g, float64(e), g.num("sun_el_geom_deg"))
		k := math.Cos(g.num("sun_el_geom_deg") * math.Pi / 180)
		az.see(g, k*nearest(float64(a), g.num("sun_az_deg"), 360), k*g.num("sun_az_deg"))
	}
	report(t, az, el)
}
