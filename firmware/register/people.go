package register

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stationbox/firmware"
)

// branch is its name, or the words for none.
func (p printer) branch(name string) Cell {
	return say(cmp.Or(name, p.say("register.no_branch")))
}

// study is 学习记录: each lesson with who came and who did not, by branch.
func (p printer) study() Book {
	b := Book{Key: "study", Columns: p.columns("study"), Wide: true, Merge: 2}
	for _, l := range p.Lessons {
		lead := []Cell{at(l.Scheduled), say(p.lessonLine(l))}
		if !l.Called {
			b.Rows = append(b.Rows, append(lead, say(p.say("register.study.no_roll")), dash(""), dash(""), dash(""), dash(""), dash("")))
			continue
		}
		for _, r := range p.byBranch(l) {
			b.Rows = append(b.Rows, append(slices.Clone(lead), r...))
		}
	}
	b.Facts = []string{p.quota()}
	b.Notes = append([]string{p.say("register.study.from")}, p.corrected()...)
	return p.empty(b)
}

// lessonLine is a lesson in one cell.
func (p printer) lessonLine(l Lesson) string {
	cause := p.say("register.no_record")
	if n := len(l.Showings); n > 0 {
		cause = p.words.Name(l.Showings[n-1].Cause)
	}
	return p.say("register.study.lesson", "title", l.Title, "minutes", minutes(l.Minutes()), "cause", cause)
}

// branchRoll is who of a branch came to a lesson.
type branchRoll struct {
	branch          string
	present, absent []string
	late            int
}

// byBranch are the rows of a lesson: each branch, then the sum with guests and heads.
func (p printer) byBranch(l Lesson) [][]Cell {
	rolls := map[string]*branchRoll{}
	of := func(branch string) *branchRoll {
		if rolls[branch] == nil {
			rolls[branch] = &branchRoll{branch: branch}
		}
		return rolls[branch]
	}
	for _, e := range l.Present {
		r := of(e.Branch)
		r.present = append(r.present, p.who(e))
		if e.Late {
			r.late++
		}
	}
	for _, m := range l.Absent {
		r := of(m.Branch)
		r.absent = append(r.absent, m.Name)
	}
	var rows [][]Cell
	for _, branch := range slices.SortedFunc(keys(rolls), cmp.Compare[string]) {
		r := rolls[branch]
		rows = append(rows, []Cell{p.branch(branch), num(len(r.present) + len(r.absent)), num(len(r.present)), num(r.late), dash(p.list(r.present)), dash(p.list(r.absent))})
	}
	due := len(l.Present) + len(l.Absent)
	extra := p.say("register.study.extra", "rate", percent(share(len(l.Present), due)), "guests", len(l.Guests), "heads", l.Heads)
	if len(l.Guests) > 0 {
		var numbers []string
		for _, g := range l.Guests[:min(len(l.Guests), 20)] {
			numbers = append(numbers, fmt.Sprint(g.Number))
		}
		extra += p.tail("register.study.numbers", "list", strings.Join(numbers, " "))
	}
	return append(rows, []Cell{say(p.say("register.sum")), num(due), num(len(l.Present)), num(l.Late()), say(extra), dash("")})
}

func keys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// who is a name with the marks of the attendance book.
func (p printer) who(e Entry) string {
	s := cmp.Or(e.Name, fmt.Sprint(e.Number))
	if e.As != "" {
		s += p.tail("register.as", "name", e.As)
	}
	if e.Late {
		s += p.tail("register.mark.late")
	}
	if e.Corrected {
		s += "※"
	}
	return s
}

// mostNames bounds the names in one cell, well below what a spreadsheet takes.
const mostNames = 500

func (p printer) list(names []string) string {
	s := strings.Join(names[:min(len(names), mostNames)], p.sep("comma"))
	if more := len(names) - mostNames; more > 0 {
		s += fmt.Sprintf(" +%d", more)
	}
	return s
}

