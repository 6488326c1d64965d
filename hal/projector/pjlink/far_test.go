package pjlink_test

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/projector/pjlink"
)

// script is what a projector says in one connection.
type script struct {
	greeting string
	answer   string // after the request; "" closes without one
	hold     bool   // keeps the connection open until we hang up
}

// far is a projector on a real port that plays one script a connection, the
// last one again and again, and keeps the requests.
type far struct {
	addr string

	mu      sync.Mutex
	scripts []script
	heard   []string
}

func newFar(t *testing.T, scripts ...script) *far {
	t.Helper()
	f := &far{scripts: scripts}
	f.addr = displaytest.Listen(t, func(c net.Conn) {
		s := f.next()
		_, _ = c.Write([]byte(s.greeting))
		r := bufio.NewReader(c)
		if s.answer != "" || s.hold {
			if req, err := r.ReadString('\r'); err == nil {
				f.hear(req)
			}
		}
		_, _ = c.Write([]byte(s.answer))
		if s.hold {
			_, _ = r.ReadByte()
		}
	})
	return f
}

func (f *far) next() script {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.scripts[0]
	if len(f.scripts) > 1 {
		f.scripts = f.scripts[1:]
	}
	return s
}

func (f *far) hear(req string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = append(f.heard, req)
}

func (f *far) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.heard...)
}

// model is a projector with a state, for the contract of displays.
type model struct {
	displaytest.Model
}

func (m *model) serve(c net.Conn) {
	_, _ = c.Write([]byte("PJLINK 0\r"))
	r := bufio.NewReader(c)
	req, err := r.ReadString('\r')
	if err != nil {
		return
	}
	answer := m.answer(strings.TrimSuffix(req, "\r"))
	_, _ = c.Write([]byte(answer))
	if answer == "" {
		_, _ = r.ReadByte() // until the driver gives up
	}
}

func (m *model) answer(req string) string {
	m.Lock()
	defer m.Unlock()
	head, param, _ := strings.Cut(req, " ")
	switch m.Mind {
	case displaytest.Silent:
		return ""
	case displaytest.Garbled:
		return "\xff\xfe%1PO=\r"
	case displaytest.Cut:
		return head + "="
	case displaytest.Refuses:
		return head + "=ERR3\r"
	}
	switch {
	case head == "%1POWR" && param == "?":
		codes := map[hal.DisplayState]string{hal.DisplayStandby: "0", hal.DisplayOn: "1",
			hal.DisplayCooling: "2", hal.DisplayWarming: "3", hal.DisplayFault: "ERR4"}
		return head + "=" + codes[m.Now] + "\r"
	case req == "%1POWR 1":
		m.Told = "on"
	case req == "%1POWR 0":
		m.Told = "off"
	case head == "%1INPT":
		m.Chosen = param
	default:
		return head + "=ERR1\r"
	}
	return head + "=OK\r"
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		m := &model{}
		return displaytest.Bench{
			Display: pjlink.New(displaytest.Listen(t, m.serve), pjlink.Opts{Timeout: time.Second}),
			Far:     m,
			States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn,
				hal.DisplayCooling, hal.DisplayFault},
			Input: "3a", Wire: "3A",
		}
	})
}
