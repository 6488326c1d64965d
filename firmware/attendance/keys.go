// Package attendance turns presses of a panel into a roll: digits into numbers,
// numbers into a roll that is built of journal records only, so that a restart
// finds it as it was, and a CSV file into the list of members. It is pure but
// for reading that file; it never lights a lamp and never writes a record.
package attendance

import "time"

const (
	// MaxDigits is how many digits a number may have.
	MaxDigits = 4
	// Patience is how long a half-typed number is kept without a further key.
	Patience = 8 * time.Second
)

// Stroke is what a key did to the number being typed.
type Stroke uint8

// The outcomes of a key.
const (
	StrokeIgnored Stroke = iota // no key of ours
	StrokeDigit                 // a digit was added
	StrokeCleared               // '*': the number being typed was thrown away
	StrokeNumber                // '#': a number is complete
	StrokeReject                // '#' without a number, number 0, or too many digits
)

// Keys collects digits until '#'. The zero Keys is ready for use. It is for one
// panel and one goroutine.
type Keys struct {
	digits  string
	spoiled bool // what is typed is not the number: a key was missed, or there are too many
	last    time.Time
}

// Press takes the key r ('0'…'9', '#', '*', others are ignored) pressed at at.
// The number counts only with StrokeNumber and is 1…9999.
func (k *Keys) Press(r rune, at time.Time) (Stroke, int) {
	if k.Stale(at) {
		k.clear()
	}
	switch {
	case r >= '0' && r <= '9':
		return k.digit(r, at), 0
	case r == '*':
		k.clear()
		return StrokeCleared, 0
	case r == '#':
		return k.enter()
	}
	return StrokeIgnored, 0
}

// Typing reports whether a number is being typed that may still be one.
func (k *Keys) Typing() bool { return k.digits != "" }

// Miss says that keys may have been missed until at. Nobody is signed in by the rest
// of a number, or by one that runs on into the next: all is refused until '#', '*' or
// Patience. It returns StrokeReject when digits are thrown away, else StrokeIgnored.
func (k *Keys) Miss(at time.Time) Stroke {
	digits := k.digits != "" && !k.Stale(at)
	k.digits, k.spoiled, k.last = "", true, at
	if digits {
		return StrokeReject
	}
	return StrokeIgnored
}

// Expire throws away digits that are Stale and returns StrokeReject if there were any,
// so that who types slowly hears it before going on.
func (k *Keys) Expire(now time.Time) Stroke {
	if !k.Stale(now) {
		return StrokeIgnored
	}
	digits := k.digits != ""
	k.clear()
	if digits {
		return StrokeReject
	}
	return StrokeIgnored
}

func (k *Keys) clear() { k.digits, k.spoiled = "", false }

func (k *Keys) digit(r rune, at time.Time) Stroke {
	k.last = at
	switch {
	case k.spoiled:
		return StrokeDigit
	case len(k.digits) == MaxDigits:
		k.digits, k.spoiled = "", true
		return StrokeReject
	}
	k.digits += string(r)
	return StrokeDigit
}

func (k *Keys) enter() (Stroke, int) {
	n := 0
	for _, d := range k.digits {
		n = n*10 + int(d-'0')
	}
	k.clear()
	if n == 0 {
		return StrokeReject, 0
	}
	return StrokeNumber, n
}

// Stale reports whether digits, or what spoils them, have waited longer than Patience
// for their '#'.
func (k *Keys) Stale(now time.Time) bool {
	return (k.digits != "" || k.spoiled) && now.Sub(k.last) > Patience
}
