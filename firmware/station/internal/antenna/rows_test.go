package antenna

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A month whose first line was damaged, by a full card or a power cut, keeps its rows.
func TestRowsAfterADamagedHeader(t *testing.T) {
	for name, begin := range map[string]string{
		"none":            "",
		"part of a name":  dishHeader[:9],
		"whole names":     "id,t_s,lock",
		"without its end": strings.TrimSuffix(dishHeader, "\n"),
		"zeros":           strings.Repeat("\x00", 4096),
		"zeros in it":     "id,t_s,\x00\x00\x00\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := newDishHistory(t.TempDir())
			path := filepath.Join(l.dir, "2026-11.csv")
			if err := os.WriteFile(path, []byte(begin), 0o600); err != nil {
				t.Fatal(err)
			}
			for i := range 3 { // each in a write of its own
				l.add(dishRow{At: time.Date(2026, 11, 1, 0, i, 0, 0, time.UTC), Share: 1, CNR: 12, CNRMin: 11, Heading: 170})
				if err := l.flush(); err != nil {
					t.Fatal(err)
				}
			}
			var got []float64
			if _, err := readDish(t.Context(), l.dir, 1, func(r dishRow) { got = append(got, r.Heading) }); err != nil {
				t.Fatal(err)
			}
			if len(got) != 3 || got[0] != 170 {
				t.Errorf("read %v of three rows", got)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(dishHeader, begin) && !strings.HasPrefix(string(text), dishHeader) {
				t.Errorf("begins with %.60q", text)
			}
		})
	}
}

// A run of zeros in the middle, as a card leaves behind, costs its own line only.
func TestRowsAroundARunOfZeros(t *testing.T) {
	path := filepath.Join(t.TempDir(), "2026-11.csv")
	row := func(minute int) string {
		return dishRow{At: time.Date(2026, 11, 1, 0, minute, 0, 0, time.UTC), Share: 1, CNR: 12, CNRMin: 11, Heading: 170}.encode()
	}
	text := dishHeader + row(1) + strings.Repeat("\x00", 200_000) + "\n" + row(2) + row(3)[:20]
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	good := 0
	bad, err := readRows(t.Context(), path, 100, decodeDishRow, func(dishRow) { good++ })
	if err != nil || good != 2 || bad != 2 {
		t.Errorf("%d good, %d bad, %v", good, bad, err)
	}
}
