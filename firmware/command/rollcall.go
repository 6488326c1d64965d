package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stationbox/firmware"
	"stationbox/firmware/text"
)

// Roll is the attendance of a lesson as commands show it, corrections applied.
type Roll struct {
	Lesson  string      `json:"lesson"`
	Title   string      `json:"title,omitempty"`
	Opened  time.Time   `json:"opened,omitzero"`
	Closed  time.Time   `json:"closed,omitzero"` // zero: open
	Present int         `json:"present"`         // with the heads
	Members int         `json:"members"`         // of the roster
	Heads   int         `json:"heads,omitempty"` // of whom nobody knows the name
	Late    int         `json:"late"`
	Left    int         `json:"left_early"`
	Guests  int         `json:"guests"` // numbers that are not in the roster
	Calls   []string    `json:"calls,omitempty"`
	Entries []RollEntry `json:"entries"`
	Marks   []RollMark  `json:"marks,omitempty"`

	HeadsCorrected *RollNote `json:"heads_corrected,omitempty"`
}

// RollEntry is one number on the roll.
type RollEntry struct {
	Number    int       `json:"number"`
	Name      string    `json:"name,omitempty"`
	Known     bool      `json:"known"`
	Guest     bool      `json:"guest,omitempty"` // not in the roster
	Present   bool      `json:"present"`         // it counts
	At        time.Time `json:"at,omitzero"`     // zero: never pressed
	Late      bool      `json:"late,omitempty"`
	LeftEarly bool      `json:"left_early,omitempty"`
	Calls     []string  `json:"calls,omitempty"` // "start", "middle", "end": pressed then
	Presses   int       `json:"presses"`
	Corrected *RollNote `json:"corrected,omitempty"`
}

// RollNote is how something was corrected.
type RollNote struct {
	Do  string    `json:"do"` // one of the firmware.Correct… constants
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
}

// RollMark is a remark about presses with what the administrator found.
type RollMark struct {
	firmware.Mark
	Verdict *firmware.Verdict `json:"verdict,omitempty"` // nil: nobody has looked yet
}

// Why a roll cannot be corrected.
var (
	ErrNoRoll = errors.New("there is no such roll")
	ErrNoMark = errors.New("there is no such mark")
)

// Clerk corrects rolls. A call returns when the record is durable, with the roll as it
// is then. Errors: ErrNoRoll, ErrNoMark, or why the journal does not take it.
type Clerk interface {
	Correct(ctx context.Context, lesson string, c firmware.Correction) (Roll, error)
	Judge(ctx context.Context, lesson string, v firmware.Verdict) (Roll, error)
}

// newest is what people write for the lesson whose roll was opened last.
const newest = "last"

// mostHeads bounds a headcount.
const mostHeads = 9999

// Rolls returns the commands about rolls. Their sources are in the Env.
func Rolls() []Command {
	return []Command{
		{Name: "roll", Usage: "cmd.roll.usage", Help: "cmd.roll.help", Offline: true, Run: roll},
		{Name: "roll correct", Usage: "cmd.roll.correct.usage", Help: "cmd.roll.correct.help", Run: rollCorrect},
		{Name: "roll heads", Usage: "cmd.roll.heads.usage", Help: "cmd.roll.heads.help", Run: rollHeads},
		{Name: "roll confirm", Usage: "cmd.roll.mark.usage", Help: "cmd.roll.confirm.help", Run: func(ctx context.Context, env *Env, args []string) (Result, error) {
			return rollJudge(ctx, env, args, true)
		}},
		{Name: "roll clear", Usage: "cmd.roll.mark.usage", Help: "cmd.roll.clear.help", Run: func(ctx context.Context, env *Env, args []string) (Result, error) {
			return rollJudge(ctx, env, args, false)
		}},
	}
}

func roll(_ context.Context, env *Env, args []string) (Result, error) {
	_, rest, err := options(env, args)
	if err != nil {
		return Result{}, err
	}
	if len(rest) > 1 {
		return Result{}, env.Misused("cmd.too_many", "got", rest[1])
	}
	if env.Roll == nil {
		return Result{}, env.Failed("cmd.not_here")
	}
	lesson := ""
	if len(rest) == 1 && rest[0] != newest {
		lesson = rest[0]
	}
	r, err := env.Roll(lesson)
	if err != nil {
		return Result{}, env.Failed("cmd.journal.unreadable", "why", err)
	}
	switch {
	case r.none() && lesson != "":
		return Result{}, env.Failed("cmd.roll.none_of", "lesson", lesson)
	case r.none():
		return Result{Text: env.Text.Say("cmd.roll.none"), Data: r}, nil
	}
	return Result{Text: rollText(env, r), Data: r}, nil
}

