package exlink_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/tv/exlink"
)

const (
	yes = "030CF1"
	no  = "030CFF"
)

// set is a television at a terminal.
type set struct {
	mu       sync.Mutex
	on       bool
	mood     displaytest.Mood
	power    string
	selected string
	heard    []string
	fixed    *string // answers always this
}

func (s *set) Become(d hal.DisplayState) { s.mu.Lock(); s.on = d == hal.DisplayOn; s.mu.Unlock() }

func (s *set) Mood(m displaytest.Mood) { s.mu.Lock(); s.mood = m; s.mu.Unlock() }

func (s *set) Power() (on, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.power == "082200000002D4", s.power != ""
}

func (s *set) Selected() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.selected
}

func (s *set) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

// answer is what the set says, in hexadecimal.
func (s *set) answer(req string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, req)
	switch s.mood {
	case displaytest.Silent:
		return ""
	case displaytest.Garbled:
		return "030C7A"
	case displaytest.Cut:
		return "030C"
	case displaytest.Refuses:
		return no
	}
	if s.fixed != nil {
		return *s.fixed
	}
	switch {
	case strings.HasPrefix(req, "0822F0") && !s.on:
		return no
	case strings.HasPrefix(req, "082200"):
		s.power = req
		return yes + "FF"
	case strings.HasPrefix(req, "08220A"):
		s.selected = req
	}
	return yes
}

// serve answers requests of seven bytes at far until that is closed.
func (s *set) serve(t *testing.T, far *os.File) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var req []byte
		b := make([]byte, 64)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			for req = append(req, b[:n]...); len(req) >= 7; req = req[7:] {
				out, _ := hex.DecodeString(s.answer(strings.ToUpper(hex.EncodeToString(req[:7]))))
				_, _ = far.Write(out)
			}
		}
	}()
	t.Cleanup(func() { _ = far.Close(); <-done })
}

func openLine(t *testing.T, timeout time.Duration) (*line.Port, *os.File) {
	t.Helper()
	name, far := linetest.PTY(t)
	port := line.Open(name, line.Opts{Name: "ttyX", Timeout: timeout})
	t.Cleanup(func() { _ = port.Close() })
	return port, far
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		port, far := openLine(t, 400*time.Millisecond)
		s := &set{}
		s.serve(t, far)
		return displaytest.Bench{
			Display: exlink.New(port, exlink.Opts{Probe: true}), Far: s,
			States: []hal.DisplayState{hal.DisplayOn},
			Input:  "hdmi2", Wire: "08220A000501C6",
		}
	})
}

// golden reads the frames, by what they are for, without spaces.
func golden(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string]string{}
	for l := range strings.Lines(string(text)) {
		if name, frame, ok := strings.Cut(strings.TrimSpace(l), " "); ok && name != "#" {
			frames[name] = strings.ReplaceAll(frame, " ", "")
		}
	}
	return frames
}

func TestRequestsOnTheWire(t *testing.T) {
	calls := map[string]func(context.Context, *exlink.TV) error{
		"on":       func(ctx context.Context, v *exlink.TV) error { return v.PowerOn(ctx) },
		"off":      func(ctx context.Context, v *exlink.TV) error { return v.PowerOff(ctx) },
		"status":   func(ctx context.Context, v *exlink.TV) error { _, err := v.State(ctx); return err },
		"volume20": func(ctx context.Context, v *exlink.TV) error { return v.Volume(ctx, 20) },
	}
	for name, want := range golden(t) {
		call := calls[name]
		if call == nil {
			call = func(ctx context.Context, v *exlink.TV) error { return v.Input(ctx, strings.ToUpper(name)) }
		}
		t.Run(name, func(t *testing.T) {
			port, far := openLine(t, 20*time.Second)
			s := &set{on: true}
			s.serve(t, far)
			if err := call(t.Context(), exlink.New(port, exlink.Opts{Probe: true})); err != nil {
				t.Fatal(err)
			}
			if got := s.requests(); len(got) != 1 || got[0] != want {
				t.Errorf("on the wire %q, want %q", got, want)
			}
			if b, err := hex.DecodeString(want); err != nil || len(b) != 7 || total(b) != 0 {
				t.Errorf("golden frame %s adds up to %#02x, %v", want, total(b), err)
			}
		})
	}
}

