package device

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// BenQOpts are the options of NewBenQ.
type BenQOpts struct {
	Baud  int    // paces the answers, default 115200; negative: at once
	Quirk string // a kind that it has by nature, not as a fault
	Seed  uint64
}

// BenQ is a BenQ projector on a serial line.
//
//	*pow=?#     >*pow=?#        the prompt, and the echo of the question
//	            *POW=ON#        the answer; on already while it warms up
//	            >
//
// Its kinds beside those of the wire and the parts:
//
//	other_input  somebody chooses another input
//	refuses      answers "Block item" to every command, for five minutes
//	wrong_case   answers in lower case
//	slow         a character every fifth of a second
//	no_echo      answers only
//	blank_echo   an empty line for the echo, as the X3000i
//	double_echo  the echo twice on its line, as the W1100
//	echo_only    the echo and nothing else
//	no_prompt    no >, as over the network
//	no_star      answers without the leading *, as the W1110 in standby
//	no_hash      values after a space and no closing #, as the W1100
//	bare_model   the model name alone, on the line of the echo, as the W700
//	same_text    commands are answered by their own text
type BenQ struct {
	serial
	beamer
	usual int // baud
}

var _ Device = (*BenQ)(nil)

// NewBenQ returns a BenQ projector at port.
func NewBenQ(w *world.World, port Port, o BenQOpts) *BenQ {
	b := &BenQ{usual: baudOr(o.Baud, 115200)}
	b.world, b.quirk, b.input = w, o.Quirk, "hdmi"
	b.names = map[string]string{
		"hdmi1": "hdmi", "vga1": "rgb", "vga2": "rgb2", "video1": "vid", "video2": "svid", "usb1": "usbreader", "lan1": "network",
	}
	b.port, b.rng = port, seeded(o.Seed, 0xBE)
	kinds := append(append(wireKinds(), troubleKinds()...), otherInput, "refuses", "wrong_case", "slow", "no_echo", "blank_echo", "double_echo",
		"echo_only", "no_prompt", "no_star", "no_hash", "bare_model", "same_text")
	b.knob = newKnob("projector", b.began(plug(port)), kinds...)
	return b
}

// Run answers until ctx ends.
func (b *BenQ) Run(ctx context.Context) error { return b.serve(ctx, b.handle) }

// handle takes one command, "\r*pow=?#", and returns the answer, if any.
func (b *BenQ) handle(got []byte) (used int, answer []byte) {
	b.baud = b.pace(&b.knob, b.usual)
	end := bytes.IndexByte(got, '#')
	if end < 0 {
		return 0, nil
	}
	if !b.lamp().Answers {
		return end + 1, nil
	}
	command := strings.Trim(string(got[:end]), "\r\n\x00 ")
	key, value, ok := strings.Cut(strings.ToLower(strings.TrimPrefix(command, "*")), "=")
	text := "Illegal format"
	if ok && strings.HasPrefix(command, "*") {
		text = b.obey(key, value)
	}
	return end + 1, []byte(b.dress(command+"#", key, value, text))
}

// The three refusals.
const (
	bqBlocked     = "Block item"
	bqUnsupported = "Unsupported item"
)

// obey returns the answer without what stands around it: "POW=ON".
func (b *BenQ) obey(key, value string) string {
	s := b.lamp().State
	on := s == hal.DisplayOn || s == hal.DisplayWarming
	switch {
	case b.refuses(&b.knob):
		return bqBlocked
	case key == "pow" && value == "?" && on:
		return "POW=ON"
	case key == "pow" && value == "?":
		return "POW=OFF"
	case key == "pow" && (value == "on" || value == "off"):
		if !b.power(&b.knob, value == "on") {
			return bqBlocked
		}
		return "POW=" + strings.ToUpper(value)
	case key != "sour" && key != "ltim" && key != "modelname":
		return bqUnsupported
	case !on:
		return bqBlocked
	case key == "sour" && value != "?":
		return b.source(value)
	case value != "?":
		return "Illegal format"
	}
	return b.tell(key)
}

// source selects an input.
func (b *BenQ) source(value string) string {
	if !strings.Contains(" rgb rgb2 hdmi hdmi2 vid svid ypbr network usbreader ", " "+value+" ") {
		return bqUnsupported
	}
	if !b.choose(value) {
		return bqBlocked
	}
	return "SOUR=" + strings.ToUpper(value)
}

func (b *BenQ) tell(key string) string {
	switch key {
	case "sour":
		return "SOUR=" + strings.ToUpper(b.Input())
	case "ltim":
		return fmt.Sprintf("LTIM=%d", int(b.lamp().LampHours))
	}
	return "MODELNAME=MW519"
}

// dress adds what stands around every answer, as far as its quirk lets it.
func (b *BenQ) dress(command, key, value, text string) string {
	kind := func(name string) bool { return b.has(&b.knob, name) }
	echo, star, hash, line := command, "*", "#", "\r\n"
	name, v, valued := strings.Cut(text, "=")
	switch {
	case kind("no_echo"):
		echo, line = "", ""
	case kind("blank_echo"):
		echo = ""
	case kind("double_echo"):
		echo += command
	case kind("echo_only"):
		return ">" + echo + "\r\n"
	case kind("no_star"):
		star = ""
	case kind("no_hash") && valued && value == "?":
		text, hash = name+"= "+v, ""
	case kind("bare_model") && key == "modelname" && valued:
		text, star, hash, line = strings.ToLower(v), "", "", ""
	case kind("same_text") && valued && value != "?":
		text = strings.Trim(command, "*#")
	}
	out := ">" + echo + line + b.wrongCase(&b.knob, star+text+hash) + "\r\n>"
	if kind("no_prompt") {
		out = strings.ReplaceAll(out, ">", "")
	}
	return out
}

// String describes b.
func (b *BenQ) String() string {
	return fmt.Sprintf("projector (BenQ): %s, input %s, fault %s", b.lamp().State, b.Input(), b.FaultName())
}
