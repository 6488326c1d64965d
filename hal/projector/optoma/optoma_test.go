package optoma_test

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
	"stationbox/hal/projector/internal/farend"
	"stationbox/hal/projector/optoma"
)

// patience is how long a test waits for what must happen on a busy machine.
const patience = 20 * time.Second

// hd is a projector with a state, which it tells by INFO as it goes.
type hd struct {
	farend.Model[displaytest.Mood]
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
		h := &hd{}
		farend.Play(t, far, farend.Through('\r'), h.answer)
		return displaytest.Bench{
			Display: optoma.New(port, 0), Far: h,
			States: []hal.DisplayState{hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn, hal.DisplayCooling, hal.DisplayFault},
			Input:  "hdmi2", Wire: "15",
		}
	})
}

// says opens a line behind which everything is answered alike.
func says(t *testing.T, answer string) *optoma.Projector {
	t.Helper()
	port, far := openLine(t, 700*time.Millisecond)
	farend.Play(t, far, farend.Through('\r'), func([]byte) string { return answer })
	return optoma.New(port, 0)
}

func TestStates(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		want         hal.DisplayState
		err          error
	}{
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
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := says(t, c.answer).State(t.Context())
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("State = %v, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		err          error
	}{
		{"pass", "P", nil},
		{"pass with a line end", "P\r\n", nil},
		{"info before it", "INFO1\rP", nil},
		{"late answer before it", "Ok1\rP\r", nil},
		{"fail", "F", hal.ErrRefused},
		{"info only", "INFO1\r", hal.ErrGarbled},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := says(t, c.answer).PowerOn(t.Context()); !errors.Is(err, c.err) {
				t.Errorf("PowerOn = %v, want %v", err, c.err)
			}
		})
	}
}

func TestRequestsOnTheWire(t *testing.T) {
	for _, c := range []struct {
		want string
		call func(context.Context, *optoma.Projector) error
	}{
		{"~0700 1", func(ctx context.Context, p *optoma.Projector) error { return p.PowerOn(ctx) }},
		{"~0700 0", func(ctx context.Context, p *optoma.Projector) error { return p.PowerOff(ctx) }},
		{"~07124 1", func(ctx context.Context, p *optoma.Projector) error { _, err := p.State(ctx); return err }},
		{"~0712 1", func(ctx context.Context, p *optoma.Projector) error { return p.Input(ctx, "hdmi1") }},
		{"~0712 5", func(ctx context.Context, p *optoma.Projector) error { return p.Input(ctx, "VGA1") }},
		{"~0712 14", func(ctx context.Context, p *optoma.Projector) error { return p.Input(ctx, "14") }},
	} {
		t.Run(c.want, func(t *testing.T) {
			port, far := openLine(t, patience)
			h := &hd{}
			h.Become(hal.DisplayOn)
			farend.Play(t, far, farend.Through('\r'), h.answer)
			if err := c.call(t.Context(), optoma.New(port, 7)); err != nil {
				t.Fatal(err)
			}
			if got := h.Requests(); len(got) != 1 || got[0] != c.want {
				t.Errorf("on the wire %q, want %q", got, c.want)
			}
		})
	}
}

func TestOlderProjectorGetsOlderPowerOff(t *testing.T) {
	port, far := openLine(t, patience)
	farend.Play(t, far, farend.Through('\r'), func(req []byte) string {
		if string(req) == "~0000 2\r" {
			return "P"
		}
		return "F"
	})
	if err := optoma.New(port, 0).PowerOff(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDetails(t *testing.T) {
	open := func(table map[string]string) *optoma.Projector {
		port, far := openLine(t, patience)
		farend.Play(t, far, farend.Through('\r'), func(req []byte) string {
			if a, ok := table[strings.TrimSpace(string(req))]; ok {
				return a + "\r"
			}
			return "F"
		})
		return optoma.New(port, 0)
	}
	for _, c := range []struct {
		name  string
		table map[string]string
		want  hal.DisplayDetails
		err   error
	}{
		{"all", map[string]string{"~00108 1": "Ok1234", "~00321 1": "INFO8\rOk77", "~00121 1": "INFO7\rOk8"}, hal.DisplayDetails{
			Input: "8", LampHours: []time.Duration{1234 * time.Hour}, FilterHours: []time.Duration{77 * time.Hour},
			Errors: []string{hal.PartTemperature}, Warnings: []string{hal.PartLamp}}, nil},
		{"info before a refusal", map[string]string{"~00108 1": "INFO4\rF", "~00321 1": "INFO4\rF", "~00121 1": "INFO6\rF"},
			hal.DisplayDetails{Errors: []string{hal.PartLamp, hal.PartFan}}, nil},
		{"nothing known", nil, hal.DisplayDetails{}, nil},
		{"hours garbled", map[string]string{"~00108 1": "Okay"}, hal.DisplayDetails{}, hal.ErrGarbled},
		{"input garbled", map[string]string{"~00121 1": "Ok123"}, hal.DisplayDetails{}, hal.ErrGarbled},
		{"rubbish", map[string]string{"~00321 1": "\x1b"}, hal.DisplayDetails{}, hal.ErrGarbled},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := open(c.table).Details(t.Context())
			if !errors.Is(err, c.err) || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v, %v; want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
	p := open(map[string]string{"~00108 1": "Ok12", "~00321 1": "Ok34", "~00121 1": "Ok5"})
	lamp, err1 := p.Lamp(t.Context())
	filter, err2 := p.Filter(t.Context())
	source, err3 := p.Source(t.Context())
	if err := errors.Join(err1, err2, err3); err != nil || lamp != 12*time.Hour || filter != 34*time.Hour || source != 5 {
		t.Errorf("lamp %v, filter %v, source %d, %v", lamp, filter, source, err)
	}
}

func TestBadArgumentsSendNothing(t *testing.T) {
	for _, bad := range []string{"", "1\r~0000 0", "0", "100", "05", "-1", "hdmi9"} {
		if err := optoma.New(nothing{t}, 0).Input(t.Context(), bad); err == nil {
			t.Errorf("Input(%q) is no error", bad)
		}
	}
	for _, id := range []int{-1, 100} {
		if err := optoma.New(nothing{t}, id).PowerOff(t.Context()); err == nil {
			t.Errorf("id %d is no error", id)
		}
	}
}

type nothing struct{ t *testing.T }

func (n nothing) Exchange(context.Context, []byte, func([]byte) (int, error)) ([]byte, error) {
	n.t.Error("something was sent")
	return nil, hal.ErrSilent
}
