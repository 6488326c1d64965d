package library

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	mostID    = 60 // bytes of a lesson's name: with an extension and a prefix of ours far below the 255 of a file system
	mostMarks = 2  // combining marks on one letter: Tibetan needs two, piles of them are a prank
)

// safeID makes a name for a lesson out of whatever a file is called: letters and
// digits of any script, the rest becomes dashes. It never begins with a dot or a
// dash and is "" when nothing is left.
func safeID(name string) string {
	var b strings.Builder
	marks, dash := 0, false
	for _, r := range name {
		switch {
		case r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'):
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(r)
			marks, dash = 0, false
		case unicode.Is(unicode.M, r) && !dash && b.Len() > 0:
			if marks++; marks <= mostMarks {
				b.WriteRune(r)
			}
		default:
			dash = true
		}
	}
	return strings.TrimRight(cut(b.String(), mostID), "-")
}

// numbered is another name for a lesson whose name is taken.
func numbered(id string, n int) string {
	tail := fmt.Sprintf("-%d", n)
	return strings.TrimRight(cut(id, mostID-len(tail)), "-") + tail
}

// validID says whether id can be the name of a lesson's folder.
func validID(id string) bool { return id != "" && id == safeID(id) }

// cut shortens s to at most n bytes and no half letters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Printable is s fit for a terminal: on one line, without anything that steers it
// or reverses the text, at most 300 bytes long.
func Printable(s string) string { return printable(s, mostArg) }

// printable is s without what could steer a terminal or reverse a line, on one
// line and at most n bytes long.
func printable(s string, n int) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError:
			return '?'
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s)
	return cut(strings.Join(strings.Fields(clean), " "), n)
}

// plain says whether name is the name of a file in the very folder, and no way
// out of it.
func plain(name string) bool {
	return name != "" && name == filepath.Base(name) && name[0] != '.' && len(name) <= 255 && utf8.ValidString(name) && name == printable(name, 255)
}

// Quote writes s as one word for a POSIX shell, or for bash when it holds bytes
// that must not reach a terminal.
func Quote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plainRune(r) }) < 0 {
		return s
	}
	if utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0 {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == utf8.RuneError && n <= 1 || hidden(r):
			for _, c := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String() + "'"
}

// plainRune needs no quotes in a shell.
func plainRune(r rune) bool {
	return unicode.Is(unicode.Han, r) || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_./:=,+@%", r))
}

// hidden is shown by no terminal, or does something to it.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

// filmName says whether a file is called like a film.
func filmName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp4", ".m4v", ".mov", ".3gp", ".f4v", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".vob", ".dat",
		".wmv", ".asf", ".flv", ".rm", ".rmvb", ".ogv", ".ogm":
		return true
	}
	return false
}

// depth counts the folders of a relative path.
func depth(rel string) int { return strings.Count(filepath.ToSlash(rel), "/") + 1 }
