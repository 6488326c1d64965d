package gpioline

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// pinServer is a small pin server over a model, written from the protocol's text
// alone, with the ways in which a server can fail.
type pinServer struct {
	t     testing.TB
	path  string
	model *model

	mu      sync.Mutex
	ln      net.Listener
	conns   map[net.Conn]bool
	mute    bool              // takes requests, answers nothing
	gate    chan struct{}     // when set, answers wait until it is closed
	reply   map[string]string // instead of the right answer, by first word
	asked   []string
	running sync.WaitGroup
}

func startPinServer(t testing.TB, m *model) *pinServer {
	t.Helper()
	s := &pinServer{t: t, path: filepath.Join(t.TempDir(), "pins.sock"), model: m, reply: map[string]string{}}
	s.start()
	t.Cleanup(s.stop)
	return s
}

// start listens, also after stop.
func (s *pinServer) start() {
	ln, err := net.Listen("unix", s.path)
	must(s.t, err)
	s.mu.Lock()
	s.ln, s.conns = ln, make(map[net.Conn]bool)
	s.mu.Unlock()
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			s.running.Add(1)
			go s.serve(c)
		}
	}()
}

// stop vanishes like a killed process.
func (s *pinServer) stop() {
	s.mu.Lock()
	_ = s.ln.Close()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func (s *pinServer) setMute(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = on
}

// stall makes the server late until the function returned is called.
func (s *pinServer) stall() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gate := make(chan struct{})
	s.gate = gate
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.gate = nil
		close(gate)
	}
}

// hangUp ends all connections and keeps listening.
func (s *pinServer) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

// fake makes the server answer requests that begin with word with reply.
func (s *pinServer) fake(word, reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply[word] = reply
}

func (s *pinServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

func (s *pinServer) serve(c net.Conn) {
	defer s.running.Done()
	var wmu sync.Mutex
	say := func(format string, args ...any) {
		wmu.Lock()
		defer wmu.Unlock()
		fmt.Fprintf(c, format+"\n", args...)
	}
	for in := bufio.NewScanner(c); in.Scan(); {
		words := strings.Fields(in.Text())
		s.mu.Lock()
		s.asked = append(s.asked, in.Text())
		mute, fake, gate := s.mute, s.reply[words[0]], s.gate
		s.mu.Unlock()
		if gate != nil {
			<-gate
		}
		switch {
		case mute:
		case fake != "":
			say("%s", fake)
		default:
			say("%s", s.answer(c, words, say))
		}
	}
	_ = c.Close()
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	for _, l := range s.model.lines {
		if l.holder == c {
			l.release()
		}
	}
}

func (s *pinServer) answer(c net.Conn, words []string, say func(string, ...any)) string {
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	if words[0] == "hello" {
		return "ok"
	}
	l := s.model.lines[words[1]]
	switch {
	case l == nil:
		return "err unknown " + words[1] + " no such pin here"
	case l.holder != nil && l.holder != c:
		return "err busy " + words[1] + " held by a stranger"
	}
	switch words[0] {
	case "out":
		l.drive(c, words[2] == "1")
	case "in":
		us, _ := strconv.Atoi(words[4])
		l.listen(c, inConfig{
			pull:     map[string]gpio.Pull{"up": gpio.PullUp, "down": gpio.PullDown, "off": gpio.Float}[words[2]],
			edge:     map[string]gpio.Edge{"none": gpio.NoEdge, "rise": gpio.RisingEdge, "fall": gpio.FallingEdge, "both": gpio.BothEdges}[words[3]],
			debounce: time.Duration(us) * time.Microsecond,
		}, func(level gpio.Level, at time.Duration, seq uint32) {
			say("edge %s %d %d %d", l.name, bit(level), at.Nanoseconds(), seq)
		})
	case "get":
		return fmt.Sprintf("ok %d", bit(l.read()))
	case "free":
		l.release()
	default:
		return "err bad what is " + words[0]
	}
	return "ok"
}
