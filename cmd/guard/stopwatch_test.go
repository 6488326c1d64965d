package main

import (
	"encoding/binary"
	"time"

	"stationbox/firmware/power"
	"stationbox/hal/contactor"
)

// send sends the next frame, of which the samples from step on are of after volts
// and those before of before, and returns when. The frame is the one due for a
// pulse if none was sent since the gap after the last pulse had passed: a pulse
// that comes late is then measured from there, however many frames came since.
func (s *stand) send(before, after float64, step int) time.Time {
	f := frame(s.seq, before)
	if step < power.FrameSamples {
		other := frame(s.seq, after)
		copy(f[10+2*step:50], other[10+2*step:50])
		binary.LittleEndian.PutUint16(f[50:], crc16(f[2:50]))
	}
	var samples [power.FrameSamples]int16
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(f[10+2*i:]))
	}
	s.det.Feed(&samples)
	for wait := time.Duration(s.seq)*power.FrameTime - time.Since(s.began); wait > 0; wait = time.Duration(s.seq)*power.FrameTime - time.Since(s.began) {
		time.Sleep(wait)
	}
	s.mu.Lock()
	now := time.Now()
	s.sent[s.seq%remembered], s.newest = now, s.seq
	if s.due < 0 && now.Sub(s.last) >= contactor.Gap {
		s.due = s.seq
	}
	s.mu.Unlock()
	s.write(f) // a full line loses frames
	s.seq++
	return now
}

// alarms says whether the detector decides by the newest frame.
func (s *stand) alarms() bool {
	mv, known := s.det.RMS()
	_, up := s.det.Envelope()
	return up || known && mv >= s.high
}

func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			top := crc & 0x8000
			crc <<= 1
			if top != 0 {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

// good sends good mains until ok says so, with the lock held.
func (s *stand) good(what string, ok func() bool) {
	s.b.Helper()
	asked := time.Now()
	for end := time.Now().Add(patience); ; {
		s.mu.Lock()
		done := ok()
		s.mu.Unlock()
		if done {
			return
		}
		if s.reset != nil && time.Since(asked) > time.Second {
			s.reset() // of a latch that a stall of the machine made
			asked = time.Now()
		}
		if time.Now().After(end) {
			s.end()
			s.b.Fatalf("%s: %s: not within %v; it said %s", s.cmd.Path, what, patience, s.said.String())
		}
		s.send(220, 220, power.FrameSamples)
	}
}

func (s *stand) on() bool { return s.out["GPIO5"] }

// pulses adds the delays of n pulses to d.
func (s *stand) pulses(d *delays, n int) {
	s.b.Helper()
	s.good("relay on", s.on)
	s.mu.Lock()
	s.pulse = nil
	s.mu.Unlock()
	s.good("pulses", func() bool { return len(s.pulse) >= n })
	s.mu.Lock()
	defer s.mu.Unlock()
	*d = append(*d, s.pulse[:n]...)
}

// trips adds the delays of a round of trips.
func (s *stand) trips(r *result) {
	s.b.Helper()
	for range roundTrips {
		s.good("relay on", s.on)
		for range 10 + s.rnd.IntN(20) {
			s.send(220, 220, power.FrameSamples)
		}
		s.trip(r)
		if s.reset != nil {
			s.reset()
		}
	}
}

// trip is one step of the mains to 400 V and the order that follows.
func (s *stand) trip(r *result) {
	s.b.Helper()
	s.mu.Lock()
	s.offAt = time.Time{}
	s.mu.Unlock()
	step := s.rnd.IntN(power.FrameSamples)
	at := s.send(220, 400, step).Add(-time.Duration(power.FrameSamples-step) * power.SampleTime)
	var decided time.Time
	for range 400 {
		if decided.IsZero() && s.alarms() {
			decided = s.sentLast()
		}
		s.mu.Lock()
		off := s.offAt
		s.mu.Unlock()
		if off.IsZero() {
			s.send(400, 400, power.FrameSamples)
			continue
		}
		if decided.IsZero() || off.Before(decided) {
			s.b.Fatalf("%s: ordered off before the detector decided", s.cmd.Path)
		}
		r.orders = append(r.orders, micros(off.Sub(decided)))
		r.steps = append(r.steps, micros(off.Sub(at)))
		return
	}
	s.b.Fatalf("%s: no order within %v of 400 V", s.cmd.Path, 400*power.FrameTime)
}

func (s *stand) sentLast() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent[s.newest%remembered]
}
