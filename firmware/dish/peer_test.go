package dish_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

// python is an interpreter that has PyEphem (Debian's python3-ephem).
func python(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := exec.CommandContext(ctx, name, "-c", "import ephem").Run()
		cancel()
		if err == nil {
			return name
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("python3-ephem is missing: deploy/setup.sh test")
	}
	t.Skip("python3-ephem is missing")
	return ""
}

// village is one station that both compute.
type village struct {
	at   dish.Place
	sat  dish.Degrees
	half dish.Degrees
	year int
}

func villages(n int) []village {
	r := rand.New(rand.NewPCG(11, 12))
	var list []village
	for range n {
		list = append(list, village{
			dish.Place{Latitude: dish.Degrees(18 + 35*r.Float64()), Longitude: dish.Degrees(75 + 58*r.Float64()), Height: dish.Metres(4000 * r.Float64())},
			dish.Degrees(87.5 + 46*r.Float64()), dish.Degrees(0.8 + 1.4*r.Float64()), 2027})
	}
	return list
}

// peer is one season by PyEphem.
type peer struct {
	peak, separation, start, end float64
	days                         int
	total                        float64
}

// ephemeris runs PyEphem over the villages: two seasons each, and how long it took.
func ephemeris(t testing.TB, list []village) ([]peer, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python(t), "testdata/peer_ephem.py")
	var in strings.Builder
	for _, v := range list {
		fmt.Fprintf(&in, "%.9f %.9f %.3f %.9f %.9f %d\n", v.at.Latitude, v.at.Longitude, v.at.Height, v.sat, v.half, v.year)
	}
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in.String()), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var peers []peer
	for line := range strings.Lines(out.String()) {
		var p peer
		var season string
		if _, err := fmt.Sscan(line, &season, &p.peak, &p.separation, &p.start, &p.end, &p.days, &p.total); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		peers = append(peers, p)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(errs.String()), 64)
	if err != nil || len(peers) != 2*len(list) {
		t.Fatalf("%d seasons, %v", len(peers), err)
	}
	return peers, time.Duration(seconds * float64(time.Second))
}

func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func almanac2027() *dish.Almanac {
	from := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	return dish.NewAlmanac(from, from.AddDate(1, 0, 0))
}

// PyEphem, with an ephemeris of its own, says the same of villages that no table has.
func TestOutagesBesidePyEphem(t *testing.T) {
	list := villages(40)
	peers, _ := ephemeris(t, list)
	a := almanac2027()
	var peak, sep, edge float64
	for i, p := range peers {
		v := list[i/2]
		s, err := a.Season(v.at, dish.Geostationary(v.sat), v.half, v.year, i%2 == 1)
		if err != nil {
			t.Fatal(err)
		}
		peak = math.Max(peak, math.Abs(unix(s.Peak.Peak)-p.peak))
		sep = math.Max(sep, math.Abs(float64(s.Peak.Separation)-p.separation))
		edge = math.Max(edge, math.Max(math.Abs(unix(s.Peak.Start)-p.start), math.Abs(unix(s.Peak.End)-p.end)))
		if n := len(s.Outages()); n != p.days {
			t.Errorf("%+v: %d days, PyEphem %d", v, n, p.days)
		}
	}
	t.Logf("of %d seasons at most: peak %.2f s, separation %.5f degrees, edges %.2f s apart", len(peers), peak, sep, edge)
	if peak > 1 || sep > 0.001 || edge > 1 {
		t.Error("more than 1 s or 0.001 degrees apart")
	}
}

// The two outage seasons of one station, satellite and year; the same by PyEphem in the
// same run. The table of the Sun is counted in.
func BenchmarkOutagesBesidePyEphem(b *testing.B) {
	_, theirs := ephemeris(b, villages(200))
	list := villages(20_000)
	var ours time.Duration
	for b.Loop() {
		start := time.Now()
		a := almanac2027()
		for _, v := range list {
			for _, autumn := range []bool{false, true} {
				if _, err := a.Season(v.at, dish.Geostationary(v.sat), v.half, v.year, autumn); err != nil {
					b.Fatal(err)
				}
			}
		}
		ours = time.Since(start)
	}
	mine, peers := float64(len(list))/ours.Seconds(), 200/theirs.Seconds()
	b.ReportMetric(mine, "stations/s")
	b.ReportMetric(peers, "pyephem/s")
	b.ReportMetric(mine/peers, "ratio")
}
