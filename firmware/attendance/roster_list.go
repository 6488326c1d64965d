package attendance

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"stationbox/firmware"
)

// List is a member list as a file holds it.
type List struct {
	Sheet   string    // "" for text
	Members []Listed  // in the order of the file
	Bad     []BadRow  // rows that are not among Members
	Dropped []Dropped // columns that the station does not keep
	Skipped int       // totals, notes below the list, repeated headers

	has [fields]bool // the columns that there are
}

// Listed is a member and where the file has it.
type Listed struct {
	firmware.Member
	Row int
}

// Dropped is a column that was not taken.
type Dropped struct {
	Name    string `json:"name"`
	Private bool   `json:"private"` // it holds identity or telephone numbers
}

// ReadList reads a member list: XLSX, or text separated by comma, semicolon or tab in
// UTF-8, GB18030 or UTF-16 with a byte order mark. sheet chooses that of an XLSX file;
// "" is the first that is not hidden and has a header. The header, with at least
// number (编号, 序号 …) and name (姓名), may stand below titles; without one the columns
// are number, name, branch. A file that is no list at all is a *Note.
func ReadList(data []byte, sheet string) (*List, error) {
	return readList(data, sheet, false)
}

// readList reads a list. One of our own is not searched for private numbers: a card
// that looks like a telephone was let in with others that do not, and stays.
func readList(data []byte, sheet string, own bool) (*List, error) {
	if len(data) > maxRoster {
		return nil, note("roster.too_large", "most", maxRoster>>20)
	}
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		t, h, err := readBook(data, sheet)
		if err != nil {
			return nil, err
		}
		return listOf(t, h, own), nil
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return nil, note("roster.old_excel")
	case sheet != "":
		return nil, note("roster.no_sheets")
	}
	t, err := readText(data)
	if err != nil {
		return nil, err
	}
	h, err := findHeader(t.rows)
	if err != nil {
		return nil, err
	}
	return listOf(t, h, own), nil
}

// roster is what of the list can be used.
func (l *List) roster() *Roster {
	members := make([]firmware.Member, len(l.Members))
	for i, m := range l.Members {
		members[i] = m.Member
	}
	return newRoster(members)
}

// reader makes a List of the rows of a table.
type reader struct {
	List
	head  header
	lines map[int]int    // number -> row
	cards map[string]int // card -> row
}

func listOf(t *table, h header, own bool) *List {
	p := &reader{List: List{Sheet: t.name}, head: h, lines: map[int]int{}, cards: map[string]int{}}
	rows := t.rows[h.at+1:]
	p.dropColumns(rows, own)
	for f, col := range p.head.cols {
		p.has[f] = col >= 0
	}
	for len(rows) > 0 && p.unnumbered(rows[len(rows)-1]) && isFooter(rows[len(rows)-1].cells) {
		rows = rows[:len(rows)-1]
		p.Skipped++
	}
	for _, r := range rows {
		switch {
		case r.broken:
			p.reject(r.line, "", "roster.csv")
		case p.head.again(r.cells), p.unnumbered(r) && isTotal(r.cells):
			p.Skipped++
		default:
			p.member(r)
		}
	}
	return &p.List
}

// unnumbered says whether a row has no number, and so is perhaps nobody's.
func (p *reader) unnumbered(r row) bool {
	_, why := readNumber(p.cell(r, fieldNumber))
	return !r.broken && (why == "roster.no_number" || why == "roster.not_number")
}

// dropColumns leaves out what is not kept: columns that the station has no use for,
// and those that hold identity or telephone numbers, whatever they are called.
func (p *reader) dropColumns(rows []row, own bool) {
	used := map[int]bool{}
	for f, col := range p.head.cols {
		if col < 0 {
			continue
		}
		used[col] = true
		if !own && field(f) > fieldName && privateColumn(rows, col) {
			p.head.cols[f] = -1
			p.Dropped = append(p.Dropped, Dropped{p.columnName(col), true})
		}
	}
	for i := range p.head.text {
		if s := clean(p.head.text[i]); s != "" && !used[i] {
			p.Dropped = append(p.Dropped, Dropped{p.columnName(i), isPrivate(s) || privateColumn(rows, i)})
		}
	}
}

func (p *reader) columnName(col int) string {
	return headline([]string{at(p.head.text, col)})
}

// privateColumn says whether a column has an identity number, or mobile numbers in more
// than half of its cells: one number of a card may look like that of a phone.
func privateColumn(rows []row, col int) bool {
	filled, phones := 0, 0
	for _, r := range rows {
		s := width.Fold.String(clean(at(r.cells, col)))
		switch {
		case hasIdentity(s):
			return true
		case hasPhone(s):
			phones++
		}
		if s != "" {
			filled++
		}
	}
	return phones*2 > filled
}

func (p *reader) cell(r row, f field) string { return clean(at(r.cells, p.head.cols[f])) }

// reject notes what is wrong in column, "" for the whole row.
func (p *reader) reject(line int, column, reason string, args ...any) {
	p.Bad = append(p.Bad, BadRow{Row: line, Column: column, Reason: reason, Args: args})
}

// member takes in a row. Without a number nothing else of it can be said;
// otherwise every mistake is noted.
func (p *reader) member(r row) {
	n, why := readNumber(p.cell(r, fieldNumber))
	m := firmware.Member{Number: n, Name: cleanName(at(r.cells, p.head.cols[fieldName])), Branch: p.cell(r, fieldBranch),
		Household: p.cell(r, fieldHousehold), Card: firmware.CardNumber(width.Fold.String(p.cell(r, fieldCard)))}
	before := len(p.Bad)
	bad := func(f field, wrong bool, reason string, args ...any) {
		if wrong {
			p.reject(r.line, p.head.name(f), reason, args...)
		}
	}
	if why != "" {
		bad(fieldNumber, true, why, "got", headline([]string{p.cell(r, fieldNumber)}))
		return
	}
	bad(fieldNumber, p.lines[n] > 0, "roster.twice", "number", n, "row", p.lines[n])
	bad(fieldName, m.Name == "", "roster.no_name", "number", n)
	bad(fieldName, !fits(m.Name, maxName), "roster.bad_name", "number", n)
	bad(fieldName, hasIdentity(m.Name) || hasPhone(m.Name), "roster.private", "number", n)
	bad(fieldBranch, !fits(m.Branch, maxBranch), "roster.bad_branch", "number", n, "most", maxBranch)
	bad(fieldHousehold, !fits(m.Household, maxHouse), "roster.bad_household", "number", n, "most", maxHouse)
	bad(fieldCard, !isCard(m.Card), "roster.bad_card", "number", n)
	bad(fieldCard, m.Card != "" && p.cards[m.Card] > 0, "roster.card_twice", "number", n, "row", p.cards[m.Card])
	if p.lines[n] == 0 {
		p.lines[n] = r.line
	}
	if m.Card != "" && p.cards[m.Card] == 0 {
		p.cards[m.Card] = r.line
	}
	if len(p.Bad) == before {
		p.Members = append(p.Members, Listed{m, r.line})
	}
}

// fits says whether s is short enough and holds only what can be shown.
func fits(s string, most int) bool {
	return utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError
	})
}

func isCard(s string) bool {
	return len(s) <= maxCard && !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') })
}
