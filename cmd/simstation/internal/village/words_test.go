package village

import (
	"testing"

	"stationbox/firmware/text"
)

// TestUnderstand: the sentences of the station's own catalogue, in both languages, with and
// without what is told before them.
func TestUnderstand(t *testing.T) {
	amounts := map[string]float64{"fingers": 5, "hands": 25, "turns": 2.5, "minutes": 2.5 / 60, "pole": 2.5 * 0.0573}
	for key, want := range map[string]deed{
		"turn_left": {do: "turn"}, "turn_right": {do: "turn", forward: true},
		"tip_up": {do: "tip", forward: true}, "tip_down": {do: "tip"},
		"tip_up_mark": {do: "tip", forward: true, fromMark: true}, "tip_down_mark": {do: "tip", fromMark: true},
		"sweep_left": {do: "sweep"}, "sweep_right": {do: "sweep", forward: true},
		"sweep_left_mark": {do: "sweep", fromMark: true}, "sweep_right_mark": {do: "sweep", forward: true, fromMark: true},
		"skew_clockwise": {do: "skew", forward: true}, "skew_counter": {do: "skew"},
		"hold": {do: "hold"}, "tighten": {do: "tighten"}, "done": {do: "done"},
	} {
		for _, lang := range []string{"zh", "en"} {
			c := text.New(lang)
			for unit, degrees := range amounts {
				want := want
				if want.degrees = 0; want.moves() {
					want.degrees = degrees
				}
				if want.do == "skew" && unit == "minutes" {
					want.degrees = 15
				}
				sentence := c.Say("align."+key, "amount", c.Say("align."+unit, "n", "2.5", "deg", "7"), "db", "0.1")
				for _, before := range []string{"", c.Say("align.wrong") + " ", c.Say("align.slack") + " ", c.Say("align.lost") + " ", c.Say("align.again") + " "} {
					if got, err := understand(before + sentence); err != nil || got != want {
						t.Errorf("%q: %+v %v, want %+v", before+sentence, got, err, want)
					}
				}
			}
		}
	}
	for _, sentence := range []string{"", "Shake the dish", "Tip the dish UP", "Tip the dish UP by 3 ells", "把天线仰高三圈", "Tip the dish UP by 1.2.3 turns"} {
		if got, err := understand(sentence); err == nil {
			t.Errorf("%q: %+v", sentence, got)
		}
	}
}

func TestReadOrder(t *testing.T) {
	stale := text.New("en").Say("align.stale")
	for line, want := range map[string]order{
		"[3] Stop. Let go and hold still\r\n":                      {3, "Stop. Let go and hold still"},
		"bar\x1b[2A\r\x1b[6C#\x1b[K\x1b[2A\r\x1b[J[12] 停，松手别动\r\n": {12, "停，松手别动"},
		"[4] \x1b[2A\r":       {},
		"now 3.0 dB [5] up":   {},
		"[12345] Stop\n":      {},
		"[7]\n":               {},
		"[8] " + stale + "\n": {},
	} {
		if got, ok := readOrder(line); got != want || ok != (want.number > 0) {
			t.Errorf("%q: %+v %v", line, got, ok)
		}
	}
}
