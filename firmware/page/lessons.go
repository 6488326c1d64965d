package page

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"stationbox/firmware/text"
)

// planned is what the page reads of the command schedule.
type planned struct {
	Slots []struct {
		occasion
		DurationS float64 `json:"duration_s"`
		Day       string  `json:"day"`
		Skipped   string  `json:"skipped"`
		By        string  `json:"by"`
	} `json:"slots"`
	Quota *struct {
		Month    string `json:"month"`
		Target   int    `json:"target"`
		Done     int    `json:"done"`
		Missing  int    `json:"missing"`
		DaysLeft int    `json:"days_left"`
	} `json:"quota"`
}

type lessonsView struct {
	Week   []slotView
	Quota  string
	Past   []pastView
	NotYet bool // the books are not open
	Names  bool // the rolls may be seen
}

type slotView struct{ When, Title, Length, Skipped string }

type pastView struct {
	ID, When, Title, Outcome, Played string
	Present                          int
	Good                             bool
}

const (
	planAge  = time.Minute // it is made of the whole journal
	pastDays = 60
	mostPast = 100
)

func (p *Page) lessons(v *visit) {
	ctx, now := v.r.Context(), p.o.Now().In(p.o.Zone)
	monday := now.AddDate(0, 0, -(int(now.Weekday())+6)%7)
	var plan planned
	if err := p.ask(ctx, planAge, v.words.Lang(), &plan, "schedule", "-days", "7", "-from", monday.Format(time.DateOnly)); err != nil {
		p.broken(v, err)
		return
	}
	view := lessonsView{Names: v.role == administrator}
	for _, s := range plan.Slots[:min(len(plan.Slots), mostPast)] {
		one := slotView{When: p.moment(v.words, s.Start), Title: s.Title}
		if s.DurationS > 0 {
			one.Length = v.words.Say("cmd.schedule.minutes", "minutes", int(math.Round(s.DurationS/60)))
		}
		if s.Skipped != "" {
			one.Skipped = v.words.Say("cmd.schedule.skipped", "why", v.words.Say(s.Skipped, "by", s.By))
		}
		view.Week = append(view.Week, one)
	}
	if q := plan.Quota; q != nil {
		view.Quota = v.words.Say("page.lessons.quota", "month", q.Month, "done", q.Done, "target", q.Target, "missing", q.Missing, "days", q.DaysLeft)
	}
	past, err := p.ended(ctx, now.AddDate(0, 0, -pastDays), now, 2*mostPast)
	switch {
	case errors.Is(err, ErrNotYet):
		view.NotYet = true
	case err != nil:
		p.broken(v, err)
		return
	}
	slices.Reverse(past)
	for _, e := range past[:min(len(past), mostPast)] {
		view.Past = append(view.Past, p.pastOf(v.words, e))
	}
	p.show(v, http.StatusOK, "lessons", view)
}

func (p *Page) pastOf(words *text.Catalogue, e Ended) pastView {
	view := pastView{ID: e.Lesson, When: p.moment(words, e.Scheduled), Title: e.Title, Present: e.Present,
		Outcome: words.Name(e.Cause), Good: e.Cause == "lesson.cause.played"}
	if !good(e.Lesson) {
		view.ID = "" // it has no address
	}
	if e.LengthMS > 0 && !view.Good {
		view.Played = words.Say("page.today.played", "at", face(e.PlayedMS), "of", face(e.LengthMS))
	}
	return view
}

// ended are the lessons that are over, the oldest first. When there are more than
// limit the newest are not among them: limit is beyond what a village holds.
func (p *Page) ended(ctx context.Context, from, to time.Time, limit int) ([]Ended, error) {
	return within(ctx, p, callBound, func(ctx context.Context) ([]Ended, error) { return p.o.Books.Ended(ctx, from, to, limit) })
}

// good says whether a lesson's id can stand in an address.
func good(id string) bool {
	return id != "" && len(id) <= 128 && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == "" && id[0] != '.'
}

// lessonOf finds a lesson of the last year, or the one that is on.
func (p *Page) lessonOf(v *visit, id string) (Ended, bool, error) {
	now := p.o.Now()
	var s status
	if err := p.ask(v.r.Context(), statusAge, v.words.Lang(), &s, "status"); err == nil && s.Occasion != nil && s.Occasion.ID == id {
		return Ended{Lesson: id, Title: s.Occasion.Title, Scheduled: s.Occasion.Start, Present: s.Present}, true, nil
	}
	list, err := p.ended(v.r.Context(), now.AddDate(-1, 0, 0), now, mostOfYear)
	if err != nil {
		return Ended{}, false, err
	}
	i := slices.IndexFunc(list, func(e Ended) bool { return e.Lesson == id })
	if i < 0 {
		return Ended{}, false, nil
	}
	return list[i], true, nil
}

// mostOfYear is more lessons than a village holds in a year.
const mostOfYear = 3000
