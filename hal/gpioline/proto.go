package gpioline

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// maxLine bounds one line of the pin server.
const maxLine = 4096

// maxLevels is how many levels one reply can carry.
const maxLevels = 64

// kind tells the lines of a pin server apart.
type kind uint8

const (
	kindOK kind = iota + 1
	kindErr
	kindEdge
)

// message is one line of a pin server. It holds no reference to the line, and
// an ok or an edge is parsed without allocation.
type message struct {
	kind   kind
	n      int    // ok: how many levels
	levels uint64 // ok: bit i is level i
	err    error  // err: what it means, wrapping a word of hal
	edge   Edge   // edge; its pin is in the name returned beside
}

// parseMessage reads one line, without its newline. For an edge it also returns
// the name of the pin, a part of b. Anything else than W2's lines is
// hal.ErrGarbled.
func parseMessage(b []byte) (message, []byte, error) {
	word, rest := cutWord(b)
	switch string(word) {
	case "ok":
		m, err := parseLevels(rest)
		return m, nil, err
	case "err":
		return message{kind: kindErr, err: parseError(rest)}, nil, nil
	case "edge":
		return parseEdge(rest)
	}
	return message{}, nil, fmt.Errorf("line %q: %w", clip(b), hal.ErrGarbled)
}

func parseLevels(rest []byte) (message, error) {
	m := message{kind: kindOK}
	for len(rest) > 0 {
		var word []byte
		word, rest = cutWord(rest)
		l, ok := parseLevel(word)
		if !ok || m.n == maxLevels {
			return message{}, fmt.Errorf("levels %q: %w", clip(word), hal.ErrGarbled)
		}
		m.levels |= bit(l) << m.n
		m.n++
	}
	return m, nil
}

// parseError maps the server's words: busy is refused, unknown is gone.
func parseError(rest []byte) error {
	word, tail := cutWord(rest)
	said := clip(tail)
	switch string(word) {
	case "busy":
		return fmt.Errorf("held by another: %q: %w", said, hal.ErrRefused)
	case "unknown":
		return fmt.Errorf("no such line: %q: %w", said, hal.ErrGone)
	}
	return fmt.Errorf("pin server: %q: %w", clip(rest), hal.ErrRefused)
}

func parseEdge(rest []byte) (message, []byte, error) {
	name, tail := cutWord(rest)
	levelWord, tail := cutWord(tail)
	atWord, seqWord := cutWord(tail)
	level, ok := parseLevel(levelWord)
	at, okAt := parseUint(atWord)
	seq, okSeq := parseUint(seqWord)
	if !ok || !okAt || !okSeq || len(name) == 0 || at > 1<<63-1 {
		return message{}, nil, fmt.Errorf("edge %q: %w", clip(rest), hal.ErrGarbled)
	}
	return message{kind: kindEdge, edge: Edge{Level: level, At: time.Duration(at), Seq: seq}}, name, nil
}

func parseLevel(b []byte) (l gpio.Level, ok bool) {
	if len(b) != 1 || (b[0] != '0' && b[0] != '1') {
		return gpio.Low, false
	}
	return b[0] == '1', true
}

// parseUint is strconv.ParseUint without the string.
func parseUint(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var v uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, true
}

// cutWord splits b at its first space.
func cutWord(b []byte) (word, rest []byte) {
	word, rest, _ = bytes.Cut(b, []byte{' '})
	return word, rest
}

// clip keeps foreign text short in errors.
func clip(b []byte) string {
	const most = 80
	if len(b) > most {
		b = b[:most]
	}
	return string(b)
}

// Requests, each one line.

func helloLine(consumer string) []byte { return []byte("hello 1 " + consumer + "\n") }

func outLine(name string, l gpio.Level) []byte {
	return []byte("out " + name + " " + strconv.Itoa(int(bit(l))) + "\n")
}

func getLine(name string) []byte { return []byte("get " + name + "\n") }

func freeLine(name string) []byte { return []byte("free " + name + "\n") }

func inLine(name string, c inConfig) []byte {
	return fmt.Appendf(nil, "in %s %s %s %d\n", name, pullWord(c.pull), edgeWord(c.edge), c.debounce.Microseconds())
}

func pullWord(p gpio.Pull) string {
	switch p {
	case gpio.PullUp:
		return "up"
	case gpio.PullDown:
		return "down"
	}
	return "off"
}

func edgeWord(e gpio.Edge) string {
	switch e {
	case gpio.RisingEdge:
		return "rise"
	case gpio.FallingEdge:
		return "fall"
	case gpio.BothEdges:
		return "both"
	}
	return "none"
}
