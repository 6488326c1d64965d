package sound

import (
	"slices"
	"testing"
	"time"
)

// TestBeepIsHandedOverAtOnce measures from the call to the first sample that a
// device in time takes. With the twenty milliseconds that a card still has in its
// buffer then, it is what people hear.
func TestBeepIsHandedOverAtOnce(t *testing.T) {
	s := Open(Opts{Device: None})
	defer func() { _ = s.Close() }()
	wait := func(ok func() bool) {
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(100 * time.Microsecond) {
			if time.Now().After(deadline) {
				t.Fatal("nothing is taken")
			}
		}
	}
	wait(func() bool { return s.State().Open })
	left := func() int {
		s.mix.mu.Lock()
		defer s.mix.mu.Unlock()
		n := 0
		for _, v := range s.mix.voices {
			n += len(v)
		}
		return n
	}
	var list []time.Duration
	for range 20 {
		wait(func() bool { return left() == 0 })
		began := time.Now()
		s.Beep(true)
		wait(func() bool { return left() < len(s.ok) })
		list = append(list, time.Since(began))
	}
	slices.Sort(list)
	t.Logf("handed over after: least %v, half %v, most %v", list[0], list[len(list)/2], list[len(list)-1])
	if list[0] > 2*quick*time.Millisecond {
		t.Errorf("never within two periods: %v", list)
	}
}
