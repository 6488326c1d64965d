package device

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// NECOpts are the options of NewNEC.
type NECOpts struct {
	ID    byte   // of the projector, default 1
	Model byte   // model code in each answer, default 40h
	Baud  int    // paces the answers, default 38400; negative: at once
	Quirk string // a kind that it has by nature, not as a fault
	Seed  uint64
}

// NEC is an NEC projector on a serial line. Requests and answers are frames:
//
//	02 00 00 00 00 02          command (2), id, model, length, data, sum of all
//	22 00 01 40 00 63          20h more: done; A0h more: refused, two bytes why
//
// Requests with a wrong sum are not answered. Its kinds beside those of the wire
// and the parts:
//
//	other_input  somebody chooses another input
//	refuses      refuses every command as not possible now, for five minutes
//	slow         a character every fifth of a second
//	bad_sum      wrong sums in the answers
//	no_running   does not know the running status
//	new_hdmi     calls its HDMI sockets A1 and A2
//	no_switch    answers an input change but does not switch
//	busy         takes no command while it switches on or off
type NEC struct {
	serial
	beamer
	id, model byte
	usual     int // baud
}

var _ Device = (*NEC)(nil)

// NewNEC returns an NEC projector at port.
func NewNEC(w *world.World, port Port, o NECOpts) *NEC {
	n := &NEC{id: orElse(o.ID, 1), model: orElse(o.Model, 0x40), usual: baudOr(o.Baud, 38400)}
	n.world, n.quirk, n.input = w, o.Quirk, "1a"
	n.names = map[string]string{
		"hdmi1": "1a", "hdmi2": "1b", "vga1": "01", "vga2": "02", "video1": "06", "video2": "0b", "usb1": "1f", "lan1": "20",
	}
	n.port, n.rng = port, seeded(o.Seed, 0x4EC)
	kinds := append(append(wireKinds(), troubleKinds()...), otherInput, "refuses", "slow", "bad_sum", "no_running", "new_hdmi", "no_switch", "busy")
	n.knob = newKnob("projector", n.began(plug(port)), kinds...)
	return n
}

func orElse(b, otherwise byte) byte {
	if b == 0 {
		return otherwise
	}
	return b
}

// Run answers until ctx ends.
func (n *NEC) Run(ctx context.Context) error { return n.serve(ctx, n.handle) }

// necWhy is why it refuses.
type necWhy [2]byte

// The reasons.
var (
	necUnknown   = necWhy{0, 0}
	necOtherType = necWhy{0, 1}
	necNoInput   = necWhy{1, 1}
	necNotNow    = necWhy{2, 3}
	necPower     = necWhy{2, 0x0D}
)

// handle takes one frame and returns the answer, if any. A byte that cannot
// begin a frame is dropped.
func (n *NEC) handle(got []byte) (used int, answer []byte) {
	n.baud = n.pace(&n.knob, n.usual)
	if got[0] > 3 {
		return 1, nil
	}
	if len(got) < 5 || len(got) < 6+int(got[4]) {
		return 0, nil
	}
	size := 6 + int(got[4])
	frame := got[:size]
	if !n.lamp().Answers || necSum(frame[:size-1]) != frame[size-1] {
		return size, nil
	}
	data, why := n.obey(frame[0], frame[1], frame[5:size-1])
	head := 0x20 | frame[0]
	if why != nil {
		head, data = 0xA0|frame[0], why[:]
	}
	out := append([]byte{head, frame[1], n.id, n.model, byte(len(data))}, data...)
	out = append(out, necSum(out))
	if n.has(&n.knob, "bad_sum") {
		out[len(out)-1]++
	}
	return size, out
}

