package station

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/display"
	"stationbox/firmware/text"
	"stationbox/hal"
)

// bright is a room in which everything is as it should be in mid-lesson.
func bright() darkFacts {
	plugged := true
	return darkFacts{
		Wanted: true, Guard: &firmware.GuardStatus{State: firmware.GuardClosed}, HDMI: &plugged,
		Displays: []darkDisplay{{Name: "tv", Fed: true, State: hal.DisplayOn}, {Name: "projector", Fed: true, State: hal.DisplayOn}},
		Player:   darkPlayer{Up: true, Film: true, Loaded: true, Run: true},
	}
}

func TestWhyDark(t *testing.T) {
	no := false
	tests := []struct {
		name  string
		spoil func(*darkFacts)
		want  string // codes without "dark."
		says  string // part of the first sentence
	}{
		{"all is well", func(*darkFacts) {}, "", ""},
		{"nothing known of HDMI", func(f *darkFacts) { f.HDMI = nil }, "", ""},
		{"no guard", func(f *darkFacts) { f.Guard = nil; f.Displays[0].Fed, f.Displays[1].Fed = false, false }, "no_guard", "power guard does not answer"},
		{"outage", func(f *darkFacts) {
			f.Guard = &firmware.GuardStatus{State: firmware.GuardOff, Cause: "guard.cause.outage"}
			f.Displays[0].Fed, f.Displays[1].Fed = false, false
		}, "no_mains", "no good mains"},
		{"locked out", func(f *darkFacts) {
			f.Guard = &firmware.GuardStatus{State: firmware.GuardLockout}
			f.Displays[0].Fed, f.Displays[1].Fed = false, false
		}, "no_mains", "locked out"},
		{"checking the mains", func(f *darkFacts) {
			f.Guard.State = firmware.GuardQualify
			f.Displays[0].Fed, f.Displays[1].Fed = false, false
		}, "no_mains", "checking the mains"},
		{"riding through", func(f *darkFacts) { f.Guard.State = firmware.GuardRideThrough }, "", ""},
		{"no lesson", func(f *darkFacts) {
			f.Wanted, f.Next = false, "Apples  11-28 09:00"
			f.Displays[0].State, f.Displays[0].Fed = hal.DisplayOff, false
		}, "idle", "Apples"},
		{"no lesson, contactor open as it should be", func(f *darkFacts) { f.Wanted, f.Guard.State = false, firmware.GuardOff }, "idle", "No lesson"},
		{"no lesson and no mains", func(f *darkFacts) {
			f.Wanted = false
			f.Guard = &firmware.GuardStatus{State: firmware.GuardTrip, Cause: "guard.cause.outage"}
		}, "no_mains idle", ""},
		{"time not trusted", func(f *darkFacts) { f.Wanted, f.ClockBad = false, true }, "clock", "not trusted"},
		{"time not trusted in mid-lesson", func(f *darkFacts) { f.ClockBad = true; f.Displays[0].State = hal.DisplayStandby }, "clock standby", ""},
		{"off", func(f *darkFacts) { f.Displays[0].Fed = false }, "off", "The TV has no mains"},
		{"off by its own word", func(f *darkFacts) { f.Displays[0].State = hal.DisplayOff }, "off", ""},
		{"held", func(f *darkFacts) { f.Displays[1].Fed, f.Displays[1].Held = false, "guard.cause.shed" }, "held", "projector has no mains"},
		{"standby", func(f *darkFacts) { f.Displays[0].State = hal.DisplayStandby }, "standby", "being told"},
		{"stubborn", func(f *darkFacts) { f.Displays[0].State, f.Displays[0].Stubborn = hal.DisplayStandby, true }, "stubborn", "ignores"},
		{"warming", func(f *darkFacts) { f.Displays[1].State, f.Displays[1].Lead = hal.DisplayWarming, 45*time.Second }, "warming", "about 45s"},
		{"cooling", func(f *darkFacts) { f.Displays[1].State = hal.DisplayCooling }, "cooling", "before it is cold"},
		{"wrong input", func(f *darkFacts) { f.Displays[1].Input = true }, "input", "another input"},
		{"lamp", func(f *darkFacts) {
			f.Displays[1].State, f.Displays[1].Parts = hal.DisplayFault, []string{hal.PartFan, hal.PartLamp}
		}, "lamp", "lamp of the projector"},
		{"fan", func(f *darkFacts) { f.Displays[1].Parts = []string{hal.PartFan} }, "part", "fan"},
		{"fault", func(f *darkFacts) { f.Displays[1].State = hal.DisplayFault }, "fault", "of its own"},
		{"no CEC", func(f *darkFacts) { f.Displays[0].State, f.Displays[0].CEC = hal.DisplayUnknown, true }, "no_cec", "CEC"},
		{"cable", func(f *darkFacts) {
			f.Displays[1].State, f.Displays[1].Gone, f.Displays[1].Problem = hal.DisplayUnknown, true, "connection refused"
		}, "no_cable", "connection refused"},
		{"silent", func(f *darkFacts) { f.Displays[1].State, f.Displays[1].Problem = hal.DisplayUnknown, "no reply" }, "silent", "no reply"},
		{"both, in their order", func(f *darkFacts) {
			f.Displays[0].State, f.Displays[1].State = hal.DisplayUnknown, hal.DisplayCooling
		}, "silent cooling", ""},
		{"no display", func(f *darkFacts) { f.Displays = nil }, "no_display", "No display"},
		{"no link", func(f *darkFacts) { f.HDMI = &no }, "no_link", "HDMI"},
		{"player down", func(f *darkFacts) { f.Player = darkPlayer{Film: true} }, "player_down", "not running"},
		{"film broken", func(f *darkFacts) { f.Player.Broken, f.Player.Loaded = true, false }, "broken", "cannot be played"},
		{"film not loaded", func(f *darkFacts) { f.Player.Loaded = false }, "not_loaded", "not loaded"},
		{"player stuck", func(f *darkFacts) { f.Player.Stuck = true }, "player_stuck", "stands still"},
		{"stuck, but paused", func(f *darkFacts) { f.Player.Stuck, f.Player.Run = true, false }, "", ""},
		{"black film", func(f *darkFacts) { f.Black = 31 * time.Second }, "black", "black for 31s"},
		{"black between two parts", func(f *darkFacts) { f.Black = 29 * time.Second }, "", ""},
		{"black because nothing is loaded", func(f *darkFacts) { f.Black, f.Player.Loaded = time.Minute, false }, "not_loaded", ""},
	}
	reached := map[string]bool{"dark.none": true}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := bright()
			tt.spoil(&f)
			var codes []string
			causes := whyDark(f)
			for _, c := range causes {
				codes = append(codes, strings.TrimPrefix(c.Code, "dark."))
				reached[c.Code] = true
			}
			if got := strings.Join(codes, " "); got != tt.want {
				t.Errorf("causes %q, want %q", got, tt.want)
			}
			en := darkIn(text.New("en"), causes)
			if tt.says != "" && !strings.Contains(en[0].Text, tt.says) {
				t.Errorf("it says %q, want %q in it", en[0].Text, tt.says)
			}
			for _, c := range slices.Concat(en, darkIn(text.New("zh"), causes)) {
				if c.Text == c.Code || c.Do == "" || strings.ContainsAny(c.Text+c.Do, "{}") {
					t.Errorf("not a sentence: %+v", c)
				}
			}
		})
	}
	all, _ := text.Entries()
	for _, e := range all {
		if strings.HasPrefix(e.Key, "dark.") && !strings.HasSuffix(e.Key, ".hint") && !reached[e.Key] {
			t.Errorf("no fact leads to %s", e.Key)
		}
	}
}

