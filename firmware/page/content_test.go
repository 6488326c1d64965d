package page_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/page"
	"stationbox/firmware/text"
)

// Every key that page and templates say is in the catalogue, and every key of the page
// in the catalogue is said somewhere.
func TestCatalogueIsWhole(t *testing.T) {
	all, err := text.Entries()
	if err != nil {
		t.Fatal(err)
	}
	var source []byte
	for _, pattern := range []string{"*.go", "templates/*.html", "../station/page.go", "../command/page.go"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			if b, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, "_test.go") {
				source = append(source, b...)
			}
		}
	}
	said := map[string]bool{}
	for _, m := range regexp.MustCompile(`"(page\.[a-z0-9_.]+)"`).FindAllSubmatch(source, -1) {
		said[string(m[1])] = true
	}
	known := map[string]bool{}
	for _, e := range all {
		known[e.Key] = true
		rest, mine := strings.CutPrefix(e.Key, "page.")
		group, _, _ := strings.Cut(rest, ".")
		if mine && !said[strings.TrimSuffix(e.Key, ".do")] && !slices.Contains([]string{"title", "what", "field"}, group) && e.Key != "page.notices.published" && e.Key != "page.notices.removed" {
			t.Errorf("nobody says %s", e.Key)
		}
	}
	for key := range said {
		if !known[key] && !strings.HasSuffix(key, ".") {
			t.Errorf("%s is not in the catalogue", key)
		}
	}
	fields := regexp.MustCompile(`problem\("([a-z]+)", "(page\.bad\.[a-z_]+)"`).FindAllSubmatch(source, -1)
	if len(fields) < 15 {
		t.Errorf("only %d problems of forms found", len(fields))
	}
	for _, m := range fields {
		if !known["page.field."+string(m[1])] || !known[string(m[2])+".do"] {
			t.Errorf("%s of %s does not say where or what to do", m[2], m[1])
		}
	}
}

// In both languages no page shows a bare key, and an English one has no Chinese but
// what people wrote.
func TestBothLanguages(t *testing.T) {
	vl := open(t)
	written := regexp.MustCompile("柳树村远程教育站|中文|党课：乡村振兴|党课：基层治理|苹果树冬季修剪|王秀英|王建国|李兰|张伟|第[一二]支部|3组12号|学习签到簿")
	han, key := regexp.MustCompile(`\p{Han}`), regexp.MustCompile(`(page|cmd|guard|phase|schedule|lesson)\.[a-z_]+(\.[a-z_]+)*`)
	address := regexp.MustCompile(`(href|src|action|content|id|value)="[^"]*"`)
	for _, lang := range []string{"zh", "en"} {
		g := vl.admin()
		g.cookies["language"] = lang
		for _, w := range []interface{ String() string }{
			g.get("/").Body, g.get("/lessons").Body, g.get("/members").Body, g.get("/members/12").Body, g.get("/members/12/household").Body,
			g.get("/lessons/party-2026-11-23/roll").Body, g.get("/notices").Body, g.get("/registers").Body, g.get("/access").Body, g.get("/help").Body,
			g.get("/nowhere").Body, g.get("/login").Body, g.post("/members").Body, g.post("/members", "query", "王").Body, g.publish("title", "").Body,
			vl.viewer(lang).get("/").Body,
		} {
			body := address.ReplaceAllString(w.String(), "")
			if found := key.FindString(body); found != "" && found != "page.pin" {
				t.Errorf("%s: the key %q is shown", lang, found)
			}
			if lang == "en" && han.MatchString(written.ReplaceAllString(body, "")) {
				t.Errorf("en: Chinese in %s", han.FindString(written.ReplaceAllString(body, "")))
			}
		}
	}
	w := vl.guest()
	w.cookies["language"] = "fr"
	has(t, w.get("/"), `<html lang="zh-CN">`)
}

