package config

import (
	"fmt"
	"sort"
	"strings"

	"stationbox/firmware/text"
)

// Problem is one mistake in the file, or with Warning set one remark.
type Problem struct {
	Line    int    // 1 is the first; 0: the file as a whole
	Key     string // "lesson.bell_before", "load[2].relay" (counted from 1)
	Reason  string // English sentence without a full stop
	Hint    string // what to write instead; may be empty
	Warning bool

	reason, hint phrase
}

// phrase is a sentence of the catalogue that is not yet said.
type phrase struct {
	key  string
	args []any
}

func say(key string, args ...any) phrase { return phrase{key, args} }

func (p phrase) in(c *text.Catalogue) string {
	if p.key == "" {
		return ""
	}
	return c.Say(p.key, p.args...)
}

// String returns the problem in English, without the name of the file:
// "12: lesson.bell_before: must be a time with its unit, not 10 — write "10s"".
func (p Problem) String() string { return p.join(p.Reason, p.Hint, "warning") }

// In returns the problem in the language of c, without the name of the file.
func (p Problem) In(c *text.Catalogue) string {
	if p.reason.key == "" {
		return p.String()
	}
	return p.join(p.reason.in(c), p.hint.in(c), c.Say("config.warning"))
}

func (p Problem) join(reason, hint, warning string) string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d: ", p.Line)
	}
	if p.Warning {
		b.WriteString(warning + ": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(reason)
	if hint != "" {
		b.WriteString(" — " + hint)
	}
	return b.String()
}

// Invalid is the error of Load: every mistake of the file at once.
type Invalid struct {
	File     string
	Problems []Problem // at least one is no warning
}

// Error returns one line for each problem: "station.toml:12: key: reason — hint".
func (e *Invalid) Error() string {
	return strings.Join(e.lines(func(p Problem) string { return p.String() }), "\n")
}

// In returns what Error returns, in the language of c and with the count of
// mistakes as the last line.
func (e *Invalid) In(c *text.Catalogue) string {
	lines := e.lines(func(p Problem) string { return p.In(c) })
	return strings.Join(append(lines, c.Say("config.problems", "count", len(Errors(e.Problems)))), "\n")
}

func (e *Invalid) lines(one func(Problem) string) []string {
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		sep := ": "
		if p.Line > 0 {
			sep = ":" // file:line, as editors jump to
		}
		lines = append(lines, e.File+sep+one(p))
	}
	return lines
}

// Errors returns those of problems that are no warnings.
func Errors(problems []Problem) []Problem {
	var errs []Problem
	for _, p := range problems {
		if !p.Warning {
			errs = append(errs, p)
		}
	}
	return errs
}

// problems collects what is found wrong.
type problems struct {
	list []Problem
}

func (ps *problems) add(line int, key string, reason, hint phrase) {
	ps.list = append(ps.list, Problem{Line: line, Key: key, reason: reason, hint: hint})
}

func (ps *problems) warn(line int, key string, reason, hint phrase) {
	ps.list = append(ps.list, Problem{Line: line, Key: key, reason: reason, hint: hint, Warning: true})
}

// sorted returns the problems by line with their English sentences said.
func (ps *problems) sorted() []Problem {
	en := text.New("en")
	for i := range ps.list {
		p := &ps.list[i]
		p.Reason, p.Hint = p.reason.in(en), p.hint.in(en)
	}
	sort.SliceStable(ps.list, func(i, j int) bool { return ps.list[i].Line < ps.list[j].Line })
	return ps.list
}
