package library

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Keep is what must not give way, and what is needed to choose what may.
type Keep struct {
	Films  map[string]bool      // paths of films: of the lessons in the calendar, of emergencies
	Played map[string]time.Time // when a film was shown last, by its path
}

// Order returns the lessons in the order in which they give way: broken ones
// first, then the longest not shown; one that was never shown counts from the day
// it came. Those to be kept are not among them.
func Order(lessons []Lesson, k Keep) []Lesson {
	var list []Lesson
	for _, l := range lessons {
		if l.Problem == "" && k.Films[l.FilmPath()] || l.Problem != "" && k.within(l.dir) {
			continue
		}
		list = append(list, l)
	}
	last := func(l Lesson) time.Time {
		if t := k.Played[l.FilmPath()]; t.After(l.Added) {
			return t
		}
		return l.Added
	}
	slices.SortStableFunc(list, func(a, b Lesson) int {
		return cmp.Or(cmp.Compare(boolOf(a.Problem == ""), boolOf(b.Problem == "")), last(a).Compare(last(b)), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// within says whether a film to be kept is in the folder dir.
func (k Keep) within(dir string) bool {
	for film, keep := range k.Films {
		if keep && filepath.Dir(film) == dir {
			return true
		}
	}
	return false
}

func boolOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Room is the state of the card under the library, in bytes.
type Room struct {
	Lessons int64 `json:"lessons"` // taken by lessons
	Free    int64 `json:"free"`    // of the card
	Budget  int64 `json:"budget"`  // 0: none
	Reserve int64 `json:"reserve"`
}

// Room looks at the card. Errors are those of the card.
func (l *Library) Room() (Room, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(l.dir, &st); err != nil {
		return Room{}, fmt.Errorf("library: %w", err)
	}
	r := Room{Free: int64(st.Bavail) * int64(st.Bsize), Budget: l.opts.Budget, Reserve: l.opts.Reserve}
	for _, lesson := range l.List() {
		r.Lessons += lesson.Bytes
	}
	return r, nil
}

// lacking is how many bytes must go before need more may come.
func (r Room) lacking(need int64) int64 {
	lack := need + r.Reserve - r.Free
	if r.Budget > 0 {
		lack = max(lack, r.Lessons+need-r.Budget)
	}
	return max(0, lack)
}

// choose returns the lessons that must go before need more bytes may come, or why
// all that may go would not be enough.
func (l *Library) choose(r Room, need int64, k Keep) ([]Lesson, *Finding) {
	lack := r.lacking(need)
	var out []Lesson
	for _, lesson := range Order(l.List(), k) {
		if lack <= 0 {
			break
		}
		lack -= lesson.Bytes
		out = append(out, lesson)
	}
	if lack <= 0 {
		return out, nil
	}
	bad := refuse(NoRoom, "need", mib(need+r.Reserve), "free", mib(r.Free))
	if r.Budget > 0 && r.Lessons-r.Budget > r.Reserve-r.Free {
		bad = refuse(OverBudget, "need", mib(need), "budget", mib(r.Budget))
	}
	return nil, &bad
}

// giveWay drops lessons and says so.
func (l *Library) giveWay(out []Lesson) ([]Finding, error) {
	var found []Finding
	for _, lesson := range out {
		if err := l.drop(lesson.ID); err != nil {
			return found, err
		}
		found = append(found, remark(Left, "id", lesson.ID, "title", lesson.Title))
	}
	return found, nil
}

// mib is rounded up, so that nothing is 0.
func mib(n int64) string { return strconv.FormatInt((n+1<<20-1)>>20, 10) }
