package rotctl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"stationbox/hal"
)

// Mount is what stands behind the face of a rotctld. Errors become their RPRT: ErrLimit
// -21, hal.ErrSilent -5, hal.ErrGone -6, hal.ErrGarbled -8, hal.ErrRefused -9.
type Mount interface {
	Position(ctx context.Context) (hal.Reading[Position], error)
	Turn(ctx context.Context, p Position) error
	Stop(ctx context.Context) error
	Park(ctx context.Context) error
}

// mover is a Mount that moves without a goal.
type mover interface {
	Move(ctx context.Context, d Direction, speed int) error
}

// ServeOpts are the options of Serve.
type ServeOpts struct {
	Limits  Limits        // a goal beyond them is RPRT -21, and the mount does not hear of it
	Info    string        // the answer to get_info, one line
	Model   int           // Hamlib's number of the mount; 0 means 2, one behind a network
	Clients int           // at the same time, more are hung up on; 0 means 8
	Idle    time.Duration // after which a silent client is hung up on; 0 means 10 min
	Timeout time.Duration // of one call of the mount; 0 means 10 s
	Log     *slog.Logger  // nil means none
}

// Serve answers clients on l until ctx ends or l fails; then it closes l, hangs up and
// waits for what runs. It leaves a moving mount as it is when a client goes: programs
// that follow a satellite connect for each question.
func Serve(ctx context.Context, l net.Listener, m Mount, o ServeOpts) error {
	o = o.filled()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	defer func() { _ = l.Close() }()
	var clients sync.WaitGroup
	defer clients.Wait()
	defer cancel()
	seats := make(chan struct{}, o.Clients)
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("rotctl: %w", err)
		}
		select {
		case seats <- struct{}{}:
		default:
			o.Log.Warn("rotctl has too many clients", "most", o.Clients)
			_ = conn.Close()
			continue
		}
		clients.Go(func() {
			defer func() { <-seats }()
			defer func() { _ = conn.Close() }()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			s := &session{conn: conn, in: bufio.NewReader(conn), mount: m, opts: o}
			if err := s.run(ctx); err != nil && ctx.Err() == nil {
				o.Log.Info("rotctl client", "err", err)
			}
		})
	}
}

func (o ServeOpts) filled() ServeOpts {
	if o.Model <= 0 {
		o.Model = 2
	}
	if o.Clients <= 0 {
		o.Clients = 8
	}
	if o.Idle <= 0 {
		o.Idle = 10 * time.Minute
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// session is one client. What it sends is a stream: arguments may come on later lines,
// and several commands on one.
type session struct {
	conn  net.Conn
	in    *bufio.Reader
	mount Mount
	opts  ServeOpts
}

// longestWord bounds a name or an argument.
const longestWord = 64

// errWord means that a client sends what cannot be a command.
var errWord = errors.New("a word that does not end")

func (s *session) run(ctx context.Context) error {
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(s.opts.Idle)); err != nil {
			return err
		}
		c, err := s.command()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c.name == "q" {
			return nil
		}
		if err := s.conn.SetWriteDeadline(time.Now().Add(s.opts.Timeout)); err != nil {
			return err
		}
		if _, err := io.WriteString(s.conn, s.answer(ctx, c)); err != nil {
			return err
		}
	}
}

// order is one command as it came.
type order struct {
	name      string
	args      []string
	separator string // of the extended reply; "" for a short one
}

// spec is a command of rotctld: its name and how many arguments follow. Those of which
// we have none take theirs all the same, or the stream would be out of step.
type spec struct {
	letter byte
	name   string
	args   int
}

// specs is the table of rotctl(1).
var specs = []spec{
	{'p', "get_pos", 0}, {'P', "set_pos", 2}, {'K', "park", 0}, {'S', "stop", 0}, {'M', "move", 2},
	{'_', "get_info", 0}, {'1', "dump_caps", 0}, {0, "dump_state", 0}, {'q', "q", 0}, {'Q', "q", 0},
	{'R', "reset", 1}, {'C', "set_conf", 2}, {'w', "send_cmd", 1}, {'s', "get_status", 0},
	{'V', "set_level", 2}, {'v', "get_level", 1}, {'U', "set_func", 2}, {'u', "get_func", 1}, {'X', "set_parm", 2}, {'x', "get_parm", 1},
	{'L', "lonlat2loc", 3}, {'l', "loc2lonlat", 1}, {'D', "dms2dec", 4}, {'d', "dec2dms", 1}, {'E', "dmmm2dec", 3}, {'e', "dec2dmmm", 1},
	{'B', "qrb", 4}, {'A', "a_sp2a_lp", 1}, {'a', "d_sp2d_lp", 1},
}

// command reads the next command with its arguments.
func (s *session) command() (order, error) {
	letter, separator, err := s.letter()
	if err != nil {
		return order{}, err
	}
	name := ""
	if letter == '\\' {
		if name, err = s.word(); err != nil {
			return order{}, err
		}
	}
	for _, k := range specs {
		if name == k.name || letter != '\\' && letter == k.letter {
			o := order{name: k.name, separator: separator}
			for range k.args {
				arg, err := s.word()
				if err != nil {
					return order{}, err
				}
				o.args = append(o.args, arg)
			}
			return o, nil
		}
	}
	if name == "" {
		name = string(rune(letter))
	}
	return order{name: name, separator: separator}, nil
}

// letter reads what a command begins with, and the mark before it that asks for an
// extended reply: "+" for one value a line, other punctuation to stand between them.
func (s *session) letter() (letter byte, separator string, err error) {
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return 0, "", err
		}
		switch {
		case b == '#': // a remark
			if err := s.skipLine(); err != nil {
				return 0, "", err
			}
			separator = ""
		case space(b):
			separator = ""
		case alphanumeric(b) || strings.IndexByte(`\_?`, b) >= 0 || b < ' ' || b > '~':
			return b, separator, nil
		case b == '+':
			separator = "\n"
		default:
			separator = string(rune(b))
		}
	}
}

func (s *session) skipLine() error {
	for {
		b, err := s.in.ReadByte()
		if err != nil || b == '\n' {
			return err
		}
	}
}

// word reads up to white space, of which it skips what comes before.
func (s *session) word() (string, error) {
	var word []byte
	for {
		b, err := s.in.ReadByte()
		switch {
		case err != nil:
			return "", err
		case !space(b):
			if word = append(word, b); len(word) > longestWord {
				return "", errWord
			}
		case len(word) > 0:
			return string(word), nil
		}
	}
}

func space(b byte) bool { return b == ' ' || b == '\n' || b == '\r' || b == '\t' }

func alphanumeric(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}
