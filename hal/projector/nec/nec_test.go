package nec_test

import (
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
	"stationbox/hal/projector/nec"
)

// frames cuts requests off.
func frames(b []byte) int {
	if len(b) < 6 || len(b) < 6+int(b[4]) {
		return 0
	}
	return 6 + int(b[4])
}

// reply builds an answer with its checksum.
func reply(head, command byte, data ...byte) string {
	b := append([]byte{head, command, 0x01, 0x40, byte(len(data))}, data...)
	var s byte
	for _, c := range b {
		s += c
	}
	return string(append(b, s))
}

// np is a projector with a state.
type np struct {
	displaytest.Model
	old bool // does not know the running status
}

// running are data01 to data06 of the running status.
var running = map[hal.DisplayState][6]byte{
	hal.DisplayStandby: {0, 0, 0, 0, 0, 0x0F}, hal.DisplayOn: {0, 0, 1, 0, 0, 4}, hal.DisplayWarming: {0, 0, 1, 0, 1, 4},
	hal.DisplayCooling: {0, 0, 0, 1, 1, 5}, hal.DisplayFault: {0, 0, 0, 0, 0, 6},
}

func (n *np) answer(req []byte) string {
	n.Lock()
	defer n.Unlock()
	n.Heard = append(n.Heard, hex.EncodeToString(req))
	head, command := req[0], req[1]
	switch n.Mind {
	case displaytest.Silent:
		return ""
	case displaytest.Garbled:
		s := []byte(reply(0x20|head, command, 1, 2, 3))
		s[len(s)-1]++
		return string(s)
	case displaytest.Cut:
		return reply(0x20|head, command, 1, 2, 3)[:5]
	case displaytest.Refuses:
		return reply(0xA0|head, command, 2, 3)
	}
	switch {
	case command == 0x85 && n.old:
		return reply(0xA0, command, 0, 1)
	case command == 0x85:
		d := running[n.Now]
		return reply(0x20, command, append(d[:], make([]byte, 10)...)...)
	case command == 0xBF:
		return reply(0x20, command, append([]byte{2, running[n.Now][5]}, make([]byte, 14)...)...)
	case command == 0x00:
		n.Told = "on"
	case command == 0x01:
		n.Told = "off"
	case command == 0x03:
		n.Chosen = hex.EncodeToString(req[6:7])
		return reply(0x22, command, 0)
	}
	return reply(0x20|head, command)
}

func TestDisplayContract(t *testing.T) {
	t.Parallel()
	all := []hal.DisplayState{hal.DisplayStandby, hal.DisplayWarming, hal.DisplayOn, hal.DisplayCooling, hal.DisplayFault}
	basic := []hal.DisplayState{hal.DisplayStandby, hal.DisplayOn, hal.DisplayCooling, hal.DisplayFault}
	for name, old := range map[string]bool{"running status": false, "basic information": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			states := all
			if old {
				states = basic
			}
			displaytest.Run(t, func(t *testing.T) displaytest.Bench {
				n := &np{old: old}
				port := displaytest.Line(t, line.Opts{Timeout: 800 * time.Millisecond, Baud: 38400}, frames, n.answer)
				return displaytest.Bench{Display: nec.New(port), Far: n, States: states, Input: "vga2", Wire: "02"}
			})
		})
	}
}

// TestFrames plays testdata/frames.txt.
func TestFrames(t *testing.T) {
	text, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	var name string
	var want, answer []byte
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		return b
	}
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSpace(l)
		switch l[0] {
		case '#':
		case '>':
			want = unhex(l[1:])
		case '<':
			answer = unhex(l[1:])
		case '=':
			w := &displaytest.Said{Answer: answer}
			got := call(t.Context(), nec.New(w), name)
			if got != strings.TrimSpace(l[1:]) || string(w.Sent) != string(want) {
				t.Errorf("%s: sent % x, got %s\nwant % x, %s", name, w.Sent, got, want, l[1:])
			}
		default:
			name = l
		}
	}
}

func call(ctx context.Context, p *nec.Projector, name string) string {
	switch words := strings.Fields(name); words[0] {
	case "state":
		s, err := p.State(ctx)
		if err != nil {
			return err.Error()
		}
		return s.String()
	case "input":
		return fmt.Sprint(p.Input(ctx, words[1]))
	default:
		if strings.HasPrefix(name, "power off") {
			return fmt.Sprint(p.PowerOff(ctx))
		}
		return fmt.Sprint(p.PowerOn(ctx))
	}
}

func TestAnswers(t *testing.T) {
	on := reply(0x20, 0x85, append([]byte{0, 0, 1, 0, 0, 4}, make([]byte, 10)...)...)
	says := func(_ *testing.T, answer string) *nec.Projector {
		return nec.New(&displaytest.Said{Answer: []byte(answer)})
	}
	displaytest.States(t, says, "nec: ", []displaytest.Answer{
		{"plain", on, hal.DisplayOn, nil},
		{"late answer to another command before it", reply(0x22, 0x00) + on, hal.DisplayOn, nil},
		{"late model name before it", reply(0x20, 0x85, make([]byte, 32)...) + on, hal.DisplayOn, nil},
		{"late refusal of another command before it", reply(0xA2, 0x01, 2, 13) + on, hal.DisplayOn, nil},
		{"wrong sum", on[:len(on)-1] + "\x00", 0, hal.ErrGarbled},
		{"cut", on[:len(on)-1], 0, hal.ErrGarbled},
		{"no frame", "hello", 0, hal.ErrGarbled},
		{"unknown state", reply(0x20, 0x85, append([]byte{0, 0, 9, 0, 0, 9}, make([]byte, 10)...)...), 0, hal.ErrGarbled},
		{"busy", reply(0xA0, 0x85, 2, 3), 0, nec.Refusal(0x0203)},
		{"a refusal is hal's", reply(0xA0, 0x85, 2, 3), 0, hal.ErrRefused},
	})
}

