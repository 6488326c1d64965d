package register

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/xuri/excelize/v2"
)

// The rows of a sheet: its title, the heading, the facts, then the names of the
// columns. They stay in sight and are printed on every sheet of paper.
const (
	titleRow   = 1
	headingRow = 2
	factRow    = 3
)

// sheetStyles are the styles of a workbook.
type sheetStyles struct{ title, heading, fact, head, cell, centre, note int }

// writeXLSX writes the books as one workbook with a sheet each. Rows are streamed, so
// that a long month needs little memory.
func (p printer) writeXLSX(w io.Writer, books []Book) (err error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // temporary files only
	styles, err := styleSheets(f)
	if err != nil {
		return err
	}
	for i, b := range books {
		name := shorten(b.Title, 31)
		if i == 0 {
			err = f.SetSheetName("Sheet1", name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err == nil {
			err = p.sheet(f, name, b, styles)
		}
		if err != nil {
			return fmt.Errorf("sheet %s: %w", b.Key, err)
		}
	}
	if err := f.SetDocProps(&excelize.DocProperties{Title: p.say("register.cover") + " " + p.month(), Creator: p.Station, Created: p.Made.UTC().Format("2006-01-02T15:04:05Z")}); err != nil {
		return err
	}
	return f.Write(w)
}

func styleSheets(f *excelize.File) (s sheetStyles, err error) {
	thin := []excelize.Border{{Type: "left", Color: "000000", Style: 1}, {Type: "right", Color: "000000", Style: 1}, {Type: "top", Color: "000000", Style: 1}, {Type: "bottom", Color: "000000", Style: 1}}
	font := func(size float64, bold bool) *excelize.Font {
		return &excelize.Font{Family: "SimSun", Size: size, Bold: bold}
	}
	place := func(h string) *excelize.Alignment {
		return &excelize.Alignment{Horizontal: h, Vertical: "center", WrapText: true}
	}
	for _, v := range []struct {
		to    *int
		style excelize.Style
	}{
		{&s.title, excelize.Style{Font: font(18, true), Alignment: place("center")}},
		{&s.heading, excelize.Style{Font: font(10, false), Alignment: place("center")}},
		{&s.fact, excelize.Style{Font: font(10, false), Alignment: place("left")}},
		{&s.head, excelize.Style{Font: font(10, true), Alignment: place("center"), Border: thin}},
		{&s.cell, excelize.Style{Font: font(10, false), Alignment: place("left"), Border: thin}},
		{&s.centre, excelize.Style{Font: font(10, false), Alignment: place("center"), Border: thin}},
		{&s.note, excelize.Style{Font: font(9, false), Alignment: place("left")}},
	} {
		if *v.to, err = f.NewStyle(&v.style); err != nil {
			return s, err
		}
	}
	return s, nil
}

// sheet writes one book.
func (p printer) sheet(f *excelize.File, name string, b Book, s sheetStyles) error {
	if err := page(f, name, b, factRow+len(b.Facts)); err != nil {
		return err
	}
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	b.Columns = roomy(b)
	for i, c := range b.Columns {
		if err := sw.SetColWidth(i+1, i+1, c.Width); err != nil {
			return err
		}
	}
	head := factRow + len(b.Facts)
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: head, TopLeftCell: fmt.Sprintf("A%d", head+1), ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	k := &sheetWriter{p: p, sw: sw, b: b, s: s}
	k.line(titleRow, b.Title, s.title, 30)
	k.line(headingRow, p.heading(), s.heading, 18)
	for i, fact := range b.Facts {
		k.line(factRow+i, fact, s.fact, 18)
	}
	k.table(head)
	if k.err != nil {
		return k.err
	}
	return sw.Flush()
}

// roomy are the columns of a sheet: times have their year there, and need its width.
func roomy(b Book) []Column {
	list := slices.Clone(b.Columns)
	for i := range list {
		list[i].Width = max(5, list[i].Width)
		for _, r := range b.Rows {
			if !r[i].At.IsZero() {
				list[i].Width = max(list[i].Width, 18)
			}
		}
	}
	return list
}

// page makes the sheet print on A4, as wide as the paper, with its head on each.
func page(f *excelize.File, name string, b Book, head int) error {
	across, tall, wide, a4 := "portrait", 0, 1, 9
	if b.Wide {
		across = "landscape"
	}
	fit := true
	if err := f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &a4, Orientation: &across, FitToWidth: &wide, FitToHeight: &tall}); err != nil {
		return err
	}
	half, middle := 0.4, true
	if err := f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &half, Right: &half, Top: &half, Bottom: &half, Horizontally: &middle}); err != nil {
		return err
	}
	if err := f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&C&P / &N"}); err != nil {
		return err
	}
	return f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$1:$%d", name, head), Scope: name})
}

