// Package proof makes and reads the signed record with which every lesson ends:
// what was to be shown, what was shown, for how long, by how much power on the
// TV and on the projector, and before how many people. One record is at most
// 1 KiB, complete in itself, and can be checked by anybody who has the station's
// public key, with nothing of ours.
//
// # The bytes
//
// A signed record is one line of JSON without white space and without a line
// end. Its members are always all there, in this order; what is not known is
// null, never 0. Only the bytes that [Sign] makes are a record: the same content
// written another way is not.
//
//	v           2; 1 in records of before 2026-12, which have no seen
//	station     name of the station, at most 24 bytes
//	boot        start of the station program that signed, at most 16 bytes
//	seq         newest number of the journal that was known then, or null
//	lesson      the occasion, at most 64 bytes
//	title       as shown; cut with "…" when the record would be too long
//	scheduled   RFC 3339 to the second with the station's offset, or null
//	started     first picture, or null: never shown
//	ended       when it was signed
//	clock       {"source","bound_ms","era"}: who said what time it is, ± how much
//	            (null: nobody knows), and how often time was put back
//	relative    true: the start was counted from power-on, not read from a clock
//	file        base name of the film; cut like title
//	bytes       its length, or null
//	sha256      of its content as it was before the lesson, 64 hex digits, or ""
//	changed     true: the film on the card is not the one that was hashed
//	length_ms   of the film by its own word, or null
//	played_ms   to which place of it the lesson came
//	shown       pictures that passed on a screen, or null
//	dropped     pictures that did not, or null
//	power       "meter": watts by the energy meter's power factor; "va": volts
//	            times amperes, because no meter was heard; "": not measured
//	tv_w        [least, median, most] W during play, or null
//	projector_w the same
//	present     people who pressed in the roll calls at start, middle and end,
//	            each null when that roll call was not held
//	pauses      how often the film stood still after its first picture
//	paused_s    for how long altogether
//	cause       why it ended: a key of the text catalogue, at most 32 bytes
//	seen        what was seen and heard of it, see below
//	key         first 8 bytes of the SHA-256 of the 32 bytes of the public key, hex
//	sig         Ed25519 (RFC 8032), base64 of RFC 4648 §4 without padding
//
// The members of seen, by looks at the player's picture and sound and by a
// microphone in the room; seconds are those beyond a limit that the film itself
// does not have there:
//
//	black_s     of a picture in which nobody sees anything, or null: nobody looked
//	frozen_s    of a picture that stood still, or null
//	silent_s    of sound that was none, or null: nobody listened to the player
//	heard       "yes": the room heard the film; "no"; "": not known
//	live_s      of a live lesson: seconds for which the live picture moved on a
//	            screen, or null: it was a film
//	spare_s     for which another film was shown instead, or null
//	pics        first 8 bytes, in hex, of the SHA-256 of the three SHA-256 of the
//	            small pictures of start, middle and end one after the other (32
//	            zero bytes for one that is missing), or "": there is none
//
// Numbers are decimal integers. Strings are UTF-8; control characters do not
// occur; '"' and '\' are written \" and \\, and '<', '>', '&', U+2028, U+2029 as
// \u003c, \u003e, \u0026, \u2028, \u2029; everything else stands for itself.
//
// The signature is over the [Domain], then the record without its last member:
// the bytes from '{' up to and without ',"sig":', then '}'.
//
// The package never asks a device and never decides what counts as shown.
package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Domain stands before the signed bytes, so that no signature of this key for
// another purpose is ever one of these.
const Domain = "stationbox lesson proof 1\x00"

// Most is the length of a signed record in bytes, at most.
const Most = 1024

var (
	// ErrForm means that the bytes are not a record as Sign writes it: cut,
	// reformatted, or of a newer program.
	ErrForm = errors.New("not a signed lesson record")
	// ErrSignature means that the record is not what this key signed.
	ErrSignature = errors.New("the signature does not fit the record")
	// ErrKey means that the key that signed is not known here.
	ErrKey = errors.New("signed by an unknown key")
)

// Watts are the least, the median and the most.
type Watts [3]int64

// Clock is what was known of the time when the record was signed.
type Clock struct {
	Source  string `json:"source"`   // "ntp", "rtc" …; "none" and "floor" are no source
	BoundMS *int64 `json:"bound_ms"` // ± error; nil: nobody knows
	Era     int64  `json:"era"`
}

