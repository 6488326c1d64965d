package attendance

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// The bounds of a table.
const (
	maxRows    = 20_000 // that are not blank
	maxColumns = 128    // those to the right are not looked at
)

// table is one sheet: its rows that are not blank.
type table struct {
	name   string // "" for text
	hidden bool
	rows   []row
}

// row is one row of a table.
type row struct {
	line   int // of the file, 1 is the first
	cells  []string
	broken bool // its quotes do not match: there are no cells
}

// add appends a row unless it is blank.
func (t *table) add(r row) error {
	r.cells = r.cells[:min(len(r.cells), maxColumns)]
	if !r.broken && strings.TrimSpace(strings.Join(r.cells, "")) == "" {
		return nil
	}
	if len(t.rows) == maxRows {
		return note("roster.too_many_rows", "most", maxRows)
	}
	t.rows = append(t.rows, r)
	return nil
}

// readText reads a table out of text separated by comma, semicolon or tab.
func readText(data []byte) (*table, error) {
	s, err := decodeText(data)
	if err != nil {
		return nil, err
	}
	sep, skipped := separator(&s)
	in := csv.NewReader(strings.NewReader(s))
	in.Comma, in.FieldsPerRecord, in.ReuseRecord = sep, -1, false
	t := &table{}
	for {
		fields, err := in.Read()
		var pe *csv.ParseError
		r := row{cells: fields}
		switch {
		case errors.As(err, &pe):
			r = row{line: pe.StartLine + skipped, broken: true}
		case err != nil:
			return t, nil // the end: strings have no other error
		default:
			line, _ := in.FieldPos(0)
			r.line = line + skipped
		}
		if err := t.add(r); err != nil {
			return nil, err
		}
	}
}

// decodeText returns data as a string: UTF-16 with a byte order mark, as "Unicode
// text" of Excel, UTF-8, or what is neither as GB18030, which holds GBK and GB 2312.
func decodeText(data []byte) (string, error) {
	var s string
	switch rest, marked := bytes.CutPrefix(data, []byte("\xef\xbb\xbf")); {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if s = string(out); err != nil || len(data)%2 != 0 || strings.ContainsRune(s, utf8.RuneError) {
			return "", note("roster.bad_utf16")
		}
	case utf8.Valid(rest):
		s = string(rest)
	case marked || nearlyUTF8(rest):
		return "", note("roster.bad_utf8")
	default:
		out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(rest)
		if s = string(out); err != nil || strings.ContainsRune(s, utf8.RuneError) {
			return "", note("roster.bad_encoding")
		}
	}
	switch {
	case strings.ContainsRune(s, 0):
		return "", note("roster.not_text")
	case strings.HasPrefix(strings.TrimSpace(s), "<"):
		return "", note("roster.web_page")
	}
	return s, nil
}

// nearlyUTF8 says whether text that is no UTF-8 was once: most of it is still. Read as
// GB18030 every name in it would be another.
func nearlyUTF8(data []byte) bool {
	good, bad := 0, 0
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 2: // two bytes of GBK are often two of UTF-8 by chance
			good++
		}
		data = data[n:]
	}
	return good > bad
}

// separator finds what stands between the fields: the most frequent in the first
// lines, or what a line "sep=;" says, which is cut off.
func separator(s *string) (sep rune, skipped int) {
	if first, rest, ok := strings.Cut(*s, "\n"); ok {
		if mark, is := strings.CutPrefix(strings.TrimRight(first, "\r"), "sep="); is && len(mark) == 1 && strings.Contains(",;\t", mark) {
			*s = rest
			return rune(mark[0]), 1
		}
	}
	const look = 8 << 10
	head, most := (*s)[:min(len(*s), look)], 0
	sep = ','
	for _, c := range []string{",", "\t", ";"} {
		if n := strings.Count(head, c); n > most {
			sep, most = rune(c[0]), n
		}
	}
	return sep, 0
}
