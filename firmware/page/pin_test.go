package page_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/page"
)

func TestWeakPINs(t *testing.T) {
	for pin, want := range map[string]string{
		"493715": "", "80422617": "", "907143520188": "", "311299": "",
		"49371": "page.pin.short", "": "page.pin.short", "4937150000001": "page.pin.long", "49371a": "page.pin.digits", "４９３７１５": "page.pin.digits",
		"123456": "page.pin.simple", "654321": "page.pin.simple", "890123": "page.pin.simple", "246802": "page.pin.simple", "000000": "page.pin.simple",
		"121212": "page.pin.simple", "123123": "page.pin.simple", "123321": "page.pin.simple", "112211": "page.pin.simple", "888886": "page.pin.simple", "52015201": "page.pin.simple",
		"680412": "page.pin.birthday", "19680412": "page.pin.birthday", "20120229": "page.pin.birthday", "991231": "page.pin.birthday", "18680412": "",
	} {
		if got := page.Weakness(pin); got != want {
			t.Errorf("%s: %q, want %q", pin, got, want)
		}
	}
}

// Nearly all of a million PINs may be chosen: the rules do not help who guesses.
func TestFewPINsAreRefused(t *testing.T) {
	const step = 97
	refused, tried := 0, 0
	for n := 0; n < 1_000_000; n += step {
		tried++
		if page.Weakness(fmt.Sprintf("%06d", n)) != "" {
			refused++
		}
	}
	if share := float64(refused) / float64(tried); share > 0.045 || share < 0.035 {
		t.Errorf("%.1f%% of all PINs are refused", 100*share)
	}
}

func TestPINFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "page")
	pins := page.PINsIn(dir)
	var weak *page.WeakPIN
	if err := pins.Set("123456"); !errors.As(err, &weak) || weak.Key != "page.pin.simple" {
		t.Errorf("weak: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a refused PIN made a folder")
	}
	if err := pins.Set(" ４９３ ７１５\n"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pin.json")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	b, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(b), "493715") || !strings.Contains(string(b), `"iterations":250000`) {
		t.Errorf("%s %v", b, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left over: %v", left)
	}
	quick, err := page.New(page.Opts{Dir: dir, Now: time.Now, Record: func(context.Context, firmware.Access) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	g := (&village{Page: quick, t: t}).guest()
	if w := g.post("/login", "pin", "4937 15"); w.Code != 303 || g.cookies["session"] == "" { // with all iterations
		t.Errorf("log-in: %d", w.Code)
	}
	weakly, err := pinFile()
	if err == nil {
		err = os.WriteFile(file, weakly, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if w := g.post("/login", "pin", pin); w.Code != 409 {
		t.Errorf("a file with one iteration: %d", w.Code)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pins.Set("111111"); err == nil {
		t.Error("a weak PIN was taken")
	}
	if after, _ := os.ReadFile(file); string(after) != string(b) {
		t.Error("a refused PIN changed the file")
	}
}

// A file of the PIN that is none lets nobody in.
func TestPINFileIsDamaged(t *testing.T) {
	var dir string
	vl := open(t, func(_ *village, o *page.Opts) { dir = o.Dir })
	good, err := pinFile()
	if err != nil {
		t.Fatal(err)
	}
	zeroes := strings.Replace(string(good), `"iterations":1`, `"iterations":0`, 1)
	for _, content := range []string{"", "{}", string(good[:40]), zeroes, `{"v":1,"salt":"","hash":"","iterations":250000}`} {
		if err := os.WriteFile(filepath.Join(dir, "pin.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		g := vl.guest()
		for _, typed := range []string{pin, "000000"} {
			if w := g.post("/login", "pin", typed); w.Code != http.StatusConflict || len(g.cookies) > 0 {
				t.Errorf("%q: %d", content, w.Code)
			}
		}
		g.cookies["session"] = vl.Enter()
		if w := g.get("/members"); w.Code != 303 {
			t.Errorf("%q: a session without a PIN: %d", content, w.Code)
		}
	}
	if err := os.Remove(filepath.Join(dir, "pin.json")); err != nil {
		t.Fatal(err)
	}
	has(t, vl.guest().post("/login", "pin", pin), "station page pin")
	has(t, vl.guest().get("/login"), "station page pin")
}

// Whoever guesses for days, from as many addresses as there are and as fast as
// may be, gets to compare 1,440
// PINs a day at most: a million take two years.
func TestGuessingIsSlow(t *testing.T) {
	for name, sources := range map[string]int{"one address": 1, "a hundred": 100, "any number": 1 << 30} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				guesses := 0
				th := page.NewThrottle(time.Now)
				const days = 3
				for end := time.Now().Add(days * 24 * time.Hour); time.Now().Before(end) && guesses < days*24*100; {
					wait, ok := th.Begin(fmt.Sprintf("10.0.%d", rand.IntN(sources)))
					if ok {
						guesses++
						continue
					}
					time.Sleep(min(wait, time.Minute)) // another address may be free earlier
				}
				most := days*24*60 + 30
				if sources == 1 {
					most = days*24*4 + 30
				}
				if guesses > most || guesses < most/10 {
					t.Errorf("%d guesses, at most %d", guesses, most)
				}
			})
		})
	}
}

// However many addresses try or only knock, the accounts of them are bounded.
func TestThrottleForgetsTheOldest(t *testing.T) {
	now := noon
	th := page.NewThrottle(func() time.Time { return now })
	for i := range 1500 {
		th.Begin(fmt.Sprint("guesser", i))
		th.Begin(fmt.Sprint("knocker", i))
		now = now.Add(time.Minute)
	}
	if n := th.Sources(); n != 512 {
		t.Errorf("%d accounts are kept", n)
	}
}

// Many tries at the same moment are many tries.
func TestGuessesAtOnce(t *testing.T) {
	th := page.NewThrottle(time.Now)
	var wg sync.WaitGroup
	var mu sync.Mutex
	begun := 0
	for range 100 {
		wg.Go(func() {
			if _, ok := th.Begin("10.0.0.1"); ok {
				mu.Lock()
				begun++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if begun != 3 {
		t.Errorf("%d tries at once", begun)
	}
}

// The administrator is not kept out by who guesses elsewhere, once known; an hour
// later nobody waits; waits grow.
func TestThrottleIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := page.NewThrottle(time.Now)
		if _, ok := th.Begin("admin"); !ok {
			t.Fatal("first try")
		}
		th.Right("admin")
		for i := range 40 {
			th.Begin(fmt.Sprint("guesser", i))
		}
		if _, ok := th.Begin("stranger"); ok {
			t.Error("a stranger does not wait")
		}
		if _, ok := th.Begin("admin"); !ok {
			t.Error("the administrator waits for others")
		}
		th.Undo("admin")
		var last time.Duration
		for i := range 12 {
			wait, ok := th.Begin("admin")
			if ok != (i < 3) && last == 0 {
				t.Errorf("try %d: %v %v", i, wait, ok)
			}
			if !ok {
				if wait < last || wait > 15*time.Minute {
					t.Errorf("wait %v after %v", wait, last)
				}
				last = wait
				time.Sleep(wait)
				th.Begin("admin")
			}
		}
		time.Sleep(time.Hour + time.Minute)
		for _, who := range []string{"admin", "stranger"} {
			if wait, ok := th.Begin(who); !ok {
				t.Errorf("%s waits %v after an hour", who, wait)
			}
		}
	})
}

// However tries come, no source waits for longer than the bounds.
func TestThrottleBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := noon
		th := page.NewThrottle(func() time.Time { return now })
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			who := fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "who"))
			wait, ok := th.Begin(who)
			if ok == (wait > 0) || wait > 15*time.Minute {
				t.Fatalf("%v %v", wait, ok)
			}
			switch rapid.IntRange(0, 5).Draw(t, "then") {
			case 0:
				if ok {
					th.Right(who)
				}
			case 1:
				if ok {
					th.Undo(who)
				}
			default:
				now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "pause")))
			}
		}
	})
}

