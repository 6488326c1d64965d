package clock

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sample is a state with everything in it.
func sample() state {
	return state{
		Version: 1, Boot: "a47021c6", Era: 3, Shown: start, Mono: time.Hour, Follows: NTP, Since: start.Add(-time.Minute),
		Vouched: vouchState{NTP, start, time.Second},
		Words:   []wordState{{NTP, start, time.Hour, time.Second, false}, {Satellite, start.Add(8 * time.Hour), time.Minute, 2 * time.Second, true}},
		RTC:     rtcMemory{At: start, Offset: time.Second, Bound: time.Second, PPB: -2500, PPBErr: 900, Battery: batteryOK, Base: start.Add(-48 * time.Hour)},
	}
}

func TestStateKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clock.json")
	want := sample()
	if err := writeState(path, &want); err != nil {
		t.Fatal(err)
	}
	got, err := readState(path)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if !bytes.Equal(a, b) {
		t.Errorf("got  %s\nwant %s", b, a)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	c := New(Opts{Built: start.Add(-time.Hour)})
	c.resume(&got)
	s := c.Status(2 * time.Hour)
	if s.Source != NTP || s.Era != 3 || !s.Now.Equal(start.Add(time.Hour)) || !s.Since.Equal(want.Since) {
		t.Errorf("%+v", s)
	}
	if w := c.Words(2 * time.Hour); len(w) != 2 || !w[1].Muted || !w[1].Apart || !w[0].Followed {
		t.Errorf("%+v", w)
	}
}

// What NTP vouched for is not forgotten while only the hardware clock is there.
func TestVoucherOutlivesAnRTC(t *testing.T) {
	c := New(Opts{Built: start.Add(-time.Hour)})
	c.Recall(Memory{Shown: start, Vouched: start, By: NTP, Bound: time.Second}, 0)
	if _, err := c.Observe(Observation{Source: RTC, Wall: start.Add(time.Minute), Bound: time.Second}); err != nil {
		t.Fatal(err)
	}
	if s := c.snapshot(time.Minute); s.Vouched.By != NTP || !s.Vouched.Wall.Equal(start) {
		t.Errorf("%+v", s.Vouched)
	}
	if _, err := c.Observe(Observation{Source: NTP, Wall: start.Add(time.Hour), Mono: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if s := c.snapshot(time.Hour); s.Vouched.By != NTP || s.Vouched.Wall.Before(start.Add(time.Hour)) {
		t.Errorf("%+v", s.Vouched)
	}
}

// The file that is in the field must stay readable.
func TestGoldenState(t *testing.T) {
	s, err := readState("testdata/state-1.json")
	if err != nil {
		t.Fatal(err)
	}
	if s.Boot != "a47021c6-839c-4d07-b2c1-298a0e5b6b64" || s.Era != 2 || s.Vouched.By != NTP || s.RTC.PPB != 12345 || len(s.Words) != 2 || s.Mono != time.Hour {
		t.Errorf("%+v", s)
	}
}

func TestStateRefusesNonsense(t *testing.T) {
	good, _ := json.Marshal(sample())
	change := func(f func(*state)) string {
		s := sample()
		f(&s)
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	tests := []struct{ name, in string }{
		{"empty", ""}, {"zeros", strings.Repeat("\x00", 400)}, {"half", string(good[:len(good)/2])}, {"another file", `{"version":1}`}, {"null", "null"},
		{"a newer version", change(func(s *state) { s.Version = 2 })},
		{"era none", change(func(s *state) { s.Era = 0 })},
		{"shown 1970", change(func(s *state) { s.Shown = time.Unix(0, 0) })},
		{"shown 2100", change(func(s *state) { s.Shown = time.Date(2100, 2, 1, 0, 0, 0, 0, time.UTC) })},
		{"shown 2300, past int64", change(func(s *state) { s.Shown = time.Date(2300, 2, 1, 0, 0, 0, 0, time.UTC) })},
		{"before power-on", change(func(s *state) { s.Mono = -1 })},
		{"on for a century", change(func(s *state) { s.Mono = 100 * 365 * 24 * time.Hour })},
		{"a long name", change(func(s *state) { s.Boot = strings.Repeat("x", 101) })},
		{"an unknown source", strings.Replace(string(good), `"satellite"`, `"moon"`, 1)},
		{"a floor's word", strings.Replace(string(good), `"satellite"`, `"floor"`, 1)},
		{"many words", change(func(s *state) { s.Words = make([]wordState, 9) })},
		{"a word of later", change(func(s *state) { s.Words[0].Mono = 3 * time.Hour })},
		{"a word without error", change(func(s *state) { s.Words[0].Bound = -1 })},
		{"vouched for nothing", change(func(s *state) { s.Vouched.Wall = time.Time{} })},
		{"a drift of one in ten", change(func(s *state) { s.RTC.PPB = 1e8 })},
		{"a huge offset", change(func(s *state) { s.RTC.Offset = 1 << 62 })},
		{"compared in 1970", change(func(s *state) { s.RTC.At = time.Unix(0, 0) })},
	}
	for _, tt := range tests {
		if _, err := parseState([]byte(tt.in)); err == nil {
			t.Errorf("%s: taken", tt.name)
		}
	}
	if _, err := parseState(good); err != nil {
		t.Errorf("the sample itself: %v", err)
	}
	big := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(big, append(good, bytes.Repeat([]byte(" "), 1<<20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readState(big); err != nil {
		t.Errorf("only the beginning of a long file is read: %v", err)
	}
}

// Whatever is in the file, the clock that comes of it shows a time that can be,
// and what is saved of it can be read again.
func FuzzState(f *testing.F) {
	good, _ := json.Marshal(sample())
	f.Add(good)
	golden, err := os.ReadFile("testdata/state-1.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	for _, s := range []string{"", "null", "{}", `{"version":1,"era":1,"shown":"2026-11-27T12:00:00Z","since":"2026-11-27T12:00:00Z"}`, `{"version":1e999}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		for _, same := range []bool{true, false} {
			c, mono := New(Opts{}), time.Duration(0)
			if same {
				mono = s.Mono
				c.resume(&s)
			} else {
				c.Recall(s.memory(), 0)
			}
			st := c.Status(mono)
			if st.Now.Year() < 2026 || st.Now.Year() > 2110 || st.Bound < 0 {
				t.Fatalf("%s\nshows %+v", b, st)
			}
			if c.Now(mono + time.Hour).Before(st.Now) {
				t.Fatal("went back")
			}
			o := s.RTC.observation(start, mono)
			if o.Bound < 0 || o.Bound > boundMost {
				t.Fatalf("hardware clock ± %v", o.Bound)
			}
			again := c.snapshot(mono)
			out, err := json.Marshal(&again)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parseState(out); err != nil && st.Now.Year() <= lastYear {
				t.Fatalf("%v: %s", err, out)
			}
		}
	})
}
