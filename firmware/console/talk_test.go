package console

import (
	"context"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// talking is a console with a command that repeats lines.
func talking(t *testing.T) (d *desk, ended chan error) {
	t.Helper()
	d, ended = &desk{t: t, near: &plug{}, done: make(chan error, 1)}, make(chan error, 4)
	d.connect()
	table := command.New(
		command.Command{Name: "repeat", Help: "cmd.help.help", Talks: true, Timeout: time.Hour, Run: func(ctx context.Context, env *command.Env, _ []string) (command.Result, error) {
			if !env.Talk.Terminal || env.Talk.Baud != 9600 {
				t.Errorf("%+v", env.Talk)
			}
			for {
				select {
				case <-ctx.Done():
					ended <- ctx.Err()
					return command.Result{}, ctx.Err()
				case line := <-env.Talk.Lines:
					if line == "end" {
						ended <- nil
						return command.Result{Told: true}, nil
					}
					if err := env.Talk.Write("<" + line + ">\n"); err != nil {
						t.Error(err)
					}
				}
			}
		}},
	)
	env := func() *command.Env { return &command.Env{Text: text.New("en"), By: "console", Now: time.Now} }
	ctx, cancel := context.WithCancel(context.Background())
	go func() { d.done <- New(d.near, table, env, Opts{Name: "Wangjia", Baud: 9600}).Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-d.done:
		case <-time.After(20 * time.Second):
			t.Error("the console does not end")
		}
	})
	d.expect("Station Wangjia.", "> ")
	return d, ended
}

// A command that talks gets whole lines, corrected and not echoed.
func TestConsoleTalks(t *testing.T) {
	d, ended := talking(t)
	d.types("repeat\r")
	d.expect("repeat\r\n")
	d.types("ab\x08c\r\n\r")
	d.expect("<ac>\r\n", "<>\r\n")
	d.types("end\r")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	d.expect("> ")
	d.types("repeat\r")
	d.expect("repeat\r\n")
	d.types("x\x03")
	if err := <-ended; err == nil {
		t.Error("Ctrl-C does not end it")
	}
	d.expect("stopped", "> ")
}

// A line that is gone ends a command that talks; who comes next is greeted.
func TestConsoleTalkHangsUp(t *testing.T) {
	d, ended := talking(t)
	d.types("repeat\r")
	d.expect("repeat\r\n")
	d.near.set(nil)
	if err := <-ended; err == nil {
		t.Error("a pulled plug does not end it")
	}
	d.connect()
	d.types("\r")
	d.expect("Station Wangjia.", "> ")
}
