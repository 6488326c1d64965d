package attendance

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// clean is the text of a cell: on one line, single blanks, nothing invisible. The two
// joiners stay: Uyghur and Indic names are written with them.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return -1
		}
		return r
	}, s)
	return plain(strings.Join(strings.Fields(s), " "))
}

// cleanName is clean, and without the blanks that offices put into names of two
// characters so that they are as wide as those of three.
func cleanName(s string) string {
	runes := []rune(clean(s))
	out := runes[:0]
	for i, r := range runes {
		if r == ' ' && unicode.Is(unicode.Han, runes[i-1]) && unicode.Is(unicode.Han, runes[i+1]) {
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// guarded makes s harmless for a spreadsheet program: what begins as a formula gets an
// apostrophe, so that no name is run on the township's computer. plain takes it off.
func guarded(s string) string {
	if isFormula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

func plain(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && isFormula(strings.TrimLeft(s, "'")) {
		return rest
	}
	return s
}

// isFormula says whether a spreadsheet program may take s for a formula; those made
// for East Asia read wide signs as well.
func isFormula(s string) bool {
	first, n := utf8.DecodeRuneInString(s)
	return n > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first)
}

// readNumber reads the number of a member: "12", "012", "１２", "12.0", "1.2E1", "12号".
// why is the text key of what is wrong.
func readNumber(s string) (n int, why string) {
	s = strings.TrimSuffix(width.Fold.String(clean(s)), "号")
	if s == "" {
		return 0, "roster.no_number"
	}
	if strings.Trim(s, "+-.0123456789eE") != "" {
		return 0, "roster.not_number"
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || f != float64(int64(f)) && f > 0 && f < maxNumber:
		return 0, "roster.not_number"
	case f < 1 || f > maxNumber:
		return 0, "roster.range"
	}
	return int(f), ""
}

var (
	idNumber = regexp.MustCompile(`(?:^|[^0-9])([1-9][0-9]{16}[0-9Xx])(?:$|[^0-9])`)
	mobile   = regexp.MustCompile(`(?:^|[^0-9])(?:\+?86)?1[3-9][0-9]{9}(?:$|[^0-9])`)
)

// hasIdentity says whether s holds a citizen's identity number: 18 digits of which the
// last, GB 11643's check, fits.
func hasIdentity(s string) bool {
	m := idNumber.FindStringSubmatch(s)
	if m == nil {
		return false
	}
	sum := 0
	for i, weight := range [...]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += weight * int(m[1][i]-'0')
	}
	return "10X98765432"[sum%11] == strings.ToUpper(m[1])[17]
}

// hasPhone says whether s holds a number of a mobile phone.
func hasPhone(s string) bool { return mobile.MatchString(s) }
