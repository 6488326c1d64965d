package dish_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

var (
	campaign  = flag.Bool("campaign", false, "the whole table of alignments: a minute or two")
	casesFlag = flag.Int("cases", 25, "villagers of each scene in the campaign")
	seedFlag  = flag.Uint64("seed", 1, "of the campaign")
	sceneFlag = flag.String("scenes", "", "only those whose name has this in it")
	traceFlag = flag.String("case", "", "scene/case of the campaign to tell move by move")
)

// scene is a dish in a village as physics has it.
type scene struct {
	name      string
	beam      dish.Degrees
	clear     float64 // C/N at the peak
	threshold float64
	incline   float64      // error of the inclinometer, degrees; 0: there is none
	compass   float64      // of the compass
	screw     dish.Degrees // by which a turn of the azimuth screw turns; 0: a pole
}

// scenes are four dishes, each with all sensors there are, and with a screw or a pole.
func scenes() (list []scene) {
	for _, s := range []scene{
		{name: "Ku 1.2 m", beam: 1.40, clear: 14, threshold: 5},
		{name: "C 3 m", beam: 1.77, clear: 15, threshold: 5},
		{name: "Ku 0.75 m", beam: 2.24, clear: 11.5, threshold: 5},
		{name: "C 1.8 m", beam: 2.95, clear: 12.5, threshold: 5},
	} {
		for _, sensors := range []string{"no sensor", "inclinometer", "both sensors"} {
			for _, screw := range []dish.Degrees{0, 1} {
				c := s
				c.screw = screw
				if sensors != "no sensor" {
					c.incline = 0.2
				}
				if sensors == "both sensors" {
					c.compass = 1.5
				}
				c.name += ", " + sensors + map[bool]string{true: ", pole", false: ", screw"}[screw == 0]
				list = append(list, c)
			}
		}
	}
	return list
}

// world is the mount, the sky and the receiver.
type world struct {
	scene
	rnd        *rand.Rand
	el         float64    // of the satellite
	width      float64    // of the real beam, not just 70 wavelengths by the diameter
	true0      [2]float64 // azimuth on the horizon and elevation off the satellite
	mark       [2]float64
	play       [2]float64 // backlash of azimuth and elevation
	gap        [2]float64 // where in the backlash the screw is
	skew       float64
	other      [2]float64 // where the wrong satellite stands, on the sky
	otherLocks bool
	lockSince  time.Time
	foreign    bool
	biasI      float64 // of the inclinometer
	biasC      float64
	start      time.Time
	fading     float64 // period of the slow drift of C/N, in seconds, and its phase
	phase      float64
	wander     [2]float64 // of the inclinometer and the compass, slow
	now        time.Time
}

func newWorld(s scene, rnd *rand.Rand) *world {
	w := &world{scene: s, rnd: rnd, now: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), el: 30 + 25*rnd.Float64(), width: float64(s.beam) * (0.96 + 0.08*rnd.Float64())}
	for { // up to 8° off
		w.true0 = [2]float64{16*rnd.Float64() - 8, 16*rnd.Float64() - 8}
		if math.Hypot(w.true0[0], w.true0[1]) <= 8 {
			break
		}
	}
	w.mark = w.true0
	w.play = [2]float64{slackMost * rnd.Float64(), slackMost * rnd.Float64()}
	w.gap = [2]float64{w.play[0] * rnd.Float64(), w.play[1]}
	w.skew = 40*rnd.Float64() - 20
	side := math.Copysign(3.5+2*rnd.Float64(), rnd.Float64()-0.5)
	w.other = [2]float64{side, side * (rnd.Float64() - 0.5)}
	w.otherLocks = rnd.IntN(2) == 0
	w.start, w.fading, w.phase = w.now, 60*(15+30*rnd.Float64()), 2*math.Pi*rnd.Float64()
	w.biasI, w.biasC = w.incline*rnd.NormFloat64(), w.compass*rnd.NormFloat64()
	return w
}

func (w *world) cos() float64 { return math.Cos(w.el * math.Pi / 180) }

// off is on the sky.
func (w *world) off() (x, y float64) { return w.true0[0] * w.cos(), w.true0[1] }

