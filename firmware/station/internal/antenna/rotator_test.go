package antenna

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
	"stationbox/hal"
	"stationbox/hal/sim/device"
)

// atFirst is what the mount is told before anybody wants anything.
var atFirst = []string{"stop"}

func TestNothingMovesByItself(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{}, func(t *testing.T, r *motorRig) {
		before := r.dishRig.dish.Pose()
		time.Sleep(5 * time.Minute)
		r.says(t, "dish turn 190 40", "from azimuth", "to", "azimuth 190.00°, elevation 40.00°", "-yes")
		r.says(t, "dish park", "-yes")
		r.says(t, "dish peak live", "-yes")
		time.Sleep(time.Minute)
		if got := r.dishRig.dish.Pose(); got != before || !slices.Equal(r.mount.Orders(), atFirst) || len(r.notes) != 0 {
			t.Errorf("%v, %v, %d notes", got, r.mount.Orders(), len(r.notes))
		}
	})
}

func TestTurn(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{}, func(t *testing.T, r *motorRig) {
		r.says(t, "dish turn 190 40 -yes", "arrived", "azimuth 190.00°, elevation 40.00°", "no lock")
		if p := r.dishRig.dish.Pose(); math.Abs(p.Azimuth-190) > 0.01 || math.Abs(p.Elevation-40) > 0.01 {
			t.Errorf("%+v", p)
		}
		r.says(t, "dish turn 115.5E -yes", "arrived")
		time.Sleep(20 * time.Second)
		r.says(t, "dish stop", "locked", "C/N 14.")
		if r.off() > 0.01 {
			t.Errorf("%v degrees off", r.off())
		}
		r.says(t, "dish turn -170 40 -yes", "azimuth 190.00°") // a full turn into the limits
		r.says(t, "dish turn 310 40 -yes", "beyond the limits", "0° to 300°, elevation 10° to 90°")
		r.says(t, "dish turn 190 5 -yes", "beyond the limits")
		r.says(t, "dish turn Nosuchsat -yes", "list of satellites")
		r.says(t, "dish turn 20W -yes", "horizon")
		r.says(t, "dish park -yes", "azimuth 0.00°, elevation 0.00°")
		if want := slices.Repeat([]string{firmware.KindCommand}, 5); !slices.Equal(r.notes, want) {
			t.Errorf("written down: %v", r.notes)
		}
		if len(r.codes()) > 0 && !slices.Equal(r.codes(), []string{"fault.dish.no_lock"}) {
			t.Errorf("faults %v", r.codes())
		}
	})
}

// The play of the gears always lies on the same side.
func TestTurnTakesUpThePlay(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Backlash: 0.3}, func(t *testing.T, r *motorRig) {
		var poses []float64
		for _, args := range []string{"dish turn 180 40 -yes", "dish turn 185 40.1 -yes", "dish turn 180 40 -yes", "dish turn 179.9 39.9 -yes", "dish turn 180 40 -yes"} {
			r.says(t, args, "arrived")
			if strings.Contains(args, " 180 ") {
				poses = append(poses, r.dishRig.dish.Pose().Azimuth)
			}
		}
		if math.Abs(poses[1]-poses[0]) > 0.011 || math.Abs(poses[2]-poses[0]) > 0.011 {
			t.Errorf("azimuths %v", poses)
		}
	})
}

func TestMoveThatFails(t *testing.T) {
	tests := []struct {
		name, kind string
		says       string
		code       string
		within     time.Duration
	}{
		{"blocked", "stalled", "did not arrive", "fault.dish.rotator_stuck", 25 * time.Second},
		{"one axis blocked", "stuck_el", "did not arrive", "fault.dish.rotator_stuck", 90 * time.Second},
		{"without power", "unpowered", "do not answer", "fault.dish.rotator", 25 * time.Second},
		{"silent", "silent", "do not answer", "fault.dish.rotator", 35 * time.Second},
		{"unplugged", "unplugged", "do not answer", "fault.dish.rotator", 25 * time.Second},
		{"garbled", "garbled", "", "", 3 * time.Minute},
		{"another's answers", "another", "do not answer", "fault.dish.rotator", 25 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onMotors(t, rotctldRows, device.RotatorOpts{Speed: 1}, func(t *testing.T, r *motorRig) {
				failed := r.begins(t, "dish turn 250 20 -yes")
				time.Sleep(5 * time.Second)
				r.fault(t, tt.kind, r.mount)
				begun := time.Now()
				got := <-failed
				if took := time.Since(begun); took > tt.within {
					t.Errorf("it took %v", took)
				}
				if tt.says == "" {
					return
				}
				if !strings.Contains(got, tt.says) || !slices.Contains(r.codes(), tt.code) {
					t.Errorf("%q, faults %v", got, r.codes())
				}
				r.fault(t, "none", r.mount)
				r.says(t, "dish stop", "stands still")
				if r.mount.Moving() {
					t.Error("it moves on")
				}
				r.says(t, "dish turn 190 42 -yes", "arrived")
				if slices.Contains(r.codes(), tt.code) {
					t.Errorf("afterwards faults %v", r.codes())
				}
			})
		})
	}
}

