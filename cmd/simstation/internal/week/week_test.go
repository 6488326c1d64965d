package week

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	seedFlag = flag.Uint64("seed", 1, "first seed")
	daysFlag = flag.Int("days", 1, "how many villages live a day")
	weekFlag = flag.Int("weeks", 1, "how many villages live a week")
	forFlag  = flag.Duration("for", 0, "no life begins later than this after the first; 0: no bound")
	logFlag  = flag.String("log", "", "file for the log of the stations")
)

// TestDays lets villages live a day, TestWeeks a week: no lesson silently missed,
// no lamp struck hot, no mains cut in a cool-down, no display left on.
func TestDays(t *testing.T) { lives(t, *daysFlag, 1) }

// TestWeeks is described at TestDays.
func TestWeeks(t *testing.T) { lives(t, *weekFlag, 7) }

// lives lets n villages live for some days, one a processor at a time, in the order
// of their seeds: how many there is time for must not change who they are.
func lives(t *testing.T, n, days int) {
	began := time.Now()
	var taken, lived, lessons atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for range min(n, runtime.GOMAXPROCS(0)) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for *forFlag <= 0 || time.Since(began) <= *forFlag {
					i := taken.Add(1) - 1
					if i >= int64(n) {
						return
					}
					seed := *seedFlag + uint64(i)
					t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { lessons.Add(int64(life(t, seed, days))) })
					})
					lived.Add(1)
				}
			})
		}
	})
	t.Log(blows.String())
	t.Logf("%d villages lived %d days each, %d lessons, in %v", lived.Load(), days, lessons.Load(), time.Since(began).Round(time.Second))
}

// life is the week of one village, from a Monday's midnight. It returns how many
// lessons there were.
func life(t *testing.T, seed uint64, days int) int {
	rng := rand.New(rand.NewPCG(seed, uint64(days)))
	n := natureOf(rng)
	moved, other := days, []string{"Asia/Urumqi", "Asia/Tokyo"}[rng.IntN(2)] // from that day on the station has the other zone
	if days > 2 && rng.IntN(3) == 0 {
		moved = 1 + rng.IntN(days-2)
	}
	lessons := n.lessons(monday, days, func(day int) string {
		if day >= moved {
			return other
		}
		return n.zone
	})
	faults := lead(t, seed, n, monday, monday.AddDate(0, 0, days), lessons, func(v *village) {
		v.plan(monday, days, lessons)
		if moved == days {
			return
		}
		v.on(v.truth.at(monday.AddDate(0, 0, moved).Add(3*time.Hour)), "zone changed to "+other, func() {
			v.n.zone = other
			v.kill()
			v.stationUp()
		})
	})
	for _, fault := range faults {
		t.Error(fault)
	}
	return len(lessons)
}

// TestCutInEveryPhase takes the mains away in each phase of a lesson, for seconds and
// for minutes, from a box with a UPS and from one without.
func TestCutInEveryPhase(t *testing.T) {
	for _, p := range phases[1:] {
		for _, ups := range []bool{false, true} {
			for _, spell := range []time.Duration{2 * time.Second, 4 * time.Minute} {
				t.Run(fmt.Sprintf("%s, ups %v, %v", p.name, ups, spell), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						n, l := plain()
						n.ups = ups
						for _, fault := range lead(t, 1, n, l.start.Add(-50*time.Minute), l.start.Add(50*time.Minute), []lessonOf{l}, func(v *village) {
							v.on(v.truth.at(l.start).Add(p.at(l)), "cut", func() { v.outage(spell) })
						}) {
							t.Error(fault)
						}
					})
				})
			}
		}
	}
}

// monday is when each life begins.
var monday = time.Date(2026, 12, 7, 0, 0, 0, 0, time.FixedZone("CST", 8*3600))

// lead lets a village live from a moment to another with what fate has in store,
// and judges it.
func lead(t *testing.T, seed uint64, n nature, from, until time.Time, lessons []lessonOf, fate func(*village)) verdict {
	log, done := logOf(t, time.Until(from))
	defer done()
	v := newVillage(t, seed, from, n, log)
	around := live(v.heart)
	far := []lifetime{live(func(ctx context.Context) { _ = v.projector.Run(ctx) }), live(func(ctx context.Context) { _ = v.lg.Run(ctx) })}
	v.powerOn()
	switch {
	case !n.networked && n.visited:
		v.after(10*time.Minute, "technician leaves", func() { v.machine.set(func(m *machine) { m.network = false }) })
	case !n.networked:
		v.ignorance()
	}
	fate(v)
	v.until(v.truth.at(until))
	v.settle()
	v.station.end()
	v.guards.end()
	around.end()
	for i := range far {
		far[i].end()
	}
	return v.judge(lessons)
}

// logOf is the log of the stations, with the time outside.
func logOf(t *testing.T, ahead time.Duration) (log *slog.Logger, done func()) {
	if *logFlag == "" {
		return slog.New(slog.DiscardHandler), func() {}
	}
	f, err := os.Create(*logFlag)
	if err != nil {
		t.Fatal(err)
	}
	return truthLog(f, ahead), func() { _ = f.Close() }
}

// settle ends all troubles and gives the station an hour to come to rest: what
// it slept through goes on record then.
func (v *village) settle() {
	v.due = nil
	v.world.SetVolts(220)
	for _, mend := range []func(string) error{v.projector.Fault, v.lg.Fault} {
		if err := mend("none"); err != nil {
			v.t.Error(err)
		}
	}
	v.machine.set(func(m *machine) { m.lie = 0 })
	v.network()
	v.dark = false
	v.powerOn()
	v.until(time.Now().Add(time.Minute))
	v.stationUp()
	v.until(time.Now().Add(time.Hour))
}
