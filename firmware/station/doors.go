package station

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"time"

	"periph.io/x/conn/v3/i2c"

	"stationbox/firmware/clock"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/hal/cec"
	"stationbox/hal/evdev"
	"stationbox/hal/line"
	"stationbox/hal/rtc"
	"stationbox/hal/tuner"
	"stationbox/media/player"
)

// Doors are the ways out of the station. One that is nil is the box's own: a
// device file, a socket, the player mpv. Whoever lets weeks pass in simulated time
// leads them elsewhere; everything behind them, drivers first, stays the same.
type Doors struct {
	// Guard connects to the guard.
	Guard func(ctx context.Context) (net.Conn, error)
	// Commands opens the socket at which the shell asks.
	Commands func() (net.Listener, error)
	// Dial connects to a display on the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Listen opens a socket at which other programs turn the dish.
	Listen func(address string) (net.Listener, error)
	// Notices opens the UDP port at which a projector says by itself what has changed.
	// Who leads Dial elsewhere and not this has a projector that says nothing so.
	Notices func(port string) (net.PacketConn, error)
	// Serial opens the serial line of a display or of the dish's inclinometer; what it returns has read and write
	// deadlines, as net.Conn has.
	Serial func(port string) (io.ReadWriteCloser, error)
	// CEC opens a CEC device file.
	CEC func(device string) (cec.Kernel, error)
	// Tuner opens a device file of a satellite receiver, I2C a bus for the dish's compass.
	Tuner func(name string) (tuner.Kernel, error)
	I2C   func(bus string) i2c.Bus
	// Input opens the device file of a keypad or a card reader.
	Input func(path string) (evdev.Handle, error)
	// System is the machine's clocks, RTC its hardware clock when the configuration
	// names one.
	System clock.System
	RTC    clock.HardwareClock
	// Player shows the films.
	Player Player
}

// Player is what shows the films; *player.Player is one.
type Player interface {
	theatre
	// Run keeps it going until ctx ends.
	Run(ctx context.Context) error
}

func (d *Doors) listen(path string) (net.Listener, error) {
	if d.Commands != nil {
		return d.Commands()
	}
	return command.Listen(path)
}

// tcp connects to a display that is spoken to as on a serial line.
func (d *Doors) tcp(address string) func() (io.ReadWriteCloser, error) {
	return func() (io.ReadWriteCloser, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if d.Dial != nil {
			return d.Dial(ctx, "tcp", address)
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
}

// deaf says that no notices reach the station.
func (d *Doors) deaf() bool { return d.Dial != nil && d.Notices == nil }

func (d *Doors) serial(port string, o line.Opts) *line.Port {
	if d.Serial != nil {
		return line.New(func() (io.ReadWriteCloser, error) { return d.Serial(port) }, o)
	}
	return line.Open(port, o)
}

func (d *Doors) cec(device string, o cec.Opts) *cec.Adapter {
	if d.CEC != nil {
		return cec.New(func() (cec.Kernel, error) { return d.CEC(device) }, o)
	}
	return cec.Open(device, o)
}

func (d *Doors) system() clock.System {
	if d.System != nil {
		return d.System
	}
	return clock.Linux{}
}

func (d *Doors) rtc(path string) clock.HardwareClock {
	switch {
	case path == "":
		return nil
	case d.RTC != nil:
		return d.RTC
	}
	return rtc.New(path)
}

func (d *Doors) player(cfg *config.Config, o player.Opts) Player {
	if d.Player != nil {
		return d.Player
	}
	c := cfg.Player
	o.Program, o.Video, o.Audio, o.Display = c.Program, c.Video, c.Audio, c.Display
	// A picture of the film is taken of what was decoded, not drawn again by the
	// output, which has the next one to show.
	o.Args = append([]string{"--screenshot-sw=yes"}, screenArgs(c.Device, c.Connector, c.Mode)...)
	o.Args = append(o.Args, c.Args...)
	o.RunDir = filepath.Clean(cfg.Station.RunDir)
	return player.New(o)
}

// side is the player of the second screen, which has no sound and no film; nil when
// there is none.
func (d *Doors) side(cfg *config.Config, o player.Opts) *player.Player {
	c := cfg.Side
	if d.Player != nil || c.Video == "" {
		return nil
	}
	o.Program, o.Video, o.Audio, o.Display = cfg.Player.Program, c.Video, "null", c.Display
	o.Args = screenArgs(c.Device, c.Connector, c.Mode)
	o.RunDir = filepath.Clean(cfg.Station.RunDir)
	o.Socket = filepath.Join(o.RunDir, "side.sock")
	return player.New(o)
}

// screenArgs are mpv's options for where and how it shows.
func screenArgs(device, connector, mode string) []string {
	var args []string
	for _, a := range []struct{ option, value string }{{"device", device}, {"connector", connector}, {"mode", mode}} {
		if a.value != "" {
			args = append(args, "--drm-"+a.option+"="+a.value)
		}
	}
	return args
}
