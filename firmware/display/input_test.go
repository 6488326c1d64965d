package display_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/display"
	"stationbox/hal"
)

// telling is a lamp that is on and tells its input.
type telling struct {
	lamp
	is     string
	slow   time.Duration // to switch
	stuck  bool          // says yes and does not switch
	refuse bool          // to switch
	mum    bool          // does not tell
	asked  int
}

func (l *telling) Input(_ context.Context, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, "input "+name)
	switch {
	case l.refuse:
		return fmt.Errorf("lamp: %w", hal.ErrRefused)
	case l.stuck:
	case l.slow > 0:
		time.AfterFunc(l.slow, func() { l.set(func() { l.is = name }) })
	default:
		l.is = name
	}
	return nil
}

func (l *telling) Shows(_ context.Context, name string) (bool, string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.mum {
		return false, "", fmt.Errorf("lamp: %w", hal.ErrRefused)
	}
	return l.is == name, l.is, nil
}

func (l *telling) set(fn func()) { l.mu.Lock(); fn(); l.mu.Unlock() }

// hearing collects events.
type hearing struct {
	mu   sync.Mutex
	list []string
}

func (e *hearing) hear(ev display.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, strings.TrimSpace(ev.Kind+" "+ev.Input))
}

func (e *hearing) said() string { e.mu.Lock(); defer e.mu.Unlock(); return strings.Join(e.list, ", ") }

func TestInput(t *testing.T) {
	tests := []struct {
		name   string
		lamp   *telling
		play   func(*telling, *display.Keeper)
		sent   string
		events string
		wrong  bool
		is     string
	}{
		{"what is shown already is not selected", &telling{is: "31"}, nil, "", "", false, "31"},
		{"selected once, though it takes its time", &telling{is: "11", slow: 4 * time.Second}, nil, "input 31", "", false, "31"},
		{"one that does not tell is selected once", &telling{is: "11", mum: true}, nil, "input 31", "", false, ""},
		{"chosen by hand, taken back", &telling{is: "31"}, func(l *telling, k *display.Keeper) {
			l.set(func() { l.is = "11" })
			time.Sleep(time.Minute)
		}, "input 31", "input 11", false, "31"},
		{"chosen again and again, left after three times", &telling{is: "31"}, func(l *telling, k *display.Keeper) {
			for range 20 {
				l.set(func() { l.is = "11" })
				time.Sleep(time.Minute)
			}
		}, "input 31, input 31, input 31", "input 11, input 11, input 11, input_left 11", true, "11"},
		{"one that does not switch is tried three times", &telling{is: "11", stuck: true}, func(l *telling, k *display.Keeper) {
			time.Sleep(20 * time.Minute)
		}, "input 31, input 31, input 31, input 31", "input 11, input 11, input 11, input_left 11", true, "11"},
		{"left, and then chosen right", &telling{is: "11", stuck: true}, func(l *telling, k *display.Keeper) {
			time.Sleep(20 * time.Minute)
			l.set(func() { l.is = "31" })
			time.Sleep(time.Minute)
		}, "input 31, input 31, input 31, input 31", "input 11, input 11, input 11, input_left 11", false, "31"},
		{"a moment of silence selects nothing anew", &telling{is: "11"}, func(l *telling, k *display.Keeper) {
			l.set(func() { l.silent = true })
			time.Sleep(20 * time.Second)
			l.set(func() { l.silent = false })
			time.Sleep(time.Minute)
		}, "input 31", "", false, "31"},
		{"a new wish takes it back anew", &telling{is: "31"}, func(l *telling, k *display.Keeper) {
			for range 2 {
				k.Want(false)
				time.Sleep(time.Minute)
				k.Want(true)
				time.Sleep(time.Minute)
				l.set(func() { l.is = "11" })
				time.Sleep(30 * time.Second)
			}
		}, "off, on, input 31, off, on, input 31", "input 11, input 11", false, "31"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.lamp.state = hal.DisplayOn
				var e hearing
				k := run(t, tt.lamp, display.Opts{Input: "31", Told: e.hear})
				k.Powered(true)
				k.Want(true)
				time.Sleep(30 * time.Second)
				if tt.play != nil {
					tt.play(tt.lamp, k)
				}
				synctest.Wait()
				if got := tt.lamp.commands(); got != tt.sent {
					t.Errorf("sent %q, want %q", got, tt.sent)
				}
				said := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(e.said(), "proved, ", ""), "learned, ", ""), "proved", "")
				if said = strings.Trim(said, ", "); said != tt.events {
					t.Errorf("events %q, want %q", said, tt.events)
				}
				if st := k.Status(); st.InputWrong != tt.wrong || st.InputIs != tt.is || st.InputErr != nil {
					t.Errorf("wrong %v, is %q, %v; want %v, %q", st.InputWrong, st.InputIs, st.InputErr, tt.wrong, tt.is)
				}
			})
		})
	}
}

