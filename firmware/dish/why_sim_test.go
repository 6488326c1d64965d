package dish_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware/dish"
)

// sky is a day of a station by physics, one function of time for each thing that can
// happen to its signal.
type sky struct {
	link   dish.Link
	onset  float64                 // s
	signal func(t float64) float64 // dB that the wanted signal is weaker
	noise  func(t float64) float64 // power of noise, 1 under a clear sky
	cross  func(t float64) float64 // power of the other polarisation, by the wanted, that the level does not show
	cable  func(t float64) float64 // dB that all is weaker
	temp   [2]float64              // mean and half of the day's change
	flaw   float64                 // noise of C/N in dB
}

func none(float64) float64 { return 0 }
func one(float64) float64  { return 1 }

// day is the log of it.
func (s sky) day(r *rand.Rand, every time.Duration) (log []dish.Sample) {
	clear := math.Pow(10, float64(s.link.Clear)/10)
	usual := -60 + 22*r.Float64()
	peak := 14 + 2*r.Float64()
	wobble := 0.0
	for at := time.Duration(0); at < 24*time.Hour; at += every {
		t := at.Seconds()
		c, n := clear*math.Pow(10, -s.signal(t)/10), s.noise(t)
		cnr := 10 * math.Log10(1/(n/c+s.cross(t)))
		wobble = 0.8*wobble + 0.6*s.flaw*r.NormFloat64()
		cnr += wobble
		temp := s.temp[0] + s.temp[1]*math.Cos(2*math.Pi*(t/3600-peak)/24)
		level := usual + 10*math.Log10((c+n)/(clear+1)) - s.cable(t) - 0.05*(temp-s.temp[0]) + 0.1*r.NormFloat64()
		x := dish.Sample{At: at, Level: math.Round(2*level) / 2, Temperature: math.Round(10*temp) / 10}
		if cnr > float64(s.link.Threshold) {
			x.Locked, x.CNR = true, dish.DB(math.Round(10*cnr)/10)
			x.Other = math.Round(10*cnr-4) / 10
		}
		log = append(log, x)
	}
	return log
}

// step is 0 before and 1 after.
func step(t, at float64) float64 {
	if t < at {
		return 0
	}
	return 1
}

// hill rises over a time, stays and falls again.
func hill(t, from, rise, stay, fall float64) float64 {
	switch {
	case t < from:
		return 0
	case t < from+rise:
		return (t - from) / rise
	case t < from+rise+stay:
		return 1
	}
	return max(0, 1-(t-from-rise-stay)/fall)
}

// heat is the noise that attenuation brings along: rain at 270 K before a system of 100 K.
func heat(loss float64) float64 { return 1 + 2.2*(1-math.Pow(10, -loss/10)) }

func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// happening makes a day on which one thing happens.
func happening(r *rand.Rand, c dish.Cause) sky {
	s := sky{signal: none, noise: one, cross: none, cable: none, flaw: 0.14, temp: [2]float64{between(r, -8, 22), 6}}
	s.link = dish.Link{CBand: r.IntN(2) == 0, Clear: dish.DB(between(r, 10.5, 15.5)), Threshold: dish.DB(between(r, 5.5, 7.4))}
	s.onset = between(r, 5400, 64_000)
	if s.link.CBand {
		s.flaw = 0.07
	}
	at := s.onset
	switch c {
	case dish.CauseRain:
		s.link.CBand, s.flaw = false, 0.14
		s.rain(r, at, between(r, 2, 10), between(r, 1500, 10_000))
	case dish.CauseSnow:
		s.link.CBand, s.flaw = false, 0.14
		s.temp = [2]float64{between(r, -2.5, -0.5), 2.5}
		s.onset = between(r, 5400, 40_000)
		at = s.onset
		deep, rise, stay := between(r, 3, 7), between(r, 4000, 9000), between(r, 5000, 15_000)
		loss := func(t float64) float64 { return deep * hill(t, at, rise, stay, 4000) }
		s.signal, s.noise = loss, func(t float64) float64 { return heat(loss(t)) }
	case dish.CauseSun:
		s.link.Sun, s.link.SunKnown = seconds(at), true
		strong, wide := between(r, 3, 25), between(r, 150, 420)
		s.noise = func(t float64) float64 { return 1 + strong*math.Exp(-math.Pow((t-at)/wide, 2)) }
	case dish.CauseStep:
		deep := between(r, 1.2, float64(s.link.Clear-s.link.Threshold)-0.6)
		s.signal = func(t float64) float64 { return deep * step(t, at) }
	case dish.CauseSag:
		s.onset = between(r, 3600, 40_000)
		at = s.onset
		deep := between(r, 2.5, min(7, float64(s.link.Clear-s.link.Threshold)-0.6))
		s.signal = func(t float64) float64 { return deep * math.Pow(max(0, t-at)/(86_400-at), 2) }
	case dish.CauseRainThenStep:
		s.link.CBand, s.flaw = false, 0.14
		s.storm(r)
	case dish.CauseLNB:
		worse, slowly := between(r, 1.5, 4.5), between(r, 900, 5000)
		s.noise = func(t float64) float64 { return math.Pow(10, worse/10*(1-math.Exp(-max(0, t-at)/slowly))) }
	case dish.CauseCable:
		drop, slowly := between(r, 5, 18), between(r, 1, 7000)
		s.cable = func(t float64) float64 { return drop * min(1, max(0, t-at)/slowly) }
	case dish.CauseFiveG:
		s.link.CBand, s.flaw = true, 0.07
		s.cell(r)
	case dish.CauseSkew:
		tan := math.Tan(between(r, 18, 42) * math.Pi / 180)
		s.signal = func(t float64) float64 { return 10 * math.Log10(1+tan*tan*step(t, at)) }
		s.cross = func(t float64) float64 { return tan * tan * step(t, at) }
	}
	return s
}

