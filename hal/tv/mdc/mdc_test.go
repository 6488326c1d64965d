package mdc_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/tv/mdc"
)

// set is a display at a terminal.
type set struct {
	mu       sync.Mutex
	state    byte
	mood     displaytest.Mood
	power    []byte
	selected byte
	heard    []string
	fixed    []byte // answers always this
}

func (s *set) Become(d hal.DisplayState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = map[hal.DisplayState]byte{hal.DisplayOn: 1, hal.DisplayWarming: 2}[d]
}

func (s *set) Mood(m displaytest.Mood) { s.mu.Lock(); s.mood = m; s.mu.Unlock() }

func (s *set) Power() (on, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Equal(s.power, []byte{1}), s.power != nil
}

func (s *set) Selected() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%02x", s.selected)
}

func (s *set) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

// frame closes a frame from the display.
func frame(id byte, data ...byte) []byte {
	f := append([]byte{0xAA, 0xFF, id, byte(len(data))}, data...)
	var sum byte
	for _, c := range f[1:] {
		sum += c
	}
	return append(f, sum)
}

// answer is what the display says to command and its data.
func (s *set) answer(id, command byte, data []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := byte(0)
	switch {
	case s.fixed != nil:
		return s.fixed
	case command == 0x11 && len(data) == 0:
		value = s.state
	case len(data) > 0:
		value = data[0]
	}
	full := frame(id, 'A', command, value)
	switch s.mood {
	case displaytest.Silent:
		return nil
	case displaytest.Garbled:
		full[len(full)-1]++
		return full
	case displaytest.Cut:
		return full[:5]
	case displaytest.Refuses:
		return frame(id, 'N', command, 1)
	}
	switch {
	case command == 0x11 && len(data) > 0:
		s.power = data
	case command == 0x14 && len(data) > 0:
		s.selected = value
	}
	return full
}

// serve answers whole requests at far until that is closed.
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
			for req = append(req, b[:n]...); len(req) >= 4 && len(req) >= 5+int(req[3]); {
				one := req[:5+int(req[3])]
				req = req[len(one):]
				s.mu.Lock()
				s.heard = append(s.heard, strings.ToUpper(hex.EncodeToString(one)))
				s.mu.Unlock()
				_, _ = far.Write(s.answer(one[2], one[1], bytes.Clone(one[4:len(one)-1])))
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
			Display: mdc.New(port, 3), Far: s,
			States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayOn, hal.DisplayWarming},
			Input:  "hdmi2", Wire: "23",
		}
	})
}

// golden reads frames by what they are for: request and answer.
func golden(t *testing.T) map[string]*[2]string {
	t.Helper()
	text, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string]*[2]string{}
	for l := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(l), " ")
		way, bytes, ok := strings.Cut(strings.TrimSpace(rest), " ")
		if !ok || name == "#" {
			continue
		}
		if frames[name] == nil {
			frames[name] = new([2]string)
		}
		frames[name][strings.Index("><", way)] = strings.ReplaceAll(bytes, " ", "")
	}
	return frames
}

