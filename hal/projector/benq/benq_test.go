package benq_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/projector/benq"
)

// wuxga is a projector with a state, on a serial line with a prompt.
type wuxga struct {
	displaytest.Model
}

// answer obeys "\r*pow=?#".
func (w *wuxga) answer(req []byte) string {
	w.Lock()
	defer w.Unlock()
	command := strings.Trim(string(req), "\r#*")
	w.Heard = append(w.Heard, command)
	key, value, _ := strings.Cut(command, "=")
	echo := ">*" + command + "#\r\n"
	switch w.Mind {
	case displaytest.Silent:
		return ""
	case displaytest.Garbled:
		return ">*po\xff\xfew#\r\n"
	case displaytest.Cut:
		return echo + "*" + strings.ToUpper(key) + "=O"
	case displaytest.Refuses:
		return echo + "*Block item#\r\n>"
	}
	switch {
	case key == "pow" && value == "?":
		value = map[hal.DisplayState]string{hal.DisplayStandby: "off", hal.DisplayOn: "on"}[w.Now]
	case key == "pow":
		w.Told = value
	case key == "sour":
		w.Chosen = value
	}
	return echo + "*" + strings.ToUpper(key+"="+value) + "#\r\n>"
}

// open is a driver on a line at whose end answer obeys.
func open(t *testing.T, timeout time.Duration, answer func([]byte) string) *benq.Projector {
	t.Helper()
	return benq.New(displaytest.Line(t, line.Opts{Timeout: timeout, Baud: 115200}, displaytest.Through('#'), answer))
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		w := &wuxga{}
		return displaytest.Bench{
			Display: open(t, 800*time.Millisecond, w.answer), Far: w,
			States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayOn},
			Input:  "vga1", Wire: "rgb",
		}
	})
}

// says is a driver to whom everything is answered alike.
func says(t *testing.T, answer string) *benq.Projector {
	t.Helper()
	return open(t, 700*time.Millisecond, displaytest.Always(answer))
}

func TestStates(t *testing.T) {
	displaytest.States(t, says, "benq: ", []displaytest.Answer{
		{"serial", ">*pow=?#\r\n*POW=ON#\r\n>", hal.DisplayOn, nil},
		{"network", "*pow=?#\r\n*POW=OFF#\r\n", hal.DisplayStandby, nil},
		{"no echo", "*POW=ON#", hal.DisplayOn, nil},
		{"blank line for an echo", "\r\n*POW=ON#\r\n", hal.DisplayOn, nil},
		{"echo twice", ">*pow=?#*pow=?#\r\n*POW=ON#\r\n", hal.DisplayOn, nil},
		{"echo in capitals", ">*POW=?#\r\n*POW=ON#\r\n", hal.DisplayOn, nil},
		{"on the line of the echo", ">*pow=?#POW=on#", hal.DisplayOn, nil},
		{"no star", "POW=OFF#", hal.DisplayStandby, nil},
		{"no hash", "*POW= OFF\r", hal.DisplayStandby, nil},
		{"no hash, prompt", "*POW=OFF>", hal.DisplayStandby, nil},
		{"lower case", "*pow=on#", hal.DisplayOn, nil},
		{"late answer before it", "*SOUR=HDMI#\r\n*POW=ON#", hal.DisplayOn, nil},
		{"blocked", ">*pow=?#\r\n*Block item#\r\n>", 0, hal.ErrRefused},
		{"unsupported", "*UNSUPPORTED ITEM#", 0, hal.ErrRefused},
		{"illegal", "Illegal format\r\n", 0, hal.ErrRefused},
		{"only the echo", ">*pow=?#\r\n>", 0, hal.ErrGarbled},
		{"another state", "*POW=MAYBE#", 0, hal.ErrGarbled},
		{"another answer", "*SOUR=HDMI#", 0, hal.ErrGarbled},
		{"rubbish", "\xff\xfe#", 0, hal.ErrGarbled},
		{"rubbish in the value", "*POW=O\x01N#", 0, hal.ErrGarbled},
		{"endless", strings.Repeat("a", 3000), 0, hal.ErrGarbled},
		{"silent", "", 0, hal.ErrSilent},
	})
}

