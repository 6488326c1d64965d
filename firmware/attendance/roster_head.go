package attendance

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// field is one of the things that the station keeps of a member.
type field int

const (
	fieldNumber field = iota
	fieldName
	fieldBranch
	fieldHousehold
	fieldCard
	fields int = iota
)

// key is the text key of its name.
func (f field) key() string {
	return [fields]string{"roster.col.number", "roster.col.name", "roster.col.branch", "roster.col.household", "roster.col.card"}[f]
}

// headwords are what offices write above the columns, without blanks, the better word
// first: a list with both a running number and a member's number has the latter.
func headwords(f field) []string {
	return [fields][]string{
		{"编号", "签到号", "签到编号", "党员编号", "成员编号", "人员编号", "号码", "学号", "编码", "membernumber", "memberno", "number", "no", "id", "序号", "#"},
		{"姓名", "党员姓名", "成员姓名", "人员姓名", "名字", "name", "fullname", "membername"},
		{"支部", "党支部", "所在支部", "所在党支部", "所属支部", "所属党支部", "支部名称", "党支部名称", "党组织", "所在党组织", "branch", "党小组", "小组", "组别", "group"},
		{"户号", "户编号", "家庭编号", "家庭号", "householdnumber", "householdno", "household", "户", "家庭", "户主", "户主姓名", "family"},
		{"卡号", "ic卡号", "签到卡号", "考勤卡号", "cardnumber", "cardno", "card", "卡", "ic卡", "签到卡"},
	}[f]
}

// privateWords are in the heads of columns that the station must not keep.
func privateWords() []string {
	return []string{"身份证", "证件号", "公民身份", "身份号", "护照", "电话", "手机", "联系方式", "银行", "社保", "医保", "phone", "mobile", "tel", "idcard", "idnumber", "idno", "identity", "passport", "bank"}
}

// headword is the text of a head as it is compared: narrow, small, without blanks,
// marks of obligation and remarks in brackets.
func headword(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, width.Fold.String(s))
	if i := strings.IndexAny(s, "([【"); i > 0 {
		s = s[:i]
	}
	return strings.Trim(s, "*:.。、")
}

// header is the row that names the columns.
type header struct {
	at   int         // index of the row; -1: there is none
	cols [fields]int // -1: none
	text []string
}

// headRows is how many rows that are not blank may stand above the header.
const headRows = 30

// findHeader looks for the row that names number and name. A list without one is
// number, name, branch when its first row begins with a number.
func findHeader(rows []row) (header, error) {
	var halves []string
	for i, r := range rows[:min(len(rows), headRows)] {
		h, twice := readHeader(r.cells)
		switch h.at = i; {
		case h.cols[fieldNumber] >= 0 && h.cols[fieldName] >= 0 && twice != "":
			return header{}, note("roster.column_twice", "row", r.line, "column", twice)
		case h.cols[fieldNumber] >= 0 && h.cols[fieldName] >= 0:
			return h, nil
		case h.cols[fieldName] >= 0:
			halves = r.cells
		}
	}
	switch {
	case halves != nil:
		return header{}, note("roster.no_number_column", "got", headline(halves))
	case len(rows) == 0:
		return header{}, note("roster.empty")
	}
	if _, why := readNumber(at(rows[0].cells, 0)); why != "" && why != "roster.range" && !rows[0].broken {
		return header{}, note("roster.no_header", "row", rows[0].line, "got", headline(rows[0].cells))
	}
	return header{at: -1, cols: [fields]int{0, 1, 2, -1, -1}}, nil
}

// readHeader reads a row as a header. twice is the column that stands there two times,
// as in lists with two columns of people beside each other: half of them would be lost.
func readHeader(cells []string) (h header, twice string) {
	h = header{cols: [fields]int{-1, -1, -1, -1, -1}, text: cells}
	for f := range field(fields) {
		words, best := headwords(f), 0
		for i, cell := range cells {
			rank := slices.Index(words, headword(cell))
			switch {
			case rank < 0:
			case h.cols[f] < 0 || rank < best:
				h.cols[f], best = i, rank
			case rank == best && f <= fieldName:
				twice = clean(cell)
			}
		}
	}
	return h, twice
}

// again says whether a row repeats the header, as at the top of a printed page.
func (h header) again(cells []string) bool {
	if h.at < 0 {
		return false
	}
	for f, col := range h.cols {
		if col >= 0 && slices.Index(headwords(field(f)), headword(at(cells, col))) < 0 {
			return false
		}
	}
	return true
}

// name is what the file calls a column, or the key of its name.
func (h header) name(f field) string {
	if s := clean(at(h.text, h.cols[f])); s != "" {
		return s
	}
	return f.key()
}

// headline shows the beginning of a row.
func headline(cells []string) string {
	const most = 60
	var said []string
	for _, c := range cells {
		if c = clean(c); c != "" {
			said = append(said, c)
		}
	}
	r := []rune(strings.Join(said, " "))
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(r)
}

func isPrivate(head string) bool {
	head = headword(head)
	return slices.ContainsFunc(privateWords(), func(w string) bool { return strings.Contains(head, w) })
}

// isTotal says whether a row without a number sums up the list.
func isTotal(cells []string) bool {
	return startsWith(cells, "合计", "总计", "共计", "小计", "总人数", "total", "subtotal", "sum")
}

// isFooter says whether a row without a number may stand below the list.
func isFooter(cells []string) bool {
	return isTotal(cells) || startsWith(cells, "填表", "制表", "填报", "审核", "审批", "负责人", "单位", "日期", "注", "备注", "说明", "共", "note", "remark", "prepared", "signed", "date")
}

// startsWith says whether the first cell that is not blank begins with one of words,
// those of Latin letters as a whole word.
func startsWith(cells []string, words ...string) bool {
	for _, c := range cells {
		if c = headword(c); c != "" {
			return slices.ContainsFunc(words, func(w string) bool {
				rest, ok := strings.CutPrefix(c, w)
				return ok && (w[0] >= 0x80 || strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz") == rest)
			})
		}
	}
	return false
}

func at(cells []string, i int) string {
	if i < 0 || i >= len(cells) {
		return ""
	}
	return cells[i]
}
