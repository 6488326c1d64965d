package gpioline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"stationbox/hal"
)

const (
	// maxPosts is how many posted requests may wait for their replies: 80 ms of
	// pulses at 400 a second. It also keeps the socket from ever filling up.
	maxPosts = 32
	// maxPending bounds all requests without a reply.
	maxPending = 256
	// hangLimit is how long a server may owe a reply before it counts as dead.
	// Hanging up makes it drop our outputs, so a stall must not be enough.
	hangLimit = 3 * time.Second
)

// call is one request that waits for its reply.
type call struct {
	done  chan message // buffered, so that the reader never waits
	timer *time.Timer  // stopped unless somebody waits
	post  *remoteLine  // nobody waits: an error goes to this line
	since time.Duration
}

// session is one connection to a pin server. Replies come in the order of the
// requests, so the pending calls are a queue.
type session struct {
	conn    net.Conn
	timeout time.Duration
	onEdge  func(name []byte, e Edge)

	// mu keeps the order of pending the order of bytes on the wire. It is held
	// over writes, which do not block: pending bounds what can be under way.
	mu      sync.Mutex
	pending []*call
	head    int
	posts   int
	free    []*call
	err     error // why the session is over
}

func newSession(conn net.Conn, timeout time.Duration, onEdge func([]byte, Edge)) *session {
	return &session{conn: conn, timeout: timeout, onEdge: onEdge}
}

// do sends one request and waits for its reply, at most the session's timeout.
func (s *session) do(request []byte) (message, error) {
	c, err := s.send(request, nil)
	if err != nil {
		return message{}, err
	}
	c.timer.Reset(s.timeout)
	select {
	case m := <-c.done:
		c.timer.Stop()
		s.recycle(c)
		return m, m.err
	case <-c.timer.C:
	}
	select {
	case m := <-c.done: // just in time
		s.recycle(c)
		return m, m.err
	default:
	}
	s.checkHang()
	return message{}, fmt.Errorf("pin server: %w in %v", hal.ErrSilent, s.timeout)
}

// post sends one request for l and does not wait.
func (s *session) post(request []byte, l *remoteLine) error {
	_, err := s.send(request, l)
	if errors.Is(err, hal.ErrSilent) {
		s.checkHang()
	}
	return err
}

func (s *session) send(request []byte, post *remoteLine) (*call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	if len(s.pending)-s.head >= maxPending || (post != nil && s.posts >= maxPosts) {
		return nil, fmt.Errorf("pin server: %d replies missing: %w", len(s.pending)-s.head, hal.ErrSilent)
	}
	c := s.take()
	c.post, c.since = post, Monotonic()
	s.push(c)
	if post != nil {
		s.posts++
	}
	if err := s.write(request); err != nil {
		s.fail(fmt.Errorf("pin server: %w: %w", err, hal.ErrGone))
		return nil, s.err
	}
	return c, nil
}

func (s *session) write(request []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
		return err
	}
	_, err := s.conn.Write(request)
	return err
}

// take returns a call that nobody uses. Called with mu held.
func (s *session) take() *call {
	if n := len(s.free); n > 0 {
		c := s.free[n-1]
		s.free = s.free[:n-1]
		return c
	}
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &call{done: make(chan message, 1), timer: t}
}

// recycle keeps a finished call for the next one. A call whose waiter gave up is
// never recycled: its late reply must not reach another.
func (s *session) recycle(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, c)
}

// push and pop are the queue of pending calls. Called with mu held.
func (s *session) push(c *call) {
	if s.head > 0 && len(s.pending) == cap(s.pending) {
		n := copy(s.pending, s.pending[s.head:])
		s.pending, s.head = s.pending[:n], 0
	}
	s.pending = append(s.pending, c)
}

func (s *session) pop() *call {
	if s.head == len(s.pending) {
		return nil
	}
	c := s.pending[s.head]
	s.pending[s.head] = nil
	s.head++
	if s.head == len(s.pending) {
		s.pending, s.head = s.pending[:0], 0
	}
	return c
}

// checkHang hangs up on a server that has owed a reply for hangLimit.
func (s *session) checkHang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || s.head == len(s.pending) {
		return
	}
	if age := Monotonic() - s.pending[s.head].since; age > hangLimit {
		s.fail(fmt.Errorf("pin server: %w in %v", hal.ErrSilent, age.Round(time.Millisecond)))
	}
}

// owing is hal.ErrSilent while a reply is overdue.
func (s *session) owing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.head == len(s.pending) {
		return nil
	}
	if age := Monotonic() - s.pending[s.head].since; age > s.timeout {
		return fmt.Errorf("pin server: %w in %v", hal.ErrSilent, age.Round(time.Millisecond))
	}
	return nil
}

// fail ends the session: the reader wakes up and every waiter gets err. Called
// with mu held.
func (s *session) fail(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	_ = s.conn.Close() // the reason is err, closing adds nothing
	for c := s.pop(); c != nil; c = s.pop() {
		if c.post == nil {
			c.done <- message{kind: kindErr, err: err}
		}
	}
}

// close ends the session from our side.
func (s *session) close(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail(err)
}

// read takes the server's lines until the connection ends and returns why.
func (s *session) read() error {
	r := bufio.NewReaderSize(s.conn, maxLine)
	for {
		b, err := r.ReadSlice('\n')
		if err == nil {
			err = s.handle(b[:len(b)-1])
		} else if errors.Is(err, io.EOF) {
			err = fmt.Errorf("pin server hung up: %w", hal.ErrGone)
		} else if errors.Is(err, bufio.ErrBufferFull) {
			err = fmt.Errorf("pin server: line over %d bytes: %w", maxLine, hal.ErrGarbled)
		} else {
			err = fmt.Errorf("pin server: %w: %w", err, hal.ErrGone)
		}
		if err == nil {
			continue
		}
		s.close(err)
		return s.reason()
	}
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *session) handle(b []byte) error {
	m, name, err := parseMessage(b)
	if err != nil {
		return fmt.Errorf("pin server: %w", err)
	}
	if m.kind == kindEdge {
		s.onEdge(name, m.edge)
		return nil
	}
	return s.answer(m)
}

// answer gives a reply to the oldest pending call.
func (s *session) answer(m message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.pop()
	if c == nil {
		return fmt.Errorf("pin server: reply to nothing: %w", hal.ErrGarbled)
	}
	if c.post == nil {
		c.done <- m
		return nil
	}
	s.posts--
	c.post.posted(m.err)
	c.post = nil
	s.free = append(s.free, c)
	return nil
}
