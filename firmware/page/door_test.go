package page_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/page"
)

// Every address, by everybody: the table is the rule of who may do what.
func TestRoutesAndRoles(t *testing.T) {
	const away, login = http.StatusSeeOther, http.StatusForbidden
	tests := []struct {
		pattern, method, target string
		form                    []string
		viewer, admin           int
	}{
		{"GET /{$}", "GET", "/", nil, 200, 200},
		{"GET /lessons", "GET", "/lessons", nil, 200, 200},
		{"GET /help", "GET", "/help", nil, 200, 200},
		{"POST /language", "POST", "/language", []string{"lang", "en"}, 303, 303},
		{"GET /login", "GET", "/login", nil, 200, 200},
		{"POST /login", "POST", "/login", []string{"pin", pin}, 303, 303},
		{"POST /logout", "POST", "/logout", nil, login, 303},
		{"GET /alive", "GET", "/alive", nil, away, 204},
		{"GET /members", "GET", "/members", nil, away, 200},
		{"POST /members", "POST", "/members", []string{"query", "王"}, login, 200},
		{"POST /members", "POST", "/members", nil, login, 422},
		{"GET /members/{number}", "GET", "/members/12", nil, away, 200},
		{"GET /members/{number}", "GET", "/members/12?year=2025", nil, away, 200},
		{"GET /members/{number}", "GET", "/members/12?year=1999", nil, away, 404},
		{"GET /members/{number}", "GET", "/members/77", nil, away, 404},
		{"GET /members/{number}/household", "GET", "/members/12/household", nil, away, 200},
		{"GET /members/{number}/household", "GET", "/members/21/household", nil, away, 404},
		{"GET /lessons/{id}/roll", "GET", "/lessons/party-2026-11-23/roll", nil, away, 200},
		{"GET /lessons/{id}/roll", "GET", "/lessons/party-2026-11-27/roll", nil, away, 200},
		{"GET /lessons/{id}/roll", "GET", "/lessons/no-such/roll", nil, away, 404},
		{"GET /lessons/{id}/roll", "GET", "/lessons/..%2Fx/roll", nil, away, 404},
		{"POST /lessons/{id}/roll", "POST", "/lessons/party-2026-11-23/roll", []string{"number", "13", "was", "present", "why", "按错"}, login, 303},
		{"POST /lessons/{id}/roll", "POST", "/lessons/no-such/roll", []string{"number", "13", "was", "present", "why", "按错"}, login, 404},
		{"POST /lessons/{id}/marks/{mark}", "POST", "/lessons/party-2026-11-23/marks/1", []string{"found", "clear"}, login, 303},
		{"POST /lessons/{id}/marks/{mark}", "POST", "/lessons/party-2026-11-23/marks/2", []string{"found", "clear"}, login, 422},
		{"POST /lessons/{id}/marks/{mark}", "POST", "/lessons/party-2026-11-23/marks/x", []string{"found", "clear"}, login, 404},
		{"POST /lessons/{id}/marks/{mark}", "POST", "/lessons/..%2Fx/marks/1", []string{"found", "clear"}, login, 404},
		{"GET /notices", "GET", "/notices", nil, away, 200},
		{"POST /notices", "POST", "/notices", nil, login, 400},
		{"POST /notices/remove", "POST", "/notices/remove", []string{"id", "9"}, login, 404},
		{"POST /notices/remove", "POST", "/notices/remove", []string{"id", "x"}, login, 422},
		{"GET /registers", "GET", "/registers", nil, away, 200},
		{"GET /registers/{id}", "GET", "/registers/attendance-2026-11.xlsx", nil, away, 200},
		{"GET /registers/{id}", "GET", "/registers/none-2026-11.xlsx", nil, away, 404},
		{"GET /access", "GET", "/access", nil, away, 200},
		{"GET /align", "GET", "/align", nil, away, 404}, // there is no dish; see TestAlignPage
		{"POST /align", "POST", "/align", []string{"do", "begin"}, login, 404},
		{"GET /align/news", "GET", "/align/news", nil, away, 404},
		{"/", "GET", "/wp-login.php", nil, 404, 404},
		{"/", "DELETE", "/members/12", nil, 404, 404},
		{"static", "GET", "/static/style.css", nil, 200, 200},
		{"static", "GET", "/static/", nil, 404, 404},
		{"static", "GET", "/static/../templates/frame.html", nil, 307, 307},
		{"static", "GET", "/templates/frame.html", nil, 404, 404},
	}
	vl := open(t)
	covered := map[string]bool{}
	for _, tt := range tests {
		covered[tt.pattern] = true
		for who, want := range map[string]int{"viewer": tt.viewer, "admin": tt.admin} {
			g := vl.guest()
			if who == "admin" {
				g = vl.admin()
			}
			w := g.post(tt.target, tt.form...)
			if tt.method != "POST" {
				w = g.send(tt.method, tt.target, "", nil)
			}
			if w.Code != want {
				t.Errorf("%s %s as %s: %d, want %d", tt.method, tt.target, who, w.Code, want)
			}
			if to := w.Header().Get("Location"); who == "viewer" && want == away && tt.viewer == away && tt.method == "GET" && !strings.HasPrefix(to, "/login?next=/") {
				t.Errorf("%s leads a viewer to %q", tt.target, to)
			}
			if who == "viewer" {
				hasNot(t, w, "王秀英", "王建国", "李兰", "张伟")
			}
			protected(t, w.Header())
		}
	}
	for _, pattern := range page.Patterns() {
		if !covered[pattern] {
			t.Errorf("no test visits %s", pattern)
		}
	}
}

