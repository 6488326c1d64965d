package antenna

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

// Converse runs "dish align" for who talks through env.Talk. Ctrl-C or hanging up ends
// the alignment that was begun here; one that somebody else began goes on.
func (a *Aligner) Converse(ctx context.Context, env *command.Env, ask command.AlignAsk) (command.Result, error) {
	s, begun, err := a.join(ctx, env.By, ask.Quiet)
	if err != nil {
		return command.Result{}, &command.Error{Code: command.CodeFailed, Text: sayAlign(env.Text, err)}
	}
	d := &alignDialogue{s: s, talk: env.Talk, words: env.Text, json: ask.JSON, live: env.Talk.Terminal && !ask.JSON}
	saved, err := d.run(ctx)
	if begun && err != nil {
		s.finish("cmd.dish.align.stopped")
	}
	if err != nil {
		return command.Result{}, err
	}
	r := command.Result{Told: true}
	if !saved {
		r.Code = command.CodeFailed
	}
	return r, nil
}

// alignDialogue is one console that looks on and presses.
type alignDialogue struct {
	s     *aligning
	talk  *command.Talk
	words *text.Catalogue
	json  bool
	live  bool // bars below the lines

	screen liveLines
	next   int       // line of the alignment
	told   int       // number of the order that was written last
	due    time.Time // before it nothing is drawn
}

// run talks until the alignment ends, saved or not, until ctx does, or until the other side
// has gone.
func (d *alignDialogue) run(ctx context.Context) (saved bool, err error) {
	lines := d.talk.Lines
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		look, changed := d.s.look(d.next)
		saved, err := d.show(look, time.Now())
		if err != nil || look.Ended {
			return saved, err
		}
		// What comes while the line is busy waits in the alignment, not in the line.
		if wait := time.Until(d.due); wait > 0 {
			changed = nil
			timer.Reset(wait)
		}
		select {
		case <-ctx.Done():
			_ = d.talk.Write(d.screen.clear()) // what comes next stands on a line of its own; who has gone misses nothing
			return false, ctx.Err()
		case line, ok := <-lines:
			if !ok { // who started it may go on without typing
				lines = nil
				continue
			}
			d.typed(line)
		case <-changed:
		case <-timer.C:
		}
	}
}

func (d *alignDialogue) typed(line string) {
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "":
		d.s.press(d.told)
	case "q":
		d.s.finish("cmd.dish.align.stopped")
	}
}

// show writes what is new: lines at once, the bars when the line is free again.
func (d *alignDialogue) show(look alignLook, now time.Time) (saved bool, err error) {
	var b strings.Builder
	for _, l := range look.Said {
		saved = saved || l.Record != nil
		if l.Last {
			b.WriteString(d.screen.clear())
		}
		b.WriteString(d.line(l, look.Advice))
		if l.Number > 0 {
			d.told = l.Number
		}
	}
	d.next = look.Next
	if d.live && !look.Ended && look.Number > 0 && (b.Len() > 0 || !now.Before(d.due)) {
		b.WriteString(d.screen.draw(append(dish.AlignBars(d.words, look.Advice), d.words.Say("cmd.dish.align.keys"))))
	}
	if b.Len() == 0 {
		return saved, nil
	}
	d.due = now.Add(max(liveLeast, onTheLine(b.Len(), d.talk.Baud)))
	return saved, d.talk.Write(b.String())
}

// line is a permanent line as this console wants it.
func (d *alignDialogue) line(l alignSaid, a dish.Advice) string {
	switch {
	case d.json:
		return alignJSON(d.words, l, a)
	case d.live && !l.Last:
		return d.screen.say(l.say(d.words))
	}
	return l.say(d.words) + "\n"
}

// alignNote is a line of dish align -json.
type alignNote struct {
	Number int      `json:"n,omitempty"`     // of the order
	Order  string   `json:"order,omitempty"` // key of its sentence
	Note   string   `json:"note,omitempty"`  // key of what is no order
	Say    string   `json:"say"`
	Phase  string   `json:"phase"`
	Moves  int      `json:"moves"`
	CNR    *float64 `json:"cnr_db"` // nil: unknown
	Best   *float64 `json:"best_db"`
	Ended  bool     `json:"ended,omitempty"`
	Saved  any      `json:"saved,omitempty"` // as dish aligned -json prints it
}

func alignJSON(c *text.Catalogue, l alignSaid, a dish.Advice) string {
	n := alignNote{Number: l.Number, Note: l.Key, Say: l.say(c), Phase: a.Phase.String(), Moves: a.Moves, CNR: barOf(a.Now), Best: barOf(a.Best), Ended: l.Last}
	if l.Number > 0 {
		n.Order = l.Order.Key()
	}
	if l.Record != nil {
		n.Saved = l.Record
	}
	out, err := json.Marshal(n)
	if err != nil { // a number that is none, which the sensors' bounds keep out
		return ""
	}
	return string(out) + "\n"
}

func barOf(b dish.Bar) *float64 {
	if !b.Known {
		return nil
	}
	v := float64(b.CNR)
	return &v
}
