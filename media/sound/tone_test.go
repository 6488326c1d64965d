package sound_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"stationbox/media/sound"
)

func TestPitch(t *testing.T) {
	tests := []struct{ cnr, hz float64 }{{-5, 220}, {0, 220}, {20.0 / 3, 440}, {40.0 / 3, 880}, {20, 1760}, {35, 1760}}
	for _, tt := range tests {
		if got := sound.Pitch(tt.cnr); math.Abs(got/tt.hz-1) > 1e-9 {
			t.Errorf("%v dB: %v Hz, want %v", tt.cnr, got, tt.hz)
		}
	}
}

// newest returns the newest n samples.
func (sp *speaker) newest(n int) []int16 {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return append([]int16(nil), sp.heard[max(0, len(sp.heard)-n):]...)
}

// count is how many samples were heard.
func (sp *speaker) count() int {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return len(sp.heard)
}

// keep gives the tone a reading again and again until stop.
func keep(t *testing.T, tone *sound.Tone, s sound.Signal, cnr float64) (stop func()) {
	t.Helper()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			tone.Update(s, cnr)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(done); <-ended }
}

// TestTonePitchThroughALSA measures what leaves ALSA's file device.
func TestTonePitchThroughALSA(t *testing.T) {
	sp := plugIn(t, defaultIsSpeaker)
	s := open(t, sound.Opts{})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	tone := sound.NewTone(sound.ToneOpts{Watchdog: time.Minute}) // a busy machine may keep the updates waiting
	s.SetTone(tone)
	for _, cnr := range []float64{0, 3.3, 9, 14.5, 20} {
		stop := keep(t, tone, sound.SignalRight, cnr)
		want := sound.Pitch(cnr)
		from := sp.count()
		until(t, s, "heard", func(sound.State) bool { return sp.count() > from+sound.Rate })
		stop()
		hz := strongest(sp.newest(sound.Rate/2), want)
		t.Logf("%4.1f dB: %.1f Hz, want %.1f", cnr, hz, want)
		if math.Abs(hz/want-1) > 0.01 {
			t.Errorf("%v dB sounds at %.1f Hz, want %.1f", cnr, hz, want)
		}
	}
}

// TestToneDelayThroughALSA measures from a reading to the new pitch at the device, less
// the pipe behind it, as TestBeepLatency does; a busy machine may hold up either end, so
// that the quickest is judged.
func TestToneDelayThroughALSA(t *testing.T) {
	if sound.ToneDelay(true) > 150*time.Millisecond || sound.ToneDelay(false) > 150*time.Millisecond {
		t.Errorf("computed: %v, %v", sound.ToneDelay(true), sound.ToneDelay(false))
	}
	sp := plugIn(t, defaultIsSpeaker)
	sp.inTime()
	s := open(t, sound.Opts{})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	var list []time.Duration
	const pipe = 4096 * time.Second / (4 * sound.Rate) // is always full
	for range 6 {
		s.SetTone(nil)
		until(t, s, "quiet", func(sound.State) bool { return sp.quietFor(sound.Rate / 10) })
		tone := sound.NewTone(sound.ToneOpts{Watchdog: time.Minute})
		tone.Update(sound.SignalRight, 10)
		sp.again()
		began := time.Now()
		s.SetTone(tone)
		until(t, s, "heard", func(sound.State) bool { return !sp.firstAt().IsZero() })
		list = append(list, sp.firstAt().Sub(began)-pipe)
	}
	slices.Sort(list)
	t.Logf("from the reading to the device: least %v, half %v, most %v; computed at most %v", list[0], list[len(list)/2], list[len(list)-1], sound.ToneDelay(true))
	if list[0] > 150*time.Millisecond {
		t.Errorf("never quicker than %v", list[0])
	}
}

// TestToneFallsSilentWithoutReadings: ticks are left, and nothing of the old pitch.
func TestToneFallsSilentWithoutReadings(t *testing.T) {
	sp := plugIn(t, defaultIsSpeaker)
	s := open(t, sound.Opts{})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	tone := sound.NewTone(sound.ToneOpts{})
	s.SetTone(tone)
	tone.Update(sound.SignalRight, 9)
	from := sp.count()
	until(t, s, "heard", func(sound.State) bool { return sp.count() > from+4*sound.Rate })
	c := sp.newest(sound.Rate)
	if l := level(c, sound.Pitch(9)); l > 0.001 {
		t.Errorf("the old pitch goes on: %.4f", l)
	}
	loud := 0
	for _, v := range c {
		if v > 200 || v < -200 {
			loud++
		}
	}
	if loud == 0 || loud > sound.Rate*20/1000 {
		t.Errorf("%d loud samples in a second, want those of a tick", loud)
	}
}
