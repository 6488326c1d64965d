package antenna

import (
	"context"
	"math"
	"slices"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
)

// How the last loss is cut out of the log, and what is taken for known.
const (
	whyMonths  = 2                // of the log that are read
	lossOf     = 1.5              // dB below the clear sky
	lossApart  = 6 * time.Hour    // losses nearer to each other are one
	lossBefore = 12 * time.Hour   // that is looked at before it
	lossAfter  = 3 * time.Hour    // and behind
	clearPart  = 0.75             // of the readings of four weeks are below the clear sky's C/N
	lockDVBS   = 5.5              // dB at which a usual carrier of DVB-S is lost
	lockDVBS2  = 6.5              // and of DVB-S2
	lossMost   = dish.MostSamples // rows
)

// ownWhy is `dish why` of the station's own log.
type ownWhy struct {
	whyNote
	At        *time.Time `json:"at,omitempty"` // of the onset
	Clear     float64    `json:"clear_cnr_db"`
	Threshold float64    `json:"lock_threshold_db"`
	Rows      int        `json:"rows"`
}

// whyOwn tells why the signal fell last, by the station's own log.
func (q question) whyOwn(ctx context.Context) (command.Result, error) {
	d := q.dish()
	if q.cfg == nil || d.Tuner.Adapter == "" {
		return command.Result{}, q.env.Misused("cmd.dish.no_log", "name", "dish why")
	}
	var rows []dishRow
	if _, err := readDish(ctx, dishDir(q.cfg), whyMonths, func(r dishRow) { rows = append(rows, r) }); err != nil {
		return command.Result{}, err
	}
	slices.SortStableFunc(rows, func(a, b dishRow) int { return a.At.Compare(b.At) })
	usual := part(rows, clearPart)
	if len(rows) == 0 || math.IsNaN(usual) {
		return command.Result{}, q.env.Failed("cmd.dish.no_history", "folder", dishDir(q.cfg))
	}
	clearSky, err := q.number("clear", usual, 1, 40)
	if err != nil {
		return command.Result{}, err
	}
	threshold, err := q.number("threshold", min(lockAt(d.Tuner.System), clearSky-1), -5, 39)
	if err != nil {
		return command.Result{}, err
	}
	return q.whyRows(lastLoss(rows, clearSky), clearSky, threshold)
}

// lockAt is the C/N at which a usual carrier of that system is lost.
func lockAt(system string) float64 {
	if system == "dvb-s2" {
		return lockDVBS2
	}
	return lockDVBS
}

// whyRows judges rows, of which there is one at least.
func (q question) whyRows(rows []dishRow, clearSky, threshold float64) (command.Result, error) {
	begin, end := rows[0].At, rows[len(rows)-1].At
	link := dish.Link{CBand: q.dish().Band == "c", Clear: dish.DB(clearSky), Threshold: dish.DB(threshold)}
	if peak, ok := q.sunBetween(begin, end); ok {
		link.Sun, link.SunKnown = peak.Sub(begin), true
	}
	v, err := dish.Why(link, samplesOf(rows))
	if err != nil {
		return command.Result{}, &command.Error{Code: command.CodeFailed, Text: sayDish(q.env, err)}
	}
	head := begin.In(q.zone()).Format("2006-01-02 15:04") + " – " + end.In(q.zone()).Format("2006-01-02 15:04")
	n := ownWhy{whyNote: whyNote{head, v.Cause, v.Onset.Seconds(), math.Round(100*v.Confidence) / 100, evidence(q.env.Text, v), v.Clues},
		Clear: clearSky, Threshold: threshold, Rows: len(rows)}
	said := n.text(q.env.Text)
	if v.Onset >= 0 {
		at := begin.Add(v.Onset)
		n.At = &at
		said += q.env.Text.Say("cmd.dish.why_at", "time", at.In(q.zone()).Format("2006-01-02 15:04")) + "\n"
	}
	return command.Result{Text: said, Data: n}, nil
}

// sunBetween returns the middle of a sun outage that is foretold for that time.
func (q question) sunBetween(begin, end time.Time) (time.Time, bool) {
	b, known, err := q.beam()
	p, errPlace := q.place()
	sat, errSat := q.target()
	if !known || err != nil || errPlace != nil || errSat != nil {
		return time.Time{}, false
	}
	for y := begin.UTC().Year(); y <= end.UTC().Year(); y++ {
		for _, autumn := range []bool{false, true} {
			s, err := halfYear{y, autumn}.of(p, orbitOf(sat), dish.OutageHalfAngle(b.Width))
			if err != nil {
				return time.Time{}, false
			}
			for _, o := range slices.Backward(s.Outages()) {
				if o.Peak.After(begin) && o.Peak.Before(end) {
					return o.Peak, true
				}
			}
		}
	}
	return time.Time{}, false
}

// samplesOf are rows as dish.Why takes them; one with a lock and without a C/N says
// nothing.
func samplesOf(rows []dishRow) []dish.Sample {
	var out []dish.Sample
	for _, r := range rows {
		s := dish.Sample{At: r.At.Sub(rows[0].At), Locked: r.Share >= 0.5, Other: math.NaN(), Level: r.Level, Temperature: r.Celsius}
		if s.Locked && math.IsNaN(r.CNR) {
			continue
		}
		if s.Locked {
			s.CNR = dish.DB(r.CNR)
		}
		out = append(out, s)
	}
	return out
}

// part is the C/N below which that part of the locked rows lies; NaN without any.
func part(rows []dishRow, share float64) float64 {
	var list []float64
	for _, r := range rows {
		if !math.IsNaN(r.CNR) {
			list = append(list, r.CNR)
		}
	}
	if len(list) == 0 {
		return math.NaN()
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(share*float64(len(list))))]
}

// lastLoss returns the rows around the last loss, or those of the last day when there is
// none.
func lastLoss(rows []dishRow, clearSky float64) []dishRow {
	lost := func(r dishRow) bool { return r.Share < 0.5 || r.CNR < clearSky-lossOf }
	last := len(rows) - 1
	for last >= 0 && !lost(rows[last]) {
		last--
	}
	first := last
	if last < 0 {
		first, last = len(rows)-1, len(rows)-1
	}
	for i := first; i >= 0 && rows[first].At.Sub(rows[i].At) <= lossApart; i-- {
		if lost(rows[i]) {
			first = i
		}
	}
	from, to := rows[first].At.Add(-lossBefore), rows[last].At.Add(lossAfter)
	begin := slices.IndexFunc(rows, func(r dishRow) bool { return !r.At.Before(from) })
	end := last
	for end < len(rows)-1 && !rows[end+1].At.After(to) {
		end++
	}
	return rows[max(begin, end+1-lossMost) : end+1]
}
