package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stationbox/firmware"
)

// Poll is a question as commands show it.
type Poll struct {
	firmware.Question
	Open     bool              `json:"open"`     // answers are taken
	Answered int               `json:"answered"` // numbers that have answered
	Outcome  *firmware.Outcome `json:"outcome,omitempty"`
}

// Why a question cannot be put or ended.
var (
	ErrAsking     = errors.New("there is a question already")
	ErrNoQuestion = errors.New("there is no question")
)

// Asker puts questions to the room, one at a time. Ask and Stop return when the record
// is durable. Errors: ErrAsking, ErrNoQuestion, or why it cannot be written.
type Asker interface {
	Ask(ctx context.Context, q firmware.Question, last time.Duration) (Poll, error)
	Stop(ctx context.Context, vote bool, by string) (Poll, error)
	Poll() (Poll, error)
}

// Bounds of a question: what the board has room for in letters that can be read from
// the back of a room, five lines.
const (
	mostQuestion = 30 // Chinese characters, on two lines
	mostWithFour = 15 // with four options there is one line
	mostOption   = 10
	leastTime    = 10 * time.Second
	mostTime     = 30 * time.Minute
	usualTime    = time.Minute
)

// Questions returns the commands of quiz and vote.
func Questions() []Command {
	var list []Command
	for _, name := range []string{"quiz", "vote"} {
		vote := name == "vote"
		run := func(f func(context.Context, *Env, []string, bool) (Result, error)) func(context.Context, *Env, []string) (Result, error) {
			return func(ctx context.Context, env *Env, args []string) (Result, error) {
				if env.Asker == nil {
					return Result{}, env.Failed("cmd.not_running")
				}
				return f(ctx, env, args, vote)
			}
		}
		list = append(list, Command{Name: name, Help: "cmd." + name + ".help", Run: run(showQuestion)},
			Command{Name: name + " start", Usage: "cmd." + name + ".usage", Help: "cmd." + name + ".start.help", Run: run(startQuestion)},
			Command{Name: name + " stop", Help: "cmd." + name + ".stop.help", Run: run(stopQuestion)})
	}
	return list
}

func startQuestion(ctx context.Context, env *Env, args []string, vote bool) (Result, error) {
	known := []string{"question", "a", "b", "c", "d", "for"}
	if !vote {
		known = append(known, "answer")
	}
	opt, rest, err := options(env, args, known...)
	switch {
	case err != nil:
		return Result{}, err
	case len(rest) > 0:
		return Result{}, env.Misused("cmd.too_many", "got", rest[0])
	}
	q := firmware.Question{Text: strings.TrimSpace(opt["question"]), Vote: vote, By: env.By, Right: strings.ToUpper(opt["answer"])}
	for _, letter := range []string{"a", "b", "c", "d"} {
		if text := strings.TrimSpace(opt[letter]); text != "" {
			if q.Options = append(q.Options, text); letter != string("abcd"[len(q.Options)-1]) {
				return Result{}, env.Misused("cmd.quiz.which") // one is left out
			}
		}
	}
	if q.Text == "" || len(q.Options) < 2 {
		return Result{}, env.Misused("cmd.quiz.which")
	}
	if q.Right != "" && (len(q.Right) != 1 || !strings.Contains("ABCD"[:len(q.Options)], q.Right)) {
		return Result{}, env.Misused("cmd.quiz.right", "got", opt["answer"])
	}
	most := mostQuestion
	if len(q.Options) == 4 {
		most = mostWithFour
	}
	if long(q.Text, most) {
		return Result{}, env.Misused("cmd.quiz.long", "got", q.Text, "most", most)
	}
	for _, o := range q.Options {
		if long(o, mostOption) {
			return Result{}, env.Misused("cmd.quiz.long", "got", o, "most", mostOption)
		}
	}
	last := usualTime
	if opt["for"] != "" {
		if last, err = time.ParseDuration(opt["for"]); err != nil || last < leastTime || last > mostTime {
			return Result{}, env.Misused("cmd.quiz.for", "got", opt["for"])
		}
	}
	return env.poll(env.Asker.Ask(ctx, q, last))
}

// long says whether a text does not fit on the board or cannot be shown. Letters of
// Latin are half as wide.
func long(text string, most int) bool {
	wide := 0
	for _, r := range text {
		if wide++; r > 0x2000 {
			wide++
		}
	}
	return wide > 2*most || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
}

func stopQuestion(ctx context.Context, env *Env, args []string, vote bool) (Result, error) {
	if len(args) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", args[0])
	}
	return env.poll(env.Asker.Stop(ctx, vote, env.By))
}

func showQuestion(_ context.Context, env *Env, args []string, _ bool) (Result, error) {
	if len(args) > 0 {
		return Result{}, env.Misused("cmd.too_many", "got", args[0])
	}
	return env.poll(env.Asker.Poll())
}

// poll says how a question stands.
func (e *Env) poll(p Poll, err error) (Result, error) {
	switch {
	case errors.Is(err, ErrAsking):
		return Result{}, e.Failed("cmd.quiz.asking")
	case errors.Is(err, ErrNoQuestion):
		return Result{}, e.Failed("cmd.quiz.none")
	case err != nil:
		return Result{}, e.Failed("cmd.quiz.not_written", "why", err)
	}
	var b strings.Builder
	fmt.Fprintln(&b, p.Text)
	for i, o := range p.Options {
		fmt.Fprintf(&b, "  %s\n", QuestionRow(e, p, i, o))
	}
	switch {
	case p.Outcome == nil:
		fmt.Fprintln(&b, e.Text.Say("cmd.quiz.open", "count", p.Answered, "until", p.Until.In(e.zone()).Format(time.TimeOnly)))
	case p.Outcome.Void:
		fmt.Fprintln(&b, e.Text.Say("quiz.void"))
	default:
		fmt.Fprintln(&b, e.Text.Say("cmd.quiz.over", "count", p.Answered))
	}
	return Result{Text: b.String(), Data: p}, nil
}

// QuestionRow is an option with what came of it.
func QuestionRow(e *Env, p Poll, i int, option string) string {
	row := "ABCD"[i:i+1] + "  " + option
	if p.Outcome == nil || p.Outcome.Void || i >= len(p.Outcome.Counts) {
		return row
	}
	key := "quiz.row"
	if p.Right == "ABCD"[i:i+1] {
		key = "quiz.row_right"
	}
	return e.Text.Say(key, "row", row, "count", p.Outcome.Counts[i])
}
