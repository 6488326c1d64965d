package antenna

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/text"
)

// The station's own log of a season tells where the dish points: within 0.01° rms and 0.02°
// at most, also when three days were lost to rain and one to a power cut, and when the beam is
// wider than the rule has it.
func TestTransitTruth(t *testing.T) {
	for _, tt := range []struct {
		name     string
		villages int
		spoil    bool
		beam     float64
	}{{"clear", 4, false, 1}, {"rain and a power cut", 2, true, 1}, {"a wider beam", 2, false, 1.08}} {
		var sum, most, n, bytes float64
		for i := range tt.villages {
			v := aSunVillage(t, uint64(i)+100)
			v.width *= tt.beam
			if tt.spoil {
				v.wet[1], v.wet[5], v.wet[6], v.off[3] = true, true, true, true
			}
			v.live(t)
			note, err := measureSeason(v.cfg.Dish, v.meter.dir, v.half, v.at)
			if err != nil || note.Refused != "" || note.Running {
				t.Fatalf("%d: %+v %v", i, note, err)
			}
			x, y := float64(note.Cross)-v.x, float64(note.Elevation)-v.y
			t.Logf("%s %2d: beam %.2f°, Sun %4.1f, points %+.3f %+.3f, off %+.4f %+.4f ± %.4f, %d of %d days, left out %v", tt.name, i, v.width, v.sun, v.x, v.y, x, y, float64(note.Sigma), note.Days, note.Foretold, note.Spoilt)
			for _, off := range []float64{x, y} {
				sum, most, n = sum+off*off, max(most, math.Abs(off)), n+1
			}
			info, err := os.Stat(v.half.path(v.meter.dir))
			if err != nil {
				t.Fatal(err)
			}
			bytes = max(bytes, float64(info.Size()))
		}
		t.Logf("%s: rms %.4f, most %.4f degrees; a season is %.0f kB at most", tt.name, math.Sqrt(sum/n), most, bytes/1000)
		if math.Sqrt(sum/n) > 0.01 || most > 0.02 || bytes > 500e3 {
			t.Error("more than 0.01 rms, 0.02 at most or 500 kB")
		}
	}
}

// What spoils a season is refused, with the reason and the day; nothing is made up.
func TestTransitRefuses(t *testing.T) {
	tests := []struct {
		word  string
		spoil func(t *testing.T, v *sunVillage)
		after func(t *testing.T, v *sunVillage)
	}{
		{"clock", func(_ *testing.T, v *sunVillage) { v.bound = time.Minute }, nil},
		{"moved", func(_ *testing.T, v *sunVillage) { // by the inclinometer
			v.lean = func(day int) float64 { return map[bool]float64{true: -0.5}[day > 6] }
		}, nil},
		{"moved", func(_ *testing.T, v *sunVillage) { // by what the Sun says
			v.shift = func(day int) (float64, float64) {
				if day >= 6 {
					return 0.25 * v.width, -0.1 * v.width
				}
				return 0, 0
			}
		}, nil},
		{"moved", nil, func(t *testing.T, v *sunVillage) { // somebody aligned it
			rows, _, err := readTransit(v.half.path(v.meter.dir))
			if err != nil || (alignment{At: rows[len(rows)/2].At}).write(v.meter.dir) != nil {
				t.Fatal(err)
			}
		}},
		{"retuned", nil, func(t *testing.T, v *sunVillage) {
			path := v.half.path(v.meter.dir)
			b, err := os.ReadFile(path)
			cut := len(b) / 2
			if err != nil || os.WriteFile(path, append(b[:cut:cut], strings.ReplaceAll(string(b[cut:]), "h27500", "v27500")...), 0o600) != nil {
				t.Fatal(err)
			}
		}},
		{"no_sun", func(_ *testing.T, v *sunVillage) { v.sun = 0 }, nil},
		{"two_ways", func(_ *testing.T, v *sunVillage) {
			for i := range 60 {
				v.off[i] = i != 4
			}
		}, nil},
		{"few", func(_ *testing.T, v *sunVillage) { v.clear = 4 }, nil},
		{"no_log", nil, func(t *testing.T, v *sunVillage) {
			if err := os.Remove(v.half.path(v.meter.dir)); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i, " ", tt.word), func(t *testing.T) {
			v := aSunVillage(t, 104)
			if tt.spoil != nil {
				tt.spoil(t, v)
			}
			v.live(t)
			if tt.after != nil {
				tt.after(t, v)
			}
			n, err := measureSeason(v.cfg.Dish, v.meter.dir, v.half, v.at)
			if err != nil || n.Refused != tt.word || n.Cross != 0 {
				t.Fatalf("%+v %v", n, err)
			}
			if (tt.word == "moved" || tt.word == "retuned") != (n.Date != "") {
				t.Errorf("date %q", n.Date)
			}
			for _, lang := range []string{"zh", "en"} {
				if said := n.text(text.New(lang)); strings.Contains(said, "{") || strings.Contains(said, "dish.transit") {
					t.Errorf("%q", said)
				}
			}
		})
	}
}

