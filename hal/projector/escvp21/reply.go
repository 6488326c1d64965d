package escvp21

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"stationbox/hal"
)

// ask sends key? and returns the value in the answer, in capitals.
func (p *Projector) ask(ctx context.Context, key string) (string, error) {
	return p.talk(ctx, key+"?", key)
}

// set sends a command and waits for its prompt.
func (p *Projector) set(ctx context.Context, command string) error {
	_, err := p.talk(ctx, command, "")
	return err
}

// talk sends a command. After rubbish it sends an empty one first, whose outcome
// does not matter: a projector in standby may leave it unanswered.
func (p *Projector) talk(ctx context.Context, command, key string) (v string, err error) {
	if p.dirty.Swap(false) {
		_, _ = p.send(ctx, "", "")
	}
	v, err = p.send(ctx, command, key)
	if err == nil {
		return v, nil
	}
	if errors.Is(err, hal.ErrGarbled) {
		p.dirty.Store(true)
	}
	return "", fmt.Errorf("epson: %s: %w", command, err)
}

func (p *Projector) send(ctx context.Context, command, key string) (v string, err error) {
	_, err = p.line.Exchange(ctx, []byte(command+"\r"), func(b []byte) (n int, err error) {
		v, n, err = scan(b, key)
		return n, err
	})
	return v, err
}

// scan looks for the end of the answer: the prompt after key=value, or after
// nothing when key is "". It returns how many bytes it took, 0 while the end is
// missing. A prompt that comes before the value is a late one, of an earlier
// command; values of other keys are events that nobody asked for. ERR is
// hal.ErrRefused.
func scan(b []byte, key string) (value string, n int, err error) {
	got, event := key == "", false
	for at := 0; ; {
		end := bytes.IndexAny(b[at:], "\r:")
		if end < 0 {
			return "", 0, nil
		}
		word := strings.ToUpper(strings.Trim(string(b[at:at+end]), "\x00\n\t "))
		prompt := b[at+end] == ':'
		at += end + 1
		name, v, valued := strings.Cut(word, "=")
		switch {
		case word == "":
		case word == "ERR":
			return "", 0, fmt.Errorf("ERR: %w", hal.ErrRefused)
		case !valued || !isName(name):
			return "", 0, fmt.Errorf("answer %.32q: %w", word, hal.ErrGarbled)
		case name == key:
			value, got = strings.TrimSpace(v), true
		default:
			event = true
		}
		if prompt && got && !event {
			return value, at, nil
		}
		event = event && !prompt
	}
}

// isName says whether s can be the name of a command.
func isName(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
