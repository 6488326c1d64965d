package page

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"stationbox/firmware"
	"stationbox/firmware/command"
)

// rollView is who was at a lesson, and the form of a correction with what was typed.
type rollView struct {
	Lesson      Ended
	When        string
	Present     []hereView
	Absent      []Member
	Strangers   []hereView // numbers that are not in the roster: they do not count
	Marks       []markView
	MayCorrect  bool
	Problem     *problem
	Done        string // what was just written down: "yes" a correction, "mark" a finding
	Number, Why string
	Was         string // "present" or "absent"
}

type hereView struct {
	Member
	At  string
	Tag string // late, left early
}

const mostWhy = 60 // characters

func (p *Page) roll(v *visit) {
	p.showRoll(v, http.StatusOK, rollView{Done: v.r.URL.Query().Get("done")})
}

// showRoll shows the roll of the lesson of the address, below what view already says.
func (p *Page) showRoll(v *visit, status int, view rollView) {
	id := v.r.PathValue("id")
	if !good(id) {
		p.failed(v, http.StatusNotFound, "page.bad.lesson")
		return
	}
	lesson, found, err := p.lessonOf(v, id)
	if err == nil && !found {
		p.failed(v, http.StatusNotFound, "page.bad.lesson")
		return
	}
	var here []Attended
	if err == nil {
		here, err = within(v.r.Context(), p, callBound, func(ctx context.Context) ([]Attended, error) { return p.o.Books.Roll(ctx, id) })
	}
	switch {
	case errors.Is(err, ErrNotYet):
		p.failed(v, http.StatusServiceUnavailable, "page.bad.books")
		return
	case err != nil:
		p.broken(v, err)
		return
	}
	said, err := p.remarksOf(v.r.Context(), v.words, id)
	if err != nil { // the roll is worth showing without them
		p.o.Log.Warn("page", "err", err)
		view.Problem = cmp.Or(view.Problem, v.problem("", "page.bad.station"))
	}
	view.Lesson, view.When, view.MayCorrect, view.Marks = lesson, p.moment(v.words, lesson.Scheduled), p.o.Corrections != nil, said.marks
	p.parted(&view, here, said.tags)
	if p.recorded(v, firmware.Access{What: whatRoll, About: id, Count: len(view.Present) + len(view.Absent)}) {
		p.show(v, status, "roll", view)
	}
}

// parted parts the members into those who were there and those who were not.
func (p *Page) parted(view *rollView, here []Attended, tags map[int]string) {
	was := map[int]bool{}
	members := map[int]Member{}
	all := p.o.Members()
	for _, m := range all {
		members[m.Number] = m
	}
	for _, a := range here[:min(len(here), 10_000)] {
		at := a.At.In(p.o.Zone).Format("15:04")
		m, known := members[a.Number]
		if !known {
			view.Strangers = append(view.Strangers, hereView{Member: Member{Number: a.Number}, At: at})
			continue
		}
		was[a.Number] = true
		view.Present = append(view.Present, hereView{m, at, tags[a.Number]})
	}
	for _, m := range all {
		if !was[m.Number] {
			view.Absent = append(view.Absent, m)
		}
	}
	slices.SortFunc(view.Present, func(a, b hereView) int { return cmp.Compare(a.Number, b.Number) })
}

// correct writes down that a member was at a lesson, or was not.
func (p *Page) correct(v *visit) {
	if p.o.Corrections == nil {
		p.unknown(v)
		return
	}
	view := rollView{Number: strings.TrimSpace(v.r.PostFormValue("number")), Why: strings.TrimSpace(v.r.PostFormValue("why")), Was: v.r.PostFormValue("was")}
	n, err := strconv.Atoi(Digits(view.Number))
	known := err == nil && slices.ContainsFunc(p.o.Members(), func(m Member) bool { return m.Number == n })
	switch {
	case !known:
		view.Problem = v.problem("number", "page.bad.number")
	case view.Was != "present" && view.Was != "absent":
		view.Problem = v.problem("was", "page.bad.was")
	case view.Why == "" || len([]rune(view.Why)) > mostWhy:
		view.Problem = v.problem("why", "page.bad.why", "most", mostWhy)
	}
	if view.Problem != nil {
		p.showRoll(v, http.StatusUnprocessableEntity, view)
		return
	}
	id := v.r.PathValue("id")
	if _, found, err := p.lessonOf(v, id); err != nil || !good(id) || !found {
		p.showRoll(v, http.StatusNotFound, view)
		return
	}
	if !p.recorded(v, firmware.Access{What: whatCorrection, About: id + " " + strconv.Itoa(n), Count: 1}) {
		return
	}
	c := Correction{Lesson: id, Number: n, Present: view.Was == "present", Why: view.Why, By: "page"}
	_, err = within(v.r.Context(), p, callBound, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.o.Corrections.Correct(ctx, v.words.Lang(), c)
	})
	var said *command.Error
	switch {
	case errors.As(err, &said):
		view.Problem = &problem{What: said.Text}
		p.showRoll(v, http.StatusUnprocessableEntity, view)
	case err != nil:
		p.o.Log.Warn("page", "err", err)
		view.Problem = v.problem("", "page.bad.station")
		p.showRoll(v, http.StatusServiceUnavailable, view)
	default:
		http.Redirect(v.w, v.r, "/lessons/"+id+"/roll?done=yes", http.StatusSeeOther)
	}
}
