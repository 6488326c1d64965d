package register

import (
	"cmp"
	"maps"
	"slices"
)

// amend applies what was said of the roll itself: the newest of each number and of the
// heads counts, over what was pressed.
func (c *collector) amend(g *gather, on map[seat]bool) {
	newest := map[int]correction{} // 0: the heads
	for _, n := range c.said[g.ID] {
		switch {
		case n.Do == doHeads && n.Heads >= 0 && n.Heads <= mostHeads:
			g.Heads = n.Heads
			newest[0] = n
		case n.Do != doHeads && n.Number >= 1 && n.Number <= 9999:
			newest[n.Number] = n
		}
	}
	for _, number := range slices.Sorted(maps.Keys(newest)) {
		if n := newest[number]; number > 0 {
			c.amendOne(g, on, n)
		}
	}
	for _, n := range c.said[g.ID] {
		number := n.Number
		if n.Do == doHeads {
			number = 0
		}
		c.m.Corrections = append(c.m.Corrections, Correction{At: n.at, By: n.By, Why: n.Why, Do: n.Do, Lesson: g.ID, Title: g.Title, Number: n.Number,
			Name: cmp.Or(c.roster[n.Number].Name, n.Name), Heads: n.Heads, Counts: newest[number].own == n.own, Seq: n.own})
	}
}

// mostHeads is how many people a correction can count.
const mostHeads = 10_000

// amendOne puts a number on the roll, or takes it off.
func (c *collector) amendOne(g *gather, on map[seat]bool, n correction) {
	is := func(e Entry) bool { return e.Number == n.Number }
	m, listed := c.roster[n.Number]
	at := seat{n.Number, listed || n.Known}
	if n.Do == doAbsent {
		g.Present, g.Guests = slices.DeleteFunc(g.Present, is), slices.DeleteFunc(g.Guests, is)
		delete(on, at)
		return
	}
	g.Guests = slices.DeleteFunc(g.Guests, func(e Entry) bool { return is(e) && at.known })
	if i := slices.IndexFunc(g.Present, is); i >= 0 {
		g.Present[i].Corrected = true
		return
	}
	e := Entry{Number: n.Number, Name: cmp.Or(m.Name, n.Name), Branch: m.Branch, At: g.Scheduled, Corrected: true}
	if at.known {
		g.Present = append(g.Present, e)
	} else if !slices.ContainsFunc(g.Guests, is) {
		g.Guests = append(g.Guests, e)
	}
	on[at] = true
}

// effective is whose press it was by the newest correction, and whether it counts.
func (c *collector) effective(p press, list []correction) (e Entry, known, counts bool) {
	e = Entry{Number: p.Number, Name: p.Name, At: p.at, Panel: p.Panel}
	known, counts = p.Known, !p.closed
	if len(list) > 0 {
		switch n := list[len(list)-1]; n.Do {
		case doVoid:
			return e, known, false
		case doRenumber:
			_, listed := c.roster[n.Number]
			if n.Number >= 1 && n.Number <= 9999 {
				e.Number, e.Name, known, counts, e.Corrected = n.Number, "", listed, true, true
			}
		case doRestore:
			counts, e.Corrected = true, true
		}
	}
	if m, ok := c.roster[e.Number]; ok && known {
		if e.Name != "" && e.Name != m.Name {
			e.As = e.Name
		}
		e.Name, e.Branch = m.Name, m.Branch
	}
	return e, known, counts
}

// note writes down the corrections of a press.
func (c *collector) note(list []correction, p press, l Lesson) {
	for i, n := range list {
		k := Correction{At: n.at, By: n.By, Why: n.Why, Do: n.Do, Lesson: l.ID, Title: l.Title, Number: p.Number, Name: p.Name, Pressed: p.at,
			Counts: i == len(list)-1, Seq: n.own}
		if n.Do == doRenumber {
			k.To, k.ToName = n.Number, c.roster[n.Number].Name
		}
		c.m.Corrections = append(c.m.Corrections, k)
	}
}
