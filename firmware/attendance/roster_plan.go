package attendance

import (
	"stationbox/firmware"
)

// Change is a member before and after.
type Change struct {
	Before firmware.Member `json:"before"`
	After  firmware.Member `json:"after"`
}

// Plan is what a list would do to a roster.
type Plan struct {
	Added    []firmware.Member
	Changed  []Change
	Left     []firmware.Member // they leave the roster; what they attended stays on record
	Absent   []firmware.Member // not in the list, and stay
	Same     int
	Warnings []*Note
	Bad      []BadRow // of the list, and what only shows beside the roster; with any the plan is not to be carried out
	Next     *Roster  // the roster afterwards; nil with Bad
}

// Empty says whether the plan changes nothing.
func (p *Plan) Empty() bool { return len(p.Added)+len(p.Changed)+len(p.Left) == 0 }

// Plan compares l with r. With replace those who are not in l leave; otherwise they
// stay. Numbers are what joins the two. What l has no column for stays as it was, when
// the name is the same; an empty cell empties it.
func (r *Roster) Plan(l *List, replace bool) *Plan {
	p := &Plan{Added: []firmware.Member{}, Changed: []Change{}, Left: []firmware.Member{}, Absent: []firmware.Member{}, Bad: l.Bad}
	next := make([]firmware.Member, 0, len(l.Members)+r.Len())
	listed := make(map[int]bool, len(l.Members))
	for _, in := range l.Members {
		old, known := r.Find(in.Number)
		m := l.merged(in.Member, old)
		listed[m.Number] = true
		next = append(next, m)
		switch {
		case !known:
			p.Added = append(p.Added, m)
		case m == old:
			p.Same++
		default:
			p.Changed = append(p.Changed, Change{old, m})
		}
	}
	for _, old := range r.Members() {
		switch {
		case listed[old.Number]:
		case replace:
			p.Left = append(p.Left, old)
		default:
			p.Absent = append(p.Absent, old)
			next = append(next, old)
		}
	}
	p.cards(l, next)
	if len(p.Bad) == 0 {
		p.Next = newRoster(next)
		p.warn(r, l)
	}
	return p
}

// merged is m with what l does not say of somebody of that name.
func (l *List) merged(m, old firmware.Member) firmware.Member {
	if m.Name != old.Name {
		return m
	}
	if !l.has[fieldBranch] {
		m.Branch = old.Branch
	}
	if !l.has[fieldHousehold] {
		m.Household = old.Household
	}
	if !l.has[fieldCard] {
		m.Card = old.Card
	}
	return m
}

// cards finds those that two would have of whom the list names one only.
func (p *Plan) cards(l *List, next []firmware.Member) {
	rows := map[int]int{}
	for _, m := range l.Members {
		rows[m.Number] = m.Row
	}
	holder := map[string]int{}
	for _, m := range next { // those of the list come first
		other, taken := holder[m.Card]
		switch {
		case m.Card == "":
		case taken && rows[other] > 0:
			p.Bad = append(p.Bad, BadRow{rows[other], fieldCard.key(), "roster.card_of", []any{"number", other, "holder", m.Number, "name", m.Name}})
		case !taken:
			holder[m.Card] = m.Number
		}
	}
}

// warn points out what is allowed and often a mistake.
func (p *Plan) warn(r *Roster, l *List) {
	numbers := map[string][]int{} // name -> numbers in the roster
	for _, m := range r.Members() {
		numbers[m.Name] = append(numbers[m.Name], m.Number)
	}
	named := map[[2]string]int{} // branch and name -> number
	for _, m := range p.Next.members {
		who := [2]string{m.Branch, m.Name}
		if named[who] > 0 {
			p.Warnings = append(p.Warnings, note("roster.warn.same_name", "name", m.Name, "one", named[who], "other", m.Number))
		}
		named[who] = m.Number
	}
	for _, m := range l.Members {
		old, known := r.Find(m.Number)
		if known && old.Name != m.Name {
			p.Warnings = append(p.Warnings, note("roster.warn.other_name", "number", m.Number, "before", old.Name, "after", m.Name))
		}
		had := numbers[m.Name]
		if len(had) == 1 && had[0] != m.Number {
			if still, ok := p.Next.Find(had[0]); !ok || still.Name != m.Name {
				p.Warnings = append(p.Warnings, note("roster.warn.moved", "name", m.Name, "before", had[0], "after", m.Number))
			}
		}
	}
}
