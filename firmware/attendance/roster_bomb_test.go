package attendance_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"stationbox/firmware/attendance"
)

// TestBombs: a small file that unpacks to much is refused before the memory is gone.
func TestBombs(t *testing.T) {
	const cell = `<c t="s"><v>0</v></c>`
	without := func(part string) map[string]string {
		m := byHand("", "")
		delete(m, part)
		return m
	}
	long := byHand(cell, `<si><t>`+strings.Repeat("王", 40_000)+`</t></si>`)
	tests := []struct {
		name  string
		parts map[string]string
		bad   string
	}{
		{"as wide as may be", byHand(`<row>`+strings.Repeat(cell, 16_384)+`</row>`, `<si><t>x</t></si>`), "roster.no_header"},
		{"one string in many cells", byHand(strings.Repeat(`<row>`+cell+`</row>`, 100), `<si><t>`+strings.Repeat("x", 90_000)+`</t></si>`), "roster.too_much"},
		{"one string over many rows", byHand(`<row>`+cell+`</row>`+strings.Repeat(`<row><c/><c><v>1</v></c></row>`, 100)+`<mergeCell ref="A1:A101"/>`, `<si><t>`+strings.Repeat("x", 90_000)+`</t></si>`), "roster.too_much"},
		{"merged over each other", byHand(strings.Repeat(`<row><c><v>1</v></c></row>`, 10_000)+strings.Repeat(`<mergeCell ref="A1:A10000"/>`, 300), ""), "roster.too_much"},
		{"large part", byHand(strings.Repeat(" ", 17<<20), ""), "roster.too_much"},
		{"large string", long, "roster.too_much"},
		{"many strings", byHand(cell, strings.Repeat(`<si/>`, 100_001)), "roster.too_much"},
		{"strings that are large together", byHand(cell, strings.Repeat(`<si><t>`+strings.Repeat("x", 90_000)+`</t></si>`, 50)), "roster.too_much"},
		{"deep", byHand(strings.Repeat(`<a>`, 1000), ""), "roster.too_much"},
		{"many rows", byHand(strings.Repeat(`<row>`+cell+`</row>`, 20_001), `<si><t>x</t></si>`), "roster.too_many_rows"},
		{"wide row", byHand(`<row>`+strings.Repeat(cell, 16_385)+`</row>`, `<si><t>`+strings.Repeat("x", 90_000)+`</t></si>`), "roster.too_much"},
		{"many merged cells", byHand(`<mergeCells>`+strings.Repeat(`<mergeCell ref="A1:A9"/>`, 20_001)+`</mergeCells>`, ""), "roster.too_much"},
		{"cut off", byHand(`<row>`, ""), "roster.bad_xlsx"},
		{"no sheet", without("xl\\worksheets\\sheet9.xml"), "roster.bad_xlsx"},
		{"no workbook", without("xl/workbook.xml"), "roster.bad_xlsx"},
		{"no relations", without("_rels/.rels"), "roster.bad_xlsx"},
	}
	tests[12].parts["xl\\worksheets\\sheet9.xml"] = `<worksheet><sheetData><row>`
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := zipped(t, tt.parts)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := attendance.ReadList(data, "")
			runtime.ReadMemStats(&after)
			if !refusal(err, tt.bad) {
				t.Errorf("got %v, want %s", err, tt.bad)
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 100<<20 {
				t.Errorf("%d MiB went by", spent>>20)
			}
			t.Logf("%d KiB, %d MiB went by", len(data)>>10, (after.TotalAlloc-before.TotalAlloc)>>20)
		})
	}
	if _, err := attendance.ReadList([]byte("PK\x03\x04 and no more"), ""); !refusal(err, "roster.bad_xlsx") {
		t.Errorf("no archive: %v", err)
	}
	// A part that is larger than the directory says.
	data := zipped(t, byHand(strings.Repeat(" ", 1<<20), ""))
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte("PK\x01\x02"))
		if i < 0 {
			break
		}
		from += i + 4
		if n := data[from+20:]; binary.LittleEndian.Uint32(n) > 1<<20 {
			binary.LittleEndian.PutUint32(n, 40)
		}
	}
	if _, err := attendance.ReadList(data, ""); !refusal(err, "roster.bad_xlsx") {
		t.Errorf("a part that lies: %v", err)
	}
	// Merged over a million rows: only those that there are.
	var sheet strings.Builder
	sheet.WriteString(`<row r="1"><c r="A1" t="str"><v>编号</v></c><c r="B1" t="str"><v>姓名</v></c></row>`)
	for i := range 5000 {
		fmt.Fprintf(&sheet, `<row r="%d"><c r="A%d"><v>%d</v></c><c r="B%d" t="str"><v>A</v></c></row>`, i+2, i+2, i+1, i+2)
	}
	sheet.WriteString(`</sheetData><mergeCells>` + strings.Repeat(`<mergeCell ref="C2:C1048576"/>`, 500) + `</mergeCells><sheetData>`)
	if l, err := attendance.ReadList(zipped(t, byHand(sheet.String(), "")), ""); err != nil || len(l.Members) != 5000 {
		t.Errorf("merged cells: %v", err)
	}
}
