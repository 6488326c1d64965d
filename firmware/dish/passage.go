package dish

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Passage is a day on which the Sun's way past a satellite says where a dish points, and
// from when to when its C/N is worth a closer look.
type Passage struct {
	Peak       time.Time // when the Sun is nearest to the satellite
	Separation Degrees   // then
	From, To   time.Time
}

// Bounds of the closer look. The Sun goes a quarter of a degree a minute.
const (
	passageLeast  = 20 * time.Minute // to either side of the peak
	passageMost   = 45 * time.Minute
	passageBeside = 8 * time.Minute // of clear sky beside the Sun
	sunPace       = Degrees(0.25)   // a minute
)

// Passages returns the days of the first (spring) or the second half (autumn) of a year on
// which the Sun comes so near to o that a dish of the width beamwidth may lose some C/N,
// even if it points off by half of its beam. The almanac must cover that half year. The
// errors are those of Season.
func (a *Almanac) Passages(p Place, o Orbit, beamwidth Degrees, year int, autumn bool) ([]Passage, error) {
	reach := beamwidth + SunRadius
	s, err := a.Season(p, o, reach, year, autumn)
	if err != nil {
		return nil, err
	}
	crossing := time.Duration(float64(reach/sunPace)*float64(time.Minute)) + passageBeside
	look := min(max(passageLeast, crossing), passageMost)
	var list []Passage
	for _, day := range s.Outages() {
		list = append(list, Passage{day.Peak, day.Separation, day.Peak.Add(-look), day.Peak.Add(look)})
	}
	return list, nil
}

// PassageDay is what a day of the log says beside the boresight that all days agree on.
type PassageDay struct {
	Date     time.Time // of the first reading
	Readings int       // with lock
	Clear    DB        // C/N without the Sun
	Dip      DB        // that the Sun should cost at most, of the readings with lock
	Misfit   DB        // what the readings are off, root of the mean square
	Use      PassageUse

	beside float64 // the same of the readings that no Sun can touch; NaN: too few
	pull   dayPull // towards another boresight
}

// PassageUse is what became of a day, by a stable English word.
type PassageUse string

// What may become of a day.
const (
	PassageUsed  PassageUse = "used"
	PassageRain  PassageUse = "rain"  // C/N went its own ways
	PassageOdd   PassageUse = "odd"   // dry, and yet the Sun was not as on the other days
	PassageMoved PassageUse = "moved" // the first day of a dish that was moved
	PassageFew   PassageUse = "few"   // readings
	PassageMute  PassageUse = "mute"  // dry, but the Sun did not show: it tells the clear sky only
)

// ErrMoved means that dry days contradict each other: the dish was moved. ErrRough means that
// too many days contradict the others for an answer.
var (
	ErrMoved = errors.New("the dish was moved during the season")
	ErrRough = errors.New("too many days contradict each other")
)

const (
	fewPassage  = fewSights // readings of a day
	beamEvery   = 4         // of so many readings one is used to find the width of the beam
	misfitLeast = 0.25      // dB that a day may be off anyhow: the Sun's disc is not even
	misfitTimes = 2.5       // and by how much more than the middle day
	wetBelow    = 0.8       // dB: a clear sky that is weaker than the usual one is none
	dryBeside   = 0.25      // dB that C/N is off beside the Sun on a day without rain
	besideBeam  = 0.3       // beam widths beyond the reach of the Sun
	dipSeen     = 0.5       // dB from which on the Sun shows
)

// SeasonBoresight is FindBoresight of the log of a whole season, with what each day is
// worth. Days of rain are left out. When the days before and after one agree among themselves
// on two boresights, the dish was moved: ErrMoved, and that day is PassageMoved. The width of
// the beam is found too, near beamwidth. The days are told also with an error.
func SeasonBoresight(p Place, o Orbit, beamwidth Degrees, log []Sight) (Boresight, []PassageDay, error) {
	log = slices.SortedFunc(slices.Values(log), func(a, b Sight) int { return a.At.Compare(b.At) })
	groups := sightDays(log)
	days := make([]PassageDay, len(groups))
	var good []Sight
	for i, g := range groups {
		days[i] = PassageDay{Date: g[0].At, Readings: locked(g), Use: PassageUsed}
		if days[i].Readings < fewPassage {
			days[i].Use = PassageFew
			continue
		}
		good = append(good, g...)
	}
	b, beam, err := boresightAndBeam(p, o, beamwidth, good)
	if err != nil {
		return Boresight{}, days, err
	}
	if err := b.review(p, o, beam, groups, days); err != nil {
		return Boresight{}, days, err
	}
	var dry []Sight
	for i, g := range groups {
		if days[i].Use == PassageUsed || days[i].Use == PassageMute {
			dry = append(dry, g...)
		}
	}
	b, _, err = boresightAndBeam(p, o, beamwidth, dry)
	return b, days, err
}

