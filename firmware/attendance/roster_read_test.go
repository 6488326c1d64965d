package attendance_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
)

// gbk is "编号,姓名,支部\r\n1,王秀英,一支部\r\n" as a spreadsheet program of a Chinese
// Windows saves it.
const gbk = "\xb1\xe0\xba\xc5,\xd0\xd5\xc3\xfb,\xd6\xa7\xb2\xbf\r\n1,\xcd\xf5\xd0\xe3\xd3\xa2,\xd2\xbb\xd6\xa7\xb2\xbf\r\n"

func utf16Text(order binary.ByteOrder, s string) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, order, utf16.Encode([]rune("\ufeff"+s))) // a buffer takes everything
	return b.Bytes()
}

func TestEncodings(t *testing.T) {
	const plain = "编号,姓名,支部\n1,王秀英,一支部\n"
	tests := []struct {
		name string
		data []byte
		bad  string
	}{
		{"UTF-8", []byte(plain), ""},
		{"UTF-8 with a mark", []byte("\xef\xbb\xbf" + plain), ""},
		{"GBK", []byte(gbk), ""},
		{"UTF-16 little-endian", utf16Text(binary.LittleEndian, strings.ReplaceAll(plain, ",", "\t")), ""},
		{"UTF-16 big-endian", utf16Text(binary.BigEndian, plain), ""},
		{"UTF-16 cut off", utf16Text(binary.LittleEndian, plain)[:41], "roster.bad_utf16"},
		{"UTF-16 half a pair", append(utf16Text(binary.LittleEndian, plain), 0x00, 0xd8), "roster.bad_utf16"},
		{"UTF-16 without a mark", utf16Text(binary.LittleEndian, plain)[2:], "roster.not_text"},
		{"UTF-16 of Latin without a mark", utf16Text(binary.LittleEndian, "1,A\n")[2:], "roster.not_text"},
		{"UTF-8 cut off", []byte(plain + "2,王秀\xe8\x8b"), "roster.bad_utf8"},
		{"UTF-8 with a mark and GBK", []byte("\xef\xbb\xbf" + gbk), "roster.bad_utf8"},
		{"neither", []byte(gbk + "2,\xff\xff\n"), "roster.bad_encoding"},
		{"old Excel", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "roster.old_excel"},
		{"web page", []byte("\r\n<html><table><tr><td>编号"), "roster.web_page"},
		{"nothing", []byte("\n\n"), "roster.empty"},
		{"no header", []byte("王秀英,1\n"), "roster.no_header"},
		{"no numbers", []byte("姓名,支部\n王秀英,一支部\n"), "roster.no_number_column"},
		{"two lists beside each other", []byte("序号,姓名,序号,姓名\n1,A,2,B\n"), "roster.column_twice"},
		{"too many rows", bytes.Repeat([]byte("1\n"), 20_001), "roster.too_many_rows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := attendance.ReadList(tt.data, "")
			switch {
			case tt.bad != "":
				if !refusal(err, tt.bad) {
					t.Errorf("got %v, want %s", err, tt.bad)
				}
			case err != nil || len(l.Bad) > 0 || listed(l) != "1 王秀英 一支部":
				t.Errorf("got %v %v", l, err)
			}
		})
	}
	if _, err := attendance.ReadList([]byte(plain), "表一"); !refusal(err, "roster.no_sheets") {
		t.Errorf("a sheet of text: %v", err)
	}
}

func listed(l *attendance.List) string {
	var members []firmware.Member
	for _, m := range l.Members {
		members = append(members, m.Member)
	}
	return shown(members)
}

func dropped(l *attendance.List) string {
	var s []string
	for _, d := range l.Dropped {
		if d.Private {
			d.Name += "!"
		}
		s = append(s, d.Name)
	}
	return strings.Join(s, " ")
}

// TestPrivateColumnsAreDropped by their name, and by what is in them whatever they are
// called.
func TestPrivateColumnsAreDropped(t *testing.T) {
	tests := []struct{ name, file, want, dropped string }{
		{"by name", "编号,姓名,性别,身份证号,联系电话\n1,A,女,1,2\n", "1 A", "性别 身份证号! 联系电话!"},
		{"of the head of the house", "编号,姓名,户主身份证\n1,A,\n", "1 A", "户主身份证!"},
		{"identity as household", "编号,姓名,户号\n1,A,7\n2,B,11010519491231002X\n", "1 A|2 B", "户号!"},
		{"no identity: the check digit is wrong", "编号,姓名,户号\n1,A,110105194912310021\n", "1 A 户110105194912310021", ""},
		{"telephones as cards", "编号,姓名,卡号\n1,A,13812345678\n2,B,１３９１２３４５６７８\n", "1 A|2 B", "卡号!"},
		{"one card like a telephone", "编号,姓名,卡号\n1,A,13812345678\n2,B,4711\n", "1 A 卡13812345678|2 B 卡4711", ""},
		{"in a remark", "编号,姓名,备注\n1,A,电话13812345678\n", "1 A", "备注!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := attendance.ReadList([]byte(tt.file), "")
			if err != nil || len(l.Bad) > 0 {
				t.Fatal(err, l)
			}
			if listed(l) != tt.want || dropped(l) != tt.dropped {
				t.Errorf("got %q, dropped %q; want %q, %q", listed(l), dropped(l), tt.want, tt.dropped)
			}
		})
	}
}

