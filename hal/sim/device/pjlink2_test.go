package device

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestNotices(t *testing.T) {
	w := shortLamp(t)
	socket := func() (net.PacketConn, netip.AddrPort) {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetReadDeadline(time.Now().Add(patience))
		return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	here, at := socket()
	there, projector := socket()
	_ = there.SetReadDeadline(time.Time{})
	p, _ := projectorOn(t, w, ProjectorOpts{Class2: true})
	start(t, NewNotices(p, there, at).Run)
	hear := func(want string) {
		t.Helper()
		b := make([]byte, 64)
		for {
			n, _, err := here.ReadFrom(b)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			if string(b[:n]) == want+"\r" {
				return
			}
		}
	}
	if _, err := here.WriteTo([]byte("%2SRCH\r"), net.UDPAddrFromAddrPort(projector)); err != nil {
		t.Fatal(err)
	}
	hear("%2ACKN=00:0b:5d:01:02:03")
	time.Sleep(2 * promptEvery) // it has seen that it is in standby
	w.ProjectorPower(true)
	hear("%2POWR=3")
	if err := p.Fault("filter"); err != nil {
		t.Fatal(err)
	}
	hear("%2ERST=000020")
	w.SetRelay(1, false)
	hold(w, 100*time.Millisecond)
	time.Sleep(2 * promptEvery) // it has seen that it is dark
	w.SetRelay(1, true)
	hold(w, 300*time.Millisecond)
	hear("%2LKUP=00:0b:5d:01:02:03")
}

// Turned on, it tells who connected last, at the port whose number is its own.
func TestProjectorTellsWhoConnected(t *testing.T) {
	w := shortLamp(t)
	_, tcp := projectorOn(t, w, ProjectorOpts{Class2: true, Notify: true})
	here, err := net.ListenPacket("udp4", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	call(t, tcp).hear()
	w.ProjectorPower(true)
	hold(w, 2*time.Second)
	b := make([]byte, 64)
	_ = here.SetReadDeadline(time.Now().Add(patience))
	for got := ""; got != "%2POWR=1\r"; {
		n, _, err := here.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		got = string(b[:n])
	}
}
