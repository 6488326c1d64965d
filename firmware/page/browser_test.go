package page_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "folder for pictures of the page; empty: none")

const patience = 20 * time.Second

// browser starts Chromium, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium: install the Debian package chromium")
		}
		t.Skip("no Chromium on this machine")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-sync", true),
		chromedp.WSURLReadTimeout(time.Minute))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is one tab with what its console said.
type tab struct {
	context.Context
	t    *testing.T
	base string

	mu   sync.Mutex
	said []string
}

func newTab(t *testing.T, in context.Context, base string, width int64) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(in)
	t.Cleanup(cancel)
	p := &tab{Context: ctx, t: t, base: base}
	console := chromedp.Console(ctx)
	go func() {
		for message, err := range console {
			if err != nil {
				return
			}
			if message.Type == chromedp.ConsoleError || message.Type == chromedp.ConsoleWarning || message.IsException() {
				p.mu.Lock()
				p.said = append(p.said, message.String())
				p.mu.Unlock()
			}
		}
	}()
	if width < 700 {
		p.do(chromedp.EmulateViewport(width, 740, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
		return p
	}
	p.do(chromedp.EmulateViewport(width, 800, chromedp.EmulateScale(1)))
	return p
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.Context, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) open(path string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.base + path))
	p.until("document.readyState==='complete' && location.href!=='about:blank'")
}

// until waits for a JavaScript condition.
func (p *tab) until(condition string) {
	p.t.Helper()
	// Not chromedp's own polling: it ends with the page that gives way to the next.
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		met, err := chromedp.Run(p.Context, chromedp.Evaluate[bool](condition))
		if err == nil && met {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("waiting for %s: %v", condition, err)
		}
	}
}

// shows waits until the page has a heading and a text.
func (p *tab) shows(heading, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.readyState==='complete' && document.querySelector('h1')?.textContent===%q && document.querySelector('main').textContent.includes(%q)", heading, text))
	if wide := value[int](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
		p.t.Errorf("%s is %d px too wide", heading, wide)
	}
}

func value[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.Context, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// js runs a statement.
func (p *tab) js(statement string) {
	p.t.Helper()
	value[bool](p, "(()=>{"+statement+";return true})()")
}

// fill writes into fields, then presses the button of their form.
func (p *tab) fill(form string, pairs ...string) {
	p.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		p.js(fmt.Sprintf("document.getElementById(%q).value=%q", pairs[i], pairs[i+1]))
	}
	p.js(fmt.Sprintf("document.querySelector(%q).click()", form+" button"))
}

func (p *tab) picture(name string) {
	p.t.Helper()
	if *screenshots == "" {
		return
	}
	raw, err := chromedp.Run(p.Context, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(*screenshots, name+".png"), raw, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// quiet fails when the console had an error or a warning, as it has when the policy
// forbids something.
func (p *tab) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.said {
		if !strings.Contains(line, "Failed to load resource") { // forms that were refused on purpose
			p.t.Errorf("console: %s", line)
		}
	}
}

// serve puts a page on a port of this machine.
func (vl *village) serve() string {
	vl.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		vl.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- vl.Serve(ctx, l) }()
	vl.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			vl.t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// The administrator logs in, finds a member, publishes a notice and takes it down, on
// a telephone and on a laptop, in both languages.
func TestBrowser(t *testing.T) {
	in := browser(t)
	for i, lang := range []string{"zh", "en"} {
		for j, width := range []int64{360, 1280} {
			if i+j > 0 && *screenshots == "" {
				continue // a telephone in Chinese; the others are for who looks
			}
			t.Run(fmt.Sprintf("%s-%d", lang, width), func(t *testing.T) { visit(t, in, lang, width) })
		}
	}
}

func visit(t *testing.T, in context.Context, lang string, width int64) {
	vl := open(t)
	words := vl.words(lang)
	title := func(name string) string { return words("page.title." + name) }
	p := newTab(t, in, vl.serve(), width)
	shot := func(name string) { p.picture(fmt.Sprintf("%s-%d-%s", name, width, lang)) }
	p.open("/")
	p.js(fmt.Sprintf("document.querySelector('button[value=%s]')?.click()", lang)) // it is there when the other language is on
	p.shows(title("today"), "党课：乡村振兴")
	if strings.Contains(value[string](p, "document.body.textContent"), "王秀英") {
		t.Error("a viewer sees a name")
	}
	shot("today")
	p.open("/members")
	p.shows(title("login"), words("page.login.why"))
	p.fill("form.card", "pin", "000111")
	p.shows(title("login"), words("page.bad.pin"))
	shot("login")
	p.fill("form.card", "pin", pin)
	p.shows(title("members"), words("page.members.search"))
	p.fill("form.card", "query", "王")
	p.shows(title("members"), "王秀英")
	shot("members")
	p.js("document.querySelector('#found a').click()")
	p.shows(title("member"), "党课：基层治理")
	shot("member")
	p.open("/members/12/household")
	p.shows(title("household"), "王建国")
	p.open("/lessons")
	p.shows(title("lessons"), "党课：基层治理")
	shot("lessons")
	p.open("/lessons/party-2026-11-23/roll")
	p.shows(title("roll"), "张伟")
	shot("roll")
	p.open("/notices")
	p.shows(title("notices"), words("page.notices.none"))
	p.fill("#new", "title", "周五上午发放种子", "text", "每户两袋\n请带户口本", "until", "2026-11-01")
	p.shows(title("notices"), words("page.bad.until"))
	if got := value[string](p, "document.getElementById('text').value"); got != "每户两袋\n请带户口本" {
		t.Errorf("typed text became %q", got)
	}
	shot("notices-refused")
	p.fill("#new", "until", "2026-12-31")
	p.shows(title("notices"), words("page.notices.published"))
	if vl.text != "每户两袋\n请带户口本" {
		t.Errorf("published %q", vl.text)
	}
	shot("notices")
	p.js("document.querySelector('details').open=true;document.querySelector('details button').click()")
	p.shows(title("notices"), words("page.notices.removed"))
	for _, name := range []string{"registers", "access", "help"} {
		p.open("/" + name)
		p.shows(title(name), "")
		shot(name)
	}
	p.js("document.querySelector('form[action=\"/logout\"] button').click()")
	p.shows(title("today"), "党课：乡村振兴")
	p.quiet()
}
