package dish

import (
	"math"
	"slices"
	"time"
)

// mountTrace is the log as days, with the sensor's temperature taken out.
type mountTrace struct {
	stand  Stand
	hours  []Posture
	days   []mountDay
	warmth bool // the temperature is known
	limit  float64

	el, lean, heading, cnr, level shift
}

// mountDay is a day of at least fewHours hours.
type mountDay struct {
	at                            time.Time
	el, lean, heading, cnr, level float64
}

// shift is how one quantity went from the first days to the last ones.
type shift struct {
	known  bool
	change float64
	noise  float64 // of a day
}

func (s shift) moved(limit float64) bool {
	return s.known && math.Abs(s.change) >= max(limit, 5*s.noise)
}

// fell says that C/N is weaker.
func (s shift) fell() bool { return s.known && -s.change >= max(fallSeen, 4*s.noise) }

func newMountTrace(s Stand, log []Posture) *mountTrace {
	m := &mountTrace{stand: s, hours: slices.Clone(log)}
	m.unwind()
	groups := m.byDay()
	m.cool(groups)
	for _, g := range groups {
		m.days = append(m.days, dayOf(g))
	}
	m.limit = tiltSeenWarm
	if m.warmth {
		m.limit = tiltSeen
	}
	m.el = m.shiftOf(func(d mountDay) float64 { return d.el })
	m.lean = m.shiftOf(func(d mountDay) float64 { return d.lean })
	m.heading = m.shiftOf(func(d mountDay) float64 { return d.heading })
	m.cnr = m.shiftOf(func(d mountDay) float64 { return d.cnr })
	m.level = m.shiftOf(func(d mountDay) float64 { return d.level })
	return m
}

// unwind turns headings to near the first one, so that none jumps over north.
func (m *mountTrace) unwind() {
	first := math.NaN()
	for i := range m.hours {
		h := &m.hours[i].Heading
		if math.IsNaN(*h) {
			continue
		}
		if math.IsNaN(first) {
			first = *h
		}
		*h = first + math.Remainder(*h-first, 360)
	}
}

// byDay returns the hours of each whole day.
func (m *mountTrace) byDay() (groups [][]Posture) {
	begin := 0
	for i := range m.hours {
		if i+1 < len(m.hours) && dayNumber(m.hours[i+1].At) == dayNumber(m.hours[begin].At) {
			continue
		}
		if i+1-begin >= fewHours {
			groups = append(groups, m.hours[begin:i+1])
		}
		begin = i + 1
	}
	return groups
}

func dayNumber(t time.Time) int64 { return int64(math.Floor(float64(t.Unix()) / day)) }

// cool takes the sensor's temperature out of elevation and lean, by the middle one of the
// slopes of the days. Without temperatures in half of the hours it does nothing.
func (m *mountTrace) cool(groups [][]Posture) {
	var warm []float64
	for _, h := range m.hours {
		if !math.IsNaN(h.Celsius) {
			warm = append(warm, h.Celsius)
		}
	}
	if m.warmth = 2*len(warm) > len(m.hours); !m.warmth {
		return
	}
	usual := median(warm)
	for i := range m.hours {
		m.hours[i].Level -= drift * (m.hours[i].Celsius - usual) // of the LNB's gain
	}
	for _, of := range []func(*Posture) *float64{func(h *Posture) *float64 { return &h.Elevation }, func(h *Posture) *float64 { return &h.Lean }} {
		var slopes []float64
		for _, g := range groups {
			if k, ok := slopeOf(g, of); ok {
				slopes = append(slopes, k)
			}
		}
		if len(slopes) == 0 {
			continue
		}
		k := median(slopes)
		for i := range m.hours {
			h := &m.hours[i]
			*of(h) -= k * (h.Celsius - usual) // NaN when the temperature is
		}
	}
}

// slopeOf is how a quantity goes with the temperature within a day.
func slopeOf(g []Posture, of func(*Posture) *float64) (float64, bool) {
	var n, x, y, xx, xy float64
	for i := range g {
		t, v := g[i].Celsius, *of(&g[i])
		if math.IsNaN(t + v) {
			continue
		}
		n, x, y, xx, xy = n+1, x+t, y+v, xx+t*t, xy+t*v
	}
	if n < fewHours || xx-x*x/n < n { // less than a kelvin: nothing to learn
		return 0, false
	}
	return (xy - x*y/n) / (xx - x*x/n), true
}

// dayOf is NaN in what fewer than half of the hours know. Rain of less than ten hours does
// not count.
func dayOf(g []Posture) mountDay {
	of := func(share float64, get func(*Posture) float64) float64 {
		var list []float64
		for i := range g {
			if v := get(&g[i]); !math.IsNaN(v) {
				list = append(list, v)
			}
		}
		if 2*len(list) < len(g) {
			return math.NaN()
		}
		if share < 0 {
			return mean(list)
		}
		slices.Sort(list)
		return list[int(share*float64(len(list)-1))]
	}
	return mountDay{at: g[0].At,
		el: of(-1, func(h *Posture) float64 { return h.Elevation }), lean: of(-1, func(h *Posture) float64 { return h.Lean }),
		heading: of(0.5, func(h *Posture) float64 { return h.Heading }),
		cnr:     of(0.6, func(h *Posture) float64 { return h.CNR }), level: of(0.6, func(h *Posture) float64 { return h.Level })}
}

// shiftOf compares the first days with the last ones, of those that know the quantity.
func (m *mountTrace) shiftOf(get func(mountDay) float64) shift {
	var list, steps []float64
	for _, d := range m.days {
		if v := get(d); !math.IsNaN(v) {
			if n := len(list); n > 0 {
				steps = append(steps, math.Abs(v-list[n-1]))
			}
			list = append(list, v)
		}
	}
	if len(list) < fewDays || 2*len(list) < len(m.days) {
		return shift{}
	}
	k := max(3, min(7, len(list)/5))
	return shift{true, median(list[len(list)-k:]) - median(list[:k]), 1.4826 * median(steps) / math.Sqrt2}
}
