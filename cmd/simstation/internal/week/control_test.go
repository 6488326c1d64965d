package week

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/config"
)

// plain is a village in which nothing is wrong, with one lesson in the evening.
func plain() (nature, lessonOf) {
	e := config.DefaultEntry()
	e.ID, e.Title, e.At, e.File, e.Days, e.Duration = "evening", "evening", "19:30", "evening.mp4", []string{"mon"}, config.Duration(20*time.Minute)
	n := nature{tv: "lg", rule: "wait", zone: "Asia/Shanghai", networked: true, rows: []config.Entry{e}, lengths: map[string]time.Duration{e.File: 20 * time.Minute}}
	return n, n.lessons(monday, 1, func(int) string { return n.zone })[0]
}

// TestJudgeNotices lets whole evenings go wrong in ways that must be objected to, and
// one go right.
func TestJudgeNotices(t *testing.T) {
	cases := []struct {
		name string
		tune func(n *nature)
		fate func(v *village, l lessonOf)
		want string // in the verdict; "": none
	}{
		{"nothing happens", nil, nil, ""},
		{"the lamp's cool-down is set far too short", func(n *nature) { n.coolDown = time.Second },
			func(v *village, l lessonOf) {
				v.on(v.truth.at(l.start.Add(5*time.Minute)), "box reset", func() {
					v.excuse(6*time.Minute, false, "box reset")
					v.powerOff()
					v.after(5*time.Second, "box up", v.powerOn)
				})
			}, "struck hot"},
		{"a relay falls while the lamp burns", nil, func(v *village, l lessonOf) {
			v.on(v.truth.at(l.start.Add(5*time.Minute)), "guard dies", func() { v.guards.end() })
		}, "mains was taken from the hot lamp"},
		{"nobody switches the box on", nil, func(v *village, l lessonOf) {
			v.on(v.truth.at(l.start.Add(-2*time.Hour)), "box off", v.powerOff)
		}, "missed, and nothing excuses it"},
		{"somebody lights the TV two hours before", nil, func(v *village, l lessonOf) {
			v.on(v.truth.at(l.start.Add(-150*time.Minute)), "lit", func() {
				v.guards.end()
				v.world.SetRelay(0, true)
				for range 400 {
					v.world.DriveEdge(v.world.Time())
					time.Sleep(time.Second)
					v.world.TVPower(true)
				}
			})
		}, "outside a lesson"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, l := plain()
				if c.tune != nil {
					c.tune(&n)
				}
				got := lead(t, 1, n, l.start.Add(-3*time.Hour), l.start.Add(time.Hour), []lessonOf{l}, func(v *village) {
					if c.fate != nil {
						c.fate(v, l)
					}
				})
				all := strings.Join(got, "\n")
				if c.want == "" && len(got) > 0 || !strings.Contains(all, c.want) {
					t.Errorf("verdict %q, want %q", all, c.want)
				}
			})
		})
	}
}

// TestJudgeOfALesson is about what is on record and what was shown.
func TestJudgeOfALesson(t *testing.T) {
	_, l := plain()
	played := []ending{{Cause: "lesson.cause.played"}}
	whole := func(late, length time.Duration) func(*village) {
		return func(v *village) {
			at := v.truth.at(l.start).Add(late)
			v.film = []span{{from: at, until: at.Add(length), what: "/lib/" + l.file}}
			v.lit = []span{{from: at.Add(-time.Minute), until: at.Add(length)}}
		}
	}
	cases := []struct {
		name string
		ends []ending
		set  func(*village)
		want string
	}{
		{"all well", played, whole(0, l.length), ""},
		{"no record", nil, whole(0, l.length), "silently missed"},
		{"no cause", []ending{{}}, nil, "no cause"},
		{"shown twice", []ending{played[0], played[0]}, whole(0, l.length), "ended 2 times"},
		{"given up by a wrong clock, then shown", []ending{{Cause: missed}, played[0]}, whole(0, l.length), ""},
		{"half of it", played, whole(0, l.length/2), "were shown"},
		{"late", played, whole(10*time.Second, l.length), "after its time"},
		{"in the dark", played, func(v *village) { whole(0, l.length)(v); v.lit = nil }, "no display was on"},
		{"no mains, and there was", []ending{{Cause: "lesson.cause.no_mains"}}, nil, "nothing excuses it"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := &village{}
			if c.set != nil {
				c.set(v)
			}
			var j verdict
			v.judgeLesson(&j, l, c.ends)
			if all := strings.Join(j, "\n"); c.want == "" && len(j) > 0 || !strings.Contains(all, c.want) {
				t.Errorf("verdict %q, want %q", all, c.want)
			}
		})
	}
}
