package power

import (
	"time"

	"stationbox/firmware"
	"stationbox/hal"
)

// displaysGood is how long a display's report counts after it came.
const displaysGood = 5 * time.Second

// wish is a GuardWant in the units of the loop. It never changes.
type wish struct {
	seq     uint64
	loads   [MaxLoads]bool
	reports [MaxLoads]Report
	reset   uint64
	storm   bool
	at      time.Time
}

// Want takes the station's wish; one that is not newer than the last is ignored.
// The wish stands until the next one, its display reports for five seconds. It
// does not wait and may be called from any goroutine.
func (l *Loop) Want(w firmware.GuardWant) {
	next := &wish{seq: w.Seq, reset: w.Reset, storm: w.Storm, at: l.now()}
	for i, load := range l.load {
		next.loads[i] = w.Loads[load.Name]
		next.reports[i] = report(w.Displays[load.Name])
	}
	for {
		before := l.wish.Load()
		if before.seq >= w.Seq || l.wish.CompareAndSwap(before, next) {
			return
		}
	}
}

func report(s hal.DisplayState) Report {
	switch s {
	case hal.DisplayStandby:
		return ReportStandby
	case hal.DisplayCooling:
		return ReportCooling
	case hal.DisplayWarming, hal.DisplayOn, hal.DisplayFault:
		return ReportBusy
	}
	return ReportNone
}
