package register

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware/text"
)

// Book is one book of a month as every writer prints it: a heading, facts, one table
// and notes below it.
type Book struct {
	Key     string // names its file: "playback"
	Title   string
	Facts   []string // lines above the table
	Columns []Column
	Rows    [][]Cell
	Notes   []string // lines below it
	Warn    string   // that records are missing
	Wide    bool     // printed across
	Repeat  int      // leading columns that are printed again when the others do not fit on one sheet; 0: all fit
	Merge   int      // leading cells that are printed once for rows that have the same
	Blank   int      // empty rows for what is written by hand
	Hand    bool     // rows are high enough to write in
}

// Column is a column of a table.
type Column struct {
	Name    string
	Width   float64 // in characters of half a Chinese one
	Seconds bool    // of its times
	Centre  bool
}

// Cell is one cell: a time, a number or a text.
type Cell struct {
	Text string
	At   time.Time
	Num  *float64
}

func say(s string) Cell           { return Cell{Text: s} }
func at(t time.Time) Cell         { return Cell{At: t} }
func num[N int | int64](n N) Cell { f := float64(n); return Cell{Num: &f} }

// none is printed where nothing is known or nothing was.
const none = "—"

func dash(s string) Cell {
	if s == "" {
		s = none
	}
	return Cell{Text: s}
}

// printer writes the books of a month in one language.
type printer struct {
	*Month
	words *text.Catalogue
}

// Books are the books of m in the language of words, in the order in which they are
// bound.
func (m *Month) Books(words *text.Catalogue) []Book {
	p := printer{m, words}
	list := []Book{p.reception(), p.playback(), p.equipment(), p.study(), p.attendanceBook(), p.roster(), p.branchBook(), p.dutyBook(), p.safety(), p.corrections()}
	for i := range list {
		list[i].Title = p.say("register." + list[i].Key + ".title")
		if gaps := p.gaps(); list[i].Key != "corrections" { // where they are listed
			list[i].Warn = gaps
		}
	}
	return list
}

// say is the sentence of a key of this room; values that are words are said too. What
// the catalogue has not is shown as the record has it.
func (p printer) say(key string, args ...any) string {
	for i := 1; i < len(args); i += 2 {
		switch v := args[i].(type) {
		case string:
			args[i] = p.words.Name(v)
		case []string:
			args[i] = strings.Join(v, p.sep("comma"))
		}
	}
	if p.words.Has(key) {
		return p.words.Say(key, args...)
	}
	_, last, _ := cutLast(key)
	return last
}

// tail is what stands behind another text: after a space where the language has spaces.
func (p printer) tail(key string, args ...any) string { return p.gap() + p.say(key, args...) }

// sep stands between the items of a list.
func (p printer) sep(name string) string { return p.say("register."+name) + p.gap() }

func (p printer) gap() string {
	if p.words.Lang() == "en" {
		return " "
	}
	return ""
}

// named is the word for what, of the kinds of thing that a record names.
func (p printer) named(kind, what string) string {
	if key := "register." + kind + "." + what; p.words.Has(key) {
		return p.words.Say(key)
	}
	return p.words.Name(what)
}

func cutLast(key string) (before, after string, found bool) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key, false
	}
	return key[:i], key[i+1:], true
}

// columns reads "name:width" of the catalogue's line of a table, with "+" for times to
// the second and "^" for centred ones: "时间+:16|序号^:6".
func (p printer) columns(book string, extra ...Column) []Column {
	var list []Column
	for part := range strings.SplitSeq(p.words.Say("register."+book+".columns"), "/") {
		name, width, _ := strings.Cut(strings.TrimSpace(part), ":")
		w, err := strconv.ParseFloat(width, 64)
		if err != nil {
			w = 10
		}
		c := Column{Name: strings.TrimRight(name, "+^"), Width: w, Seconds: strings.Contains(name, "+"), Centre: strings.Contains(name, "^")}
		list = append(list, c)
	}
	return append(list, extra...)
}

// gaps is the line that says that records are lost, "" when none are.
func (p printer) gaps() string {
	var list []string
	for _, h := range p.Holes[:min(len(p.Holes), 6)] {
		list = append(list, p.span(h))
	}
	if more := len(p.Holes) - len(list); more > 0 {
		list = append(list, fmt.Sprintf("+%d", more))
	}
	if len(list) == 0 {
		return ""
	}
	return p.say("register.gaps", "list", strings.Join(list, p.sep("comma")))
}

// span is a hole in words: its times, as far as they are known, and its numbers.
func (p printer) span(h Hole) string {
	key := "register.gap"
	if h.Overwritten {
		key = "register.gap.start"
	}
	return p.say(key, "after", p.short(h.After), "before", p.short(h.Before), "from", h.From, "to", h.To)
}

// short is a moment of the month to the minute.
func (p printer) short(t time.Time) string { return p.clock(t, false, false) }

// clock writes a time: with its year when that is not the month's or always, and with
// its offset when the month has more than one.
func (p printer) clock(t time.Time, seconds, year bool) string {
	if t.IsZero() {
		return none
	}
	layout := "01-02 15:04"
	if year || t.Year() != p.Year {
		layout = "2006-01-02 15:04"
	}
	if seconds {
		layout += ":05"
	}
	if p.turns() {
		layout += " -07:00"
	}
	return t.Format(layout)
}

// turns says whether the zone changes its offset within the month.
func (p printer) turns() bool {
	_, first := p.From.Zone()
	_, last := p.To.Zone()
	return first != last
}

// text is a cell as HTML has it.
func (p printer) text(c Cell, col Column) string {
	switch {
	case c.Num != nil:
		return strconv.FormatFloat(*c.Num, 'f', -1, 64)
	case !c.At.IsZero():
		return p.clock(c.At, col.Seconds, false)
	}
	return c.Text
}

// whole is a cell as files for programs have it: times with year and offset.
func (c Cell) whole() string {
	switch {
	case c.Num != nil:
		return strconv.FormatFloat(*c.Num, 'f', -1, 64)
	case !c.At.IsZero():
		return c.At.Format("2006-01-02 15:04:05 -07:00")
	}
	return c.Text
}

// heading is the line under the title of every book.
func (p printer) heading() string {
	name := p.Name
	if name == "" {
		name = p.Station
	}
	return p.say("register.heading", "station", name, "id", p.Station, "town", p.town(), "month", p.month(), "zone", p.zone())
}

func (p printer) town() string {
	if p.Town == "" {
		return p.say("register.blank")
	}
	return p.Town
}

func (p printer) month() string {
	return p.say("register.month", "year", p.Year, "month", fmt.Sprintf("%02d", int(p.Month.Month)))
}

func (p printer) zone() string {
	offset := p.From.Format("-07:00")
	if p.turns() {
		offset += " / " + p.To.Format("-07:00")
	}
	return p.From.Location().String() + " (UTC" + offset + ")"
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", 100*share) }
