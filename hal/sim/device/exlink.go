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

// ExLinkOpts are the options of NewExLinkTV.
type ExLinkOpts struct {
	Baud          int  // paces the answers, default 9600; negative: at once
	MuteInStandby bool // obeys power-on in standby but answers nothing
	NoStatus      bool // says no to the status question also when on, as many models do
	Noise         bool // bytes of the remote control's receiver before each answer
	Seed          uint64
}

// ExLinkTV is a Samsung consumer set with its service protocol: seven bytes that
// add up to zero, and yes or no for an answer.
//
//	power on    > 08 22 00 00 00 02 D4    < 03 0C F1, and FF when it was off
//	refused                               < 03 0C FF
//
// Its kinds beside those of the wire:
//
//	refuses     says no to everything and does nothing
//	ignores     says yes to everything and does nothing
type ExLinkTV struct {
	serial
	world *world.World
	opts  ExLinkOpts

	state  sync.Mutex
	input  string
	volume int
	mute   bool
}

var _ Device = (*ExLinkTV)(nil)

// NewExLinkTV returns a TV at port.
func NewExLinkTV(w *world.World, port Port, o ExLinkOpts) *ExLinkTV {
	t := &ExLinkTV{world: w, opts: o, input: "tv", volume: 20}
	t.port, t.baud = port, max(0, o.Baud)
	if o.Baud == 0 {
		t.baud = 9600
	}
	t.rng = rand.New(rand.NewPCG(o.Seed, 0xE1))
	t.knob = newKnob("tv", plug(port), append(wireKinds(), "refuses", "ignores")...)
	return t
}

// Run answers until ctx ends.
func (t *ExLinkTV) Run(ctx context.Context) error { return t.serve(ctx, t.handle) }

// Snapshot returns what it would say of itself now, if it could.
func (t *ExLinkTV) Snapshot() TVView {
	s := t.world.Snapshot().TV
	t.state.Lock()
	defer t.state.Unlock()
	return TVView{State: s.State.String(), Input: t.input, Volume: t.volume, Mute: t.mute}
}

const exlinkSize = 7

// handle takes one command and returns the answer, if any. What does not begin
// like one, or does not add up, is passed over byte by byte.
func (t *ExLinkTV) handle(got []byte) (used int, answer []byte) {
	at := bytes.IndexByte(got, 0x08)
	if at < 0 {
		return len(got), nil
	}
	if at > 0 {
		return at, nil
	}
	if len(got) < exlinkSize {
		return 0, nil
	}
	var total byte
	for _, b := range got[:exlinkSize] {
		total += b
	}
	if got[1] != 0x22 || total != 0 {
		return 1, nil
	}
	return exlinkSize, t.reply([4]byte(got[2:6]))
}

func (t *ExLinkTV) reply(c [4]byte) []byte {
	tv := t.world.Snapshot().TV
	if !tv.Answers {
		return nil
	}
	ok := false
	switch t.FaultName() {
	case "refuses":
	case "ignores":
		ok = true
	default:
		ok = t.obey(c, tv.State)
	}
	if t.opts.MuteInStandby && tv.State == hal.DisplayStandby {
		return nil
	}
	var answer []byte
	if t.opts.Noise {
		answer = []byte{0xCB, 0x14, 0x13, 0x47, 0xE6, 0x0E}
	}
	switch {
	case !ok:
		return append(answer, 0x03, 0x0C, 0xFF)
	case tv.State == hal.DisplayStandby:
		return append(answer, 0x03, 0x0C, 0xF1, 0xFF)
	}
	return append(answer, 0x03, 0x0C, 0xF1)
}

// obey does one command and says whether it was one.
func (t *ExLinkTV) obey(c [4]byte, s hal.DisplayState) bool {
	lit := s == hal.DisplayOn || s == hal.DisplayWarming
	switch {
	case c == [4]byte{0, 0, 0, 2}:
		return t.world.TVPower(true)
	case c == [4]byte{0, 0, 0, 1}:
		return t.world.TVPower(false)
	case c == [4]byte{0, 0, 0, 0}:
		return t.world.TVPower(!lit)
	case c == [4]byte{0xF0, 0, 0, 0}:
		return lit && !t.opts.NoStatus
	case s != hal.DisplayOn:
		return false
	}
	t.state.Lock()
	defer t.state.Unlock()
	switch {
	case c[0] == 0x01 && c[1] == 0 && c[2] == 0 && c[3] <= 100:
		t.volume = int(c[3])
	case c == [4]byte{0x02, 0, 0, 0}:
		t.mute = !t.mute
	case c[0] == 0x0A && c[1] == 0 && exlinkInput(c[2], c[3]) != "":
		t.input = exlinkInput(c[2], c[3])
	default:
		return false
	}
	return true
}

// exlinkInput names what the set has: tv, one AV, one component, PC, four HDMI.
func exlinkInput(kind, number byte) string {
	switch {
	case kind == 5 && number < 4:
		return fmt.Sprintf("hdmi%d", number+1)
	case number == 0 && kind < 5 && kind != 2:
		return map[byte]string{0: "tv", 1: "av", 3: "component", 4: "pc"}[kind]
	}
	return ""
}

// String describes t.
func (t *ExLinkTV) String() string {
	v := t.Snapshot()
	return fmt.Sprintf("tv: %s, input %s, volume %d, fault %s", v.State, v.Input, v.Volume, t.FaultName())
}