// gain is a tapered aperture's beam, as a power ratio, with its side lobes: the pattern
// 8·J2(u)/u², which is 3 dB down at u = 2.
func gain(off, width float64) float64 {
	u := off / width * 2 * 1.9975
	if math.Abs(u) < 1e-3 {
		return 1
	}
	v := 8 * math.Jn(2, u) / (u * u)
	return v * v
}

// signal is C/N as a power ratio, of the satellite at x, y.
func (w *world) signal(x, y float64) float64 {
	s := math.Pow(10, w.clear/10) * gain(math.Hypot(x, y), w.width)
	sn, cs := math.Sincos(w.skew * math.Pi / 180)
	return s * cs * cs / (1 + s*sn*sn) // the other polarisation is noise
}

// reading is what the receiver and the sensors say now.
func (w *world) reading() dish.Reading {
	x, y := w.off()
	own := w.signal(x, y)
	other := 0.8 * math.Pow(10, w.clear/10) * gain(math.Hypot(x-w.other[0], y-w.other[1]), w.width)
	r := dish.Reading{At: w.now, CNR: dish.DB(math.NaN()), Level: dish.DB(-60 + 10*math.Log10(1+own+other) + 0.1*w.rnd.NormFloat64())}
	cnr := 10 * math.Log10(own/(1+other*0.1))
	foreign := false
	if o := 10 * math.Log10(other); w.otherLocks && o > cnr {
		cnr, foreign = o, true
	}
	cnr += 0.12*w.rnd.NormFloat64() + driftDB/2*math.Sin(w.phase+2*math.Pi*w.now.Sub(w.start).Seconds()/w.fading)
	if cnr < w.threshold || foreign != w.foreign {
		w.lockSince, w.foreign = w.now, foreign
	}
	held := w.now.Sub(w.lockSince)
	if r.Locked = cnr >= w.threshold && held >= 400*time.Millisecond; r.Locked {
		r.CNR = dish.DB(math.Round(cnr*10) / 10)
		if held > 3*time.Second {
			r.Right = dish.IdentityRight
			if foreign {
				r.Right = dish.IdentityWrong
			}
		}
	}
	for i, size := range [2]float64{0.01, 0.1} { // over about a minute
		w.wander[i] += -w.wander[i]/600 + size*math.Sqrt(2.0/600)*w.rnd.NormFloat64()
	}
	if w.incline > 0 {
		r.Elevation = dish.Gauge{Known: true, Angle: dish.Degrees(w.el + y + w.biasI + w.wander[0] + 0.05*w.rnd.NormFloat64()), Error: dish.Degrees(w.incline)}
	}
	if w.compass > 0 {
		r.Azimuth = dish.Gauge{Known: true, Angle: dish.Degrees(180 + w.true0[0] + w.biasC + w.wander[1] + 0.5*w.rnd.NormFloat64()), Error: dish.Degrees(w.compass)}
	}
	return r
}

// What a villager and the weather are like.
const (
	handOff   = 0.15 // of a move, at most: too far or too short
	tremor    = 0.02 // degrees, at most, where a move ends
	mistaken  = 50   // one move in so many goes the other way
	driftDB   = 0.3  // of the sky, from end to end
	slackMost = 0.1  // degrees of backlash, on each axis
)

// villager follows words, as well as hands can.
type villager struct {
	w       *world
	g       *dish.Guide
	trace   func(string, ...any)
	last    dish.Advice
	tight   float64 // by how much tightening moves the dish, at most
	moves   int
	wrong   int                     // moves in the wrong direction
	late    int                     // of them, after the search
	mislead int                     // the number of a move that surely goes wrong
	count   [dish.PhaseDone + 1]int // moves in each phase
}

func (v *villager) step(moved bool) dish.Advice {
	v.w.now = v.w.now.Add(100 * time.Millisecond)
	r := v.w.reading()
	r.Moved = moved
	v.last = v.g.Step(v.w.now, r)
	return v.last
}

func (v *villager) hand() float64 { return 1 + handOff*(2*v.w.rnd.Float64()-1) }

// turn moves the screw, and the dish when the backlash is taken up.
func (v *villager) turn(axis int, by float64) {
	w := v.w
	before := w.gap[axis]
	w.gap[axis] = max(0, min(w.play[axis], before+by))
	w.true0[axis] += by - (w.gap[axis] - before)
}

