package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

const (
	mostDatagram = 64 << 10
	socketBuffer = 2 << 20                // 1 s at 16 Mbit/s, while we are kept from reading
	lateBound    = 100 * time.Millisecond // for an RTP packet that is missing in between
	holdSender   = time.Second            // the sender of the picture is not disturbed by others
)

// datagrams is a stream by UDP, bare or in RTP, which each datagram tells.
type datagrams struct {
	at netip.AddrPort
	o  SourceOpts
}

// Receive implements Source.
func (s *datagrams) Receive(ctx context.Context, take func([]byte) bool) error {
	c, err := s.listen(ctx)
	if err != nil {
		return fmt.Errorf("live source %v: %w", s.at, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	defer func() {
		stop()
		_ = c.Close()
	}()
	_ = c.SetReadBuffer(socketBuffer) // the kernel gives what it may
	m := mixer{take: take}
	b := make([]byte, mostDatagram)
	for {
		if err := c.SetReadDeadline(time.Now().Add(lateBound)); err != nil {
			return fmt.Errorf("live source %v: %w", s.at, err)
		}
		if ctx.Err() != nil { // it may have ended before the deadline was set anew
			return ctx.Err()
		}
		n, from, err := c.ReadFromUDPAddrPort(b)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			m.idle()
		case err != nil:
			return fmt.Errorf("live source %v: %w", s.at, err)
		default:
			m.datagram(time.Now(), from, b[:n])
		}
	}
}

func (s *datagrams) listen(ctx context.Context) (*net.UDPConn, error) {
	if !s.at.Addr().IsMulticast() {
		c, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", s.at.String())
		if err != nil {
			return nil, err
		}
		return c.(*net.UDPConn), nil
	}
	var card *net.Interface
	if s.o.Interface != "" {
		i, err := net.InterfaceByName(s.o.Interface)
		if err != nil {
			return nil, fmt.Errorf("network card %s: %w", s.o.Interface, err)
		}
		card = i
	}
	// It binds to the group, so that other groups on the same port stay out.
	return net.ListenMulticastUDP("udp", card, net.UDPAddrFromAddrPort(s.at))
}

// mixer makes one stream of datagrams. While one sender brings the picture,
// what others send to the same port is not looked at.
type mixer struct {
	take  func([]byte) bool
	order order
	held  netip.AddrPort
	until time.Time
	fresh bool
}

func (m *mixer) datagram(now time.Time, from netip.AddrPort, b []byte) {
	holding := now.Before(m.until)
	if holding && from != m.held {
		return
	}
	m.fresh = false
	switch p, ok := parseRTP(b); {
	case isTS(b):
		m.give(b)
	case ok:
		m.order.add(p, m.give)
	case !holding:
		m.give(b) // a sender that does not cut at packets, or noise, which is counted
	}
	if m.fresh {
		m.held, m.until = from, now.Add(holdSender)
	}
}

// idle is said when nothing has come for lateBound.
func (m *mixer) idle() { m.order.flush(m.give) }

func (m *mixer) give(b []byte) {
	if m.take(b) {
		m.fresh = true
	}
}
