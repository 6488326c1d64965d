package command

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	protocol   = 1
	maxRequest = 64 << 10
	maxReply   = 64 << 20
	maxClients = 16
	idle       = 5 * time.Minute // a silent client is let go
)

// ErrNoStation means that no station program answers on the socket.
var ErrNoStation = errors.New("the station program is not running")

// Request is one line to the station's command socket.
type Request struct {
	V    int      `json:"v"`    // protocol version, 1
	Args []string `json:"args"` // command and arguments
	Lang string   `json:"lang"` // "zh" or "en"; "" is the station's own
	By   string   `json:"by"`   // who asks: "shell", "page"

	Talk     bool `json:"talk,omitempty"`     // a conversation, see Converse
	Terminal bool `json:"terminal,omitempty"` // whose client understands the movements of a cursor
}

// Reply is the line that answers a Request.
type Reply struct {
	V    int             `json:"v"`
	Code int             `json:"code"` // exit code
	Text string          `json:"text"` // ready to print; with Code ≠ 0 it says what is wrong
	Data json.RawMessage `json:"data,omitempty"`
	More bool            `json:"more,omitempty"` // of a conversation: there comes more
}

// Listen opens the command socket at path, for the owner and the group. A
// socket file that nobody answers on is taken over; when somebody does, the
// error says so.
func Listen(path string) (net.Listener, error) {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("command socket %s: another station program answers there", path)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(path) // what a killed station left
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("command socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("command socket: %w", err)
	}
	return l, nil
}

// Serve answers requests on l with the commands of t until ctx ends or l
// fails; then it closes l, ends what runs and waits for it. newEnv makes the
// Env of one request. Clients beyond 16 at a time are turned away.
func Serve(ctx context.Context, l net.Listener, t *Table, newEnv func(lang, by string) *Env, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	defer func() { _ = l.Close() }()
	var clients sync.WaitGroup
	defer clients.Wait()
	defer cancel()
	seats := make(chan struct{}, maxClients)
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("command socket: %w", err)
		}
		select {
		case seats <- struct{}{}:
		default:
			log.Warn("command socket is full")
			_ = conn.Close()
			continue
		}
		clients.Go(func() {
			defer func() { <-seats }()
			serveClient(ctx, conn, t, newEnv, log)
		})
	}
}

func serveClient(ctx context.Context, conn net.Conn, t *Table, newEnv func(lang, by string) *Env, log *slog.Logger) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	patience := time.AfterFunc(idle, func() { _ = conn.Close() })
	defer patience.Stop()
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxRequest)
	for lines.Scan() {
		patience.Stop()
		if req, err := DecodeRequest(lines.Bytes()); err == nil && req.Talk {
			log.Debug("command", "args", req.Args, "by", req.By)
			converse(ctx, conn, lines, t, newEnv(req.Lang, req.By), req)
			return
		}
		reply := answer(ctx, lines.Bytes(), t, newEnv, log)
		out, err := json.Marshal(reply)
		if err != nil {
			out, _ = json.Marshal(Reply{V: protocol, Code: CodeFailed, Text: err.Error()})
		}
		patience.Reset(10 * time.Second)
		if _, err := conn.Write(append(out, '\n')); err != nil {
			return
		}
		patience.Reset(idle)
	}
}

// DecodeRequest reads one line of a client.
func DecodeRequest(line []byte) (Request, error) {
	var req Request
	if err := json.Unmarshal(line, &req); err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	if req.V != protocol {
		return Request{}, fmt.Errorf("request: version %d is not %d", req.V, protocol)
	}
	return req, nil
}

func answer(ctx context.Context, line []byte, t *Table, newEnv func(lang, by string) *Env, log *slog.Logger) Reply {
	req, err := DecodeRequest(line)
	if err != nil {
		return Reply{V: protocol, Code: CodeUsage, Text: err.Error() + "\n"}
	}
	log.Debug("command", "args", req.Args, "by", req.By)
	return Answer(ctx, t, newEnv(req.Lang, req.By), req.Args)
}

// Answer runs args and puts the outcome, good or bad, into a Reply.
func Answer(ctx context.Context, t *Table, env *Env, args []string) Reply {
	r, err := t.Run(ctx, env, args)
	reply := Reply{V: protocol, Code: Code(r, err), Text: r.Text}
	if err != nil {
		reply.Text = err.Error() + "\n"
		return reply
	}
	if r.Data == nil {
		return reply
	}
	data, err := json.Marshal(r.Data)
	if err != nil {
		return Reply{V: protocol, Code: CodeFailed, Text: err.Error() + "\n"}
	}
	reply.Data = data
	return reply
}

// Call asks the station on the socket at path and waits for its reply until
// ctx ends. The error is ErrNoStation when nobody answers there.
func Call(ctx context.Context, path string, req Request) (Reply, error) {
	conn, leave, err := request(ctx, path, req)
	if err != nil {
		return Reply{}, err
	}
	defer leave()
	return hearOut(ctx, conn, io.Discard)
}

// request sends a request to the socket at path; leave closes the connection, as the end
// of ctx does.
func request(ctx context.Context, path string, req Request) (conn net.Conn, leave func(), err error) {
	req.V = protocol
	line, err := json.Marshal(req)
	if err != nil {
		return nil, nil, fmt.Errorf("request: %w", err)
	}
	var d net.Dialer
	if conn, err = d.DialContext(ctx, "unix", path); err != nil {
		return nil, nil, fmt.Errorf("%w (%w)", ErrNoStation, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	leave = func() {
		stop()
		_ = conn.Close()
	}
	if err := send(conn, line); err != nil {
		leave()
		return nil, nil, fmt.Errorf("station: request: %w", err)
	}
	return conn, leave, nil
}
