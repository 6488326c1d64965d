package faults

import (
	"strings"
	"testing"
	"time"

	"stationbox/hal/sim/world"
)

const ms = time.Millisecond

func villageRules() rules { return rules{GoodTime: time.Second, MinOff: time.Second} }

// boot is a village whose guard starts with the mains and closes in time.
func boot() []note {
	return []note{
		{0, guardLife, 0, true}, {20 * ms, mainsBand, 0, true},
		{1050 * ms, drivePin, 0, true}, {1100 * ms, contactMoved, 0, true},
		{1200 * ms, relayPin, 0, true}, {1208 * ms, relayMoved, 0, true},
	}
}

func opened(at time.Duration) []note {
	return []note{
		{at, relayPin, 0, false}, {at + 8*ms, relayMoved, 0, false}, {at + 200*ms, contactMoved, 0, false},
	}
}

func TestLedger(t *testing.T) {
	for _, tt := range []struct {
		name string
		more []note
		want string // in the only complaint, "": none
	}{
		{"in order", nil, ""},
		{"opens and closes in time", append(opened(2000*ms), note{3250 * ms, drivePin, 0, true}, note{3300 * ms, contactMoved, 0, true}), ""},
		{"closes again at once", append(opened(2000*ms), note{2400 * ms, contactMoved, 0, true}), "200ms after the opening"},
		{"pulses again at once", append(opened(2000*ms), note{2400 * ms, drivePin, 0, true}, note{2410 * ms, drivePin, 0, true}), "a pulse 210ms after the opening"},
		{"pulse a moment early", append(opened(2000*ms), note{3195 * ms, drivePin, 0, true}), ""},
		{"mains broken while open", append(opened(2000*ms), note{2500 * ms, mainsBand, 0, false}, note{2600 * ms, mainsBand, 0, true}, note{3300 * ms, contactMoved, 0, true}), "700ms after the mains became good"},
		{"mains bad", append(opened(2000*ms), note{3000 * ms, mainsBand, 0, false}, note{3300 * ms, contactMoved, 0, true}), "out of its band"},
		{"guard just started", append(opened(2000*ms), note{3000 * ms, guardLife, 0, false}, note{3100 * ms, guardLife, 0, true}, note{3300 * ms, contactMoved, 0, true}), "200ms after the guard's start"},
		{"nobody there", append(opened(2000*ms), note{3000 * ms, guardLife, 0, false}, note{3300 * ms, contactMoved, 0, true}), "without a guard"},
		{"relay while open", append(opened(2000*ms), note{2500 * ms, relayPin, 0, true}), "relay 1 rose"},
		{"onto a relay", []note{{2000 * ms, contactMoved, 0, false}, {3100 * ms, contactMoved, 0, true}}, "closed onto load relays 0001"},
		{"drive falls while open", append(opened(2000*ms), note{2300 * ms, drivePin, 0, false}), ""},
	} {
		l := ledger{rules: villageRules()}
		wrong := l.follow(append(boot(), tt.more...))
		switch {
		case tt.want == "" && len(wrong) > 0:
			t.Errorf("%s: %q", tt.name, wrong)
		case tt.want != "" && (len(wrong) != 1 || !strings.Contains(wrong[0], tt.want)):
			t.Errorf("%s: %q, want %q", tt.name, wrong, tt.want)
		}
	}
}

