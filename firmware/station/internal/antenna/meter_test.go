package antenna

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"

	"stationbox/firmware/clock"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/firmware/text"
	"stationbox/hal/line"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/world"
	"stationbox/hal/tuner"
)

// dishRig is a dish in the simulation with all sensors on it.
type dishRig struct {
	cfg     *config.Config
	dish    *world.Dish
	card    *device.DVBCard
	incline *device.Incline
	compass *device.Compass
	faults  *fault.Book
	needs   Needs
	meter   *Meter
	ahead   atomic.Int64 // of the broadcaster's clock
}

// pipeEnd is the model's end of a net.Pipe.
type pipeEnd struct{ net.Conn }

func (p pipeEnd) ReadContext(ctx context.Context, b []byte) (int, error) {
	defer context.AfterFunc(ctx, func() { _ = p.SetReadDeadline(time.Unix(1, 0)) })()
	return p.Read(b)
}
func (pipeEnd) Unplug()       {}
func (pipeEnd) Replug() error { return nil }

const villageDish = `[dish]
latitude = 39.9
longitude = 116.4
satellite = "115.5E"
diameter = 1.8
band = "c"
[dish.tuner]
adapter = "/dev/dvb/adapter0"
frequency_mhz = 4000
symbol_rate = 27500
polarization = "h"
[dish.incline]
port = "/dev/ttyUSB3"
[dish.compass]
bus = "1"
`

// dishConfig reads the rows into the reference.
func dishConfig(t *testing.T, rows string) *config.Config {
	t.Helper()
	file := strings.NewReplacer("[dish]\n", "", "[dish.tuner]\n", "", "[dish.incline]\n", "", "[dish.compass]\n", "", "[dish.rotator]\n", "").Replace(referenceFile(t))
	cfg, problems := config.Parse([]byte(file+rows), t.TempDir())
	if errs := config.Errors(problems); len(errs) > 0 {
		t.Fatal(errs)
	}
	cfg.Station.StateDir = t.TempDir()
	return cfg
}

// onRig runs f in a bubble in which the sensors work; the dish points at the satellite.
func onRig(t *testing.T, f func(t *testing.T, r *dishRig)) {
	t.Helper()
	onRigWith(t, func(*Meter) {}, f)
}

// onRigWith is onRig with a meter that is changed before it works.
func onRigWith(t *testing.T, change func(m *Meter), f func(t *testing.T, r *dishRig)) {
	t.Helper()
	cfg := dishConfig(t, villageDish)
	synctest.Test(t, func(t *testing.T) {
		r := newDishRig(t, cfg)
		change(r.meter)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { work.RunAll(ctx, slog.New(slog.DiscardHandler), func(string, error) {}, r.meter.Tasks()) })
		f(t, r)
		cancel()
		wg.Wait()
		if n := r.card.Files(); n != 0 {
			t.Errorf("%d files of the receiver are open after all", n)
		}
		if volts, _, _ := r.card.Cable(); volts != 0 {
			t.Errorf("the LNB has %d V after all", volts)
		}
	})
}

func newDishRig(t *testing.T, cfg *config.Config) *dishRig {
	place := dish.Place{Latitude: 39.9, Longitude: 116.4}
	v := dish.Look(place, dish.Geostationary(115.5))
	az, el := float64(v.Azimuth), float64(v.Elevation+dish.Refraction(v.Elevation, 0))
	r := &dishRig{cfg: cfg, dish: world.NewDish(world.DishOpts{Pose: world.Pose{Azimuth: az, Elevation: el}, Birds: []world.Bird{
		{Azimuth: az, Elevation: el, Orbit: 1155, Network: "中星6B", Carriers: []world.Carrier{
			{KHz: 4_000_000, Horizontal: true, Rate: 27_500_000, ClearDB: 14, Stream: 256, Services: []string{"教育电视", "CETV-2"}},
			{KHz: 3_840_000, Horizontal: true, Rate: 27_500_000, ClearDB: 13, Stream: 257}}},
		{Azimuth: az + 7, Elevation: el, Orbit: 1105, Network: "elsewhere", Carriers: []world.Carrier{
			{KHz: 4_000_000, Horizontal: true, Rate: 27_500_000, ClearDB: 14, Stream: 512, Services: []string{"购物"}}}},
	}})}
	r.card = device.NewDVBCard(r.dish, device.DVBCardOpts{LowMHz: 5150, Now: func() time.Time { return in2026().Add(time.Duration(r.ahead.Load())) }})
	ours, theirs := net.Pipe()
	r.incline = device.NewIncline(r.dish, pipeEnd{theirs}, device.InclineOpts{Baud: -1})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.incline.Run(ctx) })
	t.Cleanup(func() { cancel(); _ = ours.Close(); _ = theirs.Close(); wg.Wait() })
	var err error
	if r.compass, err = device.NewCompass(r.dish, device.CompassOpts{}); err != nil {
		t.Fatal(err)
	}
	doors := Doors{
		Receiver: func(adapter string, o tuner.Opts) *tuner.Tuner {
			return tuner.New(func(name string) (tuner.Kernel, error) { return kernelOf(r.card.Open(name)) }, adapter, o)
		},
		Bus: func(string) (i2c.Bus, func() error) { return r.compass, func() error { return nil } },
		Serial: func(_ string, o line.Opts) *line.Port {
			return line.New(func() (io.ReadWriteCloser, error) { return ours, nil }, o)
		},
	}
	log := slog.New(slog.DiscardHandler)
	r.faults = fault.New(log, func(string, string, any) {})
	r.needs = Needs{Doors: doors, Faults: r.faults, Put: func(string, string, any) {}, Log: log, Now: in2026, Tick: time.Now,
		Clock: func() clock.Level { return clock.Good }, Losses: NewLossBook(), Zone: time.UTC}
	r.meter = OpenMeter(cfg, r.needs)
	return r
}

