package device

import (
	"bufio"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

func projectorOn(t *testing.T, w *world.World, o ProjectorOpts) (*Projector, *wire.TCP) {
	t.Helper()
	tcp, err := wire.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tcp.Close() })
	p := NewProjector(w, tcp, o)
	start(t, p.Run)
	return p, tcp
}

// pjlink is a raw PJLink caller.
type pjlink struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

func call(t *testing.T, tcp *wire.TCP) *pjlink {
	t.Helper()
	c := dial(t, "tcp", tcp.Addr().String())
	return &pjlink{t, c, bufio.NewReader(c)}
}

func (p *pjlink) hear() string {
	p.t.Helper()
	s, err := p.r.ReadString('\r')
	if err != nil {
		p.t.Fatalf("%q: %v", s, err)
	}
	return strings.TrimSuffix(s, "\r")
}

func (p *pjlink) ask(command, want string) {
	p.t.Helper()
	if _, err := io.WriteString(p.c, command+"\r"); err != nil {
		p.t.Fatal(err)
	}
	if got := p.hear(); got != want {
		p.t.Errorf("%s: %q, want %q", command, got, want)
	}
}

// ends wants the other end to hang up with nothing more said.
func (p *pjlink) ends() {
	p.t.Helper()
	if s, err := p.r.ReadString('\r'); err == nil || s != "" || errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Errorf("%q, %v; want the end", s, err)
	}
}

func TestProjectorStates(t *testing.T) {
	w := powered(t, world.Opts{Projector: world.ProjectorOpts{WarmUp: time.Second, CoolDown: 2 * time.Second, LampHours: 1234}})
	p, tcp := projectorOn(t, w, ProjectorOpts{})
	c := call(t, tcp)
	if got := c.hear(); got != "PJLINK 0" {
		t.Fatalf("greeting %q", got)
	}
	c.ask("%1POWR ?", "%1POWR=0")
	c.ask("%1INPT ?", "%1INPT=ERR3")
	c.ask("%1LAMP ?", "%1LAMP=1234 0")
	c.ask("%1POWR 1", "%1POWR=OK")
	c.ask("%1POWR ?", "%1POWR=3")
	c.ask("%1POWR 0", "%1POWR=ERR3")
	hold(w, 1100*time.Millisecond)
	c.ask("%1powr ?", "%1POWR=1")
	c.ask("%1INPT 31", "%1INPT=OK")
	c.ask("%1INPT 99", "%1INPT=ERR2")
	c.ask("%1AVMT 31", "%1AVMT=OK")
	c.ask("%1AVMT ?", "%1AVMT=31")
	c.ask("%1LAMP ?", "%1LAMP=1234 1")
	c.ask("%1ERST ?", "%1ERST=000000")
	c.ask("%1POWR 7", "%1POWR=ERR2")
	c.ask("%1XXXX ?", "%1XXXX=ERR1")
	c.ask("%2SNUM ?", "%2SNUM=ERR1")
	c.ask("%1CLSS ?", "%1CLSS=1")
	if v := p.Snapshot(); v != (ProjectorView{State: "on", Input: "31", Muted: true}) {
		t.Errorf("%+v", v)
	}
	c.ask("%1POWR 0", "%1POWR=OK")
	c.ask("%1POWR ?", "%1POWR=2")
	c.ask("%1POWR 1", "%1POWR=ERR3")
	hold(w, 2200*time.Millisecond)
	c.ask("%1POWR ?", "%1POWR=0")
	if err := p.Fault("lamp"); err != nil {
		t.Fatal(err)
	}
	c.ask("%1ERST ?", "%1ERST=020000")
	c.ask("%1POWR 1", "%1POWR=ERR4")
}

func TestProjectorPassword(t *testing.T) {
	w := powered(t, world.Opts{})
	_, tcp := projectorOn(t, w, ProjectorOpts{Password: "JBMIAProjectorLink", Class2: true, Quirks: Quirks{UpperHex: true}})
	c := call(t, tcp)
	var number string
	if _, err := fmt.Sscanf(c.hear(), "PJLINK 1 %s", &number); err != nil || len(number) != 8 {
		t.Fatalf("number %q: %v", number, err)
	}
	digest := fmt.Sprintf("%x", md5.Sum([]byte(number+"JBMIAProjectorLink")))
	c.ask(digest+"%1POWR ?", "%1POWR=0")
	c.ask("%2SNUM ?", "%2SNUM=SB0001")
	c = call(t, tcp)
	c.hear()
	c.ask(strings.Repeat("0", 32)+"%1POWR ?", "PJLINK ERRA")
	c.ends()
}

func TestProjectorQuirks(t *testing.T) {
	w := powered(t, world.Opts{})
	_, tcp := projectorOn(t, w, ProjectorOpts{Quirks: Quirks{LinkUpLine: true, PadNUL: true, LowerCase: true, BlankLine: true, DropEvery: 2}})
	c := call(t, tcp)
	c.hear()
	c.ask("%1POWR ?", "")
	for _, want := range []string{"%2LKUP=00:0b:5d:01:02:03", "%1powr=0"} {
		if got := c.hear(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	c.ask("%1POWR ?", "\x00\x00")
	c = call(t, tcp)
	c.hear()
	_, _ = io.WriteString(c.c, "%1POWR ?\r")
	c.ends()
}

func TestProjectorFaults(t *testing.T) {
	w := powered(t, world.Opts{})
	p, tcp := projectorOn(t, w, ProjectorOpts{})
	fault := func(kind string) {
		t.Helper()
		if err := p.Fault(kind); err != nil {
			t.Fatal(err)
		}
	}
	fault("cut")
	c := call(t, tcp)
	if b, err := io.ReadAll(c.c); string(b) != "PJLI" || err != nil {
		t.Errorf("cut: %q, %v", b, err)
	}
	fault("none")
	c = call(t, tcp)
	c.hear()
	fault("silent")
	_, _ = io.WriteString(c.c, "%1POWR ?\r")
	_ = c.c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if b, err := io.ReadAll(c.c); len(b) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("silent: %q, %v", b, err)
	}
	fault("unplugged")
	if _, err := net.Dial("tcp", tcp.Addr().String()); err == nil {
		t.Error("dialled an unplugged projector")
	}
	fault("none")
	call(t, tcp).hear()
}

func TestProjectorWithoutMainsIsDark(t *testing.T) {
	w := powered(t, world.Opts{})
	_, tcp := projectorOn(t, w, ProjectorOpts{})
	w.SetRelay(1, false)
	hold(w, 200*time.Millisecond)
	if s := w.Snapshot().Projector.State; s != hal.DisplayOff {
		t.Fatal(s)
	}
	c := call(t, tcp)
	_ = c.c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if b, err := io.ReadAll(c.c); len(b) > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%q, %v; want silence", b, err)
	}
	w.SetRelay(1, true)
	hold(w, 300*time.Millisecond)
	call(t, tcp).hear()
}
