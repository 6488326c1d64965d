package player

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

var (
	errNoReply = errors.New("no reply")
	errClosed  = errors.New("connection closed")
)

// replyError is mpv's own word for what it did not do.
type replyError string

func (e replyError) Error() string { return string(e) }

// message is any line mpv sends: an event, or the reply to a request.
type message struct {
	Event     string          `json:"event"`
	Name      string          `json:"name"`
	Data      json.RawMessage `json:"data"`
	RequestID int64           `json:"request_id"`
	Error     string          `json:"error"`
	Entry     int64           `json:"playlist_entry_id"`
	Reason    string          `json:"reason"`
	FileError string          `json:"file_error"`
	Prefix    string          `json:"prefix"`
	Level     string          `json:"level"`
	Text      string          `json:"text"`
}

type request struct {
	Command   any   `json:"command"`
	RequestID int64 `json:"request_id"`
}

// maxLine bounds one line of mpv; longer ones are skipped. The longest that is
// asked for here is some hundred bytes.
const maxLine = 256 << 10

// decode reads one line. mpv is known to send invalid JSON (screenshot-raw),
// so an error means: skip the line.
func decode(line []byte) (message, error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return message{}, fmt.Errorf("mpv ipc line of %d bytes: %w", len(line), err)
	}
	return m, nil
}

// conn is one connection to mpv's IPC socket. Its reader hands every event to
// handle, in order, before it reads on; handle must neither block nor call.
type conn struct {
	nc      net.Conn
	handle  func(message)
	garbled func(error)
	done    chan struct{} // closed when the reader has ended

	wmu sync.Mutex // one writer at a time

	mu      sync.Mutex
	next    int64
	waiting map[int64]func(message)
}

// dial connects to the socket at path. The caller closes the conn.
func dial(ctx context.Context, path string, handle func(message), garbled func(error)) (*conn, error) {
	nc, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	c := &conn{nc: nc, handle: handle, garbled: garbled, done: make(chan struct{}), waiting: map[int64]func(message){}}
	go c.read()
	return c, nil
}

// close ends the connection and waits for its reader.
func (c *conn) close() {
	_ = c.nc.Close()
	<-c.done
}

// peer is the process that listens on the other side, also when it is stopped.
func (c *conn) peer() (int, error) {
	raw, err := c.nc.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *syscall.Ucred
	var sockErr error
	err = raw.Control(func(fd uintptr) {
		cred, sockErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err := errors.Join(err, sockErr); err != nil {
		return 0, fmt.Errorf("peer of the ipc socket: %w", err)
	}
	return int(cred.Pid), nil
}

func (c *conn) read() {
	defer close(c.done)
	r := bufio.NewReaderSize(c.nc, maxLine)
	for {
		line, err := readLine(r)
		if err != nil {
			return
		}
		m, err := decode(line)
		if err != nil {
			c.garbled(err)
			continue
		}
		c.deliver(m)
	}
}

// readLine returns the next line that fits; longer ones come back as an empty
// line, which decode refuses.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	return nil, err
}

func (c *conn) deliver(m message) {
	if m.Event != "" {
		c.handle(m)
		return
	}
	c.mu.Lock()
	take := c.waiting[m.RequestID]
	delete(c.waiting, m.RequestID)
	c.mu.Unlock()
	if take != nil {
		take(m)
	}
}

// call sends a command (a list, or a map of named arguments) and waits for its
// reply, at most bound. mpv's own refusal is a replyError.
func (c *conn) call(ctx context.Context, bound time.Duration, command any) (json.RawMessage, error) {
	return c.callThen(ctx, bound, command, func(json.RawMessage) {})
}

// callThen is a call that hands a good reply to then before any later event is
// handled. Like handle, then must neither block nor call.
func (c *conn) callThen(ctx context.Context, bound time.Duration, command any, then func(json.RawMessage)) (json.RawMessage, error) {
	ch := make(chan message, 1) // has room for its one reply
	id := c.expect(func(m message) {
		if m.Error == "success" {
			then(m.Data)
		}
		ch <- m
	})
	defer c.forget(id)
	line, err := json.Marshal(request{Command: command, RequestID: id})
	if err != nil {
		return nil, fmt.Errorf("mpv %v: %w", command, err)
	}
	if err := c.write(append(line, '\n'), bound); err != nil {
		return nil, fmt.Errorf("mpv %v: %w", command, err)
	}
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case m := <-ch:
		if m.Error != "success" {
			return nil, fmt.Errorf("mpv %v: %w", command, replyError(m.Error))
		}
		return m.Data, nil
	case <-timer.C:
		return nil, fmt.Errorf("mpv %v: %w in %v", command, errNoReply, bound)
	case <-c.done:
		return nil, fmt.Errorf("mpv %v: %w", command, errClosed)
	case <-ctx.Done():
		return nil, fmt.Errorf("mpv %v: %w", command, ctx.Err())
	}
}

func (c *conn) expect(take func(message)) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	c.waiting[c.next] = take
	return c.next
}

func (c *conn) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

func (c *conn) write(line []byte, bound time.Duration) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	// A half-written line would spoil all that follow: such a connection is closed.
	if err := c.nc.SetWriteDeadline(time.Now().Add(bound)); err != nil {
		return errClosed
	}
	if _, err := c.nc.Write(line); err != nil {
		_ = c.nc.Close()
		return errClosed
	}
	return nil
}
