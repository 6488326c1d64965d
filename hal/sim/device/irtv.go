package device

import (
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// IRKeys are what the buttons of a remote control send: protocol number of
// linux/lirc.h and scancode, or 0xFFFF and 32 bits as they are sent for Samsung.
type IRKeys map[[2]uint32]string

// LGKeys are an LG remote control's, discrete keys included; "power" toggles.
func LGKeys() IRKeys {
	return IRKeys{
		{9, 0x408}: "power", {9, 0x4C4}: "on", {9, 0x4C5}: "off",
		{9, 0x4CE}: "hdmi1", {9, 0x4CC}: "hdmi2", {9, 0x4E9}: "hdmi3",
	}
}

// SamsungKeys are those of a Samsung remote control, which has only one for power.
func SamsungKeys() IRKeys {
	return IRKeys{{irSamsung, 0xE0E040BF}: "power", {irSamsung, 0xE0E0D12E}: "hdmi1"}
}

// irSamsung stands for a protocol that linux/lirc.h has no number for.
const irSamsung = 0xFFFF

// IRTVOpts are the options of NewIRTV.
type IRTVOpts struct {
	Keys   IRKeys // default LGKeys
	NoCode bool   // the kernel has no encoders: pulses only
	Misses int    // every so manieth key is not seen; 0: none
}

// IRTV is an infrared light, the kernel's LIRC device before it, and a TV that
// sees the light, for tests that run days in one process: a driver gets an open
// device file from Open. It understands scancodes, and pulses of the NEC family
// and of Samsung; it answers nothing, ever.
//
// Its kinds:
//
//	blocked     somebody stands in the light
//	busy        the device is in use by another program
//	hangs       a write does not end until the fault is mended
//	unplugged   the device is gone
type IRTV struct {
	knob
	world *world.World
	opts  IRTVOpts

	lock    sync.Mutex
	input   string
	seen    int // keys, with those missed
	pressed []string
	mended  chan struct{} // closed by the next change of fault
	mode    uint32
}

var _ Device = (*IRTV)(nil)

// NewIRTV returns a TV in front of a light.
func NewIRTV(w *world.World, o IRTVOpts) *IRTV {
	if o.Keys == nil {
		o.Keys = LGKeys()
	}
	t := &IRTV{world: w, opts: o, input: "tv", mended: make(chan struct{}), mode: 2}
	t.knob = newKnob("tv", t.changed, "blocked", "busy", "hangs", "unplugged")
	return t
}

func (t *IRTV) changed(string) error {
	t.lock.Lock()
	defer t.lock.Unlock()
	close(t.mended)
	t.mended = make(chan struct{})
	return nil
}

// Open opens the device file.
func (t *IRTV) Open() (*IRTV, error) {
	switch t.FaultName() {
	case "unplugged":
		return nil, unix.ENOENT
	case "busy":
		return nil, unix.EBUSY
	}
	return t, nil
}

// Close closes the device file.
func (t *IRTV) Close() error { return nil }

// Snapshot returns what the set shows.
func (t *IRTV) Snapshot() TVView {
	s := t.world.Snapshot().TV
	t.lock.Lock()
	defer t.lock.Unlock()
	return TVView{State: s.State.String(), Input: t.input}
}

// Pressed returns the keys the set has seen, by name.
func (t *IRTV) Pressed() []string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return append([]string(nil), t.pressed...)
}

