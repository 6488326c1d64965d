package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/page"
	"stationbox/firmware/text"
)

// bench is a dish behind the page: what it shows, and what is done to it.
type bench struct {
	mu      sync.Mutex
	now     page.Alignment
	changed chan struct{}
	acts    []page.AlignAct
	refuses error
}

func newBench() *bench { return &bench{changed: make(chan struct{})} }

// Look is page.Aligner.
func (b *bench) Look(string) (page.Alignment, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now, b.changed
}

// Act is page.Aligner.
func (b *bench) Act(_ context.Context, lang string, a page.AlignAct) error {
	b.mu.Lock()
	b.acts = append(b.acts, a)
	err := b.refuses
	b.mu.Unlock()
	switch {
	case err != nil:
		return err
	case a.Do == "begin":
		b.set(order(lang))
	case a.Do == "stop":
		b.set(page.Alignment{Say: text.New(lang).Say("cmd.dish.align.stopped")})
	}
	return nil
}

func (b *bench) set(a page.Alignment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = a
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *bench) done() []page.AlignAct {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.acts)
}

// order is an alignment in the middle.
func order(lang string) page.Alignment {
	a := page.Alignment{On: true, Number: 17, Say: "[17] 站在天线背后，把天线向左转杆头 2.5 毫米（0.14°）", Now: "12.3", Best: "12.8 dB", Bar: 0.615, Mark: 0.64, State: "偏 0.07°±0.02", Phase: "细调 · 第 8 步"}
	if lang == "en" {
		a.Say, a.State, a.Phase = "[17] From behind: turn the dish LEFT by 2.5 mm at the pole's end (0.14°)", "off 0.07°±0.02", "peak · move 8"
	}
	return a
}

func openBench(t *testing.T) (*village, *bench) {
	b := newBench()
	return open(t, func(_ *village, o *page.Opts) { o.Align = b }), b
}

func TestAlignPage(t *testing.T) {
	vl, b := openBench(t)
	if w := vl.guest().get("/align"); w.Code != http.StatusSeeOther {
		t.Errorf("without the PIN: %d", w.Code)
	}
	if w := vl.guest().post("/align", "do", "begin"); w.Code != http.StatusForbidden {
		t.Errorf("without the PIN somebody begins: %d", w.Code)
	}
	g := vl.admin()
	has(t, g.get("/align"), "开始对星", "喇叭不出声", `href="/align" aria-current="page"`)
	if w := g.post("/align", "do", "begin", "quiet", "yes"); w.Code != http.StatusSeeOther {
		t.Errorf("begin: %d", w.Code)
	}
	has(t, g.get("/align"), "[17] 站在天线背后", "12.3", "12.8 dB", `name="n" id="n" value="17"`, "做好了", "停止")
	g.post("/align", "do", "done", "n", "17")
	g.post("/align", "do", "stop", "n", "17")
	if want := []page.AlignAct{{Do: "begin", Quiet: true}, {Do: "done", Number: 17}, {Do: "stop", Number: 17}}; !slices.Equal(b.done(), want) {
		t.Errorf("done %+v", b.done())
	}
	has(t, g.get("/align"), "对星停止，没有记录", "开始对星")
	if w := g.post("/align", "do", "fly"); w.Code != http.StatusNotFound {
		t.Errorf("fly: %d", w.Code)
	}
	b.refuses = &command.Error{Code: 1, Text: "<dish.tuner.adapter>"}
	if w := g.post("/align", "do", "begin"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("refused: %d", w.Code)
	} else {
		has(t, w, "&lt;dish.tuner.adapter&gt;")
	}
	foreign := vl.admin()
	foreign.header["Sec-Fetch-Site"] = "cross-site"
	if w := foreign.post("/align", "do", "begin"); w.Code != http.StatusForbidden {
		t.Errorf("a form of elsewhere: %d", w.Code)
	}
	none := open(t)
	if w := none.admin().get("/align"); w.Code != http.StatusNotFound {
		t.Errorf("without a dish: %d", w.Code)
	}
	hasNot(t, none.admin().get("/"), `href="/align"`)
}

