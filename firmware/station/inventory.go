package station

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"periph.io/x/conn/v3/i2c/i2creg"

	"stationbox/firmware/command"
)

// found is one kind of device that this machine has, by the names that
// station.toml takes.
type found struct {
	Kind  string   `json:"kind"` // serial, gpio, i2c, sound, cec, tuner
	Names []string `json:"names"`
}

// inventory is the command devices: what is plugged in and how it is called. It
// opens nothing, because opening a serial line already disturbs who is there.
func inventory(_ context.Context, env *command.Env, _ []string) (command.Result, error) {
	list := devicesOf(os.DirFS("/"))
	buses := []string{}
	for _, ref := range i2creg.All() {
		buses = append(buses, ref.Name)
	}
	list = append(list, found{"i2c", buses})
	var b strings.Builder
	for _, f := range list {
		names := strings.Join(f.Names, "\n          ")
		if names == "" {
			names = env.Text.Say("cmd.devices.none")
		}
		fmt.Fprintf(&b, "%-8s  %s\n", f.Kind, names)
	}
	return command.Result{Text: b.String(), Data: list}, nil
}

// devicesOf lists the device files and sound cards below root. Serial lines come
// by their place first: that name survives a change of the plugging order.
func devicesOf(root fs.FS) []found {
	glob := func(patterns ...string) []string {
		out := []string{}
		for _, p := range patterns {
			names, err := fs.Glob(root, p)
			if err != nil {
				continue // a pattern of ours, never malformed
			}
			for _, n := range names {
				out = append(out, "/"+n)
			}
		}
		return out
	}
	return []found{
		{"serial", glob("dev/serial/by-path/*", "dev/ttyAMA*", "dev/ttyUSB*", "dev/ttyACM*")},
		{"gpio", glob("dev/gpiochip*")},
		{"sound", soundCards(root)},
		{"cec", glob("dev/cec*")},
		{"tuner", glob("dev/dvb/adapter*/frontend*")},
	}
}

// soundCards reads the names that sound.device is matched with.
func soundCards(root fs.FS) []string {
	f, err := root.Open("proc/asound/cards")
	if err != nil {
		return []string{}
	}
	defer f.Close()
	out := []string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if _, name, ok := strings.Cut(lines.Text(), "]: "); ok {
			out = append(out, name)
		}
	}
	return out
}
