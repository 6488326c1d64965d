package display_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/projector/pjlink"
	tvcec "stationbox/hal/tv/cec"
	tvir "stationbox/hal/tv/ir"
	"stationbox/hal/tv/lg"
)

// set is one TV with a CEC wire, a serial line and an eye for a remote control.
type set struct {
	mu      sync.Mutex
	on      bool
	deafCEC bool // acknowledges and does nothing
	deadCEC bool // does not even acknowledge
	frozen  byte // what it answers to the CEC question, whatever it does; 0: the truth
	mute    bool // says nothing in standby over the serial line
	deaf    bool // the serial line obeys nothing
	blind   bool // sees no remote control
	keys    int
	log     []string
	mood    displaytest.Mood
	power   string
	input   string
}

func (s *set) do(by string, on bool) {
	s.log = append(s.log, fmt.Sprintf("%s %v", by, on))
	s.on = on
}

func (s *set) commands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, ", ")
}

// ma is what the set draws.
func (s *set) ma() (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on {
		return 450, true
	}
	return 20, true
}

func (s *set) isOn() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.on }

// bus is the CEC wire to the set.
type bus struct{ *set }

func (b bus) Send(_ context.Context, _ byte, body ...byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.deadCEC {
		return fmt.Errorf("cec: %w", hal.ErrSilent)
	}
	switch {
	case b.deafCEC:
		b.log = append(b.log, fmt.Sprintf("cec %02x ignored", body[0]))
	case body[0] == 0x04, body[0] == 0x0D:
		b.do("cec", true)
	case body[0] == 0x36:
		b.do("cec", false)
	}
	return nil
}

func (b bus) Ask(_ context.Context, _, _ byte, _ ...byte) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.deadCEC:
		return nil, fmt.Errorf("cec: %w", hal.ErrSilent)
	case b.frozen > 0:
		return []byte{b.frozen}, nil
	case b.on:
		return []byte{0}, nil
	}
	return []byte{1}, nil
}

func (b bus) PhysicalAddress(context.Context) (uint16, error) { return 0x1000, nil }

// light is the remote control of the set: one key that toggles.
type light struct{ *set }

func (light) Check(string) error { return nil }

func (l light) Send(context.Context, string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys++
	if !l.blind {
		l.do("ir", !l.on)
	}
	return nil
}

// answer is what the set says at its serial line to "ka 01 ff".
func (s *set) answer(req string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := strings.Fields(req)
	if len(f) != 3 || s.mood == displaytest.Silent || s.mute && !s.on && f[2] == "ff" {
		return ""
	}
	letter, data := f[0][1:], f[2]
	switch {
	case s.mood == displaytest.Garbled:
		return "\xff\x00 ?? x"
	case s.mood == displaytest.Cut:
		return letter + " " + f[1] + " O"
	case s.mood == displaytest.Refuses:
		return letter + " " + f[1] + " NG00x"
	case f[0] == "ka" && data == "ff":
		data = map[bool]string{true: "01", false: "00"}[s.on]
	case f[0] == "ka":
		s.power = data
		if s.deaf {
			s.log = append(s.log, "serial "+data+" ignored")
		} else {
			s.do("serial", data == "01")
		}
	case f[0] == "xb":
		s.input = data
	}
	return letter + " " + f[1] + " OK" + data + "x"
}

func (s *set) Become(d hal.DisplayState) { s.mu.Lock(); s.on = d == hal.DisplayOn; s.mu.Unlock() }

func (s *set) Mood(m displaytest.Mood) { s.mu.Lock(); s.mood = m; s.mu.Unlock() }

func (s *set) Power() (on, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.power == "01", s.power != ""
}

func (s *set) Selected() string { s.mu.Lock(); defer s.mu.Unlock(); return s.input }

// serial is the driver at the set's serial line.
func (s *set) serial(t *testing.T) *lg.TV {
	t.Helper()
	port := line.New(func() (io.ReadWriteCloser, error) {
		near, far := net.Pipe()
		go talk(far, s.answer)
		return near, nil
	}, line.Opts{Timeout: 400 * time.Millisecond})
	t.Cleanup(func() { _ = port.Close() })
	return lg.New(port, 1)
}