// Record is what is signed. The package comment says what each field means;
// nil and "" are "not known". Sign cuts what is too long and clamps numbers
// that are out of range, so that no record is ever lost for its form.
type Record struct {
	V         int        `json:"v"`
	Station   string     `json:"station"`
	Boot      string     `json:"boot"`
	Seq       *int64     `json:"seq"`
	Lesson    string     `json:"lesson"`
	Title     string     `json:"title"`
	Scheduled *time.Time `json:"scheduled"`
	Started   *time.Time `json:"started"`
	Ended     *time.Time `json:"ended"`
	Clock     Clock      `json:"clock"`
	Relative  bool       `json:"relative"`
	File      string     `json:"file"`
	Bytes     *int64     `json:"bytes"`
	SHA256    string     `json:"sha256"`
	Changed   bool       `json:"changed"`
	LengthMS  *int64     `json:"length_ms"`
	PlayedMS  int64      `json:"played_ms"`
	Shown     *int64     `json:"shown"`
	Dropped   *int64     `json:"dropped"`
	Power     string     `json:"power"`
	TV        *Watts     `json:"tv_w"`
	Projector *Watts     `json:"projector_w"`
	Present   [3]*int64  `json:"present"`
	Pauses    int64      `json:"pauses"`
	PausedS   int64      `json:"paused_s"`
	Cause     string     `json:"cause"`
	Seen      *Seen      `json:"seen,omitempty"` // of version 2
	Key       string     `json:"key"`
}

// Seen is what was seen and heard of a lesson. The package comment says what each
// field means; nil and "" are "not known".
type Seen struct {
	BlackS  *int64 `json:"black_s"`
	FrozenS *int64 `json:"frozen_s"`
	SilentS *int64 `json:"silent_s"`
	Heard   string `json:"heard"`
	LiveS   *int64 `json:"live_s"`
	SpareS  *int64 `json:"spare_s"`
	Pics    string `json:"pics"`
}

// tail is how the signature stands behind the signed members.
const (
	sigName = `,"sig":"`
	sigSize = len(sigName) + 86 + len(`"}`)
)

// Sign returns the signed record of r, at most Most bytes. V and Key of r are set
// by it, and Seen when it is nil.
func Sign(r Record, k *Key) []byte {
	r.V, r.Key = 2, k.ID
	if r.Seen == nil {
		r.Seen = &Seen{}
	}
	body := fit(r)
	sig := ed25519.Sign(k.private, message(body))
	out := append(body[:len(body)-1], sigName...)
	out = base64.RawStdEncoding.AppendEncode(out, sig)
	return append(out, `"}`...)
}

// message is what is signed.
func message(body []byte) []byte { return append([]byte(Domain), body...) }

// Parse reads a signed record without judging its signature. The error is
// ErrForm.
func Parse(b []byte) (Record, error) {
	r, _, err := open(b)
	return r, err
}

// Verify reads a signed record and says whether it is what the key with the
// id Record.Key signed: keys returns the public key of an id. Errors: ErrForm,
// ErrKey, ErrSignature; with the last two the record is what the bytes claim.
func Verify(b []byte, keys func(id string) (ed25519.PublicKey, bool)) (Record, error) {
	r, sig, err := open(b)
	if err != nil {
		return Record{}, err
	}
	pub, ok := keys(r.Key)
	if !ok || KeyID(pub) != r.Key {
		return r, fmt.Errorf("%w %s", ErrKey, r.Key)
	}
	if !ed25519.Verify(pub, message(signed(b)), sig) {
		return r, ErrSignature
	}
	return r, nil
}

// signed is b without its last member.
func signed(b []byte) []byte {
	return append(bytes.Clone(b[:len(b)-sigSize]), '}')
}

// open takes a record apart. Reading it and writing it again must give the same
// bytes, so that each byte counts.
func open(b []byte) (Record, []byte, error) {
	if len(b) > Most || len(b) <= sigSize || !bytes.HasPrefix(b[len(b)-sigSize:], []byte(sigName)) || !bytes.HasSuffix(b, []byte(`"}`)) {
		return Record{}, nil, ErrForm
	}
	text := b[len(b)-sigSize+len(sigName) : len(b)-2]
	sig, err := base64.RawStdEncoding.Strict().DecodeString(string(text))
	if err != nil || len(sig) != ed25519.SignatureSize {
		return Record{}, nil, ErrForm
	}
	body := signed(b)
	var r Record
	if json.Unmarshal(body, &r) != nil || r.V < 1 || r.V > 2 || (r.V == 2) != (r.Seen != nil) {
		return Record{}, nil, ErrForm
	}
	again, err := json.Marshal(r)
	if err != nil || !bytes.Equal(again, body) {
		return Record{}, nil, ErrForm
	}
	return r, sig, nil
}
