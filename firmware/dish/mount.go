package dish

import (
	"fmt"
	"math"
	"time"
)

// Posture is an hour of a dish. What was not measured is NaN.
type Posture struct {
	At        time.Time
	CNR       float64 // dB
	Level     float64 // dBm
	Elevation float64 // degrees, of the beam, by an inclinometer
	Lean      float64 // degrees by which the dish leans over to the right, about the horizontal line below its beam
	Heading   float64 // degrees from true north, by a compass
	Celsius   float64 // of the inclinometer
	Shake     float64 // degrees, how far elevation and lean scatter within a minute
	Flutter   float64 // dB, how far C/N scatters within a minute
}

// Stand is what is known of a dish beforehand.
type Stand struct {
	Azimuth, Elevation Degrees // of its satellite
	Beamwidth          Degrees
	Across, Upright    Degrees // where it pointed at first, beside the satellite; 0 when nobody knows
}

// MountState is how a mount stands, by a stable English word.
type MountState string

// The states that are told apart.
const (
	MountSteady    MountState = "steady"
	MountBase      MountState = "base_tilt"       // all of it leans over slowly, about one line
	MountKnocked   MountState = "knocked"         // the same at once: something struck it, or the mast is bent
	MountElevation MountState = "slack_elevation" // the elevation drops by steps and nothing leans
	MountAzimuth   MountState = "slack_azimuth"   // it turned about its mast and leans as before
	MountWind      MountState = "wind"            // it shakes, and comes back
	MountAligned   MountState = "aligned"         // it was turned and receives better: somebody did that
	MountSensor    MountState = "sensor_slipped"  // the inclinometer tells of a tilt that C/N does not know of
	MountElsewhere MountState = "elsewhere"       // C/N fell, and the mount stands as it did
	MountUnknown   MountState = "unknown"
)

// MountVerdict is how a mount stands and why that is believed.
type MountVerdict struct {
	State      MountState
	Onset      time.Time // zero: nothing happened, or nobody knows when
	Confidence float64   // 0 … 1
	Tilt       Degrees   // by which the base leans over since
	Toward     Degrees   // azimuth to which it does, 0 … 360
	Clues      []Clue
}

const (
	// MostPostures bounds the hours of one verdict: a year and a bit.
	MostPostures = 10_000
	fewDays      = 8
	fewHours     = 12 // of a day, so that its mean is none of its mornings
	// tiltSeen is by how many degrees pitch or lean must change: a sensor of 0.2° repeats
	// itself to some hundredths when its temperature is reckoned with, and does not else.
	tiltSeen     = 0.12
	tiltSeenWarm = 0.35
	// aside is the part of a change of elevation that a lean must have to be one of it.
	aside = 0.25
	// fallSeen is from which loss on C/N is weaker, in dB.
	fallSeen = 0.5
	// turnSeen is from which turn on a compass has seen one.
	turnSeen = 0.4
)

// JudgeMount tells from the hours of a dish whether its base tilts, a bolt of its mount is
// slack, or the wind shakes it. A rigid tilt by a small angle τ towards the azimuth β, of a dish
// that looks to the azimuth A, changes its elevation by -τ·cos(β-A) and its lean by
// τ·sin(β-A), slowly and together; a slack elevation bolt changes the elevation only and by
// steps; a slack clamp of the azimuth changes neither. What the sensor makes of its own
// temperature is taken out by how it goes up and down within the days. A tilt that goes
// exactly along the beam and a bolt that creeps look alike: that is MountUnknown. The log
// needs no gaps filled, but the order of time; the error is ErrShortLog, or tells of what is
// out of range.
func JudgeMount(s Stand, log []Posture) (MountVerdict, error) {
	if err := checkPostures(s, log); err != nil {
		return MountVerdict{}, err
	}
	m := newMountTrace(s, log)
	if len(m.days) < fewDays {
		return MountVerdict{}, fmt.Errorf("%w: %d whole days, want %d", ErrShortLog, len(m.days), fewDays)
	}
	return m.judge(), nil
}

