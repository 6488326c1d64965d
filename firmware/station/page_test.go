package station

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/page"
)

// paged is a station with a page, a roster and what is asked for on it.
func paged(t *testing.T) *Station {
	t.Helper()
	dir := t.TempDir()
	roster := filepath.Join(dir, "roster.csv")
	if err := os.WriteFile(roster, []byte("number,name,branch\n12,王秀英,第一支部\n13,王建国,第一支部\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Station.ID, cfg.Station.Name, cfg.Station.StateDir, cfg.Station.RunDir = "370100-014", "柳树村", filepath.Join(dir, "state"), filepath.Join(dir, "run")
	cfg.Clock.RTC, cfg.Sound.Device, cfg.Roster.File, cfg.Calendar.Holidays = "", "none", roster, ""
	cfg.Page.Listen = "127.0.0.1:0"
	st, err := New(&cfg, Opts{Log: slog.New(slog.DiscardHandler), Now: time.Now, Built: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// browse sends one request with a cookie, and a form if there is one.
func browse(p http.Handler, cookie *http.Cookie, target string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	if form != nil {
		r = httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Host = "127.0.0.1:8080"
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// From the command that sets the PIN to the names on the page, and back to the command
// that tells who has looked.
func TestPageOfAStation(t *testing.T) {
	st := paged(t)
	shell := func(by string, args ...string) command.Reply {
		return command.Answer(t.Context(), st.table(), st.env("en", by), args)
	}
	if r := shell("console", "page", "pin", "123456"); r.Code == command.CodeOK || !strings.Contains(r.Text, "too easy") {
		t.Errorf("weak: %s", r.Text)
	}
	if r := shell("console", "page", "pin", "493715"); r.Code != command.CodeOK {
		t.Fatalf("pin: %s", r.Text)
	}
	for _, lesson := range []string{"party-2026-11-16", "party-2026-11-23"} {
		if _, err := st.journal.Append(t.Context(), firmware.KindPress, lesson, firmware.Press{Number: 12, Name: "王秀英", Known: true, Panel: "keypad"}); err != nil {
			t.Fatal(err)
		}
		if _, err := st.journal.Append(t.Context(), firmware.KindLesson, lesson, resultNote{Title: "党课", Scheduled: st.now(), Present: 1, Cause: "lesson.cause.played"}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := page.New(st.pageOpts(st.table()))
	if err != nil {
		t.Fatal(err)
	}
	for target, part := range map[string]string{"/": "没有应答", "/lessons": "本周"} {
		if w := browse(p, nil, target, nil); w.Code != 200 || !strings.Contains(w.Body.String(), part) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	w := browse(p, nil, "/login", url.Values{"pin": {"493715"}})
	if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) != 1 {
		t.Fatalf("log-in: %d %s", w.Code, w.Body)
	}
	cookie := w.Result().Cookies()[0]
	if w := browse(p, cookie, "/members/12", nil); !strings.Contains(w.Body.String(), "账目正在整理") {
		t.Errorf("before the books are open: %d %s", w.Code, w.Body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = st.keepBooks(ctx) })
	within(t, "opened", func() bool { return st.books.get() != nil })
	year := st.now().Format("2006")
	for target, parts := range map[string][]string{
		"/members/12": {"王秀英", year + " 年上课 2 次", "党课"}, "/lessons": {"完整播放", "已到 1 人"},
		"/lessons/party-2026-11-23/roll": {"到课 1 人", "12 王秀英", "未到 1 人", "13 王建国"}, "/notices": {"现在没有公告"}, "/access": {"查看成员"},
	} {
		w := browse(p, cookie, target, nil)
		for _, part := range parts {
			if !strings.Contains(w.Body.String(), part) {
				t.Errorf("%s: %d without %q: %s", target, w.Code, part, w.Body)
			}
		}
	}
	if r := shell("shell", "page", "log"); strings.Count(r.Text, "\n") < 4 || !strings.Contains(r.Text, "looked at a member  12") || strings.Contains(r.Text, "王") {
		t.Errorf("log: %s", r.Text)
	}
	cancel()
	wg.Wait()
}

// The books of a month come as a page, a workbook and the signed folder, which holds.
func TestPageRegisters(t *testing.T) {
	st := paged(t)
	if _, err := st.journal.Append(t.Context(), firmware.KindLesson, "party-1", resultNote{Title: "党课", Scheduled: st.now(), Present: 1, Cause: "lesson.cause.played"}); err != nil {
		t.Fatal(err)
	}
	books := pageRegisters{st}
	list, err := books.List(t.Context(), "zh")
	month := st.now().In(st.zone).Format("2006-01")
	if err != nil || len(list) != 3 || list[0].ID != "books-"+month+".html" || list[2].ID != "books-"+month+".zip" {
		t.Fatalf("%+v, %v", list, err)
	}
	var docs [][]byte
	for _, r := range list {
		d, err := books.Open(t.Context(), "zh", r.ID)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(d.Content)
		if err != nil || d.Name != r.ID {
			t.Errorf("%s: %s, %v", r.ID, d.Name, err)
		}
		docs = append(docs, b)
	}
	if !bytes.Contains(docs[0], []byte("党课")) || !bytes.HasPrefix(docs[1], []byte("PK")) {
		t.Errorf("page %.200s, workbook %.20q", docs[0], docs[1])
	}
	z, err := zip.NewReader(bytes.NewReader(docs[2]), int64(len(docs[2])))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	env := st.env("en", "shell")
	if r, err := env.Books.Check(t.Context(), env, filepath.Join(dir, month), ""); err != nil || r.Code != command.CodeOK {
		t.Errorf("the folder does not hold: %s, %v", r.Text, err)
	}
	if left, _ := filepath.Glob(filepath.Join(pageDir(st.cfg), "books-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, id := range []string{"books-2999-01.html", "books-" + month + ".exe", "../" + month + ".zip"} {
		if _, err := books.Open(t.Context(), "zh", id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// A correction from the page is one of the roll, with who and why.
func TestPageCorrects(t *testing.T) {
	st := paged(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = st.roll.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	if _, err := st.journal.Append(t.Context(), firmware.KindRollOpen, "party-1", attendance.Open{Title: "党课"}); err != nil {
		t.Fatal(err)
	}
	desk := st.pageOpts(st.table()).Corrections
	if err := desk.Correct(t.Context(), "en", page.Correction{Lesson: "party-1", Number: 12, Present: true, Why: "signed on paper"}); err != nil {
		t.Fatal(err)
	}
	r, err := st.env("en", "page").Roll("party-1")
	if err != nil || r.Present != 1 || r.Entries[0].Corrected == nil || r.Entries[0].Corrected.Why != "signed on paper" || r.Entries[0].Corrected.By != "page" {
		t.Errorf("%+v, %v", r, err)
	}
	var said *command.Error
	if err := desk.Correct(t.Context(), "en", page.Correction{Lesson: "party-2", Number: 12, Why: "?"}); !errors.As(err, &said) || said.Text == "" {
		t.Errorf("no such lesson: %v", err)
	}
}

// A notice from the page hangs on the same wall as one of the shell.
func TestPagePublishes(t *testing.T) {
	st := paged(t)
	opts := st.pageOpts(st.table())
	file := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(file, []byte("每户两袋"), 0o600); err != nil {
		t.Fatal(err)
	}
	day := st.now().Format(time.DateOnly)
	r := opts.Ask(t.Context(), "zh", "notice", "add", "-title", "发放种子", "-kind", "notice", "-from", day, "-until", day, file)
	if list := st.wall.List(); r.Code != command.CodeOK || len(list) != 1 || list[0].Title != "发放种子" {
		t.Errorf("%d %s %v", r.Code, r.Text, list)
	}
}

// Until its address can be had the page is a fault, and no more than that.
func TestPageAddress(t *testing.T) {
	st := paged(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	st.cfg.Page.Listen = taken.Addr().String()
	serve := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- st.servePage(ctx, st.table()) }()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	stop := serve()
	within(t, "told", func() bool { return len(st.faults.List()) > 0 && st.faults.List()[0].Code == "fault.page.listen" })
	stop()
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	stop = serve()
	within(t, "served", func() bool {
		answer, err := http.Get("http://" + st.cfg.Page.Listen + "/help")
		if err != nil {
			return false
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.Body.Close() == nil && answer.StatusCode == 200
	})
	for _, f := range st.faults.List() {
		if f.Code == "fault.page.listen" {
			t.Error("the fault stands though the page is served")
		}
	}
	stop()
}

// Only who asks for a page has one, and nobody in simulated time.
func TestPageIsAskedFor(t *testing.T) {
	st := paged(t)
	has := func() bool {
		for _, task := range st.tasks(nil) {
			if task.Name == "page" {
				return true
			}
		}
		return false
	}
	if !has() {
		t.Error("no page")
	}
	st.doors.System = cold{}
	if has() {
		t.Error("a page in simulated time")
	}
	st.doors.System = nil
	st.cfg.Page.Listen = ""
	if has() {
		t.Error("a page that nobody asked for")
	}
	if _, ok := st.roll.roster.Find(12); !ok || len(st.pageMembers()) != 2 {
		t.Errorf("members %v", st.pageMembers())
	}
}