func seconds(s float64) time.Duration { return time.Duration(s) * time.Second }

func (s *sky) rain(r *rand.Rand, at, deep, long float64) {
	rise := long * between(r, 0.2, 0.4)
	loss := func(t float64) float64 {
		return deep * hill(t, at, rise, long-2*rise, rise) * (1 + 0.15*math.Sin(t/400))
	}
	s.signal, s.noise = loss, func(t float64) float64 { return heat(loss(t)) }
}

func (s *sky) storm(r *rand.Rand) {
	from, long := s.onset, between(r, 3000, 9000)
	s.rain(r, from, between(r, 3.5, 7), long)
	s.onset = from + long*between(r, 0.6, 0.9)
	at, rain := s.onset, s.signal
	deep := between(r, 1.5, float64(s.link.Clear-s.link.Threshold)-1)
	s.signal = func(t float64) float64 { return rain(t) + deep*step(t, at) }
}

// cell is a base station that sends by day, in spells.
func (s *sky) cell(r *rand.Rand) {
	s.onset = between(r, 22_000, 30_000)
	until, power := between(r, 60_000, 82_000), math.Pow(10, between(r, 0.6, 1.2))
	var spells []float64
	for t := s.onset; t < until; {
		spells = append(spells, t, t+between(r, 900, 6000))
		t = spells[len(spells)-1] + between(r, 300, 2500)
	}
	s.noise = func(t float64) float64 {
		for i := 0; i < len(spells); i += 2 {
			if t >= spells[i] && t < spells[i+1] {
				return power
			}
		}
		return 1
	}
}

func TestWhyOfSimulatedDays(t *testing.T) {
	causes := []dish.Cause{dish.CauseClear, dish.CauseRain, dish.CauseSnow, dish.CauseSun, dish.CauseStep, dish.CauseSag,
		dish.CauseRainThenStep, dish.CauseLNB, dish.CauseCable, dish.CauseFiveG, dish.CauseSkew}
	r := rand.New(rand.NewPCG(41, 42))
	right, all, wrong, late := 0, 0, 0, 0
	for _, want := range causes {
		for i := range 40 {
			s := happening(r, want)
			log := s.day(r, []time.Duration{2, 1, 2, 3}[i%4]*time.Minute)
			if i%5 == 4 { // nobody logged for a while
				cut := r.IntN(len(log) - 30)
				log = append(log[:cut:cut], log[cut+20:]...)
			}
			v, err := dish.Why(s.link, log)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			all++
			if v.Cause != want {
				t.Logf("%s (%+v, onset %.0f) is not %+v", want, s.link, s.onset, v)
				if misaligned(v.Cause) && !misaligned(want) {
					wrong++
				}
				continue
			}
			right++
			if want != dish.CauseClear && want != dish.CauseSag && math.Abs(v.Onset.Seconds()-s.onset) > 1800 {
				late++
				t.Logf("%s: onset %v, not %.0f", want, v.Onset.Seconds(), s.onset)
			}
		}
	}
	t.Logf("%d of %d causes, %d false misalignments, %d onsets off by more than half an hour", right, all, wrong, late)
	if 100*right < 96*all || wrong > 0 || late > all/40 {
		t.Error("worse than 42 of 44")
	}
}

func TestWhyRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	s := happening(r, dish.CauseStep)
	good := s.day(r, 2*time.Minute)
	change := func(f func(i int, s *dish.Sample)) []dish.Sample {
		list := append([]dish.Sample(nil), good...)
		for i := range list {
			f(i, &list[i])
		}
		return list
	}
	tests := []struct {
		name string
		link dish.Link
		log  []dish.Sample
		want error
	}{
		{"none", s.link, nil, dish.ErrShortLog},
		{"one", s.link, good[:1], dish.ErrShortLog},
		{"half an hour of one moment", s.link, change(func(_ int, s *dish.Sample) { s.At = time.Hour }), dish.ErrShortLog},
		{"never locked", s.link, change(func(_ int, s *dish.Sample) { s.Locked = false }), dish.ErrNeverOn},
		{"NaN", s.link, change(func(_ int, s *dish.Sample) { s.Locked, s.CNR = true, dish.DB(math.NaN()) }), nil},
		{"endless", s.link, change(func(_ int, s *dish.Sample) { s.Locked, s.CNR = true, dish.DB(math.Inf(1)) }), nil},
		{"clear NaN", dish.Link{Clear: dish.DB(math.NaN()), Threshold: 6}, good, nil},
		{"clear negative", dish.Link{Clear: -12, Threshold: 6}, good, nil},
		{"threshold above", dish.Link{Clear: 12, Threshold: 14}, good, nil},
		{"too long", s.link, make([]dish.Sample, dish.MostSamples+1), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := dish.Why(tt.link, tt.log)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%+v, %v; want %v", v, err, tt.want)
			}
		})
	}
}

// A level that is missing, garbage of a driver or was never usual says nothing: then no
// misalignment is claimed.
func TestWhyWithoutLevel(t *testing.T) {
	r := rand.New(rand.NewPCG(45, 46))
	for name, spoil := range map[string]func(s *dish.Sample){
		"missing":  func(s *dish.Sample) { s.Level = math.NaN() },
		"garbage":  func(s *dish.Sample) { s.Level = -2_554_544_930 },
		"from bad": func(s *dish.Sample) { s.CNR -= 4 },
	} {
		for _, c := range []dish.Cause{dish.CauseStep, dish.CauseSag, dish.CauseLNB, dish.CauseCable, dish.CauseRain} {
			s := happening(r, c)
			s.link.Clear, s.link.Threshold = 16, 5
			log := s.day(r, 2*time.Minute)
			for i := range log {
				spoil(&log[i])
			}
			if v, err := dish.Why(s.link, log); err == nil && misaligned(v.Cause) {
				t.Errorf("%s, %s: %+v", name, c, v)
			}
		}
	}
}

// A dish that moves takes both polarisations.
func TestWhyOfOnePolarisation(t *testing.T) {
	r := rand.New(rand.NewPCG(47, 48))
	s := happening(r, dish.CauseStep)
	log := s.day(r, 2*time.Minute)
	for i := range log {
		log[i].Other = 12
	}
	if v, err := dish.Why(s.link, log); err != nil || v.Cause != dish.CauseUnknown {
		t.Errorf("%+v, %v", v, err)
	}
}

// The verdict is about what changed: not about the order of the lines, nor about what
// the level of this tuner is.
func TestWhyIsAboutChange(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		all := []dish.Cause{dish.CauseClear, dish.CauseRain, dish.CauseSnow, dish.CauseSun, dish.CauseStep, dish.CauseSag, dish.CauseCable, dish.CauseFiveG, dish.CauseSkew}
		s := happening(r, rapid.SampledFrom(all).Draw(rt, "cause"))
		log := s.day(r, 5*time.Minute)
		want, err := dish.Why(s.link, log)
		if err != nil {
			rt.Fatal(err)
		}
		up := float64(rapid.IntRange(-40, 40).Draw(rt, "dB"))
		for i := range log {
			log[i].Level += up
		}
		r.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
		got, err := dish.Why(s.link, log)
		if err != nil || got.Cause != want.Cause || got.Onset != want.Onset || math.Abs(got.Confidence-want.Confidence) > 1e-6 {
			rt.Errorf("%+v, %v; want %+v", got, err, want)
		}
		if got.Confidence < 0 || got.Confidence > 1 || len(got.Clues) == 0 {
			rt.Errorf("%+v", got)
		}
	})
}

