package dish_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"stationbox/firmware/dish"
)

// early cuts a day off so many seconds after it began.
func early(s sky, log []dish.Sample, after float64) []dish.Sample {
	return log[:min(len(log), int((s.onset+after)/120))]
}

// In the first hour without a lock a feed that had turned was called rain, as there is no C/N
// to tell by: the level fell at once, stays, and says that there is signal enough.
func TestWhyOfTheFirstHourWithoutLock(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	right, cases := 0, 0
	for range 80 {
		s := happening(r, dish.CauseSkew)
		log := early(s, s.day(r, 2*time.Minute), between(r, 1500, 3500))
		if log[len(log)-1].Locked {
			continue
		}
		cases++
		v, err := dish.Why(s.link, log)
		if err != nil {
			t.Fatal(err)
		}
		if v.Cause == dish.CauseSkew {
			right++
			continue
		}
		t.Logf("%+v, onset %.0f: %+v", s.link, s.onset, v)
	}
	if cases < 50 || 10*right < 9*cases {
		t.Errorf("only %d of %d", right, cases)
	}
}

// squall is rain as it is: cells one behind the other, and never the same from one minute to the next.
func (s *sky) squall(r *rand.Rand) {
	var cells [][3]float64 // from, length, depth
	at := s.onset
	for range 1 + r.IntN(3) {
		c := [3]float64{at, between(r, 1200, 5000), between(r, 3, 9)}
		cells, at = append(cells, c), at+0.8*c[1]
	}
	gust := make([]float64, 2880)
	for i := 1; i < len(gust); i++ {
		gust[i] = 0.95*gust[i-1] + 0.08*r.NormFloat64()
	}
	loss := func(t float64) (a float64) {
		for _, c := range cells {
			if x := (t - c[0]) / c[1]; x > 0 && x < 1 {
				a = max(a, c[2]*math.Pow(math.Sin(math.Pi*x), 0.8))
			}
		}
		return a * math.Exp(gust[int(t/30)%len(gust)])
	}
	s.signal, s.noise = loss, func(t float64) float64 { return heat(loss(t)) }
}

// While a squall lasts hardly anybody is sent to align a dish or to turn a feed: one in ten
// was.
func TestWhyAmidASquall(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 64))
	alarms, right := 0, 0
	const cases = 200
	for range cases {
		s := happening(r, dish.CauseRain)
		s.squall(r)
		v, err := dish.Why(s.link, early(s, s.day(r, 2*time.Minute), between(r, 1200, 9000)))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case misaligned(v.Cause) || v.Cause == dish.CauseSkew:
			alarms++
			t.Logf("%+v, onset %.0f: %+v", s.link, s.onset, v)
		case v.Cause == dish.CauseRain:
			right++
		}
	}
	t.Logf("%d of %d, %d false alarms", right, cases, alarms)
	if alarms > 3*cases/100 || 100*right < 92*cases {
		t.Errorf("only %d of %d, %d false alarms", right, cases, alarms)
	}
}

// A sun outage that is foretold within hours of snow cut the spell in two, which then was
// rain; and rain that fell at that minute was called the Sun, which takes no level away.
func TestWhyOfWeatherAtTheTimeOfTheSun(t *testing.T) {
	r := rand.New(rand.NewPCG(65, 66))
	for _, want := range []dish.Cause{dish.CauseSnow, dish.CauseRain} {
		right := 0
		const cases = 40
		for range cases {
			s := happening(r, want)
			s.link.SunKnown, s.link.Sun = true, seconds(s.onset+between(r, 1000, 6000))
			if want == dish.CauseRain {
				s.rain(r, s.onset, between(r, 4, 9), between(r, 1200, 2000))
				s.link.Sun = seconds(s.onset + 800)
			}
			v, err := dish.Why(s.link, s.day(r, 2*time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if v.Cause == want {
				right++
				continue
			}
			t.Logf("%s (%+v, onset %.0f): %+v", want, s.link, s.onset, v)
		}
		if 100*right < 95*cases {
			t.Errorf("%s: only %d of %d", want, right, cases)
		}
	}
}

// A feed that turned by 20° to 26° takes a dB of level, two steps of the tuner: that it went
// at once was not seen.
func TestWhyOfASmallTurn(t *testing.T) {
	r := rand.New(rand.NewPCG(67, 68))
	right := 0
	const cases = 60
	for range cases {
		s := happening(r, dish.CauseSkew)
		tan := math.Tan(between(r, 22, 27) * math.Pi / 180)
		s.signal = func(t float64) float64 { return 10 * math.Log10(1+tan*tan*step(t, s.onset)) }
		s.cross = func(t float64) float64 { return tan * tan * step(t, s.onset) }
		v, err := dish.Why(s.link, s.day(r, 2*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if v.Cause == dish.CauseSkew {
			right++
			continue
		}
		t.Logf("%+v, onset %.0f: %+v", s.link, s.onset, v)
	}
	if 100*right < 95*cases {
		t.Errorf("only %d of %d", right, cases)
	}
}

// A dish that was moved was an obstruction for its first fifty minutes, which sends
// nobody: before half an hour nobody can tell, and then it was moved.
func TestWhyOfTheFirstHourOfAStep(t *testing.T) {
	r := rand.New(rand.NewPCG(69, 70))
	early, late := map[dish.Cause]int{}, map[dish.Cause]int{}
	const cases = 200
	off := 0
	for i := range cases {
		s := happening(r, dish.CauseStep)
		after, told := between(r, 900, 1600), early
		if i%2 == 0 {
			after, told = between(r, 2200, 3600), late
		}
		v, err := dish.Why(s.link, s.day(r, time.Minute)[:int((s.onset+after)/60)])
		if err != nil {
			t.Fatal(err)
		}
		told[v.Cause]++
		if v.Cause == dish.CauseStep && math.Abs(v.Onset.Seconds()-s.onset) > 300 {
			t.Logf("moved at %.0f s, told %v", s.onset, v.Onset)
			off++
		}
	}
	t.Logf("before half an hour: %v; then: %v, %d at another time", early, late, off)
	if early[dish.CauseObstruction]+late[dish.CauseObstruction] > 0 || late[dish.CauseStep]-off < 90 {
		t.Errorf("before half an hour: %v; then: %v, %d at another time", early, late, off)
	}
}
