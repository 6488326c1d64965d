package device

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// Quirks are what real projectors do beside the PJLink specification.
type Quirks struct {
	LinkUpLine bool // sends a %2LKUP line before each answer
	DropEvery  int  // closes every n-th connection before its first answer
	PadNUL     bool // follows each answer's CR by NUL bytes
	UpperHex   bool // writes the greeting's random number in capitals
	LowerCase  bool // writes answers in lower case
	BlankLine  bool // sends an empty line before the greeting's answer
	StopAnyway bool // accepts POWR 0 while warming, without doing it
	DigestEach bool // wants the digest before every command, not only the first
	IdleClose  time.Duration
}

// ProjectorOpts are the options of NewProjector.
type ProjectorOpts struct {
	Password string // empty: no authentication
	Name     string // default "Projector"
	Inputs   []string
	Class2   bool
	Notify   bool // class 2: tells who connected last of changes, see Notices
	Lamps    int  // 1..8, default 1; all have burnt alike
	Quirks   Quirks
	Seed     uint64
}

// ProjectorView is what the projector would say of itself.
type ProjectorView struct {
	State string // hal.DisplayState's word
	Input string // PJLink's, "31"
	Muted bool
}

// Projector is a PJLink projector on a network socket. Without mains, and until
// its electronics are awake, it takes connections and says nothing, as a
// network does whose far end is dark.
type Projector struct {
	knob
	body  beamer
	world *world.World
	tcp   *wire.TCP
	opts  ProjectorOpts

	state    sync.Mutex
	rng      *rand.Rand
	input    string
	avmute   string
	freeze   string
	peer     netip.Addr // who connected last
	conns    int
	requests int
}

// pjIdle is how long a connection may say nothing.
const pjIdle = 30 * time.Second

// NewProjector returns a projector behind tcp. Its own faults are the parts, of
// which ERST tells and with which, if it is lamp, temperature or cover, POWR 1 is
// answered ERR4, and:
//
//	other_input somebody chooses another input
//	refuses     answers ERR3 to everything, for five minutes
//	closes      hangs up before its first answer
//	slow        a character every fifth of a second
//	wrong_case  answers in lower case
//	link_up     a %2LKUP line before each answer
//	pad_nul     NUL bytes after each answer
//	blank_line  an empty line before each answer
//	digest_each wants the digest before every command
func NewProjector(w *world.World, tcp *wire.TCP, o ProjectorOpts) *Projector {
	if o.Name == "" {
		o.Name = "Projector"
	}
	if len(o.Inputs) == 0 {
		o.Inputs = []string{"11", "21", "31", "32"}
	}
	if o.Quirks.IdleClose == 0 {
		o.Quirks.IdleClose = pjIdle
	}
	o.Lamps = min(max(o.Lamps, 1), 8)
	p := &Projector{
		world: w, tcp: tcp, opts: o, rng: rand.New(rand.NewPCG(o.Seed, 0x4352)),
		input: o.Inputs[0], avmute: "30", freeze: "0",
	}
	p.body.world = w
	kinds := append(append(wireKinds(), troubleKinds()...), otherInput, "refuses", "closes", "slow", "wrong_case", "link_up", "pad_nul", "blank_line", "digest_each")
	p.knob = newKnob("projector", p.body.began(p.changed), kinds...)
	return p
}

// Snapshot returns what it would say of itself now.
func (p *Projector) Snapshot() ProjectorView {
	s := p.world.Snapshot().Projector
	p.state.Lock()
	defer p.state.Unlock()
	return ProjectorView{State: s.State.String(), Input: p.input, Muted: p.avmute != "30"}
}

// changed is what a fault does at once.
func (p *Projector) changed(kind string) error {
	if kind == otherInput {
		p.state.Lock()
		p.input = another(p.input, p.opts.Inputs...)
		p.state.Unlock()
	}
	return plug(p.tcp)(kind)
}

func (p *Projector) awake() bool { return p.world.Snapshot().Projector.Answers }

