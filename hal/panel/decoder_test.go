package panel

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	testDebounce = 15 * time.Millisecond
	testStuck    = 10 * time.Second
)

// event is what a decoder said.
type event struct {
	cell int
	down bool
	at   time.Duration // since the start
}

// desk feeds a decoder and keeps what it said.
type desk struct {
	decoder
	now    time.Duration
	events []event
}

func matrixDecoder() decoder {
	d := newDecoder(16, Opts{Debounce: testDebounce, Stuck: testStuck})
	d.ghosts, d.blink, d.glance = ambiguous, 80*time.Millisecond, 30*time.Millisecond
	return d
}

func newDesk() *desk {
	return &desk{decoder: matrixDecoder()}
}

func (d *desk) scan(matrix uint64, wait time.Duration) {
	d.now += wait
	epoch := time.Unix(1000, 0)
	d.feed(matrix, everything, epoch.Add(d.now), epoch.Add(d.now), func(cell int, down bool, at time.Time) {
		d.events = append(d.events, event{cell, down, at.Sub(epoch)})
	})
}

// hold scans the same matrix every 5 ms for a while.
func (d *desk) hold(matrix uint64, for_ time.Duration) {
	for end := d.now + for_; d.now < end; {
		d.scan(matrix, ScanEvery)
	}
}

func (d *desk) want(t *testing.T, want ...event) {
	t.Helper()
	if len(d.events) != len(want) {
		t.Fatalf("said %v, want %v", d.events, want)
	}
	for i, e := range d.events {
		if e.cell != want[i].cell || e.down != want[i].down || (want[i].at != 0 && e.at != want[i].at) {
			t.Fatalf("said %v, want %v", d.events, want)
		}
	}
}

func key(cells ...int) uint64 {
	var m uint64
	for _, c := range cells {
		m |= 1 << c
	}
	return m
}

func TestPressAndRelease(t *testing.T) {
	d := newDesk()
	d.hold(0, 20*time.Millisecond)
	d.hold(key(5), 100*time.Millisecond)
	d.hold(0, 100*time.Millisecond)
	d.want(t, event{5, true, 25 * time.Millisecond}, event{5, false, 125 * time.Millisecond})
	if !d.quiet() || d.busy() {
		t.Fatal("not quiet at the end")
	}
}

func TestBounceIsOnePress(t *testing.T) {
	d := newDesk()
	for range 20 {
		d.scan(key(3), 2*time.Millisecond)
		d.scan(0, 3*time.Millisecond)
	}
	d.want(t)
	d.hold(key(3), 50*time.Millisecond)
	d.want(t, event{3, true, 0})
}

func TestTwoAtOnce(t *testing.T) {
	d := newDesk()
	d.hold(key(0), 50*time.Millisecond)
	d.hold(key(0, 15), 50*time.Millisecond)
	d.hold(key(15), 50*time.Millisecond)
	d.hold(0, 50*time.Millisecond)
	d.want(t, event{0, true, 0}, event{15, true, 0}, event{0, false, 0}, event{15, false, 0})
}

func TestGhostIsNotReported(t *testing.T) {
	d := newDesk()
	d.hold(key(0, 1), 50*time.Millisecond)
	d.hold(key(0, 1, 4, 5), 50*time.Millisecond) // 4 pressed; 5 is a ghost, or the other way round
	d.want(t, event{0, true, 0}, event{1, true, 0})
	if d.quiet() || !d.busy() {
		t.Fatal("quiet while keys are unclear")
	}
	d.hold(key(1, 4), 50*time.Millisecond) // 0 released: 4 is clear now
	d.want(t, event{0, true, 0}, event{1, true, 0}, event{0, false, 0}, event{4, true, 0})
}

func TestGhostLeavesOthersAlone(t *testing.T) {
	d := newDesk()
	d.hold(key(0, 1, 4, 5), 50*time.Millisecond)
	d.hold(key(0, 1, 4, 5, 15), 50*time.Millisecond)
	d.want(t, event{15, true, 0})
}

