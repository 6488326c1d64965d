package attendance_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
)

// queue is people who press one after the other; gap is in seconds.
func queue(panel string, numbers []int, gap func(i int) float64) []attendance.Pressed {
	at := noon
	var list []attendance.Pressed
	for i, n := range numbers {
		if i > 0 {
			at = at.Add(time.Duration(gap(i) * float64(time.Second)))
		}
		list = append(list, attendance.Pressed{Number: n, At: at, Panel: panel})
	}
	return list
}

func steps(from, n, step int) []int {
	var list []int
	for i := range n {
		list = append(list, from+i*step)
	}
	return list
}

func every(s float64) func(int) float64 { return func(int) float64 { return s } }

func reasons(marks []firmware.Mark) string {
	var list []string
	for _, m := range marks {
		list = append(list, m.Reason)
	}
	return fmt.Sprint(list)
}

func TestSuspect(t *testing.T) {
	shuffled := []int{31, 4, 17, 88, 9, 52, 3, 71, 26, 60, 45, 12}
	uneven := func(i int) float64 { return []float64{2.2, 7.1, 3, 5.6, 2.5, 6.8}[i%6] }
	tests := []struct {
		name    string
		presses []attendance.Pressed
		opts    attendance.SuspectOpts
		want    string
	}{
		{"a queue", queue("keypad", shuffled, uneven), attendance.SuspectOpts{}, "[]"},
		{"nobody", nil, attendance.SuspectOpts{Seats: 10, Present: 11}, "[]"},
		{"a list typed by one hand", queue("keypad", steps(1, 12, 1), every(1.7)), attendance.SuspectOpts{}, "[ascending]"},
		{"the same slowly", queue("keypad", steps(5, 10, 3), every(9)), attendance.SuspectOpts{}, "[ascending]"},
		{"called by the list, as they come", queue("keypad", steps(1, 30, 1), uneven), attendance.SuspectOpts{}, "[]"},
		{"a heap of paper slips", queue("keypad", shuffled, every(5)), attendance.SuspectOpts{}, "[even]"},
		{"too fast for people", queue("keypad", shuffled[:7], func(i int) float64 { return []float64{0.8, 1.9, 1.2}[i%3] }), attendance.SuspectOpts{}, "[fast]"},
		{"a couple and their parents", queue("keypad", []int{12, 40, 7, 41, 9}, every(1.5)), attendance.SuspectOpts{}, "[]"},
		{"a household by one hand", queue("keypad", []int{31, 32, 33, 34}, every(1.4)), attendance.SuspectOpts{}, "[block]"},
		{"a household that stands in the queue", queue("keypad", []int{31, 32, 33, 34}, every(2.5)), attendance.SuspectOpts{}, "[]"},
		{"a heap of cards", queue("card", shuffled[:8], every(0.5)), attendance.SuspectOpts{}, "[fast]"},
		{"cards in passing", queue("card", shuffled[:9], func(i int) float64 { return []float64{0.9, 1.6}[i%2] }), attendance.SuspectOpts{}, "[]"},
		{"a button for everybody, all at once", queue("buttons", steps(1, 40, 1), every(0.02)), attendance.SuspectOpts{}, "[]"},
		{"a button for everybody, evenly", queue("buttons", steps(1, 40, 1), every(1)), attendance.SuspectOpts{}, "[]"},
		{"written together after the card was slow", queue("keypad", shuffled, every(0.01)), attendance.SuspectOpts{}, "[]"},
		{"more than places", queue("buttons", steps(1, 3, 1), every(4)), attendance.SuspectOpts{Seats: 2, Present: 3}, "[seats]"},
		{"as many as places", queue("buttons", steps(1, 3, 1), every(4)), attendance.SuspectOpts{Seats: 3, Present: 3}, "[]"},
		{"nobody has counted the places", queue("buttons", steps(1, 3, 1), every(4)), attendance.SuspectOpts{Present: 3}, "[]"},
		{"twice to be sure", queue("keypad", []int{5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, every(1)), attendance.SuspectOpts{}, "[]"},
		{"two lists", slices.Concat(queue("keypad", steps(1, 9, 1), every(1)), later(queue("keypad", steps(40, 9, 1), every(1)), time.Hour)), attendance.SuspectOpts{}, "[ascending ascending]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := reasons(attendance.Suspect(tt.presses, tt.opts)); got != tt.want {
				t.Errorf("marks %s, want %s", got, tt.want)
			}
		})
	}
	m := attendance.Suspect(queue("keypad", steps(1, 12, 1), every(1.7)), attendance.SuspectOpts{})[0]
	if m.Count != 12 || len(m.Numbers) != 12 || m.GapMS != 1700 || !m.From.Equal(noon) || m.To.Sub(m.From) != 11*1700*time.Millisecond {
		t.Errorf("mark %+v", m)
	}
	two := slices.Concat(queue("keypad", steps(20, 9, 1), every(1)), later(queue("keypad", steps(1, 9, 1), every(1)), 10*time.Second))
	if got := attendance.Suspect(two, attendance.SuspectOpts{}); len(got) < 2 || got[0].Count != 9 || got[1].Count != 9 {
		t.Errorf("two lists without a pause: %+v", got)
	}
}

