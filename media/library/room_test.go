package library_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/media/library"
)

func ids(list []library.Lesson) string {
	var s []string
	for _, l := range list {
		s = append(s, l.ID)
	}
	return strings.Join(s, " ")
}

// shelf is a library with lessons that have a manifest and no film.
func shelf(t *testing.T, o library.Opts, days map[string]int) (*library.Library, string) {
	t.Helper()
	dir := t.TempDir()
	for id, age := range days {
		if err := os.Mkdir(filepath.Join(dir, id), 0o755); err != nil {
			t.Fatal(err)
		}
		manifest := fmt.Sprintf("title = %q\nfilm = \"%s.mp4\"\nsha256 = %q\nbytes = 1048576\nadded = %s\n[probe]\ncontainer = \"mp4\"\n",
			id, id, strings.Repeat("0", 64), epoch.AddDate(0, 0, -age).Format(time.RFC3339))
		if age < 0 {
			manifest = "film = "
		}
		write(t, filepath.Join(dir, id, library.ManifestName), []byte(manifest))
	}
	o.Reserve = 1
	return library.Open(dir, now, o), dir
}

func TestOrder(t *testing.T) {
	t.Parallel()
	l, dir := shelf(t, library.Opts{}, map[string]int{"old": 90, "older": 120, "new": 1, "emergency": 400, "lesson": 200, "torn": -1, "tornkept": -1})
	path := func(id string) string { return filepath.Join(dir, id, id+".mp4") }
	k := library.Keep{
		Films:  map[string]bool{path("emergency"): true, path("lesson"): true, path("old"): false, path("tornkept"): true},
		Played: map[string]time.Time{path("older"): epoch.AddDate(0, 0, -3), path("old"): epoch.AddDate(0, 0, -300)},
	}
	if got, want := ids(library.Order(l.List(), k)), "torn old older new"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := ids(library.Order(l.List(), library.Keep{})); got != "torn tornkept emergency lesson older old new" {
		t.Errorf("nothing kept: %s", got)
	}
}

// TestFolderOfSomebodyElse is one that no import made: never listed, never dropped.
func TestFolderOfSomebodyElse(t *testing.T) {
	t.Parallel()
	l, dir := shelf(t, library.Opts{}, map[string]int{"a": 1})
	other := filepath.Join(dir, "courses")
	if err := os.Mkdir(other, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(other, "flat.mp4"), []byte("x"))
	if got := ids(l.List()); got != "a" {
		t.Errorf("listed %s", got)
	}
	if err := l.Remove("courses"); err == nil {
		t.Error("removed")
	}
	for _, id := range []string{"..", ".", "", "a/../courses", ".lock", "no such"} {
		if err := l.Remove(id); err == nil {
			t.Errorf("%q removed", id)
		}
	}
	if _, ok := l.Of(filepath.Join(other, "flat.mp4")); ok {
		t.Error("a lesson")
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	l, dir := shelf(t, library.Opts{Budget: 3 << 20}, map[string]int{"old": 90, "emergency": 400, "new": 1})
	needTools(t)
	src := film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.2")
	kept := library.Keep{Films: map[string]bool{filepath.Join(dir, "emergency", "emergency.mp4"): true}}

	// A film that is refused makes nothing go.
	_, v, err := l.Add(t.Context(), library.Arrival{Path: harm(t, src, filepath.Join(t.TempDir(), "y.mp4"), flip(40)), Keep: kept})
	if err != nil || v.Cause().Code != library.Damaged || v.Has(library.Left) || len(l.List()) != 3 {
		t.Errorf("%s: %v %v", ids(l.List()), v.Findings, err)
	}
	_, v, err = l.Add(t.Context(), library.Arrival{Path: src, Keep: kept})
	if err != nil || !v.OK() || !v.Has(library.Left) || ids(l.List()) != "emergency new x" {
		t.Errorf("%s: %v %v", ids(l.List()), v.Findings, err)
	}
	r, err := l.Room()
	if x, _ := l.Lesson("x"); err != nil || r.Lessons != 2<<20+x.Bytes || r.Free <= 0 || r.Budget != 3<<20 {
		t.Errorf("%+v %v", r, err)
	}
	leftovers(t, dir)
}

func TestNothingMayGo(t *testing.T) {
	t.Parallel()
	l, dir := shelf(t, library.Opts{Budget: 1<<20 + 1000}, map[string]int{"lesson": 90})
	needTools(t)
	src := film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.2")
	kept := library.Keep{Films: map[string]bool{filepath.Join(dir, "lesson", "lesson.mp4"): true}}
	_, v, err := l.Add(t.Context(), library.Arrival{Path: src, Keep: kept})
	if err != nil || v.Cause().Code != library.OverBudget || ids(l.List()) != "lesson" {
		t.Errorf("%s: %v %v", ids(l.List()), v.Findings, err)
	}
	full := library.Open(dir, now, library.Opts{Reserve: 1 << 60})
	_, v, err = full.Add(t.Context(), library.Arrival{Path: src, Keep: kept})
	if err != nil || v.Cause().Code != library.NoRoom {
		t.Errorf("%v %v", v.Findings, err)
	}
	if !slices.ContainsFunc(v.Findings, func(f library.Finding) bool { return f.Args["free"] != "" && f.Args["need"] != "" }) {
		t.Errorf("no figures: %v", v.Findings)
	}
}