// words are what the villager knows: the sentence and the amount, nothing else.
func (v *villager) follow(key string, a dish.Amount) {
	by := a.Count * map[dish.Unit]float64{dish.Fingers: 2, dish.Hands: 10}[a.Unit]
	if by == 0 {
		by = float64(a.Degrees()) // a screw and a pole are what they are
	}
	by *= v.hand()
	w := v.w
	if v.mislead == v.last.Moves || key != "align.tighten" && w.rnd.IntN(mistaken) == 0 {
		by = -by // right is left
		v.wrong++
		if v.last.Phase > dish.PhaseSearch {
			v.late++
		}
	}
	shake := tremor * (2*w.rnd.Float64() - 1)
	switch key {
	case "align.turn_right", "align.turn_left":
		v.turn(0, signed(by, key == "align.turn_right")+shake)
	case "align.tip_up", "align.tip_down":
		v.turn(1, signed(by, key == "align.tip_up")+shake)
	case "align.tip_up_mark", "align.tip_down_mark":
		v.turn(1, w.mark[1]+0.1*w.rnd.NormFloat64()+signed(by, key == "align.tip_up_mark")-w.true0[1])
	case "align.sweep_right_mark":
		v.sweep(w.mark[0]+0.3*w.rnd.NormFloat64()+by, key)
		return
	case "align.sweep_left_mark":
		v.sweep(w.mark[0]+0.3*w.rnd.NormFloat64()-by, key)
		return
	case "align.sweep_right", "align.sweep_left":
		v.sweep(w.true0[0]+signed(by, key == "align.sweep_right"), key)
		return
	case "align.skew_clockwise", "align.skew_counter":
		w.skew += signed(by, key == "align.skew_clockwise")
	case "align.tighten":
		a := 2 * math.Pi * w.rnd.Float64()
		w.true0[0] += v.tight * math.Cos(a)
		w.true0[1] += v.tight * math.Sin(a)
	}
	v.step(true)
}

func signed(by float64, forward bool) float64 {
	if forward {
		return by
	}
	return -by
}

// sweep turns a degree a second until told to stop, which takes the hand up to 0.6 s.
func (v *villager) sweep(to float64, key string) {
	stop := -1
	for math.Abs(to-v.w.true0[0]) > 0.1 && stop != 0 {
		v.turn(0, math.Copysign(0.1, to-v.w.true0[0]))
		a := v.step(false)
		if stop > 0 {
			stop--
		} else if a.Order.Key() != key {
			stop = 1 + v.w.rnd.IntN(6)
		}
	}
	if stop < 0 {
		v.step(true)
	}
}

// align goes on until the dish shall be tightened, or a bound; it returns how far the
// dish then is off, and the moves.
func (v *villager) align(t *testing.T, until dish.Do, bound int) (x, y float64) {
	t.Helper()
	v.step(false)
	for range 100_000 {
		a := v.last
		if a.Order.Do == until || a.Moves > bound {
			v.moves = a.Moves
			return v.w.off()
		}
		switch a.Order.Do {
		case dish.DoHold, dish.DoWaitForReadings:
			v.step(false)
		case dish.DoDone:
			v.moves = a.Moves
			return v.w.off()
		default:
			x, y := v.w.off()
			v.trace("%2d %-7v %-24s %5.2f×%.3f  at %.3f %.3f skew %.1f  now %v guess %.3f±%.3f", a.Moves, a.Phase, a.Order.Key(), a.Order.Amount.Count, float64(a.Order.Amount.Size), x, y, v.w.skew, a.Now, float64(a.Offset.Angle), float64(a.Offset.Error))
			v.count[a.Phase]++
			v.follow(a.Order.Key(), a.Order.Amount)
		}
	}
	t.Fatal("the guide never comes to an end")
	return 0, 0
}

func guideFor(t *testing.T, w *world) *dish.Guide {
	t.Helper()
	g, err := dish.NewGuide(dish.AlignOpts{Beamwidth: w.beam, Azimuth: 180, Elevation: dish.Degrees(w.el), Clear: 12, Threshold: dish.DB(w.threshold), AzimuthTurn: w.screw})
	if err != nil {
		t.Fatal(err)
	}
	return g
}