// A dish that is moved by a good part of its beam is never answered with a mixture.
func TestTransitMovedIsNoMixture(t *testing.T) {
	said := map[string]int{}
	for i := range 4 {
		v := aSunVillage(t, uint64(i)+206)
		list, err := passagesOf(v.cfg.Dish, v.half)
		if err != nil {
			t.Fatal(err)
		}
		to := 2 * math.Pi * v.r.Float64()
		dx, dy := 0.2*v.width*math.Cos(to), 0.2*v.width*math.Sin(to)
		v.shift = func(day int) (float64, float64) {
			if day >= len(list)/2 {
				return dx, dy
			}
			return 0, 0
		}
		v.live(t)
		n, err := measureSeason(v.cfg.Dish, v.meter.dir, v.half, v.at)
		if err != nil {
			t.Fatal(err)
		}
		if said[n.Refused]++; n.Refused == "" {
			before := math.Hypot(float64(n.Cross)-v.x, float64(n.Elevation)-v.y)
			after := math.Hypot(float64(n.Cross)-v.x-dx, float64(n.Elevation)-v.y-dy)
			t.Errorf("%d: %.3f and %.3f off, %+v", i, before, after, n)
		}
	}
	t.Log(said)
}

// The station fits the season when it is over, by itself and once; what it found is told by
// dish now, trend, why and transit, and is a fault when it costs more than 1 dB.
func TestTransitOfItself(t *testing.T) {
	v := aSunVillage(t, 104)
	v.x, v.y = -0.32*v.width, 0.05*v.width
	v.live(t)
	end := v.at
	v.at = end.Add(-4 * time.Hour) // the last passage is just over
	if err := v.meter.fitSeasons(); err != nil {
		t.Fatal(err)
	}
	if notes, _ := readTransitNotes(v.meter.dir); len(notes) != 0 {
		t.Fatalf("fitted early: %+v", notes)
	}
	v.at = end
	for range 2 {
		if err := v.meter.judge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	notes, err := readTransitNotes(v.meter.dir)
	if err != nil || len(notes) != 1 || notes[0].Refused != "" {
		t.Fatalf("%+v %v", notes, err)
	}
	if list := v.meter.faults.List(); len(list) != 1 || list[0].Code != "fault.dish.transit" {
		t.Fatalf("faults %+v", list)
	}
	zh, _ := text.New("zh").Fault(v.meter.faults.List()[0])
	now := &View{}
	live := v.meter.sinceText(text.New("en"), now, time.UTC)
	if !strings.Contains(zh, "dB") || strings.Contains(zh, "{") || !strings.Contains(live, "too far LEFT, seen from behind") || now.Sun == nil {
		t.Errorf("%q %q", zh, live)
	}
	v.minutes(t)
	for _, args := range [][]string{{"dish", "transit"}, {"dish", "trend"}, {"dish", "why"}, {"dish", "transit", "-year", fmt.Sprint(v.half.year), "-season", v.half.name()}} {
		env := dishEnv(v.cfg, "en", func() time.Time { return v.at })
		r, err := dishCommands().Run(t.Context(), env, args)
		if err != nil || !strings.Contains(r.Text, "too far LEFT") {
			t.Errorf("%v: %v\n%s", args, err, r.Text)
		}
		env = dishEnv(v.cfg, "zh", func() time.Time { return v.at })
		r, err = dishCommands().Run(t.Context(), env, append(slices.Clone(args), "-json"))
		if err != nil || !strings.Contains(r.Text, `"cross_el_deg": -0.`) {
			t.Errorf("%v -json: %v\n%s", args, err, r.Text)
		}
	}
	if err := (alignment{At: v.at}).write(v.meter.dir); err != nil {
		t.Fatal(err)
	}
	if v.at = v.at.Add(time.Hour); v.meter.judge(t.Context()) != nil || len(v.meter.faults.List()) != 0 {
		t.Errorf("aligned: %+v", v.meter.faults.List())
	}
}

// minutes writes a week of the other log.
func (v *sunVillage) minutes(t *testing.T) {
	t.Helper()
	l := newDishHistory(v.meter.dir)
	for i := range 8 * 24 * 60 {
		l.add(dishRow{At: v.at.Add(time.Duration(i-8*24*60) * time.Minute), Share: 1, CNR: 12, CNRMin: 12, Level: -54, Celsius: 20, Elevation: 40, Roll: 1,
			ElevationSD: 0.01, RollSD: 0.01, CNRSD: 0.1, Heading: math.NaN()})
		if len(l.waiting) == dishWaiting {
			if err := l.flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
}

func TestTransitCommandMisused(t *testing.T) {
	cfg := dishConfig(t, villageDish)
	for _, tt := range []struct{ args, want string }{
		{"-season summer", "spring or autumn"}, {"-year 99", "1950"}, {"x", "x"}, {"-log a", "-log"}, {"", "no such log of the Sun"},
	} {
		if _, err := askDish(t, cfg, append([]string{"dish", "transit"}, strings.Fields(tt.args)...)...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.args, err)
		}
	}
	r, err := askDish(t, cfg, "dish", "transit", "-season", "spring", "-year", "2026")
	if err != nil || r.Code != 1 || !strings.Contains(r.Text, "no log of this season") {
		t.Errorf("%v %+v", err, r)
	}
}

func TestTransitRowProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maybe := func(name string, low, high, decimals int) float64 {
			if rapid.Bool().Draw(t, name+" known") {
				k := math.Pow10(decimals)
				return float64(rapid.IntRange(low*int(k), high*int(k)).Draw(t, name)) / k
			}
			return math.NaN()
		}
		r := transitRow{At: dishBegin.Add(time.Duration(rapid.IntRange(0, 1e9).Draw(t, "ds")) * 100 * time.Millisecond), Locked: rapid.Bool().Draw(t, "lock"), CNR: 12.25,
			Level: maybe("level", -120, 0, 2), Elevation: maybe("el", -90, 90, 3), Roll: maybe("roll", -90, 90, 3), Clock: maybe("clock", 0, 1000, 1), Tuned: "115.5/4000h27500"}
		got, ok := decodeTransitRow(strings.Split(strings.TrimSuffix(r.encode(), "\n"), ","))
		if !r.Locked {
			r.CNR = math.NaN()
		}
		if !ok || fmt.Sprint(got) != fmt.Sprint(r) {
			t.Fatalf("%q is read as %+v", r.encode(), got)
		}
	})
}

