package sound

import "math"

// partial is one component of a struck or blown sound.
type partial struct {
	ratio, level, decay float64 // times the base frequency; of full scale; time constant in seconds
}

// tone is a sum of decaying partials on a base frequency; it begins and ends
// without a click.
func tone(hz, seconds float64, parts []partial) Clip {
	const ramp = 0.004 // seconds
	c := make(Clip, int(seconds*Rate))
	for i := range c {
		t := float64(i) / Rate
		sum := 0.0
		for _, p := range parts {
			sum += p.level * math.Exp(-t/p.decay) * math.Sin(2*math.Pi*hz*p.ratio*t)
		}
		edge := min(1, t/ramp, (seconds-t)/ramp)
		c[i] = int16(math.MaxInt16 * max(-1, min(1, sum*edge)))
	}
	return c
}

func beepOK() Clip {
	note := []partial{{1, 0.35, 0.2}, {2, 0.08, 0.1}}
	return append(tone(880, 0.07, note), tone(1318.5, 0.13, note)...)
}

func beepNo() Clip {
	return tone(196, 0.35, []partial{{1, 0.3, 5}, {2, 0.15, 5}, {3, 0.1, 5}})
}

// strikes is a bronze bell struck three times. The partials are those of a
// tuned bell: hum, prime, tierce, quint, nominal (ratio to the prime), and two above.
func strikes() Clip {
	const apart, last = 0.9, 2.2 // seconds
	one := tone(587.3, last, []partial{{0.5, 0.10, 1.6}, {1, 0.22, 0.9}, {1.2, 0.13, 0.8}, {1.5, 0.06, 0.5},
		{2, 0.16, 0.5}, {2.67, 0.06, 0.25}, {4.1, 0.04, 0.12}})
	c := make(Clip, int((2*apart+last)*Rate))
	for k := range 3 {
		at := c[int(float64(k)*apart*Rate):]
		for i, v := range one {
			at[i] = int16(max(math.MinInt16, min(math.MaxInt16, int(at[i])+int(v))))
		}
	}
	return c
}

// testTone is a second of 1 kHz at −12 dBFS.
func testTone() Clip { return tone(1000, testLength.Seconds(), []partial{{1, 0.251, 1e9}}) }