// The page of today for each state that the station can say.
func TestToday(t *testing.T) {
	vl := open(t)
	g := vl.guest()
	has(t, g.get("/"), "正在播放", "已到 23 人", "播放到 12:00，全长 45:00", "221 伏", "电源卫士：已合闸", "投影机没有应答", "请检查它的电源", "还有 21 小时 0 分")
	hasNot(t, g.get("/"), "王秀英", "到课名单")
	has(t, vl.admin().get("/"), "到课名单")
	tests := []struct {
		name, status string
		say, not     []string
	}{
		{"idle", `{"phase":"idle","next":{"id":"a","title":"<b>课","start":"2026-11-27T13:30:00+08:00"},"now":"2026-11-27T12:00:00+08:00"}`,
			[]string{"下一节课", "&lt;b&gt;课", "还有 1 小时 30 分", "没有应答", "一切正常", "没有显示设备"}, []string{"<b>课", "已到"}},
		{"nothing", `{"phase":"idle","now":"2026-11-27T12:00:00+08:00"}`, []string{"近期没有课程"}, []string{"下一节课"}},
		{"tripped", `{"guard":{"state":"trip","wait_ms":59100,"cause":"guard.cause.outage","mains_known":false}}`, []string{"已跳闸", "电压未知", "还要等 1 分钟"}, []string{"0 伏"}},
		{"dark", `{"why_dark":[{"text":"没有市电","do":"看电表"}]}`, []string{"没有市电", "看电表"}, []string{"一切正常"}},
		{"soon", `{"phase":"roll_call","occasion":{"id":"a","title":"课","start":"2026-11-27T12:04:30+08:00"},"countdown_ms":45000,"now":"2026-11-27T12:03:45+08:00","present":3}`,
			[]string{"响铃点名", "还有 45 秒", "已到 3 人"}, nil},
	}
	for _, tt := range tests {
		vl := open(t, func(vl *village, o *page.Opts) { o.Ask = answers(tt.status) })
		w := vl.guest().get("/")
		if w.Code != 200 {
			t.Errorf("%s: %d", tt.name, w.Code)
		}
		has(t, w, tt.say...)
		hasNot(t, w, tt.not...)
	}
	vl = open(t, func(vl *village, o *page.Opts) { o.Ask = answers(`{"phase":7}`) })
	if w := vl.guest().get("/"); w.Code != 503 {
		t.Errorf("a status that cannot be read: %d", w.Code)
	}
}

// While the books are not open the page says so.
func TestBooksAreNotOpen(t *testing.T) {
	vl := open(t, func(vl *village, _ *page.Opts) { vl.late = true })
	g := vl.admin()
	for target, want := range map[string]int{"/lessons": 200, "/members/12": 200, "/lessons/party-2026-11-27/roll": 503, "/lessons/party-2026-11-23/roll": 503} {
		w := g.get(target)
		if w.Code != want {
			t.Errorf("%s: %d", target, w.Code)
		}
		has(t, w, "账目正在整理")
	}
}

// What the station does not have is not offered.
func TestWithoutRegistersAndCorrections(t *testing.T) {
	vl := open(t, func(_ *village, o *page.Opts) { o.Registers, o.Corrections = nil, nil })
	g := vl.admin()
	hasNot(t, g.get("/"), "/registers")
	for _, w := range []int{g.get("/registers").Code, g.get("/registers/a").Code, g.post("/lessons/party-2026-11-23/roll", "number", "12", "was", "absent", "why", "x").Code} {
		if w != http.StatusNotFound {
			t.Errorf("%d", w)
		}
	}
	hasNot(t, g.get("/lessons/party-2026-11-23/roll"), "<textarea", `name="why"`)
}

func TestCorrection(t *testing.T) {
	vl := open(t)
	g := vl.admin()
	const target = "/lessons/party-2026-11-23/roll"
	tests := []struct {
		number, was, why string
		want             int
		say              string
	}{
		{"77", "present", "按错", 422, "名册里没有这个编号"},
		{"x", "present", "按错", 422, "名册里没有这个编号"},
		{"13", "", "按错了", 422, "没有选"},
		{"13", "present", " ", 422, "原因要写"},
		{"13", "present", strings.Repeat("长", 61), 422, "最多 60 个字"},
		{"13", "present", "闹着玩", 422, "这个原因不行"},
		{"１３", "present", "忘记按键", 303, ""},
		{"12", "absent", "替别人按", 303, ""},
	}
	for _, tt := range tests {
		w := g.post(target, "number", tt.number, "was", tt.was, "why", tt.why)
		if w.Code != tt.want {
			t.Errorf("%v: %d", tt, w.Code)
		}
		if has(t, w, tt.say); tt.want == 422 {
			has(t, w, `value="`+tt.number+`"`, `value="`+strings.TrimSpace(tt.why)+`"`)
		}
	}
	want := []page.Correction{{"party-2026-11-23", 13, true, "忘记按键", "page"}, {"party-2026-11-23", 12, false, "替别人按", "page"}}
	if !slices.Equal(vl.fixed, want) {
		t.Errorf("%v", vl.fixed)
	}
	has(t, g.get(target+"?done=yes"), "更正已经记下")
}

