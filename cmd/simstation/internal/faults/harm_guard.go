package faults

import (
	"encoding/json"
	"os"
	"time"
)

// kill ends the guard and starts it again a little later.
func kill(a *act) {
	pause := a.between(0, 600)
	a.note("started again after %v", pause)
	a.killFor(pause, func() {})
}

// killFor kills the guard, does what is to be done while it is dead, and starts
// it again after pause: the contactor must be open until then and until a new
// guard could close it.
func (a *act) killFor(pause time.Duration, meanwhile func()) {
	from := a.clock()
	a.v.guard.kill()
	meanwhile()
	a.wait(pause)
	a.try(a.v.guard.start())
	a.open(from, limit, a.clock())
}

// stop lets the guard stand still: for less than it may be blind, or for longer
// than the drive holds. In between it opens by itself when it wakes.
func stop(a *act) {
	d := a.between(20, 150)
	switch a.rng.IntN(4) {
	case 0:
		d = a.between(150, 260)
	case 1:
		d = a.between(260, 900)
	case 2:
		d = a.between(260, 900)
		if a.rng.IntN(4) == 0 {
			d = a.between(900, 5000)
		}
	}
	from := a.clock()
	a.try(a.v.guard.signal(stopSignal))
	a.wait(d)
	until := a.clock()
	a.try(a.v.guard.signal(goOnSignal))
	d = until - from
	a.note("stopped for %v", d.Round(time.Millisecond))
	hold := a.v.setup.hold
	switch {
	case d <= min(hold-40*time.Millisecond, a.v.setup.rules.stale-30*time.Millisecond):
		a.stay(from)
	case d >= hold+60*time.Millisecond:
		a.open(from, limit, until)
	}
}

// restarts kills the guard again and again, before it can close. Trips that it
// had on its card must still be there.
func restarts(a *act) {
	if a.coin() {
		a.v.world.Swing(350, 100*time.Millisecond)
		a.trips++
		a.wait(500 * time.Millisecond)
		a.note("after a trip")
	}
	before := a.v.remembered()
	from := a.clock()
	n := 0
	for end := from + a.between(1500, 3000); a.clock() < end && a.ctx.Err() == nil; n++ {
		a.v.guard.kill()
		a.try(a.v.guard.start())
		a.wait(a.between(50, 800))
	}
	a.open(from, limit, a.clock())
	a.note("%d times", n)
	if after := a.v.remembered(); after < before {
		a.wrong = append(a.wrong, "the guard forgot trips")
	}
}

// leap draws how far a wall clock leaps.
func (a *act) leap() time.Duration {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	d := []time.Duration{day, 10 * year, time.Hour, time.Duration(a.number(1, 5_000_000)) * time.Second}[a.rng.IntN(4)]
	if a.coin() {
		return -d
	}
	return d
}

// clockJumps moves the wall clock of the running guard.
func clockJumps(a *act) {
	from := a.clock()
	pid := a.v.guard.running()
	for range a.number(1, 8) {
		d := a.leap()
		a.note("%+.0f h", d.Hours())
		a.shift(pid, d)
		a.wait(a.between(2, 120))
	}
	if a.coin() {
		a.note("and back")
		a.shift(pid, 0)
	}
	a.v.stained = true // its clock is not that of the next injection
	a.stay(from)
}

// shift moves the wall clock of a process. That the process stood still for it
// is the simulator's doing.
func (a *act) shift(pid int, d time.Duration) {
	still, err := shiftClock(pid, d)
	a.try(err)
	a.v.late.Note(a.v.now(), still)
}

// clockRestart lets the wall clock leap while the guard is dead: its memory was
// saved in the future, or long ago.
func clockRestart(a *act) {
	d := a.leap()
	a.note("memory saved %+.0f h from now", d.Hours())
	a.v.stained = true
	a.killFor(a.between(0, 300), func() { a.try(redate(a.v.memoryFile(), d)) })
}

// redate moves the time at which a memory was saved. A memory that was never
// written is left alone.
func redate(path string, d time.Duration) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	m["saved_at"] = time.Now().Add(d)
	if b, err = json.Marshal(m); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// memory spoils the guard's card while it is dead.
func memory(a *act) {
	path := a.v.memoryFile()
	what := []string{"empty", "rubbish", "cut", "a folder", "gone", "strange"}[a.rng.IntN(6)]
	a.note("%s", what)
	rubbish := make([]byte, a.number(1, 4000))
	for i := range rubbish {
		rubbish[i] = byte(a.rng.Uint32())
	}
	a.v.stained = true
	a.killFor(a.between(0, 300), func() {
		was, _ := os.ReadFile(path) // none is as good
		a.try(os.RemoveAll(path))
		switch what {
		case "empty":
			a.try(os.WriteFile(path, nil, 0o644))
		case "rubbish":
			a.try(os.WriteFile(path, rubbish, 0o644))
		case "cut":
			a.try(os.WriteFile(path, was[:len(was)/2], 0o644))
		case "a folder":
			a.try(os.Mkdir(path, 0o755))
		case "strange":
			a.try(os.WriteFile(path, []byte(`{"version":1,"wait_ns":-9223372036854775808,"trips_ns":[0,-1,9e18],"reset":18446744073709551615}`), 0o644))
		}
	})
}

// disk fills the disk of the guard's memory, and lets something happen that it
// would like to write down.
func disk(a *act) {
	from := a.clock()
	a.fill()
	a.wait(a.between(0, 300))
	switch a.rng.IntN(4) {
	case 0:
		a.note("and over-voltage")
		at := a.clock()
		a.v.world.Swing(350, 450*time.Millisecond)
		a.trips++
		a.wait(450 * time.Millisecond)
		a.open(at, instant+limit, a.clock())
	case 1:
		a.note("and killed")
		a.killFor(a.between(0, 300), func() {})
	default:
		a.wait(a.between(200, 1200))
		a.stay(from)
	}
	a.try(os.RemoveAll(a.v.filler()))
	a.try(os.RemoveAll(a.v.newFile()))
	a.v.stained = true
}

// fill leaves no room for another byte.
func (a *act) fill() {
	if !a.v.mounted {
		a.note("a folder in the way")
		a.try(os.MkdirAll(a.v.newFile()+"/full", 0o755))
		return
	}
	f, err := os.Create(a.v.filler())
	if err != nil {
		return // so full already that no file can be made
	}
	defer f.Close()
	for chunk := make([]byte, 4096); err == nil; {
		_, err = f.Write(chunk)
	}
	a.note("no space left")
}
