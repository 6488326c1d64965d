package pjlink

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"stationbox/hal"
)

func TestNotices(t *testing.T) {
	for _, c := range []struct {
		name, datagram string
		want           []Notice
	}{
		{"link up", "%2LKUP=00:0B:5D:01:02:03\r", []Notice{{Kind: LinkUp, MAC: "00:0b:5d:01:02:03"}}},
		{"found", "%2ACKN=00:0b:5d:01:02:03\r", []Notice{{Kind: Found, MAC: "00:0b:5d:01:02:03"}}},
		{"errors", "%2ERST=010002\r", []Notice{{Kind: ErrorsChanged, Errors: Errors{Lamp: Warning, Other: Failed}}}},
		{"power", "%2POWR=3\r", []Notice{{Kind: PowerChanged, State: hal.DisplayWarming}}},
		{"input", "%2INPT=3a\r", []Notice{{Kind: InputChanged, Input: "3A"}}},
		{"lower case", "%2powr=0\r", []Notice{{Kind: PowerChanged, State: hal.DisplayStandby}}},
		{"padded", "\x00%2POWR=2\r\n\x00\x00", []Notice{{Kind: PowerChanged, State: hal.DisplayCooling}}},
		{"without its end", "%2POWR=1", []Notice{{Kind: PowerChanged, State: hal.DisplayOn}}},
		{"two in one", "%2POWR=1\r%2INPT=31\r", []Notice{{Kind: PowerChanged, State: hal.DisplayOn}, {Kind: InputChanged, Input: "31"}}},
		{"class 1 is none", "%1POWR=1\r", nil},
		{"a search is none", "%2SRCH\r", nil},
		{"state unknown", "%2POWR=7\r", nil},
		{"no address", "%2LKUP=here\r", nil},
		{"long address", "%2LKUP=00:00:00:00:00:00:00:01\r", nil},
		{"no error digits", "%2ERST=00000\r", nil},
		{"nothing", "", nil},
	} {
		if got := parseNotices([]byte(c.datagram)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	many := make([]byte, 0, maxDatagram)
	for range 40 {
		many = append(many, "%2POWR=1\r"...)
	}
	if n := len(parseNotices(many)); n != maxNotices {
		t.Errorf("%d notices of one datagram, want %d", n, maxNotices)
	}
}

func socket(t *testing.T) (net.PacketConn, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, fromOf(c.LocalAddr())
}

func TestSearchAndListen(t *testing.T) {
	here, at := socket(t)
	projector, there := socket(t)
	heard := make(chan Notice, 4)
	l := NewListener(here, func(n Notice) { heard <- n })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	if err := l.Search(there); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	_ = projector.SetReadDeadline(time.Now().Add(20 * time.Second))
	n, _, err := projector.ReadFrom(b)
	if err != nil || string(b[:n]) != "%2SRCH\r" {
		t.Fatalf("searched with %q, %v", b[:n], err)
	}
	for _, text := range []string{"rubbish", "%2ACKN=00:0b:5d:01:02:03\r"} {
		if _, err := projector.WriteTo([]byte(text), net.UDPAddrFromAddrPort(at)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case n := <-heard:
		if want := (Notice{From: there, Kind: Found, MAC: "00:0b:5d:01:02:03"}); n != want {
			t.Errorf("%+v, want %+v", n, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing heard")
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestListenerSaysThatItsSocketIsGone(t *testing.T) {
	here, at := socket(t)
	_ = here.Close()
	l := NewListener(here, nil)
	if err := l.Run(t.Context()); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Run = %v", err)
	}
	if err := l.Search(at); !errors.Is(err, hal.ErrGone) {
		t.Errorf("Search = %v", err)
	}
}

func FuzzNotices(f *testing.F) {
	for _, seed := range []string{"%2LKUP=00:0B:5D:01:02:03\r", "%2ERST=010002\r%2POWR=3\r", "%2INPT=3a\r\x00", "%2SRCH\r", "=\r=\r"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list := parseNotices(b)
		if len(list) > maxNotices {
			t.Fatalf("%d notices", len(list))
		}
		for _, n := range list {
			switch {
			case n.Kind == PowerChanged && n.State == hal.DisplayUnknown,
				n.Kind == InputChanged && !validInput(n.Input),
				(n.Kind == Found || n.Kind == LinkUp) && len(n.MAC) != 17,
				n.Kind == 0:
				t.Fatalf("%+v out of %q", n, b)
			}
		}
	})
}
