package device

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// MDCOpts are the options of NewMDCTV.
type MDCOpts struct {
	ID            int  // 0..253, default 1; negative: 0
	Baud          int  // paces the answers, default 9600; negative: at once
	MuteInStandby bool // obeys in standby but answers nothing, as with its standby control off
	Seed          uint64
}

// MDCTV is a Samsung signage display with its protocol: header AA, command, id,
// count, data, low byte of the sum without the header. Id FE is obeyed but not
// answered.
//
//	power on    > AA 11 01 01 01 14      < AA FF 01 03 41 11 01 56
//	refused                              < AA FF 01 03 4E 11 01 63
//
// Its kinds beside those of the wire:
//
//	other_input somebody chooses another input
//	refuses     answers N to everything
//	ignores     acknowledges everything and does nothing
//	as_pc       tells an HDMI input by the code of a computer at it
type MDCTV struct {
	serial
	world *world.World
	id    byte
	quiet bool

	state  sync.Mutex
	input  byte
	volume byte
	mute   byte
}

var _ Device = (*MDCTV)(nil)

// NewMDCTV returns a display at port.
func NewMDCTV(w *world.World, port Port, o MDCOpts) *MDCTV {
	t := &MDCTV{world: w, id: byte(max(0, o.ID)), quiet: o.MuteInStandby, input: 0x21, volume: 20}
	if o.ID == 0 {
		t.id = 1
	}
	t.port, t.baud = port, max(0, o.Baud)
	if o.Baud == 0 {
		t.baud = 9600
	}
	t.rng = rand.New(rand.NewPCG(o.Seed, 0x3D))
	t.knob = newKnob("tv", func(kind string) error {
		if kind == otherInput {
			t.state.Lock()
			t.input ^= 0x21 ^ 0x23 // HDMI 2 instead of 1, or the other way round
			t.state.Unlock()
		}
		return plug(port)(kind)
	}, append(wireKinds(), otherInput, "refuses", "ignores", "as_pc")...)
	return t
}

// Run answers until ctx ends.
func (t *MDCTV) Run(ctx context.Context) error { return t.serve(ctx, t.handle) }

// Snapshot returns what it would say of itself now.
func (t *MDCTV) Snapshot() TVView {
	s := t.world.Snapshot().TV
	t.state.Lock()
	defer t.state.Unlock()
	return TVView{State: s.State.String(), Input: mdcInputs[t.input], Volume: int(t.volume), Mute: t.mute == 1}
}

var mdcInputs = map[byte]string{
	0x14: "pc", 0x18: "dvi", 0x21: "hdmi1", 0x23: "hdmi2", 0x25: "displayport", 0x31: "hdmi3", 0x33: "hdmi4",
}

// handle takes one frame and returns the answer, if any.
func (t *MDCTV) handle(got []byte) (used int, answer []byte) {
	if at := bytes.IndexByte(got, 0xAA); at != 0 {
		if at < 0 {
			at = len(got)
		}
		return at, nil
	}
	if len(got) < 4 || len(got) < 5+int(got[3]) {
		return 0, nil
	}
	frame := got[:5+int(got[3])]
	if mdcSum(frame[:len(frame)-1]) != frame[len(frame)-1] {
		return 1, nil
	}
	return len(frame), t.reply(frame[1], frame[2], frame[4:len(frame)-1])
}

// mdcSum adds all bytes but the header.
func mdcSum(frame []byte) (s byte) {
	for _, b := range frame[1:] {
		s += b
	}
	return s
}

func (t *MDCTV) reply(command, id byte, data []byte) []byte {
	tv := t.world.Snapshot().TV
	if !tv.Answers || id != t.id && id != 0xFE {
		return nil
	}
	value, ok := byte(1), false
	switch fault := t.FaultName(); {
	case fault == "refuses":
	case fault == "ignores" && len(data) == 1:
		value, ok = data[0], true
	default:
		value, ok = t.obey(command, data, tv.State)
	}
	if id == 0xFE || t.quiet && tv.State == hal.DisplayStandby {
		return nil
	}
	letter := byte('A')
	if !ok {
		letter = 'N'
	}
	answer := []byte{0xAA, 0xFF, id, 3, letter, command, value}
	return append(answer, mdcSum(answer))
}

// obey does one command and returns the value to confirm, or the reason why not.
func (t *MDCTV) obey(command byte, data []byte, s hal.DisplayState) (byte, bool) {
	lit := s == hal.DisplayOn || s == hal.DisplayWarming
	if command == 0x11 {
		return t.power(data, lit)
	}
	if s != hal.DisplayOn || len(data) > 1 {
		return 1, false
	}
	t.state.Lock()
	defer t.state.Unlock()
	switch command {
	case 0x12:
		return mdcValue(&t.volume, data, len(data) == 1 && data[0] <= 100)
	case 0x13:
		return mdcValue(&t.mute, data, len(data) == 1 && data[0] <= 1)
	case 0x14:
		v, ok := mdcValue(&t.input, data, len(data) == 1 && mdcInputs[data[0]] != "")
		if ok && mdcInputs[v][0] == 'h' && t.FaultName() == "as_pc" {
			v++
		}
		return v, ok
	}
	return 1, false
}

func (t *MDCTV) power(data []byte, lit bool) (byte, bool) {
	switch {
	case len(data) == 0:
		return byte(b2i(lit)), true
	case len(data) == 1 && data[0] <= 1:
		return data[0], t.world.TVPower(data[0] == 1)
	}
	return 1, false
}

// mdcValue reads or writes a plain value.
func mdcValue(value *byte, data []byte, valid bool) (byte, bool) {
	switch {
	case len(data) == 0:
		return *value, true
	case !valid:
		return 1, false
	}
	*value = data[0]
	return data[0], true
}

// String describes t.
func (t *MDCTV) String() string {
	v := t.Snapshot()
	return fmt.Sprintf("tv: %s, input %s, volume %d, fault %s", v.State, v.Input, v.Volume, t.FaultName())
}
