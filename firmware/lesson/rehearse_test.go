package lesson_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/lesson"
)

func TestRehearse(t *testing.T) {
	var b strings.Builder
	for _, s := range lesson.Rehearse(occ, times, lesson.Equipment{WarmUp: 45 * time.Second, CoolDown: 2 * time.Minute, Length: 29 * time.Minute}) {
		fmt.Fprintf(&b, "%s %s %s\n", s.At.Format("15:04:05"), s.Orders.Phase, s.Orders.End)
	}
	want := `18:59:59 idle 
19:00:00 ready_check 
19:25:00 roll_call 
19:28:45 roll_call 
19:29:50 roll_call 
19:30:00 playing 
19:59:00 closing lesson.cause.played
19:59:01 closing 
19:59:08 cool_down 
20:01:08 done 
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// A display slower than its warm-up time delays the film; it does not lose it.
func TestRehearseSlowDisplay(t *testing.T) {
	for _, s := range lesson.Rehearse(occ, times, lesson.Equipment{WarmUp: 3 * time.Minute, Length: time.Minute}) {
		if s.Orders.Run {
			if want := start.Add(105 * time.Second); !s.At.Equal(want) {
				t.Errorf("film begins at %v, want %v", s.At, want)
			}
			return
		}
	}
	t.Error("the film never began")
}