// session is one connection.
func (p *Projector) session(ctx context.Context, c net.Conn) {
	if !p.awake() || p.FaultName() == string(wire.Silent) {
		_, _ = io.Copy(io.Discard, c) // until the caller gives up
		return
	}
	digest, greeting, drop := p.greet(c.RemoteAddr())
	if !p.say(ctx, c, greeting) {
		return
	}
	r := bufio.NewReaderSize(c, 256)
	for first := true; ; first = false {
		if c.SetReadDeadline(time.Now().Add(p.opts.Quirks.IdleClose)) != nil {
			return
		}
		text, err := r.ReadSlice('\r')
		if err != nil || drop {
			return
		}
		command := strings.Trim(string(text), "\r\n\x00 ")
		if digest != "" && (first || p.quirk(p.opts.Quirks.DigestEach, "digest_each")) {
			if len(command) < 32 || !strings.EqualFold(command[:32], digest) {
				p.say(ctx, c, "PJLINK ERRA\r")
				return
			}
			command = command[32:]
		}
		if !p.awake() {
			continue // the mains went: silence
		}
		if !p.say(ctx, c, p.answer(command)) {
			return
		}
	}
}

// greet notes who calls; it returns the digest that the first command must bear,
// the greeting, and whether this connection is to be dropped before its answer.
func (p *Projector) greet(from net.Addr) (digest, greeting string, drop bool) {
	p.state.Lock()
	defer p.state.Unlock()
	p.conns++
	if at, ok := from.(*net.TCPAddr); ok {
		p.peer = at.AddrPort().Addr().Unmap()
	}
	drop = p.FaultName() == "closes" || p.opts.Quirks.DropEvery > 0 && p.conns%p.opts.Quirks.DropEvery == 0
	if p.opts.Password == "" {
		return "", "PJLINK 0\r", drop
	}
	number := fmt.Sprintf("%08x", p.rng.Uint32())
	if p.opts.Quirks.UpperHex {
		number = strings.ToUpper(number)
	}
	sum := md5.Sum([]byte(number + p.opts.Password))
	return hex.EncodeToString(sum[:]), "PJLINK 1 " + number + "\r", drop
}

// say writes text as far as the fault lets it, and reports whether the
// connection goes on.
func (p *Projector) say(ctx context.Context, c net.Conn, text string) bool {
	fault := p.wireFault()
	if fault == wire.Late && !sleep(ctx, wire.LateBy+time.Second) {
		return false
	}
	p.state.Lock()
	out := fault.Spoil([]byte(text), p.rng)
	p.state.Unlock()
	return p.drip(ctx, c, out) && fault != wire.Cut
}

// drip writes all at once, or byte by byte if it is slow.
func (p *Projector) drip(ctx context.Context, c net.Conn, out []byte) bool {
	step := max(1, len(out))
	if p.FaultName() == "slow" {
		step = 1
	}
	for len(out) > 0 {
		n := min(step, len(out))
		if c.SetWriteDeadline(time.Now().Add(2*time.Second)) != nil {
			return false
		}
		if _, err := c.Write(out[:n]); err != nil {
			return false
		}
		if out = out[n:]; len(out) > 0 && !sleep(ctx, 10*time.Second/slowBaud) {
			return false
		}
	}
	return true
}

// quirk says whether it has a quirk by nature or by fault.
func (p *Projector) quirk(nature bool, kind string) bool { return nature || p.FaultName() == kind }

// answer obeys one command, "%1POWR ?", and returns the whole answer.
func (p *Projector) answer(command string) string {
	p.state.Lock()
	p.requests++
	p.state.Unlock()
	body, param, ok := strings.Cut(command, " ")
	if !ok || len(body) != 6 || body[0] != '%' {
		return "%1ERR1\r"
	}
	head, name := body[:2], strings.ToUpper(body[2:])
	value := pjBusy
	if !p.body.refuses(&p.knob) {
		value = p.obey(head == "%2", name, param)
	}
	text := head + name + "=" + value + "\r"
	if p.quirk(p.opts.Quirks.LowerCase, "wrong_case") {
		text = strings.ToLower(text)
	}
	if p.quirk(p.opts.Quirks.LinkUpLine, "link_up") {
		text = "%2LKUP=00:0b:5d:01:02:03\r" + text
	}
	if p.quirk(p.opts.Quirks.BlankLine, "blank_line") {
		text = "\r" + text
	}
	if p.quirk(p.opts.Quirks.PadNUL, "pad_nul") {
		text += "\x00\x00"
	}
	return text
}

