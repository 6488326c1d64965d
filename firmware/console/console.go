// Package console is the technician's line: a prompt on a serial port or pty
// that runs the commands of the table. It suits a plain 80×24 terminal at 9600
// baud: it echoes, corrects with backspace, Ctrl-U and Ctrl-W, stops a command
// with Ctrl-C, and writes nothing that need not be written. It lives through
// noise and a pulled plug, and never keeps more than one line.
package console

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"stationbox/firmware/command"
	"stationbox/hal"
)

const (
	prompt = "> "
	// bound is how long one call to the port may take.
	bound = 5 * time.Second
	// pause is how long the console waits before it looks again at a port that
	// is gone.
	pause = time.Second
)

// Opts are the settings of a console.
type Opts struct {
	Name string       // of the station, in the greeting
	Baud int          // bits a second of the line; 0: fast
	Log  *slog.Logger // nil discards
}

// Port is the line: Read returns at least one byte or an error, within ctx;
// hal.ErrSilent when there was none, hal.ErrGone when the port is not there
// now. Any other error ends the console.
type Port interface {
	Read(ctx context.Context, b []byte) (int, error)
	Write(ctx context.Context, b []byte) (int, error)
}

// Console serves one port.
type Console struct {
	port   Port
	table  *command.Table
	newEnv func() *command.Env
	opts   Opts
}

// New returns a console that reads and writes port and runs the commands of
// table, each in a new Env of newEnv, whose By should be "console".
func New(port Port, table *command.Table, newEnv func() *command.Env, opts Opts) *Console {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Console{port: port, table: table, newEnv: newEnv, opts: opts}
}

// input is what the reader hands over: a byte, or that the port is gone or back
// again, or the error that ended reading.
type input struct {
	b          byte
	gone, back bool
	err        error
}

// Run serves the port until ctx ends, then nil, or until the port ends for
// good, then its error (io.EOF for a far end that hung up). A port that is
// silent or unplugged is waited for. The port stays open.
func (c *Console) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	bytes := make(chan input, 64)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.read(ctx, bytes)
	}()
	err := c.serve(ctx, bytes)
	cancel()
	<-ended
	return err
}

// read hands bytes over until the port ends or ctx does.
func (c *Console) read(ctx context.Context, out chan<- input) {
	buf := make([]byte, 64)
	gone := false
	for ctx.Err() == nil {
		n, err := c.readSome(ctx, buf)
		if gone && n > 0 {
			gone = false
			if !send(ctx, out, input{back: true}) {
				return
			}
		}
		for _, b := range buf[:n] {
			if !send(ctx, out, input{b: b}) {
				return
			}
		}
		switch {
		case n > 0, errors.Is(err, hal.ErrSilent):
		case err == nil || errors.Is(err, hal.ErrGone):
			if err != nil && !gone {
				gone = true
				send(ctx, out, input{gone: true})
			}
			wait(ctx, pause)
		case ctx.Err() == nil:
			send(ctx, out, input{err: err})
			return
		}
	}
}

func (c *Console) readSome(ctx context.Context, buf []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	return c.port.Read(ctx, buf)
}

func send(ctx context.Context, out chan<- input, in input) bool {
	select {
	case out <- in:
		return true
	case <-ctx.Done():
		return false
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// serve is the loop of the line. One command runs at a time; what is typed
// meanwhile is dropped but for Ctrl-C, unless the command is a conversation.
func (c *Console) serve(ctx context.Context, in <-chan input) error {
	var l line
	var now running
	defer func() { now.end() }()
	c.greet(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-now.done:
			now.end()
			now = running{}
			c.write(ctx, prompt)
		case i := <-in:
			switch {
			case i.err != nil:
				return i.err
			case i.gone:
				now.hangUp()
			case i.back:
				l = line{}
				c.greet(ctx)
			case now.done != nil:
				now.key(i.b)
			default:
				now = c.key(ctx, &l, i.b)
			}
		}
	}
}

// key feeds one byte and starts the command when a line is complete.
func (c *Console) key(ctx context.Context, l *line, b byte) running {
	echo, what := l.feed(b)
	c.write(ctx, string(echo))
	switch what {
	case stopped:
		c.write(ctx, prompt)
	case entered:
		args := words(l.take())
		if len(args) == 0 {
			c.write(ctx, prompt)
			break
		}
		return c.start(ctx, args)
	}
	return running{}
}

// start runs a command. Its answer is written line by line, so that Ctrl-C
// also stops a long one on a slow line.
func (c *Console) start(ctx context.Context, args []string) running {
	run, cancel := context.WithCancel(ctx)
	now := running{done: make(chan struct{}), halt: cancel}
	env := c.newEnv()
	if found, _, ok := c.table.Find(args); ok && found.Talks {
		now.lines = make(chan string, linesAhead)
		env.Talk = &command.Talk{Lines: now.lines, Terminal: true, Baud: c.opts.Baud,
			Write: func(s string) error { return c.put(ctx, crlf(s)) }}
	}
	c.opts.Log.Info("command", "args", args, "by", env.By)
	go func() {
		defer close(now.done)
		reply := command.Answer(run, c.table, env, args)
		for text := range strings.Lines(reply.Text) {
			if run.Err() != nil {
				break
			}
			c.write(ctx, crlf(text))
		}
		if run.Err() != nil {
			c.write(ctx, crlf(env.Text.Say("console.stopped")+"\n"))
		}
	}()
	return now
}

func (c *Console) greet(ctx context.Context) {
	welcome := c.newEnv().Text.Say("console.welcome", "name", c.opts.Name)
	c.write(ctx, "\r\n"+crlf(welcome)+"\r\n"+prompt)
}

// write sends s; an error is left to the reader, which sees the same port.
func (c *Console) write(ctx context.Context, s string) {
	if s == "" {
		return
	}
	if err := c.put(ctx, s); err != nil {
		c.opts.Log.Debug("console", "err", err)
	}
}

func (c *Console) put(ctx context.Context, s string) error {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	_, err := c.port.Write(ctx, []byte(s))
	return err
}

func crlf(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n")
}
