package config_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/text"
)

// withStages is the reference with other stages, one a line: "over 340 0s".
func withStages(t *testing.T, stages string) string {
	t.Helper()
	file := reference(t)
	begin := strings.Index(file, "[[guard.stage]]")
	end := strings.Index(file, "# What supplies this computer")
	if begin < 0 || end < begin {
		t.Fatal("the reference has moved")
	}
	var b strings.Builder
	for _, s := range strings.Split(stages, ",") {
		if f := strings.Fields(s); len(f) == 3 {
			b.WriteString("[[guard.stage]]\n" + f[0] + " = " + f[1] + "\nafter = \"" + f[2] + "\"\n")
		}
	}
	return file[:begin] + b.String() + file[end:]
}

func TestStagesStayInTheWindow(t *testing.T) {
	const good = "over 340 0s, over 300 200ms, over 275 500ms, over 264 3s, under 176 10s, under 154 500ms, under 22 100ms"
	tests := []struct{ name, stages, want string }{
		{"the guard's own table", "", ""},
		{"the same written down", good, ""},
		{"without an outage", "over 340 0s, over 300 200ms, over 275 500ms, over 264 3s, under 176 10s, under 154 500ms", ""},
		{"as slow as allowed", "over 400 200ms, over 350 750ms, over 300 5s, over 275 15s, under 154 10s, under 22 1s", ""},
		{"the outage is the guard's own", "over 264 500ms, over 300 100ms, under 154 5s", ""},
		{"as quick as allowed", "over 265 0s, under 176 500ms, under 154 100ms", ""},
		{"normal voltage", good + ", over 255 400ms", "opens at 255 V after 400ms; equipment must endure that for 500ms"},
		{"within ten per cent", strings.Replace(good, "under 176 10s", "under 190 30s, under 176 10s", 1), ""},
		{"a dip that must be endured", strings.Replace(good, "under 176 10s", "under 190 5s, under 176 5s", 1), "opens at 189 V after 5s; equipment must endure that for 10s"},
		{"a short dip", strings.Replace(good, "under 176 10s", "under 176 400ms", 1), "opens at 175 V after 400ms; equipment must endure that for 500ms"},
		{"one lost cycle", "over 264 500ms, under 154 10ms", "guard.stage[2]: after must be at least 100ms"},
		{"no over-voltage at all", "under 154 500ms", "no stage opens at 275 V; it must be open after 15s"},
		{"nothing far above", "over 264 3s, under 154 500ms", "opens too late at 350 V: 750ms at the latest"},
		{"no under-voltage", "over 264 200ms, over 300 100ms", "opens at 264 V after 200ms; equipment must endure that for 500ms"},
		{"under-voltage missing", "over 264 500ms, over 300 100ms", "no stage opens at 153 V; it must be open after 10s"},
		{"an outage that would count as a trip", "over 340 0s, over 275 500ms, under 154 80ms", "must be at least 100ms"},
	}
	en := text.New("en")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := parse(t, withStages(t, tt.stages))
			var all []string
			for _, p := range config.Errors(problems) {
				if p.Line == 0 {
					t.Errorf("no line: %v", p)
				}
				all = append(all, p.In(en))
			}
			said := strings.Join(all, "\n")
			if tt.want == "" && said != "" || !strings.Contains(said, tt.want) {
				t.Errorf("said %q; want %q", said, tt.want)
			}
		})
	}
}

func TestSlotByStationNumber(t *testing.T) {
	for _, tt := range []struct {
		id     string
		want   time.Duration
		random bool
	}{
		{"370100-014", 140 * time.Second, false},
		{"370100-061", 10 * time.Second, false},
		{"village", 0, true},
		{"a-000", 0, false},
		{"99999999999999999999999999999999", 390 * time.Second, false},
	} {
		file := regexp.MustCompile(`(?m)^id = "370100-014"`).ReplaceAllString(reference(t), `id = "`+tt.id+`"`)
		cfg, _ := parse(t, file)
		if cfg.Guard.Slot.D() != tt.want || cfg.Guard.RandomSlot != tt.random {
			t.Errorf("%s: slot %v, random %v; want %v, %v", tt.id, cfg.Guard.Slot, cfg.Guard.RandomSlot, tt.want, tt.random)
		}
	}
	cfg, _ := parse(t, strings.Replace(reference(t), `# slot = "2m20s"`, `slot = "7s"`, 1))
	if cfg.Guard.Slot.D() != 7*time.Second || cfg.Guard.RandomSlot {
		t.Errorf("written slot: %v", cfg.Guard.Slot)
	}
}
