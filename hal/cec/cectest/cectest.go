// Package cectest is a model of the kernel's CEC device with a television at the
// other end of the cable, for tests of what speaks through it. It answers the
// requests as Linux 6.12 does, keeps the time of the wire, and lays out the
// structures by itself, so that a mistake of the driver is not repeated here. It
// belongs to tests only.
package cectest

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Mood is how the television behaves.
type Mood int

// The moods. A television may also hear and say nothing, or not be there at all.
const (
	Well      Mood = iota
	Deaf           // does not acknowledge: off, or its CEC switched off in a menu
	Mute           // acknowledges and never answers
	Refuses        // answers everything with Feature Abort
	Nonsense       // answers with an operand that does not exist
	Disturbed      // the wire is pulled low all the time
	Stuck          // the transmission never ends
)

// None is the physical address without hot-plug signal.
const None = 0xFFFF

// Set is the machine's CEC device, the cable, and the television.
type Set struct {
	// Speed divides all times; 0 means 1.
	Speed time.Duration
	// TwoStep tells of a transmission and of its answer in two messages.
	TwoStep bool
	// NeedsHPD is a device that cannot transmit at all without hot-plug signal.
	NeedsHPD bool
	// DropsHPD is a television that takes its hot-plug signal away in standby.
	DropsHPD bool

	mu      sync.Mutex
	mood    Mood
	power   byte // of Report Power Status
	phys    uint16
	plug    uint16 // phys while there is a hot-plug signal
	active  uint16
	heard   [][]byte
	fail    map[uint32]error
	gone    bool
	claims  int
	count   byte // addresses asked for
	claim   []byte
	settled bool
	mode    uint32
	seq     uint32
	msgs    [][]byte
	events  [][]byte
	wake    chan struct{} // closed when there is something new
	closes  int           // of the file
}

// New returns a television in standby at the cable with physical address phys.
func New(phys uint16) *Set {
	s := &Set{phys: phys, plug: phys, power: 1, fail: map[uint32]error{}, claim: make([]byte, 92), wake: make(chan struct{}), mode: 1}
	s.event()
	return s
}

// Open opens the device file again.
func (s *Set) Open() (*Set, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return nil, unix.ENOENT
	}
	s.msgs, s.events, s.mode = nil, nil, 1
	s.event()
	return s, nil
}

// Become sets what the television says of its power: 0 on, 1 standby, 2 going
// on, 3 going to standby.
func (s *Set) Become(power byte) { s.mu.Lock(); s.power = power; s.mu.Unlock() }

// Behave sets the mood.
func (s *Set) Behave(m Mood) { s.mu.Lock(); s.mood = m; s.mu.Unlock() }

// Fail lets a request end with err; nil mends it.
func (s *Set) Fail(request uint32, err error) { s.mu.Lock(); s.fail[request] = err; s.mu.Unlock() }

// Unload takes the device away, or brings it back without its configuration.
func (s *Set) Unload(gone bool) {
	s.mu.Lock()
	s.gone, s.count, s.settled = gone, 0, false
	s.nudge()
	s.mu.Unlock()
}

// Forget lets another program take the configuration away.
func (s *Set) Forget() { s.mu.Lock(); s.count, s.settled = 0, false; s.mu.Unlock() }

// Configure is another program that claims an address of kind, called name.
func (s *Set) Configure(kind byte, name string) {
	s.mu.Lock()
	s.count, s.settled, s.claim[35] = 1, true, kind
	clear(s.claim[16:31])
	copy(s.claim[16:30], name)
	s.mu.Unlock()
}

// Plug sets the physical address that the television's EDID gives, None for an
// unplugged cable.
func (s *Set) Plug(phys uint16) { s.mu.Lock(); s.plug = phys; s.setPhys(phys); s.mu.Unlock() }

// Say lets the television send frame, header first.
func (s *Set) Say(frame ...byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode&0x10 != 0 {
		s.push(build(0, 0, 0, 0, 1, frame))
	}
}

// Power returns what the television would say of its power.
func (s *Set) Power() byte { s.mu.Lock(); defer s.mu.Unlock(); return s.power }

// Active returns the physical address that was last shown, 0 for none.
func (s *Set) Active() uint16 { s.mu.Lock(); defer s.mu.Unlock(); return s.active }

// Heard returns the frames that arrived, and forgets them.
func (s *Set) Heard() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.heard
	s.heard = nil
	return h
}

// Claims returns how often an address was claimed, and for what.
func (s *Set) Claims() (n int, structure []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claims, bytes.Clone(s.claim)
}

// Close closes the device file, and ends every Wait.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closes++
	s.nudge()
	return nil
}

// Wait waits for a message or an event.
func (s *Set) Wait(ctx context.Context) error {
	s.mu.Lock()
	mine := s.closes
	for s.closes == mine && !s.gone && len(s.msgs)+len(s.events) == 0 && ctx.Err() == nil {
		wake := s.wake
		s.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
		}
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	if s.closes != mine || s.gone {
		return unix.ENODEV
	}
	return nil
}

func (s *Set) push(msg []byte) { s.msgs = append(s.msgs, msg); s.nudge() }

// nudge wakes all who wait.
func (s *Set) nudge() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// event tells of the state of the cable.
func (s *Set) event() {
	b := make([]byte, 80)
	binary.NativeEndian.PutUint32(b[8:], 1)
	binary.NativeEndian.PutUint16(b[16:], s.phys)
	binary.NativeEndian.PutUint16(b[18:], s.mask())
	s.events = append(s.events, b)
	s.nudge()
}

func (s *Set) mask() uint16 {
	if s.settled {
		return 1 << 4
	}
	return 0
}

func (s *Set) setPhys(phys uint16) {
	if s.phys == phys {
		return
	}
	s.phys, s.settled = phys, false
	s.event()
	s.begin()
}

// begin claims an address, if it is wanted and there is a cable.
func (s *Set) begin() {
	if s.count == 0 || s.phys == None {
		return
	}
	s.after(400*time.Millisecond, func() {
		if s.count > 0 && s.phys != None && !s.settled {
			s.settled = true
			s.event()
		}
	})
}

func (s *Set) after(d time.Duration, f func()) {
	time.AfterFunc(d/max(1, s.Speed), func() { s.mu.Lock(); defer s.mu.Unlock(); f() })
}
