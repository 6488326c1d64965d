package station

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/command"
	"stationbox/firmware/quiz"
)

// A question is answered in two steps that are the same on every panel, and the first of
// them is the one that people know from the roll: your number, as always; then your
// letter, within ten seconds. On a keypad with letters that is 12 # B, or 12 B, since a
// letter ends a number and a # after it does no harm; on a numeric pad 12 # 2 #; with a
// button for everybody, one's own and then one of the first. One key more than needed,
// or the steps told apart by a screen, is what keeps old people from it, so neither is
// asked for. Who was too slow begins anew; the last answer counts.

// voter is whose letter is waited for.
type voter struct {
	number int // 0: nobody's
	name   string
	until  time.Time
}

// await lets the letter of whoever pressed p come next, and says whether a question is
// open.
func (b *rollbook) await(p firmware.Press) bool {
	now := b.now()
	b.mu.Lock()
	open := b.poll.Open(now)
	options := 0
	if open {
		options = len(b.poll.Options)
	}
	b.mu.Unlock()
	if !open {
		return false
	}
	b.voter = voter{p.Number, p.Name, b.tick().Add(quiz.Patience)}
	b.greetWith(b.words.Say("quiz.press", "name", p.Name, "letters", b.letters(options)), true)
	return true
}

// numbered says that the panel has no letters: 1 is A.
func (b *rollbook) numbered() bool { return b.pad == "usb" || b.pad == "buttons" }

// letters are the keys of the first options, as people find them on the panel.
func (b *rollbook) letters(options int) string {
	if b.numbered() {
		return "1–" + strconv.Itoa(options)
	}
	return "A–" + quiz.Letters[options-1:options]
}

// asking is the question that is open, nil for none.
func (b *rollbook) asking() *quiz.Poll {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.poll.Open(now) {
		return nil
	}
	return b.poll
}

// letter takes a key that is a letter of the question, and says whether it was.
func (b *rollbook) letter(ctx context.Context, typed *attendance.Keys, k key) bool {
	after := b.lettered
	b.lettered = false
	if b.asking() == nil {
		return false
	}
	i := strings.IndexRune(quiz.Letters, k.r)
	switch {
	case k.number > 0:
		return b.pick(ctx, k.number, k.at)
	case k.r == 0 || k.card != "" || k.here:
		return false
	case k.r == '#' && after && !typed.Typing():
		return true
	case i < 0:
		return false
	}
	b.lettered = true
	if typed.Typing() {
		stroke, number := typed.Press('#', k.at)
		if stroke != attendance.StrokeNumber {
			b.answer(attendance.StrokeReject)
			return true
		}
		b.confirm(ctx, firmware.Press{Number: number, Panel: "keypad"})
		if b.voter.number == 0 {
			return true // he has been answered
		}
	}
	b.choose(ctx, i, k.at)
	return true
}

// pick takes a number from 1 that stands for a letter, if one is waited for.
func (b *rollbook) pick(ctx context.Context, number int, at time.Time) bool {
	p := b.asking()
	if p == nil || b.voter.number == 0 || at.After(b.voter.until) || number > len(p.Options) {
		return false
	}
	b.choose(ctx, number-1, at)
	return true
}

// choose records an answer and says so when it is on the card.
func (b *rollbook) choose(ctx context.Context, option int, at time.Time) {
	p, v := b.asking(), b.voter
	b.voter = voter{}
	if p == nil || v.number == 0 || at.After(v.until) || option >= len(p.Options) {
		b.greetWith(b.words.Say("quiz.number_first"), false)
		b.answer(attendance.StrokeReject)
		return
	}
	var key *quiz.Key
	if p.Vote {
		if key = b.voteKey(p.ID); key == nil { // it is about to be void
			b.answer(attendance.StrokeReject)
			return
		}
	}
	if _, _, err := b.write(ctx, firmware.KindAnswer, b.lesson(), p.Answer(v.number, v.name, option, key)); err != nil {
		b.panel.Fault()
		b.voice.Beep(false)
		return
	}
	said := b.words.Say("quiz.voted", "name", v.name)
	if !p.Vote {
		said = b.words.Say("quiz.answered", "name", v.name, "letter", quiz.Letters[option:option+1])
	}
	b.greetWith(said, true)
	b.panel.Ack()
	b.voice.Beep(true)
}