// sheetWriter writes rows until the first error.
type sheetWriter struct {
	p   printer
	sw  *excelize.StreamWriter
	b   Book
	s   sheetStyles
	err error
}

// line writes a text over all columns.
func (k *sheetWriter) line(row int, text string, style int, height float64) {
	k.row(row, []any{excelize.Cell{StyleID: style, Value: text}}, height)
	if last := len(k.b.Columns); k.err == nil && last > 1 {
		to, err := excelize.CoordinatesToCellName(last, row)
		k.err = cmp.Or(err, k.sw.MergeCell(fmt.Sprintf("A%d", row), to))
	}
}

func (k *sheetWriter) row(row int, cells []any, height float64) {
	if k.err != nil {
		return
	}
	var opts []excelize.RowOpts
	if height > 0 {
		opts = append(opts, excelize.RowOpts{Height: height})
	}
	k.err = k.sw.SetRow(fmt.Sprintf("A%d", row), cells, opts...)
}

// table writes the names of the columns, the rows, and what stands below.
func (k *sheetWriter) table(row int) {
	head := make([]any, len(k.b.Columns))
	for i, c := range k.b.Columns {
		head[i] = excelize.Cell{StyleID: k.s.head, Value: c.Name}
	}
	k.row(row, head, 0)
	for _, r := range append(k.b.Rows, blanks(k.b)...) {
		row++
		cells := make([]any, len(r))
		for i, c := range r {
			cells[i] = k.cell(c, k.b.Columns[min(i, len(k.b.Columns)-1)])
		}
		k.row(row, cells, k.height(r))
	}
	for _, note := range k.b.Notes {
		row++
		k.line(row, note, k.s.note, k.tall(note))
	}
	if k.b.Warn != "" {
		row++
		k.line(row, k.b.Warn, k.s.note, k.tall(k.b.Warn))
	}
	k.line(row+2, k.p.say("register.sign"), k.s.fact, 24)
}

// cell is a number as such and everything else as text, which no program computes.
func (k *sheetWriter) cell(c Cell, col Column) any {
	out := excelize.Cell{StyleID: k.s.cell, Value: c.whole()}
	if !c.At.IsZero() {
		out.Value = k.p.clock(c.At, col.Seconds, true)
	}
	if c.Num != nil {
		out.Value = *c.Num
	}
	if col.Centre || c.Num != nil {
		out.StyleID = k.s.centre
	}
	return out
}

// lineHeight is that of a line of 10 points.
const lineHeight = 14.0

// height is that of a row: its longest cell, wrapped.
func (k *sheetWriter) height(r []Cell) float64 {
	most := 1
	for i, c := range r {
		if i < len(k.b.Columns) {
			most = max(most, lines(k.p.text(c, k.b.Columns[i]), k.b.Columns[i].Width))
		}
	}
	if k.b.Hand {
		return max(float64(most)*lineHeight+4, 24)
	}
	return min(400, float64(most)*lineHeight+4)
}

func (k *sheetWriter) tall(note string) float64 {
	sum := 0.0
	for _, c := range k.b.Columns {
		sum += c.Width
	}
	return min(400, float64(lines(note, sum))*lineHeight)
}

// lines is how many lines a text takes in a column of so many characters; a Chinese one
// takes two.
func lines(s string, width float64) int {
	n := 0.0
	for _, r := range s {
		if n++; r > 0x2e80 {
			n++
		}
	}
	return max(1, int(n/max(4, width-1))+1)
}

// blanks are the empty rows of a book.
func blanks(b Book) [][]Cell {
	list := make([][]Cell, b.Blank)
	for i := range list {
		list[i] = make([]Cell, len(b.Columns))
	}
	return list
}
