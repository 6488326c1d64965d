package sound

import (
	"encoding/binary"
	"math"
	"sync"
)

const (
	mostVoices = 8  // sounding at the same time
	mostQueued = 32 // waiting to be said
)

// mixer adds clips into the device's buffer. Its lock is held for
// microseconds only; fill allocates nothing.
type mixer struct {
	mu      sync.Mutex
	on      bool // a device asks for samples
	voices  []Clip
	speech  []Clip // the first is being said
	dropped int
	tone    *Tone         // nil: none
	gain    float64       // of the sum, 1 unless it was too loud of late; 0 before the first sample
	changed chan struct{} // of capacity 1: speech began or ended; nil: nobody asks
}

// turn says whether a device is there; without one all sound is forgotten.
func (m *mixer) turn(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on = on
	if !on {
		m.dropped += len(m.voices) + len(m.speech)
		m.voices, m.speech = nil, nil
		m.tell()
	}
}

func (m *mixer) play(c Clip) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on || len(m.voices) >= mostVoices {
		m.dropped++
		return
	}
	m.voices = append(m.voices, c)
}

func (m *mixer) say(c Clip) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on || len(m.speech) >= mostQueued {
		m.dropped++
		return
	}
	m.speech = append(m.speech, c)
	m.tell()
}

// tell never waits: one note that something changed is as good as two.
func (m *mixer) tell() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// speaking says whether anything is being said or queued.
func (m *mixer) speaking() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.speech) > 0
}

func (m *mixer) hush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.speech = nil
	m.tell()
}

func (m *mixer) busy() (bool, int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.voices)+len(m.speech) > 0, m.dropped
}

// fill writes the next stereo samples, 4 bytes each, into out.
func (m *mixer) fill(out []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := 0; i+4 <= len(out); i += 4 {
		s := uint16(m.next())
		binary.LittleEndian.PutUint16(out[i:], s)
		binary.LittleEndian.PutUint16(out[i+2:], s)
	}
}

// The most that leaves the mixer, −0.3 dBFS, and how the gain comes back after what
// was louder: by two thirds in a tenth of a second.
const (
	ceiling = 0.966 * math.MaxInt16
	release = 1.0 / (0.1 * Rate)
)

// limited turns the sum down, at once and for a while, where it is too loud: samples
// that are cut off are heard as a crackle.
func (m *mixer) limited(sum int) int16 {
	if sum == 0 && m.gain == 1 {
		return 0
	}
	if m.gain == 0 {
		m.gain = 1
	}
	m.gain += (1 - m.gain) * release
	if v := math.Abs(float64(sum)); v*m.gain > ceiling {
		m.gain = ceiling / v
	}
	return int16(float64(sum) * m.gain)
}

// next is the sum of all that sounds.
func (m *mixer) next() int16 {
	sum := 0
	for len(m.speech) > 0 && len(m.speech[0]) == 0 {
		m.speech = m.speech[1:]
		m.tell()
	}
	if len(m.speech) > 0 {
		sum += int(m.speech[0][0])
		m.speech[0] = m.speech[0][1:]
	}
	for i := 0; i < len(m.voices); i++ {
		if len(m.voices[i]) == 0 {
			last := len(m.voices) - 1
			m.voices[i] = m.voices[last]
			m.voices = m.voices[:last]
			i--
			continue
		}
		sum += int(m.voices[i][0])
		m.voices[i] = m.voices[i][1:]
	}
	if m.tone != nil {
		sum += m.toned()
	}
	return m.limited(sum)
}
