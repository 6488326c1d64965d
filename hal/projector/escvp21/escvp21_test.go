package escvp21_test

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/projector/escvp21"
	"stationbox/hal/projector/internal/farend"
)

// patience is how long a test waits for what must happen on a busy machine.
const patience = 20 * time.Second

// epson is a projector with a state.
type epson struct {
	farend.Model[displaytest.Mood]
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

func openLine(t *testing.T, timeout time.Duration) (*line.Port, *os.File) {
	t.Helper()
	name, far := linetest.PTY(t)
	port := line.Open(name, line.Opts{Name: "ttyX", Timeout: timeout})
	t.Cleanup(func() { _ = port.Close() })
	return port, far
}

var states = []hal.DisplayState{hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn, hal.DisplayCooling, hal.DisplayFault}

func TestDisplayContractOnALine(t *testing.T) {
	t.Parallel()
	displaytest.Run(t, func(t *testing.T) displaytest.Bench {
		port, far := openLine(t, 800*time.Millisecond)
		e := &epson{}
		farend.Play(t, far, farend.Through('\r'), e.answer)
		return displaytest.Bench{Display: escvp21.New(port), Far: e, States: states, Input: "hdmi2", Wire: "A0"}
	})
}

// says opens a line behind which everything is answered alike.
func says(t *testing.T, timeout time.Duration, answer string) *escvp21.Projector {
	t.Helper()
	port, far := openLine(t, timeout)
	farend.Play(t, far, farend.Through('\r'), func([]byte) string { return answer })
	return escvp21.New(port)
}

func TestStates(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         hal.DisplayState
		err          error
	}{
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
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := says(t, 700*time.Millisecond, c.answer).State(t.Context())
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("State = %v, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestRequestsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		want string
		call func(context.Context, *escvp21.Projector) error
	}{
		{"PWR ON", func(ctx context.Context, p *escvp21.Projector) error { return p.PowerOn(ctx) }},
		{"PWR OFF", func(ctx context.Context, p *escvp21.Projector) error { return p.PowerOff(ctx) }},
		{"PWR?", func(ctx context.Context, p *escvp21.Projector) error { _, err := p.State(ctx); return err }},
		{"SOURCE 30", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "HDMI1") }},
		{"SOURCE 1F", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "vga1") }},
		{"SOURCE 53", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "lan1") }},
		{"SOURCE B4", func(ctx context.Context, p *escvp21.Projector) error { return p.Input(ctx, "b4") }},
	} {
		t.Run(c.want, func(t *testing.T) {
			port, far := openLine(t, patience)
			e := &epson{}
			e.Become(hal.DisplayOn)
			farend.Play(t, far, farend.Through('\r'), e.answer)
			if err := c.call(t.Context(), escvp21.New(port)); err != nil {
				t.Fatal(err)
			}
			if got := e.Requests(); len(got) != 1 || got[0] != c.want {
				t.Errorf("on the wire %q, want %q", got, c.want)
			}
		})
	}
}

// After PWR ON the prompt comes only when the lamp burns, up to 100 s later. The
// projector of this test answers the state meanwhile, as newer ones do.
func TestPowerOnDoesNotWaitForTheLamp(t *testing.T) {
	port, far := openLine(t, 300*time.Millisecond)
	farend.Play(t, far, farend.Through('\r'), func(req []byte) string {
		if string(req) == "PWR?\r" {
			return "PWR=02\r:"
		}
		return ""
	})
	began := time.Now()
	p := escvp21.New(port)
	if err := p.PowerOn(t.Context()); err != nil {
		t.Errorf("PowerOn = %v", err)
	}
	if d := time.Since(began); d > patience {
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
	p := says(t, patience, "IMEVENT=0001 03 00000000 00000000 T1 F1\r:ERR\r:")
	if err := p.PowerOn(t.Context()); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("PowerOn = %v, want refused", err)
	}
}