// An echo is no consent: a looped-back line must not look like a projector.
func TestWhatCountsAsAccepted(t *testing.T) {
	displaytest.PowerOns(t, says, []displaytest.Consent{
		{"capitals", ">*pow=on#\r\n*POW=ON#\r\n>", nil},
		{"same text on a second line", "*pow=on#\r\n*pow=on#\r\n", nil},
		{"echo and prompt", ">*pow=on#\r\n>", nil},
		{"no echo", "*POW=ON#", nil},
		{"looped-back line", "\r*pow=on#\r", hal.ErrGarbled},
		{"echo twice", "*pow=on#*pow=on#\r\n", hal.ErrGarbled},
		{"echo twice, then blocked", "*pow=on#*pow=on#\r\n*Block item#", hal.ErrRefused},
		{"blocked", ">*pow=on#\r\n*Block item#\r\n>", hal.ErrRefused},
		{"prompt on the line of the echo, then blocked", "*pow=on#>\r\n*Block item#\r\n>", hal.ErrRefused},
		{"the other value", ">*pow=on#\r\n*POW=OFF#", hal.ErrGarbled},
	})
}

func TestRequestsOnTheWire(t *testing.T) {
	opened := func(t *testing.T) (*benq.Projector, func() []string) {
		w := &wuxga{}
		return open(t, displaytest.Patience, w.answer), w.Requests
	}
	displaytest.Requests(t, opened, []displaytest.Request[*benq.Projector]{
		{"pow=on", func(ctx context.Context, p *benq.Projector) error { return p.PowerOn(ctx) }},
		{"pow=off", func(ctx context.Context, p *benq.Projector) error { return p.PowerOff(ctx) }},
		{"sour=hdmi", func(ctx context.Context, p *benq.Projector) error { return p.Input(ctx, "hdmi1") }},
		{"sour=network", func(ctx context.Context, p *benq.Projector) error { return p.Input(ctx, "LAN1") }},
		{"sour=ypbr", func(ctx context.Context, p *benq.Projector) error { return p.Input(ctx, "YpBr") }},
	})
}

func TestDetails(t *testing.T) {
	opened := func(t *testing.T, answers map[string]string) *benq.Projector {
		return open(t, displaytest.Patience, func(req []byte) string {
			command := strings.Trim(string(req), "\r#*")
			if a, ok := answers[command]; ok {
				return ">*" + command + "#\r\n" + a + "\r\n>"
			}
			return "*Block item#"
		})
	}
	displaytest.AllDetails(t, opened, []displaytest.Details{
		{"one lamp", map[string]string{"ltim=?": "*LTIM= 1383", "sour=?": "*SOUR=HDMI#", "modelname=?": "*MODELNAME=MW519#"},
			hal.DisplayDetails{Model: "MW519", Input: "hdmi", LampHours: []time.Duration{1383 * time.Hour}}, nil},
		{"two lamps, bare name", map[string]string{"ltim=?": "*LTIM=1#", "ltim2=?": "*LTIM2=2#", "sour=?": "*sour=rgb2#", "modelname=?": "w1070+"},
			hal.DisplayDetails{Model: "W1070+", Input: "rgb2", LampHours: []time.Duration{time.Hour, 2 * time.Hour}}, nil},
		{"all blocked", nil, hal.DisplayDetails{}, nil},
		{"hours garbled", map[string]string{"ltim=?": "*LTIM=many#"}, hal.DisplayDetails{}, hal.ErrGarbled},
		{"second lamp garbled", map[string]string{"ltim=?": "*LTIM=1#", "ltim2=?": "*LTIM2=-4#"}, hal.DisplayDetails{}, hal.ErrGarbled},
		{"input garbled", map[string]string{"sour=?": "*SOUR=A B#"}, hal.DisplayDetails{}, hal.ErrGarbled},
		{"model garbled", map[string]string{"modelname=?": "\x1b[2J"}, hal.DisplayDetails{}, hal.ErrGarbled},
	})
}

func TestBadInputsSendNothing(t *testing.T) {
	displaytest.NoInputs(t, benq.New(displaytest.Nothing{T: t}), "", "rgb#\r*pow=off", "x", "an input that is too long")
}
