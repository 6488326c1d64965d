package notice

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

var now = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

func file(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// photo is a picture of one colour.
func photo(t testing.TB, w, h int, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+3] = 200, 255
	}
	var b bytes.Buffer
	if err := encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(b *bytes.Buffer, img image.Image) error  { return png.Encode(b, img) }
func asJPEG(b *bytes.Buffer, img image.Image) error { return jpeg.Encode(b, img, nil) }

// pdf is a document of blank A4 pages.
func pdf(pages int) []byte {
	var b bytes.Buffer
	var at []int
	object := func(s string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), s)
	}
	b.WriteString("%PDF-1.4\n")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 3+i)
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", pages, kids.String()))
	for range pages {
		object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>")
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.Bytes()
}

func needPDF(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func TestAdd(t *testing.T) {
	needPDF(t)
	gbk, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("周五上午在村委会发放种子，请带户口本。"))
	if err != nil {
		t.Fatal(err)
	}
	bomb := photo(t, 1, 1, asPNG)
	copy(bomb[16:], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}) // 65535×65535, by its head
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	tests := []struct {
		name  string
		file  string
		b     []byte
		pages int
		err   error
	}{
		{"text", "x.txt", []byte("周五上午在村委会发放种子，请带户口本。"), 1, nil},
		{"text of an old program", "x.txt", gbk, 1, nil},
		{"text with a mark", "x.txt", []byte("\xef\xbb\xbf低保金\t12,300 元\r\n合作医疗\t8,000 元\r\n"), 1, nil},
		{"long text", "x.txt", []byte(strings.Repeat("一二三四五六七八九十一二三四五\n", 9)), 3, nil},
		{"endless text", "x.txt", []byte(strings.Repeat("字\n\n", 21)), 0, ErrLarge},
		{"book", "x.txt", bytes.Repeat([]byte("字"), MostText), 0, ErrLarge},
		{"empty", "x.txt", []byte(" \r\n\t\n"), 0, ErrForm},
		{"noise", "x.txt", []byte("a\x00b"), 0, ErrForm},
		{"broken coding", "x.txt", []byte("\xff\xff\xff"), 0, ErrForm},
		{"photo", "x.jpg", photo(t, 2400, 1000, asJPEG), 1, nil},
		{"photo by another name", "x.pdf", photo(t, 30, 20, asPNG), 1, nil},
		{"cut photo", "x.jpg", photo(t, 300, 200, asJPEG)[:400], 0, ErrForm},
		{"bomb", "x.png", bomb, 0, ErrLarge},
		{"document", "x.pdf", pdf(3), 3, nil},
		{"book of a document", "x.pdf", pdf(21), 0, ErrLarge},
		{"cut document", "x.pdf", pdf(3)[:30], 0, ErrForm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "wall")
			w := Open(dir)
			n, err := w.Add(t.Context(), Arrival{Path: file(t, tt.file, tt.b), From: "2026-12-01", Now: now})
			if !errors.Is(err, tt.err) || len(n.Pages()) != tt.pages {
				t.Fatalf("%v, %d pages; want %v, %d", err, len(n.Pages()), tt.err, tt.pages)
			}
			entries, _ := os.ReadDir(dir)
			if want := min(tt.pages, 1); len(entries) != want || len(w.List()) != want || len(Open(dir).List()) != want {
				t.Errorf("%v in the folder, %d listed", entries, len(w.List()))
			}
			for _, p := range n.Pages() {
				if p.File == "" {
					continue
				}
				f, err := os.Open(p.File)
				if err != nil {
					t.Fatal(err)
				}
				c, kind, err := image.DecodeConfig(f)
				_ = f.Close()
				if err != nil || kind != "jpeg" || c.Width > pageWide || c.Height > pageHigh {
					t.Errorf("page %d: %s %d×%d, %v", p.N, kind, c.Width, c.Height, err)
				}
			}
		})
	}
}

func TestTransparentIsWhite(t *testing.T) {
	img := fitted(image.NewNRGBA(image.Rect(0, 0, 10, 10)))
	if r, _, _, _ := img.At(5, 5).RGBA(); r != 0xffff {
		t.Errorf("%v", img.At(5, 5))
	}
	if got := fitted(image.NewUniform(color.White)).Bounds(); got.Dx() > pageWide || got.Dy() > pageHigh {
		t.Errorf("%v", got)
	}
}

