package power

import (
	"math/bits"
	"time"
)

// Shape of the wave stream.
const (
	FrameSamples = 20                                     // samples of a frame
	SampleTime   = 125 * time.Microsecond                 // 8000 samples a second
	FrameTime    = FrameSamples * SampleTime              // 2.5 ms
	sampleRate   = int64(time.Second / SampleTime)        // per second
	nominal      = int64(cycle/SampleTime) * fine         // samples of a 50 Hz cycle, in 1/fine
	holdSamples  = int(3 * time.Millisecond / SampleTime) // the envelope must stay up this long
	fastSamples  = 18                                     // or this long, 2.25 ms, when it is far up: a phase jump makes 263 V look like 372 V for 1.5 ms
)

// history is how many samples the detector remembers; a power of two, more than
// a cycle at 44 Hz. fine is the resolution of a period: 1/256 sample.
const (
	history = 512
	mask    = history - 1
	fine    = 256
)

// Detector measures the wave: the rms over one cycle of the mains' own length,
// renewed with every frame, and the quadrature envelope with hold for the
// instant stage. All of it is integer arithmetic and nothing allocates. A
// Detector belongs to one goroutine.
type Detector struct {
	scale   uint64 // mV at sample 32768, squared
	instant uint64 // squared amplitude of the instant limit in counts; 0: none
	n       uint64 // samples since the last gap
	raw     [history]int16
	squares [history]uint64 // running sum of squares; differences are right even when it wraps
	sums    [history]int64  // running sum of samples
	held    int             // samples for which the envelope has been up
	far     int             // samples for which it has been 6 % above the limit
	halves  int             // frames for which the rms over half a cycle has been up
	up      bool            // the envelope was held up in the newest frame
	peak    uint64          // highest squared envelope of the newest frame
	freq    tracker
}

// NewDetector returns a detector for samples of which 32768 would be fullScale
// volts; instantMV is the rms in mV above which the envelope alarms, 0 for never.
func NewDetector(fullScale int, instantMV int32) *Detector {
	scale := uint64(fullScale) * 1000
	d := &Detector{scale: scale * scale}
	if instantMV > 0 {
		counts := uint64(instantMV) << 15 / scale
		d.instant = 2 * counts * counts
	}
	d.freq.reset()
	return d
}

// Gap forgets the wave: samples are missing between what came and what comes.
// The frequency is kept, mains does not change it in a moment.
func (d *Detector) Gap() {
	d.n, d.held, d.far, d.halves, d.up, d.peak = 0, 0, 0, 0, false, 0
	d.freq.gap()
}

// Feed takes the samples of one frame.
func (d *Detector) Feed(samples *[FrameSamples]int16) {
	quarter := uint64(d.freq.period+2*fine) / (4 * fine)
	d.up, d.peak = false, 0
	for _, v := range samples {
		d.add(v)
		if d.n > quarter {
			d.envelope(v, d.raw[(d.n-quarter)&mask])
		}
		if d.n > boxcar {
			d.freq.add(d.n, d.sums[d.n&mask]-d.sums[(d.n-boxcar)&mask])
		}
	}
	d.half()
	d.freq.age()
}

// half alarms too when the rms over half a cycle is above the limit at the end
// of two frames: harmonics make the envelope of a voltage just above it waver.
func (d *Detector) half() {
	n := uint64(d.freq.period+fine) / (2 * fine)
	if d.instant == 0 || d.n < n || 2*(d.squares[d.n&mask]-d.squares[(d.n-n)&mask]) < d.instant*n {
		d.halves = 0
		return
	}
	d.halves++
	d.up = d.up || d.halves > 1
}

func (d *Detector) add(v int16) {
	before := d.n & mask
	d.n++
	now := d.n & mask
	d.raw[now] = v
	d.squares[now] = d.squares[before] + uint64(int64(v)*int64(v))
	d.sums[now] = d.sums[before] + int64(v)
}

