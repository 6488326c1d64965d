package pjlink

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"stationbox/hal"
)

// The bounds of what a projector may say. An answer is at most 136 bytes.
const (
	maxLine    = 256
	maxSession = 4096
)

// errClosed means that the projector hung up before it answered.
var errClosed = fmt.Errorf("connection closed before the answer: %w", hal.ErrGone)

// ask sends one command and returns the parameter of the answer.
func (p *Projector) ask(ctx context.Context, command, param string) (string, error) {
	v, err := p.once(ctx, command, param)
	if errors.Is(err, errClosed) && ctx.Err() == nil {
		v, err = p.once(ctx, command, param)
	}
	if err != nil {
		return "", fmt.Errorf("projector %s: %s %s: %w", p.addr, command, param, err)
	}
	return v, nil
}

// once is one connection with one command.
func (p *Projector) once(ctx context.Context, command, param string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	conn, err := p.opts.Dial(ctx, "tcp", p.addr)
	if err != nil {
		return "", dialError(err)
	}
	defer func() { _ = conn.Close() }()
	// A deadline alone would not see the end of ctx by cancel.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	s := session{conn: conn}
	prefix, err := s.greeting(p.opts.Password)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, prefix+"%1"+command+" "+param+"\r"); err != nil {
		return "", ioError(err)
	}
	return s.answer(command)
}

// session reads lines from one connection.
type session struct {
	conn  io.Reader
	buf   []byte
	total int
}

// greeting reads the first line and returns what goes before the command.
func (s *session) greeting(password string) (prefix string, err error) {
	line, err := s.line()
	for err == nil && isNotice(line) {
		line, err = s.line()
	}
	if err != nil {
		return "", err
	}
	words := strings.Fields(line)
	switch {
	case isERRA(line):
		return "", hal.ErrAuth
	case len(words) == 2 && strings.EqualFold(words[0], "PJLINK") && words[1] == "0":
		return "", nil
	case len(words) != 3 || !strings.EqualFold(words[0], "PJLINK") || words[1] != "1":
		return "", fmt.Errorf("greeting %.32q: %w", line, hal.ErrGarbled)
	case password == "":
		return "", fmt.Errorf("a password is needed: %w", hal.ErrAuth)
	}
	// The random number goes into the digest as it came, in its own case.
	sum := md5.Sum([]byte(words[2] + password))
	return hex.EncodeToString(sum[:]), nil
}

// answer reads lines until the answer to command, and returns its parameter.
func (s *session) answer(command string) (string, error) {
	for {
		line, err := s.line()
		if err != nil {
			return "", err
		}
		if isNotice(line) {
			continue
		}
		if isERRA(line) {
			return "", hal.ErrAuth
		}
		head, param, ok := strings.Cut(line, "=")
		if !ok || !strings.EqualFold(strings.TrimSpace(head), "%1"+command) {
			return "", fmt.Errorf("answer %.32q: %w", line, hal.ErrGarbled)
		}
		param = strings.TrimSpace(param)
		return param, refusal(param)
	}
}

// refusal returns the error that param stands for, or nil.
func refusal(param string) error {
	if len(param) != 4 || !strings.EqualFold(param[:3], "ERR") {
		return nil
	}
	switch c := param[3]; c {
	case '1', '2', '3', '4':
		return Refusal(c - '0')
	case 'A', 'a':
		return hal.ErrAuth
	}
	return nil // no known value either, so the caller finds it garbled
}

// isERRA recognises the answer to a wrong password.
func isERRA(line string) bool {
	words := strings.Fields(line)
	return len(words) == 2 && strings.EqualFold(words[0], "PJLINK") && strings.EqualFold(words[1], "ERRA")
}

// isNotice recognises lines nobody asked for: look-up notices of any class, and
// everything of class 2, because only class 1 is asked here.
func isNotice(line string) bool {
	head, _, ok := strings.Cut(line, "=")
	if !ok || len(head) < 6 || head[0] != '%' {
		return false
	}
	return head[1] == '2' || strings.EqualFold(strings.TrimSpace(head[2:]), "LKUP")
}

// line returns the next line that is not empty, without its end and without
// the NULs and line feeds some projectors put after it.
func (s *session) line() (string, error) {
	for {
		if i := bytes.IndexByte(s.buf, '\r'); i >= 0 {
			text := strings.Trim(string(s.buf[:i]), "\x00\n\t ")
			s.buf = s.buf[i+1:]
			if text != "" {
				return text, nil
			}
			continue
		}
		if len(s.buf) > maxLine || s.total > maxSession {
			return "", fmt.Errorf("no end of line in %d bytes: %w", s.total, hal.ErrGarbled)
		}
		if err := s.more(); err != nil {
			return "", err
		}
	}
}

// more reads what has arrived. The end of a connection in the middle of a line
// is garbled, before a line it is errClosed.
func (s *session) more() error {
	var b [maxLine]byte
	n, err := s.conn.Read(b[:])
	s.buf = append(s.buf, b[:n]...)
	s.total += n
	if n > 0 || err == nil {
		return nil
	}
	err = ioError(err)
	if rest := bytes.Trim(s.buf, "\x00\n\t "); len(rest) > 0 {
		return fmt.Errorf("cut off after %.32q: %w", rest, hal.ErrGarbled)
	}
	return err
}

// ioError sorts the error of a read or write on a connection.
func ioError(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, os.ErrDeadlineExceeded):
		return hal.ErrSilent
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errClosed
	}
	return fmt.Errorf("%w: %w", hal.ErrGone, err)
}

// dialError sorts the error of a dial: a host that says nothing at all is
// silent, a host that refuses or that cannot be reached is not connected.
func dialError(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return hal.ErrSilent
	}
	return fmt.Errorf("%w: %w", hal.ErrGone, err)
}
