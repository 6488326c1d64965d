package antenna

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/text"
)

var dishBegin = time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC)

func minutesOf(t *testing.T, dir string) (rows []dishRow, bad int) {
	t.Helper()
	bad, err := readDish(t.Context(), dir, dishMonths, func(r dishRow) { rows = append(rows, r) })
	if err != nil {
		t.Fatal(err)
	}
	return rows, bad
}

func aRow(at time.Time) dishRow {
	return dishRow{At: at, Share: 1, CNR: 14, CNRMin: 13.5, Level: -54, Celsius: math.NaN(), Elevation: 43.8, Roll: math.NaN()}
}

// A minute of the rig comes to a row, and the card is written once in ten minutes.
func TestDishLogOfAnHour(t *testing.T) {
	onRig(t, func(t *testing.T, r *dishRig) {
		time.Sleep(dishFlushEvery - time.Second)
		if files, err := dishFiles(r.meter.dir); err != nil || len(files) > 0 {
			t.Errorf("written already: %v %v", files, err)
		}
		r.dish.Rain(20)
		time.Sleep(dishFlushEvery + 2*time.Second)
		rows, bad := minutesOf(t, r.meter.dir)
		if len(rows) < 18 || bad != 0 {
			t.Fatalf("%d rows, %d bad", len(rows), bad)
		}
		dry, wet := rows[5], rows[len(rows)-1]
		if dry.Share != 1 || math.Abs(dry.CNR-14) > 0.3 || !(dry.CNRMin <= dry.CNR) || math.Abs(dry.Level+54) > 0.5 || math.Abs(dry.Celsius-21.5) > 0.1 {
			t.Errorf("dry %+v", dry)
		}
		if wet.Share != 0 || !math.IsNaN(wet.CNR) {
			t.Errorf("wet %+v", wet)
		}
		if gap := rows[6].At.Sub(dry.At); gap < dishMinute || gap > dishMinute+2*signalEvery {
			t.Errorf("rows are %v apart", gap)
		}
	})
}

func TestDishRowProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maybe := func(name string, low, high int) float64 {
			if rapid.Bool().Draw(t, name+" known") {
				return float64(rapid.IntRange(100*low, 100*high).Draw(t, name)) / 100
			}
			return math.NaN()
		}
		r := dishRow{At: dishBegin.Add(time.Duration(rapid.IntRange(0, 1e9).Draw(t, "s")) * time.Second), Share: float64(rapid.IntRange(0, 100).Draw(t, "share")) / 100,
			CNR: maybe("cnr", -30, 60), CNRMin: maybe("least", -30, 60), Level: maybe("level", -120, 0), Elevation: maybe("el", -90, 90), Celsius: math.NaN(), Roll: math.NaN()}
		got, ok := decodeDishRow(strings.Split(strings.TrimSuffix(r.encode(), "\n"), ","))
		if !ok || !got.At.Equal(r.At) || fmt.Sprint(got.CNR, got.CNRMin, got.Level, got.Elevation, got.Share) != fmt.Sprint(r.CNR, r.CNRMin, r.Level, r.Elevation, r.Share) {
			t.Fatalf("%q is read as %+v", r.encode(), got)
		}
	})
}

// A torn last line costs itself only, and months begin their own files.
func TestDishLogTorn(t *testing.T) {
	l := newDishHistory(filepath.Join(t.TempDir(), "dish"))
	at := time.Date(2026, 6, 30, 23, 58, 0, 0, time.UTC)
	for i := range 4 {
		l.add(aRow(at.Add(time.Duration(i) * time.Minute)))
	}
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
	july := filepath.Join(l.dir, "2026-07.csv")
	if files, _ := dishFiles(l.dir); len(files) != 2 || len(l.waiting) != 0 {
		t.Fatalf("%v, %d wait", files, len(l.waiting))
	}
	info, err := os.Stat(july)
	if err != nil || os.Truncate(july, info.Size()-9) != nil {
		t.Fatal(err)
	}
	l.add(aRow(at.Add(10 * time.Minute)))
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
	rows, bad := minutesOf(t, l.dir)
	if len(rows) != 4 || bad != 1 || !rows[3].At.Equal(at.Add(10*time.Minute)) {
		t.Errorf("%d rows, %d bad: %+v", len(rows), bad, rows)
	}
	if data, _ := os.ReadFile(july); strings.Count(string(data), "id,t_s") != 1 {
		t.Errorf("headers of\n%s", data)
	}
}

func TestDishLogIsBounded(t *testing.T) {
	l := newDishHistory(t.TempDir())
	for i := range dishMonths + 3 {
		l.add(aRow(dishBegin.AddDate(0, i, 0)))
	}
	note := filepath.Join(l.dir, "aligned.json")
	if err := errors.Join(os.WriteFile(note, nil, 0o600), l.flush()); err != nil {
		t.Fatal(err)
	}
	files, _ := dishFiles(l.dir)
	if len(files) != dishMonths || files[0] != "2026-09.csv" {
		t.Errorf("%v", files)
	}
	if _, err := os.Stat(note); err != nil {
		t.Error(err)
	}
	l.dir = filepath.Join(note, "no folder")
	for range dishWaiting + 5 {
		l.add(aRow(dishBegin))
	}
	if err := l.flush(); err == nil || len(l.waiting) != dishWaiting {
		t.Errorf("%v, %d wait", err, len(l.waiting))
	}
}

