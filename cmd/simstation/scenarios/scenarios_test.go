package scenarios

import (
	"slices"
	"testing"

	"stationbox/hal/sim/scenario"
)

func TestEveryScriptCanBeRead(t *testing.T) {
	names := Names()
	for _, want := range []string{"village", "first-lesson", "kill-station", "kill-guard", "overvoltage", "no-video", "projector-silent", "dish-align", "dish-faults"} {
		if !slices.Contains(names, want) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, name := range names {
		f, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Parse(f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if name != "village" && s.End == 0 {
			t.Errorf("%s has no end", name)
		}
	}
}
