package antenna

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/schedule"
	"stationbox/firmware/text"
)

// shell is an Env of the shell without a configuration.
func shell(in string) (env *command.Env, out, errs *bytes.Buffer) {
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	now := func() time.Time { return time.Date(2026, 11, 27, 4, 0, 0, 0, time.UTC) }
	return &command.Env{Text: text.New("en"), By: "shell", Now: now, Zone: time.FixedZone("CST", 8*3600),
		Dish: Surveyor(nil), In: strings.NewReader(in), Out: out, Errs: errs}, out, errs
}

// dishCommands are those that need no running station.
func dishCommands() *command.Table {
	return command.New(append(command.Dish(), command.DishTransit())...)
}

func surveyed(t *testing.T, in string, args ...string) (out, errs, text string, code int) {
	t.Helper()
	env, o, e := shell(in)
	r := command.Answer(context.Background(), dishCommands(), env, append([]string{"dish"}, args...))
	return o.String(), e.String(), r.Text, r.Code
}

// badCall is a command that does not answer, or not all, with what it says.
type badCall struct {
	name, in string
	args     []string
	code     int
	want     string
}

func refuses(t *testing.T, tests []badCall) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, said, code := surveyed(t, tt.in, tt.args...)
			if code != tt.code || !strings.Contains(said, tt.want) {
				t.Errorf("code %d: %q, want %d %q", code, said, tt.code, tt.want)
			}
		})
	}
}

func TestDishWords(t *testing.T) {
	place := []string{"-lat", "36.6512", "-lon", "117.1201", "-height", "51"}
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"look", []string{"look", "-sat", "chinasat-6b", "-dish", "1.8", "-freq", "3.9", "-offset", "22.7"}, []string{"36.6512° N  117.1201° E  51 m  →  ChinaSat 6B  115.5° E  (as of 2019-09-25)",
			"azimuth      182.71°  clockwise from true north", "by compass   189.68°  declination -6.97°, good to 0.3°", "elevation     47.49°", "rim           24.79°",
			"+2.19°  from behind the dish, facing the satellite: turn the LNB 2.2° clockwise", "beam           2.99°  1.8 m dish at 3.9 GHz; 0.86° off costs 1 dB"}},
		{"look east", []string{"look", "-sat", "134E"}, []string{"turn the LNB 21.4° counter-clockwise"}},
		{"look too far", []string{"look", "-sat", "60W"}, []string{"below the horizon", "60.0° W"}},
		{"look after 2030", []string{"look", "-sat", "115.5E", "-at", "2031-01-01"}, []string{"by compass         -  the magnetic model WMM-2025 holds from 2025 to 2030 only"}},
		{"field", []string{"field"}, []string{"declination    -6.97°", "changing by -0.034° a year", "WMM-2025, valid to 2030.0", "puts a compass off by up to 1.5°"}},
		{"sun", []string{"sun", "-at", "2026-11-27T04:00:00Z"}, []string{"2026-11-27 12:00:00 +08:00", "azimuth    180.", "elevation   32."}},
		{"shadow", []string{"shadow", "-sat", "115.5E"}, []string{"2026-11-27 UTC+08:00", "sun over satellite   12:08:52  sun 32° high", "shadow on satellite         -  not on this day"}},
		{"shadow of an azimuth", []string{"shadow", "-az", "310"}, []string{"shadow on satellite  08:27:19", "points straight at the satellite"}},
		{"outage", []string{"outage", "-sat", "115.5E", "-dish", "1.2", "-freq", "12.25"}, []string{"beam 1.43°; no reception while the sun is within 0.98°", "spring         2027  5 days, 2027-03-04 to 2027-03-08", "longest  2027-03-06  12:26:19 – 12:34:11  for 7m52s"}},
		{"days of a year", []string{"outage", "-sat", "115.5E", "-dish", "1.2", "-freq", "12.25", "-year", "2026", "-days"}, []string{"spring        2026", "outage  2026-03-0", "autumn        2026"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, said, code := surveyed(t, "", append(tt.args, place...)...)
			if code != 0 {
				t.Fatalf("code %d: %s", code, said)
			}
			for _, part := range tt.want {
				if !strings.Contains(said, part) {
					t.Errorf("no %q in:\n%s", part, said)
				}
			}
			_, _, said, code = surveyed(t, "", append(append(tt.args, place...), "-json")...)
			if code != 0 || !json.Valid([]byte(said)) || len(said) < 50 {
				t.Errorf("-json: code %d: %s", code, said)
			}
		})
	}
}

const jinanDish = `[dish]
latitude = 36.6512
longitude = 117.1201
satellite = "115.5E"
diameter = 1.2
frequency = 12.25
`

// The place and the satellite of the configuration are taken, and options go before it.
func TestDishOfConfiguration(t *testing.T) {
	cfg := dishConfig(t, jinanDish)
	env, _, _ := shell("")
	env.Dish = Surveyor(cfg)
	ask := func(args ...string) string {
		return command.Answer(context.Background(), dishCommands(), env, append([]string{"dish"}, args...)).Text
	}
	if said := ask("look"); !strings.Contains(said, "azimuth      182.71°") || !strings.Contains(said, "1.2 m dish at 12.25 GHz") {
		t.Errorf("look: %s", said)
	}
	if said := ask("look", "-sat", "apstar6c"); !strings.Contains(said, "Apstar 6C  134.0° E") {
		t.Errorf("look at another: %s", said)
	}
	if said := ask("outage"); !strings.Contains(said, "5 days, 2027-03-04 to 2027-03-08") {
		t.Errorf("outage: %s", said)
	}
}

func TestOutagesOfThirteenMonths(t *testing.T) {
	cfg := dishConfig(t, jinanDish)
	for _, now := range []time.Time{time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(2027, 3, 6, 4, 30, 0, 0, time.UTC)} {
		spans, found := Outages("x", cfg, now)
		if len(found) > 0 || len(spans) < 8 || !slices.IsSortedFunc(spans, func(a, b schedule.Span) int { return a.From.Compare(b.From) }) {
			t.Errorf("%v: %d outages, %v", now, len(spans), found)
		}
		if spans[0].To.Before(now) || spans[len(spans)-1].From.After(now.AddDate(0, 13, 0)) {
			t.Errorf("%v: %v", now, spans)
		}
	}
	if spans, found := Outages("x", dishConfig(t, ""), time.Now()); spans != nil || found != nil {
		t.Errorf("without a dish: %v %v", spans, found)
	}
}
