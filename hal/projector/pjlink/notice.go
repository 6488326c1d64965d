package pjlink

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"stationbox/hal"
)

// The bounds of one datagram, and of how many are read in a second.
const (
	maxDatagram = 512
	maxNotices  = 8
	maxRate     = 64
)

// NoticeKind says what a Notice is about.
type NoticeKind uint8

// The kinds of notices.
const (
	Found         NoticeKind = iota + 1 // ACKN: the answer to a search; MAC
	LinkUp                              // LKUP: the projector joined the network; MAC
	ErrorsChanged                       // ERST: Errors
	PowerChanged                        // POWR: State
	InputChanged                        // INPT: Input
)

// Notice is what a projector of class 2 says unasked, or in answer to a search.
// Anybody on the network can send one: it is a reason to ask, not an answer.
type Notice struct {
	From   netip.AddrPort
	Kind   NoticeKind
	MAC    string // lower case, with colons
	Errors Errors
	State  hal.DisplayState
	Input  string
}

// Listener hears notices on UDP.
type Listener struct {
	conn   net.PacketConn
	notify func(Notice)
}

// NewListener returns a listener on conn, a socket on UDP port 4352, to which
// projectors send; it calls notify, in Run's goroutine, for each notice. Notify
// must not block. The caller closes conn after Run.
func NewListener(conn net.PacketConn, notify func(Notice)) *Listener {
	return &Listener{conn: conn, notify: notify}
}

// Search asks all projectors of class 2 that hear to to name themselves, usually
// the network's broadcast address and port 4352; they answer with Found.
func (l *Listener) Search(to netip.AddrPort) error {
	if _, err := l.conn.WriteTo([]byte("%2SRCH\r"), net.UDPAddrFromAddrPort(to)); err != nil {
		return fmt.Errorf("search at %s: %w: %w", to, hal.ErrGone, err)
	}
	return nil
}

// Run hears until ctx ends, and returns nil then. Datagrams that are no notices
// are passed over; of a flood some 64 a second are read. An error of the socket is
// hal.ErrGone.
func (l *Listener) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = l.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	b := make([]byte, maxDatagram)
	for read := 0; ; read++ {
		n, addr, err := l.conn.ReadFrom(b)
		if read = calm(ctx, read, second.C); ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("notices: %w: %w", hal.ErrGone, err)
		}
		from := fromOf(addr)
		for _, notice := range parseNotices(b[:n]) {
			notice.From = from
			l.notify(notice)
		}
	}
}

// calm returns how many datagrams of this second were read before, and waits for
// its end when they are too many: what comes meanwhile is the kernel's to drop.
func calm(ctx context.Context, read int, second <-chan time.Time) int {
	if read < maxRate {
		select {
		case <-second:
			return 0
		default:
			return read
		}
	}
	select {
	case <-second:
	case <-ctx.Done():
	}
	return 0
}

func fromOf(addr net.Addr) netip.AddrPort {
	if udp, ok := addr.(*net.UDPAddr); ok {
		return netip.AddrPortFrom(udp.AddrPort().Addr().Unmap(), udp.AddrPort().Port())
	}
	return netip.AddrPort{}
}

// parseNotices returns the notices of one datagram, usually one, in order.
func parseNotices(b []byte) (list []Notice) {
	for line := range strings.SplitSeq(string(b), "\r") {
		if n, ok := parseNotice(strings.Trim(line, "\x00\n\t ")); ok && len(list) < maxNotices {
			list = append(list, n)
		}
	}
	return list
}

// parseNotice takes "%2LKUP=00:0b:5d:01:02:03" apart.
func parseNotice(line string) (Notice, bool) {
	head, param, ok := strings.Cut(line, "=")
	param = strings.TrimSpace(param)
	if !ok {
		return Notice{}, false
	}
	switch strings.ToUpper(strings.TrimSpace(head)) {
	case "%2ACKN":
		return macNotice(Found, param)
	case "%2LKUP":
		return macNotice(LinkUp, param)
	case "%2ERST":
		e, ok := parseErrors(param)
		return Notice{Kind: ErrorsChanged, Errors: e}, ok
	case "%2POWR":
		s := parsePower(param)
		return Notice{Kind: PowerChanged, State: s}, s != hal.DisplayUnknown
	case "%2INPT":
		param = strings.ToUpper(param)
		return Notice{Kind: InputChanged, Input: param}, validInput(param)
	}
	return Notice{}, false
}

func macNotice(kind NoticeKind, param string) (Notice, bool) {
	mac, err := net.ParseMAC(param)
	if err != nil || len(mac) != 6 {
		return Notice{}, false
	}
	return Notice{Kind: kind, MAC: mac.String()}, true
}
