package display_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/display"
	"stationbox/hal"
)

func memory(path string) *display.Memory {
	return display.OpenMemory(path, slog.New(slog.DiscardHandler))
}

func TestWarmUpIsLearned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "displays.json")
	m := memory(path)
	if m.WarmUp("pjlink EB-X05") != 0 {
		t.Error("knows a model that it never saw")
	}
	for _, s := range []int{40, 300, 38, 42, 39} { // once somebody pulled a plug
		m.Learn("pjlink EB-X05", time.Duration(s)*time.Second, time.Now())
	}
	m.Learn("pjlink EB-X05", 0, time.Now())
	m.Learn("pjlink EB-X05", -time.Second, time.Now())
	if got := memory(path).WarmUp("pjlink EB-X05"); got != 40*time.Second {
		t.Errorf("after a restart the median is %v, want 40s", got)
	}
	for range 20 {
		m.Learn("pjlink EB-X05", 50*time.Second, time.Now())
	}
	if got := m.WarmUp("pjlink EB-X05"); got != 50*time.Second {
		t.Errorf("old lamps count for ever: %v", got)
	}
	for i := range 100 {
		m.Learn(fmt.Sprint("model ", i), time.Second, time.Now())
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 32<<10 {
		t.Errorf("the file grows: %v %v", info.Size(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLeadIsBoundedByTheConfiguration(t *testing.T) {
	for _, tt := range []struct{ warm, learned, want time.Duration }{
		{45 * time.Second, 0, 45 * time.Second},
		{45 * time.Second, 38 * time.Second, 38 * time.Second},
		{45 * time.Second, 5 * time.Second, 22500 * time.Millisecond},
		{45 * time.Second, 3 * time.Minute, 90 * time.Second},
	} {
		m := &display.Memory{}
		if tt.learned > 0 {
			m.Learn("x", tt.learned, time.Now())
		}
		if got := display.New("tv", &lamp{}, display.Opts{Kind: "x", WarmUp: tt.warm, Memory: m}).Lead(); got != tt.want {
			t.Errorf("warm_up %v, learned %v: lead %v, want %v", tt.warm, tt.learned, got, tt.want)
		}
	}
}

// A projector that takes 70 s is told 70 s ahead after its first evening; the
// file of the memory may be damaged or of another program.
func TestLeadIsLearnedFromAProjector(t *testing.T) {
	for _, was := range []string{"", "{", `{"models": 3}`, `{"models": {"pjlink": {"warm_ms": [-5]}}, "hours": {"projector lamp": []}}`, "\x00\xff"} {
		synctest.Test(t, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "displays.json")
			if err := os.WriteFile(path, []byte(was), 0o600); err != nil {
				t.Fatal(err)
			}
			b := &beamer{state: hal.DisplayStandby, warm: 70 * time.Second, lamps: "1812 1", ersting: "010000"}
			k := run(t, b.driver(), display.Opts{Kind: "pjlink", WarmUp: 45 * time.Second, Memory: memory(path)})
			k.Powered(true)
			k.Want(true)
			time.Sleep(2 * time.Minute)
			if got := k.Lead(); got < 69*time.Second || got > 73*time.Second {
				t.Errorf("%q: lead %v, want about 70s", was, got)
			}
			d := k.Status().Details
			if len(d.Value.LampHours) != 1 || d.Value.LampHours[0] != 1812*time.Hour || strings.Join(d.Value.Warnings, "") != hal.PartLamp {
				t.Errorf("details %+v", d)
			}
			time.Sleep(time.Hour)
			if age := time.Since(k.Status().Details.At); age > 11*time.Minute {
				t.Errorf("details are %v old", age)
			}
		})
	}
}

// slow tells details for a long time, but ends with its context.
type slow struct{ *lamp }

func (s slow) Details(ctx context.Context) (hal.DisplayDetails, error) {
	<-ctx.Done()
	return hal.DisplayDetails{}, ctx.Err()
}

func TestAWishDoesNotWaitForDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lamp{state: hal.DisplayOn}
		k := run(t, slow{l}, display.Opts{})
		k.Powered(true)
		k.Want(true)
		time.Sleep(2 * time.Second)
		k.Want(false)
		time.Sleep(100 * time.Millisecond)
		if l.commands() != "off" {
			t.Errorf("sent %q", l.commands())
		}
	})
}

