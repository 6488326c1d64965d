package device

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// TVOpts are the options of NewTV.
type TVOpts struct {
	SetID         int  // 1..99, default 1
	Baud          int  // paces the answers, default 9600; negative: at once
	MuteInStandby bool // obeys power-on in standby but answers nothing, as several models do
	Seed          uint64
}

// TVView is what the TV would say of itself.
type TVView struct {
	State  string // hal.DisplayState's word
	Input  string // "hdmi1" …
	Volume int    // 0..100
	Mute   bool
}

// TV is an LG set with its RS-232 protocol: two letters, set id, data, all in
// hexadecimal, ended by CR. Set id 00 is obeyed but not answered.
//
//	power on    > ka 01 01\r     < a 01 OK01x
//	refused                      < a 01 NG00x
//
// Its kind beside those of the wire: other_input, at which somebody chooses another
// input.
type TV struct {
	serial
	world *world.World
	setID int
	quiet bool

	state  sync.Mutex
	input  byte
	volume int
	mute   bool
	screen byte
	lock   byte
}

var _ Device = (*TV)(nil)

// NewTV returns a TV at port.
func NewTV(w *world.World, port Port, o TVOpts) *TV {
	t := &TV{world: w, setID: o.SetID, quiet: o.MuteInStandby, input: 0x90, volume: 20}
	if o.SetID == 0 {
		t.setID = 1
	}
	t.port, t.baud = port, max(0, o.Baud)
	if o.Baud == 0 {
		t.baud = 9600
	}
	t.rng = rand.New(rand.NewPCG(o.Seed, 0x16))
	t.knob = newKnob("tv", func(kind string) error {
		if kind == otherInput {
			t.state.Lock()
			t.input ^= 1 // HDMI 2 instead of 1, or the other way round
			t.state.Unlock()
		}
		return plug(port)(kind)
	}, append(wireKinds(), otherInput)...)
	return t
}

// Run answers until ctx ends.
func (t *TV) Run(ctx context.Context) error { return t.serve(ctx, t.handle) }

// Snapshot returns what it would say of itself now.
func (t *TV) Snapshot() TVView {
	s := t.world.Snapshot().TV
	t.state.Lock()
	defer t.state.Unlock()
	return TVView{State: s.State.String(), Input: lgInput(t.input), Volume: t.volume, Mute: t.mute}
}

func lgInput(code byte) string {
	switch code {
	case 0x90, 0x91, 0x92:
		return fmt.Sprintf("hdmi%d", code-0x8F)
	case 0x00, 0x01:
		return "dtv"
	case 0x10, 0x11:
		return "atv"
	case 0x20, 0x21:
		return "av"
	case 0x40:
		return "component"
	case 0x60:
		return "rgb"
	}
	return fmt.Sprintf("input-%02x", code)
}

// handle takes one line, "ka 01 01", and returns the answer, if any.
func (t *TV) handle(got []byte) (used int, answer []byte) {
	end := bytes.IndexByte(got, '\r')
	if end < 0 {
		return 0, nil
	}
	words := bytes.Fields(got[:end])
	tv := t.world.Snapshot().TV
	if len(words) != 3 || len(words[0]) != 2 || !tv.Answers {
		return end + 1, nil
	}
	id, err1 := strconv.ParseUint(string(words[1]), 16, 8)
	data, err2 := strconv.ParseUint(string(words[2]), 16, 8)
	if err1 != nil || err2 != nil || id != 0 && int(id) != t.setID {
		return end + 1, nil
	}
	was := tv.State
	value, ok := t.obey(string(words[0]), byte(data), was)
	if id == 0 || t.quiet && was == hal.DisplayStandby {
		return end + 1, nil
	}
	if !ok {
		return end + 1, fmt.Appendf(nil, "%c %02x NG00x", words[0][1], id)
	}
	return end + 1, fmt.Appendf(nil, "%c %02x OK%02xx", words[0][1], id, value)
}

// lgRead is the data that asks instead of commanding.
const lgRead = 0xFF

// obey does one command and returns the value to confirm.
func (t *TV) obey(command string, data byte, s hal.DisplayState) (byte, bool) {
	on := s == hal.DisplayOn || s == hal.DisplayWarming
	if command == "ka" {
		return t.power(data, on)
	}
	if s != hal.DisplayOn {
		return 0, false
	}
	t.state.Lock()
	defer t.state.Unlock()
	switch command {
	case "xb":
		return set(&t.input, data, lgInput(data)[0] != 'i')
	case "kf":
		return t.setVolume(data)
	case "ke":
		return t.setMute(data)
	case "kd":
		return set(&t.screen, data, data <= 0x10)
	case "km":
		return set(&t.lock, data, data <= 1)
	case "mc":
		return data, true
	}
	return 0, false
}

func (t *TV) power(data byte, on bool) (byte, bool) {
	switch data {
	case lgRead:
		return byte(b2i(on)), true
	case 0, 1:
		return data, t.world.TVPower(data == 1)
	}
	return 0, false
}

// set reads or writes a plain value.
func set(value *byte, data byte, valid bool) (byte, bool) {
	switch {
	case data == lgRead:
		return *value, true
	case !valid:
		return 0, false
	}
	*value = data
	return data, true
}

func (t *TV) setVolume(data byte) (byte, bool) {
	if data == lgRead {
		return byte(t.volume), true
	}
	if data > 100 {
		return 0, false
	}
	t.volume = int(data)
	return data, true
}

// setMute obeys ke: 00 is mute, 01 is sound.
func (t *TV) setMute(data byte) (byte, bool) {
	if data == lgRead {
		return byte(b2i(!t.mute)), true
	}
	if data > 1 {
		return 0, false
	}
	t.mute = data == 0
	return data, true
}

// String describes t.
func (t *TV) String() string {
	v := t.Snapshot()
	return fmt.Sprintf("tv: %s, input %s, volume %d, fault %s", v.State, v.Input, v.Volume, t.FaultName())
}
