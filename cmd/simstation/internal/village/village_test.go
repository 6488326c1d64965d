package village

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/firmware/text"
	"stationbox/hal/sim/scenario"
)

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

func script(t *testing.T, text string) *scenario.Script {
	t.Helper()
	s, err := scenario.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLabelClockAgreesWithRealSeconds(t *testing.T) {
	base := time.Date(2026, 11, 23, 23, 59, 59, 0, time.UTC)
	for _, tt := range []struct {
		name        string
		now         time.Time
		start, want time.Duration // want: base of the clock after 23:59:59
	}{
		{"on the second", base, 8 * time.Hour, 0},
		{"between", base.Add(300 * time.Millisecond), 8 * time.Hour, time.Second},
		{"label between", base.Add(300 * time.Millisecond), 8*time.Hour + 500*time.Millisecond, 500 * time.Millisecond},
		{"label before", base.Add(600 * time.Millisecond), 8*time.Hour + 500*time.Millisecond, 1500 * time.Millisecond},
	} {
		c := startClock(tt.now, tt.start)
		if got := c.base.Sub(base); got != tt.want {
			t.Errorf("%s: begins after %v, want %v", tt.name, got, tt.want)
		}
		if got := c.label(c.real(9 * time.Hour)); got != 9*time.Hour {
			t.Errorf("%s: there and back is %v", tt.name, got)
		}
	}
}

func TestRowPastMidnightHasTheNextDay(t *testing.T) {
	v := &Village{o: Opts{}, words: text.New("zh")}
	v.cfg = v.baseConfig()
	at := time.Date(2026, 11, 23, 16, 0, 20, 0, time.UTC) // 24 November, 00:00:20 in the village
	r := v.row("lesson-1", at, scenario.Lesson{File: "a.mp4", Length: time.Minute, Title: "x"})
	if r.At != "00:00:20" || len(r.Days) != 1 || r.Days[0] != "tue" {
		t.Errorf("row %+v", r)
	}
	begins, ends := v.span(r, at.Add(-time.Minute))
	if !begins.Equal(at) || ends.Sub(begins) != 2*time.Minute {
		t.Errorf("span %v to %v", begins, ends)
	}
}

// TestConfigIsReadAsItWasMeant sends the configuration through the reader that
// guard and station use.
func TestConfigIsReadAsItWasMeant(t *testing.T) {
	v := &Village{dir: t.TempDir(), words: text.New("en"), now: time.Now}
	v.o.Script = script(t, `start 08:00
set lesson.bell_before 7s
set load.projector.cool_time 33s
set load.tv.always_on true
set guard.max_trips 3
set projector.password JBMIAProjectorLink
set player.args --a=1,--b=2
set world.warm_up 4s
set world.thd 5
lesson 08:10 first.mp4 30s "第一课 \path"
`)
	for _, dir := range []string{"library", "prompts"} {
		if err := os.MkdirAll(filepath.Join(v.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.configure(); err != nil {
		t.Fatal(err)
	}
	v.cfg.Projector.Address, v.cfg.Player.Display, v.cfg.Sound.Prompts = "127.0.0.1:4444", ":7", filepath.Join(v.dir, "prompts")
	v.clock = startClock(time.Now(), v.o.Script.Start)
	v.scheduleScript()
	if err := v.writeConfig(); err != nil {
		t.Fatal(err)
	}
	got, err := config.Load(v.configPath())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range got.Warnings {
		if !strings.HasPrefix(w.Key, "schedule[1].file") { // no clip was made
			t.Errorf("warning: %v", w)
		}
	}
	projector, _ := got.LoadNamed("projector")
	tv, _ := got.LoadNamed("tv")
	checks := map[string]bool{
		"bell":      got.Lesson.BellBefore.D() == 7*time.Second,
		"cool time": projector.CoolTime.D() == 33*time.Second && projector.Lamp && projector.Channel == 1,
		"always on": tv.AlwaysOn && tv.Channel == 2,
		"trips":     got.Guard.MaxTrips == 3,
		"password":  got.Projector.Password == "JBMIAProjectorLink",
		"args":      strings.Join(got.Player.Args, " ") == "--a=1 --b=2",
		"world":     v.tuning.WarmUp == 4*time.Second && v.tuning.THD == 5,
		"order":     got.Loads[0].Name == "receiver" && got.Loads[2].Name == "projector",
		"title":     got.Schedule[0].Title == `第一课 \path` && got.Schedule[0].Duration.D() == 30*time.Second,
		"language":  got.Station.Language == "en",
	}
	for what, ok := range checks {
		if !ok {
			t.Errorf("%s came out wrong", what)
		}
	}
}

func TestSetMistakes(t *testing.T) {
	for line, want := range map[string]string{
		"set lesson.bel_before 10s":   `line 2: set: there is no key "bel_before" here: one of ready_before`,
		"set lesson.bell_before soon": `"soon" is not a length of time`,
		"set load.fridge.relay GPIO2": `nothing is called "fridge"`,
		"set guard.max_trips many":    `"many" does not fit`,
		"set guard 3":                 "not a single value",
		"set world.wind 3":            `there is no key "wind"`,
		"set station.id.x 3":          `nothing below it is called "x"`,
	} {
		v := &Village{words: text.New("zh"), now: time.Now}
		v.o.Script = script(t, "start 08:00\n"+line+"\n")
		if err := v.configure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", line, err, want)
		}
	}
}

func TestPressesAreCountedAtThePins(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	ms := func(n int) time.Time { return at.Add(time.Duration(n) * time.Millisecond) }
	var c pressCounter
	c.typed('#', ms(0)) // nothing typed: no press
	c.typed('1', ms(10))
	c.typed('*', ms(20))
	c.typed('#', ms(30)) // cleared: no press
	c.typed('1', ms(1000))
	c.typed('2', ms(1100))
	c.typed('#', ms(1200))
	c.look(ms(1210), true, false) // lamp alone is no answer
	if made, ack, _ := c.counts(); made != 1 || ack != 0 {
		t.Fatalf("%d made, %d acknowledged", made, ack)
	}
	c.look(ms(1215), false, true) // the buzzer comes first
	c.look(ms(1220), true, true)
	c.look(ms(1500), false, false)
	if made, ack, _ := c.counts(); made != 1 || ack != 1 {
		t.Fatalf("%d made, %d acknowledged", made, ack)
	}
	c.typed('3', ms(5000))
	c.typed('#', ms(5100))
	c.look(ms(5110), true, false)
	c.look(ms(9000), true, true) // too late
	if made, ack, _ := c.counts(); made != 2 || ack != 1 {
		t.Fatalf("%d made, %d acknowledged", made, ack)
	}
	for _, tt := range []struct {
		recorded []int
		want     int
	}{{nil, 0}, {[]int{12, 3}, 0}, {[]int{12, 3, 12}, 1}, {[]int{123}, 1}} {
		if got := c.strange(tt.recorded); got != tt.want {
			t.Errorf("recorded %v: %d strange, want %d", tt.recorded, got, tt.want)
		}
	}
}

func TestDiaryKeepsTheNewestInOrder(t *testing.T) {
	var d diary
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for i := range maxEvents + 50 {
		d.add(at.Add(time.Duration(i^1)*time.Second), "do", "x", "info")
	}
	list := d.list(time.UTC)
	if len(list) != maxEvents {
		t.Fatalf("%d events", len(list))
	}
	for i := 1; i < len(list); i++ {
		if list[i].At.Before(list[i-1].At) {
			t.Fatalf("event %d is out of order", i)
		}
	}
}

func TestAskRefusesNonsense(t *testing.T) {
	if _, err := ask(filepath.Join(t.TempDir(), "none.sock"), "zh", time.Second, "status"); err == nil {
		t.Error("an answer from nobody")
	}
}

func newProgram(t *testing.T, shell string) *process {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{argv: []string{"/bin/sh", "-c", shell}, out: out, log: slog.New(slog.DiscardHandler),
		told: func(string) {}, view: Process{Name: "program", State: "restarting"}}
	p.run()
	t.Cleanup(func() { p.stop(time.Second) })
	return p
}

func TestKilledProgramComesBack(t *testing.T) {
	p := newProgram(t, "exec sleep 1000")
	waitFor(t, "the start", func() bool { return p.state().PID != 0 })
	first := p.state().PID
	if err := p.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the restart", func() bool { s := p.state(); return s.PID != 0 && s.PID != first && s.Restarts == 1 })
	last := p.state().PID
	p.stop(time.Second)
	if s := p.state(); s.State != "stopped" || s.PID != 0 {
		t.Errorf("after stop: %+v", s)
	}
	if err := syscall.Kill(last, 0); err == nil {
		t.Error("the program outlived its end")
	}
}

func TestProgramThatDiesAtOnceIsGivenUp(t *testing.T) {
	p := newProgram(t, "exit 3")
	waitFor(t, "giving up", func() bool { return p.state().State == "stopped" })
	if n := p.state().Restarts; n != startLimit {
		t.Errorf("%d restarts, want %d", n, startLimit)
	}
}

// raiseSleepy raises a whole village whose guard and station only sleep.
func raiseSleepy(t *testing.T, text string) *Village {
	t.Helper()
	return raiseWith(t, text, "exec sleep 1000")
}

// raiseWith raises one whose station is a shell script.
func raiseWith(t *testing.T, text, station string) *Village {
	t.Helper()
	if _, err := exec.LookPath("Xvfb"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	bin := t.TempDir()
	for name, body := range map[string]string{
		"guard": "exec sleep 1000", "station": station,
		"make-lesson.sh": `: > "$1"`, "make-prompts.sh": `mkdir -p "$1"`,
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	v, err := Raise(t.Context(), Opts{Name: "test", Script: script(t, text), Bin: bin, Media: bin, Cache: t.TempDir(), Language: "zh"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func TestVillageLeavesNothingBehind(t *testing.T) {
	v := raiseSleepy(t, `start 08:00
lesson 08:10 first.mp4 30s "x"
08:00:00 mains 230V
08:00:00 fault meter silent
08:00:00.2 kill station
08:00:00.3 expect contactor open
08:00:00.4 expect projector on within 0.1s
08:00:00.5 thd 8% for 100ms
08:00:00.6 expect report trips = 0
08:00:00.7 press 12
end 08:00:02
`)
	if err := v.Play(context.Background()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the restart", func() bool { return v.station.state().Restarts == 1 })
	st := v.state()
	if st.Mains.SetVolts != 230 || st.Devices["meter"] != "silent" || len(st.Processes) != 3 {
		t.Errorf("state: %+v %v %v", st.Mains, st.Devices, st.Processes)
	}
	if f := v.Failed(); len(f) != 1 || !strings.Contains(f[0], "expect projector on within 0.1s: it is off") {
		t.Errorf("failed: %q", f)
	}
	r := v.Report()
	if !r.Done || r.PressesMade != 1 || r.PressesAcknowledged != 0 || r.StationRestarts != 1 {
		t.Errorf("report: %+v", r)
	}
	for _, bad := range []string{"fault meter melted", "press x", "lesson later"} {
		if v.Do(bad) == nil {
			t.Errorf("%s was done", bad)
		}
	}
	pids := []int{v.guard.state().PID, v.station.state().PID, v.xvfb.state().PID}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if pid == 0 || syscall.Kill(pid, 0) == nil {
			t.Errorf("process %d is still there", pid)
		}
	}
	if _, err := os.Stat(v.Dir()); err == nil {
		t.Errorf("%s is still there", v.Dir())
	}
}

func TestLessonNowWritesTheScheduleOnce(t *testing.T) {
	v := raiseSleepy(t, "start 08:00\nlesson 08:30 first.mp4 30s \"x\"\n")
	before := v.station.state().PID
	if err := v.Do("lesson now"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "station to read it", func() bool { s := v.station.state(); return s.PID != 0 && s.PID != before })
	data, err := os.ReadFile(v.configPath())
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "lesson-2"); n != 1 {
		t.Errorf("the new row is there %d times", n)
	}
	if err := v.Do("lesson now"); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("a second one: %v", err)
	}
}

// A hand that types number after number has finished one before it begins the
// next, and the confirming key of one is not taken for that of the next.
func TestNumbersTypedInARowAreOneAfterTheOther(t *testing.T) {
	v := raiseSleepy(t, "start 08:00\n")
	var mu sync.Mutex
	seen := ""
	v.goRun("who looks on", v.every(2*time.Millisecond, func() {
		mu.Lock()
		defer mu.Unlock()
		if down := strings.Join(v.far.panel.Down(), ""); down != "" && !strings.HasSuffix(seen, down) {
			seen += down
		}
	}))
	for i, number := range []string{"1", "25", "3"} {
		if err := v.Type(t.Context(), number); err != nil {
			t.Fatal(err)
		}
		want := []string{"1#", "1#25#", "1#25#3#"}[i]
		mu.Lock()
		if len(seen) < len(want)-1 { // the looker-on may miss the newest key
			t.Errorf("%s counts as typed after %s", number, seen)
		}
		mu.Unlock()
		waitFor(t, "the looker-on", func() bool { mu.Lock(); defer mu.Unlock(); return len(seen) >= len(want) })
		mu.Lock()
		if seen != want {
			t.Errorf("after %s the keys were %s, want %s", number, seen, want)
		}
		mu.Unlock()
	}
	if made, _, _ := v.presses.counts(); made != 3 {
		t.Errorf("%d presses made", made)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Type(ended, "1"); err == nil {
		t.Error("typed after the end")
	}
}

func TestFramesAreDarkWithoutPower(t *testing.T) {
	v := raiseSleepy(t, "start 08:00\n")
	var picture strings.Builder
	if err := v.Frame(&picture, "projector"); err != nil || !strings.HasPrefix(picture.String(), "\xff\xd8") {
		t.Errorf("no JPEG: %v", err)
	}
	if err := v.Frame(&picture, "fridge"); err == nil {
		t.Error("a picture of the fridge")
	}
}
