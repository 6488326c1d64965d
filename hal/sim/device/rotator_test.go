package device_test

import (
	"bufio"
	"context"
	"io"
	"math"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

var rotatorPlace = netip.MustParseAddrPort("127.0.0.1:4533")

// onRotator runs f in a bubble with a mount and a client of its rotctld.
func onRotator(t *testing.T, o device.RotatorOpts, f func(t *testing.T, r *device.Rotator, d *world.Dish, ask func(string) string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		local := wire.NewLocal()
		tcp, err := local.Listen(rotatorPlace)
		if err != nil {
			t.Fatal(err)
		}
		d := world.NewDish(world.DishOpts{Pose: world.Pose{Azimuth: 180, Elevation: 40}})
		r := device.NewRotator(d, tcp, o)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = r.Run(ctx) })
		c, err := local.Dial(ctx, "tcp", rotatorPlace.String())
		if err != nil {
			t.Fatal(err)
		}
		f(t, r, d, func(said string) string { return rotatorAnswer(c, said) })
		_ = c.Close()
		cancel()
		wg.Wait()
	})
}

func rotatorAnswer(c net.Conn, said string) string {
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, said+"\n"); err != nil {
		return err.Error()
	}
	in, got := bufio.NewReader(c), ""
	for {
		line, err := in.ReadString('\n')
		if got += line; err != nil || strings.HasPrefix(line, "RPRT") || in.Buffered() == 0 {
			return got
		}
	}
}

func TestRotatorTurns(t *testing.T) {
	onRotator(t, device.RotatorOpts{Speed: 2, Backlash: 0.5, OffAz: 0.7, MaxAz: 300}, func(t *testing.T, r *device.Rotator, d *world.Dish, ask func(string) string) {
		for _, tt := range []struct{ said, want string }{
			{"p", "179.30\n40.00\n"},
			{`+\get_pos`, "get_pos:\nAzimuth: 179.30\nElevation: 40.00\nRPRT 0\n"},
			{"P 301 40", "RPRT -21\n"},
			{"P north 40", "RPRT -1\n"},
			{"x", "RPRT -1\n"},
			{`+\set_pos 189.3 40`, "set_pos: 189.3 40\nRPRT 0\n"},
		} {
			if got := ask(tt.said); got != tt.want {
				t.Errorf("%q: %q, want %q", tt.said, got, tt.want)
			}
		}
		time.Sleep(2500 * time.Millisecond)
		if !r.Moving() {
			t.Error("10 degrees at 2 a second took less than 2.5 s")
		}
		time.Sleep(3 * time.Second)
		// The dish is behind by half the play, and looks 0.7 degrees farther.
		if az := d.Pose().Azimuth; math.Abs(az-(189.3+0.7-0.25)) > 0.001 || r.Moving() {
			t.Errorf("azimuth %.3f", az)
		}
		ask("P 188.3 40")
		time.Sleep(2 * time.Second)
		if az := d.Pose().Azimuth; math.Abs(az-(188.3+0.7+0.25)) > 0.001 {
			t.Errorf("from the other side azimuth %.3f", az)
		}
	})
}

func TestRotatorFaults(t *testing.T) {
	onRotator(t, device.RotatorOpts{}, func(t *testing.T, r *device.Rotator, d *world.Dish, ask func(string) string) {
		fault := func(kind string) {
			if err := r.Fault(kind); err != nil {
				t.Fatal(err)
			}
		}
		fault("stalled")
		if got := ask("P 200 50"); got != "RPRT 0\n" {
			t.Errorf("stalled: %q", got)
		}
		time.Sleep(time.Minute)
		if d.Pose().Azimuth != 180 || !r.Moving() {
			t.Errorf("it turned: %+v", d.Pose())
		}
		fault("unpowered")
		if got := ask("p"); got != "RPRT -5\n" || r.Moving() {
			t.Errorf("unpowered: %q", got)
		}
		fault("none")
		time.Sleep(time.Minute)
		if d.Pose().Azimuth != 180 {
			t.Error("it turns when the power comes back")
		}
		fault("another")
		if got := ask("+p"); !strings.HasPrefix(got, "get_level: SPEED\n") {
			t.Errorf("another: %q", got)
		}
		fault("refuses")
		if got := ask("P 10 10"); got != "RPRT -9\n" {
			t.Errorf("refuses: %q", got)
		}
		fault("stuck_el")
		ask("P 190 50")
		time.Sleep(time.Minute)
		if p := d.Pose(); p.Azimuth != 190 || p.Elevation != 40 {
			t.Errorf("stuck_el: %+v", p)
		}
	})
}

// The motor hears what is on the cable, and follows the arc of the satellites.
func TestPolarMotor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := world.NewDish(world.DishOpts{})
		card := device.NewDVBCard(d, device.DVBCardOpts{})
		m := device.NewPolarMotor(d, card, device.PolarMotorOpts{Latitude: 39.9, Speed: 2})
		if p := d.Pose(); math.Abs(p.Azimuth-180) > 1e-9 || math.Abs(p.Elevation-43.8) > 0.2 {
			t.Errorf("in the meridian %+v", p)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = m.Run(ctx) })
		f, err := card.Open("frontend0")
		if err != nil {
			t.Fatal(err)
		}
		say := func(frame ...byte) {
			arg := make([]byte, 7)
			arg[6] = byte(copy(arg, frame))
			if err := f.Struct(0x40076f3f, arg); err != nil {
				t.Fatal(err)
			}
		}
		say(0xE0, 0x31, 0x6E, 0xE1, 0x40) // 20 degrees east, without voltage
		time.Sleep(time.Minute)
		if m.Angle() != 0 {
			t.Errorf("without voltage it turned to %v", m.Angle())
		}
		if err := f.Value(0x6f43, 1); err != nil {
			t.Fatal(err)
		}
		say(0xE0, 0x31, 0x6E, 0xE1, 0x40)
		time.Sleep(5 * time.Second)
		if a := m.Angle(); math.Abs(a-10) > 0.3 {
			t.Errorf("after 5 s at %v", a)
		}
		say(0xE0, 0x31, 0x60)
		time.Sleep(time.Minute)
		if a := m.Angle(); math.Abs(a-10) > 0.3 {
			t.Errorf("stopped at %v", a)
		}
		say(0xE0, 0x31, 0x69, 0xF0) // 16 steps west
		time.Sleep(time.Minute)
		if a := m.Angle(); math.Abs(a-9) > 0.3 {
			t.Errorf("16 steps west: %v", a)
		}
		say(0xE0, 0x31, 0x68, 0)
		time.Sleep(2 * time.Minute)
		if a := m.Angle(); a != 65 {
			t.Errorf("east until the limit: %v", a)
		}
		say(0xE0, 0x31, 0x6E, 0xD1, 0x00)
		time.Sleep(2 * time.Minute)
		if a := m.Angle(); a != -16 || d.Pose().Azimuth < 180 {
			t.Errorf("16 degrees west: %v, %+v", a, d.Pose())
		}
		_ = f.Close()
		cancel()
		wg.Wait()
	})
}
