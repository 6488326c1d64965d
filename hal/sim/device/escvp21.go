package device

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// EpsonOpts are the options of NewEpson and NewEpsonNet.
type EpsonOpts struct {
	Baud     int    // paces the answers, default 9600; negative: at once
	Quirk    string // a kind that it has by nature, not as a fault
	Password string // of the network session; empty: none
	Seed     uint64
}

// vp21 is an Epson projector as far as it does not depend on the wire.
//
//	PWR?        PWR=04\r:       SOURCE 30    :
//	LAMP?       LAMP=1234\r:    bad          ERR\r:
//
// Its kinds beside those of the wire and the parts:
//
//	other_input  somebody chooses another input
//	refuses      answers ERR, for five minutes
//	wrong_case   answers in lower case
//	slow         a character every fifth of a second
//	late_prompt  the prompt of PWR ON comes when the lamp burns; PWR? is answered meanwhile
//	late_mute    the same, and nothing is answered meanwhile
//	no_prompt    answers without the prompt
//	abnormal     PWR=05, and nothing is obeyed
//	mute         abnormal, and nothing is answered
//	events       says IMEVENT=… before each answer
//	deep         in standby answers power commands only (network off)
type vp21 struct {
	beamer
	striking atomic.Bool // the prompt of PWR ON is still due
}

func epsonKinds(more ...string) []string {
	kinds := append(wireKinds(), troubleKinds()...)
	kinds = append(kinds, otherInput, "refuses", "wrong_case", "slow", "late_prompt", "late_mute", "no_prompt", "abnormal", "mute", "events", "deep")
	return append(kinds, more...)
}

// epsonPrompt ends every answer.
const epsonPrompt = ":"

// say returns the whole answer to one command, "" for none.
func (v *vp21) say(k *knob, command string) string {
	command = strings.ToUpper(strings.Trim(command, "\x00\n "))
	lamp := v.lamp()
	switch {
	case !lamp.Answers || v.has(k, "mute"), v.due() && v.has(k, "late_mute"):
		return ""
	case command == "":
		return v.wrap(k, "")
	case v.refuses(k):
		return v.wrap(k, "ERR\r")
	}
	text := v.obey(k, command, lamp)
	if command == "PWR ON" && text == "" && (v.has(k, "late_prompt") || v.has(k, "late_mute")) {
		v.striking.Store(true)
		return ""
	}
	return v.wrap(k, text)
}

// wrap adds what stands around every answer.
func (v *vp21) wrap(k *knob, text string) string {
	if !v.has(k, "no_prompt") {
		text += epsonPrompt
	}
	if v.has(k, "events") {
		text = "IMEVENT=0001 03 00000000 00000000 T1 F1\r" + epsonPrompt + text
	}
	return v.wrongCase(k, text)
}

// due says whether the prompt of PWR ON is still to come. Losing its mains, the
// projector forgets it.
func (v *vp21) due() bool {
	if s := v.lamp().State; s != hal.DisplayOn && s != hal.DisplayWarming {
		v.striking.Store(false)
	}
	return v.striking.Load()
}

// lit reports, once, that the lamp burns for which a prompt was due.
func (v *vp21) lit() bool {
	return v.due() && v.lamp().State == hal.DisplayOn && v.striking.CompareAndSwap(true, false)
}

// obey returns the answer before the prompt.
func (v *vp21) obey(k *knob, command string, lamp world.ProjectorState) string {
	const bad = "ERR\r"
	asleep := lamp.State != hal.DisplayOn && lamp.State != hal.DisplayWarming
	switch {
	case command == "PWR?":
		return "PWR=" + v.powerCode(k, lamp.State) + "\r"
	case v.has(k, "abnormal"):
		return bad
	case command == "PWR ON", command == "PWR OFF":
		if !v.power(k, command == "PWR ON") {
			return bad
		}
		return ""
	case asleep && v.has(k, "deep"):
		return bad
	case command == "LAMP?":
		return fmt.Sprintf("LAMP=%d\r", int(lamp.LampHours))
	case command == "ERR?":
		return "ERR=" + epsonTrouble(v.trouble(k)) + "\r"
	case command == "SOURCE?" && !asleep:
		return "SOURCE=" + v.Input() + "\r"
	}
	if code, ok := strings.CutPrefix(command, "SOURCE "); ok && strings.Contains(" 10 1F 20 2F 30 41 42 52 53 A0 ", " "+code+" ") && v.choose(code) {
		return ""
	}
	return bad
}

func (v *vp21) powerCode(k *knob, s hal.DisplayState) string {
	switch {
	case v.has(k, "abnormal"):
		return "05"
	case s == hal.DisplayOn:
		return "01"
	case s == hal.DisplayWarming:
		return "02"
	case s == hal.DisplayCooling:
		return "03"
	case v.has(k, "deep"):
		return "00"
	}
	return "04"
}

// epsonTrouble returns the code of ERR? for a part.
func epsonTrouble(part string) string {
	switch part {
	case "fan":
		return "01"
	case "lamp":
		return "03"
	case "temperature":
		return "04"
	case "cover":
		return "07"
	case "filter":
		return "0C"
	case "other":
		return "0B"
	}
	return "00"
}

// epsonBody returns the projector behind either wire.
func epsonBody(w *world.World, o EpsonOpts) beamer {
	return beamer{world: w, quirk: o.Quirk, input: "30", names: map[string]string{
		"hdmi1": "30", "hdmi2": "A0", "vga1": "1F", "vga2": "2F", "video1": "41", "video2": "42", "usb1": "52", "lan1": "53",
	}}
}

// Epson is an Epson projector on a serial line.
type Epson struct {
	serial
	vp21
	usual int // baud
}

var _ Device = (*Epson)(nil)

// NewEpson returns an Epson projector at port.
func NewEpson(w *world.World, port Port, o EpsonOpts) *Epson {
	e := &Epson{usual: baudOr(o.Baud, 9600)}
	e.beamer = epsonBody(w, o)
	e.port, e.rng = port, seeded(o.Seed, 0x21)
	e.knob = newKnob("projector", e.began(plug(port)), epsonKinds()...)
	return e
}

// Run answers until ctx ends.
func (e *Epson) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.prompts(ctx)
	}()
	defer func() { <-done }()
	return e.serve(ctx, e.handle)
}

// promptEvery is how often a striking lamp is looked at.
const promptEvery = 20 * time.Millisecond

// prompts sends the prompts that are late.
func (e *Epson) prompts(ctx context.Context) {
	for sleep(ctx, promptEvery) {
		if e.lit() {
			_, _ = e.port.Write([]byte(epsonPrompt)) // unplugged: lost on the line
		}
	}
}

// handle takes one command, "PWR?", and returns the answer, if any.
func (e *Epson) handle(got []byte) (used int, answer []byte) {
	e.baud = e.pace(&e.knob, e.usual)
	end := bytes.IndexByte(got, '\r')
	if end < 0 {
		return 0, nil
	}
	return end + 1, []byte(e.say(&e.knob, string(got[:end])))
}

// String describes e.
func (e *Epson) String() string {
	return fmt.Sprintf("projector (Epson): %s, input %s, fault %s", e.lamp().State, e.Input(), e.FaultName())
}
