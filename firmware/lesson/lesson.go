// Package lesson decides what should be true at any moment of one showing: the
// ready check, the warm-up, the bell and the roll, the picture, the closing and
// the cool-down. Decide is pure: it is given the time, the occasion, what the
// journal remembers and what is known of the equipment, and says what is to be
// done. After a restart the same question gives the same answer, so nothing
// depends on having been awake at the right moment.
//
// It never switches mains and never ends a cool-down: it wishes, the guard decides.
package lesson

import (
	"time"

	"stationbox/firmware"
	"stationbox/hal"
)

// Phase is where a showing stands, in words that the journal and the page use.
type Phase string

// The phases in their order. Paused takes the place of Playing while the mains
// is away.
const (
	Idle       Phase = "idle"
	ReadyCheck Phase = "ready_check"
	WarmUp     Phase = "warm_up"
	RollCall   Phase = "roll_call"
	Playing    Phase = "playing"
	Paused     Phase = "paused"
	Closing    Phase = "closing"
	CoolDown   Phase = "cool_down"
	Done       Phase = "done"
)

// Times are the spans around the start. All are positive.
type Times struct {
	Ready     time.Duration // ready check this long before the start
	Bell      time.Duration // bell and roll this long before the start
	WarmUp    time.Duration // displays on this long before the start, margin included
	LateLimit time.Duration // start or resume at most this late
	Preload   time.Duration // player loaded and paused this long before the start
	Closing   time.Duration // last words on the screen after the end of the film
}

// The reasons for which a lesson ends. They are keys of the text catalogue.
const (
	CausePlayed   = "lesson.cause.played"    // to its last second
	CauseNoMains  = "lesson.cause.no_mains"  // not within the late limit
	CauseNoFile   = "lesson.cause.no_file"   // missing or unreadable
	CauseNoScreen = "lesson.cause.no_screen" // no display came on
	CauseCut      = "lesson.cause.cut"       // the film ended before its length
	CauseMissed   = "lesson.cause.missed"    // the station was not running, or busy
	CauseNoGuard  = "lesson.cause.no_guard"  // the guard did not answer
	CauseNoPlayer = "lesson.cause.no_player" // the player did not come up
	CauseStorm    = "lesson.cause.storm"     // the mains was given up before it went, and did not come back in time
	CauseStopped  = "lesson.cause.stopped"   // somebody ended it

	CauseLivePartly = "lesson.cause.live_partly" // the live programme was away or frozen for a part of its time
	CauseLiveNever  = "lesson.cause.live_never"  // it never came
)

// Causes lists all reasons for which a lesson can end.
func Causes() []string {
	return []string{CausePlayed, CauseNoMains, CauseNoFile, CauseNoScreen, CauseCut, CauseMissed, CauseNoGuard, CauseNoPlayer, CauseStorm, CauseStopped, CauseLivePartly, CauseLiveNever}
}

// History is what the journal remembers of an occasion.
type History struct {
	RollOpened bool
	Started    bool
	StartedAt  time.Time
	Position   time.Duration // last known, if Started
	Ended      bool          // its result is on record
	EndedAt    time.Time
	CooledDown bool // all its loads are off again

	CheckedDay, CheckedSoon bool // the rounds of its readiness check are on record
}

// Facts is what is known of the equipment now. Unknown is unsafe.
type Facts struct {
	GuardKnown bool // the guard answered lately
	MainsGood  bool // contactor closed and the loads of this lesson on
	LoadsOff   bool // all loads of this lesson are off
	Retreat    bool // the mains is about to go: lamps are to be switched off while their fans still run
	Displays   []hal.DisplayState
	FileOK     bool // there and readable
	PlayerUp   bool
	Loaded     bool // the file is loaded, paused or playing
	Complete   bool // played to its last second
	Broken     bool // ended early or with an error, and cannot be resumed
	Stopped    bool // somebody wants this lesson to end
	Length     time.Duration

	LiveSeen  bool // the live picture was on the screen
	LiveWhole bool // it moved there for all but a fiftieth of its time until now
}

// Orders is what should be true now.
type Orders struct {
	Phase    Phase
	Power    bool   // loads of the lesson on
	Displays bool   // displays on
	Load     bool   // film loaded, at History.Position
	Run      bool   // film running (not paused); needs Load
	Roll     bool   // attendance open
	Ring     bool   // bell and call, once: the executor does it when History has no RollOpened
	Farewell bool   // last words on the screen
	End      string // cause with which to end the lesson now, or ""
}

// Decide says what should be true at now for the occasion o.
func Decide(now time.Time, o firmware.Occasion, t Times, h History, f Facts) Orders {
	ord := decide(now, o, t, h, f)
	if f.Retreat {
		ord.Displays = false
	}
	return ord
}

func decide(now time.Time, o firmware.Occasion, t Times, h History, f Facts) Orders {
	switch {
	case h.Ended:
		return after(now, t, h, f)
	case f.Stopped:
		return Orders{Phase: Closing, Power: true, Displays: h.Started, Farewell: h.Started, End: CauseStopped}
	case now.Before(o.Start):
		return before(now, o, t, h)
	case !h.Started:
		return due(now, o, t, f)
	}
	return running(now, o, t, f)
}

// before is the time up to the start.
func before(now time.Time, o firmware.Occasion, t Times, h History) Orders {
	left := o.Start.Sub(now)
	if left > t.lead() {
		return Orders{Phase: Idle}
	}
	ord := Orders{Phase: ReadyCheck, Power: true}
	if left <= t.WarmUp {
		ord.Phase, ord.Displays = WarmUp, true
	}
	if left <= t.Bell || h.RollOpened {
		ord.Phase, ord.Roll, ord.Ring = RollCall, true, true
	}
	ord.Load = left <= t.Preload
	return ord
}

