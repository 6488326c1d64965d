package page

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	"stationbox/firmware/command"
)

// Alignment is what there is to see of the alignment of the dish, in the language of who
// looks. Figures that are not known are empty, never old ones.
type Alignment struct {
	On     bool    `json:"on"`
	Number int     `json:"n"`     // of the order, from 1
	Say    string  `json:"say"`   // the order, or the last word of one that is over
	Now    string  `json:"now"`   // dB, "12.3"
	Best   string  `json:"best"`  // with its unit
	Bar    float64 `json:"bar"`   // how much of the bar is filled, 0 to 1
	Mark   float64 `json:"mark"`  // where the best stands in it
	State  string  `json:"state"` // what there is to say of the signal
	Phase  string  `json:"phase"`
	Mood   string  `json:"mood"` // "good": as good as the best; "warn": another satellite, or no readings; ""
}

// AlignAct is what somebody does at the page.
type AlignAct struct {
	Do     string // "begin", "done" or "stop"
	Number int    // of the order that is done
	Quiet  bool   // without the tone
}

// Aligner is the alignment of the dish, which console and page share.
type Aligner interface {
	// Look returns what there is to see, and what is closed at the next change.
	Look(lang string) (Alignment, <-chan struct{})
	// Act does something. A *command.Error is shown to people as it is.
	Act(ctx context.Context, lang string, a AlignAct) error
}

const (
	// lookBound is how long a request for news waits for some. Who hears nothing for
	// longer shows no figure any more.
	lookBound = 2 * time.Second
	// mostNews is how many wait at a time.
	mostNews = 8
)

// alignView is the page.
type alignView struct {
	Alignment
	Tag           string
	Problem       *problem
	Style, Script string
}

func (p *Page) align(v *visit) { p.showAlign(v, http.StatusOK, nil) }

func (p *Page) showAlign(v *visit, status int, wrong *problem) {
	if p.o.Align == nil {
		p.unknown(v)
		return
	}
	a, _ := p.o.Align.Look(v.words.Lang())
	_, tag := tagged(a)
	p.show(v, status, "align", alignView{Alignment: a, Tag: tag, Problem: wrong,
		Style: "/static/align.css?v=" + edition, Script: "/static/align.js?v=" + edition})
}

// alignNews answers as soon as there is something else to see than what the guest has, or
// after lookBound that there is not.
func (p *Page) alignNews(v *visit) {
	if p.o.Align == nil {
		p.unknown(v)
		return
	}
	select {
	case p.looking <- struct{}{}:
		defer func() { <-p.looking }()
	default:
		http.Error(v.w, v.words.Say("page.bad.station"), http.StatusServiceUnavailable)
		return
	}
	have := v.r.URL.Query().Get("tag")
	timer := time.NewTimer(lookBound)
	defer timer.Stop()
	for {
		a, changed := p.o.Align.Look(v.words.Lang())
		if body, tag := tagged(a); tag != have {
			v.w.Header().Set("Content-Type", "application/json")
			v.w.Header().Set("X-Tag", tag)
			_, _ = v.w.Write(body) // who has gone misses nothing
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			v.w.WriteHeader(http.StatusNoContent)
			return
		case <-v.r.Context().Done():
			return
		}
	}
}

// tagged is an alignment as the script reads it, and a word that changes with it.
func tagged(a Alignment) (body []byte, tag string) {
	body, err := json.Marshal(a)
	if err != nil { // a share that is no number
		body = []byte("{}")
	}
	h := fnv.New64a()
	_, _ = h.Write(body)
	return body, strconv.FormatUint(h.Sum64(), 36)
}

// alignAct begins, says that an order is done, or stops.
func (p *Page) alignAct(v *visit) {
	if p.o.Align == nil {
		p.unknown(v)
		return
	}
	act := AlignAct{Do: v.r.PostFormValue("do"), Quiet: v.r.PostFormValue("quiet") != ""}
	act.Number, _ = strconv.Atoi(v.r.PostFormValue("n")) // 0 is the number of no order
	if act.Do != "begin" && act.Do != "done" && act.Do != "stop" {
		p.unknown(v)
		return
	}
	_, err := within(v.r.Context(), p, callBound, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.o.Align.Act(ctx, v.words.Lang(), act)
	})
	var said *command.Error
	switch {
	case errors.As(err, &said):
		p.showAlign(v, http.StatusUnprocessableEntity, &problem{What: said.Text})
	case err != nil:
		p.broken(v, err)
	default:
		http.Redirect(v.w, v.r, "/align", http.StatusSeeOther)
	}
}