func protected(t *testing.T, h http.Header) {
	t.Helper()
	csp := h.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if h.Get("X-Frame-Options") != "DENY" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" || h.Get("Cache-Control") == "" {
		t.Errorf("headers %v", h)
	}
}

// Forms are taken from the page's own pages only, and the page answers to its own
// names only.
func TestForeignFormsAndNames(t *testing.T) {
	vl := open(t)
	tests := []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"own", map[string]string{"Origin": "http://192.168.8.1:8080"}, 303},
		{"own, new browser", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://192.168.8.1:8080"}, 303},
		{"no browser", nil, 303},
		{"other page", map[string]string{"Origin": "http://evil.example"}, 403},
		{"other port", map[string]string{"Origin": "http://192.168.8.1:80"}, 403},
		{"hidden page", map[string]string{"Origin": "null"}, 403},
		{"other page, new browser", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"rebound", map[string]string{"Host": "evil.example:8080", "Origin": "http://evil.example:8080"}, 421},
		{"rebound to a name like ours", map[string]string{"Host": "station.local.evil.example"}, 421},
		{"no host", map[string]string{"Host": ""}, 421},
		{"by name", map[string]string{"Host": "Station.local:8080", "Origin": "http://station.local:8080"}, 403}, // browsers write both small
		{"by name, small", map[string]string{"Host": "station.local:8080", "Origin": "http://station.local:8080"}, 303},
		{"by new address", map[string]string{"Host": "[fd00::1]:8080", "Origin": "http://[fd00::1]:8080"}, 303},
	}
	for _, tt := range tests {
		g := vl.admin()
		g.header = tt.header
		if w := g.post("/logout"); w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
	}
	g := vl.admin()
	g.header = map[string]string{"Host": "evil.example"}
	w := g.get("/members/12")
	hasNot(t, w, "王秀英")
}