func TestDays(t *testing.T) {
	w := Open(t.TempDir())
	text := file(t, "种子.txt", []byte("发放种子"))
	add := func(from, until string) (Notice, error) {
		return w.Add(t.Context(), Arrival{Path: text, From: from, Until: until, Now: now})
	}
	for _, d := range [][2]string{{"", ""}, {"2026-02-30", ""}, {"2026-12-02", "2026-12-01"}, {"2026-12-01", "soon"}} {
		if _, err := add(d[0], d[1]); !errors.Is(err, ErrDates) {
			t.Errorf("%v: %v", d, err)
		}
	}
	first, err := add("2026-12-01", "2026-12-03")
	if err != nil || first.Title != "种子" || first.Kind != General {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := add("2026-12-03", "")
	if err != nil || second.Until != "2027-01-02" {
		t.Fatalf("%+v, %v", second, err)
	}
	for day, want := range map[string]string{"2026-11-30": "", "2026-12-01": "1", "2026-12-03": "2 1", "2026-12-04": "2", "2027-01-02": "2", "2027-01-03": ""} {
		var got []string
		for _, p := range w.Pages(day) {
			got = append(got, fmt.Sprint(p.Notice.ID))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", day, got, want)
		}
	}
	if err := w.Remove(7); !errors.Is(err, ErrNone) {
		t.Errorf("remove: %v", err)
	}
	if err := w.Remove(1); err != nil || len(w.List()) != 1 || len(Open(w.dir).List()) != 1 {
		t.Errorf("remove: %v, %v", err, w.List())
	}
	third, err := add("2026-12-01", "")
	if err != nil || third.ID != 3 {
		t.Errorf("a number comes again: %+v, %v", third, err)
	}
}

func TestFull(t *testing.T) {
	w := Open(t.TempDir())
	text := file(t, "x.txt", []byte("发放种子"))
	for i := range Most + 1 {
		_, err := w.Add(t.Context(), Arrival{Path: text, From: "2026-12-01", Now: now})
		if (err != nil) != (i == Most) || i == Most && !errors.Is(err, ErrFull) {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// A folder that is damaged costs only itself, and its number is not used again.
func TestDamagedNotice(t *testing.T) {
	dir := t.TempDir()
	w := Open(dir)
	text := file(t, "x.txt", []byte("发放种子"))
	for range 3 {
		if _, err := w.Add(t.Context(), Arrival{Path: text, From: "2026-12-01", Now: now}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "3", manifest), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	w = Open(dir)
	if len(w.List()) != 2 {
		t.Errorf("%v", w.List())
	}
	n, err := w.Add(t.Context(), Arrival{Path: text, From: "2026-12-01", Now: now})
	if err != nil || n.ID != 4 {
		t.Errorf("%+v, %v", n, err)
	}
}

// Whatever a text is: its pages have at most so many rows of at most that width, and
// every printable character of it that is no space is on one of them.
func TestPaged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab ,.，。（字词句\n\r\t12\u200b\x1b😀"))).Draw(t, "text")
		bare := func(s string) string {
			return strings.Join(strings.Fields(printable(s)), "")
		}
		var all string
		for _, p := range paged(text) {
			rows := strings.Split(p, "\n")
			if len(rows) > pageLines {
				t.Fatalf("%d rows", len(rows))
			}
			for _, row := range rows {
				wide := 0
				for _, r := range row {
					wide += width(r)
				}
				if wide > 2*pageWidth || row == "" {
					t.Fatalf("row %q is %d wide", row, wide)
				}
			}
			all += bare(p)
		}
		want := ""
		for line := range strings.Lines(text) {
			want += bare(line)
		}
		if all != want {
			t.Fatalf("got %q, want %q", all, want)
		}
	})
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte("周五上午发放种子"))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("\xff\xd8\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.HasPrefix(b, []byte("%PDF-")) {
			return // another program's
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width*c.Height > 1<<20 {
			return // slow
		}
		w := Open(t.TempDir())
		n, err := w.Add(t.Context(), Arrival{Path: file(t, "x", b), From: "2026-12-01", Now: now})
		if err == nil && len(n.Pages()) == 0 {
			t.Error("taken, and nothing of it")
		}
		for _, p := range n.Texts {
			if !utf8.ValidString(p) {
				t.Errorf("%q", p)
			}
		}
	})
}
