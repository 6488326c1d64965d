package panel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal"
)

// heard lists what was told so far: presses as they are called, releases after a /,
// and a ! where some may have been missed.
func (r rig) heard() (list []string, keys []Key) {
	for {
		select {
		case k := <-r.Keys():
			keys = append(keys, k)
			if k.Missed {
				list = append(list, "!")
			}
			if s := called(k); s != "" && k.Down {
				list = append(list, s)
			} else if s != "" {
				list = append(list, "/"+s)
			}
		default:
			return list, keys
		}
	}
}

func called(k Key) string {
	switch {
	case k.Rune != 0:
		return string(k.Rune)
	case k.Number != 0:
		return fmt.Sprint("b", k.Number)
	case k.Card != "":
		return "c" + k.Card
	case k.Here:
		return "here"
	}
	return ""
}

// want checks what was heard; a kind without releases is spared them. Several ! are one.
func (r rig) want(t *testing.T, want ...string) {
	t.Helper()
	got, keys := r.heard()
	var expect []string
	for _, w := range want {
		if !r.noUp || w[0] != '/' {
			expect = append(expect, w)
		}
	}
	if strings.Join(once(got), " ") != strings.Join(expect, " ") {
		t.Errorf("heard %v, want %v", got, expect)
	}
	for i := range keys {
		if i > 0 && keys[i].At.Before(keys[i-1].At) && !keys[i].Missed && !keys[i-1].Missed {
			t.Errorf("key %d goes back in time", i)
		}
	}
}

func once(list []string) []string {
	var out []string
	for i, s := range list {
		if s != "!" || i == 0 || list[i-1] != "!" {
			out = append(out, s)
		}
	}
	return out
}

func (r rig) tap(i int, hold time.Duration) {
	r.key(i, true)
	time.Sleep(hold)
	r.key(i, false)
	time.Sleep(r.pace)
}

// run runs the panel while do goes on, and wants it to end soon.
func (r rig) run(t *testing.T, do func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	time.Sleep(300 * time.Millisecond)
	do()
	began := time.Now()
	cancel()
	if err := <-ended; err != nil || time.Since(began) > 200*time.Millisecond {
		t.Errorf("ends with %v after %v", err, time.Since(began))
	}
}