// The answers that are errors.
const (
	pjOK        = "OK"
	pjUndefined = "ERR1"
	pjParameter = "ERR2"
	pjBusy      = "ERR3"
	pjBroken    = "ERR4"
)

func (p *Projector) obey(class2 bool, name, param string) string {
	if class2 {
		if !p.opts.Class2 {
			return pjUndefined
		}
		return p.obey2(name, param)
	}
	lamp := p.world.Snapshot().Projector
	switch name {
	case "POWR":
		return p.power(param, lamp.State)
	case "INPT":
		return p.selectInput(param, lamp.State)
	case "AVMT":
		return p.mute(param, lamp.State)
	}
	if param != "?" {
		return pjParameter
	}
	switch name {
	case "ERST":
		return p.errors()
	case "LAMP":
		one := fmt.Sprintf("%d %c", int(lamp.LampHours), "01"[b2i(lamp.Lamp)])
		return strings.TrimSuffix(strings.Repeat(one+" ", max(1, p.opts.Lamps)), " ")
	case "INST":
		return strings.Join(p.opts.Inputs, " ")
	case "NAME":
		return p.opts.Name
	case "INF1":
		return "Stationbox"
	case "INF2":
		return "P-1"
	case "INFO":
		return "emulated"
	case "CLSS":
		return string("12"[b2i(p.opts.Class2)])
	}
	return pjUndefined
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pjStates are the answers to POWR ?.
func pjState(s hal.DisplayState) string {
	switch s {
	case hal.DisplayOn:
		return "1"
	case hal.DisplayCooling:
		return "2"
	case hal.DisplayWarming:
		return "3"
	}
	return "0"
}

func (p *Projector) power(param string, s hal.DisplayState) string {
	switch param {
	case "?":
		return pjState(s)
	case "1":
		switch p.FaultName() {
		case "lamp", "temperature", "cover":
			return pjBroken
		}
		return accepted(p.world.ProjectorPower(true))
	case "0":
		return accepted(p.world.ProjectorPower(false) || p.opts.Quirks.StopAnyway)
	}
	return pjParameter
}

func accepted(ok bool) string {
	if ok {
		return pjOK
	}
	return pjBusy
}

func (p *Projector) selectInput(param string, s hal.DisplayState) string {
	p.state.Lock()
	defer p.state.Unlock()
	switch {
	case s != hal.DisplayOn:
		return pjBusy
	case param == "?":
		return p.input
	case !slices.Contains(p.opts.Inputs, param):
		return pjParameter
	}
	p.input = param
	return pjOK
}

// mute obeys AVMT: 1 video, 2 audio, 3 both; 1 on, 0 off.
func (p *Projector) mute(param string, s hal.DisplayState) string {
	p.state.Lock()
	defer p.state.Unlock()
	switch {
	case s != hal.DisplayOn:
		return pjBusy
	case param == "?":
		return p.avmute
	case !slices.Contains([]string{"10", "11", "20", "21", "30", "31"}, param):
		return pjParameter
	}
	p.avmute = param
	if param[1] == '0' {
		p.avmute = "30"
	}
	return pjOK
}

// errors is ERST: fan, lamp, temperature, cover, filter, other.
func (p *Projector) errors() string {
	digits := []byte("000000")
	if i := slices.Index(troubleKinds(), p.FaultName()); i >= 0 {
		digits[i] = '2'
	}
	return string(digits)
}

// String describes p.
func (p *Projector) String() string {
	v := p.Snapshot()
	p.state.Lock()
	defer p.state.Unlock()
	return fmt.Sprintf("projector at %s: %s, input %s, %d connections, %d requests, fault %s", p.tcp.Addr(), v.State, v.Input, p.conns, p.requests, p.FaultName())
}
