package page

import (
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"

	"stationbox/firmware/text"
)

// role is what somebody may see and do.
type role int

const (
	viewer        role = iota // anybody: what the station does, without names
	administrator             // who has given the PIN
)

// visit is one request and who makes it.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	words *text.Catalogue
	role  role
	from  string // address of the guest
}

// route is one address of the page.
type route struct {
	pattern string
	need    role
	here    string // the entry of the menu that it belongs to
	do      func(*Page, *visit)
}

// routes lists every address, and who may use it.
func routes() []route {
	return []route{
		{"GET /{$}", viewer, "today", (*Page).today},
		{"GET /lessons", viewer, "lessons", (*Page).lessons},
		{"GET /help", viewer, "help", (*Page).help},
		{"POST /language", viewer, "", (*Page).language},
		{"GET /login", viewer, "login", (*Page).loginForm},
		{"POST /login", viewer, "login", (*Page).login},
		{"POST /logout", administrator, "", (*Page).logout},
		{"GET /alive", administrator, "", (*Page).alive},
		{"GET /members", administrator, "members", (*Page).searchForm},
		{"POST /members", administrator, "members", (*Page).search},
		{"GET /members/{number}", administrator, "members", (*Page).member},
		{"GET /members/{number}/household", administrator, "members", (*Page).household},
		{"GET /lessons/{id}/roll", administrator, "lessons", (*Page).roll},
		{"POST /lessons/{id}/roll", administrator, "lessons", (*Page).correct},
		{"POST /lessons/{id}/marks/{mark}", administrator, "lessons", (*Page).judge},
		{"GET /notices", administrator, "notices", (*Page).notices},
		{"POST /notices", administrator, "notices", (*Page).publish},
		{"POST /notices/remove", administrator, "notices", (*Page).remove},
		{"GET /align", administrator, "align", (*Page).align},
		{"POST /align", administrator, "align", (*Page).alignAct},
		{"GET /align/news", administrator, "", (*Page).alignNews},
		{"GET /registers", administrator, "registers", (*Page).registers},
		{"GET /registers/{id}", administrator, "registers", (*Page).register},
		{"GET /access", administrator, "access", (*Page).access},
		{"/", viewer, "", (*Page).unknown},
	}
}

func (p *Page) mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", files())
	for _, rt := range routes() {
		mux.HandleFunc(rt.pattern, func(w http.ResponseWriter, r *http.Request) { p.visited(w, r, rt) })
	}
	return mux
}

// visited finds out who comes, and shows those the log-in who may not.
func (p *Page) visited(w http.ResponseWriter, r *http.Request, rt route) {
	v := &visit{w: w, r: r, words: p.words(r), from: addressOf(r.RemoteAddr)}
	if id := idOf(r); id != "" && p.sessions.valid(id, p.pins.stamp(), r.Header.Get(byItself) == "") {
		v.role = administrator
	}
	if rt.need > v.role {
		p.turnedAway(v)
		return
	}
	if r.Method == http.MethodPost && rt.pattern != "POST /notices" {
		r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	}
	v.r = r.WithContext(withHere(r.Context(), rt.here))
	rt.do(p, v)
}

// byItself is a header of the requests that the page makes without anybody touching
// it: they do not keep a session alive.
const byItself = "X-By-Itself"

// mostForm is how large a form may be that brings no file.
const mostForm = 64 << 10

// turnedAway leads to the log-in. What was sent with a form is lost then; the page's
// script keeps the session alive while somebody types.
func (p *Page) turnedAway(v *visit) {
	give(v.w, "")
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		http.Redirect(v.w, v.r, "/login?next="+v.r.URL.Path, http.StatusSeeOther)
		return
	}
	v.r = v.r.WithContext(withHere(v.r.Context(), "login"))
	p.show(v, http.StatusForbidden, "login", loginView{Problem: v.problem("", "page.bad.session")})
}

// guarded is what protects every address: nothing of it can be framed, sniffed, kept
// or run from elsewhere, it answers to its own names only, and takes forms from its
// own pages only.
func (p *Page) guarded(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, p.words(r).Say("page.bad.foreign"), http.StatusForbidden)
	}))
	inside := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if caught := recover(); caught != nil {
				p.o.Log.Error("page", "panic", caught, "stack", string(debug.Stack()))
				http.Error(w, p.words(r).Say("page.bad.own"), http.StatusInternalServerError)
			}
		}()
		for name, value := range protections() {
			w.Header().Set(name, value)
		}
		if !p.mine(r.Host) {
			http.Error(w, p.words(r).Say("page.bad.host"), http.StatusMisdirectedRequest)
			return
		}
		inside.ServeHTTP(w, r)
	})
}

func protections() map[string]string {
	return map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Frame-Options":        "DENY",
		"X-Content-Type-Options": "nosniff",
		// Not "no-referrer": browsers would then send forms with the origin "null".
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	}
}

// mine says whether the page may be called by a name. A page of elsewhere whose name
// suddenly leads here (DNS rebinding) has a name, never a bare address.
func (p *Page) mine(host string) bool {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	return slices.Contains(p.o.Names, host)
}

// addressOf is the address of a guest without its port.
func addressOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}