// lead is how long before the start the first thing happens.
func (t Times) lead() time.Duration {
	return max(t.Ready, t.WarmUp, t.Bell, t.Preload)
}

// due is from the start until the film has begun. It waits for mains and a
// screen up to the late limit; a missing file cannot be waited for.
func due(now time.Time, o firmware.Occasion, t Times, f Facts) Orders {
	ord := Orders{Phase: RollCall, Power: true, Displays: true, Load: true, Roll: true, Ring: true}
	late := now.Sub(o.Start) > t.LateLimit
	if o.IsLive() { // what is left of it is shown, however late
		late = !now.Before(o.End())
	}
	switch {
	case now.Sub(o.Start) > t.LateLimit+o.Duration:
		return Orders{Phase: Closing, End: CauseMissed}
	case !f.GuardKnown || !f.MainsGood:
		return ord.giveUp(late, f.dark())
	case !o.IsLive() && !f.FileOK:
		return Orders{Phase: Closing, Power: true, Roll: true, End: CauseNoFile}
	case !screenReady(f.Displays):
		return ord.giveUp(late, CauseNoScreen)
	case !f.PlayerUp || !o.IsLive() && !f.Loaded:
		if f.Broken {
			return Orders{Phase: Closing, Power: true, Roll: true, End: CauseNoFile}
		}
		return ord.giveUp(late, CauseNoPlayer)
	case o.IsLive() && late:
		return Orders{Phase: Closing, Power: true, Roll: true, End: CauseMissed}
	}
	ord.Phase, ord.Run = Playing, true
	return ord
}

// dark says why the displays have no mains.
func (f Facts) dark() string {
	switch {
	case !f.GuardKnown:
		return CauseNoGuard
	case f.Retreat:
		return CauseStorm
	}
	return CauseNoMains
}

func (ord Orders) giveUp(late bool, cause string) Orders {
	if late {
		ord.Load, ord.End = false, cause
	}
	return ord
}

// screenReady is true when somebody can see the film: one display is on. When
// every display is mute nobody can tell, and the film is shown rather than
// withheld; the fault of the display says so.
func screenReady(displays []hal.DisplayState) bool {
	unknown := 0
	for _, s := range displays {
		switch s {
		case hal.DisplayOn:
			return true
		case hal.DisplayUnknown:
			unknown++
		}
	}
	return unknown == len(displays)
}

// running is from the first picture to the last.
func running(now time.Time, o firmware.Occasion, t Times, f Facts) Orders {
	ord := Orders{Phase: Playing, Power: true, Displays: true, Load: true, Run: true, Roll: true, Ring: true}
	last := o.Start.Add(max(o.Duration, f.Length) + t.LateLimit)
	switch {
	case o.IsLive() && !now.Before(o.End()):
		return Orders{Phase: Closing, Power: true, Displays: true, Roll: true, Farewell: true, End: f.liveEnd()}
	case o.IsLive(): // it neither waits nor ends but by the clock
		if !f.GuardKnown || !f.MainsGood || !screenReady(f.Displays) {
			ord.Phase, ord.Run = Paused, false
		}
	case f.Complete:
		return Orders{Phase: Closing, Power: true, Displays: true, Roll: true, Farewell: true, End: CausePlayed}
	case f.Broken:
		return Orders{Phase: Closing, Power: true, Displays: true, Roll: true, Farewell: true, End: CauseCut}
	case now.After(last):
		switch {
		case !f.GuardKnown || !f.MainsGood:
			ord.End = f.dark()
		case !screenReady(f.Displays):
			ord.End = CauseNoScreen
		default:
			ord.End = CauseCut
		}
	case !f.GuardKnown || !f.MainsGood || !screenReady(f.Displays):
		// A film that nobody can see waits; it goes on where it stood.
		ord.Phase, ord.Run = Paused, false
	}
	return ord
}

// liveEnd is how a live lesson ended.
func (f Facts) liveEnd() string {
	switch {
	case f.LiveWhole:
		return CausePlayed
	case f.LiveSeen:
		return CauseLivePartly
	case !f.GuardKnown || !f.MainsGood:
		return f.dark()
	case !screenReady(f.Displays):
		return CauseNoScreen
	}
	return CauseLiveNever
}

// after is from the last picture until the loads are off. Mains is taken from
// the displays only when they have gone to standby by themselves, or have had
// the time for it: never arbitrarily. A clock that was set back to before the
// end lights nothing again.
func after(now time.Time, t Times, h History, f Facts) Orders {
	past := now.Sub(h.EndedAt)
	if past < 0 {
		past = t.Closing
	}
	if past < t.Closing && f.MainsGood {
		return Orders{Phase: Closing, Power: true, Displays: true, Farewell: true}
	}
	if h.CooledDown || (f.GuardKnown && f.LoadsOff) {
		return Orders{Phase: Done}
	}
	// A lamp that is still hot then is the guard's to hold.
	return Orders{Phase: CoolDown, Power: past < t.Closing+settleTime && !settled(f.Displays)}
}

// settleTime is how long displays may take to standby before their mains is no
// longer wanted.
const settleTime = 5 * time.Minute

func settled(displays []hal.DisplayState) bool {
	for _, s := range displays {
		switch s {
		case hal.DisplayOn, hal.DisplayWarming, hal.DisplayCooling:
			return false
		}
	}
	return true
}
