package sound

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/gen2brain/malgo"
)

// Bounds of what a microphone remembers.
const (
	levelBlock = Rate / 10 // samples of a Level
	mostLevels = 600       // a minute of them
	muteBlocks = 50        // of nothing but zeros: it is no microphone, or it is switched off
	floorDBFS  = -120.0    // of a block of zeros
)

// ErrOff is the Problem of a Microphone that nobody asked for.
var ErrOff = errors.New("microphone: switched off")

// Level is how loud the room was in a tenth of a second.
type Level struct {
	N    uint64    `json:"n"`    // 1, 2, 3 … since the microphone was made
	At   time.Time `json:"at"`   // its end
	DBFS float64   `json:"dbfs"` // mean power; a full-scale sine is −3, nothing is −120
}

// MicOpts says where to listen. The zero value does not listen: a microphone is
// only opened when it is named.
type MicOpts struct {
	Device    string           // part of an ALSA device's name or id, "default", or None for zeros; "" is off
	DeadAfter time.Duration    // without samples, before the device is opened anew; default 2 s
	Log       *slog.Logger     // default: nothing is logged
	Now       func() time.Time // default time.Now
}

// MicState is how the microphone is right now.
type MicState struct {
	Device  string `json:"device"` // what is open, "" while nothing is
	Open    bool   `json:"open"`
	Mute    bool   `json:"mute"`   // it is open and has given nothing but zeros for five seconds
	Opened  int    `json:"opened"` // times a device was opened
	Problem error  `json:"-"`      // why nothing is open
}

// Microphone tells levels. No sample outlives the call that brings it, so that
// nothing that was said in the room can be found afterwards.
type Microphone struct {
	o    MicOpts
	keep *keeper // nil when off

	mu     sync.Mutex
	st     MicState
	sum    float64 // of the squares of the block so far, of full scale
	count  int     // samples in it
	zeros  int     // blocks in a row
	n      uint64
	levels []Level // the newest is last
}

// Listen opens the microphone and goes on trying until Close. It never fails;
// State says how it is.
func Listen(o MicOpts) *Microphone {
	o.Log, o.DeadAfter, o.Now = defaults(o.Log, o.DeadAfter, o.Now)
	m := &Microphone{o: o}
	if o.Device == "" {
		m.st.Problem = ErrOff
		return m
	}
	m.st.Problem = errNotYet
	m.keep = &keeper{kind: malgo.Capture, name: o.Device, data: func(_, in []byte) { m.hear(in) }, turn: m.note, ms: calm,
		dead: o.DeadAfter, log: o.Log, now: o.Now, stop: make(chan struct{}), ended: make(chan struct{})}
	go m.keep.run()
	return m
}

// Close releases the device; see Sound.Close.
func (m *Microphone) Close() error {
	if m.keep == nil {
		return nil
	}
	return m.keep.close()
}

// State says whether it listens and where.
func (m *Microphone) State() MicState {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := m.st
	st.Mute = st.Open && m.zeros >= muteBlocks
	return st
}

// Since returns the levels after number n that are still remembered, oldest first:
// at most those of a minute; numbers that are missing were forgotten.
func (m *Microphone) Since(n uint64) []Level {
	m.mu.Lock()
	defer m.mu.Unlock()
	fresh := int(min(uint64(len(m.levels)), m.n-min(n, m.n)))
	return append([]Level(nil), m.levels[len(m.levels)-fresh:]...)
}

func (m *Microphone) note(device string, open bool, problem error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.st.Device, m.st.Open, m.st.Problem = device, open, problem
	m.sum, m.count, m.zeros = 0, 0, 0 // a block does not span two devices
	if open {
		m.st.Opened++
	}
}

// hear takes mono samples, 2 bytes each, and forgets them.
func (m *Microphone) hear(in []byte) {
	now := m.o.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for ; len(in) >= 2; in = in[2:] {
		v := float64(int16(binary.LittleEndian.Uint16(in))) / -math.MinInt16
		m.sum += v * v
		if m.count++; m.count == levelBlock {
			m.keepLevel(now)
		}
	}
}

func (m *Microphone) keepLevel(now time.Time) {
	l := Level{At: now, DBFS: floorDBFS}
	m.zeros++
	if m.sum > 0 {
		l.DBFS, m.zeros = max(floorDBFS, 10*math.Log10(m.sum/levelBlock)), 0
	}
	m.sum, m.count = 0, 0
	m.n++
	l.N = m.n
	if len(m.levels) == mostLevels {
		copy(m.levels, m.levels[1:])
		m.levels = m.levels[:mostLevels-1]
	}
	m.levels = append(m.levels, l)
}
