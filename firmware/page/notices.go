package page

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// noticeReply is what the page reads of the command "notice list".
type noticeReply struct {
	ID    int      `json:"id"`
	Kind  string   `json:"kind"`
	Title string   `json:"title"`
	From  string   `json:"from"`
	Until string   `json:"until"`
	Texts []string `json:"texts"`
	Files []string `json:"files"`
}

// noticesView is what is published, and the form with what was typed.
type noticesView struct {
	Problem *problem
	Done    string
	List    []noticeView
	Form    noticeForm
	Today   string

	MostMB, MostBytes int
}

type noticeView struct {
	ID                       int
	Title, Kind, From, Until string
	Pages                    int
	State                    string // "now", "later", "over"
}

// noticeForm is what was typed.
type noticeForm struct {
	Title, Kind, From, Until, Text string

	file string // path of what was sent, "" for none
	name string // as the guest's device calls it
}

const (
	mostTitle    = 60       // characters
	mostText     = 16 << 10 // bytes
	mostUpload   = 20 << 20 // bytes
	uploadName   = "upload-"
	uploadBound  = 5 * time.Minute // until it is here, through a weak radio
	publishBound = 3 * time.Minute // until its pages are made
)

func (p *Page) notices(v *visit) {
	done := ""
	if what := v.r.URL.Query().Get("done"); what == "published" || what == "removed" {
		done = v.words.Say("page.notices." + what)
	}
	p.showNotices(v, http.StatusOK, noticesView{Done: done, Form: p.freshForm()})
}

// freshForm is published from today for a month.
func (p *Page) freshForm() noticeForm {
	today := p.o.Now().In(p.o.Zone)
	return noticeForm{Kind: "notice", From: today.Format(time.DateOnly), Until: today.AddDate(0, 0, 30).Format(time.DateOnly)}
}

func (p *Page) showNotices(v *visit, status int, view noticesView) {
	var list []noticeReply
	if err := p.run(v.r.Context(), callBound, v.words.Lang(), &list, "notice", "list"); err != nil {
		p.broken(v, err)
		return
	}
	view.Today, view.MostMB, view.MostBytes = p.o.Now().In(p.o.Zone).Format(time.DateOnly), mostUpload>>20, mostUpload
	for _, n := range list[:min(len(list), 200)] {
		state := "now"
		switch {
		case view.Today < n.From:
			state = "later"
		case view.Today > n.Until:
			state = "over"
		}
		view.List = append(view.List, noticeView{n.ID, n.Title, v.words.Say("notice.kind." + n.Kind), n.From, n.Until, len(n.Texts) + len(n.Files), state})
	}
	p.show(v, status, "notices", view)
}

// publish takes in a text or a file and publishes it with the command that the shell
// has too.
func (p *Page) publish(v *visit) {
	refuse := func(status int, form noticeForm, pr *problem) {
		p.showNotices(v, status, noticesView{Problem: pr, Form: form})
	}
	select {
	case p.taking <- struct{}{}:
		defer func() { <-p.taking }()
	default:
		refuse(http.StatusServiceUnavailable, p.freshForm(), v.problem("", "page.bad.other_upload"))
		return
	}
	dir, err := p.uploadDir()
	if err != nil {
		p.o.Log.Warn("page", "err", err)
		refuse(http.StatusInsufficientStorage, p.freshForm(), v.problem("", "page.bad.card"))
		return
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is published is elsewhere
	form, err := p.receive(v, dir)
	if err != nil {
		status, pr := uploadProblem(v, err)
		refuse(status, form, pr)
		return
	}
	if pr := p.complete(v, dir, &form); pr != nil {
		refuse(http.StatusUnprocessableEntity, form, pr)
		return
	}
	args := []string{"notice", "add", "-title", form.Title, "-kind", form.Kind, "-from", form.From, "-until", form.Until, form.file}
	err = p.add(v.r.Context(), v.words.Lang(), args)
	var why refused
	switch {
	case errors.As(err, &why):
		refuse(http.StatusUnprocessableEntity, form, &problem{What: why.text, Do: v.words.Say("page.notices.again")})
	case err != nil:
		p.o.Log.Warn("page", "err", err)
		refuse(http.StatusServiceUnavailable, form, v.problem("", "page.bad.station"))
	default:
		http.Redirect(v.w, v.r, "/notices?done=published", http.StatusSeeOther)
	}
}

// add runs the command. A long document takes minutes and one of the slots.
func (p *Page) add(ctx context.Context, lang string, args []string) error {
	return p.run(context.WithoutCancel(ctx), publishBound, lang, nil, args...) // who goes away wants it all the same
}

func (p *Page) uploadDir() (string, error) {
	if err := os.MkdirAll(p.o.Dir, 0o700); err != nil {
		return "", err
	}
	return os.MkdirTemp(p.o.Dir, uploadName)
}

// complete checks what was typed and makes a file of a text.
func (p *Page) complete(v *visit, dir string, form *noticeForm) *problem {
	if form.Title == "" && form.name != "" {
		base := filepath.Base(form.name)
		form.Title = strings.TrimSuffix(base, filepath.Ext(base))
	}
	from, err1 := time.Parse(time.DateOnly, form.From)
	until, err2 := time.Parse(time.DateOnly, form.Until)
	switch {
	case form.Title == "":
		return v.problem("title", "page.bad.no_title")
	case len([]rune(form.Title)) > mostTitle:
		return v.problem("title", "page.bad.title", "most", mostTitle)
	case strings.ContainsFunc(form.Title, unicode.IsControl) || strings.HasPrefix(form.Title, "-"): // a command would take it for an option
		return v.problem("title", "page.bad.title_form")
	case form.Kind != "notice" && form.Kind != "accounts":
		return v.problem("kind", "page.bad.kind")
	case err1 != nil:
		return v.problem("from", "page.bad.day")
	case err2 != nil:
		return v.problem("until", "page.bad.day")
	case until.Before(from):
		return v.problem("until", "page.bad.until")
	case until.Format(time.DateOnly) < p.o.Now().In(p.o.Zone).Format(time.DateOnly):
		return v.problem("until", "page.bad.past")
	case form.file == "" && form.Text == "":
		return v.problem("text", "page.bad.no_text")
	case form.file != "" && form.Text != "":
		return v.problem("text", "page.bad.both")
	case form.file != "":
		return nil
	}
	form.file = filepath.Join(dir, "text.txt")
	if err := os.WriteFile(form.file, []byte(form.Text), 0o600); err != nil {
		p.o.Log.Warn("page", "err", err)
		return v.problem("", "page.bad.card")
	}
	return nil
}

// remove takes a notice down.
func (p *Page) remove(v *visit) {
	id, err := strconv.Atoi(v.r.PostFormValue("id"))
	if err != nil || id < 1 {
		p.showNotices(v, http.StatusUnprocessableEntity, noticesView{Problem: v.problem("", "page.bad.notice"), Form: p.freshForm()})
		return
	}
	err = p.run(v.r.Context(), callBound, v.words.Lang(), nil, "notice", "remove", strconv.Itoa(id))
	var why refused
	switch {
	case errors.As(err, &why):
		p.showNotices(v, http.StatusNotFound, noticesView{Problem: &problem{What: why.text}, Form: p.freshForm()})
	case err != nil:
		p.broken(v, err)
	default:
		http.Redirect(v.w, v.r, "/notices?done=removed", http.StatusSeeOther)
	}
}
