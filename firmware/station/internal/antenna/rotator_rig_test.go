package antenna

import (
	"context"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/dish"
	"stationbox/firmware/station/internal/work"
	"stationbox/firmware/text"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
)

// motorRig is a dish of the simulation that a mount turns.
type motorRig struct {
	*dishRig
	local   *wire.Local
	mount   *device.Rotator    // behind a rotctld
	polar   *device.PolarMotor // or on the cable
	rotator *Rotator
	table   *command.Table
	env     *command.Env
	writing sync.Mutex
	notes   []string // kinds of what was written into the journal
	told    []string
}

const rotctldRows = `[dish.rotator]
driver = "rotctld"
address = "127.0.0.1:4533"
listen = "127.0.0.1:4600"
max_azimuth = 300
min_elevation = 10
`

const diseqcRows = "[dish.rotator]\ndriver = \"diseqc\"\nbacklash = 0\nreach = 45\n"

// onMotors runs f in a bubble with a mount, a receiver and the commands of a station.
func onMotors(t *testing.T, rows string, o device.RotatorOpts, f func(t *testing.T, r *motorRig)) {
	t.Helper()
	cfg := dishConfig(t, villageDish+rows)
	synctest.Test(t, func(t *testing.T) {
		r := &motorRig{dishRig: newDishRig(t, cfg), local: wire.NewLocal()}
		r.needs.Doors.Connect = func(ctx context.Context, address string) (net.Conn, error) { return r.local.Dial(ctx, "tcp", address) }
		r.needs.Put = func(kind, _ string, _ any) {
			r.writing.Lock()
			defer r.writing.Unlock()
			r.notes = append(r.notes, kind)
		}
		r.needs.Doors.Listen = func(address string) (net.Listener, error) { return r.local.Open(netip.MustParseAddrPort(address)) }
		tcp, err := r.local.Listen(netip.MustParseAddrPort("127.0.0.1:4533"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var world, station sync.WaitGroup
		if strings.Contains(rows, "diseqc") {
			r.polar = device.NewPolarMotor(r.dishRig.dish, r.card, device.PolarMotorOpts{Latitude: 39.9, Off: o.OffAz})
			world.Go(func() { _ = r.polar.Run(t.Context()) })
		} else {
			r.mount = device.NewRotator(r.dishRig.dish, tcp, o)
			world.Go(func() { _ = r.mount.Run(t.Context()) })
		}
		log := slog.New(slog.DiscardHandler)
		r.rotator = OpenRotator(cfg, r.needs, r.meter)
		r.table = command.New(command.Motors(Motors{Running: true, Rotator: r.rotator})...)
		r.env = &command.Env{Text: text.New("en"), By: "shell", Now: in2026, Tell: func(line string) { r.told = append(r.told, line) }}
		station.Go(func() {
			work.RunAll(ctx, log, func(name string, err error) { t.Errorf("%s: %v", name, err) }, append(r.meter.Tasks(), r.rotator.Tasks()...))
		})
		time.Sleep(20 * time.Second) // the receiver is tuned
		f(t, r)
		cancel()
		station.Wait()
		if r.mount != nil && r.mount.Moving() && r.mount.FaultName() == "none" {
			t.Error("it moves after the station has ended")
		}
	})
}

func (r *motorRig) run(ctx context.Context, args string) (string, error) {
	res, err := r.table.Run(ctx, r.env, strings.Fields(args))
	if err != nil {
		return err.Error(), err
	}
	return res.Text, nil
}

// begins runs a command beside the test, which hears at its end what it said.
func (r *motorRig) begins(t *testing.T, args string) <-chan string {
	t.Helper()
	ended := make(chan string, 1)
	go func() {
		got, _ := r.run(t.Context(), args)
		ended <- got
	}()
	return ended
}

// says runs a command that must say each of want; an error's text counts too.
func (r *motorRig) says(t *testing.T, args string, want ...string) {
	t.Helper()
	got, _ := r.run(t.Context(), args)
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s: %q does not say %q", args, got, w)
		}
	}
}

// target is where the satellite is.
func (r *motorRig) target() (az, el float64) {
	v := dish.Look(dish.Place{Latitude: 39.9, Longitude: 116.4}, dish.Geostationary(115.5))
	return float64(v.Azimuth), float64(v.Elevation + dish.Refraction(v.Elevation, 0))
}

// off is how far on the sky the dish is from the satellite.
func (r *motorRig) off() float64 {
	az, el := r.target()
	p := r.dishRig.dish.Pose()
	return math.Hypot((p.Azimuth-az)*math.Cos(el*math.Pi/180), p.Elevation-el)
}
