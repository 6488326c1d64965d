package page

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// markView is a remark about presses, and what was found about it.
type markView struct {
	ID        int
	What      string
	Open      bool
	Confirmed bool
	By, Why   string
}

// remarks are what the station says of a roll beside who was there.
type remarks struct {
	tags  map[int]string // of a number: late, left early
	marks []markView
}

// remarksOf asks the station about a roll. An old one of which it knows no more has none.
func (p *Page) remarksOf(ctx context.Context, words *text.Catalogue, lesson string) (remarks, error) {
	var r command.Roll
	out := remarks{tags: map[int]string{}}
	err := p.run(ctx, callBound, words.Lang(), &r, "roll", lesson)
	var no refused
	if errors.As(err, &no) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	for _, e := range r.Entries {
		var tags []string
		if e.Late {
			tags = append(tags, words.Say("page.roll.late"))
		}
		if e.LeftEarly {
			tags = append(tags, words.Say("page.roll.left"))
		}
		out.tags[e.Number] = strings.Join(tags, " ")
	}
	for _, m := range r.Marks {
		one := markView{ID: m.ID, What: m.Say(words, p.o.Zone), Open: m.Verdict == nil}
		if v := m.Verdict; v != nil {
			one.Confirmed, one.By, one.Why = v.Confirmed, v.By, v.Why
		}
		out.marks = append(out.marks, one)
	}
	return out, nil
}

// judge writes down what the administrator found about a mark. It changes no roll.
func (p *Page) judge(v *visit) {
	id, why, found := v.r.PathValue("id"), strings.TrimSpace(v.r.PostFormValue("why")), v.r.PostFormValue("found")
	mark, err := strconv.Atoi(v.r.PathValue("mark"))
	switch {
	case !good(id) || err != nil || mark < 1:
		p.failed(v, http.StatusNotFound, "page.bad.lesson")
		return
	case found != "confirm" && found != "clear":
		p.showRoll(v, http.StatusUnprocessableEntity, rollView{Problem: v.problem("", "page.bad.found")})
		return
	case len([]rune(why)) > mostWhy:
		p.showRoll(v, http.StatusUnprocessableEntity, rollView{Problem: v.problem("", "page.bad.why", "most", mostWhy)})
		return
	}
	if !p.recorded(v, firmware.Access{What: whatMark, About: id + " " + strconv.Itoa(mark), Count: 1}) {
		return
	}
	args := []string{"roll", found, id, strconv.Itoa(mark)}
	if why != "" {
		args = append(args, "-why", why)
	}
	err = p.run(v.r.Context(), callBound, v.words.Lang(), nil, args...)
	var no refused
	switch {
	case errors.As(err, &no):
		p.showRoll(v, http.StatusUnprocessableEntity, rollView{Problem: &problem{What: no.text}})
	case err != nil:
		p.o.Log.Warn("page", "err", err)
		p.showRoll(v, http.StatusServiceUnavailable, rollView{Problem: v.problem("", "page.bad.station")})
	default:
		http.Redirect(v.w, v.r, "/lessons/"+id+"/roll?done=mark", http.StatusSeeOther)
	}
}
