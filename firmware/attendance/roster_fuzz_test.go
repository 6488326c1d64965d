package attendance_test

import (
	"errors"
	"slices"
	"testing"
	"unicode/utf8"

	"stationbox/firmware/attendance"
	"stationbox/firmware/text"
)

// whole checks what must be true of everything that is read: within bounds, each
// number and card once, a plan only of a list without mistakes, and saved as it is.
func whole(t *testing.T, words *text.Catalogue, data []byte, sheet string) {
	t.Helper()
	l, err := attendance.ReadList(data, sheet)
	var n *attendance.Note
	if err != nil {
		if !errors.As(err, &n) || !words.Has(n.Key) {
			t.Errorf("an error without words: %v", err)
		}
		return
	}
	numbers, cards := map[int]bool{}, map[string]bool{"": true}
	for _, m := range l.Members {
		if m.Number < 1 || m.Number > 9999 || m.Name == "" || m.Row < 1 || numbers[m.Number] || m.Card != "" && cards[m.Card] ||
			utf8.RuneCountInString(m.Name) > 40 || utf8.RuneCountInString(m.Branch) > 64 || utf8.RuneCountInString(m.Household) > 32 || len(m.Card) > 20 {
			t.Errorf("member %+v", m)
		}
		numbers[m.Number], cards[m.Card] = true, true
	}
	for _, b := range l.Bad {
		if b.Row < 1 || !words.Has(b.Reason) {
			t.Errorf("bad row %+v", b)
		}
	}
	var none *attendance.Roster
	p := none.Plan(l, true)
	if (p.Next == nil) != (len(l.Bad) > 0) {
		t.Errorf("half a plan: %v of %v", p.Next, l.Bad)
	}
	if p.Next == nil {
		return
	}
	csv, err := p.Next.Encode("x.csv", words)
	if err != nil {
		t.Fatal(err)
	}
	again, bad, err := attendance.ParseRoster(csv)
	if err != nil || len(bad) > 0 || !slices.Equal(again.Members(), p.Next.Members()) {
		t.Errorf("read back %v %v %+v\nof %+v\n%q", err, bad, again, p.Next.Members(), csv)
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{"\xef\xbb\xbf编号,姓名\n1,A\n", "1,\"A\n2;B\n\"\"\"\n", gbk, "sep=;\n编号;姓名;户号;卡号\n１;'=x;;009\n合计;1\n",
		"花名册\n序号\t姓名\t身份证号\n1\t王　伟\t11010519491231002X\n", "\xff\xfe1\x00,\x00A\x00", "1,a ' b\n2,\u200c\n3,\u2028x\n"} {
		f.Add([]byte(s))
	}
	words := text.New("zh")
	f.Fuzz(func(t *testing.T, data []byte) { whole(t, words, data, "") })
}

// FuzzXLSX puts the data into the parts of a workbook, which an archive would hide
// from the fuzzer, and once reads them as the file itself.
func FuzzXLSX(f *testing.F) {
	const head = `<row r="2"><c r="A2" t="inlineStr"><is><t>编号</t></is></c><c r="C2" t="s"><v>0</v></c></row>`
	f.Add(head+`<row r="3"><c r="A3"><v>1.0</v></c><c r="C3" t="str"><v>A</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B$9"/></mergeCells>`, `<si><r><t>姓</t></r><t>名</t><rPh><t>x</t></rPh></si>`)
	f.Add(`<row r="-1"><c r="ZZZZ0"/><c t="inlineStr"><is>`, `<si>_x0041_</si>`)
	words := text.New("zh")
	f.Fuzz(func(t *testing.T, sheet, strings string) {
		whole(t, words, zipped(t, byHand(sheet, strings)), "")
		whole(t, words, zipped(t, byHand(sheet, strings)), "一")
		whole(t, words, []byte("PK\x03\x04"+sheet), "")
	})
}
