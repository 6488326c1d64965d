package station

import (
	"encoding/json"
	"errors"
	"sort"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/proof"
)

// proofBook is command.LessonBook out of the journal and the state folder.
type proofBook struct {
	dir  string // of the keys
	scan func(func(firmware.Record) error) error
}

// signedNote is the signed record within the data of a KindLesson record: one
// record of the journal, so that neither is ever without the other.
type signedNote struct {
	Title     string          `json:"title"`
	Scheduled time.Time       `json:"scheduled"`
	Cause     string          `json:"cause"`
	PlayedMS  int64           `json:"played_ms"`
	Proof     json.RawMessage `json:"proof"`
}

// Lessons is command.LessonBook. What ended before the station signed at all is
// no lesson without a signature.
func (b proofBook) Lessons(last int) ([]command.LessonProof, error) {
	list := []command.LessonProof{}
	ring, seen, signs := proof.PublicKeys(b.dir), map[string]bool{}, false
	err := b.scan(func(r firmware.Record) error {
		var n signedNote
		if r.Kind != firmware.KindLesson || json.Unmarshal(r.Data, &n) != nil {
			return nil
		}
		if signs = signs || n.Proof != nil; !signs {
			return nil
		}
		p := inJournal(r, n, ring)
		if p.Problem == "" && seen[r.Lesson] {
			p.Problem = "lesson.proof.twice"
		}
		seen[r.Lesson] = true
		if p.Seen != nil {
			p.Pictures = picturesOf(b.dir, r.Lesson, p.Seen.Pics)
		}
		if list = append(list, p); len(list) >= 2*last { // only the newest are shown
			list = append(list[:0], list[len(list)-last:]...)
		}
		return nil
	})
	return list[max(0, len(list)-last):], err
}

// inJournal checks what the journal has of one lesson.
func inJournal(r firmware.Record, n signedNote, ring proof.Keyring) command.LessonProof {
	p := command.LessonProof{Lesson: r.Lesson, Title: n.Title, Scheduled: n.Scheduled, Cause: n.Cause, PlayedMS: n.PlayedMS, Problem: "lesson.proof.missing"}
	if n.Proof != nil {
		p = judged(n.Proof, ring)
		if p.Problem == "" && p.Lesson != r.Lesson {
			p.Problem = "lesson.proof.moved"
		}
		p.Lesson = r.Lesson
	}
	p.Seq = r.Seq
	return p
}

// Check is command.LessonBook.
func (b proofBook) Check(record []byte, keyFile string) (command.LessonProof, error) {
	if keyFile == "" {
		return judged(record, proof.PublicKeys(b.dir)), nil
	}
	pub, err := proof.ReadPublic(keyFile)
	if err != nil {
		return command.LessonProof{}, err
	}
	return judged(record, proof.Keyring{proof.KeyID(pub): pub}), nil
}

// judged reads a record and says whether it holds.
func judged(record []byte, ring proof.Keyring) command.LessonProof {
	r, err := proof.Verify(record, ring.Find)
	p := shown(r)
	p.Record = string(record)
	switch {
	case errors.Is(err, proof.ErrSignature):
		p.Problem = "lesson.proof.signature"
	case errors.Is(err, proof.ErrKey):
		p.Problem = "lesson.proof.key"
	case err != nil:
		p.Problem = "lesson.proof.form"
	}
	return p
}

// shown is a record as commands show it.
func shown(r proof.Record) command.LessonProof {
	at := func(t *time.Time) time.Time {
		if t == nil {
			return time.Time{}
		}
		return *t
	}
	return command.LessonProof{
		Lesson: r.Lesson, Title: r.Title, Scheduled: at(r.Scheduled), Started: at(r.Started), Ended: at(r.Ended), Source: r.Clock.Source, BoundMS: r.Clock.BoundMS,
		Relative: r.Relative, File: r.File, SHA256: r.SHA256, Changed: r.Changed, PlayedMS: r.PlayedMS, LengthMS: r.LengthMS, Shown: r.Shown, Dropped: r.Dropped,
		Seen: seenOf(r.Seen), Power: r.Power, TV: (*[3]int64)(r.TV), Projector: (*[3]int64)(r.Projector), Present: r.Present, Pauses: r.Pauses, PausedS: r.PausedS, Cause: r.Cause, Key: r.Key,
	}
}

func seenOf(s *proof.Seen) *command.Seen {
	if s == nil {
		return nil
	}
	return &command.Seen{BlackS: s.BlackS, FrozenS: s.FrozenS, SilentS: s.SilentS, Heard: s.Heard, LiveS: s.LiveS, SpareS: s.SpareS, Pics: s.Pics}
}

// Keys is command.LessonBook.
func (b proofBook) Keys() []command.StationKey {
	now := proof.Current(b.dir)
	list := []command.StationKey{}
	for id, pub := range proof.PublicKeys(b.dir) {
		list = append(list, command.StationKey{ID: id, PEM: string(proof.PublicPEM(pub)), Current: id == now})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ID < list[j].ID })
	return list
}
