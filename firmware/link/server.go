package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"stationbox/firmware"
)

// ring is how many events the guard keeps for the station.
const ring = 256

// Bounds of the server.
const (
	helloWithin = 2 * time.Second // accept to hello
	writeWithin = time.Second     // one line
)

// ServerOpts are the choices of a Server; the zero value is right.
type ServerOpts struct {
	Log *slog.Logger
	Now func() time.Time // default time.Now
}

// Server is the guard's end. Status and Event may be called at any time from
// any goroutine and never wait; without a station they only remember.
type Server struct {
	log  *slog.Logger
	now  func() time.Time
	want func(firmware.GuardWant)

	mu       sync.Mutex
	status   firmware.GuardStatus
	statusN  uint64 // counts statuses handed over
	events   [ring]kept
	eventN   uint64 // counts events handed over; the newest is at (eventN-1)%ring
	wake     chan struct{}
	replaced context.CancelFunc // ends the connection that counts now
}

// kept is an event together with the moment at which the server got it.
type kept struct {
	e  firmware.GuardEvent
	at time.Time
}

// NewServer returns a server that hands every want of the station to want,
// which must not wait.
func NewServer(want func(firmware.GuardWant), opts ServerOpts) *Server {
	s := &Server{log: opts.Log, now: opts.Now, want: want, wake: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Listen opens the Unix socket at path for Serve. A socket file that nobody
// answers is removed first; one that answers is an error.
func Listen(path string) (net.Listener, error) {
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return nil, fmt.Errorf("socket %s: another guard answers there", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("old socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, fmt.Errorf("socket: %w", err)
	}
	return l, nil
}

// Status makes st the newest status; the slices in it must not change after.
func (s *Server) Status(st firmware.GuardStatus) {
	s.mu.Lock()
	s.status, s.statusN = st, s.statusN+1
	s.wakeLocked()
	s.mu.Unlock()
}

// Event keeps e for the station. Events come in the order of their Seq.
func (s *Server) Event(e firmware.GuardEvent) {
	at := s.now()
	s.mu.Lock()
	s.events[s.eventN%ring] = kept{e, at}
	s.eventN++
	s.wakeLocked()
	s.mu.Unlock()
}

// wakeLocked lets every waiting writer look again.
func (s *Server) wakeLocked() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// Serve accepts stations until ctx ends or l fails, and closes l. It returns
// after every connection has ended.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("guard socket: accept: %w", err)
		}
		group.Go(func() { s.serve(ctx, conn) })
	}
}

// serve runs one connection from hello to end.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	closed := context.AfterFunc(ctx, func() { conn.Close() })
	defer closed()
	defer conn.Close()
	defer cancel()
	in := newLines(conn)
	conn.SetReadDeadline(time.Now().Add(helloWithin))
	hello, err := s.hello(conn, in)
	if err != nil {
		s.log.Warn("station refused", "err", err)
		return
	}
	conn.SetReadDeadline(time.Time{})
	s.replace(cancel)
	out := &outbox{conn: conn, errors: make(chan string, 4)}
	var writer sync.WaitGroup
	writer.Go(func() {
		defer cancel()
		s.write(ctx, out, hello)
	})
	err = s.read(in, out)
	if ctx.Err() == nil && !errors.Is(err, io.EOF) {
		s.log.Warn("station connection", "err", err)
	}
	close(out.errors)
	writer.Wait()
}

// replace ends the connection that counted before.
func (s *Server) replace(cancel context.CancelFunc) {
	s.mu.Lock()
	before := s.replaced
	s.replaced = cancel
	s.mu.Unlock()
	if before != nil {
		before()
	}
}

func (s *Server) hello(conn net.Conn, in lines) (Message, error) {
	line, err := in.next()
	if err != nil {
		return Message{}, fmt.Errorf("hello: %w", err)
	}
	m, err := Decode(line)
	if err == nil && m.Type != TypeHello {
		err = fmt.Errorf("first line is %s, not hello", m.Type)
	}
	if err != nil {
		(&outbox{conn: conn}).send(Message{Type: TypeError, Error: err.Error()})
		return Message{}, err
	}
	return m, nil
}

// read takes wants until the connection ends.
func (s *Server) read(in lines, out *outbox) error {
	for {
		line, err := in.next()
		if errors.Is(err, ErrTooLong) {
			out.complain(err)
		}
		if err != nil {
			return err
		}
		m, err := Decode(line)
		if m.Type == TypeStatus || m.Type == TypeEvent {
			err = fmt.Errorf("%s comes from the guard, not to it", m.Type)
		}
		if err != nil {
			out.complain(err)
			if fatal(err) {
				return err
			}
			continue
		}
		if m.Type == TypeWant {
			s.want(*m.Want)
		}
	}
}

// write sends what is new, events before status, until the connection ends.
func (s *Server) write(ctx context.Context, out *outbox, hello Message) {
	var statusN uint64
	nextEvent := s.firstAfter(hello.HaveBoot, hello.HaveSeq)
	for {
		e, st, wake := s.news(&nextEvent, &statusN)
		switch {
		case e != nil:
			if out.send(Message{Type: TypeEvent, Event: e}) != nil {
				return
			}
			continue
		case st != nil:
			if out.send(Message{Type: TypeStatus, Status: st}) != nil {
				return
			}
			continue
		}
		select {
		case <-wake:
		case text, ok := <-out.errors:
			if !ok || out.send(Message{Type: TypeError, Error: text}) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// firstAfter is the count of the first kept event that the station lacks.
func (s *Server) firstAfter(boot string, seq uint64) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.oldestLocked()
	for ; n < s.eventN; n++ {
		e := &s.events[n%ring].e
		if e.Boot != boot || e.Seq > seq {
			break
		}
	}
	return n
}

func (s *Server) oldestLocked() uint64 {
	if s.eventN > ring {
		return s.eventN - ring
	}
	return 0
}

// news returns the next unsent event, else the newest unsent status, else the
// channel to wait on.
func (s *Server) news(event, status *uint64) (*firmware.GuardEvent, *firmware.GuardStatus, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*event = max(*event, s.oldestLocked())
	if *event < s.eventN {
		k := s.events[*event%ring]
		*event++
		k.e.AgoMS += max(0, s.now().Sub(k.at).Milliseconds())
		return &k.e, nil, nil
	}
	if *status < s.statusN {
		*status = s.statusN
		st := s.status
		return nil, &st, nil
	}
	return nil, nil, s.wake
}

// outbox writes lines with a bound on each.
type outbox struct {
	conn   net.Conn
	errors chan string // complaints to send; closed when nothing more is read
}

func (o *outbox) send(m Message) error {
	line, err := Encode(m)
	if err != nil {
		return err
	}
	o.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	_, err = o.conn.Write(line)
	return err
}

// complain queues an answer; when nobody reads them, further ones are dropped.
func (o *outbox) complain(err error) {
	select {
	case o.errors <- err.Error():
	default:
	}
}