// talk answers lines that end with CR until the connection ends.
func talk(c net.Conn, answer func(string) string) {
	defer func() { _ = c.Close() }()
	for r := bufio.NewReader(c); ; {
		req, err := r.ReadString('\r')
		if err != nil {
			return
		}
		if a := answer(strings.TrimSuffix(req, "\r")); a != "" {
			if _, err := c.Write([]byte(a)); err != nil {
				return
			}
		}
	}
}

func (s *set) cec() *tvcec.TV { return tvcec.New(bus{s}) }

// remote is a remote control that knows the current, or not.
func (s *set) remote(t *testing.T, measured func() (hal.DisplayState, error)) *tvir.TV {
	t.Helper()
	o := tvir.Opts{Now: time.Now}
	if measured != nil {
		o.Measured = func(context.Context) (hal.DisplayState, error) { return measured() }
	}
	tv, err := tvir.New(light{s}, tvir.Keys{Toggle: []string{"nec:0x408"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return tv
}

// beamer is a projector that speaks PJLink over pipes and has a lamp.
type beamer struct {
	mu      sync.Mutex
	state   hal.DisplayState
	next    hal.DisplayState
	until   time.Time
	warm    time.Duration
	refuses time.Time // everything until then, with ERR3
	closes  bool      // hangs up before it answers
	lower   bool      // answers in the other case
	lamps   string
	ersting string
	log     []string
	hot     int // strikes while it cooled
}

func (b *beamer) now() hal.DisplayState {
	if !b.until.IsZero() && !time.Now().Before(b.until) {
		b.state, b.until = b.next, time.Time{}
	}
	return b.state
}

func (b *beamer) go2(via, to hal.DisplayState, d time.Duration) {
	b.state, b.next, b.until = via, to, time.Now().Add(d)
}

func (b *beamer) answer(req string) string {
	head, param, _ := strings.Cut(req, " ")
	if param != "?" && head == "%1POWR" {
		b.log = append(b.log, map[string]string{"1": "on", "0": "off"}[param])
	}
	now := b.now()
	switch {
	case time.Now().Before(b.refuses):
		return head + "=ERR3"
	case head == "%1POWR" && param == "?":
		return head + "=" + map[hal.DisplayState]string{hal.DisplayStandby: "0", hal.DisplayOn: "1", hal.DisplayCooling: "2", hal.DisplayWarming: "3"}[now]
	case head == "%1POWR" && param == "1":
		if now == hal.DisplayCooling {
			b.hot++
		}
		if now != hal.DisplayStandby {
			return head + "=ERR3"
		}
		b.go2(hal.DisplayWarming, hal.DisplayOn, b.warm)
	case head == "%1POWR":
		if now != hal.DisplayOn {
			return head + "=ERR3"
		}
		b.go2(hal.DisplayCooling, hal.DisplayStandby, 90*time.Second)
	case head == "%1INPT" && param != "?":
	case head == "%1LAMP" && b.lamps != "":
		return head + "=" + b.lamps
	case head == "%1ERST" && b.ersting != "":
		return head + "=" + b.ersting
	default:
		return head + "=ERR1"
	}
	return head + "=OK"
}

func (b *beamer) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		defer func() { _ = far.Close() }()
		if _, err := far.Write([]byte("PJLINK 0\r")); err != nil {
			return
		}
		req, err := bufio.NewReader(far).ReadString('\r')
		if err != nil {
			return
		}
		b.mu.Lock()
		a := b.answer(strings.TrimSuffix(req, "\r"))
		if b.lower {
			a = strings.ToLower(a)
		}
		closes := b.closes
		b.mu.Unlock()
		if !closes {
			_, _ = far.Write([]byte(a + "\r"))
		}
	}()
	return near, nil
}

func (b *beamer) driver() *pjlink.Projector {
	return pjlink.New("10.0.0.5", pjlink.Opts{Dial: b.dial})
}

func (b *beamer) set(fn func(*beamer)) { b.mu.Lock(); fn(b); b.mu.Unlock() }

func (b *beamer) commands() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.log, ", ")
}
