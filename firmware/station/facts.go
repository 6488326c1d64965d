package station

import (
	"os"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/lesson"
	"stationbox/media/live"
)

// causeShed is the guard's word for an under-voltage in which only lamps that cool
// keep mains.
const causeShed = "guard.cause.shed"

// facts gathers what is known now and tells each display whether it has mains.
func (s *showing) facts(now time.Time, o firmware.Occasion) lesson.Facts {
	st, known := s.guard.Status().Fresh(s.tick(), guardAge)
	f := lesson.Facts{GuardKnown: known, LoadsOff: known}
	f.Stopped = s.stopped(o)
	on, since := map[string]bool{}, map[string]time.Duration{}
	closed := known && st.Contactor && (st.State == firmware.GuardClosed || st.State == firmware.GuardRideThrough || st.State == firmware.GuardClosing)
	for _, l := range st.Loads {
		on[l.Name], since[l.Name] = l.On && closed, time.Duration(l.OnForMS)*time.Millisecond
		f.LoadsOff = f.LoadsOff && (!l.On || s.kept[l.Name])
	}
	f.MainsGood = s.fed(on)
	if f.Retreat = known && (st.Cause == causeShed || s.mem.storm.holds(now)); f.Retreat {
		f.MainsGood = false
	}
	for _, sc := range s.screens {
		if known { // a guard that is silent for a moment does not put a display out
			sc.keeper.Powered(on[sc.load])
			if on[sc.load] {
				sc.keeper.FedFor(since[sc.load])
			}
		}
		f.Displays = append(f.Displays, sc.keeper.Status().State)
	}
	if o.File != "" {
		info, err := os.Stat(o.File)
		f.FileOK = err == nil && info.Mode().IsRegular() && info.Size() > 0
	}
	if out := s.desk.outcome(); out.key == o.ID {
		f.PlayerUp, f.Loaded, f.Complete, f.Broken, f.Length = out.up, out.loaded, out.complete, out.broken != nil, out.length
	}
	if o.IsLive() {
		sum := s.air.account(now, o)
		f.LiveSeen, f.LiveWhole = sum.Live > 0, sum.Outcome == live.Whole
	}
	return f
}

// shows says whether the player's picture is that of the lesson now: its film, or
// the live picture.
func (s *showing) shows(o firmware.Occasion) bool {
	if o.IsLive() {
		what, _, _ := s.air.seen(o.ID)
		return what == live.ShowsLive
	}
	return o.File != "" && s.player.State().Loaded == o.File
}

// fed says whether a display has mains, or a load of the lesson when there is no
// display. A load that is always on says nothing of the lesson.
func (s *showing) fed(on map[string]bool) bool {
	for _, sc := range s.screens {
		if on[sc.load] {
			return true
		}
	}
	for _, l := range s.loads {
		if len(s.screens) == 0 && on[l] && !s.kept[l] {
			return true
		}
	}
	return false
}

// waitsFor names what keeps the film from running, or "".
func waitsFor(ord lesson.Orders, f lesson.Facts) string {
	if ord.End != "" {
		return ord.End
	}
	if ord.Run || !ord.Power {
		return ""
	}
	if !f.GuardKnown {
		return lesson.CauseNoGuard
	}
	if !f.MainsGood {
		return lesson.CauseNoMains
	}
	return ""
}
