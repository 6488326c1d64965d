// Package command is the one table of commands of the station, for the shell,
// the technician's line and the page alike: one name, one help text, one
// result that is text for people and data for programs. It also holds the
// command socket between the shell and the running station. It never decides
// what a command may touch: each gets what it needs by hand.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/text"
)

// Exit codes of the shell.
const (
	CodeOK     = 0
	CodeFailed = 1 // the command ran and failed
	CodeUsage  = 2 // it was not understood
)

// bound is how long a command may run when it does not say so itself.
const bound = 30 * time.Second

// Command is one entry of the table.
type Command struct {
	Name    string        // one or more words: "status", "relay test"
	Usage   string        // text key of what follows the name; "" for nothing
	Help    string        // text key of one line of explanation
	More    string        // text key of further lines for who asks about this command alone; "" for none
	Offline bool          // needs files only, not the running station
	Timeout time.Duration // 0 is 30 s
	Talks   bool          // a conversation: it needs Env.Talk
	Run     func(ctx context.Context, env *Env, args []string) (Result, error)
}

// Result is what a command answers.
type Result struct {
	Text string // ready to print; a missing last newline is added
	Data any    // what -json prints; nil prints {}
	Code int    // exit code when there is no error
	Told bool   // Env.Talk has said everything, also with -json: nothing is printed
}

// Env is what commands work with. Sources that are nil are not available where
// the command runs; it says so.
type Env struct {
	Text *text.Catalogue
	By   string           // who asks: "shell", "console", "page"
	Now  func() time.Time // required by journal -since and schedule
	Zone *time.Location   // nil is UTC

	Scan     func(fn func(firmware.Record) error) error           // the journal
	Between  func(from, to time.Time) []firmware.Occasion         // the schedule: what is held
	Plan     func(from, to time.Time) (Planned, error)            // the schedule with what is not held, the quota and make-ups
	Calendar func() (file []byte, omitted []string)               // the schedule as a calendar file
	Roll     func(lesson string) (Roll, error)                    // "" is the newest roll
	Check    func(path string, c *text.Catalogue) (Result, error) // a configuration file
	Lessons  LessonBook                                           // the signed records
	Library  Librarian                                            // the films
	Clerk    Clerk                                                // corrects rolls; nil outside of the running station
	Asker    Asker                                                // puts questions to the room; as Clerk
	Dish     Surveyor                                             // where the dish points
	Align    Aligner                                              // by eye and ear; nil outside of the running station
	Screens  Screens                                              // the sockets for displays
	Roster   Enroller                                             // the members
	SetPIN   func(env *Env, pin string) error                     // of the web page; an *Error when it is refused
	Books    Registrar                                            // the official books of a month

	// In, Out and Errs are those of the shell, for commands that read or write tables
	// without end; nil elsewhere.
	In        io.Reader
	Out, Errs io.Writer

	Talk *Talk             // with who runs a command that Talks; nil: nobody can
	Tell func(line string) // shows how far a long command is, each line in place of the one before; nil: nobody watches

	json bool // the answer will be printed as JSON
}

func (e *Env) zone() *time.Location {
	if e.Zone == nil {
		return time.UTC
	}
	return e.Zone
}

// Error is a failure told to people in their language.
type Error struct {
	Code int
	Text string
}

// Error returns the text.
func (e *Error) Error() string { return e.Text }

// Failed returns an error with CodeFailed that says key in the language of env.
func (e *Env) Failed(key string, args ...any) error {
	return &Error{CodeFailed, e.Text.Say(key, args...)}
}

// Misused returns an error with CodeUsage that says key in the language of env.
func (e *Env) Misused(key string, args ...any) error {
	return &Error{CodeUsage, e.Text.Say(key, args...)}
}

// Code returns the exit code that belongs to a result and an error of Run.
func Code(r Result, err error) int {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Code
	case err != nil:
		return CodeFailed
	}
	return r.Code
}

// Table is a list of commands. It never changes and may be shared.
type Table struct {
	commands []Command
}

// New returns the table of commands, in the order in which help lists them.
// The command help is added at the end.
func New(commands ...Command) *Table {
	t := &Table{commands: slices.Clone(commands)}
	t.commands = append(t.commands, Command{Name: "help", Usage: "cmd.help.usage", Help: "cmd.help.help", Offline: true, Run: t.help})
	return t
}