// A mount whose network is away keeps moving: the stop comes when it is back.
func TestStopGetsAcross(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 0.5}, func(t *testing.T, r *motorRig) {
		failed := r.begins(t, "dish turn 250 40 -yes")
		time.Sleep(5 * time.Second)
		r.fault(t, "unplugged", r.mount)
		time.Sleep(8 * time.Second) // it is given up after five
		if !r.mount.Moving() {
			t.Error("the mount stopped by itself")
		}
		r.fault(t, "none", r.mount)
		if got := <-failed; !strings.Contains(got, "do not answer") {
			t.Errorf("%q", got)
		}
		if r.mount.Moving() {
			t.Error("nobody stopped it")
		}
	})
}

func TestStop(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 1}, func(t *testing.T, r *motorRig) {
		ended := r.begins(t, "dish turn 250 40 -yes")
		time.Sleep(10 * time.Second)
		r.says(t, "dish turn 190 40 -yes", "moving already")
		r.says(t, "dish stop", "stands still")
		if got := <-ended; got != "stopped" || r.mount.Moving() || len(r.codes()) > 0 && !slices.Equal(r.codes(), []string{"fault.dish.no_lock"}) {
			t.Errorf("%q, moving %v, faults %v", got, r.mount.Moving(), r.codes())
		}
		if az := r.dishRig.dish.Pose().Azimuth; az > 200 {
			t.Errorf("azimuth %v", az)
		}
	})
}

// Who asks goes away, or the station ends: the dish does not move on.
func TestMoveOfNobody(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 1}, func(t *testing.T, r *motorRig) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if got, _ := r.run(ctx, "dish turn 250 40 -yes"); got != "stopped" || r.mount.Moving() {
			t.Errorf("%q, moving %v", got, r.mount.Moving())
		}
		go func() { _, _ = r.run(t.Context(), "dish turn 250 40 -yes") }()
		time.Sleep(5 * time.Second) // and now the station ends: see onMotors
	})
}

// Other programs see true directions and keep to the limits.
func TestFace(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{Speed: 2}, func(t *testing.T, r *motorRig) {
		c, err := r.local.Dial(t.Context(), "tcp", "127.0.0.1:4600")
		if err != nil {
			t.Fatal(err)
		}
		ask := func(said string) string {
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.WriteString(c, said+"\n"); err != nil {
				t.Fatal(err)
			}
			var b [512]byte
			n, _ := c.Read(b[:])
			return string(b[:n])
		}
		if got := ask("P 301 40"); got != "RPRT -21\n" {
			t.Errorf("too far: %q", got)
		}
		if got := ask("P 230 40"); got != "RPRT 0\n" {
			t.Errorf("%q", got)
		}
		time.Sleep(5 * time.Second)
		if got := ask("P 190 41"); got != "RPRT 0\n" { // the newest goal counts
			t.Errorf("%q", got)
		}
		time.Sleep(30 * time.Second)
		if got := ask("p"); got != "190.00\n41.00\n" {
			t.Errorf("%q", got)
		}
		ask("P 230 40")
		time.Sleep(2 * time.Second)
		if got := ask("S"); got != "RPRT 0\n" || r.mount.Moving() {
			t.Errorf("stop: %q, moving %v", got, r.mount.Moving())
		}
		go func() { _, _ = r.run(t.Context(), "dish turn 250 40 -yes") }()
		time.Sleep(2 * time.Second)
		if got := ask("P 190 41"); got != "RPRT -9\n" {
			t.Errorf("while a command moves: %q", got)
		}
		if got := ask("S"); got != "RPRT 0\n" || r.mount.Moving() {
			t.Errorf("stop of another's move: %q", got)
		}
		_ = c.Close()
	})
}

