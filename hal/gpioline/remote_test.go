package gpioline

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

func openServer(t *testing.T) (*pinServer, *rig) {
	t.Helper()
	m := newModel("GPIO4", "GPIO17", "GPIO18")
	s := startPinServer(t, m)
	b, err := Open(t.Context(), "unix:"+s.path, "test")
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return s, &rig{bank: b, pull: m.pull, state: m.state, history: m.history, hold: m.hold}
}

// lose makes the server vanish and waits until the bank has noticed.
func lose(t *testing.T, s *pinServer, r *rig) {
	t.Helper()
	s.stop()
	eventually(t, "bank knows", func() bool { return errors.Is(r.bank.State(), hal.ErrGone) })
}

func TestRequestLines(t *testing.T) {
	s, r := openServer(t)
	p := r.pin(t, "GPIO17")
	must(t, p.Out(gpio.High))
	must(t, p.Out(gpio.Low))
	_, err := p.Level()
	must(t, err)
	must(t, p.InDebounced(gpio.PullUp, gpio.BothEdges, 15*time.Millisecond))
	must(t, p.In(gpio.PullDown, gpio.RisingEdge))
	must(t, p.In(gpio.Float, gpio.FallingEdge))
	must(t, p.In(gpio.PullNoChange, gpio.NoEdge))
	must(t, p.Halt())
	want := []string{
		"hello 1 test", "out GPIO17 1", "out GPIO17 0", "get GPIO17",
		"in GPIO17 up both 15000", "in GPIO17 down rise 0", "in GPIO17 off fall 0", "in GPIO17 off none 0",
		"free GPIO17",
	}
	if got := s.requests(); !slices.Equal(got, want) {
		t.Fatalf("server was asked\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestServerVanishesAndComesBack(t *testing.T) {
	s, r := openServer(t)
	in, relay, lamp := r.pin(t, "GPIO4"), r.pin(t, "GPIO17"), r.pin(t, "GPIO18")
	must(t, in.In(gpio.PullUp, gpio.BothEdges))
	must(t, relay.Out(gpio.High))
	lamp.Restore(true)
	must(t, lamp.Out(gpio.Low))
	must(t, lamp.Post(gpio.High))
	eventually(t, "post arrived", func() bool { _, l := r.state("GPIO18"); return l == gpio.High })

	lose(t, s, r)
	_, errLevel := in.Level()
	for name, err := range map[string]error{
		"level": errLevel, "out": relay.Out(gpio.High), "post": relay.Post(gpio.High), "in": lamp.In(gpio.Float, gpio.NoEdge),
	} {
		if !errors.Is(err, hal.ErrGone) {
			t.Errorf("%s without a server: %v, want ErrGone", name, err)
		}
	}

	s.start()
	eventually(t, "bank is back", func() bool { return r.bank.State() == nil })
	if output, _ := r.state("GPIO17"); output {
		t.Error("an output nobody asked to restore is driven")
	}
	if _, err := relay.Level(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("level of an output that was let go: %v, want ErrGone", err)
	}
	r.wantState(t, "GPIO18", true, gpio.High)
	if h := r.history("GPIO18"); h[len(h)-1] != "out1" || h[len(h)-2] != "in" {
		t.Errorf("restored through %v, want in, out1 at the end", h)
	}
	r.pull("GPIO4", gpio.High)
	if !in.WaitForEdge(patience) {
		t.Error("no edges after the server came back")
	}
	must(t, relay.Post(gpio.High))
	r.wantState(t, "GPIO17", true, gpio.High)
}

// TestWaitSurvivesLoss: who waits for an edge while the server is away gets the
// edge that comes when it is back.
func TestWaitSurvivesLoss(t *testing.T) {
	s, r := openServer(t)
	p := r.pin(t, "GPIO4")
	must(t, p.In(gpio.PullUp, gpio.BothEdges))
	saw := make(chan bool, 1)
	go func() { saw <- p.WaitForEdge(2 * patience) }()
	lose(t, s, r)
	s.start()
	eventually(t, "bank is back", func() bool { return r.bank.State() == nil })
	r.pull("GPIO4", gpio.High)
	if !<-saw {
		t.Fatal("edge lost")
	}
}

// TestInputRefusedAtReturn: an input that somebody else took meanwhile is asked
// for again at its next use.
func TestInputRefusedAtReturn(t *testing.T) {
	s, r := openServer(t)
	p := r.pin(t, "GPIO4")
	must(t, p.In(gpio.PullUp, gpio.NoEdge))
	lose(t, s, r)
	s.fake("in", "err busy GPIO4 taken")
	s.start()
	eventually(t, "bank is back", func() bool { return r.bank.State() == nil })
	if _, err := p.Level(); !errors.Is(err, hal.ErrRefused) {
		t.Fatalf("level: %v, want ErrRefused", err)
	}
	s.fake("in", "")
	if _, err := p.Level(); err != nil {
		t.Fatalf("level after the other let go: %v", err)
	}
}

// TestSilentServer: every call ends, and a late reply reaches nobody else.
func TestSilentServer(t *testing.T) {
	s, r := openServer(t)
	a, b := r.pin(t, "GPIO4"), r.pin(t, "GPIO17")
	must(t, a.In(gpio.Float, gpio.NoEdge))
	must(t, b.Out(gpio.High))
	release := s.stall()
	if _, err := a.Level(); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("level: %v, want ErrSilent", err)
	}
	if err := b.Out(gpio.High); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("out: %v, want ErrSilent", err)
	}
	if err := r.bank.State(); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("state: %v, want ErrSilent", err)
	}
	var err error
	for range 2 * maxPosts {
		err = b.Post(gpio.High)
	}
	if !errors.Is(err, hal.ErrSilent) {
		t.Errorf("post %d: %v, want ErrSilent", 2*maxPosts, err)
	}
	release()
	eventually(t, "server caught up", func() bool { return r.bank.State() == nil })
	for _, l := range []gpio.Level{gpio.High, gpio.Low, gpio.High, gpio.Low} {
		r.pull("GPIO4", l)
		if got, err := a.Level(); err != nil || got != l {
			t.Fatalf("level after the stall: %v, %v, want %v: replies are out of step", got, err, l)
		}
	}
	if output, _ := r.state("GPIO17"); !output {
		t.Error("a stall cost an output")
	}
}

