package station

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/quiz"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/text"
)

// key is one key of the panel going down, or a card that is shown.
type key struct {
	r      rune   // of a number that is typed; 0: none
	number int    // of a button that is somebody's; 0: none
	card   string // "": none
	here   bool   // the button that counts heads
	at     time.Time
	missed bool // others before it may have been missed
}

// lights is the panel's lamp and buzzer; every call returns at once.
type lights interface {
	Ack()
	Reject()
	Fault()
}

// rollbook is the only writer of presses and of the roll's opening and closing,
// so that their order on the card is their order in life. A press is answered
// when it is on the card, never before.
type rollbook struct {
	journal appender
	prover  *prover            // counts the presses of each call
	roster  *attendance.Roster // guarded by mu: see members and adopt
	panel   lights
	voice   voice
	faults  *fault.Book
	words   *text.Catalogue
	log     *slog.Logger
	now     func() time.Time
	tick    func() time.Time // clock of the keys
	seats   int              // places in the room, 0 if nobody has said
	runDir  string           // where the key of a vote is kept
	pad     string           // kind of the panel: on one of "usb", 1 to 4 are A to D
	keys    chan key
	desk    chan func(context.Context) // what the administrator does: see do
	wake    chan struct{}

	filing sync.Mutex // one change of the roster's file at a time

	mu     sync.Mutex
	roll   *attendance.Roll // of the newest lesson
	told   bool             // open was called: until then the roll stays as the card has it
	wanted firmware.Occasion
	want   bool
	greet  string
	known  bool // whom it greets
	until  time.Time
	poll   *quiz.Poll // newest question; nil: none yet

	voter    voter     // Run's own: whose letter is waited for
	key      *quiz.Key // Run's own: of the vote keyOf
	keyOf    string
	lettered bool      // Run's own: the last key was a letter, and # after it is part of it
	lastHead time.Time // Run's own
	looked   string    // Run's own: lesson whose presses were looked at since it closed
}

// pressBound is how long a press may wait for the card.
const pressBound = 10 * time.Second

func newRollbook() *rollbook {
	return &rollbook{keys: make(chan key, 64), desk: make(chan func(context.Context)), wake: make(chan struct{}, 1), roll: attendance.NewRoll("")}
}

// feed takes in old records at boot: the newest roll is the one that goes on.
func (b *rollbook) feed(r firmware.Record) {
	b.poll = quiz.Feed(b.poll, r)
	if r.Kind == firmware.KindRollOpen && r.Lesson != b.roll.Lesson {
		b.roll = attendance.NewRoll(r.Lesson)
	}
	b.roll.Add(r)
}

// members is the roster as it is now.
func (b *rollbook) members() *attendance.Roster {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.roster
}

// adopt makes r the roster from the next press on. The roll is made of records, and
// stays: who has signed in is present under the name of that moment.
func (b *rollbook) adopt(r *attendance.Roster) {
	b.mu.Lock()
	b.roster = r
	b.mu.Unlock()
}

// open says whether the roll of o should be open; it returns at once.
func (b *rollbook) open(o firmware.Occasion, yes bool) {
	b.mu.Lock()
	changed := !b.told || b.wanted.ID != o.ID || b.want != yes
	b.told, b.wanted, b.want = true, o, yes
	b.mu.Unlock()
	if changed {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// opened says whether the roll of a lesson has ever been opened on the card.
func (b *rollbook) opened(lesson string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.roll.Lesson == lesson && !b.roll.Opened.IsZero()
}

// present counts who is on the roll of a lesson.
func (b *rollbook) present(lesson string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.roll.Lesson != lesson {
		return 0
	}
	return b.roll.Present()
}

// views lists the roll of a lesson for the status, newest 200.
func (b *rollbook) views(lesson string) []rollView {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []rollView{}
	if b.roll.Lesson != lesson {
		return out
	}
	for _, e := range b.roll.Entries() {
		if e.Counts() {
			out = append(out, rollView{e.Number, e.Name, e.At})
		}
	}
	return out[max(0, len(out)-200):]
}

// greeting is the line for who has just pressed, "" after three seconds, and
// whether that was somebody on the roster.
func (b *rollbook) greeting(now time.Time) (text string, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.After(b.until) {
		return "", false
	}
	return b.greet, b.known
}

// Run opens, closes and answers until ctx ends.
func (b *rollbook) Run(ctx context.Context) error {
	var typed attendance.Keys
	b.closePoll(ctx) // also finds the key of a vote, for which no press waits
	retry := time.NewTicker(time.Second)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case k := <-b.keys:
			b.align(ctx)
			b.press(ctx, &typed, k)
		case f := <-b.desk:
			f(ctx)
		case <-b.wake:
			b.align(ctx)
		case <-retry.C:
			b.align(ctx)
			b.closePoll(ctx)
			b.answer(typed.Expire(b.tick()))
		}
	}
}

// align makes the roll on the card open or closed as wanted.
func (b *rollbook) align(ctx context.Context) {
	b.mu.Lock()
	told, o, want := b.told, b.wanted, b.want
	current, isOpen := b.roll.Lesson, b.roll.Open()
	b.mu.Unlock()
	if !told {
		return
	}
	if isOpen && (!want || current != o.ID) {
		b.write(ctx, firmware.KindRollClose, current, attendance.Close{Present: b.present(current)})
	}
	if want && o.ID != "" && (current != o.ID || !isOpen) {
		b.mu.Lock()
		if b.roll.Lesson != o.ID {
			b.roll = attendance.NewRoll(o.ID)
		}
		b.mu.Unlock()
		b.write(ctx, firmware.KindRollOpen, o.ID, attendance.Open{Title: o.Title, LateAfter: o.Start, SlotMS: o.Duration.Milliseconds()})
		b.looked = ""
	}
	b.look(ctx)
}