// A cookie that somebody else chose is not the session after the log-in, and the
// session of before is over.
func TestSessionFixation(t *testing.T) {
	vl := open(t)
	g := vl.guest()
	g.cookies["session"] = "chosen-by-somebody-else-000000000000000000"
	if w := g.get("/members"); w.Code != 303 {
		t.Fatalf("%d with an id that nobody gave", w.Code)
	}
	g.cookies["session"] = "chosen-by-somebody-else-000000000000000000"
	w := g.post("/login", "pin", pin)
	c := w.Result().Cookies()
	if w.Code != 303 || len(c) != 1 || c[0].Value == "" || strings.HasPrefix(c[0].Value, "chosen") || len(c[0].Value) != 43 {
		t.Fatalf("%d %v", w.Code, c)
	}
	if !c[0].HttpOnly || c[0].SameSite != http.SameSiteStrictMode || c[0].Path != "/" {
		t.Errorf("cookie %v", c[0])
	}
	first := g.cookies["session"]
	g.post("/login", "pin", pin)
	if g.cookies["session"] == first {
		t.Error("the same id again")
	}
	for _, old := range []string{first, "chosen-by-somebody-else-000000000000000000", ""} {
		other := vl.guest()
		other.cookies["session"] = old
		if w := other.get("/members"); w.Code != 303 {
			t.Errorf("%q is a session: %d", old, w.Code)
		}
	}
	if w := g.get("/members"); w.Code != 200 {
		t.Errorf("%d with the session", w.Code)
	}
	last := g.cookies["session"]
	g.post("/logout")
	g.cookies["session"] = last
	if w := g.get("/members"); w.Code != 303 {
		t.Errorf("%d after the log-out", w.Code)
	}
}

// A session ends when nobody uses it, in the end at any rate, and with its PIN; the
// page that asks by itself does not keep it alive.
func TestSessionEnds(t *testing.T) {
	var at time.Duration
	var dir string
	vl := open(t, func(vl *village, o *page.Opts) {
		vl.now = func() time.Time { return noon.Add(at) }
		dir = o.Dir
	})
	g := vl.admin()
	for at = 0; at < 7*time.Hour; at += 14 * time.Minute {
		if w := g.get("/members"); w.Code != 200 {
			t.Fatalf("%d after %v of use", w.Code, at)
		}
	}
	for at < 8*time.Hour-10*time.Minute {
		at += 10 * time.Minute
		g.get("/alive")
	}
	if at = 8 * time.Hour; g.get("/members").Code != 303 {
		t.Error("it never ends while it is used")
	}
	at = 9 * time.Hour
	g = vl.admin()
	at += 10 * time.Minute
	g.header["X-By-Itself"] = "1"
	if w := g.get("/members"); w.Code != 200 {
		t.Errorf("%d after 10 minutes", w.Code)
	}
	at += 5 * time.Minute
	if w := g.get("/members"); w.Code != 303 {
		t.Errorf("%d after 15 minutes in which only the page asked", w.Code)
	}
	g = vl.admin()
	if err := page.PINsIn(dir).Set("804226"); err != nil {
		t.Fatal(err)
	}
	if w := g.get("/members"); w.Code != 303 {
		t.Errorf("%d with the session of another PIN", w.Code)
	}
}

// The page leads back to where somebody wanted to go, and never elsewhere.
func TestNextIsLocal(t *testing.T) {
	vl := open(t)
	for next, want := range map[string]string{"/members/12": "/members/12", "//evil.example": "/", "http://evil.example": "/", "/\\evil.example": "/", "": "/", "/a?b": "/", "/members\r\nX: y": "/", "/lessons/party-2026-11-23/roll": "/lessons/party-2026-11-23/roll"} {
		if got := vl.guest().post("/login", "pin", pin, "next", next).Header().Get("Location"); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
		has(t, vl.guest().get("/login?next="+url.QueryEscape(next)), `name="next" value="`+want+`"`)
		if got := vl.guest().post("/language", "lang", "en", "next", next).Header().Get("Location"); got != want {
			t.Errorf("language: %q leads to %q, want %q", next, got, want)
		}
	}
}

