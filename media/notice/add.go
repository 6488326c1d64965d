package notice

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // a kind that is read
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/image/draw"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Arrival is a file that is to be published. Path is required.
type Arrival struct {
	Path  string
	Title string // default: the name of the file
	Kind  string // General (default) or Accounts
	From  string // first day, "2026-12-01"
	Until string // last day; default: 30 days later
	Now   time.Time
}

const (
	pageWide, pageHigh = 1920, 1080
	mostPixels         = 64 << 20 // of a picture that comes
	pdfBound           = 2 * time.Minute
)

// Add takes a file in and returns the notice. Errors: ErrForm, ErrLarge, ErrFull,
// ErrDates, ErrTool, and those of the card; nothing of it is kept then.
func (w *Wall) Add(ctx context.Context, a Arrival) (Notice, error) {
	n := Notice{Kind: cmp.Or(a.Kind, General), Title: titleOf(a.Title, a.Path), From: a.From, Added: a.Now}
	var err error
	if n.Until, err = span(a.From, a.Until); err != nil {
		return Notice{}, err
	}
	if len(w.List()) >= Most {
		return Notice{}, ErrFull
	}
	info, err := os.Stat(a.Path)
	switch {
	case err != nil:
		return Notice{}, err
	case !info.Mode().IsRegular():
		return Notice{}, fmt.Errorf("%s: %w: no file", a.Path, ErrForm)
	case info.Size() > mostFile:
		return Notice{}, fmt.Errorf("%s: %w: at most %d MiB", a.Path, ErrLarge, mostFile>>20)
	}
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return Notice{}, err
	}
	dir, err := os.MkdirTemp(w.dir, ".new-")
	if err != nil {
		return Notice{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it has its place by then
	if n.Texts, err = pagesOf(ctx, a.Path, dir); err != nil {
		return Notice{}, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return Notice{}, err
	}
	return w.publish(n, dir)
}

// pagesOf makes the pages of a file: pictures in dir, or texts.
func pagesOf(ctx context.Context, path, dir string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return nil, document(ctx, path, dir)
	case bytes.HasPrefix(b, []byte("\x89PNG")), bytes.HasPrefix(b, []byte("\xff\xd8")):
		return nil, pictureTo(bytes.NewReader(b), filepath.Join(dir, pageName(1)))
	case bytes.IndexByte(b, 0) >= 0:
		return nil, fmt.Errorf("%s: %w: a text, JPEG, PNG or PDF is wanted", path, ErrForm)
	case len(b) > MostText:
		return nil, fmt.Errorf("%s: %w: a text has at most %d KiB", path, ErrLarge, MostText>>10)
	}
	text, err := decoded(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	pages := paged(text)
	if len(pages) == 0 {
		return nil, fmt.Errorf("%s: %w: it is empty", path, ErrForm)
	}
	if len(pages) > MostPages {
		return nil, fmt.Errorf("%s: %w: %d pages, at most %d", path, ErrLarge, len(pages), MostPages)
	}
	return pages, nil
}

// decoded reads a text in UTF-8, or in GB18030 as old programs write it.
func decoded(b []byte) (string, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if utf8.Valid(b) {
		return string(b), nil
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return "", fmt.Errorf("%w: neither UTF-8 nor GB18030", ErrForm)
	}
	return string(out), nil
}

// pictureTo writes a picture as it is shown: not larger than a screen.
func pictureTo(r io.ReadSeeker, to string) error {
	c, _, err := image.DecodeConfig(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	if c.Width < 1 || c.Height < 1 || c.Width > mostPixels/c.Height {
		return fmt.Errorf("%w: a picture of %d×%d", ErrLarge, c.Width, c.Height)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	img, _, err := image.Decode(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	err = jpeg.Encode(f, fitted(img), &jpeg.Options{Quality: 88})
	return errors.Join(err, f.Sync(), f.Close())
}

// fitted makes a picture as small as a screen, on white where it is transparent.
func fitted(img image.Image) image.Image {
	r := img.Bounds()
	w, h := r.Dx(), r.Dy()
	if w > pageWide || h > pageHigh {
		if w*pageHigh > h*pageWide {
			w, h = pageWide, max(1, h*pageWide/w)
		} else {
			w, h = max(1, w*pageHigh/h), pageHigh
		}
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(out, out.Rect, img, r, draw.Over, nil)
	return out
}

// document makes pictures of the pages of a PDF.
func document(ctx context.Context, path, dir string) error {
	tool, err := exec.LookPath("pdftoppm")
	if err != nil {
		return fmt.Errorf("pdftoppm (package poppler-utils): %w", ErrTool)
	}
	ctx, cancel := context.WithTimeout(ctx, pdfBound)
	defer cancel()
	raw, err := os.MkdirTemp(dir, "raw-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(raw) }()
	// One page more than is taken, to see that there are too many.
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, tool, "-jpeg", "-scale-to", strconv.Itoa(pageWide), "-l", strconv.Itoa(MostPages+1), abs, filepath.Join(raw, "p"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", path, ErrForm, lastLine(string(out)))
	}
	files, err := filepath.Glob(filepath.Join(raw, "p-*.jpg")) // numbered with leading zeros: in their order
	if err != nil {
		return err
	}
	switch {
	case len(files) == 0:
		return fmt.Errorf("%s: %w: no pages", path, ErrForm)
	case len(files) > MostPages:
		return fmt.Errorf("%s: %w: at most %d pages", path, ErrLarge, MostPages)
	}
	for i, name := range files {
		if err := copied(name, filepath.Join(dir, pageName(i+1))); err != nil {
			return err
		}
	}
	return nil
}

// copied makes a page of a picture file.
func copied(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return pictureTo(f, to)
}

func lastLine(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	s = s[strings.LastIndexByte(s, '\n')+1:]
	return s[:min(len(s), 200)]
}
