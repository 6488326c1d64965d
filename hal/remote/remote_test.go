package remote_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
	"stationbox/hal/compass"
	"stationbox/hal/remote"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
	"stationbox/hal/tuner"
	"stationbox/hal/tuner/psi"
)

// folder is a folder whose name leaves room for that of a socket.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "remote")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// serve lets s answer until the test is over.
func serve(t *testing.T, s *wire.FileServer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(t.Context()) })
	t.Cleanup(func() { _ = s.Close(); wg.Wait() })
}

func kernel(f *remote.File, err error) (tuner.Kernel, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

func aSky() *world.Dish {
	return world.NewDish(world.DishOpts{Pose: world.Pose{Azimuth: 172, Elevation: 47}, Birds: []world.Bird{{
		Azimuth: 172, Elevation: 47, Orbit: 1220, Network: "亚洲9号",
		Carriers: []world.Carrier{{KHz: 12_500_000, Horizontal: true, Rate: 27_500_000, ClearDB: 14, Stream: 1, Services: []string{"教育"}}}}}})
}

// TestTunerBehindASocket lets the receiver's own driver tune, ask and read tables.
func TestTunerBehindASocket(t *testing.T) {
	dir := folder(t)
	card := device.NewDVBCard(aSky(), device.DVBCardOpts{})
	for _, name := range []string{"frontend0", "demux0"} {
		s, err := wire.ListenFile(filepath.Join(dir, name), func() (wire.File, error) {
			f, err := card.Open(name)
			if err != nil {
				return nil, err
			}
			return f, nil
		})
		serve(t, s, err)
	}
	u := tuner.New(func(name string) (tuner.Kernel, error) { return kernel(remote.Open(name)) }, remote.Prefix+dir, tuner.Opts{})
	tp := tuner.Transponder{Frequency: 12_500 * physic.MegaHertz, SymbolRate: 27_500_000, Polarization: psi.Horizontal}
	if err := u.Tune(t.Context(), tp); err != nil {
		t.Fatal(err)
	}
	r, err := u.Status(t.Context())
	if db, ok := r.Value.CNR.DB(); err != nil || !r.Value.Lock.Locked() || !ok || db < 13 || db > 15 {
		t.Errorf("%+v %v", r.Value, err)
	}
	if volts, _, _ := card.Cable(); volts != 18 {
		t.Errorf("%d V", volts)
	}
	if err := u.Close(); err != nil {
		t.Error(err)
	}
	if volts, _, _ := card.Cable(); volts != 0 {
		t.Errorf("%d V after Close", volts)
	}
}

func TestTunerNotThere(t *testing.T) {
	dir := folder(t)
	if _, err := remote.Open(remote.Prefix + filepath.Join(dir, "frontend0")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no server: %v", err)
	}
	s, err := wire.ListenFile(filepath.Join(dir, "frontend0"), func() (wire.File, error) { return nil, unix.EBUSY })
	serve(t, s, err)
	if _, err := remote.Open(remote.Prefix + filepath.Join(dir, "frontend0")); !errors.Is(err, unix.EBUSY) {
		t.Errorf("busy: %v", err)
	}
}

// slow is a file whose reads hang until it is closed, and that waits as it is told.
type slow struct {
	wire.File
	closed chan struct{}
}

func (s slow) Read([]byte) (int, error) { <-s.closed; return 0, unix.ENODEV }
func (s slow) Wait(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
func (s slow) Close() error { return nil }

// TestFileCloseEndsARead is a driver that hangs: Close must not.
func TestFileCloseEndsARead(t *testing.T) {
	dir := folder(t)
	hang := slow{closed: make(chan struct{})}
	s, err := wire.ListenFile(filepath.Join(dir, "demux0"), func() (wire.File, error) { return hang, nil })
	serve(t, s, err)
	t.Cleanup(func() { close(hang.closed) })
	f, err := remote.Open(remote.Prefix + filepath.Join(dir, "demux0"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Wait(t.Context()); err != nil {
		t.Errorf("wait: %v", err)
	}
	ended := make(chan error)
	go func() { _, err := f.Read(make([]byte, 8)); ended <- err }()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, unix.ENODEV) {
		t.Errorf("read: %v", err)
	}
}

// TestCompassBehindASocket lets the compass's own driver measure, and find a bus that was
// away again.
func TestCompassBehindASocket(t *testing.T) {
	path := filepath.Join(folder(t), "i2c")
	chip, err := device.NewCompass(aSky(), device.CompassOpts{})
	if err != nil {
		t.Fatal(err)
	}
	bus := remote.NewBus(remote.Prefix + path)
	defer func() { _ = bus.Close() }()
	if err := bus.Tx(0x0D, []byte{0}, make([]byte, 6)); !errors.Is(err, hal.ErrGone) {
		t.Errorf("no server: %v", err)
	}
	s, err := wire.ListenBus(path, chip)
	serve(t, s, err)
	c, err := compass.New(bus, compass.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Read(t.Context()); err != nil || r.Value.Strength() < 50*physic.MicroTesla {
		t.Errorf("%v %v", r.Value, err)
	}
	if err := bus.Tx(0x33, []byte{0}, make([]byte, 1)); !errors.Is(err, unix.EREMOTEIO) {
		t.Errorf("nobody at 0x33: %v", err)
	}
	_ = s.Close()
	if err := bus.Tx(0x0D, []byte{0}, make([]byte, 6)); !errors.Is(err, hal.ErrGone) {
		t.Errorf("hung up: %v", err)
	}
	s, err = wire.ListenBus(path, chip)
	serve(t, s, err)
	if err := bus.Tx(0x0D, []byte{0}, make([]byte, 6)); err != nil {
		t.Errorf("back: %v", err)
	}
}

// TestBadServers: whatever a server says, a client has an error and no panic.
func TestBadServers(t *testing.T) {
	answer := func(length, errno uint32, data ...byte) []byte {
		b := binary.LittleEndian.AppendUint32(nil, length)
		return append(binary.LittleEndian.AppendUint32(b, errno), data...)
	}
	open := answer(4, 0)
	for name, said := range map[string][]byte{
		"nothing":              nil,
		"half an answer":       open[:5],
		"an answer of 1 byte":  answer(1, 0),
		"an endless answer":    answer(1<<30, 0),
		"opens, then hangs up": open,
		"too few bytes":        append(append([]byte{}, open...), answer(6, 0, 1, 2)...),
		"too many bytes":       append(append([]byte{}, open...), answer(9, 0, 1, 2, 3, 4, 5)...),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder(t), "s")
			ln, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				for c, err := ln.Accept(); err == nil; c, err = ln.Accept() {
					_, _ = c.Write(said)
					_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
					_, _ = io.Copy(io.Discard, c)
					_ = c.Close()
				}
			}()
			f, err := remote.Open(remote.Prefix + path)
			if err == nil {
				err = f.Struct(0x80046f45, make([]byte, 4))
				_ = f.Close()
			}
			var errno unix.Errno
			if !errors.As(err, &errno) {
				t.Errorf("file: %v", err)
			}
			if err := remote.NewBus(remote.Prefix+path).Tx(1, []byte{0}, make([]byte, 4)); !errors.Is(err, hal.ErrGone) && !errors.Is(err, hal.ErrGarbled) {
				t.Errorf("bus: %v", err)
			}
		})
	}
}

// TestBadClients: a server hangs up on who says anything else, and refuses what is not there.
func TestBadClients(t *testing.T) {
	path := filepath.Join(folder(t), "s")
	card := device.NewDVBCard(aSky(), device.DVBCardOpts{})
	s, err := wire.ListenFile(path, func() (wire.File, error) { return card.Open("frontend0") })
	serve(t, s, err)
	for name, said := range map[string]struct {
		bytes []byte
		reply int // bytes of it, after that of opening
	}{
		"an endless request": {[]byte{0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0},
		"a short one":        {[]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0},
		"an unknown kind":    {[]byte{9, 0, 0, 0, 77, 0, 0, 0, 0, 0, 0, 0, 0}, 8},
		"a transaction":      {[]byte{9, 0, 0, 0, 5, 0, 0, 0, 0, 9, 0, 0, 0}, 8},
	} {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(said.bytes); err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.UnixConn).CloseWrite()
		got, _ := io.ReadAll(c)
		_ = c.Close()
		if len(got) != 8+said.reply || said.reply > 0 && unix.Errno(binary.LittleEndian.Uint32(got[12:])) != unix.ENOTTY {
			t.Errorf("%s: % x", name, got)
		}
	}
}
