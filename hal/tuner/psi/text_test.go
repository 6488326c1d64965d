package psi_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"golang.org/x/text/encoding/simplifiedchinese"

	"stationbox/hal/tuner/psi"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ name, hex, want string }{
		{"nothing", "", ""},
		{"plain", "43455456", "CETV"},
		{"GB 2312", "13 D6D0 B9FA BDCC D3FD", "中国教育"},
		{"GB 2312 not named", "43 D6D0 B9FA 2D 31", "C中国-1"},
		{"GB 18030, four bytes", "13 8139EE39", "㐀"},
		{"UTF-8", "15 E69599E882B2", "教育"},
		{"UCS-2", "11 6559 80B2", "教育"},
		{"UCS-2 with marks", "11 E086 6559 E087 E08A 80B2", "教 育"},
		{"Big5", "14 B1D0 A87C", "教育"},
		{"KS X 1001", "12 C7D1", "한"},
		{"Cyrillic", "01 BCD8E0", "Мир"},
		{"part 15", "10 00 0F A4", "€"},
		{"part 9", "05 FE", "ş"},
		{"accents before letters", "C2 61 C8 75 E1 F9 CF 63", "áüÆøč"},
		{"euro sign", "A4 35", "€5"},
		{"accent before nothing", "61 C2", "a\ufffd"},
		{"accent before a digit", "C2 31", "\ufffd1"},
		{"hole in the table", "61 A6", "a\ufffd"},
		{"emphasis and line break", "86 41 87 8A 42", "A B"},
		{"control characters", "41 07 0D 42 00", "AB"},
		{"half a character", "13 D6D0 B9", "中\ufffd"},
		{"broken UTF-8", "15 41 FF 42", "A\ufffdB"},
		{"reserved table", "09 41", "A"},
		{"registered encoding", "1F 01 41 C2", "A\ufffd"},
		{"no such part", "10 00 0C 41", "A"},
		{"only a selector", "13", ""},
	} {
		if got := psi.Text(unhex(t, c.hex)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Whatever Chinese name a broadcaster has, it comes out as it went in.
func TestChineseNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom(nil, cjk), 1, 20, -1).Draw(t, "name")
		gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(name))
		if err != nil {
			t.Skip("not in the table")
		}
		if got := psi.Text(append([]byte{0x13}, gb...)); got != name {
			t.Errorf("GB: %q, want %q", got, name)
		}
		if got := psi.Text(append([]byte{0x15}, name...)); got != name {
			t.Errorf("UTF-8: %q, want %q", got, name)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "13D6D0", "15E695", "11", "100005", "C261", "1F", "8A41"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := psi.Text(b)
		if !utf8.ValidString(got) || len(got) > 4*len(b) {
			t.Errorf("% x: %q", b, got)
		}
		for _, r := range got {
			if r < ' ' || r == 0x7F {
				t.Errorf("% x: control character in %q", b, got)
			}
		}
	})
}
