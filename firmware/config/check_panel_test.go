package config_test

import (
	"fmt"
	"strings"
	"testing"

	"stationbox/firmware/config"
)

// withPanel is the reference with another panel.
func withPanel(t *testing.T, lines string) string {
	t.Helper()
	file := reference(t)
	a, b := strings.Index(file, "[panel]\n"), strings.Index(file, "[player]\n")
	if a < 0 || b < a {
		t.Fatal("the reference has moved")
	}
	return file[:a] + "[panel]\n" + lines + "\n" + file[b:]
}

// pins are so many free pins.
func pins(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%q", fmt.Sprint("GPIO", 100+i)))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func TestPanels(t *testing.T) {
	const usb = `device = "/dev/input/by-id/usb-SEM_USB_Keyboard-event-kbd"`
	for name, tt := range map[string]struct {
		lines string
		want  []string // parts of the one problem; nil: it is right
	}{
		"matrix, not said":       {"rows = " + pins(4) + "\ncols = [\"GPIO200\", \"GPIO201\", \"GPIO202\", \"GPIO203\"]", nil},
		"usb by path":            {"kind = \"usb\"\n" + usb, nil},
		"usb by numbers":         {`kind = "usb"` + "\n" + `device = "1A2C:0e24"`, nil},
		"usb by its name":        {`kind = "usb"` + "\n" + `device = "1a2c:0e24/SEM USB Keyboard"`, nil},
		"buttons":                {"kind = \"buttons\"\npins = " + pins(64), nil},
		"buttons at chips":       {`kind = "buttons"` + "\n" + `expander = ["mcp23017:0x20", "mcp23017:0x21", "mcp23017:0x22", "mcp23017:0x23", "pcf8574:0x38"]`, nil},
		"one":                    {"kind = \"one\"\npins = " + pins(1), nil},
		"with a card reader":     {"kind = \"usb\"\n" + usb + "\ncard_reader = \"ffff:0035\"", nil},
		"only a card reader":     {`card_reader = "ffff:0035"`, nil},
		"empty lists":            {"kind = \"one\"\nrows = []\nexpander = []\npins = " + pins(1), nil},
		"matrix at a chip":       {`kind = "matrix"` + "\n" + `expander = ["pcf8574:0x20"]`, nil},
		"matrix at two chips":    {`kind = "matrix"` + "\n" + `expander = ["pcf8574:0x20", "pcf8574:0x21"]`, []string{"panel.expander", "one port expander, not at 2"}},
		"matrix at both":         {"kind = \"matrix\"\nrows = " + pins(4) + "\nexpander = [\"pcf8574:0x20\"]", []string{"panel.expander", "only one of expander and rows"}},
		"matrix at no chip":      {`kind = "matrix"` + "\n" + `expander = ["pcf8574:0x30"]`, []string{"panel.expander[1]", "no port expander"}},
		"matrix without a bus":   {`kind = "matrix"` + "\n" + `bus = ""` + "\n" + `expander = ["pcf8574:0x20"]`, []string{"panel.bus", "is required"}},
		"matrix on the bus":      {"kind = \"matrix\"\nexpander = [\"pcf8574:0x20\"]\nbuzzer = \"GPIO3\"", []string{"panel.buzzer", "already used by panel.bus"}},
		"no such kind":           {"kind = \"matrx\"\nrows = " + pins(4), []string{"panel.kind", `did you mean "matrix"`}},
		"no device":              {`kind = "usb"`, []string{"panel.device", "is required"}},
		"a name":                 {`kind = "usb"` + "\n" + `device = "event0"`, []string{"panel.device", "no input device", "by-id"}},
		"a path with dots":       {`kind = "usb"` + "\n" + `device = "/dev/input/../null"`, []string{"panel.device", "no input device"}},
		"half a number":          {`kind = "usb"` + "\n" + `device = "1a2c:e24"`, []string{"panel.device", "no input device"}},
		"no buttons":             {`kind = "buttons"`, []string{"panel.pins", "needs 1 to 64 buttons, has 0"}},
		"65 buttons":             {"kind = \"buttons\"\npins = " + pins(65), []string{"panel.pins", "has 65"}},
		"pins and chips":         {"kind = \"buttons\"\npins = " + pins(2) + "\nexpander = [\"pcf8574:0x20\"]", []string{"panel.expander", "only one of pins and expander"}},
		"no chip":                {"kind = \"buttons\"\nexpander = [\"mcp23018:0x20\"]", []string{"panel.expander[1]", "no port expander", "mcp23017:0x20"}},
		"another chip's address": {"kind = \"buttons\"\nexpander = [\"pcf8574:0x20\", \"mcp23017:0x38\"]", []string{"panel.expander[2]", "no port expander"}},
		"address twice":          {"kind = \"buttons\"\nexpander = [\"pcf8574:0x20\", \"mcp23017:0x20\"]", []string{"panel.expander[2]", "0x20 is there twice"}},
		"too many at chips":      {"kind = \"buttons\"\nexpander = [\"mcp23017:0x20\", \"mcp23017:0x21\", \"mcp23017:0x22\", \"mcp23017:0x23\", \"mcp23017:0x24\"]", []string{"panel.expander", "has 70"}},
		"on the pins of the bus": {"kind = \"buttons\"\nexpander = [\"pcf8574:0x20\"]\nlamp = \"GPIO2\"", []string{"panel.lamp", "already used by panel.bus"}},
		"two big buttons":        {"kind = \"one\"\npins = " + pins(2), []string{"panel.pins", "needs 1 pins, has 2"}},
		"rows of a usb keypad":   {"kind = \"usb\"\n" + usb + "\nrows = " + pins(4), []string{"panel.rows", `of no use with kind = "usb"`}},
		"a device of buttons":    {"kind = \"buttons\"\npins = " + pins(2) + "\n" + usb, []string{"panel.device", "of no use"}},
		"pins of nothing":        {"pins = " + pins(2), []string{"panel.pins", `of no use with kind = ""`}},
		"a pin twice":            {"kind = \"buttons\"\npins = [\"GPIO5\", \"GPIO5\"]", []string{"panel.pins[2]", "already used by panel.pins[1]"}},
		"reader and keypad":      {"kind = \"usb\"\ndevice = \"1a2c:0e24\"\ncard_reader = \"1A2C:0E24\"", []string{"panel.card_reader", "the same device"}},
		"no reader":              {"kind = \"one\"\npins = " + pins(1) + "\ncard_reader = \"rfid\"", []string{"panel.card_reader", "no input device"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := parse(t, withPanel(t, tt.lines))
			problems = config.Errors(problems)
			if tt.want == nil && len(problems) > 0 || tt.want != nil && len(problems) != 1 {
				t.Fatalf("%d problems: %v", len(problems), problems)
			}
			for _, part := range tt.want {
				if line := problems[0].String(); !strings.Contains(line, part) {
					t.Errorf("%q is not in %q", part, line)
				}
			}
		})
	}
}

// TestPanelRemarks: what works, but not for long, is remarked.
func TestPanelRemarks(t *testing.T) {
	for lines, want := range map[string]string{
		"": "there is no panel",
		"kind = \"usb\"\ndevice = \"/dev/input/event3\"": "may be another device",
	} {
		_, problems := parse(t, withPanel(t, lines))
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.String(), want)
		}
		if !found {
			t.Errorf("%q: %v", lines, problems)
		}
	}
}
