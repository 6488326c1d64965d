package attendance

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
)

// richText gathers the text of a string item: its runs without their formats, and
// without the pronunciation that may stand beside Chinese characters.
type richText struct {
	text  string
	b     strings.Builder
	inT   bool
	sound int // how deep in a pronunciation
}

// token takes a token and says whether the element named whole has ended: then text is
// its text.
func (s *richText) token(tok xml.Token, whole string) (done bool, err error) {
	switch e := tok.(type) {
	case xml.StartElement:
		switch e.Name.Local {
		case whole:
			s.b.Reset()
			s.sound = 0
		case "rPh":
			s.sound++
		}
		s.inT = e.Name.Local == "t"
	case xml.EndElement:
		s.inT = false
		switch e.Name.Local {
		case "rPh":
			s.sound--
		case whole:
			s.text = s.b.String()
			return true, nil
		}
	case xml.CharData:
		if s.inT && s.sound == 0 {
			s.b.Write(e)
		}
		if s.b.Len() > maxCell {
			return false, note("roster.too_much")
		}
	}
	return false, nil
}

// merge is a cell that covers others: rows from top to bottom in a column, 1 the first.
type merge struct{ col, top, bottom int }

// grid makes a table of the tokens of a sheet.
type grid struct {
	t      *table
	shared []string
	row    row
	col    int    // of the next cell, 0 the first
	kind   string // of the cell
	value  strings.Builder
	inV    bool
	inline richText
	merges []merge
	size   int // bytes of all cells so far
}

func (g *grid) token(tok xml.Token) error {
	switch e := tok.(type) {
	case xml.StartElement:
		return g.start(e)
	case xml.CharData:
		if g.inV {
			if g.value.Write(e); g.value.Len() > maxCell {
				return note("roster.too_much")
			}
		}
	case xml.EndElement:
		g.inV = false
		switch e.Name.Local {
		case "c":
			if g.put(); g.size > maxCells {
				return note("roster.too_much")
			}
		case "row":
			r := g.row
			g.row = row{line: r.line}
			return g.t.add(r)
		}
	}
	if g.kind == "inlineStr" {
		if _, err := g.inline.token(tok, "is"); err != nil {
			return err
		}
	}
	return nil
}

func (g *grid) start(e xml.StartElement) error {
	g.inV = e.Name.Local == "v"
	switch e.Name.Local {
	case "row":
		g.row, g.col = row{line: g.row.line + 1}, 0
		if n, err := strconv.Atoi(attr(e, "r")); err == nil && n > 0 {
			g.row.line = n
		}
	case "c":
		g.kind = attr(e, "t")
		g.value.Reset()
		g.inline = richText{}
		if col, _, ok := place(attr(e, "r")); ok {
			g.col = col
		}
		if g.col >= maxWidth {
			return note("roster.too_much")
		}
	case "mergeCell":
		return g.merge(attr(e, "ref"))
	}
	if g.kind == "inlineStr" {
		_, err := g.inline.token(e, "is")
		return err
	}
	return nil
}

// escaped is a character that XML cannot hold, as strings of the format have it.
var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

func unescape(s string) string {
	return escaped.ReplaceAllStringFunc(s, func(e string) string {
		n, _ := strconv.ParseUint(e[2:6], 16, 16) // four hexadecimal digits
		return string(rune(n))
	})
}

// put writes the value of a cell that has ended into its row.
func (g *grid) put() {
	s := g.value.String()
	switch g.kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(s))
		if s = ""; err == nil && i >= 0 && i < len(g.shared) {
			s = g.shared[i]
		}
	case "inlineStr":
		s = unescape(g.inline.text)
	case "str":
		s = unescape(s)
	case "", "n":
		s = whole(s)
	}
	g.kind = ""
	if g.col < maxColumns && s != "" {
		g.fill(&g.row, g.col, s)
	}
	g.col++
}

// whole writes a number without exponent and fraction when it is whole and was kept
// exactly: Excel has 15 digits. Otherwise it stays as the file has it, so that a
// number of a card which lost digits is refused.
func whole(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != float64(int64(f)) || f >= 1e15 || f <= -1e15 {
		return s
	}
	return strconv.FormatInt(int64(f), 10)
}

// merge notes a merged range that is more than one row high.
func (g *grid) merge(ref string) error {
	from, to, _ := strings.Cut(ref, ":")
	col, top, ok := place(from)
	_, bottom, also := place(to)
	if !ok || !also || bottom <= top || col >= maxColumns {
		return nil
	}
	if len(g.merges) == maxMerges {
		return note("roster.too_much")
	}
	g.merges = append(g.merges, merge{col, top, bottom})
	return nil
}

// spread copies the value of merged cells down to the rows that they cover. Ranges do
// not overlap in an honest sheet, and so need no more work than it has cells.
func (g *grid) spread() error {
	index := make(map[int]int, len(g.t.rows)) // row of the sheet -> its place
	for i, r := range g.t.rows {
		index[r.line] = i
	}
	work := maxRows * maxColumns
	for _, m := range g.merges {
		top, ok := index[m.top]
		if !ok || at(g.t.rows[top].cells, m.col) == "" {
			continue
		}
		value := g.t.rows[top].cells[m.col]
		for i := top + 1; i < len(g.t.rows) && g.t.rows[i].line <= m.bottom; i++ {
			g.fill(&g.t.rows[i], m.col, value)
			if work--; work < 0 || g.size > maxCells {
				return note("roster.too_much")
			}
		}
	}
	return nil
}

// fill puts value into a cell of r that is empty.
func (g *grid) fill(r *row, col int, value string) {
	for len(r.cells) <= col {
		r.cells = append(r.cells, "")
	}
	if r.cells[col] == "" {
		r.cells[col] = value
		g.size += len(value)
	}
}

// place reads "AB12": column 27, row 12.
func place(ref string) (col, row int, ok bool) {
	ref = strings.ReplaceAll(ref, "$", "")
	digits := strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	letters := ref[:len(ref)-len(digits)]
	row, err := strconv.Atoi(digits)
	if letters == "" || len(letters) > 3 || err != nil || row < 1 || row > 1<<20 {
		return 0, 0, false
	}
	for _, c := range letters {
		col = col*26 + int(c-'A') + 1
	}
	return col - 1, row, true
}