// What looks unusual about presses is shown, and what the administrator finds is
// written down; the roll does not change.
func TestMarks(t *testing.T) {
	vl := open(t)
	g := vl.admin()
	const target, at = "/lessons/party-2026-11-23/roll", "/lessons/party-2026-11-23/marks/1"
	has(t, g.get(target), "请您核对（1 处）", "迟到 早退", "21 12", "没有问题")
	hasNot(t, g.get(target), `class="state`)
	for _, tt := range []struct {
		found, why string
		want       int
		say        string
	}{{"", "", 422, "没有选核对结果"}, {"delete", "", 422, "没有选核对结果"}, {"confirm", strings.Repeat("长", 61), 422, "最多 60 个字"},
		{"confirm", "替邻居按的", 303, ""}, {"clear", "", 303, ""}} {
		w := g.post(at, "found", tt.found, "why", tt.why)
		if has(t, w, tt.say); w.Code != tt.want {
			t.Errorf("%+v: %d", tt, w.Code)
		}
		if tt.found == "confirm" && tt.want == 303 {
			has(t, g.get(target+"?done=mark"), "核对结果已经记下", "确有代按</span>", "page: 替邻居按的")
		}
	}
	has(t, g.get(target), `<span class="state good">没有问题</span>`)
	if w := g.post("/lessons/party-2026-11-23/marks/7", "found", "clear"); w.Code != 422 {
		t.Errorf("a mark that is not there: %d", w.Code)
	} else {
		has(t, w, "没有标记 7")
	}
	if len(vl.fixed) != 0 {
		t.Errorf("the roll was changed: %v", vl.fixed)
	}
	looks := vl.looks()
	if !slices.ContainsFunc(looks, func(a firmware.Access) bool { return a.What == "mark" && a.About == "party-2026-11-23 1" }) {
		t.Errorf("no mark on record: %v", looks)
	}
}

func TestSearch(t *testing.T) {
	vl := open(t, func(vl *village, _ *page.Opts) {
		for n := 1000; n < 1300; n++ {
			vl.members = append(vl.members, page.Member{Number: n, Name: "赵多", Branch: "第三支部"})
		}
	})
	g := vl.admin()
	tests := []struct {
		query, branch string
		want          int
		say, not      []string
	}{
		{"12", "", 200, []string{"找到 1 人", "王秀英"}, []string{"张伟"}},
		{" ０１２ ", "", 200, []string{"找到 1 人", "王秀英"}, nil},
		{"王", "", 200, []string{"找到 2 人"}, []string{"李兰"}},
		{"王", "第二支部", 200, []string{"没有找到", `value="王"`, "<option selected>第二支部"}, []string{"王秀英"}},
		{"", "第二支部", 200, []string{"李兰", "张伟"}, []string{"王秀英"}},
		{"3组12号", "", 200, []string{"找到 2 人"}, nil},
		{"赵", "", 200, []string{"找到 100 人", "另外还有 200 人"}, nil},
		{"", "", 422, []string{"没有写要找谁"}, nil},
		{strings.Repeat("长", 41), "", 422, []string{"最多 40 个字"}, nil},
		{"王", "没有", 422, []string{"没有这个支部"}, []string{"王秀英"}},
	}
	for _, tt := range tests {
		w := g.post("/members", "query", tt.query, "branch", tt.branch)
		if w.Code != tt.want {
			t.Errorf("%q %q: %d", tt.query, tt.branch, w.Code)
		}
		has(t, w, tt.say...)
		hasNot(t, w, tt.not...)
	}
	hasNot(t, g.get("/members"), "王秀英")
	has(t, g.get("/members/12?year=2025"), "2025 年上课 0 次")
	has(t, g.get("/members/12"), "2026 年上课 2 次", "党课：基层治理", "2026-11-23 周一 12:00")
}

