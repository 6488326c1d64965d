package screen_test

import (
	"bytes"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/media/screen"
)

func TestFontsThatAreNone(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bad := map[string]string{
		"missing": filepath.Join(dir, "missing.ttc"),
		"empty":   write("empty.ttc", nil),
		"text":    write("text.ttc", []byte(strings.Repeat("no font at all ", 100))),
		"faces":   write("faces.ttc", append([]byte("ttcf\x00\x01\x00\x00\xff\xff\xff\xff"), make([]byte, 400)...)),
		"folder":  dir,
	}
	for name, path := range bad {
		if f, err := screen.Open(path); err == nil {
			t.Errorf("%s: %s", name, f.Name)
		}
	}
	if _, err := os.Stat("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"); err == nil {
		if f, err := screen.Open("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"); err == nil {
			t.Errorf("%s has Chinese characters", f.Name)
		}
	}
	t.Setenv("PATH", dir) // no fontconfig
	if _, err := screen.Find(t.Context(), []string{bad["missing"], bad["text"]}); !errors.Is(err, screen.ErrNoFont) || !strings.Contains(err.Error(), "text.ttc") {
		t.Errorf("nothing found: %v", err)
	}
}

// TestFaceForSimplifiedChinese where Noto's collection of ten faces is there.
func TestFaceForSimplifiedChinese(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/share/fonts/truetype/wqy/wqy-microhei.ttc":         "WenQuanYi Micro Hei",
		"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": "Noto Sans CJK SC",
	} {
		f, err := screen.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			t.Log(path, "is not here")
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Name != want {
			t.Errorf("%s: %s", path, f.Name)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDamagedFont: a card that fails turns bits; that is an error or boxes, never
// a panic.
func TestDamagedFont(t *testing.T) {
	good := typeface(t)
	if err := good.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
	if err != nil {
		t.Skip(err)
	}
	for turn := range 30 {
		bad := bytes.Clone(data)
		for i := turn * 977; i < len(bad); i += 6007 + turn*1009 {
			bad[i] ^= byte(1 << (turn % 8))
		}
		path := filepath.Join(t.TempDir(), "bad.ttc")
		if err := os.WriteFile(path, bad[:len(bad)-turn*100_000], 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := screen.Open(path)
		if err != nil {
			continue
		}
		p := screen.New(f)
		if d, err := p.Board(samples()[0].board, image.Pt(640, 360), center); err == nil {
			_, _ = p.Draw(d, make([]byte, 4*640*360)) // an error is an answer
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
