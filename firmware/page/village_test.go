package page_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/page"
	"stationbox/firmware/text"
)

const pin = "493715"

// village is a station behind a page: what it is asked, and what it has on record.
type village struct {
	*page.Page
	t       testing.TB
	members []page.Member
	now     func() time.Time

	mu      sync.Mutex
	asked   [][]string
	notices []map[string]any
	seen    []firmware.Access
	failing error         // of the card
	block   chan struct{} // the station hangs on it
	late    bool          // the books are not open
	fixed   []page.Correction
	text    string            // what was published last
	verdict *firmware.Verdict // about the mark of marked
}

// noon is Friday, 27 November 2026.
var (
	zone, _ = time.LoadLocation("Asia/Shanghai")
	noon    = time.Date(2026, 11, 27, 12, 0, 0, 0, zone)
)

func members() []page.Member {
	return []page.Member{{12, "王秀英", "第一支部", "3组12号"}, {13, "王建国", "第一支部", "3组12号"}, {21, "李兰", "第二支部", ""}, {120, "张伟", "第二支部", ""}}
}

func open(t testing.TB, change ...func(*village, *page.Opts)) *village {
	t.Helper()
	began := time.Now()
	vl := &village{t: t, members: members(), now: func() time.Time { return noon.Add(time.Since(began)) }}
	o := page.Opts{Dir: t.TempDir(), Station: "柳树村远程教育站", Language: "zh", Zone: zone, Names: []string{"station.local"},
		Now: func() time.Time { return vl.now() }, Ask: vl.ask, Members: func() []page.Member { return vl.members }, Books: vl,
		Record: vl.record, Registers: registers{}, Corrections: vl}
	for _, c := range change {
		c(vl, &o)
	}
	file, err := pinFile()
	if err == nil {
		err = os.WriteFile(filepath.Join(o.Dir, "pin.json"), file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if vl.Page, err = page.New(o); err != nil {
		t.Fatal(err)
	}
	vl.Hasten()
	return vl
}

// pinFile is the file of pin, with one iteration: quick to try, and believed only by a
// page that is told so.
func pinFile() ([]byte, error) {
	salt := []byte("0123456789abcdef")
	hash, err := pbkdf2.Key(sha256.New, pin, salt, 1, sha256.Size)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"v": 1, "salt": hex.EncodeToString(salt), "iterations": 1, "hash": hex.EncodeToString(hash)})
}

func (vl *village) record(_ context.Context, a firmware.Access) error {
	vl.mu.Lock()
	defer vl.mu.Unlock()
	if vl.failing != nil {
		return vl.failing
	}
	vl.seen = append(vl.seen, a)
	return nil
}

func (vl *village) looks() []firmware.Access {
	vl.mu.Lock()
	defer vl.mu.Unlock()
	return slices.Clone(vl.seen)
}

