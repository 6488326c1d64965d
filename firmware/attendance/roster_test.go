package attendance_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/text"
)

// TestRoster: what a text file gives, and what is wrong with it as "row:column:reason".
func TestRoster(t *testing.T) {
	tests := []struct{ name, file, want, bad string }{
		{"plain", "1,王秀英,一支部\n2,李伟,\n", "1 王秀英 一支部|2 李伟", ""},
		{"BOM and Chinese header", "\xef\xbb\xbf姓名,编号,支部\r\n王秀英,1,一支部\r\n", "1 王秀英 一支部", ""},
		{"English header, more columns", "number,age,name\n3,x,Li\n", "3 Li", ""},
		{"household", "编号,姓名,户号,卡号\n3,李伟,12-2,0099\n", "3 李伟 户12-2 卡99", ""},
		{"number of the house before its head", "编号,姓名,户主,户号\n3,李伟,李大,12-2\n", "3 李伟 户12-2", ""},
		{"head of the house", "编号,姓名,户 主\n3,李伟,李大\n", "3 李伟 户李大", ""},
		{"own number before running number", "序号,姓名,编号\n1,李伟,30\n2,王英,31\n", "30 李伟|31 王英", ""},
		{"running number", "序号,姓 名\n1,李　伟\n", "1 李伟", ""},
		{"below titles", "柳树屯党支部花名册,,\n填报单位：柳树屯,,2026年\n序号,姓名,所在党支部（全称）\n1,李伟,一支部\n", "1 李伟 一支部", ""},
		{"header on every page", "编号,姓名\n1,A\n编号,姓名\n2,B\n", "1 A|2 B", ""},
		{"totals and notes below", "编号,姓名,支部\n1,A,一\n小计,1人,\n2,B,二\n合计,,2人\n填表人：王英,,审核：\n", "1 A 一|2 B 二", ""},
		{"a name that begins like a note", "姓名,编号\n共明,5\n", "5 共明", ""},
		{"a note among the members is a mistake", "编号,姓名\n1,A\n备注,x\n2,B\n", "1 A|2 B", "3:编号:roster.not_number"},
		{"somebody without a number below", "编号,姓名\n1,A\n,Noteworthy\n", "1 A", "3:编号:roster.no_number"},
		{"tabs and full-width digits", "编号\t姓名\n１２\t张三\n", "12 张三", ""},
		{"floats", "编号;姓名\n12.0;张三\n1.3E1;李四\n014;王五\n15号;赵六\n", "12 张三|13 李四|14 王五|15 赵六", ""},
		{"no floats", "编号,姓名\n12.5,张三\n0x1,李四\nNaN,王五\n", "", "2:编号:roster.not_number|3:编号:roster.not_number|4:编号:roster.not_number"},
		{"separator said", "sep=;\n编号;姓名\n12;a,b,c\n", "12 a,b,c", ""},
		{"empty lines", "\n\n1,A\n,,\n2,B\n", "1 A|2 B", ""},
		{"names of two characters", "1,王　伟\n2,Li  Wei\n3, 阿依古丽 · 买买提 \n4,\"王\n伟\"\n", "1 王伟|2 Li Wei|3 阿依古丽 · 买买提|4 王伟", ""},
		{"formulas", "1,'=1+1,'@x\n2,''=1,'a\n", "1 =1+1 @x|2 '=1 'a", ""},
		{"sorted", "9,A\n1,B\n", "1 B|9 A", ""},
		{"not a number", "编号,姓名\nx,A\n1,B\n", "1 B", "2:编号:roster.not_number"},
		{"no number", "number,name\n,A\n", "", "2:number:roster.no_number"},
		{"no name", "1,\n", "", "1:roster.col.name:roster.no_name"},
		{"range", "10000,A\n0,B\n-3,C\n1e300,D\n", "", "1:roster.col.number:roster.range|2:roster.col.number:roster.range|3:roster.col.number:roster.range|4:roster.col.number:roster.range"},
		{"twice", "1,A\n1,B\n", "1 A", "2:roster.col.number:roster.twice"},
		{"two mistakes of a row", "编号,姓名,卡号\n1,,a-b\n", "", "2:姓名:roster.no_name|2:卡号:roster.bad_card"},
		{"too long", "编号,姓名,支部,户号\n1,A," + strings.Repeat("支", 65) + "," + strings.Repeat("户", 33) + "\n", "", "2:支部:roster.bad_branch|2:户号:roster.bad_household"},
		{"as long as may be", "编号,姓名,支部,户号\n1,A," + strings.Repeat("支", 64) + "," + strings.Repeat("户", 32) + "\n", "1 A " + strings.Repeat("支", 64) + " 户" + strings.Repeat("户", 32), ""},
		{"card written by a spreadsheet", "编号,姓名,卡号\n1,A,4.71E+09\n", "", "2:卡号:roster.bad_card"},
		{"quote that is not closed", "编号,姓名\n1,A\n2,\"B\n3,C\n", "1 A", "3::roster.csv"},
		{"telephone in the name", "编号,姓名\n1,王英13812345678\n", "", "2:姓名:roster.private"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, bad, err := attendance.ParseRoster([]byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range r.Members() {
				if f, ok := r.Find(m.Number); !ok || f != m {
					t.Errorf("Find(%d) = %v", m.Number, f)
				}
			}
			if got := shown(r.Members()); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := wrong(bad); got != tt.bad {
				t.Errorf("bad rows %q, want %q", got, tt.bad)
			}
		})
	}
}