// A restart does not give a guesser new tries.
func TestThrottleSurvivesARestart(t *testing.T) {
	looks := &page.Looks{}
	record := func(at time.Time) {
		looks.Feed(firmware.Record{Kind: firmware.KindAccess, Wall: at, Data: []byte(`{"who":"viewer","from":"192.168.8.66","what":"refused"}`)})
	}
	for _, ago := range []time.Duration{3 * time.Hour, 40 * time.Minute, 30 * time.Second, 20 * time.Second, 2 * time.Second} {
		record(noon.Add(-ago))
	}
	vl := open(t, func(_ *village, o *page.Opts) { o.Looks = looks })
	g := vl.guest()
	g.from = "192.168.8.66:5555"
	w := g.post("/login", "pin", "111222")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	has(t, w, "还要等")
	hasNot(t, w, "111222")
}

// Wrong PINs are told how long to wait, and what is no PIN is not a try.
func TestLoginSaysWhatIsWrong(t *testing.T) {
	vl := open(t)
	g := vl.guest()
	for range 20 {
		if w := g.post("/login", "pin", "12ab"); w.Code != 422 {
			t.Fatalf("%d", w.Code)
		}
	}
	has(t, g.post("/login", "pin", "000111", "next", "/notices"), "密码不对", "请再输一次", `value="/notices"`)
	g.post("/login", "pin", "000111")
	w := g.post("/login", "pin", "000111")
	if w.Code != 403 {
		t.Errorf("third: %d", w.Code)
	}
	has(t, w, "要等 5 秒")
	w = g.post("/login", "pin", pin)
	if w.Code != 429 || len(g.cookies) != 0 {
		t.Errorf("the right PIN while one has to wait: %d", w.Code)
	}
}
