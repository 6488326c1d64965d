package escvp21_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/projector/escvp21"
)

// epson is a projector with a state.
type epson struct {
	displaytest.Model
}

// answer obeys "PWR?\r".
func (e *epson) answer(req []byte) string {
	e.Lock()
	defer e.Unlock()
	command := strings.TrimSuffix(string(req), "\r")
	e.Heard = append(e.Heard, command)
	switch e.Mind {
	case displaytest.Silent:
		return ""
	case displaytest.Garbled:
		return "\xff\xfePW??\r:"
	case displaytest.Cut:
		return "PWR"
	case displaytest.Refuses:
		return "ERR\r:"
	}
	if input, ok := strings.CutPrefix(command, "SOURCE "); ok {
		e.Chosen = input
	}
	switch command {
	case "PWR?":
		return "PWR=" + map[hal.DisplayState]string{hal.DisplayStandby: "04", hal.DisplayOn: "01", hal.DisplayWarming: "02",
			hal.DisplayCooling: "03", hal.DisplayFault: "05"}[e.Now] + "\r:"
	case "PWR ON":
		e.Told = "on"
	case "PWR OFF":
		e.Told = "off"
	}
	return ":"
}

// open is a driver on a line at whose end answer obeys.
func open(t *testing.T, timeout time.Duration, answer func([]byte) string) *escvp21.Projector {
	t.Helper()
	return escvp21.New(displaytest.Line(t, line.Opts{Timeout: timeout}, displaytest.Through('\r'), answer))
}

var states = []hal.DisplayState{hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn, hal.DisplayCooling, hal.DisplayFault}

func TestDisplayContractOnALine(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		e := &epson{}
		return displaytest.Bench{Display: open(t, 800*time.Millisecond, e.answer), Far: e, States: states, Input: "hdmi2", Wire: "A0"}
	})
}

// says is a driver to whom everything is answered alike.
func says(t *testing.T, answer string) *escvp21.Projector {
	t.Helper()
	return open(t, displaytest.Patience, displaytest.Always(answer))
}

func TestStates(t *testing.T) {
	briefly := func(t *testing.T, answer string) *escvp21.Projector {
		return open(t, 700*time.Millisecond, displaytest.Always(answer))
	}
	displaytest.States(t, briefly, "epson: ", []displaytest.Answer{
		{"standby, network off", "PWR=00\r:", hal.DisplayStandby, nil},
		{"on", "PWR=01\r:", hal.DisplayOn, nil},
		{"warming", "PWR=02\r:", hal.DisplayWarming, nil},
		{"cooling", "PWR=03\r:", hal.DisplayCooling, nil},
		{"standby, network on", "PWR=04\r:", hal.DisplayStandby, nil},
		{"abnormal", "PWR=05\r:", hal.DisplayFault, nil},
		{"A/V standby", "PWR=09\r:", hal.DisplayStandby, nil},
		{"unknown code", "PWR=07\r:", 0, hal.ErrGarbled},
		{"lower case", "pwr=01\r:", hal.DisplayOn, nil},
		{"padded", "\x00\r\nPWR=01\r\n\x00:", hal.DisplayOn, nil},
		{"late prompts before it", "::PWR=03\r:", hal.DisplayCooling, nil},
		{"event before it", "IMEVENT=0001 03 00000000 00000000 T1 F1\r:PWR=01\r:", hal.DisplayOn, nil},
		{"event within it", "PWR=01\rIMEVENT=0001\r::", hal.DisplayOn, nil},
		{"refused", "ERR\r:", 0, hal.ErrRefused},
		{"only a prompt", ":", 0, hal.ErrGarbled},
		{"no prompt", "PWR=01\r", 0, hal.ErrGarbled},
		{"another answer", "LAMP=12\r:", 0, hal.ErrGarbled},
		{"rubbish", "\xff\x12\r:", 0, hal.ErrGarbled},
		{"empty", "PWR=\r:", 0, hal.ErrGarbled},
		{"endless", strings.Repeat("a", 3000), 0, hal.ErrGarbled},
		{"silent", "", 0, hal.ErrSilent},
	})
}

func TestRequestsOnTheWire(t *testing.T) {
	opened := func(t *testing.T) (*escvp21.Projector, func() []string) {
		e := &epson{}
		e.Become(hal.DisplayOn)
		return open(t, displaytest.Patience, e.answer), e.Requests
	}
	displaytest.Requests(t, opened, []displaytest.Request[*escvp21.Projector]{
		{"PWR ON", func(ctx context.Context, p *escvp21.Projector) error { return p.PowerOn(ctx) }},
		{"PWR OFF", func(ctx context.Context, p *escvp21.Projector) error { return p.PowerOff(ctx) }},
		{"PWR?", func(ctx context.Context, p *escvp21.Projector) error { _, err := p.State(ctx); return err }},
		{"SOURCE 30", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "HDMI1") }},
		{"SOURCE 1F", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "vga1") }},
		{"SOURCE 53", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "lan1") }},
		{"SOURCE B4", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "b4") }},
	})
}