func TestClaims(t *testing.T) {
	move := func(at time.Duration, on bool) note { return note{at, contactMoved, 0, on} }
	open := claim{must: mustOpen, from: time.Second, within: 300 * ms, until: 3 * time.Second}
	stay := claim{must: mustStay, from: time.Second, until: 2 * time.Second}
	for _, tt := range []struct {
		name   string
		c      claim
		closed bool
		moves  []note
		want   string
		took   time.Duration
	}{
		{"opens in time", open, true, []note{move(1208*ms, false)}, "", 208 * ms},
		{"opens too late", open, true, []note{move(1301*ms, false)}, "open 301ms after", 301 * ms},
		{"never opens", open, true, nil, "still closed", 2 * time.Second},
		{"is open", open, false, nil, "", 0},
		{"closes while it must not", open, false, []note{move(2*time.Second, true)}, "still closed", 2 * time.Second},
		{"closes once more for a moment", open, true, []note{move(1208*ms, false), move(1500*ms, true), move(1700*ms, false)}, "open 700ms after", 208 * ms},
		{"was just closing", open, false, []note{move(1010*ms, true), move(1215*ms, false)}, "", 215 * ms},
		{"closes after the end", open, true, []note{move(1208*ms, false), move(3001*ms, true)}, "", 208 * ms},
		{"stays", stay, true, nil, "", 0},
		{"does not stay", stay, true, []note{move(1400*ms, false)}, "opened 400ms after", 0},
		{"loses a load", stay, true, []note{{1400 * ms, relayMoved, 1, false}}, "relay 2 opened", 0},
		{"gains a load", stay, true, []note{{1400 * ms, relayMoved, 1, true}}, "", 0},
		{"opens later", stay, true, []note{move(2001*ms, false)}, "", 0},
		{"was open", stay, false, []note{move(1400*ms, true), move(1500*ms, false)}, "", 0},
	} {
		f := tt.c.hold(tt.closed, tt.moves)
		if tt.want == "" && f.wrong != "" || !strings.Contains(f.wrong, tt.want) || f.opened != tt.took || f.was != tt.closed {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

// A guard of one line on the world's own drive: killed at a moment, it is found
// open in time with a real drive, and guilty with one that does not let go.
func TestTheDriveDecides(t *testing.T) {
	for _, tt := range []struct {
		name  string
		stuck time.Duration
		guilt bool
	}{
		{"retriggerable", 0, false}, {"holds for 400 ms", 400 * ms, true}, {"latching", time.Hour, true},
	} {
		w := world.New(world.Opts{Stuck: tt.stuck, Band: [2]float64{190, 250}})
		for w.Time() < 1500*ms {
			w.Advance(w.Time() + 10*ms)
			if w.Time() > 1100*ms {
				w.DriveEdge(w.Time())
			}
		}
		killed := w.Time()
		for w.Time() < killed+time.Second {
			w.Advance(w.Time() + 10*ms)
		}
		var b notebook
		for _, e := range w.TakeEvents() {
			take(&b, e, nil)
		}
		closed, moves := b.movesSince(killed)
		f := claim{must: mustOpen, from: killed, within: limit, until: killed + time.Second}.hold(closed, moves)
		if !f.was || (f.wrong != "") != tt.guilt {
			t.Errorf("%s: %+v", tt.name, f)
		}
	}
}

func TestNotebook(t *testing.T) {
	var b notebook
	b.add(30*ms, drivePin, 0, true)
	b.add(10*ms, contactMoved, 0, true)
	b.add(20*ms, contactMoved, 0, false)
	b.add(25*ms, relayMoved, 0, false)
	if got := b.take(30 * ms); len(got) != 3 || got[0].at != 10*ms || got[2].at != 25*ms {
		t.Errorf("taken %v", got)
	}
	if got := b.take(31 * ms); len(got) != 1 || got[0].what != drivePin {
		t.Errorf("then %v", got)
	}
	b.add(40*ms, drivePin, 0, true)
	if at, ok := b.firstDriveAfter(35 * ms); !ok || at != 40*ms {
		t.Errorf("first drive at %v, %v", at, ok)
	}
	if closed, moves := b.movesSince(15 * ms); !closed || len(moves) != 2 {
		t.Errorf("closed %v, moves %v", closed, moves)
	}
	b.forget(22 * ms)
	if closed, moves := b.movesSince(22 * ms); closed || len(moves) != 1 || len(b.moves) != 2 {
		t.Errorf("after forgetting: closed %v, moves %v of %v", closed, moves, b.moves)
	}
}