// While it lasts the status says that the input is wrong, and no sooner than the
// display has had the time to switch.
func TestWrongInputIsSaidWhileItLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &telling{is: "11", stuck: true}
		l.state = hal.DisplayOn
		k := run(t, l, display.Opts{Input: "31"})
		k.Powered(true)
		k.Want(true)
		time.Sleep(4 * time.Second)
		if st := k.Status(); st.InputWrong || st.InputIs != "11" {
			t.Errorf("at once: %+v", st)
		}
		time.Sleep(7 * time.Second)
		for range 300 { // also while it is selected again, and when it is left
			time.Sleep(time.Second)
			if st := k.Status(); !st.InputWrong || st.InputIs != "11" {
				t.Fatalf("%+v", st)
			}
		}
		if st := k.Status(); !st.InputLeft || l.selected() != 4 {
			t.Errorf("selected %d times, left %v", l.selected(), st.InputLeft)
		}
		l.set(func() { l.silent = true })
		time.Sleep(10 * time.Second)
		if st := k.Status(); st.InputWrong || st.InputIs != "" {
			t.Errorf("of one that is silent: %+v", st)
		}
	})
}

func (l *telling) selected() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.log) }

// One that is still switching is not told again, though there is news.
func TestInputHasTheTimeToSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &telling{is: "11", slow: 4 * time.Second}
		l.state = hal.DisplayOn
		k := run(t, l, display.Opts{Input: "31"})
		k.Powered(true)
		k.Want(true)
		time.Sleep(2 * time.Second)
		k.News()
		time.Sleep(20 * time.Second)
		if st := k.Status(); l.commands() != "input 31" || st.InputIs != "31" {
			t.Errorf("told %q; %+v", l.commands(), st)
		}
	})
}

// A display that refuses to switch is told less and less often, and still asked
// for its details.
func TestRefusedInputIsToldEverMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &telling{is: "11", refuse: true}
		l.state = hal.DisplayOn
		k := run(t, l, display.Opts{Input: "31"})
		k.Powered(true)
		k.Want(true)
		time.Sleep(10 * time.Second)
		if st := k.Status(); st.InputErr != nil || l.selected() != 4 {
			t.Errorf("one that has just gone on: %v after %d times", st.InputErr, l.selected())
		}
		time.Sleep(30 * time.Minute)
		if n := l.selected(); n < 25 || n > 40 {
			t.Errorf("told %d times in half an hour", n)
		}
		if st := k.Status(); st.InputErr == nil {
			t.Errorf("%+v", st)
		}
		l.set(func() { l.refuse = false })
		time.Sleep(time.Minute)
		if st := k.Status(); st.InputErr != nil || st.InputIs != "31" {
			t.Errorf("%+v", st)
		}
	})
}

// Of several ways one that answers and can tell is asked, by its own name of the
// input; without one nobody knows.
func TestInputIsAskedByAWayThatTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &lamp{state: hal.DisplayOn}, &telling{is: "B"}
		second.state = hal.DisplayOn
		c := display.NewChain([]display.Way{{Name: "first", Dev: first, Input: "A"}, {Name: "second", Dev: second, Input: "B"}}, display.ChainOpts{})
		k := run(t, c, display.Opts{Input: "A"})
		k.Powered(true)
		k.Want(true)
		time.Sleep(30 * time.Second)
		if st := k.Status(); st.InputIs != "B" || st.InputWrong || first.commands() != "" {
			t.Errorf("%+v; told %q", st, first.commands())
		}
		second.set(func() { second.is = "C" })
		time.Sleep(30 * time.Second)
		if got := first.commands(); got != "input A" {
			t.Errorf("told %q", got)
		}
		second.set(func() { second.mum = true })
		time.Sleep(30 * time.Second)
		if st := k.Status(); st.InputIs != "" || st.InputWrong {
			t.Errorf("nobody tells, and yet %+v", st)
		}
	})
}
