package proof

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The lengths of strings as they are written, in bytes. Title and file share
// what the others leave.
const (
	mostStation = 24
	mostBoot    = 16
	mostLesson  = 64
	mostSource  = 12
	mostFile    = 96
	mostCause   = 32
	mostPower   = 5
	mostHeard   = 3
	picsSize    = 16
	hashSize    = 64
	keySize     = 16
)

// The numbers, at most. A film of a quarter of a year is not shown here.
const (
	mostCount  = 9_999_999_999
	mostS      = 99_999
	mostWatts  = 9_999
	mostPeople = 9_999
	mostEra    = 999_999
	mostSeq    = 1<<53 - 1 // what every reader of JSON counts exactly
)

// fit writes r in at most Most bytes less the signature. It never fails: what
// is too long is cut, the title first, because the lesson is named without it.
func fit(r Record) []byte {
	clean(&r)
	title, file := r.Title, r.File
	r.Title, r.File = "", ""
	left := Most - sigSize - len(write(r))
	r.File = cut(file, min(mostFile, max(left/2, left-written(title)))) // what the title leaves, half at least
	r.Title = cut(title, left-written(r.File))
	b := write(r)
	if len(b) > Most-sigSize {
		panic(fmt.Sprintf("proof: a record of %d bytes", len(b))) // clean bounds every member: see TestLargest
	}
	return b
}

// write is the canonical form. Members are in the order of the type, and clean
// has left nothing in them whose writing is a matter of taste.
func write(r Record) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("proof: " + err.Error()) // clean leaves only what JSON can say
	}
	return b
}

// clean bounds every member of r but title and file, and takes out of strings
// what may not be in them.
func clean(r *Record) {
	r.Station, r.Boot, r.Lesson = cut(tidy(r.Station), mostStation), cut(tidy(r.Boot), mostBoot), cut(tidy(r.Lesson), mostLesson)
	r.Title, r.File, r.Cause = tidy(r.Title), tidy(r.File), cut(tidy(r.Cause), mostCause)
	r.Clock.Source, r.Power = cut(tidy(r.Clock.Source), mostSource), cut(tidy(r.Power), mostPower)
	r.SHA256, r.Key = cut(tidy(r.SHA256), hashSize), cut(tidy(r.Key), keySize)
	r.Scheduled, r.Started, r.Ended = moment(r.Scheduled), moment(r.Started), moment(r.Ended)
	r.Seq, r.Clock.Era = upTo(r.Seq, mostSeq), clamp(r.Clock.Era, mostEra)
	r.Clock.BoundMS, r.Bytes, r.LengthMS = upTo(r.Clock.BoundMS, mostCount), upTo(r.Bytes, mostSeq), upTo(r.LengthMS, mostCount)
	r.Shown, r.Dropped = upTo(r.Shown, mostCount), upTo(r.Dropped, mostCount)
	r.PlayedMS, r.Pauses, r.PausedS = clamp(r.PlayedMS, mostCount), clamp(r.Pauses, mostPeople), clamp(r.PausedS, mostS)
	r.TV, r.Projector = r.TV.clean(), r.Projector.clean()
	for i, n := range r.Present {
		r.Present[i] = upTo(n, mostPeople)
	}
	r.Seen = r.Seen.clean()
}

func (s *Seen) clean() *Seen {
	if s == nil {
		return nil
	}
	return &Seen{BlackS: upTo(s.BlackS, mostS), FrozenS: upTo(s.FrozenS, mostS), SilentS: upTo(s.SilentS, mostS), Heard: cut(tidy(s.Heard), mostHeard),
		LiveS: upTo(s.LiveS, mostS), SpareS: upTo(s.SpareS, mostS), Pics: cut(tidy(s.Pics), picsSize)}
}

func (w *Watts) clean() *Watts {
	if w == nil {
		return nil
	}
	return &Watts{clamp(w[0], mostWatts), clamp(w[1], mostWatts), clamp(w[2], mostWatts)}
}

func clamp(n, most int64) int64 { return min(max(n, 0), most) }

func upTo(n *int64, most int64) *int64 {
	if n == nil {
		return nil
	}
	return new(clamp(*n, most))
}

// moment is t to the second, with an offset of whole minutes; a time that is no
// time, or of no year that RFC 3339 can write, is not known.
func moment(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	m := t.Round(0).Truncate(time.Second)
	if _, offset := m.Zone(); offset%60 != 0 || offset >= 86400 || offset <= -86400 {
		m = m.UTC()
	}
	if y := m.Year(); y < 1 || y > 9999 {
		return nil
	}
	return &m
}

// tidy puts a space for each control character and for bytes that are no UTF-8.
func tidy(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
}

// written is how many bytes s takes between its quotation marks.
func written(s string) int {
	n := 0
	for _, r := range s {
		n += writtenRune(r)
	}
	return n
}

func writtenRune(r rune) int {
	switch r {
	case '"', '\\':
		return 2
	case '<', '>', '&', '\u2028', '\u2029':
		return 6
	}
	return utf8.RuneLen(r)
}

// cut shortens s to at most most bytes as written, at a rune, and marks it.
func cut(s string, most int) string {
	const mark = "…"
	if written(s) <= most {
		return s
	}
	if most < len(mark) {
		return ""
	}
	n := 0
	for i, r := range s {
		if n += writtenRune(r); n > most-len(mark) {
			return s[:i] + mark
		}
	}
	return s
}
