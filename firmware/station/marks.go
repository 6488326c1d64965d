package station

import (
	"context"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
)

// look writes marks about the presses of a roll that has closed, once: after a restart
// and after a card that did not take them too. Nobody at the panel waits for it.
func (b *rollbook) look(ctx context.Context) {
	b.mu.Lock()
	id, open := b.roll.Lesson, b.roll.Open()
	b.mu.Unlock()
	if id == "" || open || b.looked == id {
		return
	}
	b.mu.Lock()
	found := attendance.Suspect(b.roll.Pressed(), attendance.SuspectOpts{Seats: b.seats, Present: b.roll.Present()})
	have := b.roll.Marks()
	b.mu.Unlock()
	for _, m := range found {
		if len(have) == attendance.MostMarks {
			break
		}
		if remarked(have, m) {
			continue
		}
		m.ID = len(have) + 1
		if _, _, err := b.write(ctx, firmware.KindMark, id, m); err != nil {
			return // tried again
		}
		have = append(have, attendance.Marked{Mark: m})
	}
	b.looked = id
}

// remarked says whether there is such a mark already.
func remarked(have []attendance.Marked, m firmware.Mark) bool {
	for _, o := range have {
		if o.Reason == m.Reason && (o.From.Equal(m.From) || m.Reason == firmware.MarkSeats && o.Count == m.Count) {
			return true
		}
	}
	return false
}
