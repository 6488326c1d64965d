package screen

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// ErrNoFont means that no typeface with Chinese characters was found.
var ErrNoFont = errors.New("no Chinese font")

// Paths are where distributions put a typeface that has all Chinese characters
// of daily use, the best first: the one that the player writes with too, then
// Noto's.
func Paths() []string {
	return []string{
		"/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",           // Debian, Ubuntu: fonts-wqy-microhei
		"/usr/share/fonts/wqy-microhei-fonts/wqy-microhei.ttc",     // Fedora
		"/usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc", // Arch
		"/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",      // Debian, Ubuntu: fonts-noto-cjk
		"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
		"/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
		"/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
		"/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
	}
}

// Font is one face of a font file. Its outlines are read from the file as they
// are needed, so that a collection of 20 MB costs what is used of it. It is not
// safe for concurrent use.
type Font struct {
	// Name is the family's, "WenQuanYi Micro Hei".
	Name string

	file   *os.File
	face   *sfnt.Font
	buf    sfnt.Buffer
	unit   fixed.Int26_6 // one em of the face, so that advances come unrounded
	widths map[rune]float64
	digit  float64 // width of the widest figure
}

// Find opens the first of paths that is a font with Chinese characters, and if
// there is none what fontconfig names as the system's font for Chinese. It takes
// at most three seconds. The error is an ErrNoFont that says what was tried.
func Find(ctx context.Context, paths []string) (*Font, error) {
	var why []error
	for _, path := range paths {
		f, err := Open(path)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			why = append(why, err)
		}
	}
	path, err := match(ctx)
	if err == nil {
		var f *Font
		if f, err = Open(path); err == nil {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w: %w", ErrNoFont, errors.Join(append(why, err)...))
}

// match asks fontconfig.
func match(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "fc-match", "-f", "%{file}", "sans-serif:lang=zh-cn")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("fontconfig: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Open opens a font file. Of a collection it takes the face for simplified
// Chinese: the faces differ in the shapes of some characters. A font without
// Chinese characters is refused. The caller closes the Font.
func Open(path string) (*Font, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	f, err := parse(file)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("font %s: %w", path, err)
	}
	return f, nil
}

// Close closes the file.
func (f *Font) Close() error { return f.file.Close() }

func parse(file *os.File) (f *Font, err error) {
	// The decoder is not made for damaged files, and cards do fail.
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("damaged: %v", r)
		}
	}()
	starts, err := faces(file)
	if err != nil {
		return nil, err
	}
	best, bestScore := (*Font)(nil), -1
	for _, start := range starts {
		c, err := parseFace(file, start)
		if err != nil {
			return nil, err
		}
		if s := preference(c.Name); s > bestScore && c.has('国') && c.has('课') {
			best, bestScore = c, s
		}
	}
	if best == nil {
		return nil, errors.New("has no Chinese characters")
	}
	for r := '0'; r <= '9'; r++ {
		best.digit = max(best.digit, best.measureRune(r))
	}
	return best, nil
}

func parseFace(file *os.File, start int64) (*Font, error) {
	a, err := align(file, start)
	if err != nil {
		return nil, err
	}
	face, err := sfnt.ParseReaderAt(a)
	if err != nil {
		return nil, err
	}
	f := &Font{file: file, face: face, unit: fixed.Int26_6(face.UnitsPerEm()) << 6, widths: map[rune]float64{}}
	if f.Name, err = face.Name(&f.buf, sfnt.NameIDFamily); err != nil {
		f.Name = filepath.Base(file.Name())
	}
	return f, nil
}

// preference ranks the faces of a collection by their names: "Noto Sans CJK SC"
// before "… JP", and a proportional face before "… Mono".
func preference(family string) int {
	score := 1
	words := " " + strings.ToUpper(family) + " "
	if strings.Contains(words, " SC ") {
		score += 2
	}
	if strings.Contains(words, " MONO ") {
		score--
	}
	return score
}

// index is the number of a character's glyph, 0 when there is none.
func (f *Font) index(r rune) sfnt.GlyphIndex {
	g, err := f.face.GlyphIndex(&f.buf, r)
	if err != nil {
		return 0
	}
	return g
}

func (f *Font) has(r rune) bool { return f.index(r) != 0 }

// width is how far a character moves the pen, in ems. All figures are as wide
// as the widest one, so that a countdown does not tremble. What the font does
// not have is as wide as the box that is drawn for it.
func (f *Font) width(r rune) float64 {
	if r >= '0' && r <= '9' {
		return f.digit
	}
	w, ok := f.widths[r]
	if !ok {
		const most = 8192 // characters remembered, more than daily use has
		if len(f.widths) >= most {
			clear(f.widths)
		}
		w = f.measureRune(r)
		f.widths[r] = w
	}
	return w
}

func (f *Font) measureRune(r rune) float64 {
	if g := f.index(r); g != 0 {
		if a, err := f.face.GlyphAdvance(&f.buf, g, f.unit, font.HintingNone); err == nil {
			return min(max(float64(a)/float64(f.unit), 0), 4)
		}
	}
	return boxWidth(r)
}

// boxWidth is the width of the box for a character that the font does not have.
func boxWidth(r rune) float64 {
	if wide(r) {
		return 1
	}
	return 0.6
}

// measure is the width of a text in ems.
func (f *Font) measure(text []rune) float64 {
	w := 0.0
	for _, r := range text {
		w += f.width(r)
	}
	return w
}