func FuzzTransitRow(f *testing.F) {
	f.Add(transitRow{At: dishBegin, Locked: true, CNR: 12, Level: -54, Elevation: 40, Roll: 1, Clock: 0.5, Tuned: "115.5/4000h27500"}.encode())
	f.Add("2026-autumn,2026-10-05T04:00:00.0Z,1,,,,,,\n")
	f.Add("a,b,c,d,e,f,g,h,i")
	f.Fuzz(func(t *testing.T, line string) {
		r, ok := decodeTransitRow(strings.Split(strings.TrimSuffix(line, "\n"), ","))
		if ok && (r.Locked && !(r.CNR >= -30 && r.CNR <= 60) || r.Clock < 0) {
			t.Errorf("%q: %+v", line, r)
		}
	})
}

// Seasons come in the order of the calendar, and the oldest files go.
func TestTransitSeasons(t *testing.T) {
	l := newTransitLog(t.TempDir())
	for y := 2015; y < 2027; y++ {
		for _, m := range []time.Month{time.March, time.October} {
			l.add(transitRow{At: time.Date(y, m, 8, 4, 0, 0, 0, time.UTC), Tuned: "x"})
		}
	}
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
	list, err := transitSeasons(l.dir)
	if err != nil || len(list) != transitFiles || list[0] != (halfYear{2017, false}) || list[transitFiles-1] != (halfYear{2026, true}) {
		t.Errorf("%v %v", list, err)
	}
	l.dir = l.half.path(l.dir) + "/none/\x00"
	for range transitWait + 3 {
		l.add(transitRow{At: dishBegin})
	}
	if err := l.flush(); err == nil || len(l.waiting) != transitWait {
		t.Errorf("%v, %d wait", err, len(l.waiting))
	}
}

// The file of a season is one for dish boresight -log.
func TestTransitLogForBoresight(t *testing.T) {
	v := aSunVillage(t, 104)
	v.live(t)
	env := dishEnv(v.cfg, "en", func() time.Time { return v.at })
	env.Out, env.Errs = &strings.Builder{}, &strings.Builder{}
	r, err := dishCommands().Run(t.Context(), env, []string{"dish", "boresight", "-log", v.half.path(v.meter.dir)})
	if err != nil || r.Code != 0 || !strings.Contains(r.Text, "±") {
		t.Errorf("%v\n%s", err, r.Text)
	}
}