func TestRegister(t *testing.T) {
	vl := open(t)
	w := vl.admin().get("/registers/attendance-2026-11.xlsx")
	if got := w.Header().Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename*=utf-8''") || w.Body.String() != "PK…" {
		t.Errorf("%q %q", got, w.Body)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 500 * time.Millisecond: "1 s", 59 * time.Second: "59 s", 60 * time.Second: "1 min", 61 * time.Second: "2 min",
		time.Hour: "1 h 0 min", 25 * time.Hour: "1 d 1 h", 90 * time.Minute: "1 h 30 min", 14 * 24 * time.Hour: "14 d 0 h",
	} {
		if got := page.Span(page.Catalogue("en"), d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// The remembered accesses are bounded, and other records are none.
func TestLooksAreBounded(t *testing.T) {
	looks := &page.Looks{}
	data, _ := json.Marshal(firmware.Access{Who: "administrator", From: "10.0.0.1", What: "member", About: "12"})
	for i := range 5000 {
		looks.Feed(firmware.Record{Kind: firmware.KindAccess, Wall: noon.Add(time.Duration(i) * time.Second), Data: data})
		looks.Feed(firmware.Record{Kind: firmware.KindPress, Data: data})
	}
	looks.Feed(firmware.Record{Kind: firmware.KindAccess, Data: []byte("x")})
	(*page.Looks)(nil).Feed(firmware.Record{})
	vl := open(t, func(_ *village, o *page.Opts) { o.Looks = looks })
	if got := strings.Count(vl.admin().get("/access").Body.String(), "查看成员"); got != 200 {
		t.Errorf("%d accesses are shown", got)
	}
}

// Nothing that is embedded is of elsewhere, and there is no script within a page.
func TestNothingFromElsewhere(t *testing.T) {
	err := fs.WalkDir(page.Embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := page.Embedded.ReadFile(name)
		b = bytes.ReplaceAll(b, []byte("http://www.w3.org/2000/svg"), nil)
		for _, bad := range []string{"http:", "https:", "//cdn", "onclick", "style=", "<script>", "javascript:"} {
			if bytes.Contains(b, []byte(bad)) {
				t.Errorf("%s has %q", name, bad)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// However a member, a branch, a household or a lesson is called, it is text and
// nothing else.
func FuzzNames(f *testing.F) {
	for _, s := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='x`, `{{.Say "x"}}`, "javascript:alert(1)", "</title><b>", "王\u202e秀", "&lt;b&gt;", "a\x00b", "\xff\xfe", "`${1}`", "<!--", "]]>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > 200 {
			return
		}
		vl := open(t, func(vl *village, o *page.Opts) {
			vl.members = []page.Member{{12, "⟦" + name + "⟧", "⟦" + name + "⟧", "⟦" + name + "⟧"}}
			o.Station = "⟦" + name + "⟧"
			vl.notices = []map[string]any{{"id": 1, "title": "⟦" + name + "⟧", "kind": "notice", "from": "2026-11-27", "until": "2026-12-31"}}
		})
		g := vl.admin()
		for _, w := range []*bytes.Buffer{g.post("/members", "branch", "⟦"+name+"⟧").Body, g.post("/members", "query", "⟦"+name+"⟧").Body, g.get("/members/12").Body, g.get("/members/12/household").Body,
			g.get("/lessons/party-2026-11-23/roll").Body, g.get("/notices").Body, g.post("/lessons/party-2026-11-23/roll", "number", name, "why", name).Body, g.publish("title", "⟦"+name+"⟧", "text", name).Body} {
			body := w.String()
			if body == "" { // taken, and led on
				continue
			}
			for _, part := range strings.Split(body, "⟦")[1:] {
				inside, _, closed := strings.Cut(part, "⟧")
				if strings.ContainsAny(inside, `<>"'`) || !closed {
					t.Errorf("%q is shown as %q", name, inside)
				}
			}
			if got, want := strings.Count(body, "<script"), 1; got != want {
				t.Errorf("%q: %d scripts", name, got)
			}
		}
	})
}
