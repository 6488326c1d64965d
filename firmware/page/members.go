package page

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
)

// searchView is the search with what was typed and what was found.
type searchView struct {
	Problem  *problem
	Query    string
	Branch   string
	Branches []string
	Searched bool
	Found    []Member
	More     int // found beyond those that are shown
}

const (
	mostFound = 100
	mostQuery = 40 // characters
)

func (p *Page) searchForm(v *visit) {
	p.show(v, http.StatusOK, "members", searchView{Branches: branches(p.o.Members())})
}

// search finds members by number, by a part of the name, by branch and by household.
// What is looked for is sent in the body: addresses are kept by browsers, and have no
// names in them.
func (p *Page) search(v *visit) {
	all := p.o.Members()
	view := searchView{Query: strings.TrimSpace(v.r.PostFormValue("query")), Branch: v.r.PostFormValue("branch"), Branches: branches(all)}
	switch {
	case view.Query == "" && view.Branch == "":
		view.Problem = v.problem("query", "page.bad.nothing")
	case len([]rune(view.Query)) > mostQuery:
		view.Problem = v.problem("query", "page.bad.query", "most", mostQuery)
	case view.Branch != "" && !slices.Contains(view.Branches, view.Branch):
		view.Problem = v.problem("branch", "page.bad.branch")
	}
	if view.Problem != nil {
		p.show(v, http.StatusUnprocessableEntity, "members", view)
		return
	}
	found := find(all, view.Query, view.Branch)
	view.Searched, view.More = true, max(0, len(found)-mostFound)
	view.Found = found[:min(len(found), mostFound)]
	if len(view.Found) > 0 && !p.recorded(v, firmware.Access{What: whatSearch, About: numbers(view.Found), Count: len(view.Found)}) {
		return
	}
	p.show(v, http.StatusOK, "members", view)
}

// find returns the members that fit, who has the number first.
func find(all []Member, query, branch string) []Member {
	var exact, part []Member
	digits, low := strings.TrimLeft(Digits(query), "0"), strings.ToLower(query)
	for _, m := range all {
		switch {
		case branch != "" && m.Branch != branch:
		case query == "", m.Household != "" && m.Household == query, strings.Contains(strings.ToLower(m.Name), low):
			part = append(part, m)
		case strconv.Itoa(m.Number) == digits:
			exact = append(exact, m)
		}
	}
	return append(exact, part...)
}

func branches(all []Member) []string {
	seen := map[string]bool{}
	var list []string
	for _, m := range all {
		if m.Branch != "" && !seen[m.Branch] && len(list) < 200 {
			seen[m.Branch] = true
			list = append(list, m.Branch)
		}
	}
	slices.Sort(list)
	return list
}

// numbers names members in a record without their names, at most 30.
func numbers(list []Member) string {
	var b []string
	for _, m := range list[:min(len(list), 30)] {
		b = append(b, strconv.Itoa(m.Number))
	}
	if len(list) > 30 {
		b = append(b, "…")
	}
	return strings.Join(b, ", ")
}

type memberView struct {
	Member
	Year    int
	Years   []int
	Lessons []attendedView
	NotYet  bool
}

type attendedView struct{ When, Title string }

// numbered finds the member that an address names.
func (p *Page) numbered(v *visit) (Member, bool) {
	n, err := strconv.Atoi(v.r.PathValue("number"))
	for _, m := range p.o.Members() {
		if err == nil && m.Number == n {
			return m, true
		}
	}
	p.failed(v, http.StatusNotFound, "page.bad.member")
	return Member{}, false
}

// member shows the lessons of a member in a year.
func (p *Page) member(v *visit) {
	m, ok := p.numbered(v)
	if !ok {
		return
	}
	this := p.o.Now().In(p.o.Zone).Year()
	view := memberView{Member: m, Year: this, Years: []int{this, this - 1, this - 2}}
	if asked := v.r.URL.Query().Get("year"); asked != "" {
		year, err := strconv.Atoi(asked)
		if err != nil || !slices.Contains(view.Years, year) {
			p.failed(v, http.StatusNotFound, "page.bad.year")
			return
		}
		view.Year = year
	}
	list, titles, err := p.year(v.r.Context(), m.Number, view.Year)
	switch {
	case errors.Is(err, ErrNotYet):
		view.NotYet = true
	case err != nil:
		p.broken(v, err)
		return
	}
	for _, a := range slices.Backward(list[max(0, len(list)-mostOfYear):]) {
		if a.Lesson != "" { // a press outside of a lesson is none
			view.Lessons = append(view.Lessons, attendedView{p.moment(v.words, a.At), cmp.Or(titles[a.Lesson], a.Lesson)})
		}
	}
	if p.recorded(v, firmware.Access{What: whatMember, About: strconv.Itoa(m.Number), Count: 1}) {
		p.show(v, http.StatusOK, "member", view)
	}
}

// year returns the lessons of a member and the titles of all lessons.
func (p *Page) year(ctx context.Context, number, year int) ([]Attended, map[string]string, error) {
	list, err := within(ctx, p, callBound, func(ctx context.Context) ([]Attended, error) { return p.o.Books.Year(ctx, number, year) })
	if err != nil {
		return nil, nil, err
	}
	from := time.Date(year, 1, 1, 0, 0, 0, 0, p.o.Zone)
	all, err := p.ended(ctx, from, from.AddDate(1, 0, 0), mostOfYear)
	titles := map[string]string{}
	for _, e := range all {
		titles[e.Lesson] = e.Title
	}
	return list, titles, err
}

type householdView struct {
	Of      Member
	Members []Member
}

// household shows who lives with a member.
func (p *Page) household(v *visit) {
	m, ok := p.numbered(v)
	if !ok {
		return
	}
	view := householdView{Of: m}
	for _, other := range p.o.Members() {
		if m.Household != "" && other.Household == m.Household && len(view.Members) < mostFound {
			view.Members = append(view.Members, other)
		}
	}
	if len(view.Members) == 0 {
		p.failed(v, http.StatusNotFound, "page.bad.household")
		return
	}
	if p.recorded(v, firmware.Access{What: whatHousehold, About: numbers(view.Members), Count: len(view.Members)}) {
		p.show(v, http.StatusOK, "household", view)
	}
}
