package bench_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// TestPage drives the page in a real browser, one after the other in the same
// process: starting it is the slow part.
func TestPage(t *testing.T) {
	browser := newBrowser(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, context.Context)
	}{
		{"every stage in both languages fits every screen", testStages},
		{"text stands out from its ground", testContrast},
		{"catalogue has the same words in both languages", testCatalogue},
		{"language switch is remembered", testLanguage},
		{"mouse holds a key down until it lets go", testMouse},
		{"finger presses keys on a phone", testFinger},
		{"keyboard reaches the panel", testKeyboard},
		{"hands on the bench", testHands},
		{"refused line is explained", testRefused},
		{"state is shown", testState},
		{"lost connection is said and heals", testLost},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, browser) })
	}
}

func testStages(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	for _, screen := range []struct {
		name   string
		width  int64
		scheme string
		lang   string
	}{
		{"desk", 1440, "light", "zh"}, {"phone", 390, "dark", "en"}, {"small", 320, "light", "en"}, {"laptop", 1100, "light", "en"},
		{"tablet", 768, "light", "zh"}, {"desk", 1440, "dark", "en"}, {"phone", 390, "light", "zh"},
	} {
		t.Run(fmt.Sprintf("%s-%s-%s", screen.name, screen.scheme, screen.lang), func(t *testing.T) {
			village.show(t, "idle")
			p := open(t, browser, village.URL+"?lang="+screen.lang, screen.width, screen.scheme)
			for _, stage := range []string{"idle", "warm_up", "playing", "cool_down", "trip", "bare"} {
				village.show(t, stage)
				p.shown(stage)
				if stage == "playing" {
					p.until(`document.getElementById("tv-frame").width === 480`)
				}
				if wide := value[int](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					t.Errorf("stage %s: page is %d px wider than the screen", stage, wide)
				}
				if left := value[[]string](p, untranslated); len(left) > 0 {
					t.Errorf("stage %s: texts without a translation: %q", stage, left)
				}
				p.picture(fmt.Sprintf("%s-%s-%s-%s", screen.name, screen.scheme, screen.lang, stage))
			}
			p.quiet()
		})
	}
}

// untranslated lists texts and labels that look like a key of the catalogue or
// have an unfilled {gap}.
const untranslated = `[...document.querySelectorAll("body *")]
	.flatMap((e) => [e.children.length ? "" : e.textContent, e.getAttribute("aria-label") ?? ""])
	.filter((s) => /\{\w+\}|^[a-z]+\.[a-z_]+$|undefined|NaN|\[object/.test(s))`

// faint lists texts whose contrast to a plain ground behind them is below 4.5,
// or 3 for large ones (WCAG 2.2, 1.4.3).
const faint = `(() => {
	const parts = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
	const plain = (c) => c.startsWith("rgb") && (parts(c)[3] ?? 1) === 1;
	const light = (c) => parts(c).slice(0, 3).map((v) => v / 255)
		.map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (e) => {
		for (; e; e = e.parentElement) {
			const s = getComputedStyle(e);
			if (s.backgroundImage !== "none") return null;
			if (plain(s.backgroundColor)) return s.backgroundColor;
		}
		return null;
	};
	return [...document.querySelectorAll("body *")].filter((e) => {
		if (e.children.length || !e.textContent.trim() || !e.checkVisibility() || e.ownerSVGElement) return false;
		const back = ground(e);
		const style = getComputedStyle(e);
		if (!back || !plain(style.color)) return false;
		const [low, high] = [light(style.color), light(back)].sort((a, b) => a - b);
		const big = parseFloat(style.fontSize) >= 24;
		return (high + 0.05) / (low + 0.05) < (big ? 3 : 4.5);
	}).map((e) => e.className + " " + e.textContent);
})()`

func testContrast(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, stage := range []string{"playing", "trip"} {
			t.Run(scheme+" "+stage, func(t *testing.T) {
				village.show(t, stage)
				p := open(t, browser, village.URL, 1440, scheme)
				p.shown(stage)
				if texts := value[[]string](p, faint); len(texts) > 0 {
					t.Errorf("too faint: %q", texts)
				}
				p.quiet()
			})
		}
	}
}