// none says that nothing is known of such a roll.
func (r Roll) none() bool { return r.Opened.IsZero() && len(r.Entries) == 0 }

// errand reads the arguments of a change: its words, and who does it and why.
func errand(env *Env, args []string, words int, misuse string) (rest []string, by, why string, err error) {
	opt, rest, err := options(env, args, "why", "by")
	switch {
	case err != nil:
		return nil, "", "", err
	case len(rest) != words:
		return nil, "", "", env.Misused(misuse)
	case env.Clerk == nil:
		return nil, "", "", env.Failed("cmd.not_running")
	}
	for _, text := range []string{opt["why"], opt["by"]} {
		if utf8.RuneCountInString(text) > 200 || strings.ContainsFunc(text, unicode.IsControl) {
			return nil, "", "", env.Misused("cmd.roll.text")
		}
	}
	if rest[0] == newest {
		rest[0] = ""
	}
	return rest, strings.TrimSpace(env.By + " " + opt["by"]), opt["why"], nil
}

func rollCorrect(ctx context.Context, env *Env, args []string) (Result, error) {
	rest, by, why, err := errand(env, args, 3, "cmd.roll.correct.which")
	if err != nil {
		return Result{}, err
	}
	number, err := strconv.Atoi(rest[1])
	if err != nil || number < 1 || number > 9999 || rest[2] != firmware.CorrectPresent && rest[2] != firmware.CorrectAbsent {
		return Result{}, env.Misused("cmd.roll.correct.which")
	}
	if strings.TrimSpace(why) == "" {
		return Result{}, env.Misused("cmd.roll.correct.why")
	}
	r, err := env.Clerk.Correct(ctx, rest[0], firmware.Correction{Do: rest[2], Number: number, By: by, Why: why})
	if err != nil {
		return Result{}, env.refused(err, rest)
	}
	out := Result{Data: r}
	for _, e := range r.Entries {
		if e.Number == number {
			out.Text = strings.TrimLeft(entryText(env, e), " ")
		}
	}
	out.Text = env.Text.Say("cmd.roll.corrected", "lesson", r.Lesson) + "\n" + out.Text + rollCount(env, r)
	return out, nil
}

func rollHeads(ctx context.Context, env *Env, args []string) (Result, error) {
	rest, by, why, err := errand(env, args, 2, "cmd.roll.heads.which")
	if err != nil {
		return Result{}, err
	}
	n, err := strconv.Atoi(rest[1])
	if err != nil || n < 0 || n > mostHeads {
		return Result{}, env.Misused("cmd.roll.heads.which")
	}
	r, err := env.Clerk.Correct(ctx, rest[0], firmware.Correction{Do: firmware.CorrectHeads, Heads: n, By: by, Why: why})
	if err != nil {
		return Result{}, env.refused(err, rest)
	}
	return Result{Text: env.Text.Say("cmd.roll.corrected", "lesson", r.Lesson) + "\n" + rollCount(env, r), Data: r}, nil
}

func rollJudge(ctx context.Context, env *Env, args []string, confirmed bool) (Result, error) {
	rest, by, why, err := errand(env, args, 2, "cmd.roll.mark.which")
	if err != nil {
		return Result{}, err
	}
	mark, err := strconv.Atoi(rest[1])
	if err != nil || mark < 1 {
		return Result{}, env.Misused("cmd.roll.mark.which")
	}
	r, err := env.Clerk.Judge(ctx, rest[0], firmware.Verdict{Mark: mark, Confirmed: confirmed, By: by, Why: why})
	if err != nil {
		return Result{}, env.refused(err, rest)
	}
	return Result{Text: marksText(env, r), Data: r}, nil
}