func TestStuckKey(t *testing.T) {
	d := newDesk()
	d.hold(key(7), testStuck+100*time.Millisecond)
	d.want(t, event{7, true, 0}, event{7, false, 0})
	if d.stuckKeys() != key(7) || d.busy() || d.quiet() {
		t.Fatalf("stuck %016b, busy %v, quiet %v", d.stuckKeys(), d.busy(), d.quiet())
	}
	d.hold(key(7, 9), 50*time.Millisecond)
	d.hold(key(7), 50*time.Millisecond)
	d.want(t, event{7, true, 0}, event{7, false, 0}, event{9, true, 0}, event{9, false, 0})
	d.hold(0, 50*time.Millisecond)
	d.hold(key(7), 50*time.Millisecond)
	if len(d.events) != 5 || d.stuckKeys() != 0 {
		t.Fatalf("after it came loose: %v, stuck %016b", d.events, d.stuckKeys())
	}
}

func TestUnclearIsTold(t *testing.T) {
	d := newDesk()
	d.hold(key(0, 1, 4, 5), testStuck+100*time.Millisecond)
	d.want(t)
	if !d.unclear(time.Unix(1000, 0).Add(d.now)) {
		t.Fatal("nobody is told")
	}
}

// TestAlternates: whatever is fed, each key goes down, up, down, up, and only
// after it really was so for the debounce time; times do not go back per key.
func TestAlternates(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk()
		var down [16]bool
		var last [16]time.Duration
		for range rapid.IntRange(1, 200).Draw(rt, "scans") {
			matrix := uint64(rapid.Uint16().Draw(rt, "matrix") & rapid.Uint16().Draw(rt, "thin"))
			d.events = d.events[:0]
			for range rapid.IntRange(1, 6).Draw(rt, "times") {
				d.scan(matrix, time.Duration(rapid.IntRange(1, 12).Draw(rt, "ms"))*time.Millisecond)
			}
			for _, e := range d.events {
				if e.down == down[e.cell] {
					rt.Fatalf("key %d said %v twice", e.cell, e.down)
				}
				if e.down && ambiguous(matrix)&(1<<e.cell) != 0 {
					rt.Fatalf("ghost %d of %016b reported", e.cell, matrix)
				}
				if d.now-e.at < testDebounce && e.down {
					rt.Fatalf("key %d reported after %v", e.cell, d.now-e.at)
				}
				if e.at < last[e.cell] {
					rt.Fatalf("key %d goes back in time", e.cell)
				}
				down[e.cell], last[e.cell] = e.down, e.at
			}
		}
	})
}

// TestTyping: any typing of one finger at a time, with bounces at each end, comes
// out as typed.
func TestTyping(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDesk()
		typed := rapid.SliceOfN(rapid.IntRange(0, 15), 1, 12).Draw(rt, "keys")
		bounce := func(m uint64) {
			for range rapid.IntRange(0, 4).Draw(rt, "bounces") {
				d.scan(m, time.Duration(rapid.IntRange(0, 3).Draw(rt, "open"))*time.Millisecond)
				d.scan(0, time.Duration(rapid.IntRange(0, 3).Draw(rt, "closed"))*time.Millisecond)
			}
		}
		for _, k := range typed {
			bounce(key(k))
			d.hold(key(k), time.Duration(rapid.IntRange(20, 200).Draw(rt, "held"))*time.Millisecond)
			bounce(key(k))
			d.hold(0, time.Duration(rapid.IntRange(20, 200).Draw(rt, "pause"))*time.Millisecond)
		}
		if len(d.events) != 2*len(typed) {
			rt.Fatalf("typed %v, said %v", typed, d.events)
		}
		for i, k := range typed {
			if e, f := d.events[2*i], d.events[2*i+1]; e.cell != k || !e.down || f.cell != k || f.down {
				rt.Fatalf("typed %v, said %v", typed, d.events)
			}
		}
	})
}

// TestAmbiguousByDefinition compares with the definition: a cell is ambiguous
// when it is a corner of a rectangle whose four corners are all closed.
func TestAmbiguousByDefinition(t *testing.T) {
	var rectangles []uint64
	for r1 := range 3 {
		for r2 := r1 + 1; r2 < 4; r2++ {
			for c1 := range 3 {
				for c2 := c1 + 1; c2 < 4; c2++ {
					rectangles = append(rectangles, key(4*r1+c1, 4*r1+c2, 4*r2+c1, 4*r2+c2))
				}
			}
		}
	}
	for m := range 1 << 16 {
		matrix := uint64(m)
		var want uint64
		for _, corners := range rectangles {
			if matrix&corners == corners {
				want |= corners
			}
		}
		if got := ambiguous(matrix); got != want {
			t.Fatalf("%016b: %016b, want %016b", matrix, got, want)
		}
	}
}

