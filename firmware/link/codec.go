// Package link joins the power guard and the station by one Unix socket.
//
// A message is one JSON object on one line, at most 64 KiB with its newline:
//
//	{"v":1,"type":"hello","from":"station","have_boot":"…","have_seq":12}  station to guard, first line
//	{"v":1,"type":"want","want":{…}}       station to guard, at change and at least every 2.5 s (firmware.GuardWant)
//	{"v":1,"type":"status","status":{…}}   guard to station, at change and every 200 ms (firmware.GuardStatus)
//	{"v":1,"type":"event","event":{…}}     guard to station (firmware.GuardEvent)
//	{"v":1,"type":"error","error":"text"}  either way: the line before was not understood
//
// After the hello the guard replays the events it still has that came after
// have_seq of have_boot, or all of them when the guard has another boot.
// Unknown fields are ignored. An unknown type or a line that is no message is
// answered by an error and skipped; another version is answered by an error
// and ends the connection, and so does a line that is too long. Only one
// station counts: a new hello replaces the connection before it.
//
// The package promises that the guard's side never waits for the station: the
// newest status replaces an unsent one, and the newest 256 events are kept. It
// decides nothing and drives nothing.
package link

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"stationbox/firmware"
)

// Version is the version of the messages.
const Version = 1

// MaxLine is the longest line in bytes, with its newline.
const MaxLine = 64 << 10

// The types of message.
const (
	TypeHello  = "hello"
	TypeWant   = "want"
	TypeStatus = "status"
	TypeEvent  = "event"
	TypeError  = "error"
)

// The ways in which a line is no message.
var (
	// ErrVersion means that the other side speaks another version; the
	// connection cannot be used.
	ErrVersion = errors.New("other version")
	// ErrType means a type that this side does not know; the line is skipped.
	ErrType = errors.New("unknown type")
	// ErrTooLong means a line of more than MaxLine bytes; the connection
	// cannot be used.
	ErrTooLong = errors.New("line too long")
)

// Message is one line of the socket. Which fields are set depends on Type.
type Message struct {
	V        int                   `json:"v"`
	Type     string                `json:"type"`
	From     string                `json:"from,omitempty"`
	HaveBoot string                `json:"have_boot,omitempty"`
	HaveSeq  uint64                `json:"have_seq,omitempty"`
	Want     *firmware.GuardWant   `json:"want,omitempty"`
	Status   *firmware.GuardStatus `json:"status,omitempty"`
	Event    *firmware.GuardEvent  `json:"event,omitempty"`
	Error    string                `json:"error,omitempty"`
}

// Encode returns m as one line with its newline and with the version filled
// in. A message that Decode would refuse, or that is longer than MaxLine, is an
// error.
func Encode(m Message) ([]byte, error) {
	m.V = Version
	if err := m.check(); err != nil {
		return nil, err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%s message: %w", m.Type, err)
	}
	if len(b) >= MaxLine {
		return nil, fmt.Errorf("%s message of %d bytes: %w", m.Type, len(b), ErrTooLong)
	}
	return append(b, '\n'), nil
}

// Decode reads one line, with or without its newline. The error wraps
// ErrVersion, ErrType or ErrTooLong where those fit.
func Decode(line []byte) (Message, error) {
	if len(line) > MaxLine {
		return Message{}, ErrTooLong
	}
	var head struct {
		V    int    `json:"v"`
		Type string `json:"type"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return Message{}, fmt.Errorf("line: %w", err)
	}
	if head.V != Version {
		return Message{}, fmt.Errorf("version %d: %w, this side speaks %d", head.V, ErrVersion, Version)
	}
	m := Message{V: head.V, Type: head.Type}
	if err := m.check(); errors.Is(err, ErrType) {
		return Message{}, err
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return Message{}, fmt.Errorf("%s message: %w", head.Type, err)
	}
	if err := m.check(); err != nil {
		return Message{}, err
	}
	return m, nil
}

// check says whether the part that the type promises is there.
func (m Message) check() error {
	missing := false
	switch m.Type {
	case TypeHello, TypeError:
	case TypeWant:
		missing = m.Want == nil
	case TypeStatus:
		missing = m.Status == nil
	case TypeEvent:
		missing = m.Event == nil
	default:
		return fmt.Errorf("type %.40q: %w", m.Type, ErrType)
	}
	if missing {
		return fmt.Errorf("%s message: no %q in it", m.Type, m.Type)
	}
	return nil
}

// lines reads whole lines of at most MaxLine bytes.
type lines struct{ r *bufio.Reader }

func newLines(r io.Reader) lines { return lines{bufio.NewReaderSize(r, MaxLine)} }

// next returns the next line without copying it; it is good until the call
// after this one. A last line without its newline is cut off, not a line.
func (l lines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, ErrTooLong
	}
	if err != nil {
		return nil, err
	}
	return line, nil
}

// fatal says whether the connection cannot go on after a Decode error.
func fatal(err error) bool { return errors.Is(err, ErrVersion) || errors.Is(err, ErrTooLong) }
