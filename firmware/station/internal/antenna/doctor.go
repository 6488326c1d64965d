package antenna

import (
	"context"
	"math"
	"sync"
	"time"

	"stationbox/firmware/dish"
)

// The doctor of a loss that goes on: out of the last day's minutes it knows more than what
// the supervisor of the lock saw at the moment of the loss.
const (
	doctorKeeps = 24 * 60         // minutes
	doctorAfter = 3 * time.Minute // of a loss there is something to look at
	doctorEvery = time.Minute
	doctorSure  = 0.6 // confidence from which on people are told
)

// ward keeps the minutes of the last day.
type ward struct {
	mu   sync.Mutex
	rows []dishRow
}

func (w *ward) add(r dishRow) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.rows); n > 0 && !r.At.After(w.rows[n-1].At) { // a clock that was set
		w.rows = nil
	}
	if len(w.rows) >= 2*doctorKeeps {
		w.rows = append([]dishRow(nil), w.rows[doctorKeeps:]...)
	}
	w.rows = append(w.rows, r)
}

// recall takes up what the card has of the last day.
func (w *ward) recall(ctx context.Context, dir string) error {
	_, err := readDish(ctx, dir, 1, w.add)
	return err
}

// lastDay are the rows until now, and none when the newest is older than ten minutes.
func (w *ward) lastDay(now time.Time) []dishRow {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.rows)
	if n == 0 || now.Sub(w.rows[n-1].At).Abs() > 10*time.Minute {
		return nil
	}
	from := n
	for from > 0 && now.Sub(w.rows[from-1].At) <= doctorKeeps*time.Minute {
		from--
	}
	return append([]dishRow(nil), w.rows[from:]...)
}

// doctor says why the signal is away; false when it is not sure.
func (m *Meter) doctor() (dish.Cause, bool) {
	rows := m.ward.lastDay(m.now())
	clearSky := part(rows, clearPart)
	if math.IsNaN(clearSky) {
		return "", false
	}
	rows = lastLoss(rows, clearSky)
	link := dish.Link{CBand: m.cfg.Band == "c", Clear: dish.DB(clearSky), Threshold: dish.DB(min(lockAt(m.cfg.Tuner.System), clearSky-1))}
	for _, s := range m.rec.foretold() {
		if s.From.Before(rows[len(rows)-1].At) && s.To.After(rows[0].At) {
			link.Sun, link.SunKnown = s.From.Add(s.To.Sub(s.From)/2).Sub(rows[0].At), true
		}
	}
	v, err := dish.Why(link, samplesOf(rows))
	if err != nil || v.Confidence < doctorSure || v.Cause == dish.CauseClear || v.Cause == dish.CauseUnknown {
		return "", false
	}
	return v.Cause, true
}