// TestScanTakesTime: what a scan saw is as old as its beginning: a press may hide in a
// scan that had no turn, and in one that was looked at too briefly after it.
func TestScanTakesTime(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		scans [][3]int // contact 0, began, ended
		want  bool
	}{
		"all in time": {[][3]int{{0, 0, 1}, {1, 10, 11}, {1, 20, 21}, {1, 30, 31}}, false},
		"a bounce":    {[][3]int{{0, 0, 1}, {1, 10, 11}, {0, 20, 21}}, false},
		"between the beginning of one and the end of the next": {[][3]int{{0, 0, 60}, {0, 70, 81}}, true},
		"a little less":         {[][3]int{{0, 0, 60}, {0, 70, 79}}, false},
		"seen once in long":     {[][3]int{{0, 0, 20}, {1, 25, 26}, {0, 29, 31}}, true},
		"seen once, a bit less": {[][3]int{{0, 0, 20}, {1, 25, 26}, {0, 28, 29}}, false},
		"let go and down again": {[][3]int{{0, 0, 1}, {1, 5, 6}, {1, 25, 45}, {0, 46, 47}, {1, 54, 56}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := matrixDecoder()
			epoch := time.Unix(1000, 0)
			missed := false
			for _, s := range tt.scans {
				at := func(n int) time.Time { return epoch.Add(time.Duration(n) * ms) }
				missed = d.feed(uint64(s[0]), everything, at(s[1]), at(s[2]), func(int, bool, time.Time) {}) || missed
			}
			if missed != tt.want {
				t.Errorf("missed %v, want %v", missed, tt.want)
			}
		})
	}
}

// FuzzDecoder: each two bytes are a scan, the third the pause before it.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte{1, 0, 5, 1, 0, 20, 0, 0, 20})
	f.Add([]byte{0x33, 0, 5, 0x33, 0, 255, 0x31, 0, 20})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := newDesk()
		var down [16]bool
		for ; len(b) >= 3; b = b[3:] {
			d.events = d.events[:0]
			d.scan(uint64(b[0])|uint64(b[1])<<8, time.Duration(b[2])*time.Millisecond)
			for _, e := range d.events {
				if e.cell < 0 || e.cell > 15 || down[e.cell] == e.down {
					t.Fatalf("event %v, key was %v", e, down[e.cell])
				}
				down[e.cell] = e.down
			}
		}
	})
}

// A key that bounces when the panel has rested for long is one press, and nothing
// was missed, however long it had rested.
func TestBounceAfterARest(t *testing.T) {
	begun := time.Date(2026, 11, 27, 19, 25, 0, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		stamped bool
		scans   []bool        // each 5 ms
		age     time.Duration // of the first edge at the first scan
		keys    int
		missed  bool
	}{
		{"bounces", true, []bool{true, false, true, true, true, true, true}, time.Millisecond, 1, false},
		{"bounces, edges without times", false, []bool{true, false, true, true, true, true, true}, 0, 1, false},
		{"a touch", true, []bool{true, false, false, false, false}, time.Millisecond, 0, false},
		{"a press that was nearly over", true, []bool{true, false, false, false, false}, 30 * time.Millisecond, 1, false},
	} {
		d := newDecoder(16, Opts{}.filled())
		d.blink, d.glance = 80*time.Millisecond, 30*time.Millisecond
		keys, missed := 0, false
		emit := func(_ int, down bool, _ time.Time) {
			if down {
				keys++
			}
		}
		look := func(at time.Time, down bool) {
			contacts := uint64(0)
			if down {
				contacts = 1
			}
			missed = d.feed(contacts, everything, at, at, emit) || missed
		}
		look(begun, false)
		d.rest()
		at := begun.Add(time.Hour)
		if tt.stamped {
			d.cells[0].known = at.Add(-tt.age)
		}
		for i, down := range tt.scans {
			look(at.Add(time.Duration(i)*5*time.Millisecond), down)
		}
		if missed != tt.missed || keys != tt.keys {
			t.Errorf("%s: %d keys, missed %v; want %d, %v", tt.name, keys, missed, tt.keys, tt.missed)
		}
	}
}