func testCatalogue(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	p := open(t, browser, village.URL, 1440, "light")
	p.until(`(window.odd = null, import("./i18n.js").then((m) => {
		const [zh, en] = [m.catalogue.zh, m.catalogue.en];
		const gaps = (s) => (s?.match(/\{\w+\}/g) ?? []).sort().join();
		window.odd = Object.keys({...zh, ...en}).filter((k) => !zh[k] || !en[k] || gaps(zh[k]) !== gaps(en[k]));
	}), true)`)
	p.until(`window.odd !== null`)
	if odd := value[[]string](p, `window.odd`); len(odd) > 0 {
		t.Errorf("keys not the same in both languages: %q", odd)
	}
}

func testLanguage(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	p := open(t, browser, village.URL, 1440, "light")
	p.until(text + `("panel-h") === "按键盘"`)
	p.do(chromedp.Click(chromedp.CSS(`[data-lang="en"]`)))
	p.until(text + `("panel-h") === "Button panel" && document.documentElement.lang === "en"`)
	p.do(chromedp.Navigate(village.URL))
	p.until(text + `("panel-h") === "Button panel"`)
	p.quiet()
}

func testMouse(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	p := open(t, browser, village.URL, 1440, "light")
	p.shown("idle")
	x, y := p.middle(`[data-key="1"]`)
	left := chromedp.ButtonLeft
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, left, chromedp.ClickCount(1)))
	village.expect(t, "key 1 down")
	p.until(`document.querySelector('[data-key="1"]').dataset.down === "yes"`)
	// the hand slips off the key before it lets go
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 5, 5, left),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, 5, 5, left, chromedp.ClickCount(1)))
	village.expect(t, "key 1 up")
	p.do(chromedp.Click(chromedp.CSS(`[data-key="2"]`)), chromedp.Click(chromedp.CSS(`[data-key="#"]`)))
	village.expect(t, "key 2 down", "key 2 up", "key # down", "key # up")
	p.quiet()
}

func testFinger(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	p := open(t, browser, village.URL, 390, "light")
	p.shown("idle")
	for _, key := range []string{"7", "#"} {
		x, y := p.middle(fmt.Sprintf(`[data-key=%q]`, key))
		p.do(chromedp.TapXY(x, y))
	}
	village.expect(t, "key 7 down", "key 7 up", "key # down", "key # up")
	p.quiet()
}

func testKeyboard(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	p := open(t, browser, village.URL, 1440, "light")
	p.shown("idle")
	p.do(chromedp.Focus(chromedp.CSS(`[data-key="5"]`)), chromedp.KeyEvent("12#"), chromedp.KeyEvent(" "))
	village.expect(t, "key 1 down", "key 1 up", "key 2 down", "key 2 up", "key # down", "key # up", "key 5 down", "key 5 up")
	p.quiet()
}

func testHands(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	village.show(t, "playing")
	p := open(t, browser, village.URL+"?lang=en", 1440, "light")
	p.shown("playing")
	slide := func(id, to string) string {
		return fmt.Sprintf(`(() => { const s = document.getElementById(%q); s.value = %q; s.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`, id, to)
	}
	for _, hand := range []struct {
		name string
		do   func()
		want []string
	}{
		{"villager", func() { p.do(chromedp.Click(chromedp.CSS(`[data-number="12"]`))) }, []string{"press 12"}},
		{"volts", func() { p.until(slide("volts", "268")) }, []string{"mains 268V"}},
		{"hertz", func() { p.until(slide("hz", "49.5")) }, []string{"freq 49.5Hz"}},
		{"swell", func() { p.do(chromedp.Click(chromedp.CSS(`[data-text="mains.swell"]`))) }, []string{"mains 268V for 400ms"}},
		{"outage", func() { p.do(chromedp.Click(chromedp.CSS(`[data-text="mains.outage"]`))) }, []string{"mains off for 3s"}},
		{"normal", func() { p.do(chromedp.Click(chromedp.CSS(`[data-text="mains.normal"]`))) }, []string{"mains 220V", "freq 50Hz"}},
		{"fault on", func() { p.do(chromedp.Click(chromedp.CSS(`[data-device="meter"] [data-kind="garbled"]`))) }, []string{"fault meter garbled"}},
		{"fault off", func() { p.do(chromedp.Click(chromedp.CSS(`[data-device="meter"] [data-kind="garbled"]`))) }, []string{"fault meter none"}},
		{"dish up", func() { p.do(chromedp.Click(chromedp.CSS(`[data-text="dish.up"]`))) }, []string{"dish el +0.5"}},
		{"alignment", func() { p.do(chromedp.Click(chromedp.CSS(`[data-text="dish.align"]`))) }, []string{"villager align"}},
		{"cable", func() { p.do(chromedp.Click(chromedp.CSS(`[data-text="dish.cable_out"]`))) }, []string{"cable out"}},
		{"rain", func() { p.until(slide("dish-rain", "6")) }, []string{"rain 6"}},
		{"sunk base", func() { p.until(slide("dish-sink", "0.8")) }, []string{"sink 0.8 90"}},
		{"receiver", func() { p.do(chromedp.Click(chromedp.CSS(`[data-device="tuner"] [data-kind="busy"]`))) }, []string{"fault tuner busy"}},
		{"kill", func() { p.do(chromedp.Click(chromedp.CSS(`[data-proc="station"] .danger`))) }, []string{"kill station"}},
		{"freeze", func() { p.do(chromedp.Click(chromedp.CSS(`[data-proc="guard"] .plain`))) }, []string{"stop guard for 1s"}},
		{"line", func() { p.do(chromedp.SendKeys(chromedp.CSS("#line-text"), "thd 8%\r")) }, []string{"thd 8%"}},
	} {
		hand.do()
		village.expect(t, hand.want...)
		if t.Failed() {
			t.Fatalf("hand %s", hand.name)
		}
	}
	p.quiet()
}

