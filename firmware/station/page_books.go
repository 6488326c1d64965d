package station

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/page"
	"stationbox/firmware/register"
	"stationbox/firmware/station/internal/work"
)

// monthsShown bounds the list of months whose books the page offers; the command
// register makes those of any.
const monthsShown = 24

// pageRegisters are the official books for the page: of each month a page to print, a
// workbook, and the whole signed folder. They are made when they are asked for.
type pageRegisters struct{ st *Station }

// bookForms are what a month is offered as, by the end of its ID.
var bookForms = []struct{ ending, key, media string }{
	{".html", "cmd.register.as_page", "text/html; charset=utf-8"},
	{".xlsx", "cmd.register.as_workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{".zip", "cmd.register.as_folder", "application/zip"},
}

// errFirst ends a scan at its first record.
var errFirst = errors.New("first record")

// List is page.Registers.
func (g pageRegisters) List(ctx context.Context, lang string) ([]page.Register, error) {
	var first time.Time
	err := g.st.journal.Scan(func(r firmware.Record) error {
		first = r.Wall.In(g.st.zone)
		return errFirst
	})
	if err != nil && !errors.Is(err, errFirst) || first.IsZero() {
		return nil, err
	}
	words := g.st.env(lang, "page").Text
	now := g.st.now().In(g.st.zone)
	var list []page.Register
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, g.st.zone)
	for range monthsShown {
		name := month.Format("2006-01")
		for _, f := range bookForms {
			list = append(list, page.Register{ID: "books-" + name + f.ending, Month: name, Title: words.Say(f.key)})
		}
		if !month.After(first) {
			break
		}
		month = month.AddDate(0, -1, 0)
	}
	return list, nil
}

// Open is page.Registers. The folder is made in the page's own, and gone when it has
// been read.
func (g pageRegisters) Open(ctx context.Context, lang, id string) (page.Document, error) {
	for _, f := range bookForms {
		month, err := time.ParseInLocation("books-2006-01"+f.ending, id, g.st.zone)
		if err != nil {
			continue
		}
		if month.After(g.st.now()) {
			break
		}
		b, err := g.make(ctx, lang, month, f.ending)
		return page.Document{Name: id, Type: f.media, Content: io.NopCloser(bytes.NewReader(b))}, err
	}
	return page.Document{}, fmt.Errorf("register %q: %w", id, fs.ErrNotExist)
}

func (g pageRegisters) make(ctx context.Context, lang string, month time.Time, ending string) (b []byte, err error) {
	if err := os.MkdirAll(pageDir(g.st.cfg), 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(pageDir(g.st.cfg), "books-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out := filepath.Join(dir, month.Format("2006-01"))
	env := g.st.env(lang, "page")
	work.Gently(func() {
		_, err = env.Books.Make(ctx, env, command.RegisterOrder{Year: month.Year(), Month: month.Month(), Out: out, Lang: env.Text.Lang()})
	})
	if err != nil {
		return nil, err
	}
	switch ending {
	case ".html":
		return os.ReadFile(filepath.Join(out, register.HTMLFile))
	case ".xlsx":
		return os.ReadFile(filepath.Join(out, register.XLSXFile))
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	if err := errors.Join(z.AddFS(os.DirFS(dir)), z.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