// Ioctl answers the requests of linux/lirc.h.
func (t *IRTV) Ioctl(request uint32, arg []byte) error {
	if t.FaultName() == "unplugged" {
		return unix.ENODEV
	}
	if request>>8&0xFF != 'i' || len(arg) != 4 {
		return unix.ENOTTY
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	v := binary.NativeEndian.Uint32(arg)
	switch request & 0xFF {
	case 0x00: // LIRC_GET_FEATURES
		binary.NativeEndian.PutUint32(arg, 0x0102)
	case 0x11: // LIRC_SET_SEND_MODE
		if v != 2 && v != 8 {
			return unix.EINVAL
		}
		t.mode = v
	case 0x13: // LIRC_SET_SEND_CARRIER
		if v < 30000 || v > 60000 {
			return unix.EINVAL
		}
	default:
		return unix.ENOTTY
	}
	return nil
}

// Write lights the light, and returns when it is out.
func (t *IRTV) Write(b []byte) (int, error) {
	t.lock.Lock()
	mode, mended := t.mode, t.mended
	t.lock.Unlock()
	switch t.FaultName() {
	case "unplugged":
		return 0, unix.ENODEV
	case "hangs":
		<-mended
	}
	key, lasts, err := t.decode(mode, b)
	if err != nil {
		return 0, err
	}
	timer := time.NewTimer(lasts)
	<-timer.C
	if t.FaultName() != "blocked" {
		t.press(key)
	}
	return len(b), nil
}

// decode reads what is written, as far as the kernel takes it.
func (t *IRTV) decode(mode uint32, b []byte) (key [2]uint32, lasts time.Duration, err error) {
	if mode == 8 {
		if len(b) != 24 || t.opts.NoCode {
			return key, 0, unix.EINVAL
		}
		return [2]uint32{uint32(binary.NativeEndian.Uint16(b[10:])), binary.NativeEndian.Uint32(b[16:])}, 70 * time.Millisecond, nil
	}
	if len(b)%4 != 0 || len(b)/4%2 == 0 || len(b) > 1024 {
		return key, 0, unix.EINVAL
	}
	var pulses []time.Duration
	for i := 0; i < len(b); i += 4 {
		p := time.Duration(binary.NativeEndian.Uint32(b[i:])) * time.Microsecond
		pulses, lasts = append(pulses, p), lasts+p
	}
	if lasts > 500*time.Millisecond {
		return key, 0, unix.EINVAL
	}
	return irDecode(pulses), lasts, nil
}

// about allows a fifth, as receivers do.
func about(d, want time.Duration) bool { return d > want*4/5 && d < want*6/5 }

// irDecode is the set's receiver for 32 bits of marks and spaces; another code is
// no key.
func irDecode(p []time.Duration) (key [2]uint32) {
	const unit = 562 * time.Microsecond
	if len(p) != 67 || !about(p[1], 4500*time.Microsecond) {
		return key
	}
	var sent uint32 // the first bit is the highest
	for i := 2; i < 66; i += 2 {
		switch {
		case !about(p[i], unit):
			return key
		case about(p[i+1], 3*unit):
			sent = sent<<1 | 1
		case about(p[i+1], unit):
			sent <<= 1
		default:
			return key
		}
	}
	if about(p[0], 4500*time.Microsecond) {
		return [2]uint32{irSamsung, sent}
	}
	address, inverse, command, check := turned(sent>>24), turned(sent>>16), turned(sent>>8), turned(sent)
	switch {
	case !about(p[0], 9*time.Millisecond), command^check != 0xFF:
		return key
	case address^inverse == 0xFF:
		return [2]uint32{9, address<<8 | command}
	}
	return [2]uint32{10, address<<16 | inverse<<8 | command}
}

// turned reads the low byte of v from its other end.
func turned(v uint32) (r uint32) {
	for i := range 8 {
		r |= v >> i & 1 << (7 - i)
	}
	return r
}

// press is a key that the set sees.
func (t *IRTV) press(key [2]uint32) {
	name := t.opts.Keys[key]
	tv := t.world.Snapshot().TV
	t.lock.Lock()
	defer t.lock.Unlock()
	t.seen++
	if name == "" || !tv.Answers || t.opts.Misses > 0 && t.seen%t.opts.Misses == 0 {
		return
	}
	t.pressed = append(t.pressed, name)
	lit := tv.State == hal.DisplayOn || tv.State == hal.DisplayWarming
	switch {
	case name == "power":
		t.world.TVPower(!lit)
	case name == "on", name == "off":
		t.world.TVPower(name == "on")
	case tv.State == hal.DisplayOn:
		t.input = name
	}
}

// String describes t.
func (t *IRTV) String() string {
	v := t.Snapshot()
	return fmt.Sprintf("tv: %s, input %s, fault %s", v.State, v.Input, t.FaultName())
}