func TestForecast(t *testing.T) {
	now := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	h := func(n int) time.Duration { return time.Duration(n) * time.Hour }
	tests := []struct {
		name               string
		used, life, weekly time.Duration
		until              string
		due, soon          bool
	}{
		{"two years", h(1812), h(3000), h(12), "2028-10", false, false},
		{"a month", h(2960), h(3000), h(12), "2026-12", false, true},
		{"due", h(3000), h(3000), h(12), "2026-11", true, false},
		{"long due", h(9000), h(3000), 0, "2026-11", true, false},
		{"life not known", h(1812), 0, h(12), "", false, false},
		{"use not known", h(1812), h(3000), 0, "", false, false},
		{"hardly used", h(1), h(30000), time.Minute, "", false, false},
	}
	for _, tt := range tests {
		w := display.Forecast(display.WearLamp, now, tt.used, tt.life, tt.weekly)
		until := ""
		if !w.Until.IsZero() {
			until = w.Until.Format("2006-01")
		}
		if until != tt.until || w.Due != tt.due || w.Soon != tt.soon {
			t.Errorf("%s: %+v, want until %q, due %v, soon %v", tt.name, w, tt.until, tt.due, tt.soon)
		}
	}
}

func TestWeeklyUse(t *testing.T) {
	m := memory(filepath.Join(t.TempDir(), "displays.json"))
	begin := time.Date(2026, 1, 5, 20, 0, 0, 0, time.UTC)
	at := func(week int) time.Time { return begin.Add(time.Duration(week) * 7 * 24 * time.Hour) }
	m.Used("projector", display.WearLamp, at(0), 1000*time.Hour)
	if _, ok := m.Weekly("projector", display.WearLamp, at(0).Add(time.Hour), 1001*time.Hour); ok {
		t.Error("an hour is no week")
	}
	for w := 1; w <= 60; w++ {
		m.Used("projector", display.WearLamp, at(w), time.Duration(1000+12*w)*time.Hour)
		m.Used("projector", display.WearLamp, at(w).Add(time.Hour), time.Duration(1001+12*w)*time.Hour) // not kept
	}
	if got, ok := m.Weekly("projector", display.WearLamp, at(61), 1732*time.Hour); !ok || got.Round(time.Hour) != 12*time.Hour {
		t.Errorf("weekly use %v, %v; want 12h", got, ok)
	}
	m.Used("projector", display.WearLamp, at(62), 3*time.Hour) // a new lamp
	if _, ok := m.Weekly("projector", display.WearLamp, at(62).Add(time.Hour), 4*time.Hour); ok {
		t.Error("a new lamp has the old one's past")
	}
	if got, ok := m.Weekly("projector", display.WearLamp, at(64), 17*time.Hour); !ok || got != 7*time.Hour {
		t.Errorf("the new lamp is used %v a week, %v; want 7h", got, ok)
	}
}

// Neither the current nor a projector that says "on" at once teaches a warm-up, nor
// one that took for ever.
func TestWhatTeachesNoWarmUp(t *testing.T) {
	for _, tt := range []struct {
		name string
		way  display.Way
		warm time.Duration
		want time.Duration
	}{
		{"its answer", display.Way{}, 20 * time.Second, 20 * time.Second},
		{"says on at once", display.Way{Early: true}, 20 * time.Second, 0},
		{"its current", display.Way{Mute: true}, 20 * time.Second, 0},
		{"took for ever", display.Way{}, 3 * time.Minute, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			b, m := &beamer{state: hal.DisplayStandby, warm: tt.warm}, &display.Memory{}
			cur := display.Current{}
			if tt.way.Mute {
				cur = display.Current{On: 1000, Standby: 100, MA: func() (int64, bool) {
					b.mu.Lock()
					defer b.mu.Unlock()
					return map[bool]int64{true: 1500, false: 20}[b.now() == hal.DisplayOn], true
				}}
			}
			tt.way.Name, tt.way.Dev = "x", b.driver()
			k := run(t, display.NewChain([]display.Way{tt.way}, display.ChainOpts{Lamp: true, Resend: 5 * time.Minute, Current: cur}), display.Opts{Kind: "x", WarmUp: 30 * time.Second, Memory: m})
			k.Powered(true)
			k.Want(true)
			time.Sleep(4 * time.Minute)
			if got := m.WarmUp("x").Round(2 * time.Second); got != tt.want || k.Status().State != hal.DisplayOn {
				t.Errorf("%s: learned %v, want %v; %v", tt.name, got, tt.want, k.Status().State)
			}
		})
	}
}