// After PWR ON the prompt comes only when the lamp burns, up to 100 s later. The
// projector of this test answers the state meanwhile, as newer ones do.
func TestPowerOnDoesNotWaitForTheLamp(t *testing.T) {
	p := open(t, 300*time.Millisecond, func(req []byte) string {
		if string(req) == "PWR?\r" {
			return "PWR=02\r:"
		}
		return ""
	})
	began := time.Now()
	if err := p.PowerOn(t.Context()); err != nil {
		t.Errorf("PowerOn = %v", err)
	}
	if d := time.Since(began); d > displaytest.Patience {
		t.Errorf("PowerOn took %v", d)
	}
	if s, err := p.State(t.Context()); s != hal.DisplayWarming || err != nil {
		t.Errorf("State = %v, %v", s, err)
	}
	if err := p.PowerOff(t.Context()); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("PowerOff of a warming projector that says nothing = %v", err)
	}
}

// The prompt of an event is no consent.
func TestEventBeforeARefusal(t *testing.T) {
	p := says(t, "IMEVENT=0001 03 00000000 00000000 T1 F1\r:ERR\r:")
	if err := p.PowerOn(t.Context()); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("PowerOn = %v, want refused", err)
	}
}

// An older projector is mute until the lamp burns; then the prompt of PWR ON
// comes in the middle of the next question.
func TestLatePromptIsNoAnswer(t *testing.T) {
	mute := true
	p := open(t, 300*time.Millisecond, func(req []byte) string {
		if mute {
			mute = string(req) != "PWR?\r"
			return ""
		}
		return ":PWR=01\r:"
	})
	if err := p.PowerOn(t.Context()); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("PowerOn = %v, want no reply", err)
	}
	if s, err := p.State(t.Context()); s != hal.DisplayOn || err != nil {
		t.Errorf("State = %v, %v", s, err)
	}
}

func TestHalfACommandOnTheLine(t *testing.T) {
	e := &epson{}
	e.Become(hal.DisplayOn)
	e.Mood(displaytest.Garbled)
	p := open(t, 800*time.Millisecond, e.answer)
	if _, err := p.State(t.Context()); !errors.Is(err, hal.ErrGarbled) {
		t.Fatal(err)
	}
	e.Mood(displaytest.Well)
	if s, err := p.State(t.Context()); s != hal.DisplayOn || err != nil {
		t.Errorf("State = %v, %v", s, err)
	}
	displaytest.Heard(t, e.Requests(), "PWR?", "", "PWR?")
}

func TestDetails(t *testing.T) {
	opened := func(t *testing.T, answers map[string]string) *escvp21.Projector {
		return open(t, displaytest.Patience, func(req []byte) string {
			if a, ok := answers[strings.TrimSpace(string(req))]; ok {
				return a + "\r:"
			}
			return "ERR\r:"
		})
	}
	// but is a good projector with one other answer.
	but := func(key, answer string) map[string]string {
		answers := map[string]string{"ERR?": "ERR=00", "LAMP?": "LAMP=1", "SOURCE?": "SOURCE=30"}
		answers[key] = answer
		return answers
	}
	displaytest.AllDetails(t, opened, []displaytest.Details{
		{"all", map[string]string{"ERR?": "ERR=0C", "LAMP?": "LAMP=1234 77", "SOURCE?": "SOURCE=A0"}, hal.DisplayDetails{
			Input: "A0", Checked: true, Errors: []string{hal.PartFilter}, LampHours: []time.Duration{1234 * time.Hour, 77 * time.Hour}}, nil},
		{"all refused", nil, hal.DisplayDetails{}, nil},
		{"error garbled", but("ERR?", "ERR=123"), hal.DisplayDetails{}, hal.ErrGarbled},
		{"hours garbled", but("LAMP?", "LAMP=x"), hal.DisplayDetails{}, hal.ErrGarbled},
		{"input garbled", but("SOURCE?", "SOURCE=3"), hal.DisplayDetails{}, hal.ErrGarbled},
	})
}

func TestTroublesHaveWordsAndParts(t *testing.T) {
	for code, want := range map[escvp21.Trouble][2]string{
		0x00: {"none", ""}, 0x01: {"fan", hal.PartFan}, 0x04: {"high temperature", hal.PartTemperature},
		0x06: {"lamp", hal.PartLamp}, 0x07: {"lamp cover open", hal.PartCover}, 0x0E: {"ballast", hal.PartLamp},
		0x18: {"I2C", hal.PartOther}, 0x7F: {"error 7F", hal.PartOther},
	} {
		d, err := says(t, "ERR="+strings.ToUpper(hex(byte(code)))+"\r:").Trouble(t.Context())
		if err != nil || d != code || d.String() != want[0] {
			t.Errorf("%02X: %v, %v; want %s", byte(code), d, err, want[0])
		}
		if got := strings.Join(escvp21.PartsOf(code), " "); got != want[1] {
			t.Errorf("%02X: part %q, want %q", byte(code), got, want[1])
		}
	}
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func TestBadInputsSendNothing(t *testing.T) {
	displaytest.NoInputs(t, escvp21.New(displaytest.Nothing{T: t}), "", "30\rPWR OFF", "hdmi9", "1", "+1", "A0 ")
}