// refused says why the clerk could not do it.
func (e *Env) refused(err error, rest []string) error {
	switch {
	case errors.Is(err, ErrNoRoll) && rest[0] == "":
		return e.Failed("cmd.roll.none")
	case errors.Is(err, ErrNoRoll):
		return e.Failed("cmd.roll.none_of", "lesson", rest[0])
	case errors.Is(err, ErrNoMark):
		return e.Failed("cmd.roll.mark.none", "mark", rest[1])
	}
	return e.Failed("cmd.roll.not_written", "why", err)
}

func rollText(env *Env, r Roll) string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(r.Title+" ("+r.Lesson+")") + "\n")
	if !r.Opened.IsZero() {
		state := "cmd.roll.open"
		if !r.Closed.IsZero() {
			state = "cmd.roll.closed"
		}
		b.WriteString(env.Text.Say(state, "day", r.Opened.In(env.zone()).Format("2006-01-02 15:04")) + "\n")
	}
	for _, e := range r.Entries {
		b.WriteString(entryText(env, e))
	}
	if r.HeadsCorrected != nil {
		b.WriteString(env.Text.Say("cmd.roll.heads.are", "count", r.Heads) + "\n" + noteText(env, r.HeadsCorrected))
	}
	return b.String() + rollCount(env, r) + marksText(env, r)
}

// entryText is a line of the roll, and one more when it was corrected.
func entryText(env *Env, e RollEntry) string {
	name := e.Name
	for _, tag := range []struct {
		on  bool
		key string
	}{{e.Guest || !e.Known, "cmd.roll.unknown"}, {e.Late, "cmd.roll.late"}, {e.LeftEarly, "cmd.roll.left"}, {!e.Present && e.Corrected != nil, "cmd.roll.absent"}} {
		if tag.on {
			name += " " + env.Text.Say(tag.key)
		}
	}
	at := "–       " // as wide as a time
	if !e.At.IsZero() {
		at = e.At.In(env.zone()).Format(time.TimeOnly)
	}
	line := fmt.Sprintf("%4d  %s  %s\n", e.Number, at, strings.TrimSpace(name))
	if e.Corrected != nil {
		line += noteText(env, e.Corrected)
	}
	return line
}

func noteText(env *Env, n *RollNote) string {
	what := env.Text.Say("cmd.roll.note", "what", env.Text.Say("cmd.roll.do."+n.Do), "at", n.At.In(env.zone()).Format("2006-01-02 15:04"), "by", n.By)
	if n.Why != "" {
		what += env.Text.Say("cmd.roll.because", "why", n.Why)
	}
	return "      " + what + "\n"
}

func rollCount(env *Env, r Roll) string {
	s := env.Text.Say("cmd.roll.count", "present", r.Present, "members", r.Members) + "\n"
	if r.Late+r.Left+r.Guests > 0 {
		s += env.Text.Say("cmd.roll.late_count", "late", r.Late, "left", r.Left, "guests", r.Guests) + "\n"
	}
	return s
}

// marksText says each mark in a plain sentence.
func marksText(env *Env, r Roll) string {
	var b strings.Builder
	for _, m := range r.Marks {
		state := "cmd.roll.mark.open"
		switch {
		case m.Verdict != nil && m.Verdict.Confirmed:
			state = "cmd.roll.mark.confirmed"
		case m.Verdict != nil:
			state = "cmd.roll.mark.cleared"
		}
		by := ""
		if m.Verdict != nil {
			by = m.Verdict.By
		}
		fmt.Fprintln(&b, env.Text.Say("cmd.roll.mark.line", "mark", m.ID, "state", env.Text.Say(state, "by", by), "what", m.Say(env.Text, env.zone())))
	}
	return b.String()
}

// Say tells the mark in a plain sentence, with times of zone.
func (m RollMark) Say(words *text.Catalogue, zone *time.Location) string {
	return words.Say("roll.mark."+m.Reason,
		"count", m.Count, "seconds", int(m.To.Sub(m.From).Round(time.Second)/time.Second), "gap", fmt.Sprintf("%.1f", float64(m.GapMS)/1000),
		"seats", m.Seats, "numbers", numbersText(m.Numbers), "at", m.From.In(zone).Format(time.TimeOnly))
}

// numbersText lists the first numbers of a mark.
func numbersText(list []int) string {
	const most = 12
	var words []string
	for _, n := range list[:min(len(list), most)] {
		words = append(words, strconv.Itoa(n))
	}
	if len(list) > most {
		words = append(words, "…")
	}
	return strings.Join(words, " ")
}