// News come with the change, and not before; who waits is bounded in number.
func TestAlignNews(t *testing.T) {
	vl, b := openBench(t)
	b.set(order("zh"))
	g := vl.admin()
	w := g.get("/align/news?tag=")
	tag := w.Header().Get("X-Tag")
	var a page.Alignment
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || a.Now != "12.3" || tag == "" {
		t.Fatalf("%s, %v, tag %q", w.Body, err, tag)
	}
	if w := vl.guest().get("/align/news"); w.Code != http.StatusSeeOther {
		t.Errorf("without the PIN: %d", w.Code)
	}
	got := make(chan page.Alignment)
	session := g.cookies["session"]
	go func() {
		h := vl.guest()
		h.cookies["session"] = session
		var a page.Alignment
		_ = json.Unmarshal(h.get("/align/news?tag="+tag).Body.Bytes(), &a)
		got <- a
	}()
	select {
	case a := <-got:
		t.Fatalf("news without a change: %+v", a)
	case <-time.After(50 * time.Millisecond):
	}
	next := order("zh")
	next.Now, next.Mood = "", "warn"
	b.set(next)
	if a := <-got; a.Now != "" || a.Mood != "warn" || !a.On {
		t.Errorf("%+v", a)
	}
	if w := g.get("/align/news?tag=" + tagOf(t, g)); w.Code != http.StatusNoContent {
		t.Errorf("nothing new is %d", w.Code)
	}
	tag = tagOf(t, g)
	var wg sync.WaitGroup
	codes := make(chan int, 20)
	for range 20 {
		wg.Go(func() {
			h := vl.guest()
			h.cookies["session"] = session
			codes <- h.get("/align/news?tag=" + tag).Code
		})
	}
	wg.Wait()
	refused := 0
	for range 20 {
		if <-codes == http.StatusServiceUnavailable {
			refused++
		}
	}
	if refused < 20-2*8 { // those who came later found room again, perhaps
		t.Errorf("only %d of 20 are refused", refused)
	}
}

func tagOf(t *testing.T, g *guest) string {
	t.Helper()
	return g.get("/align/news?tag=").Header().Get("X-Tag")
}

// The meter lives in a browser: it follows, keeps no old figure, and Done goes out with
// the number of its order.
func TestAlignBrowser(t *testing.T) {
	in := browser(t)
	for i, lang := range []string{"zh", "en"} {
		for j, width := range []int64{360, 1280} {
			if i+j > 0 && *screenshots == "" {
				continue
			}
			t.Run(fmt.Sprintf("%s-%d", lang, width), func(t *testing.T) { alignVisit(t, in, lang, width) })
		}
	}
}

func alignVisit(t *testing.T, in context.Context, lang string, width int64) {
	vl, b := openBench(t)
	words := vl.words(lang)
	p := newTab(t, in, vl.serve(), width)
	shot := func(name string) { p.picture(fmt.Sprintf("align-%s-%d-%s", name, width, lang)) }
	p.open("/align")
	p.js(fmt.Sprintf("document.querySelector('button[value=%s]')?.click()", lang))
	p.shows(words("page.title.login"), "")
	p.open("/login?next=/align")
	p.fill("form.card", "pin", pin)
	p.shows(words("page.title.align"), words("page.align.what"))
	shot("begin")
	p.js("document.querySelector('main form button').click()")
	p.shows(words("page.title.align"), order(lang).Say)
	shown := func(id, want string) {
		t.Helper()
		p.until(fmt.Sprintf("document.getElementById(%q).textContent===%q", id, want))
	}
	shown("now", "12.3")
	p.until("document.getElementById('bar').style.width==='61.5%' && document.getElementById('mark').style.left==='64%'")
	shot("on")
	p.js("document.querySelector('.done').click()")
	for end := time.Now().Add(patience); len(b.done()) < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("done %+v", b.done())
		}
	}
	if got := b.done()[1]; got.Do != "done" || got.Number != 17 {
		t.Errorf("%+v", got)
	}
	a := order(lang)
	a.Number, a.Now, a.Bar, a.Mood, a.Say = 18, "14.0", 0.7, "good", "[18] "+text.New(lang).Say("align.hold")
	a.Best, a.Mark, a.State = "14.0 dB", 0.7, ""
	b.set(a)
	shown("now", "14.0")
	p.until("document.getElementById('n').value==='18'")
	shot("good")
	a.Now, a.Bar, a.Mood, a.State = "", 0, "warn", text.New(lang).Say("align.old")
	b.set(a)
	shown("now", "---")
	p.until("parseFloat(document.getElementById('bar').style.width)===0")
	shot("stale")
	b.set(page.Alignment{Say: "[19] " + text.New(lang).Say("align.done", "db", "0.1")})
	p.shows(words("page.title.align"), "[19] ")
	shot("over")
	p.quiet()
	if strings.Contains(value[string](p, "document.body.textContent"), "page.align") {
		t.Error("a bare key is shown")
	}
}
