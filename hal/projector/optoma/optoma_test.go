package optoma_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/projector/optoma"
)

// hd is a projector with a state, which it tells by INFO as it goes.
type hd struct {
	displaytest.Model
}

// answer obeys "~00124 1\r".
func (h *hd) answer(req []byte) string {
	h.Lock()
	defer h.Unlock()
	command := strings.TrimSpace(string(req))
	h.Heard = append(h.Heard, command)
	code, n, _ := strings.Cut(command, " ")
	switch h.Mind {
	case displaytest.Silent:
		return ""
	case displaytest.Garbled:
		return "\xff\xfeOk\r"
	case displaytest.Cut:
		return "INF"
	case displaytest.Refuses:
		return "F\r"
	}
	switch code[3:] {
	case "124":
		return map[hal.DisplayState]string{hal.DisplayStandby: "Ok0\r", hal.DisplayOn: "Ok1\r", hal.DisplayWarming: "INFO1\rOk1\r",
			hal.DisplayCooling: "INFO2\rOk0\r", hal.DisplayFault: "INFO4\rOk0\r"}[h.Now]
	case "00":
		h.Told = map[string]string{"1": "on", "0": "off", "2": "off"}[n]
	case "12":
		h.Chosen = n
	}
	return "P\r"
}

// open is a driver on a line at whose end answer obeys.
func open(t *testing.T, timeout time.Duration, id int, answer func([]byte) string) *optoma.Projector {
	t.Helper()
	return optoma.New(displaytest.Line(t, line.Opts{Timeout: timeout}, displaytest.Through('\r'), answer), id)
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		h := &hd{}
		return displaytest.Bench{
			Display: open(t, 800*time.Millisecond, 0, h.answer), Far: h,
			States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn, hal.DisplayCooling, hal.DisplayFault},
			Input:  "hdmi2", Wire: "15",
		}
	})
}

// says is a driver to whom everything is answered alike.
func says(t *testing.T, answer string) *optoma.Projector {
	t.Helper()
	return open(t, 700*time.Millisecond, 0, displaytest.Always(answer))
}

func TestStates(t *testing.T) {
	displaytest.States(t, says, "optoma: ", []displaytest.Answer{
		{"on", "Ok1\r", hal.DisplayOn, nil},
		{"standby", "OK0\r\n", hal.DisplayStandby, nil},
		{"lower case", "ok1\r", hal.DisplayOn, nil},
		{"pass of an earlier command before it", "POk1\r", hal.DisplayOn, nil},
		{"pass with a line end", "P\rOk0\r", hal.DisplayStandby, nil},
		{"warming", "INFO1\rOk1\r", hal.DisplayWarming, nil},
		{"cooling", "INFO2\rOk0\r", hal.DisplayCooling, nil},
		{"standby reached", "INFO2\rINFO0\rOk0\r", hal.DisplayStandby, nil},
		{"out of range is on", "INFO3\rOk1\r", hal.DisplayOn, nil},
		{"fan", "INFO6\rOk0\r", hal.DisplayFault, nil},
		{"lamp aged is on", "INFO8\rOk1\r", hal.DisplayOn, nil},
		{"failed", "F\r", 0, hal.ErrRefused},
		{"failed without an end", "f", 0, hal.ErrRefused},
		{"late hours", "Ok1234\r", 0, hal.ErrGarbled},
		{"no line end", "Ok1", 0, hal.ErrGarbled},
		{"empty", "Ok\r", 0, hal.ErrGarbled},
		{"INFO of no number", "INFOx\rOk1\r", 0, hal.ErrGarbled},
		{"rubbish", "\xff\x01\r", 0, hal.ErrGarbled},
		{"grows in capitals", "\xc4\xb1\xff\xff\r", 0, hal.ErrGarbled},
		{"endless", strings.Repeat("O", 3000), 0, hal.ErrGarbled},
		{"endless info", strings.Repeat("INFO1\r", 600), 0, hal.ErrGarbled},
		{"silent", "", 0, hal.ErrSilent},
	})
}

