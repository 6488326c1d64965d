package player

import "strings"

// Font is the typeface of everything that mpv writes: it has all Chinese
// characters of daily use in 5 MB (Debian's fonts-wqy-microhei).
const Font = "WenQuanYi Micro Hei"

// Escape makes plain text safe inside an ASS event: braces and backslashes are
// shown as they are, a line feed begins a new line.
func Escape(text string) string {
	// A word joiner after the backslash keeps libass from reading a command.
	r := strings.NewReplacer(`\`, "\\\u2060", "{", `\{`, "\n", `\N`, "\r", "")
	return r.Replace(text)
}

// Caption is an ASS text for Show: one or two large lines at the foot of the
// picture, white on a dark plate, readable at eight metres on a 42-inch screen.
// (The height of the letters is a tenth of the picture's.)
func Caption(text string) string {
	return `{\an2\pos(640,690)\fn` + Font + `\b1\fs72\bord6\shad0\1c&HFFFFFF&\3c&H30180A&}` + Escape(text)
}

// Notice is an ASS text for Show: small print in the upper right corner, for a
// clock or a count of present members.
func Notice(text string) string {
	return `{\an9\pos(1250,24)\fn` + Font + `\b1\fs48\bord5\shad0\1c&HFFFFFF&\3c&H30180A&}` + Escape(text)
}
