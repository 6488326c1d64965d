package library

import (
	"strings"
	"testing"
)

func TestSafeID(t *testing.T) {
	tests := []struct{ name, want string }{
		{"apple-pruning", "apple-pruning"},
		{"党课 第一讲（上）", "党课-第一讲-上"},
		{"../../etc/passwd", "etc-passwd"},
		{"-rf", "rf"},
		{"...", ""},
		{"a\nb\x00c\u202ed", "a-b-c-d"},
		{"gbk\xd6\xd0", "gbk"},
		{"བོད་སྐད", "བོད-སྐད"},
		{"e\u0301\u0301\u0301\u0301", "e\u0301\u0301"},
		{"\u0301x", "x"},
		{"😀", ""},
		{strings.Repeat("长", 80), strings.Repeat("长", 20)},
	}
	for _, tt := range tests {
		if got := safeID(tt.name); got != tt.want {
			t.Errorf("%q became %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := numbered(strings.Repeat("长", 20), 12); got != strings.Repeat("长", 19)+"-12" {
		t.Errorf("numbered %q", got)
	}
}

func TestPlain(t *testing.T) {
	for name, want := range map[string]bool{"a.mp4": true, "课 件.mp4": true, "": false, ".a": false, "..": false, "a/b": false, "/a": false, "a\nb": false, "a\u202eb": false, "a  b": false, "\xff": false} {
		if plain(name) != want {
			t.Errorf("%q: want %v", name, want)
		}
	}
}
