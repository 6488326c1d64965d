package attendance

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"stationbox/firmware"
	"stationbox/firmware/text"
)

// Encode writes the roster as a file of that name: XLSX when it ends in .xlsx, CSV
// otherwise, with the headers in the language of c. ReadList gives the same members
// back.
func (r *Roster) Encode(name string, c *text.Catalogue) ([]byte, error) {
	if strings.EqualFold(filepath.Ext(name), ".xlsx") {
		return r.xlsx(c)
	}
	return r.csv(c)
}

// csv has a byte order mark and CRLF, as Excel needs to read Chinese.
func (r *Roster) csv(c *text.Catalogue) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\xef\xbb\xbf")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write(heads(c)) // a buffer takes everything
	for _, m := range r.Members() {
		_ = w.Write(cellsOf(m))
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// xlsx has its header frozen and every cell as text: a number of a card keeps its
// digits.
func (r *Roster) xlsx(c *text.Catalogue) ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	const first = "Sheet1"
	sheet := c.Say("roster.sheet")
	if err := f.SetSheetName(first, sheet); err != nil {
		return nil, err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	w, err := f.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	for i, width := range []float64{8, 14, 24, 14, 22} {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return nil, err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	var head []any
	for _, s := range heads(c) {
		head = append(head, excelize.Cell{StyleID: bold, Value: s})
	}
	if err := w.SetRow("A1", head); err != nil {
		return nil, err
	}
	for i, m := range r.Members() {
		row := []any{m.Number}
		for _, s := range cellsOf(m)[1:] {
			row = append(row, s)
		}
		if err := w.SetRow("A"+strconv.Itoa(i+2), row); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func heads(c *text.Catalogue) []string {
	list := make([]string, fields)
	for f := range list {
		list[f] = c.Say(field(f).key())
	}
	return list
}

// cellsOf are the cells of a member in the order of heads.
func cellsOf(m firmware.Member) []string {
	return []string{strconv.Itoa(m.Number), guarded(m.Name), guarded(m.Branch), guarded(m.Household), m.Card}
}