// pastOf makes a log of minutes, of which how says what is received.
func pastOf(t *testing.T, minutes, step int, how func(i int, noise float64) dishRow) *config.Config {
	t.Helper()
	cfg := dishConfig(t, villageDish)
	l := newDishHistory(dishDir(cfg))
	rng := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < minutes; i += step {
		r := how(i, 0.1*rng.NormFloat64())
		r.At, r.Celsius = dishBegin.Add(time.Duration(i)*time.Minute), 20
		if l.add(r); len(l.waiting) == dishWaiting {
			if err := l.flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.flush(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// dishEnv is what the commands of a configuration work with.
func dishEnv(cfg *config.Config, lang string, now func() time.Time) *command.Env {
	return &command.Env{Text: text.New(lang), By: "shell", Now: now, Zone: time.UTC, Dish: Surveyor(cfg)}
}

func askDish(t *testing.T, cfg *config.Config, args ...string) (command.Result, error) {
	t.Helper()
	env := dishEnv(cfg, "en", func() time.Time { return dishBegin.AddDate(1, 0, 0) })
	return dishCommands().Run(context.Background(), env, args)
}

// Why without -log is of the last loss in the station's own log.
func TestDishWhyOfOwnLog(t *testing.T) {
	const day = 24 * 60
	dry := func(noise float64) dishRow { r := aRow(dishBegin); r.CNR += noise; return r }
	tests := []struct {
		name, cause string
		how         func(i int, noise float64) dishRow
	}{
		{"nothing", `"clear"`, func(_ int, noise float64) dishRow { return dry(noise) }},
		{"moved at once", `"misalign_step"`, func(i int, noise float64) dishRow {
			r := dry(noise)
			if i > 5*day+600 {
				r.CNR, r.Level = r.CNR-4, r.Level-3.9
			}
			return r
		}},
		{"LNB, after rain that is long over", `"lnb_noise"`, func(i int, noise float64) dishRow {
			r := dry(noise)
			switch {
			case i > 2*day && i < 2*day+90:
				r.Share, r.CNR, r.CNRMin, r.Level = 0, math.NaN(), math.NaN(), -58
			case i > 5*day+600:
				part := min(1, float64(i-5*day-600)/240) // it dies within hours
				r.CNR, r.Level = r.CNR-4*part, r.Level+0.3*part
			}
			return r
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := pastOf(t, 6*day, 1, tt.how)
			r, err := askDish(t, cfg, "dish", "why", "-json")
			if err != nil || !strings.Contains(r.Text, `"cause": `+tt.cause) {
				t.Fatalf("%v\n%s", err, r.Text)
			}
			if tt.name == "nothing" {
				return
			}
			if !strings.Contains(r.Text, `"at": "2026-06-25T`) {
				t.Errorf("began at another time:\n%s", r.Text)
			}
			// The file itself is one for -log.
			own := filepath.Join(dishDir(cfg), "2026-06.csv")
			env := dishEnv(cfg, "en", time.Now)
			env.Out, env.Errs = &strings.Builder{}, &strings.Builder{}
			if r, err = dishCommands().Run(t.Context(), env, []string{"dish", "why", "-log", own, "-band", "C", "-clear", "14", "-threshold", "5.5"}); err != nil || r.Text == "" {
				t.Errorf("with -log: %v", err)
			}
		})
	}
	if _, err := askDish(t, dishConfig(t, villageDish), "dish", "why"); err == nil || !strings.Contains(err.Error(), "no signal yet") {
		t.Errorf("without a log: %v", err)
	}
	bare := dishConfig(t, strings.Split(villageDish, "[dish.tuner]")[0])
	if _, err := askDish(t, bare, "dish", "why"); err == nil || !strings.Contains(err.Error(), "-log") {
		t.Errorf("without a receiver: %v", err)
	}
}

func TestDishTrend(t *testing.T) {
	const year = 365 * 24 * 60
	tests := []struct {
		verdict string
		span    int
		how     func(i int) (cnr, level float64)
	}{
		{"short", year / 24, func(int) (float64, float64) { return 0, 0 }},
		{"steady", year / 6, func(int) (float64, float64) { return 0, 0 }},
		{"weaker", year / 3, func(i int) (float64, float64) { f := 3 * float64(i) / year; return -f, -f }},
		{"noisier", year / 3, func(i int) (float64, float64) { return -3 * float64(i) / year, 0 }},
		{"better", year / 3, func(i int) (float64, float64) { f := 3 * float64(i) / year; return f, f }},
		{"season", year, func(i int) (float64, float64) { // leaves, from June on
			f := -1.5 * (1 - math.Cos(2*math.Pi*float64(i-20*24*60-year/2)/year)) / 2
			return f, f
		}},
	}
	for _, tt := range tests {
		t.Run(tt.verdict, func(t *testing.T) {
			const step = 6 // a sixth of the minutes is enough for a week
			cfg := pastOf(t, tt.span, step, func(i int, noise float64) dishRow {
				r := aRow(dishBegin)
				c, l := tt.how(i)
				r.CNR, r.Level = r.CNR+c+noise, r.Level+l
				if i%(10*24*60) < 300 { // rain says nothing about a fade
					r.CNR -= 5
				}
				return r
			})
			r, err := askDish(t, cfg, "dish", "trend", "-json")
			if err != nil || !strings.Contains(r.Text, `"verdict": "`+tt.verdict+`"`) {
				t.Fatalf("%v\n%s", err, r.Text)
			}
			if r, err = askDish(t, cfg, "dish", "trend"); err != nil || !strings.Contains(r.Text, "first fortnight") {
				t.Errorf("%v\n%s", err, r.Text)
			}
		})
	}
}