// closePoll writes the outcome when the time of a question is over, or when nobody can
// count it.
func (b *rollbook) closePoll(ctx context.Context) {
	now := b.now()
	b.mu.Lock()
	p := b.poll
	b.mu.Unlock()
	if p.Waits() && (!now.Before(p.Until) || p.Vote && b.voteKey(p.ID) == nil) {
		_ = b.endPoll(ctx, "") // tried again
	}
}

// endPoll writes what came of the question and forgets the key of a vote.
func (b *rollbook) endPoll(ctx context.Context, by string) error {
	b.mu.Lock()
	p := b.poll
	b.mu.Unlock()
	o := p.Count(b.voteKey(p.ID))
	o.Void = o.Void || p.Vote && b.voteKey(p.ID) == nil
	o.Closed = by
	if _, _, err := b.write(ctx, firmware.KindOutcome, b.lesson(), o); err != nil {
		return err
	}
	b.voter = voter{}
	b.forgetKey()
	return nil
}

// ask puts a question to the room; the key of a vote is there before.
func (b *rollbook) ask(ctx context.Context, q firmware.Question) error {
	b.mu.Lock()
	p := b.poll
	b.mu.Unlock()
	if p.Waits() {
		return command.ErrAsking
	}
	if q.Vote {
		if err := b.keepKey(q.ID); err != nil {
			return err
		}
	}
	if _, _, err := b.write(ctx, firmware.KindQuestion, b.lesson(), q); err != nil {
		b.forgetKey()
		return err
	}
	b.voter = voter{}
	return nil
}

// keyFile is where the key of the vote is kept for a restart of the program.
func (b *rollbook) keyFile() string { return filepath.Join(b.runDir, "vote.key") }

// keepKey makes the key of a vote.
func (b *rollbook) keepKey(id string) error {
	k := quiz.NewKey()
	if err := os.WriteFile(b.keyFile(), []byte(id+" "+hex.EncodeToString(k[:])), 0o600); err != nil {
		return err
	}
	b.key, b.keyOf = k, id
	return nil
}

// voteKey is the key of a vote, nil when it is gone.
func (b *rollbook) voteKey(id string) *quiz.Key {
	if b.keyOf == id && id != "" {
		return b.key
	}
	raw, err := os.ReadFile(b.keyFile())
	if err != nil {
		return nil
	}
	of, code, _ := strings.Cut(string(raw), " ")
	k, err := hex.DecodeString(code)
	if err != nil || of != id || len(k) != len(quiz.Key{}) {
		return nil
	}
	b.key, b.keyOf = (*quiz.Key)(k), id
	return b.key
}

func (b *rollbook) forgetKey() {
	if b.key != nil {
		clear(b.key[:])
	}
	b.key, b.keyOf = nil, ""
	_ = os.Remove(b.keyFile()) // there is none without a vote
}

// asker is command.Asker of the running station.
type asker struct {
	book  *rollbook
	nudge func() // the screen
}

// Ask is command.Asker.
func (a asker) Ask(ctx context.Context, q firmware.Question, last time.Duration) (command.Poll, error) {
	err := a.book.do(ctx, func(ctx context.Context) error {
		now := a.book.now()
		q.ID, q.Until = now.UTC().Format("20060102T150405.000"), now.Add(last)
		return a.book.ask(ctx, q)
	})
	return a.poll(err)
}

// Stop is command.Asker.
func (a asker) Stop(ctx context.Context, vote bool, by string) (command.Poll, error) {
	err := a.book.do(ctx, func(ctx context.Context) error {
		a.book.mu.Lock()
		p := a.book.poll
		a.book.mu.Unlock()
		if !p.Waits() || p.Vote != vote {
			return command.ErrNoQuestion
		}
		return a.book.endPoll(ctx, by)
	})
	return a.poll(err)
}

// Poll is command.Asker.
func (a asker) Poll() (command.Poll, error) { return a.poll(nil) }

func (a asker) poll(err error) (command.Poll, error) {
	if err != nil {
		return command.Poll{}, err
	}
	a.nudge()
	now := a.book.now()
	a.book.mu.Lock()
	defer a.book.mu.Unlock()
	p := a.book.poll
	if p == nil {
		return command.Poll{}, command.ErrNoQuestion
	}
	v := command.Poll{Question: p.Question, Open: p.Open(now), Answered: p.Answered()}
	v.Outcome, _ = p.Outcome()
	return v, nil
}