// ask is the commands of a station.
func (vl *village) ask(ctx context.Context, lang string, args ...string) command.Reply {
	vl.mu.Lock()
	defer vl.mu.Unlock()
	vl.asked = append(vl.asked, args)
	if block := vl.block; block != nil {
		vl.mu.Unlock()
		<-block
		vl.mu.Lock()
	}
	data := func(v any) command.Reply {
		b, err := json.Marshal(v)
		if err != nil {
			vl.t.Error(err)
		}
		return command.Reply{Data: b}
	}
	switch strings.Join(args[:min(2, len(args))], " ") {
	case "roll party-2026-11-23":
		return data(vl.marked())
	case "roll confirm", "roll clear":
		if args[3] != "1" {
			return command.Reply{Code: command.CodeFailed, Text: text.New(lang).Say("cmd.roll.mark.none", "mark", args[3]) + "\n"}
		}
		vl.verdict = &firmware.Verdict{Mark: 1, Confirmed: args[1] == "confirm", By: "page"}
		if len(args) > 5 {
			vl.verdict.Why = args[5]
		}
		return data(vl.marked())
	case "status":
		return data(status(vl.now(), text.New(lang)))
	case "schedule -days":
		return data(map[string]any{"slots": []any{
			map[string]any{"id": "party-2026-11-23", "title": "党课：乡村振兴", "start": noon.AddDate(0, 0, -4), "duration_s": 2700},
			map[string]any{"id": "farming-2026-11-28", "title": "苹果树冬季修剪", "start": noon.AddDate(0, 0, 1), "duration_s": 1800, "skipped": "schedule.skip.priority", "by": "party-day"},
		}, "quota": map[string]any{"month": "2026-11", "target": 245, "done": 180, "missing": 65, "days_left": 4}})
	case "notice list":
		return data(vl.notices)
	case "notice add":
		b, err := os.ReadFile(args[10])
		if err != nil || strings.HasPrefix(string(b), "MZ") {
			return command.Reply{Code: command.CodeFailed, Text: text.New(lang).Say("cmd.notice.refused", "file", "x", "why", text.New(lang).Say("notice.why.form")) + "\n"}
		}
		vl.text = string(b)
		vl.notices = append(vl.notices, map[string]any{"id": len(vl.notices) + 1, "title": args[3], "kind": args[5], "from": args[7], "until": args[9], "texts": []string{"a"}})
		return data(vl.notices)
	case "notice remove":
		id, _ := strconv.Atoi(args[2])
		before := len(vl.notices)
		vl.notices = slices.DeleteFunc(vl.notices, func(n map[string]any) bool { return n["id"] == id })
		if len(vl.notices) == before {
			return command.Reply{Code: command.CodeFailed, Text: text.New(lang).Say("cmd.notice.no_such", "id", id)}
		}
		return command.Reply{}
	}
	return command.Reply{Code: command.CodeUsage, Text: fmt.Sprint(args)}
}

// status is what a station says at a lesson, names and all.
func status(now time.Time, words *text.Catalogue) any {
	say, hint := words.Fault(firmware.Fault{Code: "fault.display.silent", Args: map[string]string{"name": "projector"}, On: true})
	return map[string]any{"now": now, "phase": "playing", "occasion": map[string]any{"id": "party-2026-11-27", "title": "党课：乡村振兴", "start": noon.Add(-12 * time.Minute)},
		"next": map[string]any{"id": "farming-2026-11-28", "title": "苹果树冬季修剪", "start": noon.Add(21 * time.Hour)}, "countdown_ms": -720_000,
		"position_ms": 720_000, "duration_ms": 2_700_000, "present": 23, "roll": []any{map[string]any{"number": 12, "name": "王秀英"}},
		"displays": []any{map[string]any{"name": "tv", "state": "on"}, map[string]any{"name": "projector", "state": "cooling"}},
		"guard":    firmware.GuardStatus{State: firmware.GuardClosed, MainsMV: 221_400, MainsOK: true},
		"faults":   []any{map[string]any{"text": say, "hint": hint}}}
}

// marked is the roll of a lesson at which one hand may have pressed for others.
func (vl *village) marked() command.Roll {
	return command.Roll{Lesson: "party-2026-11-23", Entries: []command.RollEntry{{Number: 12, Late: true, LeftEarly: true}, {Number: 21}},
		Marks: []command.RollMark{{Mark: firmware.Mark{ID: 1, Reason: firmware.MarkEven, Numbers: []int{21, 12}, Count: 2, GapMS: 1500,
			From: noon.Add(-time.Hour), To: noon.Add(-time.Hour + 2*time.Second)}, Verdict: vl.verdict}}}
}

// Year is page.Books.
func (vl *village) Year(_ context.Context, number, year int) ([]page.Attended, error) {
	if vl.late {
		return nil, page.ErrNotYet
	}
	if year != 2026 {
		return nil, nil
	}
	return []page.Attended{{Lesson: "party-2026-11-16", Number: number, At: noon.AddDate(0, 0, -11)}, {Lesson: "party-2026-11-23", Number: number, At: noon.AddDate(0, 0, -4)}, {Number: number, At: noon}}, nil
}

