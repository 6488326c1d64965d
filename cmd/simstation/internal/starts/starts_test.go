package starts

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/cmd/simstation/internal/village"
	"stationbox/hal/sim/scenario"
)

func TestCalendar(t *testing.T) {
	for _, n := range []int{1, 6, Most + spare(Most)} {
		s, err := scenario.Parse(strings.NewReader(calendar(n)))
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Lessons) != n || s.Start != began || s.Lessons[0].At != began+firstAfter {
			t.Fatalf("%d: %d lessons, the first at %v", n, len(s.Lessons), s.Lessons[0].At)
		}
		if last := s.Lessons[n-1]; last.At != began+firstAfter+time.Duration(n-1)*gap || last.Length != length {
			t.Errorf("%d: the last lesson is %+v", n, last)
		}
	}
}

// What is done around a start must not reach into the next.
func TestStartsDoNotOverlap(t *testing.T) {
	if loadBefore+eyeAfter > gap || length+time.Second > gap-10*time.Second || handsBefore > 10*time.Second || eyeBefore > 9*time.Second {
		t.Error("they do")
	}
}

func TestMistakes(t *testing.T) {
	for _, tt := range []struct {
		o    Opts
		want string
	}{
		{Opts{N: 0}, "1 to 300"},
		{Opts{N: Most + 1}, "1 to 300"},
		{Opts{N: 1, Control: "slow"}, "one of late missed early"},
		{Opts{N: 1, Village: village.Opts{Bin: t.TempDir(), Dir: t.TempDir()}}, "make build"},
	} {
		tt.o.Out, tt.o.Now = &strings.Builder{}, time.Now
		if _, err := Run(t.Context(), tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.o, err)
		}
	}
}

// station takes a third of a second for a number and 5 ms for an answer.
type station struct {
	typed, asked atomic.Int64
	fails        error
}

func (s *station) Type(context.Context, string) error {
	time.Sleep(time.Second / 3)
	s.typed.Add(1)
	return s.fails
}

func (s *station) Ask(_ time.Duration, args ...string) error {
	time.Sleep(5 * time.Millisecond)
	s.asked.Add(1)
	if len(args) == 0 {
		return errors.New("asked nothing")
	}
	return s.fails
}

func TestLoadIsLaidAndCounted(t *testing.T) {
	disk := filepath.Join(t.TempDir(), "ballast")
	synctest.Test(t, func(t *testing.T) {
		s := &station{}
		b := lay(t.Context(), s, disk, time.Now().Add(2*time.Second))
		time.Sleep(1900 * time.Millisecond)
		if s.typed.Load() != 0 {
			t.Error("pressed before the roll was open")
		}
		time.Sleep(7 * time.Second)
		l := b.lift()
		if l.Presses < 20 || l.Presses > 22 || int64(l.Presses) != s.typed.Load() {
			t.Errorf("%d presses counted, %d made", l.Presses, s.typed.Load())
		}
		if l.Answers < 600 || l.Answers > 720 || l.Refused != 0 || l.SlowestMS != 5 {
			t.Errorf("%+v, %d asked", l, s.asked.Load())
		}
		if l.Synced < leastSynced || l.Why != "" || len(l.lacks()) > 0 {
			t.Errorf("%+v", l)
		}
	})
	if _, err := os.Stat(disk); err == nil {
		t.Error("the ballast is still there")
	}
}

func TestLoadThatIsRefusedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := lay(t.Context(), &station{fails: errors.New("no answer")}, filepath.Join(t.TempDir(), "none", "ballast"), time.Now())
		time.Sleep(5 * time.Second)
		l := b.lift()
		if l.Presses != 0 || l.Answers != 0 || l.Refused == 0 || l.Synced != 0 {
			t.Errorf("%+v", l)
		}
		if text := strings.Join(l.lacks(), ""); !strings.HasPrefix(text, "not under load") {
			t.Errorf("said: %q", text)
		}
	})
}