// write puts a record on the card and, when it is there, on the roll.
func (b *rollbook) write(ctx context.Context, kind, lesson string, data any) (attendance.Entry, attendance.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, pressBound)
	defer cancel()
	rec, err := b.journal.Append(ctx, kind, lesson, data)
	if err != nil {
		b.log.Error("journal", "kind", kind, "err", err)
		b.faults.Set(true, "fault.journal.write", "", "cause", err.Error())
		return attendance.Entry{}, 0, err
	}
	b.faults.Set(false, "fault.journal.write", "")
	b.prover.feed(rec)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.poll = quiz.Feed(b.poll, rec)
	e, res, _ := b.roll.Add(rec)
	return e, res, nil
}

func (b *rollbook) press(ctx context.Context, typed *attendance.Keys, k key) {
	if k.missed {
		b.answer(typed.Miss(k.at))
		b.voter = voter{} // the letter may be somebody else's
	}
	if b.letter(ctx, typed, k) {
		return
	}
	switch {
	case k.number > 0:
		b.confirm(ctx, firmware.Press{Number: k.number, Panel: "buttons"})
		return
	case k.card != "":
		b.card(ctx, k.card)
		return
	case k.here:
		b.head(ctx, k.at)
		return
	}
	stroke, number := typed.Press(k.r, k.at)
	if stroke == attendance.StrokeNumber && b.pad == "usb" && b.pick(ctx, number, k.at) {
		return
	}
	if stroke == attendance.StrokeNumber {
		b.confirm(ctx, firmware.Press{Number: number, Panel: "keypad"})
		return
	}
	b.answer(stroke)
}

// answer tells who types that it was for nothing.
func (b *rollbook) answer(s attendance.Stroke) {
	if s == attendance.StrokeReject {
		b.panel.Reject()
		b.voice.Beep(false)
	}
}

// card records who has a card; one that nobody has is on record too, and refused.
func (b *rollbook) card(ctx context.Context, card string) {
	member, known := b.members().FindCard(card)
	if known {
		b.confirm(ctx, firmware.Press{Number: member.Number, Panel: "card", Card: card})
		return
	}
	b.voter = voter{}
	if _, _, err := b.write(ctx, firmware.KindPress, b.lesson(), firmware.Press{Panel: "card", Card: card}); err != nil {
		b.panel.Fault()
		b.voice.Beep(false)
		return
	}
	b.greetWith(b.words.Say("screen.unknown_card"), false)
	b.answer(attendance.StrokeReject)
}

// headGap is how long after a press of the big button another one is that of the same
// hand.
const headGap = time.Second

// head records one person more.
func (b *rollbook) head(ctx context.Context, at time.Time) {
	if since := at.Sub(b.lastHead); since >= 0 && since < headGap {
		return
	}
	b.lastHead = at
	lesson := b.lesson()
	_, res, err := b.write(ctx, firmware.KindHead, lesson, firmware.Head{Panel: "one"})
	switch {
	case err != nil:
		b.lastHead = time.Time{} // it may be pressed again at once
		b.panel.Fault()
		b.voice.Beep(false)
	case lesson != "" && res.Counted():
		b.greetWith(b.words.Say("screen.heads", "count", b.present(lesson)), true)
		b.panel.Ack()
		b.voice.Beep(true)
	default:
		b.answer(attendance.StrokeReject)
	}
}

// lesson is that whose roll is open, "" for none.
func (b *rollbook) lesson() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.roll.Open() {
		return b.roll.Lesson
	}
	return ""
}

// greetWith shows a line for three seconds.
func (b *rollbook) greetWith(text string, known bool) {
	b.mu.Lock()
	b.greet, b.known, b.until = text, known, b.now().Add(3*time.Second)
	b.mu.Unlock()
}

// greetingFor is what the room reads of a press.
func (b *rollbook) greetingFor(p firmware.Press, res attendance.Result) string {
	switch {
	case res == attendance.ResultCorrected:
		return b.words.Say("screen.corrected", "number", p.Number)
	case !p.Known:
		return b.words.Say("screen.unknown", "number", p.Number)
	}
	return b.words.Say("screen.signed", "name", p.Name)
}

// confirm records a number and answers by lamp, beep and screen.
func (b *rollbook) confirm(ctx context.Context, p firmware.Press) {
	b.voter = voter{} // whoever was waited for has gone
	lesson := b.lesson()
	member, known := b.members().Find(p.Number)
	p.Name, p.Known = member.Name, known
	_, res, err := b.write(ctx, firmware.KindPress, lesson, p)
	if err != nil {
		b.panel.Fault()
		b.voice.Beep(false)
		return
	}
	asked := known && res != attendance.ResultCorrected && b.await(p)
	counted := asked || lesson != "" && (res.Counted() || res == attendance.ResultAgain)
	if lesson != "" && !asked {
		b.greetWith(b.greetingFor(p, res), known && counted)
	}
	if counted {
		b.panel.Ack()
		b.voice.Beep(true)
		return
	}
	b.panel.Reject()
	b.voice.Beep(false)
}