func testRefused(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	village.deny(`unknown device "metre", did you mean "meter"?`)
	p := open(t, browser, village.URL, 1440, "light")
	p.shown("idle")
	p.do(chromedp.SendKeys(chromedp.CSS("#line-text"), "fault metre silent\r"))
	p.until(text + `("toast").includes('did you mean "meter"?')`)
}

func testState(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	p := open(t, browser, village.URL, 1440, "light")
	village.show(t, "playing")
	p.until(text + `("present") === "5" && document.querySelectorAll('.seat[data-here="yes"]').length === 5`)
	p.until(`document.querySelector('[aria-current="step"]').dataset.step === "playing"`)
	p.until(text + `("clock") === "19:30:18" && ` + text + `("zone").includes("UTC+8")`)
	p.until(text + `("guard-state") === "正常供电" && document.querySelectorAll("#diagram .blade[data-closed='yes']").length === 5`)
	p.until(`document.getElementById("panel-lamp").dataset.on === "yes" && document.querySelector('[data-key="7"]').dataset.down === "yes"`)
	p.until(`document.querySelector("#events li").textContent.includes("268 V")`)
	p.until(`document.getElementById("volts").value === "220"`)
	p.until(text + `("dish-signal") === "亚洲9号 6.9\u2009dB" && document.getElementById("dish-signal").dataset.look === "warn"`)
	p.until(`document.getElementById("dish-rain").value === "1.5" && document.querySelectorAll("#dish-sky .other").length === 2`)
	p.until(`document.querySelectorAll("#dish-figures dd")[3].textContent === "1.065\u2009°"`)
	p.until(`document.getElementById("why").hidden && document.querySelector("#tv-badges .bad") === null`)
	village.show(t, "warm_up")
	p.until(text + `("why") === "投影正在预热，约 10s 等一等。"`)
	village.show(t, "trip")
	p.until(text + `("guard-state") === "跳闸" && document.querySelectorAll("#needs li").length === 2`)
	p.until(`document.getElementById("volts").value === "352" && document.querySelectorAll("#diagram .blade[data-closed='yes']").length === 0`)
	p.until(`document.querySelector('[data-device="tv"] [data-kind="garbled"]').getAttribute("aria-pressed") === "true"`)
	p.quiet()
}

func testLost(t *testing.T, browser context.Context) {
	village := newFakeBench(t)
	p := open(t, browser, village.URL+"?lang=en", 1440, "light")
	p.shown("idle")
	addr := strings.Trim(strings.TrimPrefix(village.URL, "http:"), "/")
	village.close(t)
	p.until(`!document.getElementById("net").hidden && ` + text + `("net").startsWith("Connection to the bench lost")`)
	p.picture("lost")
	village.open(t, addr)
	p.until(`document.getElementById("net").hidden`)
}