// TestOwnFileKeepsCardsLikeTelephones: what was let in is not lost at the next start.
func TestOwnFileKeepsCardsLikeTelephones(t *testing.T) {
	const file = "编号,姓名,卡号\n1,A,13812345678\n"
	if r, _, err := attendance.ParseRoster([]byte(file)); err != nil || shown(r.Members()) != "1 A 卡13812345678" {
		t.Errorf("%v %v", r, err)
	}
}

// office builds a workbook as a township's office does: a title over the whole width,
// a line of the unit, a header of two rows, families with one merged number, numbers as
// numbers and as text, blank rows, a total and who filled it in.
func office(t testing.TB) *excelize.File {
	t.Helper()
	f := excelize.NewFile()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetSheetName("Sheet1", "填表说明"))
	must(f.SetCellStr("填表说明", "A1", "1. 请如实填写"))
	_, err := f.NewSheet("花名册")
	must(err)
	for cell, v := range map[string]any{
		"A1": "柳树屯党支部党员花名册", "A2": "填报单位：柳树屯", "F2": 46353.5,
		"A3": "序号", "B3": "基本情况", "B4": "姓  名", "C4": "性别", "D3": "户号", "E3": "所在\n党支部", "F3": "IC卡号", "G3": "身份证号码",
		"A5": 1, "B5": "王　伟", "C5": "男", "D5": "3-1", "E5": "一支部", "F5": 4711000123, "G5": "11010519491231002X",
		"A6": "２", "B6": "李秀英", "F6": "0004712",
		"A8": 3.0, "B8": "阿依古丽·买买提", "D8": 12, "E8": "二支部",
		"A10": "合计", "B10": "3人",
		"A11": "填表人：赵六", "E11": "审核人：",
	} {
		must(f.SetCellValue("花名册", cell, v))
	}
	for _, m := range []string{"A1:G1", "A2:B2", "A3:A4", "B3:C3", "D3:D4", "E3:E4", "F3:F4", "G3:G4", "D5:D6", "E5:E7"} {
		from, to, _ := strings.Cut(m, ":")
		must(f.MergeCell("花名册", from, to))
	}
	must(f.SetCellRichText("花名册", "B7", []excelize.RichTextRun{{Text: "钱"}, {Text: "大壮", Font: &excelize.Font{Bold: true}}}))
	must(f.SetCellFormula("花名册", "A7", "=A5+3"))
	must(f.SetCellValue("花名册", "A7", 4))
	return f
}

const officeMembers = "1 王伟 一支部 户3-1 卡4711000123|2 李秀英 一支部 户3-1 卡4712|4 钱大壮 一支部|3 阿依古丽·买买提 二支部 户12"

