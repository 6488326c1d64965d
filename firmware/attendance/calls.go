package attendance

import (
	"encoding/json"
	"time"

	"stationbox/firmware"
)

// film is where the film of the lesson stands, by the records of it.
type film struct {
	stands, played, length, slot time.Duration
}

// feed takes in a record of where the film is, or of how it ended.
func (f *film) feed(rec firmware.Record) {
	var n struct {
		PositionMS int64 `json:"position_ms"`
		PlayedMS   int64 `json:"played_ms"`
		LengthMS   int64 `json:"length_ms"`
	}
	if json.Unmarshal(rec.Data, &n) != nil {
		return
	}
	if rec.Kind == firmware.KindLesson {
		f.played, f.length = time.Duration(n.PlayedMS)*time.Millisecond, time.Duration(n.LengthMS)*time.Millisecond
		return
	}
	f.stands = time.Duration(n.PositionMS) * time.Millisecond
}

// Length is how long the film is, or as long as that is not known, how long the lesson
// was to be; 0 when neither is known.
func (r *Roll) Length() time.Duration {
	if r.film.length > 0 {
		return r.film.length
	}
	return r.film.slot
}

// Window is when a roll call is held, in the time of the film: the first from before
// its beginning. To belongs to what follows.
type Window struct{ From, To time.Duration }

// quorum is the part of those who were there before that make a roll call at the end
// one that was held. Nobody is said to have left because two people pressed by chance;
// when the call is made, far more than a quarter of those who stayed answer it.
const quorum = 4

// Attended returns the entries with the roll calls that each pressed at, and who left
// early. windows are the roll calls in their order, the last is that of the end. Who
// pressed before and not at the end has left early if the call of the end was held: a
// quarter of those who were there pressed at it. Who did not press at all, because the
// administrator has added him, has not.
func (r *Roll) Attended(windows []Window) []Entry {
	at := map[int][]bool{}
	for _, m := range r.presses {
		number, ok := r.numberOf(m)
		if at[number] == nil {
			at[number] = make([]bool, len(windows))
		}
		for i, w := range windows {
			if ok && m.stands >= w.From && m.stands < w.To {
				at[number][i] = true
				break
			}
		}
	}
	list := r.Entries()
	before, end := 0, 0
	for i := range list {
		e := &list[i]
		if e.Calls = at[e.Number]; !e.Counts() || e.Presses == 0 || len(windows) == 0 {
			continue
		}
		if earlier(e) {
			before++
			e.LeftEarly = !e.Calls[len(windows)-1]
			if !e.LeftEarly {
				end++
			}
		}
	}
	if len(windows) < 2 || end*quorum < before || end == 0 {
		for i := range list {
			list[i].LeftEarly = false
		}
	}
	return list
}

// earlier says whether e pressed before the roll call of the end.
func earlier(e *Entry) bool {
	for _, here := range e.Calls[:len(e.Calls)-1] {
		if here {
			return true
		}
	}
	return false
}

// numberOf is whose press m is; ok is false when it does not count.
func (r *Roll) numberOf(m made) (int, bool) {
	switch s := r.voided[m.id]; s.Do {
	case firmware.CorrectVoid:
		return m.Number, false
	case firmware.CorrectRenumber:
		return s.Number, true
	}
	return m.Number, true
}