// An older projector is mute until the lamp burns; then the prompt of PWR ON
// comes in the middle of the next question.
func TestLatePromptIsNoAnswer(t *testing.T) {
	port, far := openLine(t, 300*time.Millisecond)
	mute := true
	farend.Play(t, far, farend.Through('\r'), func(req []byte) string {
		if mute {
			mute = string(req) != "PWR?\r"
			return ""
		}
		return ":PWR=01\r:"
	})
	p := escvp21.New(port)
	if err := p.PowerOn(t.Context()); !errors.Is(err, hal.ErrSilent) {
		t.Errorf("PowerOn = %v, want no reply", err)
	}
	if s, err := p.State(t.Context()); s != hal.DisplayOn || err != nil {
		t.Errorf("State = %v, %v", s, err)
	}
}

func TestHalfACommandOnTheLine(t *testing.T) {
	port, far := openLine(t, 800*time.Millisecond)
	e := &epson{}
	e.Become(hal.DisplayOn)
	e.Mood(displaytest.Garbled)
	farend.Play(t, far, farend.Through('\r'), e.answer)
	p := escvp21.New(port)
	if _, err := p.State(t.Context()); !errors.Is(err, hal.ErrGarbled) {
		t.Fatal(err)
	}
	e.Mood(displaytest.Well)
	if s, err := p.State(t.Context()); s != hal.DisplayOn || err != nil {
		t.Errorf("State = %v, %v", s, err)
	}
	if got := e.Requests(); !reflect.DeepEqual(got, []string{"PWR?", "", "PWR?"}) {
		t.Errorf("on the wire %q", got)
	}
}

func TestDetails(t *testing.T) {
	table := map[string]string{"ERR?": "ERR=0C", "LAMP?": "LAMP=1234 77", "SOURCE?": "SOURCE=A0"}
	open := func(table map[string]string) *escvp21.Projector {
		port, far := openLine(t, patience)
		farend.Play(t, far, farend.Through('\r'), func(req []byte) string {
			if a, ok := table[strings.TrimSpace(string(req))]; ok {
				return a + "\r:"
			}
			return "ERR\r:"
		})
		return escvp21.New(port)
	}
	got, err := open(table).Details(t.Context())
	want := hal.DisplayDetails{Input: "A0", Checked: true, Errors: []string{hal.PartFilter},
		LampHours: []time.Duration{1234 * time.Hour, 77 * time.Hour}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if got, err := open(nil).Details(t.Context()); err != nil || !reflect.DeepEqual(got, hal.DisplayDetails{}) {
		t.Errorf("all refused: %+v, %v", got, err)
	}
	for key, bad := range map[string]string{"ERR?": "ERR=123", "LAMP?": "LAMP=x", "SOURCE?": "SOURCE=3"} {
		broken := map[string]string{"ERR?": "ERR=00", "LAMP?": "LAMP=1", "SOURCE?": "SOURCE=30", key: bad}
		if got, err := open(broken).Details(t.Context()); !errors.Is(err, hal.ErrGarbled) || !reflect.DeepEqual(got, hal.DisplayDetails{}) {
			t.Errorf("%s: %+v, %v", bad, got, err)
		}
	}
}

func TestTroublesHaveWordsAndParts(t *testing.T) {
	for code, want := range map[escvp21.Trouble][2]string{
		0x00: {"none", ""}, 0x01: {"fan", hal.PartFan}, 0x04: {"high temperature", hal.PartTemperature},
		0x06: {"lamp", hal.PartLamp}, 0x07: {"lamp cover open", hal.PartCover}, 0x0E: {"ballast", hal.PartLamp},
		0x18: {"I2C", hal.PartOther}, 0x7F: {"error 7F", hal.PartOther},
	} {
		d, err := says(t, patience, "ERR="+strings.ToUpper(hex(byte(code)))+"\r:").Trouble(t.Context())
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
	p := escvp21.New(nothing{t})
	for _, bad := range []string{"", "30\rPWR OFF", "hdmi9", "1", "+1", "A0 "} {
		if err := p.Input(t.Context(), bad); err == nil {
			t.Errorf("Input(%q) is no error", bad)
		}
	}
}

type nothing struct{ t *testing.T }

func (n nothing) Exchange(context.Context, []byte, func([]byte) (int, error)) ([]byte, error) {
	n.t.Error("something was sent")
	return nil, hal.ErrSilent
}
