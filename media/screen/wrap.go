package screen

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// Characters that Chinese typesetting (GB/T 15834) does not let stand at the
// beginning or at the end of a line.
const (
	noStart = "、。，．：；！？）》」』】〕〗〉］｝”’…—～·‰％℃℉々〻ー々ゝゞ),.:;!?]}%°"
	noEnd   = "（《「『【〔〖〈［｛“‘￥＄([{$¥#№"
)

// wide says whether a character fills a square, as Chinese ones and most
// pictographs do.
func wide(r rune) bool {
	return r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 ||
		r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 ||
		r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f000 && r <= 0x3ffff)
}

// mayBreak says whether a line may end after a, before b.
func mayBreak(a, b rune) bool {
	switch {
	case b == ' ' || unicode.Is(unicode.M, b):
		return false
	case a == ' ':
		return !strings.ContainsRune(noStart, b)
	case strings.ContainsRune(noStart, b) || strings.ContainsRune(noEnd, a):
		return false
	case a == '-' || a == '/' || a == '·':
		return unicode.IsLetter(b)
	}
	return wide(a) || wide(b) || strings.ContainsRune(noStart, a) && wide(b)
}

// wrap breaks a text into lines of at most width ems. A word that is longer than
// a line is cut; every line has at least one character.
func (f *Font) wrap(text []rune, width float64) [][]rune {
	var lines [][]rune
	for len(text) > 0 {
		n, next := f.line(text, width)
		lines = append(lines, trimSpace(text[:n]))
		text = text[next:]
	}
	return lines
}

// line is how many characters the first line takes, and where the next begins.
func (f *Font) line(text []rune, width float64) (n, next int) {
	w, last := 0.0, 0 // last: newest place to break
	for i, r := range text {
		if r == '\n' {
			return i, i + 1
		}
		if i > 0 && mayBreak(text[i-1], r) {
			last = i
		}
		w += f.width(r)
		if w <= width || r == ' ' || i == 0 {
			continue
		}
		if last == 0 {
			last = i
		}
		return last, last + spaces(text[last:])
	}
	return len(text), len(text)
}

func spaces(text []rune) int {
	n := 0
	for n < len(text) && text[n] == ' ' {
		n++
	}
	return n
}

// balance breaks a text into as few lines as wrap, about equally long and if it
// can be after a punctuation mark: a last line of one character is hard to read,
// and so is a word in two halves, which Chinese allows.
func (f *Font) balance(text []rune, width float64) [][]rune {
	lines := f.wrap(text, width)
	cuts := cuts(text)
	const mostLines, mostCuts = 6, 200
	if len(lines) < 2 || len(lines) > mostLines || len(cuts) > mostCuts || slices.Contains(text, '\n') {
		return lines
	}
	// before[k][j] is the cut at which the last of k lines that end at cut j begins.
	before := make([][]int, len(lines)+1)
	cost := f.lineCosts(text, cuts, width, len(lines))
	ways := make([]float64, len(cuts))
	for j := range ways {
		ways[j] = math.Inf(1)
	}
	ways[0] = 0
	for k := 1; k <= len(lines); k++ {
		before[k] = make([]int, len(cuts))
		next := make([]float64, len(cuts))
		for j := range next {
			next[j] = math.Inf(1)
			for i := range j {
				if c := ways[i] + cost(i, j); c < next[j] {
					next[j], before[k][j] = c, i
				}
			}
		}
		ways = next
	}
	j := len(cuts) - 1
	if math.IsInf(ways[j], 1) {
		return lines // a word is longer than a line
	}
	for k := len(lines); k > 0; k-- {
		i := before[k][j]
		lines[k-1] = trimSpace(text[cuts[i]:cuts[j]])
		j = i
	}
	return lines
}

// lineCosts returns what a line from one cut to another costs: how far it is from
// the length that all of n lines would have, and the harm of its end.
func (f *Font) lineCosts(text []rune, cuts []int, width float64, n int) func(i, j int) float64 {
	begin, end := make([]float64, len(cuts)), make([]float64, len(cuts))
	w, at := 0.0, 0
	for j, cut := range cuts {
		w += f.measure(text[at:cut])
		at = cut
		begin[j], end[j] = w, w
		if cut > 0 && text[cut-1] == ' ' {
			end[j] -= f.width(' ')
		}
	}
	target := w / float64(n) / width
	return func(i, j int) float64 {
		long := (end[j] - begin[i]) / width
		if long > 1 {
			return math.Inf(1)
		}
		return (long-target)*(long-target) + harm(text, cuts[j])
	}
}

