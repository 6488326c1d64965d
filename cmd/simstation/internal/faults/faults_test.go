package faults

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
)

func TestTheSameSeedIsTheSameInjection(t *testing.T) {
	seen := map[string]int{}
	phases := map[phase]int{}
	for seed := range uint64(2000) {
		p, q := planned(seed, ""), planned(seed, "")
		if p.kind.name != q.kind.name || p.phase != q.phase || p.rng.Uint64() != q.rng.Uint64() {
			t.Fatalf("seed %d: %v %v, then %v %v", seed, p.kind.name, p.phase, q.kind.name, q.phase)
		}
		only, next := planned(seed, p.kind.name), planned(seed, "").rng.Uint64()
		if only.phase != p.phase || only.kind.name != p.kind.name || only.rng.Uint64() != next {
			t.Fatalf("seed %d: not the same when asked for by kind", seed)
		}
		seen[p.kind.name]++
		phases[p.phase]++
	}
	for _, k := range Kinds() {
		if seen[k] < 20 {
			t.Errorf("%s: %d of 2000", k, seen[k])
		}
	}
	for p := closed; p <= tripped; p++ {
		if phases[p] < 100 {
			t.Errorf("%v: %d of 2000", p, phases[p])
		}
	}
}

func TestReport(t *testing.T) {
	start := time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)
	now := start
	r := newReport(Opts{N: 4, Seed: 7, Villages: 2, Now: func() time.Time { return now }})
	now = start.Add(time.Minute)
	var out strings.Builder
	r.worthless(result{Kind: "stop"})
	r.add(result{Kind: "kill", Judged: true, findings: []finding{{must: mustOpen, was: true, opened: 208 * ms}}}, &out, now)
	r.add(result{Kind: "stop", Judged: true, findings: []finding{{must: mustStay, was: true}, {must: mustStay}}}, &out, now)
	r.add(result{Kind: "meter", Seed: 9, Village: 2, Judged: true, Wrong: []string{"opened"}, findings: []finding{{must: mustStay, was: true, wrong: "opened"}}}, &out, now)
	if r.OK() {
		t.Error("satisfied with a false opening")
	}
	r.add(result{Kind: "lost", Seed: 10, Tries: tries}, &out, now)
	r.finish(now)
	r.Print(&out)
	for _, want := range []string{
		"again with -faults 1 -village 2 -only meter -seed 9", "not judged: the machine had no time in all of 6 tries", "1 of 4 done in 60 s",
		"stop                    1          1         0        0.0         1           0          0\n",
		"kill                    1          0         1      208.0         0           0          0\n",
		"all                     4          1         1      208.0         2           1          2\n",
		"2 passed, 2 failed\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	file := filepath.Join(t.TempDir(), "report.json")
	if err := r.Write(file); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Passed int
		Failed []result
	}
	b, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(b, &back) != nil || back.Passed != 2 || len(back.Failed) != 2 {
		t.Errorf("%v: %s", err, b)
	}
}

func TestAnInjectionThatWasNotDoneIsAFailure(t *testing.T) {
	r := newReport(Opts{N: 2, Now: time.Now})
	r.add(result{Kind: "kill", Judged: true}, &strings.Builder{}, time.Now())
	if r.OK() {
		t.Error("satisfied with one of two")
	}
}

func TestTripsMustComeFromTheMains(t *testing.T) {
	for _, tt := range []struct {
		name          string
		card          string
		told, allowed int
		want          int // complaints
	}{
		{"none", `{"trips_ns":[]}`, 0, 0, 0},
		{"of the mains", `{"trips_ns":[5]}`, 1, 1, 0},
		{"told", `{}`, 1, 0, 1},
		{"only on the card", `{"trips_ns":[5]}`, 0, 0, 1},
		{"too many", `{"trips_ns":[5,6]}`, 2, 1, 2},
		{"no card", ``, 0, 1, 0},
	} {
		v := &rig{dir: t.TempDir(), now: time.Now, peer: newPeer("", nil)}
		if err := os.MkdirAll(filepath.Dir(v.memoryFile()), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(v.memoryFile(), []byte(tt.card), 0o600); err != nil {
			t.Fatal(err)
		}
		for i := range tt.told {
			e := &firmware.GuardEvent{Boot: "b", Seq: uint64(i + 1), Kind: "trip"}
			v.peer.hear(message{Event: e})
			v.peer.hear(message{Event: e}) // told again after a new connection
		}
		if wrong := v.judgeTrips(tt.allowed, 0); len(wrong) != tt.want {
			t.Errorf("%s: %q", tt.name, wrong)
		}
	}
}

func TestRedateMovesOnlyTheTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "guard.json")
	if err := redate(file, time.Hour); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte(`{"version":1,"saved_at":"2026-11-27T08:00:00Z","trips_ns":[7]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := redate(file, -24*time.Hour); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Saved time.Time `json:"saved_at"`
		Trips []int64   `json:"trips_ns"`
	}
	b, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(b, &m) != nil || len(m.Trips) != 1 || m.Trips[0] != 7 {
		t.Fatalf("%v: %s", err, b)
	}
	if off := time.Since(m.Saved) - 24*time.Hour; off < -time.Minute || off > time.Minute {
		t.Errorf("saved at %v", m.Saved)
	}
}

func TestGapsBetweenStaleAndHoldClaimNothing(t *testing.T) {
	v := &rig{setup: setup{rules: rules{stale: 100 * ms}}}
	for _, tt := range []struct {
		gap  time.Duration
		want int // claims
	}{{120 * ms, 0}, {150 * ms, 1}, {2 * time.Second, 1}} {
		a := &act{v: v}
		a.judgeGap(time.Second, tt.gap, limit)
		if len(a.claims) != tt.want {
			t.Errorf("gap of %v: %+v", tt.gap, a.claims)
			continue
		}
		if tt.want > 0 && (a.claims[0].must != mustOpen || a.claims[0].until < time.Second+tt.gap || a.claims[0].until < time.Second+limit) {
			t.Errorf("gap of %v: %+v", tt.gap, a.claims[0])
		}
	}
}

func TestControlsAreFar(t *testing.T) {
	for _, name := range append(Controls(), "") {
		c := campaign{o: Opts{Control: name, Seed: 1}}
		s := c.setup(1)
		real := s.broken == 0 && s.stale == 100*ms && s.rules.GoodTime == goodTime
		if real != (name == "") {
			t.Errorf("%q: %+v", name, s)
		}
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	bin := t.TempDir()
	for _, tt := range []struct {
		o    Opts
		want string
	}{
		{Opts{Only: "tickle"}, "-only tickle: one of kill stop"},
		{Opts{Control: "x"}, "-control x: one of latched"},
		{Opts{Village: 5}, "-village 5: 1 to 4"},
		{Opts{N: 1, Bin: bin}, "make build"},
	} {
		if err := tt.o.check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.o, err)
		}
	}
}
