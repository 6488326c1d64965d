// Package quiz is a question to the room, answered by buttons: who has answered, and
// what came of it. It is built of journal records only, so that a restart in the middle
// goes on; it never lights a lamp and never writes a record.
//
// A vote is secret in this way. That a number voted stands in the journal, since only so
// each has one vote. What it chose stands there too, because an answer is on the card
// before it is acknowledged and may be changed until the end; but sealed, with a key that
// is made for this vote and is kept in memory and in a file of the run folder, which on
// a station is memory as well. When the vote ends the sums are written and the key is
// thrown away: from then on nobody can open what the card, a backup or the hub has. Who
// takes the key out of the running machine while the vote lasts can. A power cut takes
// the key with it, and the vote is void: it is held again. The sums of few people, or of
// people of one mind, tell what each chose, here as with paper. Who can see the panel
// sees the finger.
package quiz

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"stationbox/firmware"
)

// Letters are those of the options.
const Letters = "ABCD"

// Patience is how long after a number its letter may be pressed. Whoever is slower says
// the number again.
const Patience = 10 * time.Second

// Key seals the answers of one vote.
type Key [32]byte

// NewKey makes a key of which nobody knows anything.
func NewKey() *Key {
	var k Key
	_, _ = rand.Read(k[:]) // never fails
	return &k
}

// errSealed means that an answer cannot be opened.
var errSealed = errors.New("a sealed answer cannot be opened")

func (k *Key) aead() cipher.AEAD {
	block, _ := aes.NewCipher(k[:]) // fails only for another length
	gcm, _ := cipher.NewGCM(block)
	return gcm
}

// bound is what a sealed answer belongs to, so that it is good for nobody else.
func bound(question string, number int) []byte { return fmt.Append(nil, question, "/", number) }

// Seal seals a letter. Sealed letters are all of the same length.
func (k *Key) Seal(question string, number int, letter byte) []byte {
	gcm := k.aead()
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return gcm.Seal(nonce, nonce, []byte{letter}, bound(question, number))
}

// Open opens what Seal has sealed for the same question and number.
func (k *Key) Open(question string, number int, sealed []byte) (byte, error) {
	gcm := k.aead()
	if len(sealed) < gcm.NonceSize() {
		return 0, errSealed
	}
	letter, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], bound(question, number))
	if err != nil || len(letter) != 1 {
		return 0, errSealed
	}
	return letter[0], nil
}

// Poll is one question with its answers. It is for one goroutine.
type Poll struct {
	firmware.Question
	answers map[int]firmware.Answer // the newest of each number
	outcome *firmware.Outcome
	ended   time.Time
}

// Feed takes in a record and returns the newest poll: that of p, nil for none yet, or
// one that the record has begun.
func Feed(p *Poll, rec firmware.Record) *Poll {
	switch rec.Kind {
	case firmware.KindQuestion:
		var q firmware.Question
		if json.Unmarshal(rec.Data, &q) == nil && q.ID != "" && len(q.Options) >= 2 && len(q.Options) <= len(Letters) {
			return &Poll{Question: q, answers: map[int]firmware.Answer{}}
		}
	case firmware.KindAnswer:
		var a firmware.Answer
		if p != nil && p.outcome == nil && json.Unmarshal(rec.Data, &a) == nil && a.Question == p.ID && a.Number > 0 {
			p.answers[a.Number] = a
		}
	case firmware.KindOutcome:
		var o firmware.Outcome
		if p != nil && json.Unmarshal(rec.Data, &o) == nil && o.ID == p.ID {
			p.outcome, p.ended, p.answers = &o, rec.Wall, nil
		}
	}
	return p
}

// Open reports whether answers are taken at now. A nil poll takes none.
func (p *Poll) Open(now time.Time) bool { return p.Waits() && now.Before(p.Until) }

// Waits reports whether there is no outcome yet.
func (p *Poll) Waits() bool { return p != nil && p.outcome == nil }

// Outcome is what came of it and when; nil while it lasts.
func (p *Poll) Outcome() (*firmware.Outcome, time.Time) { return p.outcome, p.ended }

// Answered counts the numbers that have answered.
func (p *Poll) Answered() int {
	if p.outcome != nil {
		return p.outcome.Answered
	}
	return len(p.answers)
}

// Has reports whether a number has answered, while the poll lasts.
func (p *Poll) Has(number int) bool {
	_, ok := p.answers[number]
	return ok
}

// Answer makes the answer of a number: option is from 0. key is required for a vote.
func (p *Poll) Answer(number int, name string, option int, key *Key) firmware.Answer {
	a := firmware.Answer{Question: p.ID, Number: number, Name: name}
	if p.Vote {
		a.Sealed = key.Seal(p.ID, number, Letters[option])
		return a
	}
	a.Choice = Letters[option : option+1]
	return a
}

// Count makes the outcome. A vote is void without its key, and when an answer cannot be
// opened: sums that may be wrong are none.
func (p *Poll) Count(key *Key) firmware.Outcome {
	o := firmware.Outcome{Question: p.Question, Counts: make([]int, len(p.Options)), Answered: len(p.answers)}
	for _, a := range p.answers {
		i, err := p.option(a, key)
		if err != nil {
			o.Counts, o.Void = make([]int, len(p.Options)), true
			return o
		}
		o.Counts[i]++
	}
	return o
}

// option is which option an answer is of.
func (p *Poll) option(a firmware.Answer, key *Key) (int, error) {
	letter := a.Choice
	if p.Vote {
		if key == nil {
			return 0, errSealed
		}
		b, err := key.Open(p.ID, a.Number, a.Sealed)
		if err != nil {
			return 0, err
		}
		letter = string(b)
	}
	i := strings.Index(Letters[:len(p.Options)], letter)
	if i < 0 || len(letter) != 1 {
		return 0, errSealed
	}
	return i, nil
}