// attendanceBook is 签到册: people by lessons.
func (p printer) attendanceBook() Book {
	b := Book{Key: "attendance", Columns: p.columns("attendance"), Wide: true, Repeat: 3}
	var called []Lesson
	for _, l := range p.Lessons {
		if l.Called {
			called = append(called, l)
			b.Columns = append(b.Columns, Column{Name: p.short(l.Scheduled) + "\n" + shorten(l.Title, 6), Width: 12, Centre: true})
		}
	}
	b.Columns = append(b.Columns, p.columns("attendance_sum")...)
	marks := p.marks(called)
	for _, m := range p.Members {
		row := []Cell{num(m.Number), dash(m.Name), p.branch(m.Branch)}
		if !m.Listed {
			row[1].Text += p.tail("register.not_listed")
		}
		for i := range called {
			mark := marks[i][m.Number]
			if mark == "" && m.Listed {
				mark = p.say("register.mark.absent")
			}
			row = append(row, dash(mark))
		}
		b.Rows = append(b.Rows, append(row, num(m.Lessons)))
	}
	b.Notes = append([]string{p.say("register.attendance.marks")}, p.corrected()...)
	return p.empty(b)
}

// marks are the signs of who was there, by lesson and number.
func (p printer) marks(called []Lesson) []map[int]string {
	list := make([]map[int]string, len(called))
	for i, l := range called {
		list[i] = map[int]string{}
		for _, e := range l.Present {
			mark := "√"
			if e.Late {
				mark = p.say("register.mark.late_one")
			}
			if e.Corrected {
				mark += "※"
			}
			list[i][e.Number] = mark
		}
	}
	return list
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// roster is 花名册 with the month of each member.
func (p printer) roster() Book {
	b := Book{Key: "members", Columns: p.columns("members"), Notes: []string{p.say("register.members.from")}}
	for _, m := range p.Members {
		standing, rate := p.say("register.members.listed"), percent(share(m.Lessons, p.Quota.Called))
		if !m.Listed {
			standing = p.say("register.members.not_listed")
		}
		b.Rows = append(b.Rows, []Cell{num(m.Number), dash(m.Name), p.branch(m.Branch), dash(p.card(m.Member)), num(m.Lessons), num(m.Late), num(minutes(m.Minutes)), say(rate), say(standing)})
	}
	b.Facts = []string{p.say("register.members.sum", "members", len(p.Opts.Members), "called", p.Quota.Called)}
	return p.empty(b)
}

// card says that somebody has one; its number is nobody's business.
func (p printer) card(m firmware.Member) string {
	if m.Card == "" {
		return ""
	}
	return p.say("register.yes")
}

// branchBook is 支部月度汇总.
func (p printer) branchBook() Book {
	b := Book{Key: "branches", Columns: p.columns("branches"), Facts: []string{p.quota(), p.say("register.members.sum", "members", len(p.Opts.Members), "called", p.Quota.Called)}}
	all := BranchMonth{Branch: p.say("register.sum")}
	for _, r := range p.Branches {
		b.Rows = append(b.Rows, p.branchRow(r))
		all.Members, all.Attended, all.Possible, all.Minutes = all.Members+r.Members, all.Attended+r.Attended, all.Possible+r.Possible, all.Minutes+r.Minutes
	}
	b.Rows = append(b.Rows, p.branchRow(all))
	b.Notes = []string{p.say("register.branches.from")}
	return p.empty(b)
}

func (p printer) branchRow(r BranchMonth) []Cell {
	perHead := 0
	if r.Members > 0 {
		perHead = minutes(r.Minutes) / r.Members
	}
	return []Cell{p.branch(r.Branch), num(r.Members), num(r.Attended), num(r.Possible), say(percent(r.Rate())), num(minutes(r.Minutes)), num(perHead)}
}

// dutyBook is 管理员值班记录.
func (p printer) dutyBook() Book {
	b := Book{Key: "duty", Columns: p.columns("duty"), Notes: []string{p.say("register.duty.from")}, Blank: 4, Hand: true}
	for _, d := range p.Duty {
		var rolls []string
		for _, s := range d.Rolls[:min(len(d.Rolls), 10)] {
			to := "?"
			if !s.To.IsZero() {
				to = s.To.Format("15:04")
			}
			rolls = append(rolls, s.From.Format("15:04")+"–"+to)
		}
		commands := ""
		if d.Commands > 0 {
			commands = p.say("register.duty.commands", "count", d.Commands, "first", d.FirstCommand.Format("15:04"), "last", d.LastCommand.Format("15:04"))
		}
		weekday := p.words.Name("day." + strings.ToLower(d.Day.Format("Mon")))
		b.Rows = append(b.Rows, []Cell{say(d.Day.Format("01-02") + " " + weekday), dash(p.list(d.Lessons)), dash(strings.Join(rolls, " ")), say(hours(d.Open())), dash(commands), say(""), say("")})
	}
	return p.empty(b)
}