// contract is what is promised of every kind.
var contract = map[string]func(t *testing.T, r rig){
	"a press is one key": func(t *testing.T, r rig) {
		for i, name := range r.keys {
			pressed := time.Now()
			r.tap(i, 80*time.Millisecond)
			list, keys := r.heard()
			if len(keys) == 0 || list[0] != name || len(list) > 2 {
				t.Fatalf("heard %v, want %s", list, name)
			}
			if late := keys[0].At.Sub(pressed); late < -time.Millisecond || late > r.late {
				t.Errorf("%s is dated %v after it was pressed", name, late)
			}
		}
	},
	"an answer in time": func(t *testing.T, r rig) {
		var worst time.Duration
		for phase := range 13 { // of what polls
			time.Sleep(time.Duration(phase) * time.Millisecond)
			r.key(0, true) // a card is there when its last key is
			pressed := time.Now()
			<-r.Keys()
			worst = max(worst, time.Since(pressed))
			time.Sleep(60 * time.Millisecond)
			r.key(0, false)
			time.Sleep(r.pace)
			r.want(t, "/"+r.keys[0])
		}
		if worst > 40*time.Millisecond {
			t.Errorf("told after %v", worst)
		}
		t.Logf("told within %v", worst)
	},
	"bounces are one press": func(t *testing.T, r rig) {
		bounce := func(last bool) {
			for range 3 {
				r.key(0, last)
				time.Sleep(700 * time.Microsecond)
				r.key(0, !last)
				time.Sleep(500 * time.Microsecond)
			}
			r.key(0, last)
		}
		bounce(true)
		time.Sleep(80 * time.Millisecond)
		bounce(false)
		time.Sleep(r.pace)
		if r.kept && !r.noUp { // its contacts are debounced by the device; what is left chatters
			got, _ := r.heard()
			if n := strings.Count(" "+strings.Join(got, " ")+" ", " "+r.keys[0]+" "); n != 1 {
				t.Errorf("heard %v, want one press", got)
			}
			return
		}
		r.want(t, r.keys[0], "/"+r.keys[0])
	},
	"held is one press": func(t *testing.T, r rig) {
		r.key(0, true)
		for range 50 {
			time.Sleep(100 * time.Millisecond)
			if r.repeat != nil {
				r.repeat(0)
			}
		}
		r.want(t, r.keys[0])
		r.key(0, false)
		time.Sleep(r.pace)
		r.want(t, "/"+r.keys[0])
	},
	"two at once are two": func(t *testing.T, r rig) {
		if len(r.keys) < 2 || r.noUp {
			return // there is but one button; a reader reads one card at a time
		}
		r.key(0, true)
		time.Sleep(40 * time.Millisecond)
		r.key(1, true)
		time.Sleep(80 * time.Millisecond)
		r.key(0, false)
		time.Sleep(40 * time.Millisecond)
		r.key(1, false)
		time.Sleep(r.pace)
		r.want(t, r.keys[0], r.keys[1], "/"+r.keys[0], "/"+r.keys[1])
	},
	"a ghost is nobody": func(t *testing.T, r rig) {
		if r.ghost == nil {
			return // contacts of their own, or diodes in the device
		}
		r.ghost()
		time.Sleep(time.Second)
		r.want(t)
	},
	"a stuck key is told, and no other suffers": func(t *testing.T, r rig) {
		if r.noUp {
			return // below, as a reader that does not end a key
		}
		r.key(0, true)
		time.Sleep(11 * time.Second)
		if err := r.State(); !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("state: %v", err)
		}
		r.want(t, r.keys[0], "/"+r.keys[0])
		if len(r.keys) > 1 {
			r.tap(1, 80*time.Millisecond)
			r.want(t, r.keys[1], "/"+r.keys[1])
		}
		r.key(0, false)
		time.Sleep(time.Second)
		if err := r.State(); err != nil {
			t.Errorf("free again: %v", err)
		}
		r.tap(0, 80*time.Millisecond)
		r.want(t, r.keys[0], "/"+r.keys[0])
	},
	"unplugged and plugged in again": func(t *testing.T, r rig) {
		for range 3 {
			r.plug(false)
			time.Sleep(20 * time.Second)
			if err := r.State(); !errors.Is(err, hal.ErrGone) && !errors.Is(err, hal.ErrSilent) {
				t.Errorf("state: %v", err)
			}
			r.want(t, "!")
			r.tap(0, 80*time.Millisecond)
			r.plug(true)
			time.Sleep(time.Second)
			if err := r.State(); err != nil {
				t.Errorf("plugged in: %v", err)
			}
			r.want(t, "!") // it was pressed, and nobody knows what
			r.tap(0, 80*time.Millisecond)
			r.want(t, r.keys[0], "/"+r.keys[0])
		}
	},
	"unplugged with a key down": func(t *testing.T, r rig) {
		if r.noUp {
			return
		}
		r.key(0, true)
		time.Sleep(80 * time.Millisecond)
		r.plug(false)
		time.Sleep(time.Second)
		r.key(0, false)
		r.plug(true)
		time.Sleep(time.Second)
		got, _ := r.heard()
		// It may be told before the key is up, after that, or both.
		told := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "!" })
		if strings.Join(told, " ") != r.keys[0]+" /"+r.keys[0] || len(told) == len(got) || got[0] == "!" {
			t.Errorf("heard %v", got)
		}
		time.Sleep(11 * time.Second)
		if err := r.State(); err != nil {
			t.Errorf("long after: %v", err)
		}
		r.tap(0, 80*time.Millisecond)
		r.want(t, r.keys[0], "/"+r.keys[0])
	},
	"no turn is told": func(t *testing.T, r rig) {
		for _, stall := range []time.Duration{200 * time.Millisecond, 700 * time.Millisecond} {
			r.stall(stall)
			time.Sleep(60 * time.Millisecond)
			pressed := time.Now()
			r.tap(0, 70*time.Millisecond)
			time.Sleep(time.Second)
			got, keys := r.heard()
			s := strings.Join(once(got), " ")
			switch {
			case r.kept && s != r.keys[0] && s != r.keys[0]+" /"+r.keys[0]:
				t.Errorf("stall of %v: the device kept the press, heard %v", stall, got)
			case !r.kept && s != "!":
				t.Errorf("stall of %v: heard %v, want !", stall, got)
			case r.kept && keys[0].At.Sub(pressed).Abs() > time.Millisecond:
				t.Errorf("stall of %v: dated %v after the press", stall, keys[0].At.Sub(pressed))
			}
		}
		r.tap(0, 80*time.Millisecond)
		time.Sleep(3 * time.Second)
		r.tap(0, 80*time.Millisecond)
		if got, _ := r.heard(); len(got) == 0 || strings.Contains(strings.Join(got, " "), "!") {
			t.Errorf("afterwards heard %v", got)
		}
	},
	"nobody listens": func(t *testing.T, r rig) {
		for range keysDepth + 5 {
			r.tap(0, 80*time.Millisecond)
		}
		if r.Lost() == 0 {
			t.Error("nothing lost")
		}
		r.heard()
		r.tap(0, 80*time.Millisecond)
		r.want(t, "!", r.keys[0], "/"+r.keys[0])
	},
	"ends with a key down":  func(_ *testing.T, r rig) { r.key(0, true); time.Sleep(50 * time.Millisecond) },
	"ends while unplugged":  func(_ *testing.T, r rig) { r.plug(false); time.Sleep(time.Second) },
	"ends when never there": func(_ *testing.T, r rig) { r.plug(false); time.Sleep(time.Minute) },
	"nothing from nothing":  func(t *testing.T, r rig) { time.Sleep(time.Minute); r.want(t) },
}

// TestContract: every kind keeps every promise.
func TestContract(t *testing.T) {
	for kind, open := range kinds {
		for promise, keep := range contract {
			t.Run(kind+"/"+promise, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := open(t)
					r.run(t, func() { keep(t, r) })
				})
			})
		}
	}
}