// Whoever aligns by hand takes the motors out of everybody's hands, and comes only when
// they are at rest.
func TestAligningByHandKeepsTheMotorsStill(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{}, func(t *testing.T, r *motorRig) {
		release, err := r.rotator.standStill(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.says(t, "dish turn 190 40 -yes", "by hand")
		if err := (face{r.rotator}).Turn(t.Context(), positionOf(aim{Azimuth: 190, Elevation: 40})); !errors.Is(err, hal.ErrRefused) {
			t.Errorf("another program: %v", err)
		}
		release()
		_, free, err := r.rotator.claim(t.Context()) // a scan
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.rotator.standStill(t.Context()); !errors.Is(err, errMountBusy) {
			t.Errorf("beside a scan: %v", err)
		}
		free()
		if got := r.mount.Orders(); !slices.Equal(got, atFirst) {
			t.Errorf("orders %v", got)
		}
	})
	if release, err := (*Rotator)(nil).standStill(t.Context()); err != nil || release == nil {
		t.Errorf("without motors: %v", err)
	}
}

// Nothing turns while somebody stands at the dish.
func TestNothingMovesWhileSomebodyAligns(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{}, func(t *testing.T, r *motorRig) {
		r.meter.haste.set(true)
		r.says(t, "dish turn 190 40 -yes", "by hand")
		r.says(t, "dish park -yes", "by hand")
		if err := (face{r.rotator}).Turn(t.Context(), positionOf(aim{Azimuth: 190, Elevation: 40})); !errors.Is(err, hal.ErrRefused) {
			t.Errorf("another program: %v", err)
		}
		r.meter.haste.set(false)
		if got := r.mount.Orders(); !slices.Equal(got, atFirst) {
			t.Errorf("orders %v", got)
		}
		r.says(t, "dish turn 190 40 -yes", "arrived")
	})
}

// A motor on the cable is told an angle; where it stands is reckoned.
func TestPositioner(t *testing.T) {
	onMotors(t, diseqcRows, device.RotatorOpts{OffAz: 0.4}, func(t *testing.T, r *motorRig) {
		r.says(t, "dish turn 180 40 -yes", "arc of the satellites")
		r.says(t, "dish turn 115.5E", "an unknown direction", "from the meridian", "-yes")
		r.says(t, "dish turn 60W -yes", "horizon")
		r.says(t, "dish turn 115.5E -yes", "arrived", "-1.0")
		v := dish.HourAngle(dish.Place{Latitude: 39.9, Longitude: 116.4}, dish.Geostationary(115.5))
		if got := r.polar.Angle(); math.Abs(got-float64(v)) > 0.032 {
			t.Errorf("the motor stands at %v, want %v", got, v)
		}
		r.says(t, "dish peak live -yes", "strongest direction", "alignment is kept")
		if r.off() > 0.08 { // half a step of the motor is 0.03, the geometry of a sphere 0.03
			t.Errorf("%.3f degrees off: %s", r.off(), strings.Join(r.told, "\n"))
		}
		if off := float64(r.rotator.offset().Hour); math.Abs(off+0.4) > 0.05 {
			t.Errorf("the mount is off by %.3f", off)
		}
		r.says(t, "dish park -yes", "+0.") // the middle of the motor's way is not the meridian
		r.says(t, "dish turn 60E -yes", "beyond the limits", "45°")
	})
}

func TestPointingThatIsLost(t *testing.T) {
	onMotors(t, rotctldRows, device.RotatorOpts{}, func(t *testing.T, r *motorRig) {
		for _, file := range []string{"{", `{"off":{"az_true_deg":200}}`} {
			again := OpenRotator(r.cfg, r.needs, r.meter)
			again.dir = t.TempDir()
			if err := os.WriteFile(filepath.Join(again.dir, "rotator.json"), []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := again.offset(); got != (aim{}) {
				t.Errorf("%s: %+v", file, got)
			}
		}
	})
}

func TestNoMotors(t *testing.T) {
	table := command.New(command.Motors(Motors{})...)
	for _, args := range []string{"dish turn 1 2 -yes", "dish peak live", "dish park", "dish stop"} {
		if _, err := table.Run(t.Context(), &command.Env{Text: text.New("en")}, strings.Fields(args)); err == nil || !strings.Contains(err.Error(), "not running") {
			t.Errorf("%s: %v", args, err)
		}
	}
	table = command.New(command.Motors(Motors{Running: true})...)
	if _, err := table.Run(t.Context(), &command.Env{Text: text.New("en")}, []string{"dish", "stop"}); err == nil || !strings.Contains(err.Error(), "[dish.rotator]") {
		t.Error(err)
	}
	if r := OpenRotator(dishConfig(t, villageDish), Needs{}, nil); r != nil || r.Tasks() != nil {
		t.Error("a dish without motors has some")
	}
	if err := (&cable{}).send(t.Context(), transponder(dishConfig(t, villageDish).Dish.Tuner), nil); !errors.Is(err, hal.ErrGone) {
		t.Error(err)
	}
}