// torn says whether a line ends in the middle of a phrase of Chinese.
func torn(lines [][]rune) bool {
	for i := 1; i < len(lines); i++ {
		a, b := lines[i-1], lines[i]
		if len(a) > 0 && len(b) > 0 && wide(a[len(a)-1]) && wide(b[0]) && !strings.ContainsRune(noStart, a[len(a)-1]) {
			return true
		}
	}
	return false
}

// phrases breaks a text into at most most lines that end with a punctuation mark
// or a space, as narrow as can be, and says how wide the widest is; nil when there
// is no such place.
func (f *Font) phrases(text []rune, most int) (lines [][]rune, wide float64) {
	ends := []int{0}
	for i := 1; i < len(text); i++ {
		if mayBreak(text[i-1], text[i]) && harm(text, i) < 0.1 {
			ends = append(ends, i)
		}
	}
	ends = append(ends, len(text))
	if len(ends) < 3 {
		return nil, 0
	}
	low, high := 0.0, f.measure(text)
	for range 12 {
		if mid := (low + high) / 2; len(f.pack(text, ends, mid, most)) > 0 {
			high = mid
		} else {
			low = mid
		}
	}
	lines = f.pack(text, ends, high, most)
	return lines, f.widest(lines)
}

// pack fills at most most lines of that width with whole phrases, nil when they
// do not fit.
func (f *Font) pack(text []rune, ends []int, width float64, most int) [][]rune {
	var lines [][]rune
	for i := 0; i < len(ends)-1; {
		j := i + 1
		for j+1 < len(ends) && f.measure(trimSpace(text[ends[i]:ends[j+1]])) <= width {
			j++
		}
		line := trimSpace(text[ends[i]:ends[j]])
		if f.measure(line) > width || len(lines) == most {
			return nil
		}
		lines, i = append(lines, line), j
	}
	return lines
}

// cuts lists where lines may begin, with the beginning and the end of the text.
func cuts(text []rune) []int {
	list := []int{0}
	for i := 1; i < len(text); i++ {
		if mayBreak(text[i-1], text[i]) {
			list = append(list, i)
		}
	}
	return append(list, len(text))
}

// harm is what it costs to break before text[i].
func harm(text []rune, i int) float64 {
	switch {
	case i == len(text) || strings.ContainsRune("，。；：！？、,.;:!?", text[i-1]):
		return 0
	case text[i-1] == ' ' && i > 1 && strings.ContainsRune(",.;:!?", text[i-2]):
		return 0
	case text[i-1] == ' ':
		return 0.03
	}
	return 0.12
}

func (f *Font) widest(lines [][]rune) float64 {
	w := 0.0
	for _, l := range lines {
		w = max(w, f.measure(l))
	}
	return w
}

// fit sets a text within width pixels: as large as it can be, at most em, in at
// most most lines; it shrinks to floor before it is cut off with an ellipsis. It
// returns the size, the lines, none of them wider than width, and whether the
// text is whole.
func (f *Font) fit(text []rune, width, em, floor float64, most int) (float64, [][]rune, bool) {
	em = max(em, floor)
	for {
		lines := f.wrap(text, width/em)
		if len(lines) <= most && f.widest(lines) <= width/em {
			return em, lines, true
		}
		if em <= floor {
			return floor, f.cut(lines, width/floor, most), false
		}
		em = max(em*0.95, floor)
	}
}

// cut keeps the first lines and ends them with an ellipsis.
func (f *Font) cut(lines [][]rune, width float64, most int) [][]rune {
	tail := []rune("…")
	if !f.has('…') {
		tail = []rune("...")
	}
	more := len(lines) > most
	lines = lines[:min(len(lines), most)]
	for i, l := range lines {
		if f.measure(l) <= width && !(more && i == most-1) {
			continue
		}
		for len(l) > 0 && f.measure(l)+f.measure(tail) > width {
			l = l[:len(l)-1]
		}
		for len(l) > 0 && strings.ContainsRune(" 、，。；：,.;:", l[len(l)-1]) {
			l = l[:len(l)-1]
		}
		l = append(l[:len(l):len(l)], tail...)
		if f.measure(l) > width {
			l = nil
		}
		lines[i] = l
	}
	return lines
}
