package scenario

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Error is one mistake in a script.
type Error struct {
	Line int // 1 for the first line, 0 when it belongs to the whole script
	Text string
}

// Error gives the line and what is wrong with it.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Text
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Text)
}

// maxLine bounds one line of a script.
const maxLine = 4096

// minLesson is the shortest clip that has room for its title cards.
const minLesson = 5 * time.Second

// maxLesson is the longest clip that the frame strip can number without
// beginning again: 2^14 frames at 25 a second.
const maxLesson = 655 * time.Second

// Parse reads a whole script. All mistakes are reported at once: the error is
// a join of *Error.
func Parse(r io.Reader) (*Script, error) {
	p := parser{script: &Script{Start: -1}}
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, maxLine), maxLine)
	for sc.Scan() {
		p.line++
		if err := p.parseLine(sc.Text()); err != nil {
			p.fail(p.line, err)
		}
	}
	if err := sc.Err(); err != nil {
		p.fail(p.line+1, err)
	}
	p.finish()
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return p.script, nil
}

// ParseAction reads one action without a time, as the bench page sends it.
func ParseAction(line string) (Action, error) {
	if len(line) > maxLine {
		return nil, fmt.Errorf("line of %d bytes: at most %d", len(line), maxLine)
	}
	words, err := split(line)
	if err != nil {
		return nil, err
	}
	if len(words) == 0 {
		return nil, errors.New("an empty line: what shall happen?")
	}
	return parseAction(words)
}

type parser struct {
	script *Script
	line   int
	errs   []error
}

func (p *parser) fail(line int, err error) {
	p.errs = append(p.errs, &Error{Line: line, Text: err.Error()})
}

func (p *parser) parseLine(text string) error {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if text == "" || text[0] == '#' {
		return nil
	}
	words, err := split(text)
	if err != nil {
		return err
	}
	if c := words[0][0]; c < '0' || c > '9' {
		return p.directive(words)
	}
	at, err := parseClock(words[0])
	if err != nil {
		return err
	}
	if len(words) == 1 {
		return errors.New("a time alone: what shall happen then?")
	}
	do, err := parseAction(words[1:])
	if err != nil {
		return err
	}
	rest := strings.TrimSpace(strings.TrimPrefix(text, words[0]))
	p.script.Steps = append(p.script.Steps, Step{Line: p.line, At: at, Text: rest, Do: do})
	return nil
}

// directiveWords are the first words of lines without a time.
var directiveWords = []string{"start", "seed", "set", "lesson", "live", "end"}

func (p *parser) directive(w []string) error {
	var err error
	switch s := p.script; w[0] {
	case "start":
		s.Start, err = oneClock(w)
	case "end":
		s.End, err = oneClock(w)
	case "seed":
		s.Seed, err = oneInt(w)
	case "set":
		if len(w) != 3 {
			return errors.New("set wants a key of station.toml and a value: set lesson.bell_before 10s")
		}
		s.Sets = append(s.Sets, Set{Line: p.line, Key: w[1], Value: w[2]})
	case "lesson":
		return p.lesson(w)
	case "live":
		return p.live(w)
	default:
		if slices.Contains(actionWords, w[0]) {
			return fmt.Errorf("%q needs a time before it: 08:10:00 %s", w[0], strings.Join(w, " "))
		}
		return unknown("word", w[0], append(slices.Clone(directiveWords), actionWords...))
	}
	return err
}

func (p *parser) lesson(w []string) error {
	if len(w) != 5 {
		return errors.New(`lesson wants a time, a file, a length and a title: lesson 08:10:00 first.mp4 30s "第一课"`)
	}
	at, err := parseClock(w[1])
	if err != nil {
		return err
	}
	length, err := parseDuration(w[3])
	if err != nil {
		return err
	}
	if at%time.Second != 0 || length%time.Second != 0 {
		return errors.New("a lesson starts and lasts in whole seconds")
	}
	if length < minLesson || length > maxLesson {
		return fmt.Errorf("a lesson of %v: %v to %v are possible", length, minLesson, maxLesson)
	}
	if !plainName(w[2]) {
		return fmt.Errorf("file %q: a plain name such as first.mp4", w[2])
	}
	p.script.Lessons = append(p.script.Lessons, Lesson{Line: p.line, At: at, File: w[2], Length: length, Title: w[4]})
	return nil
}

// live is a lesson whose clip comes from outside, with a spare one perhaps.
func (p *parser) live(w []string) error {
	if len(w) != 5 && len(w) != 6 {
		return errors.New(`live wants a time, a clip, a length, a title and perhaps a spare clip: live 08:10:00 news.mp4 40s "直播" spare.mp4`)
	}
	if err := p.lesson(w[:5]); err != nil {
		return err
	}
	l := &p.script.Lessons[len(p.script.Lessons)-1]
	l.Live = true
	if len(w) == 6 {
		if !plainName(w[5]) || w[5] == w[2] {
			return fmt.Errorf("spare clip %q: a plain name that is not that of the clip", w[5])
		}
		l.Spare = w[5]
	}
	return nil
}

func plainName(s string) bool {
	return s != "" && s[0] != '.' && s[0] != '-' && !strings.ContainsAny(s, "/\\\x00")
}

func (p *parser) finish() {
	s := p.script
	if s.Start < 0 {
		s.Start = 0
		p.fail(0, errors.New("no start: the script needs a line such as: start 08:09:30"))
		return
	}
	if s.End > 0 && s.End <= s.Start {
		p.fail(0, errors.New("the end is not after the start"))
	}
	for _, l := range s.Lessons {
		if l.At < s.Start {
			p.fail(l.Line, errors.New("the lesson is before the start"))
		}
	}
	for _, st := range s.Steps {
		if st.At < s.Start {
			p.fail(st.Line, errors.New("this is before the start"))
		}
		if s.End > 0 && st.At > s.End {
			p.fail(st.Line, errors.New("this is after the end"))
		}
	}
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
}

func oneClock(w []string) (time.Duration, error) {
	if len(w) != 2 {
		return 0, fmt.Errorf("%s wants one time: %s 08:09:30", w[0], w[0])
	}
	return parseClock(w[1])
}

func oneInt(w []string) (int64, error) {
	if len(w) != 2 {
		return 0, fmt.Errorf("%s wants one number", w[0])
	}
	n, err := strconv.ParseInt(w[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", w[1])
	}
	return n, nil
}

// split cuts a line into words; a word in double quotes may hold blanks.
func split(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" {
			return words, nil
		}
		if line[0] != '"' {
			end := strings.IndexAny(line, " \t\r")
			if end < 0 {
				end = len(line)
			}
			words, line = append(words, line[:end]), line[end:]
			continue
		}
		end := strings.IndexByte(line[1:], '"')
		if end < 0 {
			return nil, errors.New(`a quote " is not closed`)
		}
		if end == 0 {
			return nil, errors.New(`"" is empty`)
		}
		words, line = append(words, line[1:end+1]), line[end+2:]
	}
}

// parseClock reads 08:10, 08:10:05 and 08:10:05.25 as time since midnight.
func parseClock(s string) (time.Duration, error) {
	for _, layout := range []string{"15:04:05", "15:04"} {
		t, err := time.Parse(layout, s)
		if err == nil {
			return t.Sub(t.Truncate(24 * time.Hour)), nil
		}
	}
	return 0, fmt.Errorf("%q is not a time of day such as 08:10:05", s)
}

// FormatClock writes a label time as 08:10:05.
func FormatClock(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", s/3600%24, s/60%60, s%60)
}