func checkPostures(s Stand, log []Posture) error {
	switch {
	case !within(float64(s.Beamwidth), 0.1, 20):
		return fmt.Errorf("%w: beam %v degrees", ErrDish, float64(s.Beamwidth))
	case !within(float64(s.Azimuth), -360, 360) || !within(float64(s.Elevation), -5, 90):
		return fmt.Errorf("no such direction: azimuth %v, elevation %v", float64(s.Azimuth), float64(s.Elevation))
	case len(log) > MostPostures:
		return fmt.Errorf("%d hours: want %d at most", len(log), MostPostures)
	}
	for i := range log {
		p := log[i]
		if i > 0 && p.At.Before(log[i-1].At) {
			return fmt.Errorf("hour %d is before hour %d", i+1, i)
		}
		for _, v := range []float64{p.CNR, p.Level, p.Elevation, p.Lean, p.Heading, p.Celsius, p.Shake, p.Flutter} {
			if math.Abs(v) > 1000 { // false for NaN
				return fmt.Errorf("hour %d: %v", i+1, v)
			}
		}
	}
	return nil
}

// judge looks at the inclination first: what leans is told by that alone.
func (m *mountTrace) judge() MountVerdict {
	switch {
	case !m.el.known || !m.lean.known:
		return m.blind()
	case m.bettered():
		path := m.along()
		return MountVerdict{State: MountAligned, Onset: path.onset(m), Confidence: 0.8, Clues: m.tilted()}
	case m.lean.moved(m.limit) || math.Abs(m.lean.change) > max(m.limit/2, aside*math.Abs(m.el.change)) && m.el.moved(m.limit):
		return m.leant()
	case m.el.moved(m.limit):
		return m.nodded()
	case m.cnr.fell():
		return m.faded()
	}
	if v, shaken := m.shaken(); shaken {
		return v
	}
	return MountVerdict{State: MountSteady, Confidence: 0.9, Clues: m.standing()}
}

// bettered says that the dish stands otherwise and receives more.
func (m *mountTrace) bettered() bool {
	return m.cnr.known && m.cnr.change >= max(fallSeen/2, 4*m.cnr.noise) && (m.el.moved(m.limit) || m.lean.moved(m.limit))
}

// blind is the verdict without an inclinometer.
func (m *mountTrace) blind() MountVerdict {
	v := MountVerdict{State: MountUnknown, Clues: []Clue{{"no_incline", 0}}}
	if m.cnr.fell() {
		v.Clues = append(v.Clues, Clue{"cnr_fell", -m.cnr.change})
	}
	if m.heading.moved(turnSeen) {
		v.Clues = append(v.Clues, Clue{"heading_turned", m.heading.change})
	}
	return v
}

// standing is the evidence that nothing leans.
func (m *mountTrace) standing() []Clue {
	return []Clue{{"el_same", m.el.change}, {"lean_same", m.lean.change}}
}

// foretold is what C/N should have lost by the change of the inclination.
func (m *mountTrace) foretold() float64 {
	x, y, width := float64(m.stand.Across), float64(m.stand.Upright), float64(m.stand.Beamwidth)
	dx, dy := m.lean.change*math.Sin(m.stand.Elevation.rad()), m.el.change
	return 12 * ((x+dx)*(x+dx) + (y+dy)*(y+dy) - x*x - y*y) / (width * width)
}

// slipped says that C/N knows nothing of a tilt that should have cost much.
func (m *mountTrace) slipped() bool {
	return m.cnr.known && m.foretold() > 2 && -m.cnr.change < 0.2*m.foretold()
}

// leant is the verdict on a dish that leans over.
func (m *mountTrace) leant() MountVerdict {
	v := MountVerdict{State: MountBase, Tilt: Degrees(math.Hypot(m.el.change, m.lean.change)), Clues: m.tilted()}
	v.Toward = m.stand.Azimuth + degrees(math.Atan2(m.lean.change, -m.el.change))
	v.Toward = Degrees(math.Mod(float64(v.Toward)+720, 360))
	path := m.along()
	v.Onset, v.Confidence = path.onset(m), m.sure(float64(v.Tilt))
	switch {
	case m.slipped():
		v.State = MountSensor
	case !path.straight():
		v.State, v.Confidence = MountUnknown, 0
		v.Clues = append(v.Clues, Clue{"no_axis", 0})
	case path.stepped() < 0.5 && !m.warmth && !m.borneOut(): // it may be the sensor that grew warm
		v.State, v.Confidence = MountUnknown, 0
	case path.stepped() >= 0.5:
		v.State = MountKnocked
		v.Clues = append(v.Clues, Clue{"by_steps", float64(len(path.steps))})
	default:
		v.Clues = append(v.Clues, Clue{"slowly", path.lasted(v.Onset, m).Hours() / 24}, Clue{"toward", float64(v.Toward)})
	}
	return v
}