func necSum(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

// obey does one command and returns the data of the answer, or why not.
func (n *NEC) obey(group, command byte, data []byte) ([]byte, *necWhy) {
	lamp := n.lamp()
	moving := lamp.State == hal.DisplayWarming || lamp.State == hal.DisplayCooling
	first := byte(0)
	if len(data) > 0 {
		first = data[0]
	}
	switch code := [3]byte{group, command, first}; {
	case n.refuses(&n.knob), moving && n.has(&n.knob, "busy"):
		return nil, &necNotNow
	case group == 2 && command <= 1:
		if !n.power(&n.knob, command == 0) {
			return nil, &necPower
		}
		return nil, nil
	case group == 2 && command == 3 && len(data) == 2 && first == 1:
		return n.change(data[1])
	case code == [3]byte{0x00, 0x85, 0x01} && !n.has(&n.knob, "no_running"):
		return necRunning(lamp.State), nil
	case code == [3]byte{0x00, 0x85, 0x01}:
		return nil, &necOtherType
	case code == [3]byte{0x00, 0x85, 0x02}:
		return n.inputStatus(lamp.State), nil
	case code == [3]byte{0x00, 0x85, 0x04}:
		return append([]byte("M311X"), make([]byte, 27)...), nil
	case code == [3]byte{0x00, 0x88, 0x00}:
		return necErrors(n.trouble(&n.knob)), nil
	case code == [3]byte{0x00, 0xBF, 0x02}:
		return append([]byte{0x02, necOperation(lamp.State)}, make([]byte, 14)...), nil
	case code == [3]byte{0x03, 0x95, 0x00}:
		return append(necSeconds(120), necSeconds(1000)...), nil
	case group == 3 && command == 0x96 && len(data) == 2 && first == 0 && data[1] == 1:
		return append([]byte{0, 1}, necSeconds(lamp.LampHours)...), nil
	}
	return nil, &necUnknown
}

func necSeconds(hours float64) []byte {
	return binary.LittleEndian.AppendUint32(nil, uint32(hours*3600))
}

// necOperation is the operation status.
func necOperation(s hal.DisplayState) byte {
	switch s {
	case hal.DisplayOn, hal.DisplayWarming:
		return 0x04
	case hal.DisplayCooling:
		return 0x05
	}
	return 0x0F
}

// necRunning is the data of the running status.
func necRunning(s hal.DisplayState) []byte {
	d := make([]byte, 16)
	d[2] = byte(b2i(s == hal.DisplayOn || s == hal.DisplayWarming))
	d[3] = byte(b2i(s == hal.DisplayCooling))
	d[4] = byte(b2i(s == hal.DisplayWarming || s == hal.DisplayCooling))
	d[5] = necOperation(s)
	return d
}

// necErrors is the data of the error status.
func necErrors(part string) []byte {
	d := make([]byte, 12)
	switch part {
	case "fan":
		d[0] = 0x10
	case "lamp":
		d[0] = 0x40
	case "temperature":
		d[0] = 0x02
	case "cover":
		d[0] = 0x01
	case "filter":
		d[3] = 0x04
	case "other":
		d[8] = 0x08
	}
	return d
}

// change selects an input.
func (n *NEC) change(code byte) ([]byte, *necWhy) {
	hdmi := code == 0x1A || code == 0x1B
	if n.has(&n.knob, "new_hdmi") {
		hdmi = code == 0xA1 || code == 0xA2
	}
	switch {
	case !hdmi && code != 0x01 && code != 0x02 && code != 0x06 && code != 0x0B && code != 0x1F && code != 0x20:
		return nil, &necNoInput
	case n.has(&n.knob, "no_switch"):
		return []byte{0xFF}, nil
	case !n.choose(hex.EncodeToString([]byte{code})):
		return nil, &necPower
	}
	return []byte{0x00}, nil
}

// inputStatus is the data of the input status: the number and the kind of the
// selected input, FF while there is no picture.
func (n *NEC) inputStatus(s hal.DisplayState) []byte {
	d := make([]byte, 16)
	number, kind := byte(0xFF), byte(0xFF)
	if s == hal.DisplayOn {
		switch n.Input() {
		case "01":
			number, kind = 1, 0x01
		case "02":
			number, kind = 2, 0x01
		case "06":
			number, kind = 1, 0x02
		case "0b":
			number, kind = 1, 0x03
		case "1a", "a1":
			number, kind = 1, 0x21
		case "1b", "a2":
			number, kind = 2, 0x21
		default:
			number, kind = 1, 0x07
		}
	}
	d[2], d[3] = number, kind
	return d
}

// String describes n.
func (n *NEC) String() string {
	return fmt.Sprintf("projector (NEC): %s, input %s, fault %s", n.lamp().State, n.Input(), n.FaultName())
}