// Whatever a log says, the verdict is one or an error, and its figures are numbers.
func FuzzWhy(f *testing.F) {
	f.Add(uint64(1), 14.0, 6.0, true, []byte{1, 2, 3, 250, 0, 9})
	f.Add(uint64(7), 40.0, -5.0, false, []byte{0})
	f.Fuzz(func(t *testing.T, seed uint64, clear, threshold float64, sun bool, wild []byte) {
		r := rand.New(rand.NewPCG(seed, 3))
		log := make([]dish.Sample, 200)
		for i := range log {
			log[i] = dish.Sample{At: time.Duration(i) * time.Minute, Locked: r.IntN(5) > 0, CNR: dish.DB(20 * r.Float64()), Level: -80 + 60*r.Float64(), Temperature: 10}
			if i < len(wild) {
				log[i].Level, log[i].At = float64(wild[i])*1e3, log[i].At*time.Duration(wild[i])
			}
		}
		v, err := dish.Why(dish.Link{Clear: dish.DB(clear), Threshold: dish.DB(threshold), Sun: time.Hour, SunKnown: sun, CBand: seed%2 == 0}, log)
		if err == nil && (v.Cause == "" || !(v.Confidence >= 0 && v.Confidence <= 1)) {
			t.Errorf("%+v", v)
		}
	})
}

// While it still rains or snows nobody knows whether the dish will be found moved, so
// that is not claimed; a dish that was moved an hour ago is known.
func TestWhyWhileItLasts(t *testing.T) {
	for _, want := range []dish.Cause{dish.CauseRain, dish.CauseSnow, dish.CauseStep} {
		r := rand.New(rand.NewPCG(49, 50))
		right := 0
		const cases = 60
		for range cases {
			s := happening(r, want)
			log := s.day(r, 2*time.Minute)
			v, err := dish.Why(s.link, log[:s.amid(r, want)])
			if err != nil {
				t.Fatal(err)
			}
			wet := v.Cause == dish.CauseRain || v.Cause == dish.CauseSnow // snow takes hours to be told from rain
			switch {
			case v.Cause == want || want == dish.CauseSnow && wet:
				right++
			case misaligned(v.Cause) != misaligned(want) && v.Cause != dish.CauseUnknown:
				t.Errorf("%s (%+v, onset %.0f): %+v", want, s.link, s.onset, v)
			}
		}
		t.Logf("%s: %d of %d", want, right, cases)
		if 2*right < cases {
			t.Errorf("%s: only %d of %d", want, right, cases)
		}
	}
}

// amid is a sample in the middle of what happens.
func (s sky) amid(r *rand.Rand, c dish.Cause) int {
	if c == dish.CauseStep {
		return int(s.onset/120) + 31
	}
	var deep float64
	for t := 0.0; t < 86_400; t += 120 {
		deep = max(deep, s.signal(t))
	}
	var list []int
	for t := 0.0; t < 86_400; t += 120 {
		if s.signal(t) > 0.5*deep {
			list = append(list, int(t/120))
		}
	}
	return list[r.IntN(len(list))] + 1
}

// Drivers say anything without a lock (vidtv: -2,554,544,930): that is no level.
func TestWhyOfGarbageWithoutLock(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for _, c := range []dish.Cause{dish.CauseSkew, dish.CauseRain, dish.CauseFiveG, dish.CauseRainThenStep} {
		for range 10 {
			s := happening(r, c)
			log := s.day(r, 2*time.Minute)
			for i := range log {
				if !log[i].Locked {
					log[i].Level = -2_554_544_930
				}
			}
			v, err := dish.Why(s.link, log)
			if err != nil || misaligned(v.Cause) && c != dish.CauseRainThenStep {
				t.Errorf("%s: %+v, %v", c, v, err)
			}
			for _, clue := range v.Clues {
				if math.Abs(clue.Value) > 1e6 {
					t.Errorf("%s: %+v", c, clue)
				}
			}
		}
	}
}