// table answers by the first bytes of the request in hexadecimal.
type table map[string]string

func (a table) Exchange(_ context.Context, req []byte, done func([]byte) (int, error)) ([]byte, error) {
	answer := reply(0xA0|req[0], req[1], 2, 3)
	for prefix, s := range a {
		if strings.HasPrefix(hex.EncodeToString(req), prefix) {
			answer = s
		}
	}
	n, err := done([]byte(answer))
	if err == nil && n == 0 {
		err = hal.ErrGarbled
	}
	return nil, err
}

const (
	errorsAsked = "0088"
	lampAsked   = "0396"
	filterAsked = "0395"
	inputAsked  = "00850000" + "0102"
	modelAsked  = "00850000" + "0104"
)

func model(name string) string {
	d := make([]byte, 32)
	copy(d, name)
	return reply(0x20, 0x85, d...)
}

func TestDetails(t *testing.T) {
	input := func(number, kind byte) string {
		return reply(0x20, 0x85, append([]byte{0, 0, number, kind}, make([]byte, 12)...)...)
	}
	full := func() table {
		return table{
			errorsAsked: reply(0x20, 0x88, 0x19, 0x01, 0x04, 0x04, 0, 0, 0, 0, 0x03, 0, 0, 0),
			lampAsked:   reply(0x23, 0x96, 0, 1, 0x50, 0x46, 0, 0),
			filterAsked: reply(0x23, 0x95, 0x20, 0x1C, 0, 0, 0, 0, 0, 0),
			inputAsked:  input(2, 0x21),
			modelAsked:  model("M311X\x00\xc2rest"),
		}
	}
	opened := func(_ *testing.T, answers map[string]string) *nec.Projector { return nec.New(table(answers)) }
	displaytest.AllDetails(t, opened, []displaytest.Details{
		{"all", full(), hal.DisplayDetails{
			Model: "M311X", Input: "hdmi 2", Checked: true,
			LampHours: []time.Duration{5 * time.Hour}, FilterHours: []time.Duration{2 * time.Hour},
			Errors:   []string{hal.PartFan, hal.PartCover, hal.PartTemperature, hal.PartFilter},
			Warnings: []string{hal.PartLamp},
		}, nil},
		{"all refused", nil, hal.DisplayDetails{}, nil},
	})
	for _, c := range []struct {
		name, key, answer string
		garbled           bool
		input             string
	}{
		{"hours unknown", lampAsked, reply(0x23, 0x96, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF), false, "hdmi 2"},
		{"hours beyond belief", lampAsked, reply(0x23, 0x96, 0, 1, 0xFF, 0xFF, 0xFF, 0x7F), true, ""},
		{"other lamp's hours", lampAsked, reply(0x23, 0x96, 1, 1, 1, 0, 0, 0), true, ""},
		{"filter garbled", filterAsked, "x", true, ""},
		{"errors garbled", errorsAsked, "x", true, ""},
		{"no input", inputAsked, input(1, 0xFF), false, ""},
		{"unknown input", inputAsked, input(1, 0x33), false, "01 33"},
		{"model of control characters", modelAsked, model("\x1b[2J"), true, ""},
	} {
		a := full()
		a[c.key] = c.answer
		got, err := nec.New(a).Details(t.Context())
		if errors.Is(err, hal.ErrGarbled) != c.garbled || got.Input != c.input {
			t.Errorf("%s: %+v, %v; want input %q, garbled %v", c.name, got, err, c.input, c.garbled)
		}
	}
}

func TestInputs(t *testing.T) {
	for _, c := range []struct {
		input string
		a     table
		err   error
	}{
		{"hdmi1", table{"02030000" + "02011a": reply(0x22, 3, 0)}, nil},
		{"HDMI1", table{"02030000" + "02011a": reply(0xA2, 3, 1, 1), "02030000" + "0201a1": reply(0x22, 3, 0)}, nil},
		{"hdmi2", table{"02030000" + "0201": reply(0x22, 3, 0xFF)}, hal.ErrRefused},
		{"hdmi2", table{"02030000" + "02011b": "x"}, hal.ErrGarbled},
		{"a6", table{"02030000" + "0201a6": reply(0x22, 3, 0)}, nil},
		{"vga1", table{}, nec.Refusal(0x0203)},
	} {
		if err := nec.New(c.a).Input(t.Context(), c.input); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.input, err, c.err)
		}
	}
	displaytest.NoInputs(t, nec.New(displaytest.Nothing{T: t}), "", "1", "1A2", "hdmi9", "+1", "zz")
}

func TestRefusalsSayWhatTheyMean(t *testing.T) {
	if got := nec.Refusal(0x0101).Error(); got != "refused by the device: no such input (01 01)" {
		t.Error(got)
	}
	if got := nec.Refusal(0x7F01).Error(); got != "refused by the device: for a reason of its own (7F 01)" {
		t.Error(got)
	}
}
