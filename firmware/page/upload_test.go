package page_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/firmware/page"
)

// form is a form of a notice; "file" is a file with the content of its value.
func form(t testing.TB, pairs ...string) (body []byte, mediaType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		to, err := io.Writer(nil), error(nil)
		if name, ok := strings.CutPrefix(pairs[i], "file:"); ok {
			to, err = w.CreateFormFile("file", name)
		} else {
			to, err = w.CreateFormField(pairs[i])
		}
		if err == nil {
			_, err = io.WriteString(to, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

func (g *guest) publish(pairs ...string) *httptest.ResponseRecorder {
	body, mediaType := form(g.vl.t, pairs...)
	return g.send("POST", "/notices", mediaType, bytes.NewReader(body))
}

func TestPublish(t *testing.T) {
	from, until := "2026-11-27", "2026-12-31"
	whole := func(change ...string) []string {
		fields := map[string]string{"title": "发放种子", "kind": "notice", "from": from, "until": until, "text": "每户两袋"}
		var out, files []string
		for i := 0; i+1 < len(change); i += 2 {
			if strings.HasPrefix(change[i], "file:") {
				files = append(files, change[i], change[i+1])
				continue
			}
			fields[change[i]] = change[i+1]
		}
		for name, v := range fields {
			out = append(out, name, v)
		}
		return append(out, files...) // as browsers send them: the file is the last field
	}
	tests := []struct {
		name   string
		fields []string
		want   int
		say    string
	}{
		{"a text", whole(), 303, ""},
		{"a file", whole("text", "", "file:种子.pdf", "%PDF-1.4"), 303, ""},
		{"the name of the file is the title", whole("title", "", "text", "", "file:C:\\docs\\种子.pdf", "%PDF-1.4"), 303, ""},
		{"no title", whole("title", ""), 422, "请写一个题目"},
		{"a long title", whole("title", strings.Repeat("长", 61)), 422, "缩短到 60 个字"},
		{"an option for a title", whole("title", "-json"), 422, "横线"},
		{"two lines", whole("title", "一\n二"), 422, "换行"},
		{"another kind", whole("kind", "war"), 422, "没有选类别"},
		{"no day", whole("from", "soon"), 422, "2026-12-01"},
		{"until yesterday", whole("from", "2026-11-01", "until", "2026-11-26"), 422, "已经过去"},
		{"ends before it begins", whole("until", "2026-11-26"), 422, "开始的日期早"},
		{"nothing", whole("text", ""), 422, "没有写文字"},
		{"both", whole("file:a.pdf", "%PDF-1.4"), 422, "只能有一样"},
		{"not to be shown", whole("text", "", "file:a.exe", "MZ\x00"), 422, "不是文字(.txt)"},
		{"a long text", whole("text", strings.Repeat("长", 6000)), 413, "文字最多 16 KB"},
		{"a strange field", whole("rank", "1"), 400, "表单不完整"},
		{"two files", whole("text", "", "file:a.pdf", "%PDF-1.4", "file:b.pdf", "%PDF-1.4"), 400, "表单不完整"},
	}
	var dir string
	vl := open(t, func(_ *village, o *page.Opts) { dir = o.Dir })
	g := vl.admin()
	for _, tt := range tests {
		before := len(vl.notices)
		w := g.publish(tt.fields...)
		if w.Code != tt.want || (len(vl.notices) > before) != (tt.want == 303) {
			t.Errorf("%s: %d, want %d; %d notices", tt.name, w.Code, tt.want, len(vl.notices)-before)
		}
		if has(t, w, tt.say); tt.want != 303 && tt.want != 400 && tt.name != "no title" {
			has(t, w, ` value="`+fieldOf(tt.fields, "until")+`"`) // what was typed is still there
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "upload-*")); len(left) > 0 {
			t.Errorf("%s left %v", tt.name, left)
		}
	}
	if got := vl.notices[2]["title"]; got != "种子" && got != `C:\docs\种子` {
		t.Errorf("title %q", got)
	}
}

func fieldOf(pairs []string, name string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return ""
}

// What is too large is read no further than it must be, is told, and leaves nothing.
func TestUploadBounds(t *testing.T) {
	var dir string
	vl := open(t, func(_ *village, o *page.Opts) { dir = o.Dir })
	g := vl.admin()
	for name, size := range map[string]int{"one byte more": 20<<20 + 1, "larger than a form may be": 20<<20 + 200<<10} {
		w := g.publish("title", "大", "from", "2026-11-27", "until", "2026-12-31", "file:a.pdf", strings.Repeat("x", size))
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, w.Code)
		}
		has(t, w, "最多 20 MB", `value="大"`)
	}
	if w := g.publish("title", "大", "kind", "notice", "from", "2026-11-27", "until", "2026-12-31", "file:a.pdf", strings.Repeat("x", 20<<20)); w.Code != 303 {
		t.Errorf("20 MB: %d", w.Code)
	}
	body, mediaType := form(t, "title", "断", "file:a.pdf", strings.Repeat("x", 1000))
	for _, cut := range []int{0, 10, 200, 800} {
		if w := g.send("POST", "/notices", mediaType, bytes.NewReader(body[:cut])); w.Code != 400 && w.Code != 422 {
			t.Errorf("cut after %d: %d", cut, w.Code)
		}
	}
	if w := g.send("POST", "/notices", "multipart/form-data", strings.NewReader("x")); w.Code != 400 {
		t.Errorf("no boundary: %d", w.Code)
	}
	if w := g.post("/members", "query", strings.Repeat("长", 40_000)); w.Code != 422 && w.Code != 413 {
		t.Errorf("a large form: %d", w.Code)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}

// One upload at a time; the second is told to wait.
func TestOneUploadAtATime(t *testing.T) {
	vl := open(t)
	body, mediaType := form(t, "title", "一", "kind", "notice", "from", "2026-11-27", "until", "2026-12-31", "text", "x")
	r, w := io.Pipe()
	done := make(chan int)
	go func() { done <- vl.admin().send("POST", "/notices", mediaType, r).Code }()
	if _, err := w.Write(body[:20]); err != nil { // it is being read
		t.Fatal(err)
	}
	second := vl.admin().publish("title", "二", "text", "x")
	if second.Code != 503 {
		t.Errorf("second: %d", second.Code)
	}
	has(t, second, "另一份公告")
	if _, err := w.Write(body[20:]); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if code := <-done; code != 303 {
		t.Errorf("first: %d", code)
	}
}

func TestRemove(t *testing.T) {
	vl := open(t)
	g := vl.admin()
	g.publish("title", "一", "kind", "accounts", "from", "2026-12-01", "until", "2026-12-31", "text", "x")
	has(t, g.get("/notices?done=published"), "已发布", "财务公开", "还没到日期", "2026-12-01 至 2026-12-31")
	if w := g.post("/notices/remove", "id", "1"); w.Code != 303 || len(vl.notices) != 0 {
		t.Errorf("%d, %v", w.Code, vl.notices)
	}
	has(t, g.post("/notices/remove", "id", "1"), "没有 1 号公告")
	hasNot(t, g.get("/notices?done=<b>x"), "<b>x")
}

// What a power cut left of an upload is gone when the page serves.
func TestUploadsAreSwept(t *testing.T) {
	var dir string
	vl := open(t, func(_ *village, o *page.Opts) { dir = o.Dir })
	if err := os.MkdirAll(filepath.Join(dir, "upload-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "upload-1", "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(vl.serve() + "/help")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
}
