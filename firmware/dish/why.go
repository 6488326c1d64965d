package dish

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Cause is why a signal fell, by a stable English word.
type Cause string

// The causes that are told apart.
const (
	CauseClear        Cause = "clear"                    // it did not fall
	CauseRain         Cause = "rain"                     // weaker and noisier for minutes to a few hours
	CauseSnow         Cause = "wet_snow"                 // the same for hours, near freezing
	CauseSun          Cause = "sun_outage"               // noisier for minutes, when foretold
	CauseStep         Cause = "misalign_step"            // the dish was moved at once
	CauseSag          Cause = "misalign_sag"             // the dish gives way slowly
	CauseRainThenStep Cause = "mixed_rain_then_misalign" // a storm moved the dish
	CauseLNB          Cause = "lnb_noise"                // noisier for good
	CauseCable        Cause = "cable_loss"               // the level falls, C/N stays
	CauseFiveG        Cause = "interference_5g"          // noisier by fits and starts
	CauseSkew         Cause = "skew_slip"                // C/N falls by far more than the level
	CauseObstruction  Cause = "obstruction"              // weaker without noise, and back again
	CauseUnknown      Cause = "unknown"
)

// Sample is one line of a station's log.
type Sample struct {
	At          time.Duration // since the log's begin
	Locked      bool
	CNR         DB      // while locked
	Other       float64 // C/N of the other polarisation in dB; NaN: unknown
	Level       float64 // dBm of all that comes out of the cable; NaN: unknown
	Temperature float64 // °C outside; NaN: unknown
}

// Link is what is known of a station beforehand.
type Link struct {
	CBand     bool          // else Ku
	Clear     DB            // C/N under a clear sky
	Threshold DB            // C/N at which lock is lost
	Sun       time.Duration // the middle of a sun outage that is foretold
	SunKnown  bool
}

// Clue is one piece of evidence: a word that stands for a sentence, and its figure.
type Clue struct {
	Word  string  `json:"clue"`
	Value float64 `json:"value"`
}

// Verdict is why a signal fell.
type Verdict struct {
	Cause      Cause
	Onset      time.Duration // since when; of a sun outage its middle; -1 s when nothing happened
	Confidence float64       // 0 … 1
	Clues      []Clue
}

// Errors of a verdict.
var (
	ErrShortLog = errors.New("the log is too short")
	ErrNeverOn  = errors.New("there never was a lock: check the tuning, the LNB's supply and the dish before asking why it was lost")
)

const (
	// MostSamples bounds the samples of one verdict.
	MostSamples = 100_000
	fewSamples  = 30
	shortest    = 30 * time.Minute
	// drift is how an LNB's gain goes with temperature, dB a kelvin, and normal how near
	// C/N must be to the clear sky's for a level to count as usual.
	drift  = -0.05
	normal = 0.6
	// wildLevel is beyond what a tuner can mean.
	wildLevel = 200
)

// Why returns why the signal of a station fell, by how C/N and level went together:
// attenuation takes both, noise takes C/N and gives level, a bad cable takes level only.
// At the earliest samples with the C/N of a clear sky the level is taken for the usual
// one. The errors are ErrShortLog and ErrNeverOn, or tell of a number out of range.
func Why(l Link, log []Sample) (Verdict, error) {
	if err := checkLog(l, log); err != nil {
		return Verdict{}, err
	}
	t, err := newTrace(l, log)
	if err != nil {
		return Verdict{}, err
	}
	return t.judge(), nil
}

func checkLog(l Link, log []Sample) error {
	switch {
	case !within(float64(l.Clear), 1, 40):
		return fmt.Errorf("clear sky %v dB: want 1 to 40", float64(l.Clear))
	case !within(float64(l.Threshold), -5, float64(l.Clear)-0.5):
		return fmt.Errorf("lock threshold %v dB: want half a dB less than the clear sky's %v at least", float64(l.Threshold), float64(l.Clear))
	case len(log) > MostSamples:
		return fmt.Errorf("%d samples: want %d at most", len(log), MostSamples)
	case len(log) < fewSamples:
		return fmt.Errorf("%w: %d samples, want %d", ErrShortLog, len(log), fewSamples)
	}
	locked := false
	for i, s := range log {
		locked = locked || s.Locked
		switch {
		case s.Locked && !within(float64(s.CNR), -30, 60):
			return fmt.Errorf("sample %d: C/N %v dB", i+1, float64(s.CNR))
		case !within(s.At.Hours(), -1e5, 1e5):
			return fmt.Errorf("sample %d: at %v", i+1, s.At)
		}
	}
	if !locked {
		return ErrNeverOn
	}
	return nil
}

