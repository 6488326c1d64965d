package attendance_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/text"
)

// drawn is a random roster. Its words hold what hurts: formulas, quotes, separators,
// rare characters, apostrophes, what XLSX escapes.
func drawn(t *rapid.T) *attendance.Roster {
	word := rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"王", "秀", "英", "𠮷", "·", "ئا", "Li", "a b", "=", "+", "-", "@", "＝", "'", "\"", ",", ";", "<&>", "_x000D_", "_x005F_", "x", "0", "1.0"}), 1, 6).Draw(t, "parts")
		return strings.Join(parts, "")
	})
	optional := rapid.OneOf(rapid.Just(""), word)
	// None that looks like a telephone or an identity: a column of those is dropped.
	card := rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[2-79A-F][0-9A-F]{0,16}`), rapid.Just("A2345678901234567890"))
	used := map[string]bool{"": true}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	write := func(cells ...string) {
		if err := w.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	write("编号", "姓名", "支部", "户号", "卡号")
	var members []firmware.Member
	for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(1, 9999), 1, 12, rapid.ID[int]).Draw(t, "numbers") {
		m := firmware.Member{Number: n, Name: word.Draw(t, "name"), Branch: optional.Draw(t, "branch"), Household: optional.Draw(t, "household")}
		if c := card.Draw(t, "card"); !used[c] {
			m.Card, used[c] = c, true
		}
		write(strconv.Itoa(n), escape(m.Name), escape(m.Branch), escape(m.Household), m.Card)
		members = append(members, m)
	}
	w.Flush()
	r, bad, err := attendance.ParseRoster(b.Bytes())
	if err != nil || len(bad) > 0 {
		t.Fatalf("%v %v of %q", err, bad, b.String())
	}
	slices.SortFunc(members, func(a, b firmware.Member) int { return a.Number - b.Number })
	if got := r.Members(); !slices.Equal(got, members) {
		t.Fatalf("got %+v\nwant %+v", got, members)
	}
	return r
}

// escape is how a cell must be written so that it is s, in words of this test.
func escape(s string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, "'"))
	if strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + s
	}
	return s
}

// TestExportImportIsIdentity, in CSV, XLSX and in CSV that somebody saved as GB18030.
func TestExportImportIsIdentity(t *testing.T) {
	words := []*text.Catalogue{text.New("zh"), text.New("en")}
	rapid.Check(t, func(t *rapid.T) {
		r := drawn(t)
		file := rapid.SampledFrom([]string{"a.csv", "a.xlsx", "a.gbk.csv"}).Draw(t, "file")
		data, err := r.Encode(file, rapid.SampledFrom(words).Draw(t, "words"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(file, "gbk") {
			data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
			if data, err = simplifiedchinese.GB18030.NewEncoder().Bytes(data); err != nil {
				t.Fatal(err)
			}
		}
		l, err := attendance.ReadList(data, "")
		if err != nil || len(l.Bad) > 0 || len(l.Dropped) > 0 {
			t.Fatalf("%v %v %v", err, l, data)
		}
		p := r.Plan(l, true)
		if !p.Empty() || p.Same != r.Len() {
			t.Fatalf("%s changes %+v %+v\n%q", file, p.Changed, p.Added, data)
		}
	})
}

// TestExportedCells: a mark and CRLF, formulas harmless; XLSX with the header frozen,
// bold, and columns wide enough to read.
func TestExportedCells(t *testing.T) {
	r, _, err := attendance.ParseRoster([]byte("编号,姓名,卡号\n12,王秀英,0099\n13,'=HYPERLINK(1),\n"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.Encode("x.CSV", text.New("zh"))
	if want := "\xef\xbb\xbf编号,姓名,支部,户号,卡号\r\n12,王秀英,,,99\r\n13,'=HYPERLINK(1),,,\r\n"; err != nil || string(data) != want {
		t.Errorf("csv %q %v", data, err)
	}
	if data, err = r.Encode("x.XLSX", text.New("en")); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows("Members")
	if want := [][]string{{"number", "name", "branch", "household", "card"}, {"12", "王秀英", "", "", "99"}, {"13", "'=HYPERLINK(1)"}}; err != nil || !equalRows(rows, want) {
		t.Errorf("rows %q %v", rows, err)
	}
	panes, err := f.GetPanes("Members")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("panes %+v %v", panes, err)
	}
	if width, err := f.GetColWidth("Members", "C"); err != nil || width < 20 {
		t.Errorf("width %v %v", width, err)
	}
	if kind, err := f.GetCellType("Members", "E2"); err != nil || kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset {
		t.Errorf("a card is of type %v %v", kind, err)
	}
}

func equalRows(a, b [][]string) bool {
	return slices.EqualFunc(a, b, func(x, y []string) bool {
		trim := func(s []string) string { return strings.TrimRight(strings.Join(s, "|"), "|") }
		return trim(x) == trim(y)
	})
}
