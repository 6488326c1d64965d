package sound

import (
	"math"
	"sync"
	"time"
)

// The pitch of a Tone: ToneLow at ToneFloor dB or less, an octave up every 6.67 dB to
// ToneHigh at ToneCeiling dB or more.
const (
	ToneFloor   = 0.0    // dB
	ToneCeiling = 20.0   // dB
	ToneLow     = 220.0  // Hz
	ToneHigh    = 1760.0 // Hz
)

// Pitch returns the frequency in hertz for a C/N in dB.
func Pitch(cnr float64) float64 {
	part := (min(ToneCeiling, max(ToneFloor, cnr)) - ToneFloor) / (ToneCeiling - ToneFloor)
	return ToneLow * math.Pow(ToneHigh/ToneLow, part)
}

// Signal is what a Tone shall tell.
type Signal uint8

// The signals. Each has a voice of its own.
const (
	SignalNone  Signal = iota // ticks, one a second
	SignalRight               // a steady tone; its pitch is C/N
	SignalWrong               // another satellite: a low buzz, three times a second
)

// ToneOpts are the settings of a Tone. The zero value is right.
type ToneOpts struct {
	Watchdog time.Duration // without an Update, before only ticks are left; default 1 s
	Near     float64       // dB below the best that still count as the best; default 0.2
	Level    float64       // of full scale, 0 … 0.5; default 0.2
}

// Tone is a sound whose pitch follows a signal, for people who turn a dish and cannot
// look at a screen. Every half second a short mark, an octave higher while the signal is
// as good as the best so far and a fifth lower when it was better already, says where it
// stands. Its time is that of the samples that the device takes: after a second of sound
// without Update it never goes on with the old pitch, it ticks.
//
// Update may be called from any goroutine; a Tone sounds on at most one device.
type Tone struct {
	mu   sync.Mutex
	o    ToneOpts
	now  Signal
	hz   float64 // wanted
	cnr  float64
	best float64
	age  int // samples since the last Update; no more than dog
	dog  int

	freq  float64 // gliding to hz
	phase float64 // of the steady tone, in turns
	mark  float64 // of the mark, in turns
	loud  float64 // of the steady voice, gliding
	kind  Signal  // of the pulse
	gain  float64 // of it, gliding
	at    int     // samples, within a second
}

// NewTone returns a tone that ticks until its first Update.
func NewTone(o ToneOpts) *Tone {
	if o.Watchdog <= 0 {
		o.Watchdog = time.Second
	}
	if o.Near <= 0 {
		o.Near = 0.2
	}
	if o.Level <= 0 {
		o.Level = 0.2
	}
	o.Level = min(o.Level, 0.5)
	t := &Tone{o: o, best: math.Inf(-1), dog: int(o.Watchdog.Seconds() * Rate)}
	t.age = t.dog
	return t
}

// Update tells the newest reading: the C/N in dB counts for SignalRight alone. One that is
// NaN is no signal.
func (t *Tone) Update(s Signal, cnr float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s == SignalRight && math.IsNaN(cnr) {
		s = SignalNone
	}
	t.now, t.age = s, 0
	if s != SignalRight {
		return
	}
	t.cnr, t.hz = cnr, Pitch(cnr)
	t.best = max(t.best, cnr)
	if t.loud == 0 { // it begins with the right pitch, it does not glide there
		t.freq = t.hz
	}
}

// Forget begins the peak hold anew.
func (t *Tone) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.best = math.Inf(-1)
}

// How the voices change, in samples.
const (
	toneGlide = 1.0 / (0.010 * Rate) // of the pitch and the loudness: 10 ms
	markEvery = Rate / 2
	markLong  = Rate * 60 / 1000
	tickLong  = Rate * 12 / 1000
	buzzEvery = Rate / 3
	buzzHertz = 98.0
	tickHertz = 2500.0
)

// next returns the next sample. It allocates nothing.
func (t *Tone) next() int16 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.age < t.dog {
		t.age++
	}
	s := t.now
	if t.age >= t.dog {
		s = SignalNone
	}
	t.at = (t.at + 1) % Rate
	return int16((t.steady(s == SignalRight) + t.pulse(s)) * t.o.Level * math.MaxInt16)
}

// pulse is what sounds by fits and starts: the mark, the buzz or the tick. One fades out
// before another begins.
func (t *Tone) pulse(s Signal) float64 {
	want := 0.0
	if s == t.kind {
		want = 1
	}
	t.gain += (want - t.gain) * toneGlide
	if want == 0 && t.gain < 0.01 {
		t.kind, t.gain = s, 0
	}
	switch t.kind {
	case SignalRight:
		return t.gain * t.marked()
	case SignalWrong:
		return t.gain * buzz(t.at)
	}
	return t.gain * tick(t.at)
}

// steady is the tone; it fades in and out.
func (t *Tone) steady(on bool) float64 {
	want := 0.0
	if on {
		want = 1
	}
	t.loud += (want - t.loud) * toneGlide
	if !on && t.loud < 1e-3 {
		t.loud = 0
		return 0
	}
	t.freq += (t.hz - t.freq) * toneGlide
	t.phase = wrap(t.phase + t.freq/Rate)
	return t.loud * math.Sin(2*math.Pi*t.phase)
}

// marked is the peak hold's mark.
func (t *Tone) marked() float64 {
	i := t.at % markEvery
	if i >= markLong {
		return 0
	}
	ratio := 2.0 / 3
	if t.cnr >= t.best-t.o.Near {
		ratio = 2
	}
	t.mark = wrap(t.mark + t.freq*ratio/Rate)
	return swell(i, markLong) * math.Sin(2*math.Pi*t.mark)
}

// buzz is half a third of a second of a low reed.
func buzz(at int) float64 {
	i := at % buzzEvery
	if i >= buzzEvery/2 {
		return 0
	}
	x := 2 * math.Pi * buzzHertz * float64(at) / Rate
	return swell(i, buzzEvery/2) * (math.Sin(x) + math.Sin(2*x)/2 + math.Sin(3*x)/2)
}

func tick(at int) float64 {
	if at >= tickLong {
		return 0
	}
	return swell(at, tickLong) * math.Sin(2*math.Pi*tickHertz*float64(at)/Rate)
}

// swell rises and falls within n samples, without a click.
func swell(i, n int) float64 {
	const edge = Rate * 4 / 1000
	return min(1, float64(i)/edge, float64(n-1-i)/edge)
}

func wrap(turns float64) float64 { return turns - math.Floor(turns) }

// ToneDelay returns how long it takes at most from Update to the loudspeaker, computed:
// the periods that the device has in its buffer, one more in which the samples are asked
// for, and the glide to four fifths of a new pitch. With short periods it is 52 ms, on a
// machine that needs long ones 96 ms.
func ToneDelay(short bool) time.Duration {
	ms := calm
	if short {
		ms = quick
	}
	return time.Duration((periods+1)*ms)*time.Millisecond + 16*time.Millisecond
}

// SetTone lets t sound until SetTone(nil). It is mixed with beeps as they are, and much
// softer while something is said. Without a device it is not heard; when there is one
// again it goes on with what is true then.
func (s *Sound) SetTone(t *Tone) { s.mix.tune(t) }

// underSpeech is what is left of a tone while something is said: a tenth.
const underSpeech = 10

func (m *mixer) tune(t *Tone) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tone = t
}

// toned is the tone's next sample; the caller holds the mixer's lock.
func (m *mixer) toned() int {
	v := int(m.tone.next())
	if len(m.speech) > 0 {
		return v / underSpeech
	}
	return v
}
