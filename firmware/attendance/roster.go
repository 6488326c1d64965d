package attendance

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"stationbox/firmware"
	"stationbox/firmware/text"
)

// maxRoster bounds the file: 10,000 members need less than 1 MiB.
const maxRoster = 4 << 20

// Roster is the list of members. It never changes and may be shared. A nil
// Roster is empty.
type Roster struct {
	members []firmware.Member
	byNum   map[int]int
	byCard  map[string]int
}

// Members returns the members by number.
func (r *Roster) Members() []firmware.Member {
	if r == nil {
		return nil
	}
	return append([]firmware.Member(nil), r.members...)
}

// Find returns the member with number.
func (r *Roster) Find(number int) (firmware.Member, bool) {
	if r == nil {
		return firmware.Member{}, false
	}
	i, ok := r.byNum[number]
	if !ok {
		return firmware.Member{}, false
	}
	return r.members[i], true
}

// FindCard returns the member who has that card.
func (r *Roster) FindCard(card string) (firmware.Member, bool) {
	card = firmware.CardNumber(card)
	if r == nil || card == "" {
		return firmware.Member{}, false
	}
	i, ok := r.byCard[card]
	if !ok {
		return firmware.Member{}, false
	}
	return r.members[i], true
}

// Len returns how many members there are.
func (r *Roster) Len() int {
	if r == nil {
		return 0
	}
	return len(r.members)
}

// BadRow is a row of the file that could not be taken.
type BadRow struct {
	Row    int // line of the file, 1 is the first
	Reason string
	Args   []any
}

// In returns the row and the reason in the language of c.
func (b BadRow) In(c *text.Catalogue) string {
	return c.Say("roster.row", "row", b.Row, "why", c.Say(b.Reason, b.Args...))
}

// String returns the row and the reason in English.
func (b BadRow) String() string { return b.In(text.New("en")) }

// LoadRoster reads the CSV file at path: see ParseRoster.
func LoadRoster(path string) (*Roster, []BadRow, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("roster: %w", err)
	}
	if info.Size() > maxRoster {
		return nil, nil, fmt.Errorf("roster %s: %d bytes are more than %d", path, info.Size(), maxRoster)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("roster: %w", err)
	}
	r, bad, err := ParseRoster(data)
	if err != nil {
		return nil, nil, fmt.Errorf("roster %s: %w", path, err)
	}
	return r, bad, nil
}

// ParseRoster reads CSV in UTF-8, with or without a byte order mark, separated
// by comma, semicolon or tab. A first row with known names (number, name,
// branch, card; 编号, 姓名, 支部, 卡号) gives the order of the columns, otherwise it
// is number, name, branch. Bad rows are left out and reported; who wants all or
// nothing looks at them first.
func ParseRoster(data []byte) (*Roster, []BadRow, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, nil, errors.New("not UTF-8 text: save the table as \"CSV UTF-8\"")
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = comma(data), -1, true
	p := &rosterParser{cols: [4]int{0, 1, 2, -1}, lines: map[int]int{}, cards: map[string]int{}}
	for {
		fields, err := in.Read()
		if err != nil {
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				p.reject(pe.Line, "roster.csv")
				continue
			}
			break
		}
		line, _ := in.FieldPos(0)
		p.row(line, fields)
	}
	return p.done(), p.bad, nil
}

func comma(data []byte) rune {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	for _, c := range []rune{',', '\t', ';'} {
		if bytes.ContainsRune(first, c) {
			return c
		}
	}
	return ','
}

type rosterParser struct {
	cols    [4]int // of number, name, branch, card; -1: none
	begun   bool
	members []firmware.Member
	lines   map[int]int    // number -> line
	cards   map[string]int // card -> line
	bad     []BadRow
}

func (p *rosterParser) reject(line int, reason string, args ...any) {
	p.bad = append(p.bad, BadRow{Row: line, Reason: reason, Args: args})
}

func (p *rosterParser) row(line int, fields []string) {
	if strings.TrimSpace(strings.Join(fields, "")) == "" {
		return
	}
	if !p.begun {
		p.begun = true
		if p.header(fields) {
			return
		}
	}
	number, name, card := p.field(fields, 0), p.field(fields, 1), firmware.CardNumber(p.field(fields, 3))
	n, err := strconv.Atoi(number)
	switch {
	case number == "":
		p.reject(line, "roster.no_number")
	case err != nil:
		p.reject(line, "roster.not_number", "got", number)
	case n < 1 || n > 9999:
		p.reject(line, "roster.range", "got", n)
	case name == "":
		p.reject(line, "roster.no_name", "number", n)
	case utf8.RuneCountInString(name) > 40 || strings.ContainsFunc(name, unicode.IsControl):
		p.reject(line, "roster.bad_name", "number", n)
	case p.lines[n] > 0:
		p.reject(line, "roster.twice", "number", n, "row", p.lines[n])
	case len(card) > 20 || strings.ContainsFunc(card, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }):
		p.reject(line, "roster.bad_card", "number", n)
	case card != "" && p.cards[card] > 0:
		p.reject(line, "roster.card_twice", "number", n, "row", p.cards[card])
	default:
		p.lines[n] = line
		if card != "" {
			p.cards[card] = line
		}
		p.members = append(p.members, firmware.Member{Number: n, Name: name, Branch: p.field(fields, 2), Card: card})
	}
}

// field returns column i of a row; full-width digits are read as digits.
func (p *rosterParser) field(fields []string, i int) string {
	col := p.cols[i]
	if col < 0 || col >= len(fields) {
		return ""
	}
	s := strings.TrimSpace(fields[col])
	if i != 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, s)
}

func (p *rosterParser) header(fields []string) bool {
	words := [4][]string{
		{"number", "no", "no.", "id", "编号", "号码", "序号", "学号"},
		{"name", "姓名", "名字"},
		{"branch", "group", "支部", "党支部", "所在支部", "组别"},
		{"card", "card number", "卡号", "卡"},
	}
	cols, found := [4]int{-1, -1, -1, -1}, 0
	for i, f := range fields {
		f = strings.ToLower(strings.TrimSpace(f))
		for c, list := range words {
			for _, w := range list {
				if f == w && cols[c] < 0 {
					cols[c] = i
					found++
				}
			}
		}
	}
	if found == 0 || cols[0] < 0 {
		return false
	}
	p.cols = cols
	return true
}

func (p *rosterParser) done() *Roster {
	sort.Slice(p.members, func(i, j int) bool { return p.members[i].Number < p.members[j].Number })
	r := &Roster{members: p.members, byNum: make(map[int]int, len(p.members)), byCard: map[string]int{}}
	for i, m := range p.members {
		r.byNum[m.Number] = i
		if m.Card != "" {
			r.byCard[m.Card] = i
		}
	}
	return r
}
