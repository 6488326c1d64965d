package incline_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/incline"
	"stationbox/hal/line"
	"stationbox/hal/modbus"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// said is a Listener that has heard these bytes.
type said []byte

func (s said) Listen(_ context.Context, done func([]byte) (int, error)) ([]byte, error) {
	for n := 1; n <= len(s); n++ {
		if k, err := done(s[:n]); err != nil || k > 0 {
			return s[:k], err
		}
	}
	if len(s) == 0 {
		return nil, hal.ErrSilent
	}
	return nil, fmt.Errorf("cut off after %d bytes: %w", len(s), hal.ErrGarbled)
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Published frames: the angles are -12.34, 37.50 and 146.25 degrees.
const (
	angles = "55 53 3A F7 AA 1A 00 68 49 0D 5B"
	// 0.98 g and 0.17 g, 24.30 °C, worked out by hand.
	felt = "55 51 00 00 60 01 D7 07 7E 09 6C"
	// No gravity at all.
	weightless = "55 51 00 00 00 00 00 00 7E 09 2D"
	turning    = "55 52 00 00 00 00 00 00 00 00 A7"
)

func degrees(a physic.Angle) float64 { return float64(a) / 1e9 * 180 / math.Pi }

func near(got, want float64) bool { return math.Abs(got-want) < 0.006 }

func TestFrames(t *testing.T) {
	damaged := strings.Replace(angles, "3A", "3B", 1)
	for _, c := range []struct {
		name  string
		bytes string
		temp  float64
		want  error
		text  string
	}{
		{"two that agree", felt + turning + angles + felt + angles, 24.30, nil, ""},
		{"angles alone", angles + angles, -273.15, nil, ""},
		{"from the middle of one", "1A 00 68 49 0D 5B" + angles + angles, -273.15, nil, ""},
		{"a start byte before", "55 55 55 53" + angles + angles, -273.15, nil, ""},
		{"a damaged one between", angles + damaged + angles, -273.15, nil, ""},
		{"one", angles, 0, hal.ErrGarbled, "none of angles"},
		{"two that do not agree", angles + "55 53 3A 07 AA 1A 00 68 49 0D 6B", 0, hal.ErrGarbled, "none of angles"},
		{"none of angles", felt + turning, 0, hal.ErrGarbled, "is the output of angles switched off"},
		{"noise", "00 FF 55 13 37", 0, hal.ErrGarbled, "cut off"},
		{"nothing", "", 0, hal.ErrSilent, ""},
		{"no gravity", weightless + angles + angles, 0, hal.ErrGarbled, "gravity of 0.00 g"},
		{"a pitch of more than 90°", "55 53 3A F7 00 7A 00 68 49 0D 11" + "55 53 3A F7 00 7A 00 68 49 0D 11", 0, hal.ErrGarbled, "pitch 171.6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := time.Unix(1e9, 0)
			s := incline.NewSerial(said(unhex(t, c.bytes)), incline.Opts{Now: func() time.Time { return at }})
			r, err := s.Read(t.Context())
			if !errors.Is(err, c.want) || c.want != nil && !strings.Contains(err.Error(), c.text) {
				t.Fatalf("%v, want %v %q", err, c.want, c.text)
			}
			if err != nil {
				if r != (hal.Reading[incline.Tilt]{}) {
					t.Errorf("a number beside an error: %+v", r)
				}
				return
			}
			v := r.Value
			if !near(degrees(v.Roll), -12.34) || !near(degrees(v.Pitch), 37.50) || !near(degrees(v.Yaw), 146.25) || !r.At.Equal(at) || v.Shaken {
				t.Errorf("%+v", r)
			}
			if got := v.Temperature.Celsius(); !near(got, c.temp) {
				t.Errorf("%.2f °C, want %.2f", got, c.temp)
			}
		})
	}
}

// frameOf makes a frame apart from the driver.
func frameOf(kind byte, values ...int16) []byte {
	b := []byte{0x55, kind}
	s := 0x55 + int(kind)
	for _, v := range values {
		b = append(b, byte(v), byte(v>>8))
		s += int(byte(v)) + int(byte(v>>8))
	}
	return append(b, byte(s))
}

func TestAnglesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Int16(), 3, 3).Draw(t, "raw")
		f := frameOf(0x53, v[0], v[1], v[2], 0)
		junk := bytes.ReplaceAll(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "junk"), []byte{0x55}, nil)
		r, err := incline.NewSerial(said(append(append(junk, f...), f...)), incline.Opts{}).Read(t.Context())
		if v[1] > 16384 || v[1] < -16384 {
			if !errors.Is(err, hal.ErrGarbled) {
				t.Errorf("%v: %+v, %v", v, r, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range []physic.Angle{r.Value.Roll, r.Value.Pitch, r.Value.Yaw} {
			if want := float64(v[i]) / 32768 * 180; math.Abs(degrees(got)-want) > 1e-7 {
				t.Errorf("%v: %v, want %v", v, degrees(got), want)
			}
		}
	})
}

func TestShaken(t *testing.T) {
	b := append(frameOf(0x51, 0, 0, 2200, 2000), append(frameOf(0x53, 0, 0, 0, 0), frameOf(0x53, 0, 0, 0, 0)...)...)
	r, err := incline.NewSerial(said(b), incline.Opts{}).Read(t.Context())
	if err != nil || !r.Value.Shaken {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestMount(t *testing.T) {
	d := physic.Degree
	tilt := incline.Tilt{Roll: 10 * d, Pitch: 40 * d}
	for _, c := range []struct {
		name            string
		mount           incline.Mount
		elevation, roll physic.Angle
	}{
		{"as it is", incline.Mount{}, 40 * d, 10 * d},
		{"turned around", incline.Mount{Down: true, Left: true}, -40 * d, -10 * d},
		{"by the side", incline.Mount{Raise: incline.Roll}, 10 * d, 40 * d},
		{"offset dish", incline.Mount{Elevation: 22 * d, Roll: -2 * d}, 62 * d, 8 * d},
	} {
		if e, r := c.mount.Dish(tilt); e != c.elevation || r != c.roll {
			t.Errorf("%s: %v, %v", c.name, e, r)
		}
	}
}

// registers is a Bus that answers by these.
type registers struct {
	words []uint16
	err   error
}

func (r registers) ReadHolding(_ context.Context, _ uint8, _, _ uint16) ([]uint16, error) {
	return r.words, r.err
}

func TestModbusErrors(t *testing.T) {
	for name, c := range map[string]struct {
		bus     registers
		address int
		want    error
	}{
		"silent":       {registers{err: hal.ErrSilent}, 80, hal.ErrSilent},
		"too few":      {registers{words: make([]uint16, 12)}, 80, hal.ErrGarbled},
		"all zero":     {registers{words: make([]uint16, 13)}, 80, hal.ErrGarbled},
		"address 0":    {registers{}, 0, hal.ErrRefused},
		"address 0xF8": {registers{}, 0xF8, hal.ErrRefused},
	} {
		if _, err := incline.NewModbus(c.bus, c.address, incline.Opts{Name: "dish"}).Read(t.Context()); !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "dish: ") {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestStuck(t *testing.T) {
	w := make([]uint16, 13)
	w[2] = 2048
	now := time.Unix(1e9, 0)
	s := incline.NewModbus(registers{words: w}, 80, incline.Opts{Now: func() time.Time { return now }})
	read := func(step time.Duration) error {
		now = now.Add(step)
		_, err := s.Read(t.Context())
		return err
	}
	for i := range 12 { // up to 1:50
		if err := read(10 * time.Second); err != nil {
			t.Fatalf("reading %d: %v", i, err)
		}
	}
	for range 2 {
		if err := read(10 * time.Second); !errors.Is(err, incline.ErrStuck) || !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("after two minutes: %v", err)
		}
	}
	w[9] = 1 // the last bit of the roll
	for i := range 5 {
		if err := read(time.Hour); err != nil {
			t.Errorf("seldom asked, reading %d: %v", i, err)
		}
	}
}

// onDish starts a model on a terminal and returns the line to it.
func onDish(t *testing.T, d *world.Dish, o device.InclineOpts) (*device.Incline, *line.Port) {
	t.Helper()
	pty, err := wire.OpenPTY(filepath.Join(t.TempDir(), "incline"))
	if err != nil {
		t.Fatal(err)
	}
	m := device.NewIncline(d, pty, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	port := line.Open(pty.Path(), line.Opts{Name: "ttyX", Timeout: 20 * time.Second})
	t.Cleanup(func() {
		_ = port.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = pty.Close()
	})
	return m, port
}

func TestOverATerminal(t *testing.T) {
	for _, o := range []device.InclineOpts{{Seed: 1}, {Seed: 2, Modbus: true}} {
		d := world.NewDish(world.DishOpts{Pose: world.Pose{Azimuth: 190, Elevation: 42.5, Roll: -7}})
		m, port := onDish(t, d, o)
		s := incline.NewSerial(port, incline.Opts{})
		if o.Modbus {
			s = incline.NewModbus(modbus.New(port, modbus.Opts{Timeout: 20 * time.Second}), 0x50, incline.Opts{})
		}
		r, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		v := r.Value
		if math.Abs(degrees(v.Pitch)-42.5) > 0.15 || math.Abs(degrees(v.Roll)+7) > 0.15 || math.Abs(degrees(v.Yaw)-170) > 1 || v.Shaken ||
			math.Abs(v.Temperature.Celsius()-21.5) > 0.01 {
			t.Errorf("modbus %v: %+v", o.Modbus, v)
		}
		if err := m.Fault("weightless"); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); ; {
			if _, err = s.Read(t.Context()); errors.Is(err, hal.ErrGarbled) && strings.Contains(err.Error(), "gravity") {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("modbus %v: weightless: %v", o.Modbus, err)
			}
		}
	}
}

// pipePort is the model's end of a net.Pipe.
type pipePort struct{ net.Conn }

func (p pipePort) ReadContext(ctx context.Context, b []byte) (int, error) {
	defer context.AfterFunc(ctx, func() { _ = p.SetReadDeadline(time.Unix(1, 0)) })()
	return p.Read(b)
}
func (pipePort) Unplug()       {}
func (pipePort) Replug() error { return nil }

// A day of a sensor's troubles, in a moment.
func TestFaultsOverAPipe(t *testing.T) {
	for kind, want := range map[string]error{
		"none": nil, "silent": hal.ErrSilent, "cut": hal.ErrGarbled, "no_angles": hal.ErrGarbled, "weightless": hal.ErrGarbled, "frozen": incline.ErrStuck,
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				d := world.NewDish(world.DishOpts{Pose: world.Pose{Elevation: 40}})
				m := device.NewIncline(d, pipePort{far}, device.InclineOpts{Baud: -1, Seed: 3})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- m.Run(ctx) }()
				port := line.New(func() (io.ReadWriteCloser, error) { return near, nil }, line.Opts{Timeout: 2 * time.Second})
				s := incline.NewSerial(port, incline.Opts{})
				if err := m.Fault(kind); err != nil {
					t.Fatal(err)
				}
				var err error
				for range 100 {
					_, err = s.Read(t.Context())
					time.Sleep(2 * time.Second)
				}
				if !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
				cancel()
				_ = port.Close()
				_ = far.Close()
				<-done
			})
		})
	}
}

