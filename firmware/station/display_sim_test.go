package station

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/firmware/config"
	"stationbox/hal"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// The whole path over emulated wires: no CEC device, but a TV at a serial line; no
// projector on the network, but one at a serial line. Each is on by its second way.
func TestSecondWaysOverEmulatedWires(t *testing.T) {
	t.Parallel()
	w := world.New(world.Opts{
		Loads:     []world.Load{{Name: "tv", Kind: world.TVLoad}, {Name: "projector", Kind: world.ProjectorLoad}},
		Projector: world.ProjectorOpts{Boot: 50 * time.Millisecond, WarmUp: time.Second, CoolDown: time.Second},
	})
	w.SetRelay(0, true)
	w.SetRelay(1, true)
	dir := t.TempDir()
	cfg := &config.Config{Station: config.Station{StateDir: dir}, Loads: []config.Outlet{{Name: "tv"}, {Name: "projector", Lamp: true}},
		TV: config.TV{Kind: "cec", Device: filepath.Join(dir, "cec0"), Input: "hdmi1", Load: "tv", WarmUp: config.Duration(15 * time.Second),
			Then: []config.Way{{Kind: "lg", Port: filepath.Join(dir, "tv"), Baud: 9600, SetID: 1, Input: "hdmi1"}}},
		Projector: config.Projector{Kind: "pjlink", Address: "127.0.0.1:1", Input: "31", Load: "projector", WarmUp: config.Duration(45 * time.Second), CoolDown: config.Duration(time.Minute),
			Then: []config.Way{{Kind: "nec", Port: filepath.Join(dir, "nec"), Baud: 38400, Input: "hdmi1"}}}}
	open := func(name string) *wire.PTY {
		p, err := wire.OpenPTY(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return p
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	run := func(fn func(context.Context) error) { all.Go(func() { _ = fn(ctx) }) }
	run(device.NewTV(w, open("tv"), device.TVOpts{SetID: 1}).Run)
	run(device.NewNEC(w, open("nec"), device.NECOpts{Baud: -1}).Run)
	run(func(ctx context.Context) error { // ten times as fast as life
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			for range 10 {
				w.DriveEdge(w.Time())
				w.Advance(w.Time() + 10*time.Millisecond)
			}
			<-tick.C
		}
		return nil
	})
	ds := openDisplays(cfg, needs(t, nil))
	defer func() { cancel(); all.Wait(); _ = ds.Close() }()
	for _, f := range ds.list {
		run(f.keeper.Run)
		f.keeper.Powered(true)
		f.keeper.FedFor(time.Hour) // the guard knows: the lamp is cold
		f.keeper.Want(true)
	}
	await := func(want hal.DisplayState) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			tv, p := ds.list[0].keeper.Status(), ds.list[1].keeper.Status()
			if tv.State == want && p.State == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("not %v: %+v %+v", want, tv, p)
			}
		}
	}
	await(hal.DisplayOn)
	for i, second := range []string{"lg", "nec"} {
		ways := ds.list[i].keeper.Status().Ways
		if !strings.HasPrefix(ways[1].Name, second) || ways[1].Proved.IsZero() || !ways[0].Proved.IsZero() || ways[0].Problem == "" {
			t.Errorf("ways %+v", ways)
		}
		ds.list[i].keeper.Want(false)
	}
	await(hal.DisplayStandby)
	if s := w.Snapshot().Projector; s.Strikes != 1 || s.HotStrikes != 0 {
		t.Errorf("%d strikes, %d of them hot; want one", s.Strikes, s.HotStrikes)
	}
}
