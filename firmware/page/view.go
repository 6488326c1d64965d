package page

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"stationbox/firmware/text"
)

//go:embed templates/*.html static/*
var embedded embed.FS

// pages are the templates by their names, each with the frame around it.
type pages map[string]*template.Template

func parsePages() (pages, error) {
	list, err := fs.Glob(embedded, "templates/*.html")
	if err != nil {
		return nil, err
	}
	out := pages{}
	for _, file := range list {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "frame" {
			continue
		}
		if out[name], err = template.ParseFS(embedded, "templates/frame.html", file); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// catalogues are the two languages; they are read once.
var catalogues = map[string]*text.Catalogue{"zh": text.New("zh"), "en": text.New("en")}

const languageCookie = "language"

// words is the language of who asks.
func (p *Page) words(r *http.Request) *text.Catalogue {
	if c, err := r.Cookie(languageCookie); err == nil && catalogues[c.Value] != nil {
		return catalogues[c.Value]
	}
	if p.o.Language == "en" {
		return catalogues["en"]
	}
	return catalogues["zh"]
}

// problem is why a form was not taken: what is wrong, where, and what to do.
type problem struct {
	What, Do string
	Where    string // id of the field, "" for none
	Label    string // its name
}

// problem says a key and its ".do"; field is the field that it is about.
func (v *visit) problem(field, key string, args ...any) *problem {
	pr := &problem{What: v.words.Say(key, args...), Do: v.words.Say(key+".do", args...), Where: field}
	if field != "" {
		pr.Label = v.words.Say("page.field." + field)
	}
	return pr
}

// entry is one of the menu.
type entry struct {
	Path, Name string
	Here       bool
}

// frame is what every page is made of.
type frame struct {
	words       *text.Catalogue
	Lang        string
	Station     string
	Title       string
	Path        string // to come back to when the language is changed
	Menu        []entry
	Admin       bool
	Self        string // the entry of the menu
	Body        any
	Style, Live string
}

// Say is the catalogue, for templates.
func (f frame) Say(key string, args ...any) string { return f.words.Say(key, args...) }

type hereKey struct{}

func withHere(ctx context.Context, here string) context.Context {
	return context.WithValue(ctx, hereKey{}, here)
}

// show answers with a page.
func (p *Page) show(v *visit, status int, name string, body any) {
	here, _ := v.r.Context().Value(hereKey{}).(string)
	f := frame{words: v.words, Lang: map[string]string{"zh": "zh-CN", "en": "en"}[v.words.Lang()], Station: p.o.Station, Admin: v.role == administrator,
		Self: here, Body: body, Path: "/", Menu: p.menu(v, here), Title: v.words.Say("page.title." + name),
		Style: "/static/style.css?v=" + edition, Live: "/static/live.js?v=" + edition}
	if v.r.Method == http.MethodGet {
		f.Path = v.r.URL.Path
	}
	var b bytes.Buffer
	if err := p.pages[name].ExecuteTemplate(&b, "frame", f); err != nil {
		p.o.Log.Error("page", "page", name, "err", err)
		http.Error(v.w, v.words.Say("page.bad.own"), http.StatusInternalServerError)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // who has gone misses nothing
}

// menu lists what a guest may see.
func (p *Page) menu(v *visit, here string) []entry {
	names := []string{"today", "lessons"}
	if v.role == administrator {
		names = append(names, "members", "notices")
		if p.o.Registers != nil {
			names = append(names, "registers")
		}
		if p.o.Align != nil {
			names = append(names, "align")
		}
		names = append(names, "access")
	}
	names = append(names, "help")
	if v.role == viewer {
		names = append(names, "login")
	}
	var out []entry
	for _, name := range names {
		e := entry{"/" + name, v.words.Say("page.title." + name), name == here}
		if name == "today" {
			e.Path = "/"
		}
		out = append(out, e)
	}
	return out
}

// note is a page that says something went wrong.
type note struct{ Problem *problem }

// failed answers that something did not work, with what to do.
func (p *Page) failed(v *visit, status int, key string, args ...any) {
	p.show(v, status, "note", note{v.problem("", key, args...)})
}

// broken answers that the station did not.
func (p *Page) broken(v *visit, err error) {
	p.o.Log.Warn("page", "err", err)
	p.failed(v, http.StatusServiceUnavailable, "page.bad.station")
}

func (p *Page) unknown(v *visit) { p.failed(v, http.StatusNotFound, "page.bad.address") }

func (p *Page) help(v *visit) { p.show(v, http.StatusOK, "help", nil) }

// moment writes a time as people in the village read it: "11-27 周五 19:30".
func (p *Page) moment(words *text.Catalogue, t time.Time) string {
	t = t.In(p.o.Zone)
	return t.Format("2006-01-02 ") + words.Say("day."+strings.ToLower(t.Format("Mon"))) + t.Format(" 15:04")
}

// span writes how long something takes, in the two largest units.
func span(words *text.Catalogue, d time.Duration) string {
	minutes := int((d + time.Minute - 1) / time.Minute)
	hours, days := minutes/60, minutes/60/24
	switch {
	case days > 0:
		return words.Say("page.span.days", "days", days, "hours", hours%24)
	case hours > 0:
		return words.Say("page.span.hours", "hours", hours, "minutes", minutes%60)
	case d <= 59*time.Second:
		return words.Say("page.span.seconds", "seconds", int((d+time.Second-1)/time.Second))
	}
	return words.Say("page.span.minutes", "minutes", minutes)
}

// edition names the embedded files, so that browsers fetch those of a new program.
var edition = func() string {
	h := sha256.New()
	_ = fs.WalkDir(embedded, "static", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := embedded.ReadFile(name)
			fmt.Fprintf(h, "%s %d\n%s", name, len(b), b)
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)[:6])
}()

// files serves what is embedded and is the same for everybody.
func files() http.Handler {
	inner := http.FileServerFS(embedded)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "max-age=86400") // its address changes with it
		inner.ServeHTTP(w, r)
	})
}
