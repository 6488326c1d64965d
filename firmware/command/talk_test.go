package command_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// parrot repeats lines until "end"; it says why it ended.
func parrot(ended chan<- error) command.Command {
	return command.Command{Name: "parrot", Help: "cmd.help.help", Talks: true, Run: func(ctx context.Context, env *command.Env, _ []string) (command.Result, error) {
		if env.Talk == nil {
			return command.Result{}, env.Failed("cmd.not_here")
		}
		_ = env.Talk.Write("ready\n")
		for {
			select {
			case <-ctx.Done():
				ended <- ctx.Err()
				return command.Result{}, ctx.Err()
			case line, ok := <-env.Talk.Lines:
				if !ok {
					<-ctx.Done()
					continue
				}
				if line == "end" {
					ended <- nil
					return command.Result{Told: true, Code: 3}, nil
				}
				_ = env.Talk.Write("<" + line + ">\n")
			}
		}
	}}
}

// serveParrot returns the socket of a station with a parrot.
func serveParrot(t *testing.T) (path string, ended chan error) {
	t.Helper()
	path, ended = filepath.Join(t.TempDir(), "s.sock"), make(chan error, 4)
	l, err := command.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- command.Serve(ctx, l, command.New(parrot(ended)), func(lang, by string) *command.Env {
			return &command.Env{Text: text.New(lang), By: by}
		}, nil)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return path, ended
}

func TestConverse(t *testing.T) {
	path, ended := serveParrot(t)
	for _, args := range [][]string{{"parrot"}, {"parrot", "-json"}} {
		var out strings.Builder
		r, err := command.Converse(t.Context(), path, command.Request{Args: args, Lang: "en", By: "shell"}, strings.NewReader("a\n\nb c\nend\nlater\n"), &out)
		if err != nil || r.Code != 3 || r.Text != "" || out.String() != "ready\n<a>\n<>\n<b c>\n" {
			t.Errorf("%v: %+v, %v, %q", args, r, err, out.String())
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	r, err := command.Converse(t.Context(), path, command.Request{Args: []string{"nothing"}, Lang: "en"}, strings.NewReader(""), io.Discard)
	if err != nil || r.Code != command.CodeUsage || !strings.Contains(r.Text, "nothing") {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := command.Call(t.Context(), path, command.Request{Args: []string{"parrot"}, Lang: "en"}); err != nil || r.Code != command.CodeFailed {
		t.Errorf("without a conversation: %+v, %v", r, err)
	}
}

// An input that ends leaves the command alone; a client that goes ends it.
func TestConverseHangUp(t *testing.T) {
	path, ended := serveParrot(t)
	ctx, cancel := context.WithCancel(t.Context())
	heard, tell := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := command.Converse(ctx, path, command.Request{Args: []string{"parrot"}, Lang: "en"}, strings.NewReader("x\n"), tell)
		done <- err
	}()
	buf := make([]byte, 64)
	for seen := ""; !strings.Contains(seen, "<x>"); {
		n, err := heard.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		seen += string(buf[:n])
	}
	select {
	case err := <-ended:
		t.Fatalf("the end of the input ends it: %v", err)
	default:
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("no error of a conversation that was broken off")
	}
	if err := <-ended; err == nil {
		t.Error("the command does not hear that nobody is there")
	}
}

// What is no line of a conversation ends it.
func TestConverseGarbled(t *testing.T) {
	path, ended := serveParrot(t)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	first, _ := json.Marshal(command.Request{V: 1, Args: []string{"parrot"}, Talk: true})
	if _, err := c.Write(append(first, "\nthis is not JSON\n"...)); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("garbage is taken for the end")
		}
	case <-time.After(10 * time.Second):
		t.Error("garbage does not end it")
	}
}