// TestDeadServer: a server that owes a reply for too long is hung up on.
func TestDeadServer(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	s := newSession(here, CallTimeout, nil)
	c := s.take()
	c.since = Monotonic() - 2*hangLimit
	s.push(c)
	s.checkHang()
	m := <-c.done
	if !errors.Is(m.err, hal.ErrSilent) || !errors.Is(s.reason(), hal.ErrSilent) {
		t.Fatalf("after %v without reply: %v, %v", 2*hangLimit, m.err, s.reason())
	}
	if _, err := s.send([]byte("x\n"), nil); !errors.Is(err, hal.ErrSilent) {
		t.Fatalf("send on a dead session: %v", err)
	}
}

// TestGarbledServer: nonsense ends the connection, and the next one works.
func TestGarbledServer(t *testing.T) {
	for name, c := range map[string]struct {
		reply string
		want  error
	}{
		"nonsense":        {"what?", hal.ErrGarbled},
		"endless line":    {"ok" + strings.Repeat(" 1", maxLine), hal.ErrGarbled},
		"too many levels": {"ok 1 1", hal.ErrGarbled},
		"no level":        {"ok", hal.ErrGarbled},
		"wrong level":     {"ok 2", hal.ErrGarbled},
		"refused":         {"err bad do not like it", hal.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := openServer(t)
			p := r.pin(t, "GPIO4")
			must(t, p.In(gpio.PullUp, gpio.NoEdge))
			s.fake("get", c.reply)
			if _, err := p.Level(); !errors.Is(err, c.want) {
				t.Fatalf("level: %v, want %v", err, c.want)
			}
			s.fake("get", "")
			eventually(t, "level again", func() bool { _, err := p.Level(); return err == nil })
		})
	}
}

// TestRepliesToNothing: a server that talks unasked is out of step.
func TestRepliesToNothing(t *testing.T) {
	here, there := net.Pipe()
	s := newSession(here, CallTimeout, nil)
	go func() { _, _ = there.Write([]byte("ok\n")) }()
	if err := s.read(); !errors.Is(err, hal.ErrGarbled) {
		t.Fatalf("read: %v, want ErrGarbled", err)
	}
}

