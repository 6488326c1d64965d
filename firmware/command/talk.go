package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Talk is a conversation with who runs a command: what they type comes line by line while
// it runs, and what it writes is seen at once.
type Talk struct {
	// Lines are what is typed, without ends of lines. It is closed when nobody types any
	// more; then the command's context ends too, unless it is the end of a file.
	Lines <-chan string
	// Write shows s, whose lines end with "\n". It takes some seconds at most; an error is
	// that nobody sees it.
	Write    func(s string) error
	Terminal bool // it understands the movements of a VT100's cursor
	Baud     int  // bits a second of the line; 0: fast
}

// linesAhead is how many lines may wait for a command; what is typed beyond is dropped.
const linesAhead = 16

// talkBound is how long one write of a conversation may take.
const talkBound = 5 * time.Second

// Typed is a line that a client of the command socket types in a conversation.
type Typed struct {
	Line string `json:"line"`
}

// converse answers a request that is a conversation: lines of Reply with More set, the
// last one without; what the client sends meanwhile are Typed. A client that has gone ends
// the command.
func converse(ctx context.Context, conn net.Conn, in *bufio.Scanner, t *Table, env *Env, req Request) Reply {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan string, linesAhead)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for in.Scan() {
			var typed Typed
			if json.Unmarshal(in.Bytes(), &typed) != nil {
				break
			}
			select {
			case lines <- typed.Line:
			default:
			}
		}
		cancel() // the client has gone
	}()
	env.Talk = &Talk{Lines: lines, Terminal: req.Terminal, Write: func(s string) error {
		out, err := json.Marshal(Reply{V: protocol, More: true, Text: s})
		if err == nil {
			err = send(conn, out)
		}
		if err != nil {
			cancel()
		}
		return err
	}}
	reply := Answer(ctx, t, env, req.Args)
	out, err := json.Marshal(reply)
	if err == nil {
		_ = send(conn, out) // who has gone misses nothing
	}
	_ = conn.Close() // ends the reading
	<-read
	return reply
}

func send(conn net.Conn, line []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(talkBound)); err != nil {
		return err
	}
	_, err := conn.Write(append(line, '\n'))
	return err
}

// Converse runs a command of the station on the socket at path as a conversation: lines of
// in are what is typed, out gets what the command writes. When in ends the command goes on
// without it. The Reply is the last word. Errors are those of Call.
func Converse(ctx context.Context, path string, req Request, in io.Reader, out io.Writer) (Reply, error) {
	req.Talk = true
	conn, leave, err := request(ctx, path, req)
	if err != nil {
		return Reply{}, err
	}
	defer leave()
	// Nobody waits for this one: it may hang in a read of the terminal, and ends with the
	// program.
	go func() {
		typed := bufio.NewScanner(in)
		for typed.Scan() {
			line, err := json.Marshal(Typed{typed.Text()})
			if err != nil || send(conn, line) != nil {
				return
			}
		}
	}()
	return hearOut(ctx, conn, out)
}

// hearOut copies what a command writes until its last word.
func hearOut(ctx context.Context, conn io.Reader, out io.Writer) (Reply, error) {
	lines := bufio.NewReader(io.LimitReader(conn, maxReply))
	for {
		line, err := lines.ReadBytes('\n')
		if ctx.Err() != nil {
			return Reply{}, fmt.Errorf("station: reply: %w", ctx.Err())
		}
		if err != nil {
			return Reply{}, fmt.Errorf("station: reply: %w", err)
		}
		var r Reply
		if err := json.Unmarshal(bytes.TrimSpace(line), &r); err != nil {
			return Reply{}, fmt.Errorf("station: reply: %w", err)
		}
		if !r.More {
			return r, nil
		}
		if _, err := io.WriteString(out, r.Text); err != nil {
			return Reply{}, errors.Join(errors.New("station: reply"), err)
		}
	}
}
