package mdc_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/tv/mdc"
)

// set is a display at a terminal.
type set struct {
	displaytest.Model
	fixed []byte // answers always this
}

// requests cuts them off.
func requests(b []byte) int {
	if len(b) < 4 || len(b) < 5+int(b[3]) {
		return 0
	}
	return 5 + int(b[3])
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

// answer obeys a request.
func (s *set) answer(req []byte) string {
	s.Lock()
	defer s.Unlock()
	s.Heard = append(s.Heard, strings.ToUpper(hex.EncodeToString(req)))
	return string(s.says(req[2], req[1], req[4:len(req)-1]))
}

// says is what the display says to command and its data.
func (s *set) says(id, command byte, data []byte) []byte {
	value := byte(0)
	switch {
	case s.fixed != nil:
		return s.fixed
	case command == 0x11 && len(data) == 0:
		value = map[hal.DisplayState]byte{hal.DisplayOn: 1, hal.DisplayWarming: 2}[s.Now]
	case len(data) > 0:
		value = data[0]
	}
	full := frame(id, 'A', command, value)
	switch s.Mind {
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
		s.Told = "off"
		if bytes.Equal(data, []byte{1}) {
			s.Told = "on"
		}
	case command == 0x14 && len(data) > 0:
		s.Chosen = fmt.Sprintf("%02x", value)
	}
	return full
}

// open is a driver of display id on a line at whose end s obeys.
func open(t *testing.T, timeout time.Duration, id int, s *set) *mdc.TV {
	t.Helper()
	return mdc.New(displaytest.Line(t, line.Opts{Timeout: timeout}, requests, s.answer), id)
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		s := &set{}
		return displaytest.Bench{
			Display: open(t, 400*time.Millisecond, 3, s), Far: s,
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
			reply, err := hex.DecodeString(f[1])
			if err != nil {
				t.Fatal(err)
			}
			s := &set{fixed: reply}
			if err := call(t.Context(), open(t, displaytest.Patience, 0, s)); err != nil {
				t.Fatal(err)
			}
			displaytest.Heard(t, s.Requests(), f[0])
		})
	}
}

func TestAnswers(t *testing.T) {
	said := func(id byte, data ...byte) string { return string(frame(id, data...)) }
	on := said(3, 'A', 0x11, 1)
	says := func(t *testing.T, answer string) *mdc.TV {
		return open(t, 500*time.Millisecond, 3, &set{fixed: []byte(answer)})
	}
	displaytest.States(t, says, "tv 3: ", []displaytest.Answer{
		{"on", on, hal.DisplayOn, nil},
		{"standby", said(3, 'A', 0x11, 0), hal.DisplayStandby, nil},
		{"starting anew", said(3, 'A', 0x11, 2), hal.DisplayWarming, nil},
		{"noise before it", "\x00\xaa\x07\xff" + on, hal.DisplayOn, nil},
		{"our own request echoed", "\xaa\x11\x03\x00\x14" + on, hal.DisplayOn, nil},
		{"late answer to another command before it", said(3, 'A', 0x12, 20) + on, hal.DisplayOn, nil},
		{"late answer with more data before it", said(3, 'A', 0x0D, 1, 2, 3) + on, hal.DisplayOn, nil},
		{"another display's before it", said(4, 'A', 0x11, 0) + on, hal.DisplayOn, nil},
		{"refused", said(3, 'N', 0x11, 1), 0, hal.ErrRefused},
		{"value nobody knows", said(3, 'A', 0x11, 9), 0, hal.ErrGarbled},
		{"neither yes nor no", said(3, 'B', 0x11, 1), 0, hal.ErrGarbled},
		{"wrong sum", on[:7] + string([]byte{on[7] + 1}), 0, hal.ErrGarbled},
		{"no data", said(3), 0, hal.ErrGarbled},
		{"cut off", on[:6], 0, hal.ErrGarbled},
		{"a long frame that does not come", "\xaa\xff\x03\xffA", 0, hal.ErrGarbled},
		{"only another command", said(3, 'A', 0x12, 1), 0, hal.ErrGarbled},
		{"silence", "", 0, hal.ErrSilent},
		{"endless", strings.Repeat("U", 3000), 0, hal.ErrGarbled},
	})
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
			if err := call(mdc.New(&displaytest.Said{Answer: frame(0, 'A', command, 0x19)}, 0)); !errors.Is(err, hal.ErrGarbled) {
				t.Errorf("%v, want garbled", err)
			}
		})
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	never := displaytest.Nothing{T: t}
	displaytest.AllFail(t, map[string]error{
		"id -1":      mdc.New(never, -1).PowerOff(t.Context()),
		"all":        mdc.New(never, 0xFE).PowerOff(t.Context()),
		"volume -1":  mdc.New(never, 1).Volume(t.Context(), -1),
		"volume 101": mdc.New(never, 1).Volume(t.Context(), 101),
		"input":      mdc.New(never, 1).Input(t.Context(), "hdmi5"),
	})
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range [][]byte{
		frame(3, 'A', 0x11, 1), frame(3, 'N', 0x11, 1), append(frame(3, 'A', 0x12, 1), frame(3, 'A', 0x11, 0)...),
		{0xAA}, {0xAA, 0xFF, 3, 0xFF}, {0xAA, 0xFF, 3, 0, 2}, {},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := mdc.New(&displaytest.Said{Answer: b}, 3).State(t.Context())
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
