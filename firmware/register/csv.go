package register

import (
	"bufio"
	"encoding/csv"
	"io"
	"strings"
)

// WriteCSV writes the table of a book as UTF-8 with a byte order mark and CRLF, which
// Excel opens in Chinese. Times have their year and offset. A text that a spreadsheet
// would take for a formula has an apostrophe before it.
func WriteCSV(w io.Writer, b Book) error {
	out := bufio.NewWriter(w)
	if _, err := out.WriteString("\ufeff"); err != nil {
		return err
	}
	rows := csv.NewWriter(out)
	rows.UseCRLF = true
	line := make([]string, len(b.Columns))
	for i, c := range b.Columns {
		line[i] = harmless(strings.ReplaceAll(c.Name, "\n", " "))
	}
	if err := rows.Write(line); err != nil {
		return err
	}
	for _, r := range b.Rows {
		line = line[:0]
		for _, c := range r {
			s := c.whole()
			if c.Num == nil {
				s = harmless(s)
			}
			line = append(line, s)
		}
		if err := rows.Write(line); err != nil {
			return err
		}
	}
	rows.Flush()
	if err := rows.Error(); err != nil {
		return err
	}
	return out.Flush()
}

// harmless takes a text out of reach of a spreadsheet's formulas: = + - @ and their
// full-width forms, a tab and line ends, also behind spaces and quotes, which some
// programs pass over.
func harmless(s string) string {
	if strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "\r") || strings.HasPrefix(s, "\n") {
		return "'" + s
	}
	if t := strings.TrimLeft(s, " \u3000\u00a0\"'\t\r\n"); t != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(t)[0]) {
		return "'" + s
	}
	return s
}
