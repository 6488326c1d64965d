package gpioline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// Pauses between attempts to reach a lost pin server.
const (
	redialFirst = 50 * time.Millisecond
	redialMost  = 2 * time.Second
)

// remote is a pin server. One goroutine owns the connection: it reads it, dials
// again when it is lost and asks for the lines again.
type remote struct {
	path     string
	consumer string
	cancel   context.CancelFunc
	done     chan struct{}

	mu    sync.Mutex
	sess  *session // nil while there is none
	why   error    // why there is none
	lines map[string]*remoteLine
}

func openRemote(ctx context.Context, path, consumer string) (*remote, error) {
	r := &remote{path: path, consumer: consumer, done: make(chan struct{}), lines: make(map[string]*remoteLine)}
	s, ended, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	r.sess = s
	run, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go r.run(run, s, ended)
	return r, nil
}

// connect dials and says hello, all within CallTimeout twice. The channel
// returned closes when the session is over and its reader has ended.
func (r *remote) connect(ctx context.Context) (*session, <-chan struct{}, error) {
	dialCtx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(dialCtx, "unix", r.path)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", err, hal.ErrGone)
	}
	s := newSession(conn, CallTimeout, r.edge)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.read() // kept in the session, see reason
	}()
	if _, err := s.do(helloLine(r.consumer)); err != nil {
		s.close(err)
		<-ended
		return nil, nil, fmt.Errorf("hello: %w", err)
	}
	return s, ended, nil
}

// run keeps a session until ctx ends.
func (r *remote) run(ctx context.Context, s *session, ended <-chan struct{}) {
	defer close(r.done)
	for {
		select {
		case <-ctx.Done():
			s.close(fmt.Errorf("bank closed: %w", hal.ErrGone))
			<-ended
			r.lost(s.reason())
			return
		case <-ended:
			r.lost(s.reason())
		}
		if s, ended = r.redial(ctx); s == nil {
			return
		}
		r.again(s)
	}
}

// redial tries until there is a session, or returns nil when ctx ends.
func (r *remote) redial(ctx context.Context) (*session, <-chan struct{}) {
	for pause := redialFirst; ; pause = min(2*pause, redialMost) {
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			r.lost(fmt.Errorf("bank closed: %w", hal.ErrGone))
			return nil, nil
		case <-t.C:
		}
		s, ended, err := r.connect(ctx)
		if err == nil {
			return s, ended
		}
		r.lost(err)
	}
}

// lost notes why there is no session. Callers always see hal.ErrGone, whatever
// ended it.
func (r *remote) lost(err error) {
	if !errors.Is(err, hal.ErrGone) {
		err = fmt.Errorf("%w: %w", hal.ErrGone, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sess, r.why = nil, err
}

// again asks for the lines that are to be ours without being called, then lets
// others use the session. A line that is refused is asked for at its next use.
func (r *remote) again(s *session) {
	r.mu.Lock()
	lines := make([]*remoteLine, 0, len(r.lines))
	for _, l := range r.lines {
		lines = append(lines, l)
	}
	r.mu.Unlock()
	for _, l := range lines {
		if err := l.again(s); errors.Is(err, hal.ErrSilent) {
			break // hangs: the others would only wait as long
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sess, r.why = s, nil
}

// session returns the connection, or why there is none.
func (r *remote) session() (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sess == nil {
		return nil, r.why
	}
	return r.sess, nil
}

func (r *remote) state() error {
	s, err := r.session()
	if err != nil {
		return err
	}
	return s.owing()
}

func (r *remote) close() error {
	r.cancel()
	<-r.done
	return nil
}

func (r *remote) edge(name []byte, e Edge) {
	r.mu.Lock()
	l := r.lines[string(name)]
	r.mu.Unlock()
	if l != nil {
		l.queue.push(e)
	}
}

func (r *remote) line(name string, q *queue) (line, int, error) {
	l := &remoteLine{
		remote: r, name: name, queue: q,
		outs: [2][]byte{outLine(name, gpio.Low), outLine(name, gpio.High)},
		get:  getLine(name),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines[name] = l
	return l, trailingNumber(name), nil
}

// trailingNumber returns 17 for "GPIO17" and -1 for a name without a number.
func trailingNumber(name string) int {
	n, err := strconv.Atoi(name[len(strings.TrimRight(name, "0123456789")):])
	if err != nil {
		return -1
	}
	return n
}