// boresightAndBeam also finds how wide the beam is, as 70·λ/D is right to some tenths only:
// the width at which every few readings are off the least.
func boresightAndBeam(p Place, o Orbit, beamwidth Degrees, log []Sight) (Boresight, Degrees, error) {
	var few []Sight
	for i := 0; i < len(log); i += beamEvery {
		few = append(few, log[i])
	}
	beam, least := beamwidth, math.Inf(1)
	for _, scale := range []Degrees{1, 0.94, 1.06, 0.88, 1.12, 0.82, 1.18} {
		b, err := FindBoresight(p, o, beamwidth*scale, few)
		if err != nil {
			continue // all readings may know more
		}
		if off := b.squares(p, o, beamwidth*scale, few); off < least {
			beam, least = beamwidth*scale, off
		}
	}
	b, err := FindBoresight(p, o, beam, log)
	return b, beam, err
}

// squares is the mean of the squares of what the readings of each day are off; those far off
// count alike.
func (b Boresight) squares(p Place, o Orbit, beamwidth Degrees, log []Sight) float64 {
	f, err := newTransit(p, o, beamwidth, log)
	if err != nil {
		return math.Inf(1)
	}
	f.w = slices.Repeat([]float64{1}, len(f.cnr))
	return f.worth(fitted{g: b.guess()}) / float64(len(f.cnr))
}

// guess is b as the fit has it.
func (b Boresight) guess() guess {
	return guess{float64(b.CrossElevation), float64(b.Elevation), math.Log(math.Expm1(float64(b.Depth) * math.Ln10 / 10))}
}

// sightDays cuts a sorted log where nothing was looked at for long.
func sightDays(log []Sight) (groups [][]Sight) {
	begin := 0
	for i := range log {
		if i+1 == len(log) || log[i+1].At.Sub(log[i].At) > 6*time.Hour {
			groups = append(groups, log[begin:i+1])
			begin = i + 1
		}
	}
	return groups
}

func locked(log []Sight) (n int) {
	for _, s := range log {
		if s.Locked {
			n++
		}
	}
	return n
}

// review compares each day with b and sets what it is worth.
func (b Boresight) review(p Place, o Orbit, beamwidth Degrees, groups [][]Sight, days []PassageDay) error {
	for i, g := range groups {
		if days[i].Use == PassageFew {
			continue
		}
		if err := b.compare(p, o, beamwidth, g, &days[i]); err != nil {
			return err
		}
	}
	var misfits, clears []float64
	for _, d := range days {
		if d.Use != PassageFew {
			misfits, clears = append(misfits, float64(d.Misfit)), append(clears, float64(d.Clear))
		}
	}
	slices.Sort(misfits)
	slices.Sort(clears)
	most := DB(max(misfitLeast, misfitTimes*misfits[(len(misfits)-1)/2]))
	usual := DB(clears[(len(clears)-1)/2])
	err := sortOut(days, most, usual)
	if day, moved := moveAmong(days, max(moveLeast, movePart*beamwidth), b.Noise); moved {
		days[day].Use = PassageMoved
		return ErrMoved
	}
	return err
}

// sortOut marks the days that are off, and says what they mean together.
func sortOut(days []PassageDay, most, usual DB) error {
	telling, odd := 0, 0 // days that the Sun shows on, and those that contradict them
	for i := range days {
		d := &days[i]
		switch {
		case d.Use == PassageFew:
		case d.Clear < usual-wetBelow:
			d.Use = PassageRain
		case d.Misfit > most && d.beside < dryBeside:
			d.Use = PassageOdd
			odd++
		case d.Misfit > most:
			d.Use = PassageRain
			odd++
		case d.Dip < dipSeen:
			d.Use = PassageMute
		default:
			telling++
		}
	}
	if telling < 2 || odd > telling {
		return fmt.Errorf("%w: %d of %d", ErrRough, odd, telling+odd)
	}
	return nil
}

// compare measures one day against b.
func (b Boresight) compare(p Place, o Orbit, beamwidth Degrees, log []Sight, d *PassageDay) error {
	f, err := newTransit(p, o, beamwidth, log)
	if err != nil {
		return err
	}
	dips := make([]float64, len(f.cnr))
	at := b.guess()
	f.dips(at, dips)
	dry := make([]float64, len(dips)) // C/N without the Sun
	for i, dip := range dips {
		dry[i] = f.cnr[i] + dip
		d.Dip = max(d.Dip, DB(dip))
	}
	sorted := slices.Sorted(slices.Values(dry))
	d.Clear = DB(sorted[len(sorted)/2])
	d.pull = f.pull(at, dry)
	var all, beside []float64
	touched := math.Cos(((1+besideBeam)*beamwidth + SunRadius).rad())
	for i, v := range dry {
		off := v - float64(d.Clear)
		all = append(all, off*off)
		if f.suns[i].z < touched {
			beside = append(beside, off*off)
		}
	}
	d.Misfit, d.beside = DB(math.Sqrt(mean(all))), math.NaN()
	if len(beside) >= fewPassage {
		d.beside = math.Sqrt(mean(beside))
	}
	return nil
}