// trace is a log in order, relative to the clear sky.
type trace struct {
	Link
	clear  float64   // C/N of the clear sky as a ratio
	at     []float64 // seconds
	lock   []bool
	loss   []float64 // dB of C/N; without lock what it takes to lose it
	other  []float64 // dB of the other polarisation's C/N, against the usual; NaN: unknown
	level  []float64 // dB against the usual level at that temperature; NaN: unknown
	temp   []float64
	smooth []float64 // the running median of loss
	even   []float64 // the running median of level
	bad    []bool    // by smooth
	sigma  float64   // noise of smooth
	begun  float64   // loss from which on something has begun
	known  bool      // the usual level
}

func newTrace(l Link, log []Sample) (*trace, error) {
	log = slices.SortedStableFunc(slices.Values(log), func(a, b Sample) int { return int(a.At - b.At) })
	t := &trace{Link: l, clear: math.Pow(10, float64(l.Clear)/10)}
	for i, s := range log {
		if i > 0 && s.At == log[i-1].At {
			continue
		}
		loss := float64(l.Clear - l.Threshold)
		if s.Locked {
			loss = float64(l.Clear - s.CNR)
		}
		if math.Abs(s.Level) > wildLevel {
			s.Level = math.NaN()
		}
		t.at, t.lock, t.loss = append(t.at, s.At.Seconds()), append(t.lock, s.Locked), append(t.loss, loss)
		if !s.Locked || !within(s.Other, -30, 60) {
			s.Other = math.NaN()
		}
		t.other = append(t.other, -s.Other)
		t.level, t.temp = append(t.level, s.Level), append(t.temp, s.Temperature)
	}
	if n := len(t.at); n < fewSamples || t.at[n-1]-t.at[0] < shortest.Seconds() {
		return nil, fmt.Errorf("%w: %d samples in %.0f minutes, want %d in %.0f", ErrShortLog, n, (t.at[n-1]-t.at[0])/60, fewSamples, shortest.Minutes())
	}
	t.relate()
	t.smooth = running(t.at, t.loss, 300)
	t.even = running(t.at, t.level, 300)
	t.sigma = t.noise()
	trigger := max(trigger, 4*t.sigma)
	t.begun = max(0.2, 2*t.sigma)
	t.bad = make([]bool, len(t.at))
	for i, v := range t.smooth {
		t.bad[i] = v > trigger
	}
	return t, nil
}

// trigger is from how many dB of loss on a sample is bad.
const trigger = 0.6

// noise is that of a running median of C/N, by what follows one another.
func (t *trace) noise() float64 {
	var steps []float64
	for i := 1; i < len(t.loss); i++ {
		if t.lock[i] && t.lock[i-1] {
			steps = append(steps, math.Abs(t.loss[i]-t.loss[i-1]))
		}
	}
	return 0.6 * 1.05 * median(steps)
}

// relate takes the usual level and the drift with temperature out of the level.
func (t *trace) relate() {
	var usual, other []float64
	first := math.Inf(1)
	for i := range t.at {
		if !t.lock[i] || math.Abs(t.loss[i]) > normal || math.IsNaN(t.level[i]) {
			continue
		}
		first = min(first, t.at[i])
		if t.at[i] > first+usualSpan {
			break
		}
		usual, other = append(usual, t.level[i]-t.drifted(i)), append(other, t.other[i])
	}
	before := median(other)
	for i := range t.other {
		t.other[i] -= before
	}
	t.known = len(usual) >= 5
	base := mean(usual) // levels come in halves of a dB; their mean is finer
	for i := range t.level {
		t.level[i] -= base + t.drifted(i)
	}
}

// usualSpan is how many seconds are taken for usual.
const usualSpan = 5400

func (t *trace) drifted(i int) float64 {
	if math.IsNaN(t.temp[i]) {
		return 0
	}
	return drift * t.temp[i]
}

func mean(list []float64) float64 {
	var sum float64
	for _, v := range list {
		sum += v
	}
	return sum / max(1, float64(len(list)))
}

// median is NaN of none.
func median(list []float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	list = slices.Sorted(slices.Values(list))
	return (list[len(list)/2] + list[(len(list)-1)/2]) / 2
}

// running is the median of what is within so many seconds, three values at least.
func running(at, v []float64, span float64) []float64 {
	out := make([]float64, len(v))
	low, high := 0, 0
	for i := range v {
		for at[low] < at[i]-span {
			low++
		}
		for high < len(v) && at[high] <= at[i]+span {
			high++
		}
		out[i] = median(v[max(0, min(low, i-1)):min(len(v), max(high, i+2))])
		if high-low > 60 { // samples of seconds
			low = high - 60
		}
	}
	return out
}
