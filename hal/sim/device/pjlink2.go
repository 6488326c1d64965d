package device

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"stationbox/hal"
)

// obey2 answers a command of class 2.
func (p *Projector) obey2(name, param string) string {
	lamp := p.world.Snapshot().Projector
	switch {
	case name == "INPT":
		return p.selectInput(param, lamp.State)
	case name == "FREZ" && (param == "0" || param == "1"):
		p.state.Lock()
		defer p.state.Unlock()
		p.freeze = param
		return pjOK
	case (name == "SVOL" || name == "MVOL") && (param == "0" || param == "1"):
		return pjOK
	case name == "INNM" && strings.HasPrefix(param, "?"):
		return "Input " + param[1:]
	case param != "?":
		return pjParameter
	case name == "IRES" && lamp.State != hal.DisplayOn:
		return "-"
	}
	return p.tell2(name)
}

// tell2 answers a question of class 2.
func (p *Projector) tell2(name string) string {
	switch name {
	case "INST":
		return strings.Join(p.opts.Inputs, " ")
	case "FREZ":
		p.state.Lock()
		defer p.state.Unlock()
		return p.freeze
	case "SNUM":
		return "SB0001"
	case "SVER":
		return "1.0"
	case "IRES", "RRES":
		return "1920x1080"
	case "FILT":
		return "120"
	case "RLMP", "RFIL":
		return "P-LAMP"
	}
	return pjUndefined
}

// Shows says whether input, by its neutral name or PJLink's code, is selected.
func (p *Projector) Shows(input string) bool {
	return shows(map[string]string{
		"vga1": "11", "vga2": "12", "video1": "21", "video2": "22", "hdmi1": "31", "hdmi2": "32", "hdmi3": "33", "usb1": "41", "lan1": "51",
	}, p.Snapshot().Input, input)
}

// pjMAC is the projector's address in the network.
const pjMAC = "00:0b:5d:01:02:03"

// Notices is what a projector of class 2 says on UDP: it answers a search, and
// tells by itself of its joining the network, its power, input and errors.
type Notices struct {
	p    *Projector
	conn net.PacketConn
	to   func() netip.AddrPort // not valid: nobody
}

// NewNotices returns the notices of p on conn, which the caller closes; it sends
// those that nobody asked for to to.
func NewNotices(p *Projector, conn net.PacketConn, to netip.AddrPort) *Notices {
	return &Notices{p, conn, func() netip.AddrPort { return to }}
}

// Run serves until ctx ends.
func (p *Projector) Run(ctx context.Context) error {
	if !p.opts.Class2 || !p.opts.Notify {
		return p.tcp.Serve(ctx, p.session)
	}
	ctx, cancel := context.WithCancel(ctx)
	told := make(chan error, 1)
	go func() { told <- p.runNotices(ctx) }()
	err := p.tcp.Serve(ctx, p.session)
	cancel()
	return errors.Join(err, <-told)
}

// runNotices tells who connected last, at the port whose number is that of p's
// own, as the real one does, whose ports are both 4352.
func (p *Projector) runNotices(ctx context.Context) error {
	conn, err := net.ListenPacket("udp", net.JoinHostPort(p.tcp.Addr().Addr().String(), "0"))
	if err != nil {
		return fmt.Errorf("projector: notices: %w", err)
	}
	defer func() { _ = conn.Close() }()
	n := &Notices{p, conn, func() netip.AddrPort {
		p.state.Lock()
		defer p.state.Unlock()
		return netip.AddrPortFrom(p.peer, p.tcp.Addr().Port())
	}}
	return n.Run(ctx)
}

// Run answers and tells until ctx ends.
func (n *Notices) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.tell(ctx)
	}()
	defer func() { <-done }()
	stop := context.AfterFunc(ctx, func() { _ = n.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	b := make([]byte, 64)
	for {
		size, from, err := n.conn.ReadFrom(b)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("projector: notices: %w", err)
		}
		if strings.EqualFold(strings.TrimRight(string(b[:size]), "\r\n\x00"), "%2SRCH") && n.speaks() {
			_, _ = n.conn.WriteTo([]byte("%2ACKN="+pjMAC+"\r"), from) // a datagram may get lost
		}
	}
}

// speaks says whether anything leaves the projector now.
func (n *Notices) speaks() bool {
	kind := n.p.FaultName()
	return n.p.awake() && kind != "silent" && kind != "unplugged"
}

// tell sends a notice whenever something has changed.
func (n *Notices) tell(ctx context.Context) {
	last := n.look()
	for sleep(ctx, promptEvery) {
		now := n.look()
		for i, text := range now {
			if to := n.to(); text != last[i] && text != "" && to.IsValid() && n.speaks() {
				_, _ = n.conn.WriteTo([]byte(text+"\r"), net.UDPAddrFromAddrPort(to)) // a datagram may get lost
			}
		}
		last = now
	}
}

// look returns what there would be to tell.
func (n *Notices) look() [4]string {
	if !n.p.awake() {
		return [4]string{}
	}
	n.p.state.Lock()
	input := n.p.input
	n.p.state.Unlock()
	return [4]string{
		"%2LKUP=" + pjMAC, "%2POWR=" + pjState(n.p.world.Snapshot().Projector.State),
		"%2ERST=" + n.p.errors(), "%2INPT=" + input,
	}
}