func later(list []attendance.Pressed, by time.Duration) []attendance.Pressed {
	for i := range list {
		list[i].At = list[i].At.Add(by)
	}
	return list
}

// Fewer than one natural queue in a hundred gets a mark: people who come 2 to 8 s apart,
// in no order, in a village small or large.
func TestNaturalQueuesAreLeftAlone(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	kinds := map[string]func(int) float64{
		"2 to 8 s": func(int) float64 { return 2 + 6*r.Float64() },
		"4 s and as people are": func(int) float64 {
			return min(8, max(2, 4+1.8*r.NormFloat64()))
		},
		"mostly soon after each other": func(int) float64 { return 2 + min(6, r.ExpFloat64()*2) },
	}
	for name, gap := range kinds {
		for _, people := range []int{12, 40, 100} {
			marked, trials := 0, min(1000, 50_000/people)
			for range trials {
				if len(attendance.Suspect(queue("keypad", numbers(r, people), gap), attendance.SuspectOpts{Seats: people, Present: people})) > 0 {
					marked++
				}
			}
			t.Logf("%s, %d people: %d of %d are marked", name, people, marked, trials)
			if marked*100 >= trials {
				t.Errorf("%s, %d people: %d of %d are marked", name, people, marked, trials)
			}
		}
	}
}

// numbers are those of people in no order.
func numbers(r *rand.Rand, people int) []int {
	list := r.Perm(2 * people)[:people]
	for i := range list {
		list[i]++
	}
	return list
}

// One hand that types ten or more rising numbers evenly is marked always, also in the
// middle of people who come as they come.
func TestOneHandIsMarked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := rapid.Float64Range(0.5, 10).Draw(t, "gap")
		jitter := rapid.Float64Range(0, 0.2).Draw(t, "jitter")
		n := rapid.IntRange(10, 40).Draw(t, "numbers")
		list := steps(rapid.IntRange(1, 50).Draw(t, "first"), n, rapid.IntRange(1, 5).Draw(t, "step"))
		hand := queue("keypad", list, func(int) float64 { return gap * (1 + jitter*(2*rapid.Float64Range(0, 1).Draw(t, "at")-1)) })
		r := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "queue")))
		before := queue("keypad", []int{901, 955, 907, 940}, func(int) float64 { return 2 + 6*r.Float64() })
		all := slices.Concat(before, later(hand, before[3].At.Sub(noon)+4*time.Second))
		marks := attendance.Suspect(all, attendance.SuspectOpts{})
		if !slices.ContainsFunc(marks, func(m firmware.Mark) bool { return m.Reason == firmware.MarkAscending && m.Count >= n }) {
			t.Fatalf("%d numbers %g s apart ± %g: %+v", n, gap, jitter, marks)
		}
	})
}

// Whatever is pressed, marks are few and about what was pressed.
func TestMarksAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []attendance.Pressed
		at := noon
		for range rapid.IntRange(0, 400).Draw(t, "presses") {
			at = at.Add(time.Duration(rapid.IntRange(-1000, 20_000).Draw(t, "ms")) * time.Millisecond)
			list = append(list, attendance.Pressed{Number: rapid.IntRange(1, 9999).Draw(t, "number"), At: at, Panel: rapid.SampledFrom([]string{"keypad", "card", "buttons", ""}).Draw(t, "panel")})
		}
		marks := attendance.Suspect(list, attendance.SuspectOpts{Seats: 3, Present: 5})
		if len(marks) > attendance.MostMarks {
			t.Fatalf("%d marks", len(marks))
		}
		for _, m := range marks {
			if len(m.Numbers) > 200 || m.Reason != firmware.MarkSeats && (m.Count < 4 || m.Panel == "buttons") {
				t.Fatalf("mark %+v", m)
			}
		}
	})
}
