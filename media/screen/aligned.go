package screen

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
)

// aligned is one face of a font file as a file of its own, whose tables begin at
// multiples of four bytes as OpenType asks for. WenQuanYi's collections do not
// keep to that, and the decoder refuses them. Nothing is copied: what is read is
// read from the file, only the directory is new.
type aligned struct {
	file     io.ReaderAt
	head     []byte
	sections []section
}

// section is a table: where it is, where it was, how long it is.
type section struct{ at, from, size int64 }

const (
	mostFaces  = 64
	mostTables = 64
	mostSize   = 1 << 30 // of a font file
)

var errDirectory = errors.New("no directory of a font")

// faces lists where the faces of a font or of a collection begin.
func faces(file io.ReaderAt) ([]int64, error) {
	var b [12 + 4*mostFaces]byte
	n, err := file.ReadAt(b[:], 0)
	if n < 12 {
		return nil, errors.Join(errDirectory, err)
	}
	if string(b[:4]) != "ttcf" {
		return []int64{0}, nil
	}
	count := int(binary.BigEndian.Uint32(b[8:]))
	if count < 1 || count > mostFaces || n < 12+4*count {
		return nil, fmt.Errorf("%w: %d faces", errDirectory, count)
	}
	list := make([]int64, count)
	for i := range list {
		list[i] = int64(binary.BigEndian.Uint32(b[12+4*i:]))
	}
	return list, nil
}

// wanted says whether drawing needs a table; the others are left out.
func wanted(tag string) bool {
	switch tag {
	case "CFF ", "OS/2", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post":
		return true
	}
	return false
}

// align reads the directory of the face at start and makes a new one.
func align(file io.ReaderAt, start int64) (*aligned, error) {
	var b [12 + 16*mostTables]byte
	n, err := file.ReadAt(b[:], start)
	if n < 12 {
		return nil, errors.Join(errDirectory, err)
	}
	count := int(binary.BigEndian.Uint16(b[4:]))
	if count < 1 || count > mostTables || n < 12+16*count {
		return nil, fmt.Errorf("%w: %d tables", errDirectory, count)
	}
	a := &aligned{file: file, head: append([]byte(nil), b[:12]...)}
	for i := range count {
		entry := append([]byte(nil), b[12+16*i:28+16*i]...)
		if !wanted(string(entry[:4])) {
			continue
		}
		s := section{from: int64(binary.BigEndian.Uint32(entry[8:])), size: int64(binary.BigEndian.Uint32(entry[12:]))}
		if s.from+s.size > mostSize {
			return nil, fmt.Errorf("%w: a table of %d bytes at %d", errDirectory, s.size, s.from)
		}
		a.head, a.sections = append(a.head, entry...), append(a.sections, s)
	}
	binary.BigEndian.PutUint16(a.head[4:], uint16(len(a.sections)))
	at := int64(len(a.head))
	for i := range a.sections {
		at = (at + 3) &^ 3
		a.sections[i].at = at
		binary.BigEndian.PutUint32(a.head[12+16*i+8:], uint32(at))
		at += a.sections[i].size
	}
	return a, nil
}

// ReadAt reads the face as if it were a file. Between tables there are zeros.
func (a *aligned) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errDirectory
	}
	n := 0
	for n < len(p) {
		k, err := a.read(p[n:], off+int64(n))
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// read reads from one table, or from the gap before one.
func (a *aligned) read(p []byte, off int64) (int, error) {
	if off < int64(len(a.head)) {
		return copy(p, a.head[off:]), nil
	}
	i := sort.Search(len(a.sections), func(i int) bool { return a.sections[i].at+a.sections[i].size > off })
	if i == len(a.sections) {
		return 0, io.EOF
	}
	s := a.sections[i]
	if off < s.at {
		gap := p[:min(int64(len(p)), s.at-off)]
		clear(gap)
		return len(gap), nil
	}
	part := p[:min(int64(len(p)), s.at+s.size-off)]
	n, err := a.file.ReadAt(part, s.from+off-s.at)
	if n == len(part) {
		err = nil
	} else if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