func bookBytes(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOfficeWorkbook(t *testing.T) {
	l, err := attendance.ReadList(bookBytes(t, office(t)), "")
	if err != nil {
		t.Fatal(err)
	}
	if listed(l) != officeMembers || len(l.Bad) > 0 || l.Sheet != "花名册" || l.Skipped != 2 {
		t.Errorf("sheet %s, skipped %d, bad %v\n got %s\nwant %s", l.Sheet, l.Skipped, l.Bad, listed(l), officeMembers)
	}
	if got := dropped(l); got != "性别 身份证号码!" {
		t.Errorf("dropped %s", got)
	}
}

// TestWorkbookByLibreOffice: the same through another program's hands.
func TestWorkbookByLibreOffice(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("soffice is missing")
		}
		t.Skip("soffice is missing")
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in.xlsx")
	if err := os.WriteFile(in, bookBytes(t, office(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	cmd := exec.Command(soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", out, in)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	data, err := os.ReadFile(filepath.Join(out, "in.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := attendance.ReadList(data, "")
	if err != nil || listed(l) != officeMembers || len(l.Bad) > 0 {
		t.Errorf("%v\n got %s\nwant %s", err, listed(l), officeMembers)
	}
}

func TestSheets(t *testing.T) {
	f := office(t)
	for _, name := range []string{"旧名单", "空"} {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
	}
	for cell, v := range map[string]any{"A1": "编号", "B1": "姓名", "A2": 77, "B2": "旧人"} {
		if err := f.SetCellValue("旧名单", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.MoveSheet("旧名单", "填表说明"); err != nil {
		t.Fatal(err)
	}
	hide := func(hidden bool) []byte {
		if err := f.SetSheetVisible("旧名单", !hidden); err != nil {
			t.Fatal(err)
		}
		return bookBytes(t, f)
	}
	tests := []struct {
		sheet, want, bad string
		hidden           bool
	}{
		{"", "旧名单", "", false},
		{"", "花名册", "", true}, // what is hidden is not taken by chance
		{"旧名单", "旧名单", "", true},
		{" 花名册", "花名册", "", false},
		{"空", "", "roster.empty", false},
		{"填表说明", "", "roster.no_header", false},
		{"x", "", "roster.no_such_sheet", false},
	}
	for _, tt := range tests {
		l, err := attendance.ReadList(hide(tt.hidden), tt.sheet)
		switch {
		case tt.bad != "" && !refusal(err, tt.bad):
			t.Errorf("%q: got %v, want %s", tt.sheet, err, tt.bad)
		case tt.bad == "" && (err != nil || l.Sheet != tt.want):
			t.Errorf("%q: got %v %v", tt.sheet, l, err)
		}
	}
	if err := f.DeleteSheet("花名册"); err != nil {
		t.Fatal(err)
	}
	if _, err := attendance.ReadList(hide(true), ""); !refusal(err, "roster.no_header") {
		t.Errorf("nothing but notes: %v", err)
	}
}

// zipped is an XLSX file of given parts, written by hand.
func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, s := range parts {
		p, err := w.Create(name)
		if err == nil {
			_, err = p.Write([]byte(s))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// byHand are the parts of a small workbook; sheet and strings are XML.
func byHand(sheet, strings string) map[string]string {
	const rel = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
	return map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="` + rel + `officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<x:workbook xmlns:x="m" xmlns:r="r"><x:sheets><x:sheet name="一" sheetId="1" r:id="rId7"/></x:sheets></x:workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId7" Type="` + rel + `worksheet" Target="worksheets/Sheet9.xml"/><Relationship Id="rId8" Type="` + rel + `sharedStrings" Target="/xl/strings.xml"/></Relationships>`,
		"xl\\worksheets\\sheet9.xml": `<worksheet><sheetData>` + sheet + `</sheetData></worksheet>`,
		"xl/strings.xml":             `<sst>` + strings + `</sst>`,
	}
}

func TestWorkbooksOfOtherPrograms(t *testing.T) {
	const head = `<row r="2"><c r="A2" t="inlineStr"><is><t>编号</t></is></c><c r="C2" t="inlineStr"><is><r><t>姓</t></r><r><t>名</t></r><rPh><t>xingming</t></rPh></is></c></row>`
	tests := []struct{ name, sheet, strings, want, bad string }{
		{"pronunciation beside the characters", head + `<row r="3"><c r="A3"><v>1</v></c><c r="C3" t="s"><v>0</v></c></row>`, `<si><t>王英</t><rPh sb="0" eb="1"><t>wang</t></rPh></si>`, "1 王英", ""},
		{"no references", `<row><c t="str"><v>编号</v></c><c t="str"><v>姓名</v></c></row><row><c><v>1.2E1</v></c><c t="str"><v>王英</v></c></row>`, "", "12 王英", ""},
		{"escaped line break", head + `<row r="3"><c r="A3"><v>1</v></c><c r="C3" t="s"><v>0</v></c></row>`, `<si><t>Li_x000D_
Wei</t></si>`, "1 Li Wei", ""},
		{"string that is not there", head + `<row r="3"><c r="A3"><v>1</v></c><c r="C3" t="s"><v>9</v></c></row>`, "", "", "3:姓名:roster.no_name"},
		{"formula without a value", head + `<row r="5"><c r="A5"><f>A4+1</f></c><c r="C5" t="str"><v>王英</v></c></row>`, "", "", "5:编号:roster.no_number"},
		{"formula with an error", head + `<row r="5"><c r="A5" t="e"><f>A4+1</f><v>#REF!</v></c><c r="C5" t="str"><v>王英</v></c></row>`, "", "", "5:编号:roster.not_number"},
		{"far to the right", head + `<row r="5"><c r="A5"><v>1</v></c><c r="C5" t="str"><v>王英</v></c><c r="XFD5"><v>1</v></c></row>`, "", "1 王英", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := attendance.ReadList(zipped(t, byHand(tt.sheet, tt.strings)), "")
			if err != nil || listed(l) != tt.want || wrong(l.Bad) != tt.bad {
				t.Errorf("got %+v %v", l, err)
			}
		})
	}
	// A number of a card with more digits than a spreadsheet keeps has lost some.
	sheet := `<row r="1"><c r="A1" t="str"><v>编号</v></c><c r="B1" t="str"><v>姓名</v></c><c r="C1" t="str"><v>卡号</v></c></row><row r="2"><c r="A2"><v>1</v></c><c r="B2" t="str"><v>A</v></c><c r="C2"><v>1.2345678901234568E+19</v></c></row>`
	if l, err := attendance.ReadList(zipped(t, byHand(sheet, "")), ""); err != nil || wrong(l.Bad) != "2:卡号:roster.bad_card" {
		t.Errorf("lost digits: %+v %v", l, err)
	}
}
