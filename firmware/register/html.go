package register

import (
	"embed"
	"fmt"
	"html/template"
	"io"

	"stationbox/firmware/text"
)

//go:embed register.html.tmpl
var pages embed.FS

// mostAcross is how many characters of columns stand beside each other on a sheet.
const mostAcross = 150

// sheet is a part of a book that fits on paper across.
type sheet struct {
	Book
	Heading string
	Part    string        // "1/2" when the columns are divided
	Groups  [][][]printed // rows that belong together
	Widths  []string
	First   bool
	Last    bool
}

// printed is a cell as it is printed.
type printed struct {
	Text   string
	Centre bool
	Same   bool // as the one above: left empty
}

// contents is a line of the cover.
type contents struct {
	Title, File string
	Rows        int
}

// cover is the first page.
type cover struct {
	Lang, Title, Heading, Records, Signed, Sign string
	Columns                                     [3]string
	Books                                       []contents
	Warnings                                    []string
	Sheets                                      []sheet
}

// WriteHTML writes the books of m as one page without script that prints on A4, a book
// beginning on a new sheet. key names the key that signs the folder.
func WriteHTML(w io.Writer, m *Month, words *text.Catalogue, key string) error {
	return printer{m, words}.writeHTML(w, m.Books(words), key)
}

func (p printer) writeHTML(w io.Writer, books []Book, key string) error {
	t, err := template.ParseFS(pages, "register.html.tmpl")
	if err != nil {
		return err
	}
	c := cover{Lang: p.words.Lang(), Title: p.say("register.cover"), Heading: p.heading(), Sign: p.say("register.sign"),
		Records: p.say("register.cover.records", "count", p.Records, "first", p.First, "last", p.Last, "made", p.Made.In(p.From.Location()).Format("2006-01-02 15:04 -07:00")),
		Signed:  p.say("register.cover.sign", "key", key),
		Columns: [3]string{p.say("register.cover.book"), p.say("register.cover.rows"), p.say("register.cover.file")}}
	if gaps := p.gaps(); gaps != "" {
		c.Warnings = append(c.Warnings, gaps)
	}
	if p.Omitted > 0 {
		c.Warnings = append(c.Warnings, "⚠ "+p.say("register.omitted", "count", p.Omitted))
	}
	for _, b := range books {
		c.Books = append(c.Books, contents{b.Title, b.Key + ".csv", len(b.Rows)})
		c.Sheets = append(c.Sheets, p.sheets(b)...)
	}
	return t.Execute(w, c)
}

// sheets divides a book that is too wide for the paper, with its leading columns on
// each part.
func (p printer) sheets(b Book) []sheet {
	parts := divide(b)
	list := make([]sheet, len(parts))
	for i, cols := range parts {
		s := sheet{Book: b, Heading: p.heading(), First: i == 0, Last: i == len(parts)-1}
		if len(parts) > 1 {
			s.Part = fmt.Sprintf("%d/%d", i+1, len(parts))
		}
		s.Columns = nil
		sum := 0.0
		for _, c := range cols {
			s.Columns = append(s.Columns, b.Columns[c])
			sum += b.Columns[c].Width
		}
		for _, c := range s.Columns {
			s.Widths = append(s.Widths, fmt.Sprintf("%.2f%%", 100*c.Width/sum))
		}
		s.Groups = p.groups(b, cols)
		list[i] = s
	}
	return list
}

// divide returns the columns of each sheet.
func divide(b Book) [][]int {
	var parts [][]int
	var lead, now []int
	room := float64(mostAcross)
	for i := range b.Repeat {
		lead = append(lead, i)
		room -= b.Columns[i].Width
	}
	used := 0.0
	for i := b.Repeat; i < len(b.Columns); i++ {
		w := b.Columns[i].Width
		if b.Repeat > 0 && used+w > room && len(now) > 0 {
			parts, now, used = append(parts, append(append([]int(nil), lead...), now...)), nil, 0
		}
		now, used = append(now, i), used+w
	}
	return append(parts, append(append([]int(nil), lead...), now...))
}

// mostTogether bounds the rows that are kept on one sheet of paper.
const mostTogether = 12

// groups are the rows of a sheet. Those that have the same leading cells are together,
// and what is the same as above is left empty.
func (p printer) groups(b Book, cols []int) [][][]printed {
	var out [][][]printed
	var above []string
	for _, r := range append(b.Rows, blanks(b)...) {
		texts := make([]string, len(r))
		same := len(above) > 0 && b.Merge > 0
		for i, c := range r {
			texts[i] = p.text(c, b.Columns[i])
			same = same && (i >= b.Merge || texts[i] == above[i])
		}
		above = texts
		last := len(out) - 1
		same = same && len(out[last]) < mostTogether
		row := make([]printed, 0, len(cols))
		for _, i := range cols {
			row = append(row, printed{Text: texts[i], Centre: b.Columns[i].Centre || r[i].Num != nil, Same: same && i < b.Merge})
		}
		switch {
		case last >= 0 && (same || b.Merge == 0):
			out[last] = append(out[last], row)
		default:
			out = append(out, [][]printed{row})
		}
	}
	return out
}
