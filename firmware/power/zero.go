package power

import "time"

// Switching at the zero crossing spares contacts and fuses: a relay that closes
// at the peak of the wave sends the greatest inrush through a cold projector.
// Only what is planned is timed. What protects goes at once.
const (
	// transport is how old the newest sample is when its frame is read: 52 bytes
	// at 460800 baud.
	transport = 1130 * time.Microsecond
	// halfFrame is as near to a crossing as a pulse on a frame can be put.
	halfFrame = FrameTime / 2
	// zeroWait bounds how long a closing waits for its moment: a cycle at 44 Hz.
	zeroWait = 23 * time.Millisecond
	// OperateTime and ReleaseTime are those of a usual 10 A relay.
	OperateTime = 8 * time.Millisecond
	ReleaseTime = 4 * time.Millisecond
)

// Crossing returns how long after the newest sample the voltage crosses zero
// next, up or down, and false when the wave is not known.
func (d *Detector) Crossing() (time.Duration, bool) {
	if !d.freq.known() || !d.freq.crossed {
		return 0, false
	}
	// The low-pass shows a crossing half its length late.
	crossed := d.freq.last - (boxcar-1)*fine/2
	half := d.freq.period / 2
	left := half - (int64(d.n)*fine-crossed)%half
	return time.Duration(left) * SampleTime / fine, true
}

// zero returns the first moment after now + travel at which the voltage crosses
// zero, as the distance from now, and false when the wave is not known.
func (d *Detector) zero(travel time.Duration) (time.Duration, bool) {
	at, ok := d.Crossing()
	if !ok {
		return 0, false
	}
	half := time.Duration(d.freq.period/2) * SampleTime / fine
	at -= transport
	for at < travel {
		at += half
	}
	return at, true
}

// soon says when a relay that takes travel is to be ordered so that it switches
// at a zero crossing: a wait from now of less than a half cycle, 0 when the
// wave is not known.
func (d *Detector) soon(travel time.Duration) time.Duration {
	at, ok := d.zero(travel)
	if !ok {
		return 0
	}
	return at - travel
}

// starter holds the first pulse of a closing back until the contactor, which
// takes as long as it usually does, would close at a zero crossing.
type starter struct {
	begun  bool
	waited time.Duration
}

// ready says whether pulses may go out now. It never delays one that holds.
func (s *starter) ready(d *Detector, usual *Travel, elapsed time.Duration) bool {
	if s.begun {
		return true
	}
	s.waited += elapsed
	wait := d.soon(usual.Recent)
	half := time.Duration(d.freq.period/2) * SampleTime / fine
	s.begun = usual.N < travelBase || s.waited > zeroWait || wait <= halfFrame || half-wait < halfFrame
	return s.begun
}

// stop makes the next closing wait again.
func (s *starter) stop() { s.begun, s.waited = false, 0 }