// TestRefusedPost: an output lost behind our back is asked for again.
func TestRefusedPost(t *testing.T) {
	s, r := openServer(t)
	p := r.pin(t, "GPIO17")
	must(t, p.Out(gpio.Low))
	s.fake("out", "err busy GPIO17 taken away")
	eventually(t, "error shows", func() bool { return errors.Is(p.Post(gpio.High), hal.ErrRefused) })
	if _, err := p.Level(); !errors.Is(err, hal.ErrGone) {
		t.Fatalf("level of a line that is not ours: %v", err)
	}
	s.fake("out", "")
	must(t, p.Post(gpio.High))
	r.wantState(t, "GPIO17", true, gpio.High)
}

func TestOpenServerErrors(t *testing.T) {
	s := startPinServer(t, newModel())
	s.fake("hello", "err bad speak version 2")
	if b, err := Open(t.Context(), "unix:"+s.path, "test"); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("refused hello: %v, %v", b, err)
	}
	s.fake("hello", "")
	s.setMute(true)
	if b, err := Open(t.Context(), "unix:"+s.path, "test"); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("mute server: %v, %v", b, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if b, err := Open(ctx, "unix:"+s.path, "test"); err == nil {
		t.Errorf("cancelled: opened %v", b)
	}
}

// TestCloseWhileAway: Close ends the dialling too.
func TestCloseWhileAway(t *testing.T) {
	s, r := openServer(t)
	must(t, r.pin(t, "GPIO17").Out(gpio.High))
	lose(t, s, r)
	must(t, r.bank.Close())
	if err := r.bank.State(); !errors.Is(err, hal.ErrGone) {
		t.Fatalf("state: %v", err)
	}
}

// TestManyCallers: replies find their callers.
func TestManyCallers(t *testing.T) {
	s, r := openServer(t)
	high, low, drive := r.pin(t, "GPIO4"), r.pin(t, "GPIO18"), r.pin(t, "GPIO17")
	r.pull("GPIO4", gpio.High)
	must(t, high.In(gpio.Float, gpio.NoEdge))
	must(t, low.In(gpio.Float, gpio.NoEdge))
	must(t, drive.Out(gpio.Low))
	failed := make(chan error, 3)
	ask := func(p *Pin, want gpio.Level) {
		for range 300 {
			if got, err := p.Level(); err != nil && !errors.Is(err, hal.ErrSilent) || err == nil && got != want {
				failed <- errors.Join(err, errors.New("wrong level of "+p.Name()))
				return
			}
		}
		failed <- nil
	}
	go ask(high, gpio.High)
	go ask(low, gpio.Low)
	go func() {
		for i := range 300 {
			if err := drive.Post(i%2 == 0); err != nil && !errors.Is(err, hal.ErrSilent) {
				failed <- err
				return
			}
		}
		failed <- nil
	}()
	for range 3 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	s.hangUp()
	eventually(t, "back again", func() bool { _, err := high.Level(); return err == nil })
}

// stubConn swallows what is written.
type stubConn struct{ net.Conn }

func (stubConn) Write(b []byte) (int, error)        { return len(b), nil }
func (stubConn) SetWriteDeadline(_ time.Time) error { return nil }
func (stubConn) Close() error                       { return nil }

func TestRemotePostAllocatesNothing(t *testing.T) {
	s := newSession(stubConn{}, CallTimeout, nil)
	r := &remote{sess: s, lines: map[string]*remoteLine{}}
	l, _, err := r.line("GPIO17", newQueue())
	must(t, err)
	own := l.(*remoteLine)
	own.dir, own.held = output, s
	p := &Pin{name: "GPIO17", line: l, queue: own.queue}
	reply := []byte("ok")
	level := gpio.Low
	if n := testing.AllocsPerRun(1000, func() {
		level = !level
		must(t, p.Post(level))
		must(t, s.handle(reply))
	}); n != 0 {
		t.Fatalf("Post and its reply allocate %v times", n)
	}
}

func BenchmarkServerLevel(b *testing.B) { benchServer(b, func(p *Pin) { _, _ = p.Level() }) }

func BenchmarkServerOut(b *testing.B) { benchServer(b, func(p *Pin) { _ = p.Out(gpio.High) }) }

func benchServer(b *testing.B, call func(*Pin)) {
	s := startPinServer(b, newModel("GPIO17"))
	bank, err := Open(b.Context(), "unix:"+s.path, "bench")
	if err != nil {
		b.Fatal(err)
	}
	defer bank.Close()
	p, err := bank.Pin("GPIO17")
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Out(gpio.Low); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		call(p)
	}
}
