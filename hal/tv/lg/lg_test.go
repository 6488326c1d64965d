package lg_test

import (
	"bytes"
	"context"
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
	"stationbox/hal/tv/lg"
)

// patience is how long a test waits for what must happen on a busy machine.
const patience = 20 * time.Second

// set is a television at a terminal.
type set struct {
	mu       sync.Mutex
	on       bool
	mood     displaytest.Mood
	power    string
	selected string
	old      bool // knows kb only
	heard    []string
}

func (s *set) Become(d hal.DisplayState) { s.mu.Lock(); s.on = d == hal.DisplayOn; s.mu.Unlock() }

func (s *set) Mood(m displaytest.Mood) { s.mu.Lock(); s.mood = m; s.mu.Unlock() }

func (s *set) Power() (on, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.power == "01", s.power != ""
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

// answer is what the set says to "ka 01 ff".
func (s *set) answer(req string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, req)
	var cmd, id, data string
	_, _ = fmt.Sscan(req, &cmd, &id, &data)
	letter := cmd[1:]
	switch s.mood {
	case displaytest.Silent:
		return ""
	case displaytest.Garbled:
		return "\xff\x00 ?? x"
	case displaytest.Cut:
		return letter + " " + id + " O"
	case displaytest.Refuses:
		return letter + " " + id + " NG00x"
	}
	switch {
	case cmd == "ka" && data == "ff" && s.on:
		data = "01"
	case cmd == "ka" && data == "ff":
		data = "00"
	case cmd == "ka":
		s.power = data
	case cmd == "xb" && s.old:
		return letter + " " + id + " NG00x"
	case cmd == "xb", cmd == "kb":
		s.selected = data
	}
	return letter + " " + id + " OK" + data + "x"
}

// serve lets the set answer at far until that is closed.
func (s *set) serve(t *testing.T, far *os.File) {
	t.Helper()
	play(t, far, s.answer)
}

func play(t *testing.T, far *os.File, answer func(string) string) {
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
			req = append(req, b[:n]...)
			for {
				one, rest, ok := bytes.Cut(req, []byte("\r"))
				if !ok {
					break
				}
				_, _ = far.WriteString(answer(string(one)))
				req = rest
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
		port, far := openLine(t, 800*time.Millisecond)
		s := &set{}
		s.serve(t, far)
		return displaytest.Bench{
			Display: lg.New(port, 1), Far: s,
			States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayOn},
			Input:  "hdmi2", Wire: "91",
		}
	})
}

func TestRequestsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		want string
		call func(context.Context, *lg.TV) error
	}{
		{"ka 0a 01", func(ctx context.Context, v *lg.TV) error { return v.PowerOn(ctx) }},
		{"ka 0a 00", func(ctx context.Context, v *lg.TV) error { return v.PowerOff(ctx) }},
		{"ka 0a ff", func(ctx context.Context, v *lg.TV) error { _, err := v.State(ctx); return err }},
		{"xb 0a 90", func(ctx context.Context, v *lg.TV) error { return v.Input(ctx, "hdmi1") }},
		{"xb 0a 92", func(ctx context.Context, v *lg.TV) error { return v.Input(ctx, "HDMI3") }},
		{"kf 0a 00", func(ctx context.Context, v *lg.TV) error { return v.Volume(ctx, 0) }},
		{"kf 0a 64", func(ctx context.Context, v *lg.TV) error { return v.Volume(ctx, 100) }},
		{"ke 0a 00", func(ctx context.Context, v *lg.TV) error { return v.Mute(ctx, true) }},
		{"ke 0a 01", func(ctx context.Context, v *lg.TV) error { return v.Mute(ctx, false) }},
	} {
		t.Run(c.want, func(t *testing.T) {
			port, far := openLine(t, patience)
			s := &set{}
			s.serve(t, far)
			if err := c.call(t.Context(), lg.New(port, 10)); err != nil {
				t.Fatal(err)
			}
			if got := s.requests(); len(got) != 1 || got[0] != c.want {
				t.Errorf("on the wire %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         hal.DisplayState
		err          error
	}{
		{"on", "a 01 OK01x", hal.DisplayOn, nil},
		{"standby", "a 01 OK00x", hal.DisplayStandby, nil},
		{"upper case", "A 01 OK01x", hal.DisplayOn, nil},
		{"lower case", "a 01 ok01x", hal.DisplayOn, nil},
		{"line ends around it", "\r\n\x00a 01 OK01x\r\n", hal.DisplayOn, nil},
		{"late answer to another command before it", "f 01 OK14xa 01 OK01x", hal.DisplayOn, nil},
		{"another set's answer before it", "a 02 OK00xa 01 OK01x", hal.DisplayOn, nil},
		{"refused", "a 01 NG00x", 0, hal.ErrRefused},
		{"unknown value", "a 01 OK02x", 0, hal.ErrGarbled},
		{"no hex", "a 01 OK0zx", 0, hal.ErrGarbled},
		{"too long", "a 01 OK001x", 0, hal.ErrGarbled},
		{"no word", "a 01 ON01x", 0, hal.ErrGarbled},
		{"nothing in it", "x", 0, hal.ErrGarbled},
		{"cut off", "a 01 OK0", 0, hal.ErrGarbled},
		{"only another command", "f 01 OK14x", 0, hal.ErrGarbled},
		{"endless", strings.Repeat("a", 3000), 0, hal.ErrGarbled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			port, far := openLine(t, time.Second)
			play(t, far, func(string) string { return c.answer })
			got, err := lg.New(port, 1).State(t.Context())
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("State = %v, %v; want %v, %v", got, err, c.want, c.err)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "tv 1: ") {
				t.Errorf("error %q does not name the set", err)
			}
		})
	}
}

func TestOlderSetGetsOlderInputCommand(t *testing.T) {
	port, far := openLine(t, patience)
	s := &set{old: true}
	s.serve(t, far)
	tv := lg.New(port, 1)
	if err := tv.Input(t.Context(), "hdmi1"); err != nil || s.Selected() != "08" {
		t.Errorf("hdmi1: %v, selected %q", err, s.Selected())
	}
	if err := tv.Input(t.Context(), "hdmi3"); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("hdmi3: %v, want refused", err)
	}
}

func TestAcknowledgedOtherValueIsNoSuccess(t *testing.T) {
	port, far := openLine(t, patience)
	play(t, far, func(string) string { return "f 01 OK05x" })
	if err := lg.New(port, 1).Volume(t.Context(), 20); !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("Volume = %v, want garbled", err)
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	never := nothing{t}
	for name, err := range map[string]error{
		"set 0":      lg.New(never, 0).PowerOff(t.Context()),
		"set 100":    lg.New(never, 100).PowerOff(t.Context()),
		"volume -1":  lg.New(never, 1).Volume(t.Context(), -1),
		"volume 101": lg.New(never, 1).Volume(t.Context(), 101),
		"input":      lg.New(never, 1).Input(t.Context(), "hdmi4"),
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
	for _, seed := range []string{"a 01 OK01x", "a 01 NG00x", "f 01 OK14xa 01 OK00x", "\r\na 01 OK01x\r\n", "x", "a 01 OK", "\xff\x00x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := lg.New(told(b), 1).State(t.Context())
		if err != nil {
			if got != hal.DisplayUnknown {
				t.Fatalf("%v with %v", got, err)
			}
			return
		}
		want := map[hal.DisplayState]string{hal.DisplayOn: "A 01 OK01X", hal.DisplayStandby: "A 01 OK00X"}[got]
		if want == "" || !strings.Contains(strings.ToUpper(string(b)), want) {
			t.Fatalf("%v out of %q", got, b)
		}
	})
}