func TestCommands(t *testing.T) {
	displaytest.PowerOns(t, says, []displaytest.Consent{
		{"pass", "P", nil},
		{"pass with a line end", "P\r\n", nil},
		{"info before it", "INFO1\rP", nil},
		{"late answer before it", "Ok1\rP\r", nil},
		{"fail", "F", hal.ErrRefused},
		{"info only", "INFO1\r", hal.ErrGarbled},
	})
}

func TestRequestsOnTheWire(t *testing.T) {
	opened := func(t *testing.T) (*optoma.Projector, func() []string) {
		h := &hd{}
		h.Become(hal.DisplayOn)
		return open(t, displaytest.Patience, 7, h.answer), h.Requests
	}
	displaytest.Requests(t, opened, []displaytest.Request[*optoma.Projector]{
		{"~0700 1", func(ctx context.Context, p *optoma.Projector) error { return p.PowerOn(ctx) }},
		{"~0700 0", func(ctx context.Context, p *optoma.Projector) error { return p.PowerOff(ctx) }},
		{"~07124 1", func(ctx context.Context, p *optoma.Projector) error { _, err := p.State(ctx); return err }},
		{"~0712 1", func(ctx context.Context, p *optoma.Projector) error { return p.Input(ctx, "hdmi1") }},
		{"~0712 5", func(ctx context.Context, p *optoma.Projector) error { return p.Input(ctx, "VGA1") }},
		{"~0712 14", func(ctx context.Context, p *optoma.Projector) error { return p.Input(ctx, "14") }},
	})
}

func TestOlderProjectorGetsOlderPowerOff(t *testing.T) {
	p := open(t, displaytest.Patience, 0, func(req []byte) string {
		if string(req) == "~0000 2\r" {
			return "P"
		}
		return "F"
	})
	if err := p.PowerOff(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDetails(t *testing.T) {
	opened := func(t *testing.T, answers map[string]string) *optoma.Projector {
		return open(t, displaytest.Patience, 0, func(req []byte) string {
			if a, ok := answers[strings.TrimSpace(string(req))]; ok {
				return a + "\r"
			}
			return "F"
		})
	}
	displaytest.AllDetails(t, opened, []displaytest.Details{
		{"all", map[string]string{"~00108 1": "Ok1234", "~00321 1": "INFO8\rOk77", "~00121 1": "INFO7\rOk8"}, hal.DisplayDetails{
			Input: "8", LampHours: []time.Duration{1234 * time.Hour}, FilterHours: []time.Duration{77 * time.Hour},
			Errors: []string{hal.PartTemperature}, Warnings: []string{hal.PartLamp}}, nil},
		{"info before a refusal", map[string]string{"~00108 1": "INFO4\rF", "~00321 1": "INFO4\rF", "~00121 1": "INFO6\rF"},
			hal.DisplayDetails{Errors: []string{hal.PartLamp, hal.PartFan}}, nil},
		{"nothing known", nil, hal.DisplayDetails{}, nil},
		{"hours garbled", map[string]string{"~00108 1": "Okay"}, hal.DisplayDetails{}, hal.ErrGarbled},
		{"input garbled", map[string]string{"~00121 1": "Ok123"}, hal.DisplayDetails{}, hal.ErrGarbled},
		{"rubbish", map[string]string{"~00321 1": "\x1b"}, hal.DisplayDetails{}, hal.ErrGarbled},
	})
	p := opened(t, map[string]string{"~00108 1": "Ok12", "~00321 1": "Ok34", "~00121 1": "Ok5"})
	lamp, err1 := p.Lamp(t.Context())
	filter, err2 := p.Filter(t.Context())
	source, err3 := p.Source(t.Context())
	if err := errors.Join(err1, err2, err3); err != nil || lamp != 12*time.Hour || filter != 34*time.Hour || source != 5 {
		t.Errorf("lamp %v, filter %v, source %d, %v", lamp, filter, source, err)
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	never := displaytest.Nothing{T: t}
	displaytest.NoInputs(t, optoma.New(never, 0), "", "1\r~0000 0", "0", "100", "05", "-1", "hdmi9")
	displaytest.AllFail(t, map[string]error{
		"id -1":  optoma.New(never, -1).PowerOff(t.Context()),
		"id 100": optoma.New(never, 100).PowerOff(t.Context()),
	})
}