// Each look is on record before the names are shown, without names.
func TestLooksAreRecorded(t *testing.T) {
	vl := open(t)
	g := vl.guest()
	g.post("/login", "pin", pin)
	g.post("/members", "query", "王秀英")
	g.get("/members/12")
	g.get("/members/12/household")
	g.get("/lessons/party-2026-11-23/roll")
	g.get("/registers/attendance-2026-11.xlsx")
	g.post("/lessons/party-2026-11-23/roll", "number", "13", "was", "present", "why", "按错")
	g.post("/logout")
	vl.guest().post("/login", "pin", "111222")
	var what []string
	for _, a := range vl.looks() {
		what = append(what, a.What+" "+a.About)
		if a.From != "192.168.8.23" || a.Who != "administrator" && a.What != "refused" {
			t.Errorf("%+v", a)
		}
		if strings.Contains(a.About, "王") {
			t.Errorf("a name: %+v", a)
		}
	}
	want := []string{"login ", "search 12", "member 12", "household 12, 13", "roll party-2026-11-23", "register attendance-2026-11.xlsx", "correction party-2026-11-23 13", "logout ", "refused "}
	if !slices.Equal(what, want) {
		t.Errorf("on record: %q\nwant %q", what, want)
	}
	w := vl.admin().get("/access")
	has(t, w, "密码错误", "查看家庭", "12, 13", "192.168.8.23", "更正名单")
	hasNot(t, w, "王秀英")
}

// What cannot be put on record is not shown.
func TestNoRecordNoNames(t *testing.T) {
	vl := open(t)
	g := vl.admin()
	vl.mu.Lock()
	vl.failing = errors.New("card")
	vl.mu.Unlock()
	for _, target := range []string{"/members/12", "/members/12/household", "/lessons/party-2026-11-23/roll", "/registers/attendance-2026-11.xlsx"} {
		w := g.get(target)
		if w.Code != 503 {
			t.Errorf("%s: %d", target, w.Code)
		}
		hasNot(t, w, "王秀英", "王建国", "PK…")
	}
	w := g.post("/members", "query", "王")
	hasNot(t, w, "王秀英")
	w = g.post("/lessons/party-2026-11-23/roll", "number", "13", "was", "present", "why", "按错")
	if w.Code != 503 || len(vl.fixed) != 0 {
		t.Errorf("corrected without a record: %d", w.Code)
	}
	if w := g.get("/"); w.Code != 200 {
		t.Errorf("today: %d", w.Code)
	}
}

// A station that hangs makes the page say so, in time, and few wait for it.
func TestStationHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vl := open(t)
		block := make(chan struct{})
		vl.block = block
		began := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if w := vl.guest().get("/"); w.Code != 503 {
					t.Errorf("%d", w.Code)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > 6*time.Second {
			t.Errorf("they waited for %v", took)
		}
		vl.mu.Lock()
		calls := len(vl.asked)
		vl.block = nil
		vl.mu.Unlock()
		if w := vl.guest().get("/help"); w.Code != 200 {
			t.Errorf("help: %d", w.Code)
		}
		if calls > 4 {
			t.Errorf("%d calls into a station that hangs", calls)
		}
		close(block)
		synctest.Wait()
		if w := vl.guest().get("/"); w.Code != 200 {
			t.Errorf("%d when it no longer hangs", w.Code)
		}
	})
}

// A panic of the station is one answer's end.
func TestStationPanics(t *testing.T) {
	vl := open(t, func(_ *village, o *page.Opts) {
		o.Record = func(context.Context, firmware.Access) error { panic("bug") }
	})
	if w := vl.guest().post("/login", "pin", "000111"); w.Code != 403 {
		t.Errorf("%d", w.Code)
	}
}

// Thirty telephones at once.
func TestManyGuests(t *testing.T) {
	vl := open(t)
	admin := vl.admin()
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			g := vl.guest()
			if i%3 == 0 {
				g.cookies["session"] = admin.cookies["session"]
			}
			for _, target := range []string{"/", "/lessons", "/members/12", "/access", "/notices", "/lessons/party-2026-11-23/roll"} {
				want := 200
				if i%3 != 0 && target != "/" && target != "/lessons" {
					want = 303
				}
				if w := g.get(target); w.Code != want {
					t.Errorf("%s: %d, want %d", target, w.Code, want)
				}
			}
		})
	}
	wg.Wait()
	vl.mu.Lock()
	defer vl.mu.Unlock()
	statuses := 0
	for _, args := range vl.asked {
		if args[0] == "status" {
			statuses++
		}
	}
	if statuses > 10 {
		t.Errorf("thirty guests asked for the status %d times", statuses)
	}
}
