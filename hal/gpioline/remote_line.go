package gpioline

import (
	"errors"
	"fmt"
	"sync"

	"periph.io/x/conn/v3/gpio"

	"stationbox/hal"
)

// errLetGo says that an output lost its server and was not asked for since.
var errLetGo = fmt.Errorf("let go when the pin server went away, not set since: %w", hal.ErrGone)

// direction is what a remote line was last asked to be.
type direction uint8

const (
	none direction = iota
	input
	output
)

// remoteLine is one line of a pin server.
type remoteLine struct {
	remote *remote
	name   string
	queue  *queue
	outs   [2][]byte // the two out requests
	get    []byte

	mu      sync.Mutex // never held over a call
	closed  bool
	dir     direction
	held    *session // session in which the line is ours
	input   []byte   // the last in request
	last    gpio.Level
	restore bool
}

// begin returns the session and whether the line is held in it as dir.
func (l *remoteLine) begin(dir direction) (s *session, held bool, err error) {
	l.mu.Lock()
	closed, current, was := l.closed, l.held, l.dir
	l.mu.Unlock()
	if closed {
		return nil, false, fmt.Errorf("bank closed: %w", hal.ErrGone)
	}
	if s, err = l.remote.session(); err != nil {
		return nil, false, err
	}
	return s, current == s && was == dir, nil
}

func (l *remoteLine) in(c inConfig) error {
	s, _, err := l.begin(input)
	if err != nil {
		return err
	}
	l.queue.reset()
	request := inLine(l.name, c)
	if _, err := s.do(request); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dir, l.held, l.input = input, s, request
	return nil
}

func (l *remoteLine) out(level gpio.Level) error {
	s, _, err := l.begin(output)
	if err != nil {
		return err
	}
	if _, err := s.do(l.outs[bit(level)]); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dir, l.held, l.last = output, s, level
	return nil
}

func (l *remoteLine) post(level gpio.Level) error {
	s, held, err := l.begin(output)
	if err != nil {
		return err
	}
	if !held {
		return l.out(level)
	}
	if err := s.post(l.outs[bit(level)], l); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = level
	return nil
}

// posted takes the reply to a post. An output that was refused is not ours: the
// next call asks for it and says why not.
func (l *remoteLine) posted(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = nil
}

func (l *remoteLine) level() (gpio.Level, error) {
	l.mu.Lock()
	dir, request := l.dir, l.input
	l.mu.Unlock()
	s, held, err := l.begin(dir)
	switch {
	case err != nil:
		return gpio.Low, err
	case dir == none:
		return gpio.Low, errUnused
	case !held && dir == output:
		return gpio.Low, errLetGo
	case !held:
		if err := l.retake(s, request); err != nil {
			return gpio.Low, err
		}
	}
	m, err := s.do(l.get)
	if err != nil {
		return gpio.Low, err
	}
	if m.n != 1 {
		return gpio.Low, fmt.Errorf("pin server: %d levels for one line: %w", m.n, hal.ErrGarbled)
	}
	return m.levels&1 != 0, nil
}

// again asks for the line in a new session: inputs always, outputs only if they
// are to be restored. Errors show at the next use, which asks once more.
func (l *remoteLine) again(s *session) error {
	l.mu.Lock()
	dir, request := l.dir, l.input
	restore, last, closed := l.restore, l.last, l.closed
	l.mu.Unlock()
	switch {
	case closed || dir == none || (dir == output && !restore):
		return nil
	case dir == output:
		request = l.outs[bit(last)]
	}
	return l.retake(s, request)
}

// retake repeats a request in session s.
func (l *remoteLine) retake(s *session, request []byte) error {
	if _, err := s.do(request); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = s
	return nil
}

// setOpenDrain does nothing: a pin server has only levels.
func (l *remoteLine) setOpenDrain(bool) {}

func (l *remoteLine) setRestore(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.restore = on
}

func (l *remoteLine) free() error {
	l.mu.Lock()
	held := l.held
	l.dir, l.held = none, nil
	l.mu.Unlock()
	s, err := l.remote.session()
	if err != nil || held != s {
		return nil // a lost server has let the line go
	}
	_, err = s.do(freeLine(l.name))
	return err
}

// close frees the line so that it is free when close returns, unless the server
// is gone or hangs: then hanging up does it.
func (l *remoteLine) close() error {
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	l.mu.Unlock()
	if closed || l.remote.state() != nil {
		return nil
	}
	if err := l.free(); err != nil && !errors.Is(err, hal.ErrGone) && !errors.Is(err, hal.ErrSilent) {
		return err
	}
	return nil
}
