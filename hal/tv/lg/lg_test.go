package lg_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/tv/lg"
)

// set is a television at a terminal.
type set struct {
	displaytest.Model
	old bool // knows kb only
}

// answer is what the set says to "ka 01 ff\r".
func (s *set) answer(request []byte) string {
	s.Lock()
	defer s.Unlock()
	req := strings.TrimSuffix(string(request), "\r")
	s.Heard = append(s.Heard, req)
	var cmd, id, data string
	_, _ = fmt.Sscan(req, &cmd, &id, &data)
	letter := cmd[1:]
	switch s.Mind {
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
	case cmd == "ka" && data == "ff" && s.Now == hal.DisplayOn:
		data = "01"
	case cmd == "ka" && data == "ff":
		data = "00"
	case cmd == "ka":
		s.Told = "off"
		if data == "01" {
			s.Told = "on"
		}
	case cmd == "xb" && s.old:
		return letter + " " + id + " NG00x"
	case cmd == "xb", cmd == "kb":
		s.Chosen = data
	}
	return letter + " " + id + " OK" + data + "x"
}

// open is a driver of set id on a line at whose end answer obeys.
func open(t *testing.T, timeout time.Duration, id int, answer func([]byte) string) *lg.TV {
	t.Helper()
	return lg.New(displaytest.Line(t, line.Opts{Timeout: timeout}, displaytest.Through('\r'), answer), id)
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		s := &set{}
		return displaytest.Bench{
			Display: open(t, 800*time.Millisecond, 1, s.answer), Far: s,
			States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayOn},
			Input:  "hdmi2", Wire: "91",
		}
	})
}

func TestRequestsOnTheWire(t *testing.T) {
	opened := func(t *testing.T) (*lg.TV, func() []string) {
		s := &set{}
		return open(t, displaytest.Patience, 10, s.answer), s.Requests
	}
	displaytest.Requests(t, opened, []displaytest.Request[*lg.TV]{
		{"ka 0a 01", func(ctx context.Context, v *lg.TV) error { return v.PowerOn(ctx) }},
		{"ka 0a 00", func(ctx context.Context, v *lg.TV) error { return v.PowerOff(ctx) }},
		{"ka 0a ff", func(ctx context.Context, v *lg.TV) error { _, err := v.State(ctx); return err }},
		{"xb 0a 90", func(ctx context.Context, v *lg.TV) error { return v.Input(ctx, "hdmi1") }},
		{"xb 0a 92", func(ctx context.Context, v *lg.TV) error { return v.Input(ctx, "HDMI3") }},
		{"kf 0a 00", func(ctx context.Context, v *lg.TV) error { return v.Volume(ctx, 0) }},
		{"kf 0a 64", func(ctx context.Context, v *lg.TV) error { return v.Volume(ctx, 100) }},
		{"ke 0a 00", func(ctx context.Context, v *lg.TV) error { return v.Mute(ctx, true) }},
		{"ke 0a 01", func(ctx context.Context, v *lg.TV) error { return v.Mute(ctx, false) }},
	})
}

func TestAnswers(t *testing.T) {
	says := func(t *testing.T, answer string) *lg.TV {
		return open(t, time.Second, 1, displaytest.Always(answer))
	}
	displaytest.States(t, says, "tv 1: ", []displaytest.Answer{
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
	})
}

func TestOlderSetGetsOlderInputCommand(t *testing.T) {
	s := &set{old: true}
	tv := open(t, displaytest.Patience, 1, s.answer)
	if err := tv.Input(t.Context(), "hdmi1"); err != nil || s.Selected() != "08" {
		t.Errorf("hdmi1: %v, selected %q", err, s.Selected())
	}
	if err := tv.Input(t.Context(), "hdmi3"); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("hdmi3: %v, want refused", err)
	}
}

func TestAcknowledgedOtherValueIsNoSuccess(t *testing.T) {
	tv := open(t, displaytest.Patience, 1, displaytest.Always("f 01 OK05x"))
	if err := tv.Volume(t.Context(), 20); !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("Volume = %v, want garbled", err)
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	never := displaytest.Nothing{T: t}
	displaytest.AllFail(t, map[string]error{
		"set 0":      lg.New(never, 0).PowerOff(t.Context()),
		"set 100":    lg.New(never, 100).PowerOff(t.Context()),
		"volume -1":  lg.New(never, 1).Volume(t.Context(), -1),
		"volume 101": lg.New(never, 1).Volume(t.Context(), 101),
		"input":      lg.New(never, 1).Input(t.Context(), "hdmi4"),
	})
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{"a 01 OK01x", "a 01 NG00x", "f 01 OK14xa 01 OK00x", "\r\na 01 OK01x\r\n", "x", "a 01 OK", "\xff\x00x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := lg.New(&displaytest.Said{Answer: b}, 1).State(t.Context())
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