// envelope looks at two samples a quarter of a cycle apart: for a sine the sum
// of their squares is the squared amplitude at every moment.
func (d *Detector) envelope(a, b int16) {
	e := uint64(int64(a)*int64(a) + int64(b)*int64(b))
	d.peak = max(d.peak, e)
	if d.instant == 0 || e < d.instant {
		d.held, d.far = 0, 0
		return
	}
	d.held++
	d.far++
	if e < d.instant+d.instant/8 {
		d.far = 0
	}
	if d.held >= holdSamples || d.far >= fastSamples {
		d.up = true
	}
}

// RMS returns the one-cycle rms in mV at the end of the newest frame, and false
// while less than a cycle has come since the last gap.
func (d *Detector) RMS() (int32, bool) {
	whole, part := uint64(d.freq.period)/fine, uint64(d.freq.period)%fine
	if d.n <= whole {
		return 0, false
	}
	from := d.n - whole
	sum := fine * (d.squares[d.n&mask] - d.squares[from&mask])
	sum += part * (d.squares[from&mask] - d.squares[(from-1)&mask])
	return d.millivolts(sum, uint64(d.freq.period)), true
}

// Envelope returns the rms in mV of a sine with the highest envelope of the
// newest frame, and whether the envelope was held above the instant limit.
func (d *Detector) Envelope() (int32, bool) { return d.millivolts(d.peak, 2), d.up }

// MilliHertz returns the frequency, and false when it is not known.
func (d *Detector) MilliHertz() (int32, bool) {
	return int32(sampleRate * 1000 * fine / d.freq.period), d.freq.known()
}

// millivolts is the root of sum/n counts, as mV.
func (d *Detector) millivolts(sum, n uint64) int32 {
	hi, lo := bits.Mul64(sum, d.scale)
	square, _ := bits.Div64(hi, lo, n<<30)
	return int32(root(square))
}

// root is the integer square root of v < 2^62, rounded down.
func root(v uint64) uint64 {
	if v == 0 {
		return 0
	}
	r := uint64(1) << ((bits.Len64(v) + 1) / 2)
	for {
		next := (r + v/r) / 2
		if next >= r {
			return r
		}
		r = next
	}
}

// boxcar is the low-pass in front of the zero crossings: the mean of this many
// samples. Crossings are armed by an opposite half wave of at least armAt counts
// times boxcar, about 20 V of 800 V full scale.
const (
	boxcar = 16
	armAt  = 800 * boxcar
)

// A cycle must be between 44 and 58 Hz long to be believed, and is forgotten
// after unheard samples without one.
const (
	shortest = 8000 * fine / 58
	longest  = 8000 * fine / 44
	unheard  = 1600
)

// tracker follows the length of the cycle by upward zero crossings: the median
// of three, smoothed.
type tracker struct {
	period  int64 // in 1/fine sample; nominal while unknown
	last    int64 // position of the newest crossing in 1/fine sample
	prev    int64 // filtered sample before
	recent  [3]int64
	good    int // crossings believed in a row, saturates
	silence int // samples since the newest one believed
	armed   bool
	crossed bool // last means something
}

func (t *tracker) reset() { *t = tracker{period: nominal} }

func (t *tracker) gap() { t.armed, t.crossed, t.prev = false, false, 0 }

func (t *tracker) known() bool { return t.good >= len(t.recent) }

// add takes the filtered sample number n.
func (t *tracker) add(n uint64, v int64) {
	if v < -armAt {
		t.armed = true
	}
	if t.armed && v >= 0 && t.prev < 0 {
		t.armed = false
		t.cross(int64(n)*fine - v*fine/(v-t.prev))
	}
	t.prev = v
}

func (t *tracker) cross(at int64) {
	length := at - t.last
	believed := t.crossed && length >= shortest && length <= longest
	t.last, t.crossed = at, true
	if !believed {
		return
	}
	t.recent[2], t.recent[1], t.recent[0] = t.recent[1], t.recent[0], length
	t.silence = 0
	if t.good < len(t.recent) {
		t.good++
		return
	}
	a, b, c := t.recent[0], t.recent[1], t.recent[2]
	median := max(min(a, b), min(max(a, b), c))
	t.period += (median - t.period) / 4
}

// age is called once a frame.
func (t *tracker) age() {
	t.silence += FrameSamples
	if t.silence > unheard && t.good > 0 {
		t.reset()
	}
}