func TestTrial(t *testing.T) {
	tests := []struct {
		name, do, input string
		way             int
		set             *set
		want            string // way, told, proved, state
	}{
		{"state", display.TryState, "", -1, &set{}, "cec false true standby; serial false true standby; ir false false unknown"},
		{"on, the first obeys", display.TryOn, "", -1, &set{}, "cec true true on; serial false true on; ir false false unknown"},
		{"on, the first is deaf", display.TryOn, "", -1, &set{deafCEC: true}, "cec true false standby; serial true true on; ir false false unknown"},
		{"one way only", display.TryOn, "", 1, &set{}, "serial true true on"},
		{"off", display.TryOff, "", -1, &set{on: true}, "cec true true standby; serial false true standby; ir false false unknown"},
		{"input", display.TryInput, "hdmi2", 1, &set{on: true}, "serial true true on"},
		{"no such input", display.TryInput, "scart", 1, &set{on: true}, "serial true false unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := tt.set
				ways := []display.Way{{Name: "cec", Dev: s.cec(), Acks: true}, {Name: "serial", Dev: s.serial(t)}, {Name: "ir", Dev: s.remote(t, nil), Mute: true}}
				k := run(t, display.NewChain(ways, display.ChainOpts{}), display.Opts{BlindOn: true})
				if _, err := k.Try(t.Context(), tt.do, tt.input, tt.way); err != display.ErrNoMains {
					t.Errorf("without mains: %v", err)
				}
				k.Powered(true)
				k.Want(false)
				synctest.Wait()
				s.mu.Lock()
				s.on = tt.do == display.TryOff || tt.do == display.TryInput
				s.mu.Unlock()
				steps, err := k.Try(t.Context(), tt.do, tt.input, tt.way)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, st := range steps {
					got = append(got, fmt.Sprint(st.Way, " ", st.Told, " ", st.Proved, " ", st.State))
				}
				if strings.Join(got, "; ") != tt.want {
					t.Errorf("steps\n%q, want\n%q", strings.Join(got, "; "), tt.want)
				}
				if tt.do == display.TryOn && !s.isOn() {
					t.Error("it is not on")
				}
				time.Sleep(time.Minute)
				if tt.do == display.TryOn && !s.isOn() {
					t.Error("it was put out before somebody could look")
				}
				time.Sleep(3 * time.Minute)
				if s.isOn() {
					t.Error("it was left on")
				}
			})
		})
	}
}

// A trial obeys the rules for lamps.
func TestTrialOfALampThatCools(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &beamer{state: hal.DisplayCooling}
		k := run(t, b.driver(), display.Opts{})
		k.Powered(true)
		steps, err := k.Try(t.Context(), display.TryOn, "", -1)
		if err != nil || len(steps) != 1 || steps[0].Told || !strings.Contains(steps[0].Err, "cooling") || b.commands() != "" {
			t.Errorf("%+v, %v; sent %q", steps, err, b.commands())
		}
	})
}

func TestTrialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &set{deaf: true}
		k := run(t, display.NewChain([]display.Way{{Name: "serial", Dev: s.serial(t)}}, display.ChainOpts{}), display.Opts{BlindOn: true, WarmUp: 10 * time.Minute})
		k.Powered(true)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := k.Try(ctx, display.TryOn, "", -1); err == nil {
			t.Error("it ended well")
		}
		k.Want(true)
		time.Sleep(3 * time.Second)
		if time.Since(k.Status().At) > 2*time.Second {
			t.Error("the keeper is still busy with the trial")
		}
	})
}

// The first model that was measured counts, within half and twice of what is usual.
func TestMemoryLead(t *testing.T) {
	m := &display.Memory{}
	at := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	m.Learn("pjlink", 30*time.Second, at)
	m.Learn("pjlink slow", 10*time.Minute, at)
	m.Learn("pjlink quick", time.Second, at)
	for _, tt := range []struct {
		models  string
		want    time.Duration
		learned bool
	}{
		{"pjlink", 30 * time.Second, true},
		{"pjlink new,pjlink", 30 * time.Second, true},
		{"pjlink slow,pjlink", 90 * time.Second, true},
		{"pjlink quick", 22500 * time.Millisecond, true},
		{"lg", 45 * time.Second, false},
		{"", 45 * time.Second, false},
	} {
		if got, learned := m.Lead(45*time.Second, strings.Split(tt.models, ",")...); got != tt.want || learned != tt.learned {
			t.Errorf("%s: %v, %v; want %v, %v", tt.models, got, learned, tt.want, tt.learned)
		}
	}
}
