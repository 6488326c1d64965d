package attendance

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"
)

// Reading XLSX (ECMA-376 part 1, chapter 18). Only the parts that hold cells are
// unpacked, as a stream and between bounds, because this runs in the program that
// shows the lessons: a file of 4 MiB may unpack to gigabytes. A library that builds
// the whole workbook in memory has bounds for the parts, none for what becomes of them.
const (
	maxPart   = 16 << 20   // bytes of a part, unpacked
	maxDepth  = 64         // of elements
	maxShared = 100_000    // shared strings
	maxText   = 4 << 20    // bytes of all shared strings
	maxCells  = 8 << 20    // bytes of all cells of a sheet
	maxCell   = 3 * 32_767 // bytes of a cell: Excel's own bound is 32,767 characters
	maxWidth  = 16_384     // cells of a row: Excel's own bound
	maxSheets = 64
	maxMerges = 20_000
)

// book is an XLSX file.
type book struct {
	parts   map[string]*zip.File // by lower-case path
	strings string               // the part of the shared strings, "" when there is none
	shared  []string             // filled when the first sheet is read
}

// sheetRef is one sheet of a book.
type sheetRef struct {
	name   string
	hidden bool
	part   string
}

// readBook returns the sheet of that name, or without one the first that is visible
// and has a header; failing that the first whose rows begin with numbers.
func readBook(data []byte, name string) (*table, header, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, header{}, note("roster.bad_xlsx", "why", err)
	}
	b := &book{parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		b.parts[strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))] = f
	}
	sheets, err := b.sheets()
	if err != nil {
		return nil, header{}, err
	}
	return b.choose(sheets, name)
}

func (b *book) choose(sheets []sheetRef, name string) (bare *table, bareHead header, err error) {
	var names []string
	var first error
	for _, s := range sheets {
		names = append(names, s.name)
		if name == "" && s.hidden || name != "" && !strings.EqualFold(strings.TrimSpace(s.name), strings.TrimSpace(name)) {
			continue
		}
		t, err := b.table(s)
		var h header
		if err == nil {
			h, err = findHeader(t.rows)
		}
		switch {
		case err == nil && (h.at >= 0 || name != ""):
			return t, h, nil
		case err == nil && bare == nil:
			bare, bareHead = t, h
		case err != nil && name != "":
			return nil, header{}, err
		case err != nil && first == nil:
			first = err
		}
	}
	switch {
	case bare != nil:
		return bare, bareHead, nil
	case name != "":
		return nil, header{}, note("roster.no_such_sheet", "got", name, "sheets", headline(names))
	case first != nil:
		return nil, header{}, first
	}
	return nil, header{}, note("roster.no_sheet", "sheets", headline(names))
}

// sheets lists the sheets of the workbook in their order.
func (b *book) sheets() ([]sheetRef, error) {
	targets := map[string]string{} // relation -> part
	main := "xl/workbook.xml"
	err := b.scan("_rels/.rels", func(e xml.StartElement) {
		if e.Name.Local == "Relationship" && strings.HasSuffix(attr(e, "Type"), "/officeDocument") {
			main = strings.ToLower(path.Join("/", attr(e, "Target"))[1:])
		}
	})
	if err != nil {
		return nil, err
	}
	dir, file := path.Split(main)
	err = b.scan(dir+"_rels/"+file+".rels", func(e xml.StartElement) {
		if e.Name.Local != "Relationship" || len(targets) >= 4*maxSheets {
			return
		}
		target := attr(e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", dir, target)
		}
		targets[attr(e, "Id")] = strings.ToLower(path.Clean(target)[1:])
		if strings.HasSuffix(attr(e, "Type"), "/sharedStrings") {
			b.strings = targets[attr(e, "Id")]
		}
	})
	if err != nil {
		return nil, err
	}
	var list []sheetRef
	err = b.scan(main, func(e xml.StartElement) {
		if e.Name.Local == "sheet" && len(list) < maxSheets {
			state := attr(e, "state")
			list = append(list, sheetRef{attr(e, "name"), state != "" && state != "visible", targets[attr(e, "id")]})
		}
	})
	return list, err
}

// table reads a sheet. Below a cell that is merged downwards its value counts for every
// row, as people read it: the household of a family.
func (b *book) table(s sheetRef) (*table, error) {
	if err := b.readShared(); err != nil {
		return nil, err
	}
	g := &grid{t: &table{name: s.name, hidden: s.hidden}, shared: b.shared}
	if err := b.walk(s.part, g.token); err != nil {
		return nil, err
	}
	return g.t, g.spread()
}

// readShared fills the strings that the cells of all sheets refer to.
func (b *book) readShared() error {
	if b.shared != nil || b.parts[b.strings] == nil {
		return nil
	}
	b.shared = []string{}
	var s richText
	total := 0
	return b.walk(b.strings, func(tok xml.Token) error {
		done, err := s.token(tok, "si")
		if err != nil || !done {
			return err
		}
		if total += len(s.text); total > maxText || len(b.shared) == maxShared {
			return note("roster.too_much")
		}
		b.shared = append(b.shared, unescape(s.text))
		return nil
	})
}

// scan calls fn with every element of a part.
func (b *book) scan(part string, fn func(xml.StartElement)) error {
	return b.walk(part, func(tok xml.Token) error {
		if e, ok := tok.(xml.StartElement); ok {
			fn(e)
		}
		return nil
	})
}

// walk calls fn with every token of a part.
func (b *book) walk(part string, fn func(xml.Token) error) error {
	f := b.parts[part]
	if f == nil {
		return note("roster.bad_xlsx", "why", part+" is not in it")
	}
	if f.UncompressedSize64 > maxPart {
		return note("roster.too_much")
	}
	in, err := f.Open()
	if err != nil {
		return note("roster.bad_xlsx", "why", err)
	}
	defer func() { _ = in.Close() }()
	d := xml.NewDecoder(in) // which has no more than it says, or ends in an error
	for depth := 0; ; {
		tok, err := d.RawToken()
		switch {
		case depth > maxDepth:
			return note("roster.too_much")
		case errors.Is(err, io.EOF):
			if depth != 0 {
				return note("roster.bad_xlsx", "why", io.ErrUnexpectedEOF)
			}
			return nil
		case err != nil:
			return note("roster.bad_xlsx", "why", err)
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		if err := fn(tok); err != nil {
			return err
		}
	}
}

// attr is the attribute of that name, of whatever name space.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
