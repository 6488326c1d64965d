package week

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/firmware/config"
	"stationbox/hal/sim/device"
)

// lessonOf is one occasion as somebody outside would have it in his diary.
type lessonOf struct {
	id     string
	file   string
	start  time.Time // outside
	length time.Duration
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// natureOf draws a village.
func natureOf(rng *rand.Rand) nature {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	n := nature{
		tv: pick("cec", "lg", "deaf", "deaf"), muteTV: rng.IntN(3) == 0, ups: rng.IntN(2) == 0,
		rule: pick("wait", "relative"), zone: "Asia/Shanghai",
		quirks: device.Quirks{LowerCase: rng.IntN(4) == 0, LinkUpLine: rng.IntN(4) == 0, PadNUL: rng.IntN(4) == 0, StopAnyway: rng.IntN(4) == 0},
		rtc:    rng.IntN(5) > 0, deadRTC: rng.IntN(3) == 0, muteRTC: rng.IntN(3) == 0, networked: rng.IntN(3) > 0, visited: rng.IntN(5) > 0,
		lengths: map[string]time.Duration{},
	}
	if rng.IntN(4) == 0 {
		n.quirks.DropEvery = 2 + rng.IntN(4)
	}
	row := func(id, at string, least, most int, chance int) {
		e := config.DefaultEntry()
		e.ID, e.Title, e.At, e.File = id, id, at, id+".mp4"
		for _, d := range weekdays {
			if rng.IntN(10) < chance {
				e.Days = append(e.Days, d)
			}
		}
		length := time.Duration(least+rng.IntN(most-least)) * time.Minute
		e.Duration = config.Duration(length)
		n.rows, n.lengths[e.File] = append(n.rows, e), length
	}
	row("evening", fmt.Sprintf("19:%02d", rng.IntN(60)), 15, 45, 9)
	row("morning", fmt.Sprintf("09:%02d", rng.IntN(60)), 10, 30, 4)
	return n
}

// lessons are the occasions of a village whose first day begins at from, in the
// zone that it has on each day.
func (n *nature) lessons(from time.Time, days int, zone func(day int) string) []lessonOf {
	var list []lessonOf
	for day := range days {
		loc, err := time.LoadLocation(zone(day))
		if err != nil {
			panic(err)
		}
		date := from.AddDate(0, 0, day)
		for _, e := range n.rows {
			var h, m int
			_, _ = fmt.Sscanf(e.At, "%d:%d", &h, &m)
			at := time.Date(date.Year(), date.Month(), date.Day(), h, m, 0, 0, loc)
			for _, d := range e.Days {
				if d == weekdays[at.Weekday()] {
					list = append(list, lessonOf{e.ID + "-" + at.Format("2006-01-02"), e.File, at, e.Duration.D()})
				}
			}
		}
	}
	return list
}

// phases of a lesson, as moments of it.
var phases = []struct {
	name string
	at   func(l lessonOf) time.Duration // after its start
}{
	{"a day before", func(lessonOf) time.Duration { return -24*time.Hour + time.Minute }},
	{"ready check", func(lessonOf) time.Duration { return -29*time.Minute - 50*time.Second }},
	{"loads on", func(lessonOf) time.Duration { return -28 * time.Minute }},
	{"roll", func(lessonOf) time.Duration { return -4 * time.Minute }},
	{"warm-up", func(lessonOf) time.Duration { return -70 * time.Second }},
	{"preloaded", func(lessonOf) time.Duration { return -5 * time.Second }},
	{"first second", func(lessonOf) time.Duration { return time.Second }},
	{"middle", func(l lessonOf) time.Duration { return l.length / 2 }},
	{"last second", func(l lessonOf) time.Duration { return l.length - time.Second }},
	{"closing", func(l lessonOf) time.Duration { return l.length + 3*time.Second }},
	{"lamp just off", func(l lessonOf) time.Duration { return l.length + 12*time.Second }},
	{"cool-down", func(l lessonOf) time.Duration { return l.length + 45*time.Second }},
	{"loads off", func(l lessonOf) time.Duration { return l.length + 3*time.Minute }},
}

// plan draws what fate has in store: something for two lessons of three, in a
// phase, and a few things at any hour.
func (v *village) plan(from time.Time, days int, lessons []lessonOf) {
	bubble := func(t time.Time) time.Time { return v.truth.at(t) }
	begin := bubble(from).Add(10 * time.Minute)
	for _, l := range lessons {
		if v.rng.IntN(3) == 0 {
			continue
		}
		p := phases[v.rng.IntN(len(phases))]
		at := bubble(l.start).Add(p.at(l) + time.Duration(v.rng.IntN(900))*time.Millisecond)
		if at.After(begin) {
			what, do := v.blow()
			blows.add(p.name, what)
			v.on(at, l.id+", "+p.name+": "+what, do)
		}
	}
	for range v.rng.IntN(2 * days) {
		at := begin.Add(time.Duration(v.rng.Int64N(int64(days) * int64(24*time.Hour))))
		what, do := v.blow()
		blows.add("any hour", what)
		v.on(at, what, do)
	}
	for range v.rng.IntN(1 + days/2) {
		at := begin.Add(time.Duration(v.rng.Int64N(int64(days) * int64(24*time.Hour))))
		what, do := v.clockBlow()
		blows.add("any hour", what)
		v.on(at, what, do)
	}
}

// blow draws one mishap of mains, programs or displays.
func (v *village) blow() (string, func()) {
	spell := []time.Duration{2 * time.Second, 40 * time.Second, 4 * time.Minute, 40 * time.Minute}[v.rng.IntN(4)]
	switch v.rng.IntN(8) {
	case 0, 1, 2:
		return fmt.Sprintf("mains away for %v", spell), func() { v.outage(spell) }
	case 3:
		volts := []float64{165, 150, 280, 345}[v.rng.IntN(4)]
		return fmt.Sprintf("%.0f V for 30 s", volts), func() { v.swing(volts, 30*time.Second) }
	case 4:
		return "station killed", func() {
			v.excuse(10*time.Second, false, "station killed")
			v.kill()
			v.after(500*time.Millisecond, "station up", v.stationUp)
		}
	case 5:
		return "box reset", func() {
			v.excuse(6*time.Minute, v.shaky(), "box reset")
			v.powerOff()
			v.after(5*time.Second, "box up", v.powerOn)
		}
	case 6:
		kinds := []string{"refuses", "closes", "wrong_case", "silent", "slow", "unplugged", "late", "digest_each", "lamp"}
		kind := kinds[v.rng.IntN(len(kinds))]
		return "projector " + kind, func() { v.spoil(v.projector, kind, 5*time.Minute) }
	}
	kinds := []string{"silent", "unplugged", "garbled"}
	kind := kinds[v.rng.IntN(len(kinds))]
	var d device.Device = v.lg
	if v.n.tv == "cec" {
		d, kind = v.bus, []string{"silent", "deaf", "refuses", "unplugged", "cut"}[v.rng.IntN(5)]
	}
	return "tv " + kind, func() { v.spoil(d, kind, 5*time.Minute) }
}

// spoil breaks a display for d; the other one must save the lesson.
func (v *village) spoil(dev device.Device, kind string, d time.Duration) {
	v.troubles = append(v.troubles, trouble{span{from: time.Now(), until: time.Now().Add(d), what: dev.Name()}, false})
	if err := dev.Fault(kind); err != nil {
		v.t.Fatal(err)
	}
	v.after(d, dev.Name()+" mended", func() {
		mended := "none"
		if dev == device.Device(v.bus) && v.n.tv == "deaf" {
			mended = "deaf"
		}
		if err := dev.Fault(mended); err != nil {
			v.t.Fatal(err)
		}
	})
}

// shaky says whether the box will not know the time when it starts anew.
func (v *village) shaky() bool {
	rtc := v.n.rtc && !v.n.deadRTC
	var network bool
	v.machine.set(func(m *machine) { network = m.network })
	return !rtc && !network
}

// outage takes the mains away for d, and the box with it when it has no UPS.
func (v *village) outage(d time.Duration) {
	if v.dark {
		return
	}
	v.dark = true
	v.excuse(d+6*time.Minute, d > 8*time.Minute || !v.n.ups && v.shaky(), fmt.Sprintf("no mains for %v", d))
	v.world.SetOn(false)
	if !v.n.ups {
		v.powerOff()
	}
	v.after(d, "mains back", func() {
		v.dark = false
		v.world.SetOn(true)
		if !v.guards.lives() {
			v.after(5*time.Second, "box up", v.powerOn)
		}
	})
}

// swing gives another voltage for d. An over-voltage opens the contactor whatever
// burns.
func (v *village) swing(volts float64, d time.Duration) {
	v.excuse(d+10*time.Minute, false, fmt.Sprintf("%.0f V", volts))
	v.world.Swing(volts, d)
}

// clockBlow draws one mishap of the clocks.
func (v *village) clockBlow() (string, func()) {
	day := []time.Duration{24 * time.Hour, -24 * time.Hour}[v.rng.IntN(2)]
	switch v.rng.IntN(4) {
	case 0:
		return fmt.Sprintf("kernel's clock stepped by %v", day), func() { v.machine.set(func(m *machine) { m.stepped += day }) }
	case 1:
		return fmt.Sprintf("time server lies by %v for an hour", day), func() {
			var network bool
			v.machine.set(func(m *machine) { network, m.lie = m.network, day })
			if network {
				v.excuse(26*time.Hour, true, "the time server lied")
			}
			v.after(time.Hour, "time server is right again", func() { v.machine.set(func(m *machine) { m.lie = 0 }) })
		}
	case 2:
		return "network gone for 30 h", func() {
			v.machine.set(func(m *machine) { m.network = false })
			v.after(30*time.Hour, "network back", v.network)
		}
	}
	return "the hardware clock's battery dies", func() { v.machine.chip.set(func(c *chip) { c.dead = true }); v.n.deadRTC = true }
}

// network brings a time server, for good.
func (v *village) network() {
	v.machine.set(func(m *machine) { m.network = true })
	if n := len(v.troubles); v.unknowing > 0 && v.unknowing <= n {
		v.troubles[v.unknowing-1].until = time.Now().Add(3 * time.Minute)
		v.unknowing = 0
	}
}

// ignorance excuses all lessons from now until there is a time server.
func (v *village) ignorance() {
	if v.unknowing > 0 {
		return
	}
	v.excuse(30*24*time.Hour, true, "no time")
	v.unknowing = len(v.troubles)
}

// tally counts what fate had in store, over all lives, so that the log shows what
// was tried.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

var blows = tally{counts: map[string]int{}}

func (b *tally) add(names ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		b.counts[name]++
	}
}

// String lists the counts.
func (b *tally) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(b.counts)) {
		list = append(list, fmt.Sprintf("%s: %d", name, b.counts[name]))
	}
	return strings.Join(list, "; ")
}
