package antenna

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"stationbox/hal/sim/device"
)

// A mount that is askew is set right by at most thirteen samples, and stays so.
func TestPeakLive(t *testing.T) {
	for _, o := range []device.RotatorOpts{
		{OffAz: 0.9, OffEl: -0.6, Backlash: 0.3},
		{OffAz: -1.6, OffEl: 1.1}, // without a signal at first
		{},
	} {
		onMotors(t, rotctldRows, o, func(t *testing.T, r *motorRig) {
			r.says(t, "dish peak live -yes", "strongest direction", "C/N there", "alignment is kept")
			if r.off() > 0.05 || len(r.told) > mostSamples {
				t.Errorf("%+v: %.3f degrees off after %d samples: %s", o, r.off(), len(r.told), strings.Join(r.told, "\n"))
			}
			if _, err := readAlignment(r.meter.dir); err != nil {
				t.Errorf("the alignment: %v", err)
			}
			r.says(t, "dish turn 200 40 -yes", "arrived", "azimuth 200.00°")
			r.says(t, "dish turn 115.5E -yes", "arrived")
			if r.off() > 0.05 {
				t.Errorf("%+v: coming back %.3f degrees off", o, r.off())
			}
			again := OpenRotator(r.cfg, r.needs, r.meter)
			if d := again.offset().minus(r.rotator.offset()); d != (aim{}) {
				t.Errorf("after a restart the mount is off by %+v", d)
			}
		})
	}
}

func TestPeakLiveWithoutSignal(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{OffAz: -6}, func(t *testing.T, r *motorRig) {
		r.says(t, "dish peak live -yes", "no signal about there")
		if got := r.rotator.offset(); got != (aim{}) || len(r.told) > mostSamples {
			t.Errorf("it was taught %+v by %d samples", got, len(r.told))
		}
		if _, err := readAlignment(r.meter.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the alignment: %v", err)
		}
		r.fault(t, "unplugged", r.card)
		r.says(t, "dish peak live -yes", "no reading from the receiver")
		r.fault(t, "none", r.card)
	})
}

// A scan that is stopped, while it moves or while it listens, goes nowhere afterwards.
func TestPeakLiveIsStopped(t *testing.T) {
	for _, after := range []time.Duration{time.Second, 4 * time.Second, 6 * time.Second, 9 * time.Second, 14 * time.Second, 23 * time.Second} {
		onMotors(t, rotctldRows, device.RotatorOpts{OffAz: 0.9, OffEl: -0.6}, func(t *testing.T, r *motorRig) {
			ended := make(chan string, 1)
			go func() {
				got, _ := r.run(t.Context(), "dish peak live -yes")
				ended <- got
			}()
			time.Sleep(after)
			r.says(t, "dish stop", "stands still")
			orders := r.mount.Orders()
			if got := <-ended; got != "stopped" {
				t.Errorf("after %v: %q", after, got)
			}
			time.Sleep(time.Minute)
			for _, o := range r.mount.Orders()[len(orders):] {
				if o != "stop" {
					t.Errorf("after %v it was ordered: %s", after, o)
				}
			}
			if got := r.rotator.offset(); got != (aim{}) || r.mount.Moving() {
				t.Errorf("after %v: taught %+v, moving %v", after, got, r.mount.Moving())
			}
		})
	}
}

// The strongest signal there is the neighbour's.
func TestPeakLiveOfAStranger(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{OffAz: 6.3}, func(t *testing.T, r *motorRig) {
		r.says(t, "dish peak live -yes", "another satellite")
		if got := r.rotator.offset(); got != (aim{}) {
			t.Errorf("it was taught %+v", got)
		}
		if _, err := readAlignment(r.meter.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the alignment: %v", err)
		}
	})
}

// A scan plans thirteen samples at most whatever it is told, and none twice.
func TestScanEnds(t *testing.T) {
	for seed := range 200 {
		s := &peakScan{width: 2, elevation: 40, polar: seed%2 == 1}
		rng := rand.New(rand.NewPCG(uint64(seed), 0))
		for x, y, more := s.next(); more; x, y, more = s.next() {
			if math.IsNaN(x) || math.Hypot(x, y) > 60 || len(s.tried) >= mostSamples {
				t.Fatalf("seed %d: sample %d at %v, %v", seed, len(s.tried)+1, x, y)
			}
			s.add(tryout{X: x, Y: y, Locked: rng.IntN(3) > 0, CNR: 20 * rng.Float64()})
		}
	}
}
