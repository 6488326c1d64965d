package sound

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// heard lets a tone sound for n samples.
func heard(t *Tone, n int) Clip {
	c := make(Clip, n)
	for i := range c {
		c[i] = t.next()
	}
	return c
}

// power is the amplitude of a frequency, of full scale.
func power(c Clip, hz float64) float64 {
	var re, im float64
	for i, v := range c {
		s, k := math.Sincos(2 * math.Pi * hz * float64(i) / Rate)
		re, im = re+k*float64(v), im+s*float64(v)
	}
	return 2 * math.Hypot(re, im) / float64(len(c)) / math.MaxInt16
}

func TestToneMarksTheBest(t *testing.T) {
	tone := NewTone(ToneOpts{})
	tone.Update(SignalRight, 12)
	c := heard(tone, Rate/2)[:markLong]
	if high, low := power(c, 2*Pitch(12)), power(c, Pitch(12)*2/3); high < 0.1 || low > 0.03 {
		t.Errorf("at the best: %.3f above, %.3f below", high, low)
	}
	tone.Update(SignalRight, 11)
	c = heard(tone, Rate/2)[markLong/3 : markLong]
	if high, low := power(c, 2*Pitch(11)), power(c, Pitch(11)*2/3); low < 0.1 || high > 0.03 {
		t.Errorf("below the best: %.3f above, %.3f below", high, low)
	}
	tone.Forget()
	tone.Update(SignalRight, 11)
	c = heard(tone, Rate/2)[markLong/3 : markLong]
	if high := power(c, 2*Pitch(11)); high < 0.1 {
		t.Errorf("after Forget: %.3f above", high)
	}
}

func TestToneVoices(t *testing.T) {
	tone := NewTone(ToneOpts{})
	tests := []struct {
		name       string
		s          Signal
		cnr        float64
		buzz, tone bool
	}{
		{"nothing", SignalNone, 12, false, false},
		{"unknown", SignalRight, math.NaN(), false, false},
		{"wrong", SignalWrong, 12, true, false},
		{"right", SignalRight, 12, false, true},
		{"wrong again", SignalWrong, 12, true, false},
	}
	for _, tt := range tests {
		tone.Update(tt.s, tt.cnr)
		_ = heard(tone, Rate/5)
		tone.Update(tt.s, tt.cnr)
		c := heard(tone, Rate/2)
		if b := power(c, buzzHertz) > 0.03; b != tt.buzz {
			t.Errorf("%s: buzz %v", tt.name, b)
		}
		if v := power(c, Pitch(12)) > 0.03; v != tt.tone {
			t.Errorf("%s: tone %v", tt.name, v)
		}
	}
}

func TestToneUnderSpeechAndGone(t *testing.T) {
	var m mixer
	m.turn(true)
	tone := NewTone(ToneOpts{})
	tone.Update(SignalRight, 12)
	m.tune(tone)
	loud := Clip(left(t, &m, Rate/4))
	m.say(make(Clip, Rate))
	soft := Clip(left(t, &m, Rate/4))
	if a, b := power(loud, Pitch(12)), power(soft, Pitch(12)); b > a/8 || b < a/12 {
		t.Errorf("%.4f alone, %.4f under speech", a, b)
	}
	m.tune(nil)
	if c := left(t, &m, 10); c[9] != 0 {
		t.Errorf("sounds after it was taken away: %v", c)
	}
}

// TestToneNeverClicks: whatever comes, no sample is far from the one before, nothing is
// cut off, and in time after the last reading the pitch is gone.
func TestToneNeverClicks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tone := NewTone(ToneOpts{Level: 0.3, Watchdog: 50 * time.Millisecond})
		last, jump := int16(0), 0
		listen := func(n int) {
			for range n {
				v := tone.next()
				jump = max(jump, int(v)-int(last), int(last)-int(v))
				last = v
			}
		}
		for range rapid.IntRange(1, 8).Draw(rt, "updates") {
			tone.Update(Signal(rapid.IntRange(0, 2).Draw(rt, "signal")), rapid.Float64Range(-10, 40).Draw(rt, "cnr"))
			listen(rapid.IntRange(0, Rate/40).Draw(rt, "samples"))
		}
		if jump > 9000 {
			rt.Errorf("a jump of %d", jump)
		}
		_ = heard(tone, Rate/5)
		if tone.loud != 0 {
			rt.Error("the tone goes on without readings")
		}
	})
}

func TestToneAllocatesNothing(t *testing.T) {
	var m mixer
	m.turn(true)
	tone := NewTone(ToneOpts{})
	tone.Update(SignalRight, 12)
	m.tune(tone)
	out := make([]byte, 4*480)
	if n := testing.AllocsPerRun(100, func() { m.fill(out) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
