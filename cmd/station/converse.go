package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"stationbox/firmware/command"
	"stationbox/firmware/text"
)

// converse runs a command of the running station that talks with who is at the terminal.
// Ctrl-C, or the end of the session at the terminal, ends it.
func converse(socket, lang string, words *text.Catalogue, args []string, out io.Writer) (command.Reply, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	terminal, restore := stage(out)
	defer restore()
	r, err := command.Converse(ctx, socket, command.Request{Args: args, Lang: lang, By: "shell", Terminal: terminal}, os.Stdin, out)
	if err != nil && ctx.Err() != nil {
		return command.Reply{Code: command.CodeFailed, Text: "\n" + words.Say("console.stopped") + "\n"}, nil
	}
	if errors.Is(err, command.ErrNoStation) {
		return command.Reply{Code: command.CodeFailed, Text: words.Say("cmd.not_running") + "\n"}, nil
	}
	return r, err
}

// stage says whether out and the input are a terminal on which lines can be drawn in place.
// What is typed is not echoed on it until restore: it would move what is drawn. Where stty
// is missing nothing is drawn.
func stage(out io.Writer) (terminal bool, restore func()) {
	none := func() {}
	if f, ok := out.(*os.File); !ok || !isTerminal(f) || !isTerminal(os.Stdin) {
		return false, none
	}
	if err := stty("-echo"); err != nil {
		return false, none
	}
	return true, func() {
		if err := stty("echo"); err != nil {
			fmt.Fprintln(os.Stderr, "stty echo:", err)
		}
	}
}

func stty(setting string) error {
	c := exec.Command("stty", setting)
	c.Stdin = os.Stdin
	return c.Run()
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