func TestStall(t *testing.T) {
	now := time.Now()
	var s stall
	running := func(pos time.Duration) fate { return fate{key: "party", running: true, position: pos} }
	for i, step := range []struct {
		after time.Duration
		f     fate
		want  bool
	}{
		{0, running(0), false},
		{time.Second, running(time.Second), false},
		{4 * time.Second, running(time.Second), false},
		{2 * time.Second, running(time.Second), true},
		{time.Second, running(2 * time.Second), false},
		{time.Second, fate{key: "party", position: 2 * time.Second}, false}, // paused
		{500 * time.Millisecond, running(2 * time.Second), false},
		{time.Second, fate{key: "party", running: true, complete: true, position: 2 * time.Second}, false},
		{time.Second, fate{key: "other", running: true, position: 2 * time.Second}, false},
	} {
		now = now.Add(step.after)
		if s.see(step.f, now); s.is() != step.want {
			t.Errorf("step %d: stuck %v, want %v", i, s.is(), step.want)
		}
	}
}

func TestHDMI(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	yes, no := true, false
	for _, tt := range []struct {
		name string
		fs   fstest.MapFS
		want *bool
	}{
		{"no kernel knows", fstest.MapFS{}, nil},
		{"one of two", fstest.MapFS{"card1-HDMI-A-1/status": file("disconnected\n"), "card1-HDMI-A-2/status": file("connected\n")}, &yes},
		{"none", fstest.MapFS{"card1-HDMI-A-1/status": file("disconnected\n"), "card1-Writeback-1/status": file("connected\n")}, &no},
	} {
		if got := hdmi(tt.fs); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func wearOf(used, life, weekly int) display.Wear {
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	h := func(n int) time.Duration { return time.Duration(n) * time.Hour }
	return display.Forecast(display.WearLamp, now, h(used), h(life), h(weekly))
}

func TestWearLine(t *testing.T) {
	f := wearOf(1812, 3000, 12)
	if got, want := wearLine(text.New("en"), f), "lamp is at 1,812 of 3,000 h; at 12 h a week until 2028-10"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if zh := wearLine(text.New("zh"), f); !regexp.MustCompile(`灯泡.*2028-10`).MatchString(zh) {
		t.Errorf("%q", zh)
	}
	for _, tt := range []struct {
		used, life, weekly int
		want               string
	}{
		{500, 0, 12, "lamp is at 500 h"},
		{500, 3000, 0, "lamp is at 500 of 3,000 h"},
		{1234567, 3000, 12, "lamp is at 1,234,567 of 3,000 h: it is due"},
		{500, 3000, 2, "lamp is at 500 of 3,000 h; at 2.0 h a week until 2050-11"},
	} {
		if got := wearLine(text.New("en"), wearOf(tt.used, tt.life, tt.weekly)); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
