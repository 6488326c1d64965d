package device

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// CECBusOpts are the options of NewCECBus.
type CECBusOpts struct {
	Address         uint16 // physical, of the input we are plugged into; default 0x1000
	DropsHotPlug    bool   // takes its hot-plug signal away in standby, and our address with it
	IgnoresStandby  bool   // acknowledges <Standby> and stays on, as many cheap sets do
	LiesWhenWarming bool   // says on from the first moment
}

// CECBus is a machine's CEC device, the cable and a TV at its end, for tests that
// run days in one process: a driver gets an open device file from Open and speaks
// to it as to the kernel. It keeps the time of the wire and lays the structures out
// by itself.
//
//	a frame     16.8 ms of silence, 4.5 ms start bit, 24 ms a byte
//	no device   four attempts, then NACK
//
// Its kinds:
//
//	other_input somebody chooses another input, and the set says so
//	silent      acknowledges and does and says nothing
//	deaf        does not acknowledge: CEC switched off in the menu
//	refuses     answers Feature Abort to everything
//	garbled     the wire is pulled low all the time
//	nonsense    says a power state that does not exist
//	cut         the cable is out: no hot-plug signal
//	unplugged   the driver of the CEC device is unloaded
type CECBus struct {
	knob
	world *world.World
	opts  CECBusOpts

	lock    sync.Mutex
	active  uint16 // address of the shown source, 0 for the set's own tuner
	was     hal.DisplayState
	address uint16    // physical, as the kernel knows it
	wanted  byte      // logical addresses asked for
	claim   [92]byte  // struct cec_log_addrs as it was set
	claimed time.Time // when the claim is over; zero: nothing under way
	owned   bool      // address 4 is ours
	files   []*CECFile
	number  uint32 // of the last transmission
	frames  uint64 // on the wire, ours
}

var _ Device = (*CECBus)(nil)

// noAddress is f.f.f.f.
const noAddress = 0xFFFF

// NewCECBus returns a TV at the end of a cable.
func NewCECBus(w *world.World, o CECBusOpts) *CECBus {
	if o.Address == 0 {
		o.Address = 0x1000
	}
	b := &CECBus{world: w, opts: o, address: noAddress}
	b.knob = newKnob("tv", b.changed, otherInput, "silent", "deaf", "refuses", "garbled", "nonsense", "cut", "unplugged")
	return b
}

func (b *CECBus) changed(kind string) error {
	b.lock.Lock()
	defer b.lock.Unlock()
	if kind == otherInput {
		old := b.active
		if b.active = 0x3000; old == b.active {
			b.active = 0x4000
		}
		b.say([]byte{0x0F, 0x80, byte(old >> 8), byte(old), byte(b.active >> 8), byte(b.active)}) // <Routing Change>
	}
	for _, f := range b.files {
		f.nudge()
	}
	return nil
}

// Snapshot returns what the set would say of itself now. CEC tells nothing of its
// sound here.
func (b *CECBus) Snapshot() TVView {
	s := b.world.Snapshot().TV
	b.lock.Lock()
	defer b.lock.Unlock()
	v := TVView{State: s.State.String(), Input: "tv"}
	if b.active != 0 {
		v.Input = fmt.Sprintf("hdmi%d", b.active>>12)
	}
	return v
}

// Frames returns how many frames we have put on the wire.
func (b *CECBus) Frames() uint64 {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.frames
}

// Open opens the device file.
func (b *CECBus) Open() (*CECFile, error) {
	if b.FaultName() == "unplugged" {
		return nil, unix.ENOENT
	}
	b.lock.Lock()
	defer b.lock.Unlock()
	f := &CECFile{bus: b, mode: 1, wake: make(chan struct{})}
	b.files = append(b.files, f)
	b.look()
	f.event()
	return f, nil
}

// Say lets the set send a frame, header first, as when its user presses a key.
func (b *CECBus) Say(frame ...byte) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.say(frame)
}

func (b *CECBus) say(frame []byte) {
	for _, f := range b.files {
		if f.mode>>4 == 1 {
			f.deliver(time.Now().Add(onAir(len(frame))), cecMessage(0, 0, 0, 1, 0, frame))
		}
	}
}

// hotPlug says whether the cable carries the signal.
func (b *CECBus) hotPlug(tv hal.DisplayState) bool {
	if b.FaultName() == "cut" {
		return false
	}
	return !b.opts.DropsHotPlug || tv == hal.DisplayOn || tv == hal.DisplayWarming
}

// look lets the kernel see what has happened at the cable since the last look.
func (b *CECBus) look() {
	tv := b.world.Snapshot().TV.State
	if tv == hal.DisplayOn && b.was != hal.DisplayOn {
		b.say([]byte{0x0F, 0x85}) // <Request Active Source>
	}
	if tv != hal.DisplayOn && tv != hal.DisplayWarming {
		b.active = 0
	}
	b.was = tv
	address := uint16(noAddress)
	if b.hotPlug(tv) {
		address = b.opts.Address
	}
	if address != b.address {
		b.address, b.owned, b.claimed = address, false, time.Time{}
		b.announce()
		b.startClaim()
	}
	if !b.claimed.IsZero() && !time.Now().Before(b.claimed) {
		b.claimed, b.owned = time.Time{}, true
		b.announce()
	}
}

// startClaim asks the wire for address 4, if that is wanted and there is a cable.
func (b *CECBus) startClaim() {
	if b.wanted > 0 && b.address != noAddress {
		b.claimed = time.Now().Add(2*onAir(1) + onAir(5)) // two polls, then <Report Physical Address>
	}
}

func (b *CECBus) announce() {
	for _, f := range b.files {
		f.event()
	}
}

func (b *CECBus) mask() uint16 {
	if b.owned {
		return 1 << 4
	}
	return 0
}

// obey is the TV's answer to a frame of ours, nil for none.
func (b *CECBus) obey(frame []byte) []byte {
	us := frame[0] >> 4
	if len(frame) < 2 || b.FaultName() == "silent" {
		return nil
	}
	op, broadcast := frame[1], frame[0]&0xF == 0xF
	abort := []byte{us, 0x00, op, 0x00}
	if b.FaultName() == "refuses" {
		if broadcast {
			return nil
		}
		abort[3] = 4
		return abort
	}
	switch op {
	case 0x04, 0x0D:
		b.world.TVPower(true)
	case 0x36:
		if !b.opts.IgnoresStandby {
			b.world.TVPower(false)
		}
	case 0x82:
		if len(frame) == 4 && b.was != hal.DisplayStandby {
			b.active = uint16(frame[2])<<8 | uint16(frame[3])
		}
	case 0x8F:
		return []byte{us, 0x90, b.power()}
	case 0x46:
		return append([]byte{us, 0x47}, "TV"...)
	case 0x9F:
		return []byte{us, 0x9E, 0x05}
	case 0x00, 0x84, 0x90:
	default:
		if !broadcast {
			return abort
		}
	}
	return nil
}

// power is the operand of <Report Power Status>.
func (b *CECBus) power() byte {
	switch s := b.world.Snapshot().TV.State; {
	case b.FaultName() == "nonsense":
		return 0x55
	case s == hal.DisplayOn, s == hal.DisplayWarming && b.opts.LiesWhenWarming:
		return 0
	case s == hal.DisplayWarming:
		return 2
	case s == hal.DisplayCooling:
		return 3
	}
	return 1
}

// String describes b.
func (b *CECBus) String() string {
	v := b.Snapshot()
	return fmt.Sprintf("tv: %s, input %s, fault %s", v.State, v.Input, b.FaultName())
}
