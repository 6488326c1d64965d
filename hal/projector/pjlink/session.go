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
	"strings"

	"stationbox/hal"
	"stationbox/hal/projector/internal/netcall"
)

// The bounds of what a projector may say. An answer is at most 136 bytes.
const (
	maxLine    = 256
	maxSession = 4096
)

// class is the digit of a command's class.
type class byte

const (
	class1 class = '1'
	class2 class = '2'
)

// ask sends one command and returns the parameter of the answer.
func (p *Projector) ask(ctx context.Context, c class, command, param string) (string, error) {
	v, err := p.once(ctx, c, command, param)
	if errors.Is(err, netcall.ErrClosed) && ctx.Err() == nil {
		v, err = p.once(ctx, c, command, param)
	}
	if err != nil {
		return "", fmt.Errorf("projector %s: %s %s: %w", p.addr, command, param, err)
	}
	return v, nil
}

// once is one connection with one command.
func (p *Projector) once(ctx context.Context, c class, command, param string) (v string, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Timeout)
	defer cancel()
	err = netcall.Do(ctx, p.opts.Dial, p.addr, func(conn net.Conn) error {
		s := session{conn: conn}
		prefix, err := s.greeting(p.opts.Password)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(conn, prefix+"%"+string(c)+command+" "+param+"\r"); err != nil {
			return netcall.Error(err)
		}
		v, err = s.answer(c, command)
		return err
	})
	return v, err
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
	for err == nil && isNotice(line, class1) {
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

// answer reads lines until the answer to command, and returns its parameter. A
// question of class 2 may be answered in class 1, as a projector does that knows
// no other; the other way round it would be a notice.
func (s *session) answer(c class, command string) (string, error) {
	for {
		line, err := s.line()
		if err != nil {
			return "", err
		}
		if isERRA(line) {
			return "", hal.ErrAuth
		}
		head, param, ok := strings.Cut(line, "=")
		head = strings.TrimSpace(head)
		if ok && (strings.EqualFold(head, "%"+string(c)+command) || c == class2 && strings.EqualFold(head, "%1"+command)) {
			param = strings.TrimSpace(param)
			return param, refusal(param)
		}
		if !isNotice(line, c) {
			return "", fmt.Errorf("answer %.32q: %w", line, hal.ErrGarbled)
		}
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

// isNotice recognises lines nobody asked for when class c was asked: look-up
// notices of any class, the other notices of class 2, and, when class 1 was
// asked, everything of class 2.
func isNotice(line string, c class) bool {
	head, _, ok := strings.Cut(line, "=")
	if !ok || len(head) < 6 || head[0] != '%' {
		return false
	}
	if c == class1 && head[1] == '2' {
		return true
	}
	switch strings.ToUpper(strings.TrimSpace(head[2:])) {
	case "LKUP":
		return true
	case "ERST", "POWR", "INPT":
		return head[1] == '2'
	}
	return false
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
	err = netcall.Error(err)
	if rest := bytes.Trim(s.buf, "\x00\n\t "); len(rest) > 0 {
		return fmt.Errorf("cut off after %.32q: %w", rest, hal.ErrGarbled)
	}
	return err
}
