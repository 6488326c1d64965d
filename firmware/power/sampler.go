package power

import "time"

// Frame is one frame of the front end, as the guard needs it.
type Frame struct {
	Samples [FrameSamples]int16 // volts are sample × full scale / 32768
	Lost    int                 // frames missing before this one
	Overrun bool                // samples lost before this one
	Failed  bool                // the front end's self test failed: worthless
	Channel uint8               // which slow value Value is: one of the Slow… constants
	Value   uint16              // SlowInvalid: none
}

// The slow values of a front end.
const (
	SlowFeed     = 0 // rms behind the contactor, 0.1 V
	SlowLoad1    = 1 // rms current of load channel 1, mA; channels 2 to 4 follow
	SlowLoad4    = 4
	SlowArrester = 5 // 0 in order, 1 open
	SlowStrikes  = 8 // strikes of the arrester since the front end started, wraps
	SlowInvalid  = 0xFFFF
)

// Sense is what the samples say at one Step.
type Sense struct {
	Fresh   bool          // a valid frame was processed in this Step and is not older than freshAge
	Known   bool          // MV is known
	Instant bool          // the envelope is held above the instant limit
	Span    time.Duration // time that the samples of this Step stand for, with those lost before
	MV      int32         // one-cycle rms
	PeakMV  int32         // rms of a sine with the highest envelope of the frame
	MHz     int32         // frequency
	HzKnown bool          // MHz is known
}

// Bounds of the sampler.
const (
	freshAge  = 50 * time.Millisecond // an older frame proves nothing of now
	maxLost   = 400                   // more missing frames than this are a new start of the front end
	drift     = 64                    // the front end's clock may be wrong by 1/64
	zeroBelow = 800                   // counts; a dead line may repeat itself, a live one cannot
)

// Sampler feeds frames to a Detector and judges how old and how believable they
// are. Age is the time by which the samples lag behind the monotonic clock: a
// frame that waited in a buffer while the program stood still is as old as the
// pause, whenever it was read.
type Sampler struct {
	det    *Detector
	lag    time.Duration
	before [FrameSamples]int16
	begun  bool
	// Failed is whether the newest frame said that the front end failed its self test.
	Failed bool
	// Frozen counts frames that repeated the one before.
	Frozen uint64
}

// NewSampler returns a sampler that feeds det.
func NewSampler(det *Detector) *Sampler { return &Sampler{det: det} }

// Take processes a frame that came elapsed after the Step before.
func (m *Sampler) Take(f *Frame, elapsed time.Duration) Sense {
	gap := f.Lost > 0 || f.Overrun
	span := FrameTime
	if f.Lost > 0 && f.Lost <= maxLost {
		span += time.Duration(f.Lost) * FrameTime
	}
	m.lag = max(0, m.lag+elapsed-elapsed/drift-span)
	if !m.begun || f.Lost > maxLost {
		m.begun, m.lag = true, 0
	}
	m.Failed = f.Failed
	frozen := m.frozen(f)
	if f.Failed || frozen {
		m.det.Gap()
		return Sense{Span: span}
	}
	if gap {
		m.det.Gap()
	}
	m.det.Feed(&f.Samples)
	s := Sense{Span: span, Fresh: m.lag <= freshAge}
	s.MV, s.Known = m.det.RMS()
	s.PeakMV, s.Instant = m.det.Envelope()
	s.MHz, s.HzKnown = m.det.MilliHertz()
	return s
}

// Silence is a Step without a frame.
func (m *Sampler) Silence(elapsed time.Duration) Sense {
	m.lag += elapsed - elapsed/drift
	return Sense{Span: 0}
}

// clipped says whether the converter was at one of its ends in the whole frame,
// as in every half wave of a voltage far above its range.
func (f *Frame) clipped() bool {
	for _, v := range f.Samples {
		if v != f.Samples[0] || v != 32767 && v != -32768 {
			return false
		}
	}
	return true
}

// frozen says whether f repeats the frame before, which a live line cannot do:
// a frame is an eighth of a cycle.
func (m *Sampler) frozen(f *Frame) bool {
	same := f.Samples == m.before
	m.before = f.Samples
	if !same || f.clipped() {
		return false
	}
	for _, v := range f.Samples {
		if v > zeroBelow || v < -zeroBelow {
			m.Frozen++
			return true
		}
	}
	return false
}