// Roll is page.Books.
func (vl *village) Roll(_ context.Context, lesson string) ([]page.Attended, error) {
	if vl.late {
		return nil, page.ErrNotYet
	}
	return []page.Attended{{Lesson: lesson, Number: 12, At: noon}, {Lesson: lesson, Number: 21, At: noon}, {Lesson: lesson, Number: 999, At: noon}}, nil
}

// Ended is page.Books.
func (vl *village) Ended(_ context.Context, from, to time.Time, _ int) ([]page.Ended, error) {
	if vl.late {
		return nil, page.ErrNotYet
	}
	all := []page.Ended{
		{"party-2026-11-16", "党课：基层治理", noon.AddDate(0, 0, -11), 26, 600_000, 2_700_000, "lesson.cause.no_mains"},
		{"party-2026-11-23", "党课：乡村振兴", noon.AddDate(0, 0, -4), 31, 2_700_000, 2_700_000, "lesson.cause.played"},
	}
	return slices.DeleteFunc(all, func(e page.Ended) bool { return e.Scheduled.Before(from) || !e.Scheduled.Before(to) }), nil
}

// Correct is page.Corrections.
func (vl *village) Correct(_ context.Context, lang string, c page.Correction) error {
	vl.mu.Lock()
	defer vl.mu.Unlock()
	if c.Why == "闹着玩" {
		return &command.Error{Code: command.CodeFailed, Text: "这个原因不行"}
	}
	vl.fixed = append(vl.fixed, c)
	return nil
}

type registers struct{}

func (registers) List(context.Context, string) ([]page.Register, error) {
	return []page.Register{{"attendance-2026-11.xlsx", "2026-11", "学习签到簿"}}, nil
}

func (registers) Open(_ context.Context, _, id string) (page.Document, error) {
	if id != "attendance-2026-11.xlsx" {
		return page.Document{}, os.ErrNotExist
	}
	return page.Document{Name: "学习签到簿-2026-11.xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Content: io.NopCloser(strings.NewReader("PK…"))}, nil
}

// guest is a browser with its cookies.
type guest struct {
	vl      *village
	from    string
	cookies map[string]string
	header  map[string]string
}

func (vl *village) guest() *guest {
	return &guest{vl: vl, from: "192.168.8.23:41234", cookies: map[string]string{}, header: map[string]string{}}
}

// admin is a guest who has logged in.
func (vl *village) admin() *guest {
	g := vl.guest()
	g.cookies["session"] = vl.Enter()
	return g
}

func (g *guest) send(method, target, mediaType string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	r.Host, r.RemoteAddr = "192.168.8.1:8080", g.from
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	for name, v := range g.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: v})
	}
	for name, v := range g.header {
		if name == "Host" {
			r.Host = v
		}
		r.Header.Set(name, v)
	}
	w := httptest.NewRecorder()
	g.vl.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		g.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(g.cookies, c.Name)
		}
	}
	return w
}

func (g *guest) get(target string) *httptest.ResponseRecorder { return g.send("GET", target, "", nil) }

// post sends a form of pairs of name and value.
func (g *guest) post(target string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return g.send("POST", target, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

// has wants every part in the answer.
func has(t *testing.T, w *httptest.ResponseRecorder, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("%q is not in the answer %d:\n%s", part, w.Code, w.Body)
		}
	}
}

// hasNot wants none of the parts in the answer.
func hasNot(t *testing.T, w *httptest.ResponseRecorder, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(w.Body.String(), part) {
			t.Errorf("%q is in the answer", part)
		}
	}
}

// words says keys in a language.
func (vl *village) words(lang string) func(string) string {
	c := page.Catalogue(lang)
	return func(key string) string { return c.Say(key) }
}

// answers is a station whose status is a text.
func answers(status string) func(context.Context, string, ...string) command.Reply {
	return func(context.Context, string, ...string) command.Reply {
		return command.Reply{Data: json.RawMessage(status)}
	}
}

// viewer is a guest with a language.
func (vl *village) viewer(lang string) *guest {
	g := vl.guest()
	g.cookies["language"] = lang
	return g
}
