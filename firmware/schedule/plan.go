package schedule

import (
	"slices"
	"time"

	"stationbox/firmware"
)

// The reasons for which a slot is not held. They are keys of the text catalogue.
const (
	SkipExcept   = "schedule.skip.except"   // its date is among the exceptions
	SkipHoliday  = "schedule.skip.holiday"  // By is the name of the holiday
	SkipPriority = "schedule.skip.priority" // By is the ID of the occasion that goes before
)

// Slot is a date on which a row would be held, and what becomes of it.
type Slot struct {
	Occasion firmware.Occasion
	Entry    string // ID of the row; "" for an emergency
	Kind     string
	Priority int
	Counts   bool    // towards the quota
	Day      Holiday // what is special about the date; no Name when nothing is
	Skipped  string  // "" when it is held, else one of the Skip… constants
	By       string  // what it is skipped for
}

// Held says whether the slot takes place.
func (s Slot) Held() bool { return s.Skipped == "" }

// end is the end of what the slot occupies.
func (s Slot) end() time.Time {
	return s.Occasion.Start.Add(max(s.Occasion.Duration, time.Second))
}

// Plan returns all slots with from <= Start < to, by start and then in the
// order of the rows: those that are held and those that are not, with the
// reason. Whether a slot is held does not depend on the range asked for.
func (s *Schedule) Plan(from, to time.Time) []Slot {
	// A slot can lose to one that begins within its length of it, and that one
	// can itself have lost to another of a third priority.
	reach := time.Duration(max(s.levels-1, 0)) * s.longest
	list := s.candidates(from.Add(-reach), to.Add(reach))
	if s.levels > 1 {
		s.resolve(list)
	}
	list = slices.DeleteFunc(list, func(c Slot) bool { return c.Occasion.Start.Before(from) || !c.Occasion.Start.Before(to) })
	return list
}

// candidates returns the slots of all rows, by start, before priorities.
func (s *Schedule) candidates(from, to time.Time) []Slot {
	var list []Slot
	for d, last := DateOf(from.In(s.zone))-1, DateOf(to.In(s.zone))+1; d <= last; d++ {
		on := s.day(d)
		if !on.exists {
			continue
		}
		before := len(list)
		for i := range s.rows {
			r := &s.rows[i]
			if !r.falls(&on) {
				continue
			}
			slot, ok := s.slot(r, &on)
			if ok && !slot.Occasion.Start.Before(from) && slot.Occasion.Start.Before(to) {
				list = append(list, slot)
			}
		}
		slices.SortStableFunc(list[before:], earlier)
	}
	if !slices.IsSortedFunc(list, earlier) { // clocks set back over midnight
		slices.SortStableFunc(list, earlier)
	}
	return list
}

func earlier(a, b Slot) int { return a.Occasion.Start.Compare(b.Occasion.Start) }

// slot judges a row on a day on which it falls. A row for holidays only has no
// slot on other days.
func (s *Schedule) slot(r *row, on *day) (Slot, bool) {
	out := Slot{Entry: r.ID, Kind: r.Kind, Priority: r.Priority, Counts: !r.Uncounted, Day: on.holiday}
	if out.Kind == "" {
		out.Kind = KindStudy
	}
	switch {
	case has(r.except, on.date):
		out.Skipped = SkipExcept
	case r.Holiday == OnlyHolidays && !on.isHoliday && !r.written(on.date):
		return Slot{}, false
	case r.Holiday == SkipHolidays && on.isHoliday && !r.written(on.date):
		out.Skipped, out.By = SkipHoliday, on.holiday.Name
	}
	out.Occasion = r.occasion(on, s.zone)
	return out, true
}

// resolve marks the slots that lose to a higher priority. The highest are
// seated first; a slot that was itself not held takes nobody's place. Slots of
// the same priority leave each other alone: that overlap is for Check to find.
func (s *Schedule) resolve(list []Slot) {
	levels := map[int][]int{}
	for i := range list {
		if list[i].Held() {
			levels[list[i].Priority] = append(levels[list[i].Priority], i)
		}
	}
	order := make([]int, 0, len(levels))
	for p := range levels {
		order = append(order, p)
	}
	slices.Sort(order)
	var seated []int // indices into list, which is by start
	for _, p := range slices.Backward(order) {
		var held []int
		for _, i := range levels[p] {
			if by := s.rival(list, seated, i); by >= 0 {
				list[i].Skipped, list[i].By = SkipPriority, list[by].Occasion.ID
				continue
			}
			held = append(held, i)
		}
		seated = append(seated, held...)
		slices.Sort(seated)
	}
}

// rival returns the first of seated that overlaps slot i, or -1.
func (s *Schedule) rival(list []Slot, seated []int, i int) int {
	start, end := list[i].Occasion.Start, list[i].end()
	k, _ := slices.BinarySearchFunc(seated, start.Add(-s.longest), func(j int, t time.Time) int { return list[j].Occasion.Start.Compare(t) })
	for ; k < len(seated) && list[seated[k]].Occasion.Start.Before(end); k++ {
		if start.Before(list[seated[k]].end()) {
			return seated[k]
		}
	}
	return -1
}