func shown(members []firmware.Member) string {
	var list []string
	for _, m := range members {
		s := fmt.Sprint(m.Number, " ", m.Name, " ", m.Branch)
		if m.Household != "" {
			s = strings.TrimSpace(s) + " 户" + m.Household
		}
		if m.Card != "" {
			s = strings.TrimSpace(s) + " 卡" + m.Card
		}
		list = append(list, strings.TrimSpace(s))
	}
	return strings.Join(list, "|")
}

func wrong(bad []attendance.BadRow) string {
	var list []string
	for _, b := range bad {
		list = append(list, fmt.Sprintf("%d:%s:%s", b.Row, b.Column, b.Reason))
	}
	return strings.Join(list, "|")
}

// TestBadRowsSayWhatToDo in both languages, with the name that the file has for the
// column.
func TestBadRowsSayWhatToDo(t *testing.T) {
	tests := []struct{ file, zh, en string }{
		{"编号,姓名\nx,A\n", "第 2 行“编号”列：编号 x 不是数字。编号要写 1 到 9999 的整数", `row 2, column "编号": x is not a number. A number is a whole one from 1 to 9999`},
		{"5,\n", "第 1 行“姓名”列：编号 5 没有姓名。请填姓名，或删去这一行", `row 1, column "name": number 5 has no name. Give the name, or delete the row`},
		{"5,a\n6,\"b\n", "第 2 行：引号不成对。请检查这一行的引号，或用表格软件重新另存", "row 2: a quote is not closed. Check the quotes of this row, or save it again from a spreadsheet program"},
	}
	for _, tt := range tests {
		_, bad, err := attendance.ParseRoster([]byte(tt.file))
		if err != nil || len(bad) != 1 {
			t.Fatalf("%q: %v %v", tt.file, bad, err)
		}
		if got := bad[0].In(text.New("zh")); got != tt.zh {
			t.Errorf("Chinese: %s", got)
		}
		if got := bad[0].String(); got != tt.en {
			t.Errorf("English: %s", got)
		}
	}
}

func TestRosterFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.csv")
	if _, _, err := attendance.LoadRoster(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("1,A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, _, err := attendance.LoadRoster(path); err != nil || r.Len() != 1 {
		t.Errorf("got %v %v", r, err)
	}
	if err := os.WriteFile(path, make([]byte, 4<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := attendance.LoadRoster(path); !refusal(err, "roster.too_large") {
		t.Errorf("too large: %v", err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := attendance.LoadRoster(pipe); !refusal(err, "roster.not_regular") {
		t.Errorf("a pipe: %v", err)
	}
	if r, bad, err := attendance.ParseRoster(nil); r.Len() != 0 || len(bad) != 0 || err != nil {
		t.Errorf("nothing: %v %v %v", r, bad, err)
	}
}

// refusal says whether err is the Note of that key.
func refusal(err error, key string) bool {
	var n *attendance.Note
	return errors.As(err, &n) && n.Key == key
}

func TestRosterCards(t *testing.T) {
	r, bad, err := attendance.ParseRoster([]byte("编号,姓名,支部,卡号\n1,甲,,0012\n2,乙,,12\n3,丙,,１２\n4,丁,,ab-1\n5,戊,,\n6,己,,00cafe\n"))
	if err != nil || r.Len() != 3 || len(bad) != 3 {
		t.Fatalf("%d members, bad %v, %v", r.Len(), bad, err)
	}
	for card, want := range map[string]int{"12": 1, " 0000012 ": 1, "CAFE": 6, "cafe": 6, "": 0, "0": 0, "13": 0} {
		if m, ok := r.FindCard(card); m.Number != want || ok != (want != 0) {
			t.Errorf("card %q is of %d, want %d", card, m.Number, want)
		}
	}
	var none *attendance.Roster
	if _, ok := none.FindCard("12"); ok {
		t.Error("nobody has a card")
	}
}
