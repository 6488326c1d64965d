package register_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"stationbox/firmware/register"
	"stationbox/firmware/text"
)

// The workbook has what the books have: numbers as numbers, everything else as text.
func TestWorkbook(t *testing.T) {
	s, o := october(t)
	m := build(t, s, o)
	dir := filepath.Join(t.TempDir(), "m")
	_, err := register.Write(dir, m, text.New("zh"), aHand(1), false)
	must(t, err)
	f, err := excelize.OpenFile(filepath.Join(dir, register.XLSXFile))
	must(t, err)
	defer func() { must(t, f.Close()) }()
	books := m.Books(text.New("zh"))
	if got := f.GetSheetList(); len(got) != len(books) {
		t.Fatalf("sheets %v", got)
	}
	for i, name := range f.GetSheetList() {
		b := books[i]
		rows, err := f.GetRows(name)
		must(t, err)
		head := 2 + len(b.Facts)
		if name != b.Title || rows[0][0] != b.Title || !strings.Contains(rows[1][0], stationID) || strings.Join(rows[head], "|") != columnNames(b) {
			t.Errorf("%s: %v", name, rows[:head+1])
		}
		for k, r := range b.Rows {
			for c := range r {
				if c < len(rows[head+1+k]) && r[c].Text != "" && rows[head+1+k][c] != r[c].Text {
					t.Errorf("%s row %d column %d: %q, want %q", name, k, c, rows[head+1+k][c], r[c].Text)
				}
			}
		}
		panes, err := f.GetPanes(name)
		if err != nil || !panes.Freeze || panes.YSplit != head+1 {
			t.Errorf("%s: panes %+v %v", name, panes, err)
		}
		layout, err := f.GetPageLayout(name)
		if err != nil || *layout.Size != 9 || *layout.FitToWidth != 1 || (*layout.Orientation == "landscape") != b.Wide {
			t.Errorf("%s: layout %+v %v", name, layout, err)
		}
	}
	if got := len(f.GetDefinedName()); got != len(books) {
		t.Errorf("%d print titles", got)
	}
	if kind, err := f.GetCellType("花名册与个人月度汇总", "E5"); err != nil || kind == excelize.CellTypeInlineString || kind == excelize.CellTypeSharedString {
		t.Errorf("lessons attended are of type %v %v", kind, err)
	}
	if formula, err := f.GetCellFormula("设备运行日志", "D50"); err != nil || formula != "" {
		t.Errorf("formula %q %v", formula, err)
	}
}

func columnNames(b register.Book) string {
	var list []string
	for _, c := range b.Columns {
		list = append(list, c.Name)
	}
	return strings.Join(list, "|")
}

// LibreOffice reads the workbook and prints it on A4 with every book in it.
func TestLibreOffice(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, tool := range []string{"soffice", "pdftotext", "pdfinfo"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	s, o := october(t)
	m := build(t, s, o)
	dir := filepath.Join(t.TempDir(), "m")
	_, err := register.Write(dir, m, text.New("zh"), aHand(1), false)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out := t.TempDir()
	run := func(name string, args ...string) string {
		b, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b)
		}
		return string(b)
	}
	run("soffice", "-env:UserInstallation=file://"+t.TempDir(), "--headless", "--convert-to", "pdf", "--outdir", out, filepath.Join(dir, register.XLSXFile))
	pdf := filepath.Join(out, "register.pdf")
	words := run("pdftotext", "-layout", pdf, "-")
	for _, b := range m.Books(text.New("zh")) {
		if !strings.Contains(strings.ReplaceAll(words, " ", ""), strings.ReplaceAll(b.Title, " ", "")) {
			t.Errorf("%s is not printed", b.Title)
		}
	}
	info := run("pdfinfo", pdf)
	if !strings.Contains(info, "A4") {
		t.Errorf("not A4: %s", info)
	}
	var pages int
	for line := range strings.Lines(info) {
		_, _ = fmt.Sscanf(line, "Pages: %d", &pages)
	}
	if pages < 10 || pages > 40 {
		t.Errorf("%d pages", pages)
	}
}
