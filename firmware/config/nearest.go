package config

import (
	"strings"
	"unicode/utf8"
)

// nearest returns the word that was probably meant by got, or "" when none is
// near enough to be a slip of the hand.
func nearest(got string, words []string) string {
	got = strings.ToLower(strings.ReplaceAll(got, "-", "_"))
	best, least := "", 1+max(1, utf8.RuneCountInString(got)/3)
	for _, w := range words {
		if d := distance(got, strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	if best != "" {
		return best
	}
	for _, w := range words { // "bell" for "bell_before"
		if len(got) >= 4 && strings.Contains(w, got) {
			return w
		}
	}
	return ""
}

// distance counts insertions, deletions, changes and swaps of neighbours
// between a and b (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	older, old, now := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range old {
		old[j] = j
	}
	for i := range s {
		now[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			now[j+1] = min(old[j+1]+1, now[j]+1, old[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				now[j+1] = min(now[j+1], older[j-1]+1)
			}
		}
		older, old, now = old, now, older
	}
	return old[len(t)]
}