// in2026 is the time of a bubble, which begins in 2000, in the years of the magnetic model.
func in2026() time.Time { return time.Now().AddDate(26, 10, 27) }

// kernelOf keeps a nil file from becoming a kernel that is not nil.
func kernelOf(f *device.DVBFile, err error) (tuner.Kernel, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (r *dishRig) fault(t *testing.T, kind string, device interface{ Fault(string) error }) {
	t.Helper()
	if err := device.Fault(kind); err != nil {
		t.Fatal(err)
	}
}

func (r *dishRig) codes() (out []string) {
	for _, f := range r.faults.List() {
		out = append(out, f.Code)
	}
	return out
}

func TestDishNow(t *testing.T) {
	onRig(t, func(t *testing.T, r *dishRig) {
		if v := r.meter.View(); v.Signal.Known || v.Signal.Why != "unasked" || v.Tilt.Known || v.Heading.Known {
			t.Errorf("before anything was asked: %+v %+v %+v", v.Signal, v.Tilt, v.Heading)
		}
		time.Sleep(30 * time.Second)
		v := r.meter.View()
		if s := v.Signal; !s.Known || !s.Lock || s.CNR == nil || math.Abs(*s.CNR-14) > 0.5 || s.Level == nil || s.AgeMS > signalEvery.Milliseconds() {
			t.Errorf("signal %+v", s)
		}
		if !v.Tilt.Known || math.Abs(float64(v.Tilt.Off)) > 0.2 || math.Abs(float64(v.Tilt.Elevation)-43.8) > 0.5 {
			t.Errorf("tilt %+v", v.Tilt)
		}
		if !v.Heading.Known || math.Abs(float64(v.Heading.Off)) > 2 {
			t.Errorf("heading %+v", v.Heading)
		}
		en, zh := v.Line(text.New("en")), v.Line(text.New("zh"))
		if !strings.Contains(en, "locked  C/N 1") || !strings.Contains(en, "elevation 43.") || !strings.Contains(en, "heading 18") || !strings.Contains(zh, "已锁定") {
			t.Errorf("%q\n%q", en, zh)
		}
		if codes := r.codes(); len(codes) > 0 {
			t.Errorf("faults %v", codes)
		}
		p := r.dish.Pose()
		p.Elevation, p.Azimuth = p.Elevation+3, p.Azimuth-20
		r.dish.Turn(p)
		time.Sleep(30 * time.Second)
		v = r.meter.View()
		said := v.text(text.New("en"), "")
		if v.Signal.Lock || math.Abs(float64(v.Tilt.Off)-3) > 0.2 || math.Abs(float64(v.Heading.Off)+20) > 2 ||
			!strings.Contains(said, "above the satellite") || !strings.Contains(said, "to the left") || !strings.Contains(said, "no lock") {
			t.Errorf("%+v %+v %+v\n%s", v.Signal, v.Tilt, v.Heading, said)
		}
	})
}

// What fails is said at once, and is a fault after a while; it comes back by itself.
func TestDishSensorsFail(t *testing.T) {
	for _, c := range []struct {
		name, kind, code, why string
		device                func(r *dishRig) interface{ Fault(string) error }
		word                  func(v *View) word
	}{
		{"unplugged receiver", "unplugged", "fault.dish.tuner", "gone", (*dishRig).receiver, signalWord},
		{"busy receiver", "busy", "", "", (*dishRig).receiver, signalWord},
		{"silent inclinometer", "silent", "fault.dish.incline", "silent", (*dishRig).level, tiltWord},
		{"no gravity", "weightless", "fault.dish.incline", "garbled", (*dishRig).level, tiltWord},
		{"silent compass", "silent", "fault.dish.compass", "silent", (*dishRig).needle, headingWord},
		{"magnet", "magnet", "fault.dish.compass", "garbled", (*dishRig).needle, headingWord},
	} {
		t.Run(c.name, func(t *testing.T) {
			onRig(t, func(t *testing.T, r *dishRig) {
				time.Sleep(20 * time.Second)
				r.fault(t, c.kind, c.device(r))
				time.Sleep(sensorAge + 15*time.Second)
				w := c.word(r.meter.View())
				if c.code == "" { // it is open already
					if !w.Known {
						t.Errorf("%+v", w)
					}
					return
				}
				if w.Known || w.Why != c.why {
					t.Errorf("after a while %+v, want %s", w, c.why)
				}
				time.Sleep(2 * time.Minute)
				if codes := r.codes(); len(codes) != 1 || codes[0] != c.code {
					t.Errorf("faults %v, want %s", codes, c.code)
				}
				r.fault(t, "none", c.device(r))
				time.Sleep(sensorBack + sensorBound + 10*time.Second)
				if w := c.word(r.meter.View()); !w.Known {
					t.Errorf("mended: %+v", w)
				}
				if codes := r.codes(); len(codes) > 0 {
					t.Errorf("mended: faults %v", codes)
				}
			})
		})
	}
}

func (r *dishRig) receiver() interface{ Fault(string) error } { return r.card }
func (r *dishRig) level() interface{ Fault(string) error }    { return r.incline }
func (r *dishRig) needle() interface{ Fault(string) error }   { return r.compass }

func signalWord(v *View) word  { return v.Signal.word }
func tiltWord(v *View) word    { return v.Tilt.word }
func headingWord(v *View) word { return v.Heading.word }

// A driver that hangs leaves no old number behind.
func TestDishReceiverHangs(t *testing.T) {
	onRig(t, func(t *testing.T, r *dishRig) {
		time.Sleep(20 * time.Second)
		r.fault(t, "hangs", r.card)
		time.Sleep(sensorAge + signalEvery)
		if v := r.meter.View(); v.Signal.Known || v.Signal.CNR != nil || !v.Tilt.Known {
			t.Errorf("%+v %+v", v.Signal, v.Tilt)
		}
		r.fault(t, "none", r.card)
		time.Sleep(2 * time.Minute)
		if v := r.meter.View(); !v.Signal.Lock {
			t.Errorf("mended: %+v", v.Signal)
		}
	})
}

func TestDishNoLock(t *testing.T) {
	onRig(t, func(t *testing.T, r *dishRig) {
		time.Sleep(20 * time.Second)
		r.dish.Rain(20)
		time.Sleep(noLockTime - 5*time.Second)
		if codes := r.codes(); len(codes) > 0 {
			t.Errorf("within the minute: %v", codes)
		}
		if v := r.meter.View(); !v.Signal.Known || v.Signal.Lock || v.Signal.CNR != nil {
			t.Errorf("%+v", v.Signal)
		}
		time.Sleep(20 * time.Second)
		if codes := r.codes(); len(codes) != 1 || codes[0] != "fault.dish.no_lock" {
			t.Errorf("after a minute: %v", codes)
		}
		words := text.New("en")
		if say, hint := words.Fault(r.faults.List()[0]); !strings.Contains(say, "115.5E") || hint == "" {
			t.Errorf("%q %q", say, hint)
		}
		r.dish.Rain(0)
		time.Sleep(10 * time.Second)
		if codes := r.codes(); len(codes) > 0 {
			t.Errorf("after the rain: %v", codes)
		}
	})
}

func TestNoSensorsNoMeter(t *testing.T) {
	cfg := dishConfig(t, strings.Split(villageDish, "[dish.tuner]")[0])
	m := OpenMeter(cfg, Needs{})
	if m != nil || m.Tasks() != nil || m.View() != nil {
		t.Errorf("%+v", m)
	}
}

func referenceFile(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../../config/station.reference.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