// Find returns the command that args begin with and the arguments after its
// name.
func (t *Table) Find(args []string) (Command, []string, bool) {
	var found Command
	words := 0
	for _, c := range t.commands {
		name := strings.Fields(c.Name)
		if len(name) > words && len(args) >= len(name) && slices.Equal(name, args[:len(name)]) {
			found, words = c, len(name)
		}
	}
	return found, args[words:], words > 0
}

// Run runs the command that args name. "-json" anywhere makes the text the
// data as JSON; "-h" asks for the help of the command. The error is an *Error
// with a sentence for people, or a plain one from below.
func (t *Table) Run(ctx context.Context, env *Env, args []string) (Result, error) {
	args, asJSON := take(args, "-json")
	args, help := take(args, "-h", "-help")
	if len(args) == 0 {
		return t.help(ctx, env, nil)
	}
	c, rest, ok := t.Find(args)
	if !ok {
		return Result{}, t.unknown(env, args)
	}
	if help {
		return t.help(ctx, env, strings.Fields(c.Name))
	}
	if c.Timeout <= 0 {
		c.Timeout = bound
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	own := *env
	own.json = asJSON
	r, err := c.Run(ctx, &own, rest)
	if err != nil {
		return Result{}, err
	}
	if r.Told {
		return Result{Code: r.Code}, nil
	}
	if asJSON {
		return inJSON(r)
	}
	if r.Text != "" && !strings.HasSuffix(r.Text, "\n") {
		r.Text += "\n"
	}
	return r, nil
}

func inJSON(r Result) (Result, error) {
	if r.Data == nil {
		r.Data = struct{}{}
	}
	out, err := json.MarshalIndent(r.Data, "", "  ")
	if err != nil {
		return Result{}, fmt.Errorf("result as JSON: %w", err)
	}
	r.Text = string(out) + "\n"
	return r, nil
}

// take removes flag, written with one or two dashes, from args.
func take(args []string, flags ...string) (rest []string, found bool) {
	for _, a := range args {
		if slices.Contains(flags, a) || slices.Contains(flags, strings.TrimPrefix(a, "-")) && strings.HasPrefix(a, "--") {
			found = true
			continue
		}
		rest = append(rest, a)
	}
	return rest, found
}

func (t *Table) unknown(env *Env, args []string) error {
	got := args[0]
	for _, c := range t.commands {
		if strings.HasPrefix(c.Name, got+" ") {
			return env.Misused("cmd.incomplete", "got", got, "want", c.Name)
		}
	}
	best, least := "", 3
	for _, c := range t.commands {
		whole := strings.Join(args[:min(len(args), len(strings.Fields(c.Name)))], " ")
		if d := distance(strings.ToLower(whole), c.Name); d < least && d < len(c.Name) {
			best, least = c.Name, d
		}
	}
	if best != "" {
		return env.Misused("cmd.unknown_near", "got", got, "want", best)
	}
	return env.Misused("cmd.unknown", "got", got)
}

// help lists all commands, or explains one.
func (t *Table) help(_ context.Context, env *Env, args []string) (Result, error) {
	type entry struct {
		Name  string `json:"name"`
		Usage string `json:"usage,omitempty"`
		Help  string `json:"help"`
		More  string `json:"more,omitempty"`
	}
	list := t.commands
	if len(args) > 0 {
		c, _, ok := t.Find(args)
		if !ok {
			return Result{}, t.unknown(env, args)
		}
		list = []Command{c}
	}
	var b strings.Builder
	var data []entry
	for _, c := range list {
		e := entry{Name: c.Name, Help: env.Text.Say(c.Help)}
		if c.Usage != "" {
			e.Usage = env.Text.Say(c.Usage)
		}
		if c.More != "" && len(args) > 0 {
			e.More = env.Text.Say(c.More)
		}
		data = append(data, e)
		fmt.Fprintf(&b, "%-26s %s\n", strings.TrimSpace(e.Name+" "+e.Usage), e.Help)
		if e.More != "" {
			fmt.Fprintln(&b, e.More)
		}
	}
	if len(args) == 0 {
		b.WriteString(env.Text.Say("cmd.help.foot") + "\n")
	}
	return Result{Text: b.String(), Data: data}, nil
}

// distance counts the changed, missing, added and swapped letters between two
// words.
func distance(a, b string) int {
	older, old, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := range len(a) {
		now[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			now[j+1] = min(old[j+1]+1, now[j]+1, old[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				now[j+1] = min(now[j+1], older[j-1]+1)
			}
		}
		older, old, now = old, now, older
	}
	return old[len(b)]
}
