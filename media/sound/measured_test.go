package sound_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"stationbox/media/sound"
)

// recorded plays something through ALSA's file device and returns what came out.
func recorded(t *testing.T, sp *speaker, s *sound.Sound, length time.Duration, play func()) []int16 {
	t.Helper()
	sp.again()
	play()
	want := int(length.Seconds() * sound.Rate)
	until(t, s, "played", func(st sound.State) bool { return !st.Busy && len(sp.loud()) > want*8/10 })
	last := 0
	until(t, s, "at its end", func(sound.State) bool {
		n := len(sp.loud())
		same := n == last
		last = n
		return same && sp.quietFor(sound.Rate/5)
	})
	return sp.loud()
}

// quietFor says whether nothing was heard in the newest n samples.
func (sp *speaker) quietFor(n int) bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if len(sp.heard) < n {
		return false
	}
	return !slices.ContainsFunc(sp.heard[len(sp.heard)-n:], func(v int16) bool { return v > 200 || v < -200 })
}

// strongest is the frequency around hz at which c is strongest, to a thousandth.
func strongest(c []int16, hz float64) float64 {
	best, at := 0.0, 0.0
	for f := hz * 0.9; f < hz*1.1; f += hz / 1000 {
		if l := level(c, f); l > best {
			best, at = l, f
		}
	}
	return at
}

// figures are the peak and the mean power in dBFS, and how many samples are at the
// end of their range.
func figures(c []int16) (peak, rms float64, clipped int) {
	most, sum := 0.0, 0.0
	for _, v := range c {
		most, sum = max(most, math.Abs(float64(v))), sum+float64(v)*float64(v)
		if v == math.MaxInt16 || v == math.MinInt16 {
			clipped++
		}
	}
	return 20 * math.Log10(most/32768), 10*math.Log10(sum/float64(len(c))) - 20*math.Log10(32768), clipped
}

// TestMeasuredSounds measures what the station itself says, as it leaves ALSA.
func TestMeasuredSounds(t *testing.T) {
	sp := plugIn(t, defaultIsSpeaker)
	s := open(t, sound.Opts{})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	ms := func(n int) int { return n * sound.Rate / 1000 }
	tests := []struct {
		name     string
		length   time.Duration
		play     func()
		hz       float64
		from, to int     // samples in which that frequency is the strongest
		rms      float64 // dBFS, within 3 dB
	}{
		{"test tone", time.Second, func() { s.Test(t.Context()) }, 1000, 0, ms(900), -15},
		{"beep, first note", 200 * time.Millisecond, func() { s.Beep(true) }, 880, ms(5), ms(65), -14},
		{"beep, second note", 200 * time.Millisecond, func() { s.Beep(true) }, 1318.5, ms(75), ms(195), -14},
		{"buzz", 350 * time.Millisecond, func() { s.Beep(false) }, 196, ms(5), ms(345), -12.5},
		{"bell", 4 * time.Second, s.Bell, 587.3, ms(100), ms(800), -20},
		{"three beeps in the bell", 4 * time.Second, func() {
			s.Bell()
			for range 3 {
				s.Beep(true)
			}
		}, 587.3, ms(2000), ms(3500), -18},
	}
	for _, tt := range tests {
		c := recorded(t, sp, s, tt.length, tt.play)
		peak, rms, clipped := figures(c)
		hz := strongest(c[min(tt.from, len(c)):min(tt.to, len(c))], tt.hz)
		long := time.Duration(len(c)) * time.Second / sound.Rate
		t.Logf("%-24s %7.1f Hz (%.1f), %v long, peak %.1f dBFS, %.1f dBFS, %d clipped", tt.name, hz, tt.hz, long.Round(time.Millisecond), peak, rms, clipped)
		if math.Abs(hz/tt.hz-1) > 0.01 || clipped > 0 || math.Abs(rms-tt.rms) > 3 {
			t.Errorf("%s: frequency, clipping or level", tt.name)
		}
		if long > tt.length || long < tt.length*85/100 {
			t.Errorf("%s: %v long, want %v", tt.name, long, tt.length)
		}
	}
}

// TestMeasuredPrompts makes the spoken prompts as a station has them.
func TestMeasuredPrompts(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	sp := plugIn(t, defaultIsSpeaker)
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	names := []string{"roll-call", "present", "power-lost"}
	if out, err := exec.CommandContext(ctx, "../lesson/make-prompts.sh", append([]string{dir}, names...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := open(t, sound.Opts{Prompts: dir})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	for _, name := range names {
		want, err := sound.Load(filepath.Join(dir, name+".wav"))
		if err != nil {
			t.Fatal(err)
		}
		c := recorded(t, sp, s, want.Length()*8/10, func() {
			if err := s.PlayFile(name); err != nil {
				t.Error(err)
			}
		})
		peak, rms, clipped := figures(c)
		long := time.Duration(len(c)) * time.Second / sound.Rate
		t.Logf("%-12s %v of %v, peak %.1f dBFS, %.1f dBFS, %d clipped", name, long.Round(time.Millisecond), want.Length().Round(time.Millisecond), peak, rms, clipped)
		if clipped > 0 || rms < -28 || rms > -12 || long > want.Length() {
			t.Errorf("%s: level, length or clipping", name)
		}
		if !isPart(want, c) {
			t.Errorf("%s: what came out is not what went in", name)
		}
	}
}

// isPart says whether c is a piece of whole, sample by sample.
func isPart(whole sound.Clip, c []int16) bool {
	for at := 0; at+len(c) <= len(whole); at++ {
		if whole[at] == c[0] && slices.Equal(whole[at:at+len(c)], sound.Clip(c)) {
			return true
		}
	}
	return false
}

// TestBeepLatency prints how long a beep takes to come out of ALSA's file device,
// less the pipe behind it. The device lets nothing out of its buffer of 27 ms before
// there is more than that, so that it is 9 ms later than a card. The target in the
// field is 30 ms. A busy machine may hold up either end: the quickest is judged.
func TestBeepLatency(t *testing.T) {
	sp := plugIn(t, defaultIsSpeaker)
	sp.inTime()
	s := open(t, sound.Opts{})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	var list []time.Duration
	for range 12 {
		until(t, s, "quiet", func(st sound.State) bool { return !st.Busy && sp.quietFor(sound.Rate/10) })
		sp.again()
		began := time.Now()
		s.Beep(true)
		until(t, s, "heard", func(sound.State) bool { return !sp.firstAt().IsZero() })
		list = append(list, sp.firstAt().Sub(began))
	}
	slices.Sort(list)
	const pipe = 4096 * time.Second / (4 * sound.Rate) // is always full
	for i := range list {
		list[i] -= pipe
	}
	t.Logf("from the call to the device: least %v, half %v, most %v", list[0], list[len(list)/2], list[len(list)-1])
	if list[0] > 60*time.Millisecond {
		t.Errorf("never quicker than %v", list[0])
	}
}