// Of a line with many wrong bits no angle comes that is not the true one.
func TestWrongBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	wrong, right := 0, 0
	for range 600 {
		var b []byte
		for range 8 {
			f := unhex(t, angles)
			for range 1 + rng.IntN(3) {
				f[rng.IntN(len(f))] ^= 1 << rng.IntN(8)
			}
			if rng.IntN(2) == 0 {
				f = unhex(t, angles)
			}
			b = append(b, f...)
		}
		r, err := incline.NewSerial(said(b), incline.Opts{}).Read(t.Context())
		switch {
		case err != nil:
		case math.Abs(degrees(r.Value.Pitch)-37.5) > 10:
			wrong++
		default:
			right++
		}
	}
	if wrong > 0 || right < 300 {
		t.Errorf("%d wrong, %d right", wrong, right)
	}
}

func FuzzSerial(f *testing.F) {
	for _, s := range []string{angles + angles, felt + angles + angles, "55 55" + angles, turning} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := incline.NewSerial(said(b), incline.Opts{}).Read(t.Context())
		if err != nil {
			return
		}
		v := r.Value
		if p := degrees(v.Pitch); p < -90.001 || p > 90.001 {
			t.Errorf("pitch %v", p)
		}
		if c := v.Temperature.Celsius(); v.Temperature != 0 && (c < -50.1 || c > 100.1) {
			t.Errorf("%v °C", c)
		}
		if len(b) < 22 {
			t.Errorf("angles out of %d bytes", len(b))
		}
	})
}
