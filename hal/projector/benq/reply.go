package benq

import (
	"context"
	"fmt"
	"strings"

	"stationbox/hal"
)

// set sends a command and wants to hear that it was accepted.
func (p *Projector) set(ctx context.Context, key, value string) error {
	_, err := p.ask(ctx, key, value)
	return err
}

// ask sends *key=value# and returns the value of the answer, in capitals.
func (p *Projector) ask(ctx context.Context, key, value string) (v string, err error) {
	_, err = p.line.Exchange(ctx, []byte("\r*"+key+"="+value+"#\r"), func(b []byte) (n int, err error) {
		v, n, err = scan(b, key, value)
		return n, err
	})
	if err != nil {
		return "", fmt.Errorf("benq: %s=%s: %w", key, value, err)
	}
	return v, nil
}

// scan looks for the answer to *key=value# in what has come so far. It returns
// how many bytes it took, 0 while the answer is missing. Answers to other
// questions, which come late, are passed over; what is no answer is garbled.
func scan(b []byte, key, value string) (answer string, n int, err error) {
	echoes, echoLine, line := 0, 0, 0
	for at := 0; ; {
		word, end, next := item(b[at:])
		if next == 0 {
			return "", 0, nil
		}
		at += next
		switch {
		case word == "":
		case isRefusal(word):
			return "", 0, fmt.Errorf("%s: %w", strings.ToLower(word), hal.ErrRefused)
		case word == key+"="+value:
			echoes++
			if value != "?" && echoes > 1 && line > echoLine {
				return strings.ToUpper(value), at, nil
			}
			echoLine = line
		default:
			v, mine, err := parse(word, key)
			if err != nil {
				return "", 0, err
			}
			if mine && (value == "?" || v == strings.ToUpper(value)) {
				return v, at, nil
			}
		}
		if end == '\r' || end == '\n' {
			line++
		}
		if end == '>' && value != "?" && echoes > 0 && line > echoLine {
			return strings.ToUpper(value), at, nil
		}
	}
}

// item returns the first word of b without its *, what ended it, and where the
// next begins; 0 while its end is missing.
func item(b []byte) (word string, end byte, next int) {
	for i, c := range b {
		switch c {
		case '#', '\r', '\n', '>':
			return strings.TrimSpace(strings.TrimLeft(strings.Trim(string(b[:i]), "\x00 \t"), "*")), c, i + 1
		}
	}
	return "", 0, 0
}

// isRefusal recognises the three refusals.
func isRefusal(word string) bool {
	switch strings.ToLower(word) {
	case "illegal format", "unsupported item", "block item":
		return true
	}
	return false
}

// parse takes "LTIM= 1383" apart and says whether it is about key. Some models
// say their name without "modelname=".
func parse(word, key string) (value string, mine bool, err error) {
	name, v, valued := strings.Cut(word, "=")
	switch {
	case !valued && key == "modelname" && len(word) <= 24 && strings.Trim(strings.ToUpper(word), printable) == "":
		return strings.ToUpper(word), true, nil
	case !valued || !isName(name):
		return "", false, fmt.Errorf("answer %.32q: %w", word, hal.ErrGarbled)
	}
	v = strings.ToUpper(strings.TrimSpace(v))
	if strings.Trim(v, printable) != "" {
		return "", false, fmt.Errorf("answer %.32q: %w", word, hal.ErrGarbled)
	}
	return v, strings.EqualFold(strings.TrimSpace(name), key) && v != "" && v != "?", nil
}

// printable is what values are made of.
const printable = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-./: ?"

// isName says whether s can be the name of a command.
func isName(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
