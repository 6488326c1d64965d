package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/firmware/config"
	"stationbox/firmware/power"
)

// TestWhatTheCheckAcceptsTheGuardStartsWith walks along the edges of the keys of
// [guard]: a configuration without a problem must give a Plan, or the village
// stays dark with a guard that is started over for ever.
func TestWhatTheCheckAcceptsTheGuardStartsWith(t *testing.T) {
	loads := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "[[load]]\nname = \"l%d\"\nrelay = \"GPIO%d\"\n", i, 40+i)
		}
		return b.String()
	}
	stages := func(n int) string {
		b := strings.Builder{}
		for i := range n {
			fmt.Fprintf(&b, "[[guard.stage]]\nover = %d\nafter = \"%dms\"\n", 400-10*i, 100+i)
		}
		return b.String() + "[[guard.stage]]\nunder = 154\nafter = \"500ms\"\n"
	}
	accepted := 0
	for _, guard := range []string{
		"", "max_trips = 1", "max_trips = 10", "max_trips = 11", "max_trips = 100", "good_high = 263", "good_high = 264", "good_high = 265",
		"good_low = 176", "good_low = 175", "good_low = 80", "stale = \"20ms\"", "stale = \"101ms\"", "min_off = \"1h\"", "slot = \"1h\"", "arrester = \"hold\"",
	} {
		for _, rest := range []string{"", stages(1), stages(10), stages(11), stages(12), loads(1), loads(8), loads(9), "[mains]\nfull_scale = 400\n"} {
			mains := "[mains]\nport = \"/dev/null\"\n"
			if strings.HasPrefix(rest, "[mains]") {
				mains, rest = mains+"full_scale = 400\n", ""
			}
			file := "[station]\nid = \"a-1\"\n" + mains + "[guard]\n" + guard + "\n" + rest +
				"[contactor]\ndrive = \"GPIO17\"\naux_no = \"GPIO27\"\n[library]\ndir = \"/\"\n[sound]\ndevice = \"none\"\n"
			cfg, problems := config.Parse([]byte(file), filepath.Join(t.TempDir(), "station.toml"))
			if len(config.Errors(problems)) > 0 {
				continue
			}
			accepted++
			if _, err := power.NewPlan(settings(cfg)); err != nil {
				t.Errorf("%s %.60q: accepted, and the guard says %v", guard, rest, err)
			}
		}
	}
	if accepted < 30 {
		t.Errorf("only %d configurations were accepted: the test proves nothing", accepted)
	}
}
