package bench_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "folder for pictures of the page; empty: none")

const patience = 20 * time.Second

// tab is one page in a real browser together with what its console said.
type tab struct {
	context.Context
	t *testing.T

	mu   sync.Mutex
	said []string
}

// newBrowser starts Chromium, or skips the test where there is none.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium: install the Debian package chromium")
		}
		t.Skip("no Chromium on this machine")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
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

// open shows url in a new tab of the given width and colour scheme.
func open(t *testing.T, browser context.Context, url string, width int64, scheme string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &tab{Context: ctx, t: t}
	console := chromedp.Console(ctx)
	go p.listen(console)
	height, opts := int64(900), []chromedp.EmulateViewportOption{chromedp.EmulateScale(1)}
	if width < 700 {
		height, opts = 844, []chromedp.EmulateViewportOption{chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch}
	}
	p.do(chromedp.EmulateViewport(width, height, opts...))
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Navigate(url))
	return p
}

func (p *tab) listen(console func(func(chromedp.ConsoleMessage, error) bool)) {
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
}

// do runs steps, bounded.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.Context, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// until waits for a JavaScript condition.
func (p *tab) until(condition string) {
	p.t.Helper()
	poll := chromedp.Poll[bool](condition, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience))
	if _, err := chromedp.Run(p.Context, poll); err != nil {
		p.t.Fatalf("waiting for %s: %v", condition, err)
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

// quiet fails when the console had an error or a warning.
func (p *tab) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.said {
		p.t.Errorf("console: %s", line)
	}
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

const text = `((id) => document.getElementById(id).textContent)`

// shown waits until the page draws the stage it was given.
func (p *tab) shown(stage string) {
	p.t.Helper()
	want := map[string]string{
		"idle": "idle", "warm_up": "warming", "playing": "on", "cool_down": "cooling", "trip": "fault", "bare": "unknown",
	}[stage]
	projector := want
	if stage == "idle" {
		projector = "off"
	}
	p.until(fmt.Sprintf(`document.getElementById("projector").dataset.state === %q`, projector))
}

// middle is the centre of an element that has been scrolled into view.
func (p *tab) middle(selector string) (x, y float64) {
	p.t.Helper()
	at := value[[]float64](p, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, selector))
	return at[0], at[1]
}