func total(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		opts         exlink.Opts
		want         hal.DisplayState
		err          error
	}{
		{"yes", yes, exlink.Opts{Probe: true}, hal.DisplayOn, nil},
		{"yes and FF", yes + "FF", exlink.Opts{Probe: true}, hal.DisplayOn, nil},
		{"yes and 00", yes + "00", exlink.Opts{Probe: true}, hal.DisplayOn, nil},
		{"noise of the remote before it", "CB141347E60ECB3C7C" + yes, exlink.Opts{Probe: true}, hal.DisplayOn, nil},
		{"half an answer before it", "0303" + "0CF1", exlink.Opts{Probe: true}, hal.DisplayOn, nil},
		{"no", no, exlink.Opts{Probe: true}, 0, hal.ErrRefused},
		{"no of a model that means standby by it", no, exlink.Opts{Probe: true, RefusalIsStandby: true}, hal.DisplayStandby, nil},
		{"neither", "030C00", exlink.Opts{Probe: true, RefusalIsStandby: true}, 0, hal.ErrGarbled},
		{"noise only", "CB141347E60ECB3C7C", exlink.Opts{Probe: true}, 0, hal.ErrGarbled},
		{"cut off", "030C", exlink.Opts{Probe: true}, 0, hal.ErrGarbled},
		{"silence", "", exlink.Opts{Probe: true, RefusalIsStandby: true}, 0, hal.ErrSilent},
		{"endless", strings.Repeat("AA", 2000), exlink.Opts{Probe: true}, 0, hal.ErrGarbled},
		{"not asked", yes, exlink.Opts{}, 0, hal.ErrSilent},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			port, far := openLine(t, 500*time.Millisecond)
			s := &set{fixed: &c.answer}
			s.serve(t, far)
			got, err := exlink.New(port, c.opts).State(t.Context())
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("State = %v, %v; want %v, %v", got, err, c.want, c.err)
			}
			if asked := len(s.requests()) > 0; asked != c.opts.Probe {
				t.Errorf("asked %v", asked)
			}
		})
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	tv := exlink.New(nothing{t}, exlink.Opts{})
	for name, err := range map[string]error{
		"volume -1":  tv.Volume(t.Context(), -1),
		"volume 101": tv.Volume(t.Context(), 101),
		"input":      tv.Input(t.Context(), "hdmi5"),
	} {
		if err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

type nothing struct{ t *testing.T }

func (n nothing) Exchange(context.Context, []byte, func([]byte) (int, error)) ([]byte, error) {
	n.t.Error("something was sent")
	return nil, hal.ErrSilent
}

// told is a line that has already answered.
type told []byte

func (b told) Exchange(_ context.Context, _ []byte, done func([]byte) (int, error)) ([]byte, error) {
	n, err := done(b)
	if err == nil && n == 0 {
		err = hal.ErrGarbled // as a line does after its time
	}
	return b[:n], err
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{yes, no, yes + "FF", "030C", "0303" + "0CF1", "CB1413" + yes, ""} {
		b, _ := hex.DecodeString(seed)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := exlink.New(told(b), exlink.Opts{Probe: true, RefusalIsStandby: true}).State(t.Context())
		want := map[hal.DisplayState][]byte{hal.DisplayOn: {3, 0x0C, 0xF1}, hal.DisplayStandby: {3, 0x0C, 0xFF}}[got]
		if (err == nil) != (want != nil) || !bytes.Contains(b, want) {
			t.Fatalf("%v, %v out of % x", got, err, b)
		}
	})
}