func TestFramesOnTheWire(t *testing.T) {
	calls := map[string]func(context.Context, *mdc.TV) error{
		"on":       func(ctx context.Context, v *mdc.TV) error { return v.PowerOn(ctx) },
		"off":      func(ctx context.Context, v *mdc.TV) error { return v.PowerOff(ctx) },
		"state":    func(ctx context.Context, v *mdc.TV) error { _, err := v.State(ctx); return err },
		"volume20": func(ctx context.Context, v *mdc.TV) error { return v.Volume(ctx, 20) },
		"mute":     func(ctx context.Context, v *mdc.TV) error { return v.Mute(ctx, true) },
		"unmute":   func(ctx context.Context, v *mdc.TV) error { return v.Mute(ctx, false) },
	}
	for name, f := range golden(t) {
		call := calls[name]
		if call == nil {
			call = func(ctx context.Context, v *mdc.TV) error { return v.Input(ctx, strings.ToUpper(name)) }
		}
		t.Run(name, func(t *testing.T) {
			port, far := openLine(t, 20*time.Second)
			reply, err := hex.DecodeString(f[1])
			if err != nil {
				t.Fatal(err)
			}
			s := &set{fixed: reply}
			s.serve(t, far)
			if err := call(t.Context(), mdc.New(port, 0)); err != nil {
				t.Fatal(err)
			}
			if got := s.requests(); len(got) != 1 || got[0] != f[0] {
				t.Errorf("on the wire %q, want %q", got, f[0])
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	on := frame(3, 'A', 0x11, 1)
	spoilt := frame(3, 'A', 0x11, 1)
	spoilt[7]++
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name   string
		answer []byte
		want   hal.DisplayState
		err    error
	}{
		{"on", on, hal.DisplayOn, nil},
		{"standby", frame(3, 'A', 0x11, 0), hal.DisplayStandby, nil},
		{"starting anew", frame(3, 'A', 0x11, 2), hal.DisplayWarming, nil},
		{"noise before it", join([]byte{0, 0xAA, 7, 0xFF}, on), hal.DisplayOn, nil},
		{"our own request echoed", join([]byte{0xAA, 0x11, 3, 0, 0x14}, on), hal.DisplayOn, nil},
		{"late answer to another command before it", join(frame(3, 'A', 0x12, 20), on), hal.DisplayOn, nil},
		{"late answer with more data before it", join(frame(3, 'A', 0x0D, 1, 2, 3), on), hal.DisplayOn, nil},
		{"another display's before it", join(frame(4, 'A', 0x11, 0), on), hal.DisplayOn, nil},
		{"refused", frame(3, 'N', 0x11, 1), 0, hal.ErrRefused},
		{"value nobody knows", frame(3, 'A', 0x11, 9), 0, hal.ErrGarbled},
		{"neither yes nor no", frame(3, 'B', 0x11, 1), 0, hal.ErrGarbled},
		{"wrong sum", spoilt, 0, hal.ErrGarbled},
		{"no data", frame(3), 0, hal.ErrGarbled},
		{"cut off", on[:6], 0, hal.ErrGarbled},
		{"a long frame that does not come", []byte{0xAA, 0xFF, 3, 0xFF, 'A'}, 0, hal.ErrGarbled},
		{"only another command", frame(3, 'A', 0x12, 1), 0, hal.ErrGarbled},
		{"silence", []byte{}, 0, hal.ErrSilent},
		{"endless", bytes.Repeat([]byte{0x55}, 3000), 0, hal.ErrGarbled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			port, far := openLine(t, 500*time.Millisecond)
			s := &set{fixed: c.answer}
			s.serve(t, far)
			got, err := mdc.New(port, 3).State(t.Context())
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("State = %v, %v; want %v, %v", got, err, c.want, c.err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "tv 3: ") {
				t.Errorf("error %q does not name the display", err)
			}
		})
	}
}

func TestAcknowledgedOtherValueIsNoSuccess(t *testing.T) {
	for name, call := range map[string]func(*mdc.TV) error{
		"volume": func(v *mdc.TV) error { return v.Volume(t.Context(), 20) },
		"input":  func(v *mdc.TV) error { return v.Input(t.Context(), "hdmi1") },
		"dvi":    func(v *mdc.TV) error { return v.Input(t.Context(), "dvi") },
	} {
		t.Run(name, func(t *testing.T) {
			command := map[string]byte{"volume": 0x12}[name]
			if command == 0 {
				command = 0x14
			}
			if err := call(mdc.New(told(frame(0, 'A', command, 0x19)), 0)); !errors.Is(err, hal.ErrGarbled) {
				t.Errorf("%v, want garbled", err)
			}
		})
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	never := nothing{t}
	for name, err := range map[string]error{
		"id -1":      mdc.New(never, -1).PowerOff(t.Context()),
		"all":        mdc.New(never, 0xFE).PowerOff(t.Context()),
		"volume -1":  mdc.New(never, 1).Volume(t.Context(), -1),
		"volume 101": mdc.New(never, 1).Volume(t.Context(), 101),
		"input":      mdc.New(never, 1).Input(t.Context(), "hdmi5"),
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
	for _, seed := range [][]byte{
		frame(3, 'A', 0x11, 1), frame(3, 'N', 0x11, 1), append(frame(3, 'A', 0x12, 1), frame(3, 'A', 0x11, 0)...),
		{0xAA}, {0xAA, 0xFF, 3, 0xFF}, {0xAA, 0xFF, 3, 0, 2}, {},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := mdc.New(told(b), 3).State(t.Context())
		if err != nil {
			if got != hal.DisplayUnknown {
				t.Fatalf("%v with %v", got, err)
			}
			return
		}
		value := map[hal.DisplayState]byte{hal.DisplayOn: 1, hal.DisplayStandby: 0, hal.DisplayWarming: 2}[got]
		want := []byte{0xAA, 0xFF, 3, 3, 'A', 0x11, value}
		if !bytes.Contains(b, want[:3]) || !bytes.Contains(b, want[4:]) {
			t.Fatalf("%v out of % x", got, b)
		}
	})
}
