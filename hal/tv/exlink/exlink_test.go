package exlink_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/tv/exlink"
)

const (
	yes = "030CF1"
	no  = "030CFF"
)

// set is a television at a terminal.
type set struct {
	displaytest.Model
	fixed *string // answers always this
}

// frames cuts requests off; all have seven bytes.
func frames(b []byte) int {
	if len(b) < 7 {
		return 0
	}
	return 7
}

// answer obeys a request.
func (s *set) answer(req []byte) string {
	answer, _ := hex.DecodeString(s.says(strings.ToUpper(hex.EncodeToString(req))))
	return string(answer)
}

// says is what the set says to req, both in hexadecimal.
func (s *set) says(req string) string {
	s.Lock()
	defer s.Unlock()
	s.Heard = append(s.Heard, req)
	switch s.Mind {
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
	case strings.HasPrefix(req, "0822F0") && s.Now != hal.DisplayOn:
		return no
	case strings.HasPrefix(req, "082200"):
		s.Told = "off"
		if req == "082200000002D4" {
			s.Told = "on"
		}
		return yes + "FF"
	case strings.HasPrefix(req, "08220A"):
		s.Chosen = req
	}
	return yes
}

// open is a driver on a line at whose end s obeys.
func open(t *testing.T, timeout time.Duration, o exlink.Opts, s *set) *exlink.TV {
	t.Helper()
	return exlink.New(displaytest.Line(t, line.Opts{Timeout: timeout}, frames, s.answer), o)
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		s := &set{}
		return displaytest.Bench{
			Display: open(t, 400*time.Millisecond, exlink.Opts{Probe: true}, s), Far: s,
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
			s := &set{}
			s.Become(hal.DisplayOn)
			if err := call(t.Context(), open(t, displaytest.Patience, exlink.Opts{Probe: true}, s)); err != nil {
				t.Fatal(err)
			}
			displaytest.Heard(t, s.Requests(), want)
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
			s := &set{fixed: &c.answer}
			displaytest.IsState(t, open(t, 500*time.Millisecond, c.opts, s), c.want, c.err, "tv: ")
			if asked := len(s.Requests()) > 0; asked != c.opts.Probe {
				t.Errorf("asked %v, want %v", asked, c.opts.Probe)
			}
		})
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	tv := exlink.New(displaytest.Nothing{T: t}, exlink.Opts{})
	displaytest.AllFail(t, map[string]error{
		"volume -1":  tv.Volume(t.Context(), -1),
		"volume 101": tv.Volume(t.Context(), 101),
		"input":      tv.Input(t.Context(), "hdmi5"),
	})
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{yes, no, yes + "FF", "030C", "0303" + "0CF1", "CB1413" + yes, ""} {
		b, _ := hex.DecodeString(seed)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := exlink.New(&displaytest.Said{Answer: b}, exlink.Opts{Probe: true, RefusalIsStandby: true}).State(t.Context())
		want := map[hal.DisplayState][]byte{hal.DisplayOn: {3, 0x0C, 0xF1}, hal.DisplayStandby: {3, 0x0C, 0xFF}}[got]
		if (err == nil) != (want != nil) || !bytes.Contains(b, want) {
			t.Fatalf("%v, %v out of % x", got, err, b)
		}
	})
}
