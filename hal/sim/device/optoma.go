package device

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"stationbox/hal"
	"stationbox/hal/sim/world"
)

// OptomaOpts are the options of NewOptoma.
type OptomaOpts struct {
	ID    int    // 0..99, default 0
	Baud  int    // paces the answers, default 9600; negative: at once
	Quirk string // a kind that it has by nature, not as a fault
	Seed  uint64
}

// Optoma is an Optoma projector on a serial line.
//
//	~0000 1\r    P\r         pass, F\r: fail
//	~00124 1\r   Ok1\r
//	             INFO1\r     unasked, as its state changes: 0 standby, 1 warming, 2 cooling
//
// Its kinds beside those of the wire and the parts:
//
//	other_input  somebody chooses another input
//	refuses      fails every command, for five minutes
//	wrong_case   answers in the other case
//	slow         a character every fifth of a second
//	bare         P and F without a line end
//	chatty       says its INFO before each answer
//	old_off      switches off by 2 only, not by 0
//	mute_info    never says INFO
type Optoma struct {
	serial
	beamer
	id    int
	usual int // baud
}

var _ Device = (*Optoma)(nil)

// NewOptoma returns an Optoma projector at port.
func NewOptoma(w *world.World, port Port, o OptomaOpts) *Optoma {
	p := &Optoma{id: o.ID, usual: baudOr(o.Baud, 9600)}
	p.world, p.quirk, p.input = w, o.Quirk, "1"
	p.names = map[string]string{
		"hdmi1": "1", "hdmi2": "15", "vga1": "5", "vga2": "6", "video1": "10", "video2": "9", "usb1": "17", "lan1": "18",
	}
	p.port, p.rng = port, seeded(o.Seed, 0x07)
	kinds := append(append(wireKinds(), troubleKinds()...), otherInput, "refuses", "wrong_case", "slow", "bare", "chatty", "old_off", "mute_info")
	p.knob = newKnob("projector", p.began(plug(port)), kinds...)
	return p
}

// Run answers, and tells of changes, until ctx ends.
func (p *Optoma) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.announce(ctx)
	}()
	defer func() { <-done }()
	return p.serve(ctx, p.handle)
}

// announce says INFO when the state changes or a part comes into trouble.
func (p *Optoma) announce(ctx context.Context) {
	last := p.info()
	for sleep(ctx, promptEvery) {
		now := p.info()
		if now == last {
			continue
		}
		last = now
		if now != "" && p.lamp().Answers && p.FaultName() != "silent" && !p.has(&p.knob, "mute_info") {
			_, _ = p.port.Write([]byte(now + "\r")) // unplugged: lost on the line
		}
	}
}

// info returns what it would say unasked now, "" when there is nothing to say.
func (p *Optoma) info() string {
	switch p.trouble(&p.knob) {
	case "lamp":
		return "INFO4"
	case "fan":
		return "INFO6"
	case "temperature":
		return "INFO7"
	}
	switch p.lamp().State {
	case hal.DisplayStandby:
		return "INFO0"
	case hal.DisplayWarming:
		return "INFO1"
	case hal.DisplayCooling:
		return "INFO2"
	}
	return ""
}

// handle takes one line, "~0000 1", and returns the answer, if any.
func (p *Optoma) handle(got []byte) (used int, answer []byte) {
	p.baud = p.pace(&p.knob, p.usual)
	end := bytes.IndexByte(got, '\r')
	if end < 0 {
		return 0, nil
	}
	line := strings.Trim(string(got[:end]), "\n\x00 ")
	if !p.lamp().Answers || len(line) < 5 || line[0] != '~' {
		return end + 1, nil
	}
	if id, err := strconv.ParseUint(line[1:3], 10, 8); err != nil || id != 0 && int(id) != p.id {
		return end + 1, nil
	}
	code, n, _ := strings.Cut(line[3:], " ")
	text := p.obey(code, n)
	if !p.has(&p.knob, "bare") || len(text) > 1 {
		text += "\r"
	}
	if info := p.info(); p.has(&p.knob, "chatty") && info != "" {
		text = info + "\r" + text
	}
	return end + 1, []byte(p.wrongCase(&p.knob, text))
}

// obey returns P, F or Ok and a value.
func (p *Optoma) obey(code, n string) string {
	lamp := p.lamp()
	on := lamp.State == hal.DisplayOn || lamp.State == hal.DisplayWarming
	switch {
	case p.refuses(&p.knob):
		return "F"
	case code == "00":
		return p.powerKey(n)
	case code == "124" && n == "1":
		return fmt.Sprintf("Ok%d", b2i(on))
	case code == "108" && n == "1":
		return fmt.Sprintf("Ok%d", int(lamp.LampHours))
	case code == "321" && n == "1" && on:
		return "Ok120"
	case code == "121" && n == "1" && on:
		return "Ok" + optomaSource(p.Input())
	case code == "12" && strings.Contains(" 1 5 6 9 10 15 17 18 ", " "+n+" ") && p.choose(n):
		return "P"
	}
	return "F"
}

func (p *Optoma) powerKey(n string) string {
	ok := false
	switch {
	case n == "1":
		ok = p.power(&p.knob, true)
	case n == "2", n == "0" && !p.has(&p.knob, "old_off"):
		ok = p.power(&p.knob, false)
	}
	if ok {
		return "P"
	}
	return "F"
}

// optomaSource returns what it calls an input when asked, which is not what it
// is called when selected.
func optomaSource(input string) string {
	switch input {
	case "1":
		return "7"
	case "15":
		return "8"
	case "5":
		return "2"
	case "6":
		return "3"
	case "10":
		return "5"
	}
	return "0"
}

// String describes p.
func (p *Optoma) String() string {
	return fmt.Sprintf("projector (Optoma): %s, input %s, fault %s", p.lamp().State, p.Input(), p.FaultName())
}