// nodded is the verdict on a dish whose elevation changed and nothing else.
func (m *mountTrace) nodded() MountVerdict {
	v := MountVerdict{State: MountElevation, Clues: m.tilted()}
	path := m.along()
	v.Onset, v.Confidence = path.onset(m), m.sure(math.Abs(m.el.change))
	switch {
	case m.slipped():
		v.State = MountSensor
	case path.stepped() < 0.5:
		v.State, v.Confidence = MountUnknown, 0
		v.Clues = append(v.Clues, Clue{"el_creeps", path.lasted(v.Onset, m).Hours() / 24})
	default:
		v.Clues = append(v.Clues, Clue{"by_steps", float64(len(path.steps))})
	}
	return v
}

// tilted is the evidence of a change of the inclination.
func (m *mountTrace) tilted() []Clue {
	list := []Clue{{"el_changed", m.el.change}, {"lean_changed", m.lean.change}}
	if m.cnr.known {
		list = append(list, Clue{"cnr_fell", -m.cnr.change}, Clue{"foretold", m.foretold()})
	}
	if !m.warmth {
		list = append(list, Clue{"no_temperature", 0})
	}
	return list
}

// borneOut says that C/N fell as the tilt foretells.
func (m *mountTrace) borneOut() bool {
	return m.cnr.fell() && math.Abs(-m.cnr.change-m.foretold()) <= max(0.3, 0.5*m.foretold())
}

// sure is how sure a verdict is on a tilt.
func (m *mountTrace) sure(tilt float64) float64 {
	c := 0.6
	if m.borneOut() {
		c += 0.15
	}
	if m.warmth {
		c += 0.1
	}
	if tilt > 2*m.limit {
		c += 0.1
	}
	return c
}

// faded is the verdict on a dish that leans as it did and receives less.
func (m *mountTrace) faded() MountVerdict {
	v := MountVerdict{State: MountUnknown, Clues: append(m.standing(), Clue{"cnr_fell", -m.cnr.change})}
	path := m.pathOf(func(h *Posture) float64 { return h.CNR }, m.cnr.change)
	v.Onset = path.onset(m)
	// What the compass should have seen of a turn that costs so much.
	turn := float64(OffAt(DB(-m.cnr.change), m.stand.Beamwidth)) / math.Cos(m.stand.Elevation.rad())
	weaker := m.level.known && m.level.change <= 0.5*m.cnr.change
	// Without a temperature the level is that of the LNB's amplifier in any weather.
	told := m.level.known && m.warmth
	switch {
	case m.heading.moved(turnSeen):
		v.State, v.Confidence = MountAzimuth, 0.85
		v.Clues = append(v.Clues, Clue{"heading_turned", m.heading.change})
	case m.heading.known && turn > 2*turnSeen+3*m.heading.noise:
		v.State, v.Confidence = MountElsewhere, 0.8
		v.Clues = append(v.Clues, Clue{"heading_same", m.heading.change})
	case told && !weaker:
		v.State, v.Confidence = MountElsewhere, 0.7
		v.Clues = append(v.Clues, Clue{"level_same", m.level.change})
	case told && weaker && path.stepped() >= 0.5:
		v.State, v.Confidence = MountAzimuth, 0.5
		v.Clues = append(v.Clues, Clue{"level_fell", -m.level.change}, Clue{"by_steps", float64(len(path.steps))}, Clue{"no_heading", 0})
	default:
		v.Clues = append(v.Clues, Clue{"no_heading", 0})
	}
	return v
}
