package optoma

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"stationbox/hal"
)

// info is what the projector says unasked; 0 is nothing, else the digit of INFO.
type info byte

const (
	infoWarming  info = '1'
	infoCooling  info = '2'
	infoLamp     info = '4'
	infoFan      info = '6'
	infoHot      info = '7'
	infoLampAged info = '8'
)

// into adds the part that i is about.
func (i info) into(d *hal.DisplayDetails) {
	add := func(list *[]string, part string) {
		if !slices.Contains(*list, part) {
			*list = append(*list, part)
		}
	}
	switch i {
	case infoLamp:
		add(&d.Errors, hal.PartLamp)
	case infoFan:
		add(&d.Errors, hal.PartFan)
	case infoHot:
		add(&d.Errors, hal.PartTemperature)
	case infoLampAged:
		add(&d.Warnings, hal.PartLamp)
	}
}

// answer is what came back to one request.
type answer struct {
	value string // after Ok
	info  info   // that came before it, the last one
}

// ask sends a question. The info of the answer is there even with an error.
func (p *Projector) ask(ctx context.Context, code string) (answer, error) {
	return p.talk(ctx, code, "1", true)
}

// set sends a command.
func (p *Projector) set(ctx context.Context, code, n string) error {
	_, err := p.talk(ctx, code, n, false)
	return err
}

func (p *Projector) talk(ctx context.Context, code, n string, question bool) (a answer, err error) {
	if p.id < 0 || p.id > 99 {
		return answer{}, fmt.Errorf("optoma: id %d: not 0 to 99", p.id)
	}
	req := fmt.Sprintf("~%02d%s %s\r", p.id, code, n)
	_, err = p.line.Exchange(ctx, []byte(req), func(b []byte) (n int, err error) {
		a, n, err = scan(b, question)
		return n, err
	})
	if err != nil {
		return a, fmt.Errorf("optoma: %s %s: %w", code, n, err)
	}
	return a, nil
}

// scan looks for the answer, P or F to a command, Ok… or F to a question. It
// returns how many bytes it took, 0 while the end is missing. P may come without
// a line end; before the answer to a question it is of an earlier command.
func scan(b []byte, question bool) (a answer, n int, err error) {
	for at := 0; ; {
		rest := bytes.TrimLeft(b[at:], "\x00\r\n\t ")
		at = len(b) - len(rest)
		if len(rest) == 0 {
			return a, 0, nil
		}
		switch rest[0] &^ 0x20 {
		case 'F':
			return a, 0, fmt.Errorf("answer F: %w", hal.ErrRefused)
		case 'P':
			at++
			if !question {
				return a, at, nil
			}
			continue
		}
		end, kind, value, err := line(rest)
		if err != nil || end == 0 {
			return a, 0, err
		}
		at += end
		if kind != 0 {
			a.info = kind
		} else if question {
			a.value = value
			return a, at, nil
		}
	}
}

// line takes the first line of b, INFOn or Ok…, and returns where it ends, 0
// while its end is missing. What cannot become such a line is garbled. An Ok
// that nobody asked for is of an earlier question.
func line(b []byte) (end int, kind info, value string, err error) {
	end = bytes.IndexAny(b, "\r\n")
	whole := end >= 0
	if !whole {
		end = len(b)
	}
	word := strings.ToUpper(strings.TrimRight(string(b[:end]), "\x00 \t"))
	kind, value, ok := parse(word)
	switch {
	case !begins(word, "INFO") && !begins(word, "OK"), whole && !ok:
		return 0, 0, "", fmt.Errorf("answer %.32q: %w", word, hal.ErrGarbled)
	case !whole:
		return 0, 0, "", nil
	}
	return end + 1, kind, value, nil
}

// begins says whether the shorter of the two begins the longer.
func begins(word, prefix string) bool {
	n := min(len(word), len(prefix))
	return word[:n] == prefix[:n]
}

// parse takes "INFO1" or "OK1234" apart.
func parse(word string) (kind info, value string, ok bool) {
	if digit, found := strings.CutPrefix(word, "INFO"); found {
		if len(digit) == 1 && digit[0] >= '0' && digit[0] <= '9' {
			return info(digit[0]), "", true
		}
		return 0, "", false
	}
	value, found := strings.CutPrefix(word, "OK")
	return 0, strings.TrimSpace(value), found
}
