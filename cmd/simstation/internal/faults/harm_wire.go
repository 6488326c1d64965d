package faults

import (
	"slices"
	"time"
)

// stream lets the front end's stream stand still, in all the ways it can.
func stream(a *act) {
	flow := []flow{silent, replayed, repeated, stuck, noisy}[a.rng.IntN(5)]
	d := a.between(5, 65)
	if a.coin() {
		d = a.between(160, 1200)
	}
	value, within := a.number(-13000, 13000), limit
	if a.rng.IntN(5) == 0 {
		value = a.number(-10, 10)
	}
	if flow == stuck && value > -dead && value < dead {
		within += outage // it looks like a line without voltage, which has its own time
	}
	from := a.clock()
	a.v.tap.set(flow, value)
	from = min(from, a.v.tap.lastGood())
	a.wait(d)
	gap := a.clock() - from
	a.v.tap.set(flowing, 0)
	a.note("%s for %v", [...]string{silent: "silent", replayed: "the last frame again", repeated: "its samples again", stuck: "one value", noisy: "all garbled"}[flow], d)
	if flow == stuck {
		a.note("value %d", value)
	}
	a.judgeGap(from, gap, within)
}

// Limits of the guard that a stuck value meets.
const (
	dead    = 800                    // counts below which a standing value may be a dead line
	outage  = 100 * time.Millisecond // of a dead line until the guard opens
	instant = 20 * time.Millisecond  // of a very high voltage until the guard opens
)

// lost takes frames out of the stream.
func lost(a *act) {
	switch a.rng.IntN(4) {
	case 0:
		n := a.number(60, 400)
		from := a.clock()
		a.v.tap.once(n, 0, 0, nil)
		a.wait(time.Duration(n)*frameTime + 20*time.Millisecond)
		a.note("%d frames", n)
		a.judgeGap(from, time.Duration(n-2)*frameTime, limit+10*time.Millisecond)
	case 1:
		a.thin(gappy, "lost")
	default:
		n := a.number(1, 24)
		from := a.clock()
		a.v.tap.once(n, 0, 0, nil)
		a.wait(time.Duration(n)*frameTime + 20*time.Millisecond)
		a.note("%d frames", n)
		a.stay(from)
	}
}

// frameTime is that of a frame.
const frameTime = 2500 * time.Microsecond

// thin spoils each nth frame for a while: too many and no cycle is whole any
// more, so that the voltage is unknown.
func (a *act) thin(f flow, word string) {
	n, d := a.number(20, 60), a.between(300, 900)
	few := a.coin()
	if !few {
		n, d = a.number(2, 5), a.between(400, 900)
	}
	a.note("each %dth frame %s for %v", n, word, d)
	from := a.clock()
	a.v.tap.set(f, n)
	a.wait(d)
	until := a.clock()
	a.v.tap.set(flowing, 0)
	if few {
		a.stay(from)
		return
	}
	a.open(from, a.v.setup.rules.stale+limit, until)
}

// garbled puts wrong bits, cut frames and rubbish into the stream.
func garbled(a *act) {
	from := a.clock()
	switch a.rng.IntN(4) {
	case 0:
		a.thin(spotty, "garbled")
		return
	case 1:
		n := a.number(1, 20)
		a.note("%d frames with wrong bits", n)
		a.v.tap.once(0, n, 0, nil)
	case 2:
		n := a.number(1, 10)
		a.note("%d frames cut", n)
		a.v.tap.once(0, 0, n, nil)
	default:
		rubbish := make([]byte, a.number(1, 1000))
		for i := range rubbish {
			rubbish[i] = byte(a.rng.Uint32())
			if a.rng.IntN(8) == 0 && i > 0 {
				rubbish[i-1], rubbish[i] = 0xA5, 0x5A // looks like the beginning of a frame
			}
		}
		a.note("%d bytes of rubbish", len(rubbish))
		a.v.tap.once(0, 0, 0, rubbish)
	}
	a.wait(100 * time.Millisecond)
	a.stay(from)
}

// unplug takes the front end's line away and brings it back as another one.
func unplug(a *act) {
	d := a.between(0, 100)
	if a.rng.IntN(3) > 0 {
		d = a.between(160, 1200)
	}
	a.note("for %v", d)
	from := a.clock()
	a.v.tap.Unplug()
	a.wait(d)
	until := a.clock()
	a.try(a.v.tap.Replug())
	if gap := until - from; gap >= a.v.setup.rules.stale+50*time.Millisecond {
		a.open(from, limit, until)
	}
}

// pins lets the pin server go away, or answer wrongly.
func pins(a *act) {
	fault := []string{"unplugged", "unplugged", "silent", "garbled", "cut"}[a.rng.IntN(5)]
	d := a.between(0, 1200)
	a.note("%s for %v", fault, d)
	from := a.clock()
	a.v.pinsBad.Store(true)
	a.try(a.v.pins.Fault(fault))
	a.wait(d)
	until := a.clock()
	a.try(a.v.pins.Fault("none"))
	if fault == "unplugged" && until-from >= a.v.setup.hold+60*time.Millisecond {
		a.open(from, limit, until)
	}
	a.v.stained = true
}

// aux lets the auxiliary contacts lie. A closed contactor has the voltage behind
// it as a second witness and must not be opened for a contact.
func aux(a *act) {
	x := []lie{saysClosed, saysOpen, saysOther, bothOpen, bothClosed}[a.rng.IntN(5)]
	a.note("%s", [...]string{saysClosed: "says closed", saysOpen: "says open", saysOther: "says the opposite", bothOpen: "both open", bothClosed: "both closed"}[x])
	from := a.clock()
	a.v.aux.tell(x)
	a.wait(a.between(50, 1200))
	a.v.aux.tell(honest)
	a.v.stained = true // it may have latched a weld
	a.stay(from)
}

// meter breaks the slow meter, which decides nothing.
func meter(a *act) {
	faults := slices.DeleteFunc(a.v.meter.Kinds(), func(k string) bool { return k == "none" })
	fault := faults[a.rng.IntN(len(faults))]
	a.note("%s", fault)
	from := a.clock()
	a.try(a.v.meter.Fault(fault))
	a.wait(a.between(300, 1800))
	a.try(a.v.meter.Fault("none"))
	a.stay(from)
}
