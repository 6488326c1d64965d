// Package projector_test runs every projector driver against the emulated
// projectors, which share no code with the drivers.
package projector_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/displaytest"
	"stationbox/hal/line"
	"stationbox/hal/projector/benq"
	"stationbox/hal/projector/escvp21"
	"stationbox/hal/projector/nec"
	"stationbox/hal/projector/optoma"
	"stationbox/hal/projector/pjlink"
	"stationbox/hal/sim/device"
	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// The patience of drivers: with a projector that answers, and with one that does
// not.
const (
	patient = 10 * time.Second
	brief   = 800 * time.Millisecond
)

// display is what all projector drivers have in common.
type display interface {
	displaytest.Display
	Details(ctx context.Context) (hal.DisplayDetails, error)
}

// emulated is a projector of the simulator.
type emulated interface {
	device.Device
	Run(ctx context.Context) error
}

// brand is one driver with its far end.
type brand struct {
	name string
	// open returns both, the driver with that time-out.
	open func(t *testing.T, w *world.World, timeout time.Duration) (display, emulated)
	// warming and cooling are what it says of itself then; with lucky set it may
	// also say warming and cooling.
	warming, cooling hal.DisplayState
	lucky            bool
	// borne are the kinds that must not be noticed.
	borne []string
	// input is what Details says after Input("hdmi2").
	input string
	// tells says that the driver can tell which input is shown.
	tells bool
	// told are the parts it can tell to be in trouble.
	told []string
	// unasked says that it tells of troubles only by itself.
	unasked bool
	// after is what a refused, cut, silent or closed answer must become.
	after map[string]error
}

var parts = []string{hal.PartFan, hal.PartLamp, hal.PartTemperature, hal.PartCover, hal.PartFilter, hal.PartOther}

// usual are the errors of the faults that every wire has.
func usual(more map[string]error) map[string]error {
	m := map[string]error{"refuses": hal.ErrRefused, "silent": hal.ErrSilent, "cut": hal.ErrGarbled, "unplugged": hal.ErrGone}
	for k, v := range more {
		m[k] = v
	}
	return m
}

func brands() []brand {
	epsonBorne := []string{"wrong_case", "events", "deep", "late_prompt"}
	return []brand{
		{name: "pjlink", open: openPJLink, warming: hal.DisplayWarming, cooling: hal.DisplayCooling, input: "32", tells: true, told: parts,
			borne: []string{"wrong_case", "link_up", "pad_nul", "blank_line", "digest_each"},
			after: usual(map[string]error{"closes": hal.ErrGone})},
		{name: "escvp21", open: openEpson, warming: hal.DisplayWarming, cooling: hal.DisplayCooling, input: "A0", tells: true, told: parts,
			borne: epsonBorne, after: usual(map[string]error{"mute": hal.ErrSilent, "no_prompt": hal.ErrGarbled})},
		{name: "escvp21 over the network", open: openEpsonNet, warming: hal.DisplayWarming, cooling: hal.DisplayCooling, input: "A0", tells: true, told: parts,
			borne: epsonBorne, after: usual(map[string]error{"mute": hal.ErrSilent, "closes": hal.ErrGone})},
		{name: "benq", open: openBenQ, warming: hal.DisplayOn, cooling: hal.DisplayStandby, input: "hdmi2", tells: true,
			borne: []string{"wrong_case", "no_echo", "blank_echo", "double_echo", "no_prompt", "no_star", "no_hash", "bare_model", "same_text"},
			after: usual(map[string]error{"echo_only": hal.ErrGarbled})},
		{name: "optoma", open: openOptoma, warming: hal.DisplayOn, cooling: hal.DisplayStandby, input: "8",
			told: []string{hal.PartFan, hal.PartLamp, hal.PartTemperature}, unasked: true, lucky: true,
			borne: []string{"wrong_case", "bare", "mute_info", "old_off"}, after: usual(nil)},
		{name: "nec", open: openNEC, warming: hal.DisplayWarming, cooling: hal.DisplayCooling, input: "hdmi 2", tells: true, told: parts,
			borne: []string{"new_hdmi"}, after: usual(map[string]error{"bad_sum": hal.ErrGarbled})},
	}
}

func openTCP(t *testing.T) *wire.TCP {
	t.Helper()
	tcp, err := wire.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tcp.Close() })
	return tcp
}

// openPort returns a serial line of the simulator and the driver's end.
func openPort(t *testing.T, timeout time.Duration) (*wire.PTY, *line.Port) {
	t.Helper()
	pty, err := wire.OpenPTY(filepath.Join(t.TempDir(), "port"))
	if err != nil {
		t.Fatal(err)
	}
	port := line.Open(pty.Path(), line.Opts{Timeout: timeout})
	t.Cleanup(func() { _ = port.Close(); _ = pty.Close() })
	return pty, port
}

func openPJLink(t *testing.T, w *world.World, timeout time.Duration) (display, emulated) {
	tcp := openTCP(t)
	far := device.NewProjector(w, tcp, device.ProjectorOpts{Password: "secret", Class2: true})
	return pjlink.New(tcp.Addr().String(), pjlink.Opts{Password: "secret", Timeout: timeout}), far
}

func openEpson(t *testing.T, w *world.World, timeout time.Duration) (display, emulated) {
	pty, port := openPort(t, timeout)
	return escvp21.New(port), device.NewEpson(w, pty, device.EpsonOpts{Baud: -1})
}

func openEpsonNet(t *testing.T, w *world.World, timeout time.Duration) (display, emulated) {
	tcp := openTCP(t)
	far := device.NewEpsonNet(w, tcp, device.EpsonOpts{Password: "secret"})
	return escvp21.New(escvp21.NewNet(tcp.Addr().String(), escvp21.NetOpts{Password: "secret", Timeout: timeout})), far
}

func openBenQ(t *testing.T, w *world.World, timeout time.Duration) (display, emulated) {
	pty, port := openPort(t, timeout)
	return benq.New(port), device.NewBenQ(w, pty, device.BenQOpts{Baud: -1})
}

func openOptoma(t *testing.T, w *world.World, timeout time.Duration) (display, emulated) {
	pty, port := openPort(t, timeout)
	return optoma.New(port, 7), device.NewOptoma(w, pty, device.OptomaOpts{ID: 7, Baud: -1})
}

func openNEC(t *testing.T, w *world.World, timeout time.Duration) (display, emulated) {
	pty, port := openPort(t, timeout)
	return nec.New(port), device.NewNEC(w, pty, device.NECOpts{Baud: -1})
}

// hold advances w by d with the contactor held.
func hold(w *world.World, d time.Duration) {
	for end := w.Time() + d; w.Time() < end; {
		w.DriveEdge(w.Time())
		w.Advance(w.Time() + 10*time.Millisecond)
	}
}

// warm and cool are how long the lamp of the tests takes.
const (
	warm = time.Second
	cool = 2 * time.Second
)

// start returns a world with mains and a projector awake in standby, the driver
// and the far end, which runs until the end of the test.
func (b brand) start(t *testing.T, timeout time.Duration) (*world.World, display, emulated) {
	t.Helper()
	w := world.New(world.Opts{
		Loads:     []world.Load{{Name: "projector", Kind: world.ProjectorLoad}},
		Projector: world.ProjectorOpts{Boot: 50 * time.Millisecond, WarmUp: warm, CoolDown: cool, LampHours: 1234},
	})
	w.SetRelay(0, true)
	hold(w, 500*time.Millisecond)
	d, far := b.open(t, w, timeout)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- far.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w, d, far
}

func fault(t *testing.T, far emulated, kind string) {
	t.Helper()
	if err := far.Fault(kind); err != nil {
		t.Fatal(err)
	}
}

// wants asks for the state; a lucky projector may also say one of lucky.
func (b brand) wants(t *testing.T, d display, what string, want hal.DisplayState, lucky ...hal.DisplayState) {
	t.Helper()
	got, err := d.State(t.Context())
	if err != nil || got != want && !(b.lucky && slices.Contains(lucky, got)) {
		t.Errorf("%s: State = %v, %v; want %v", what, got, err, want)
	}
}

// live leads a projector through one lesson.
func (b brand) live(t *testing.T, w *world.World, d display) {
	t.Helper()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	b.wants(t, d, "before", hal.DisplayStandby)
	must("PowerOn", d.PowerOn(t.Context()))
	b.wants(t, d, "warming", b.warming, hal.DisplayWarming)
	if err := d.PowerOff(t.Context()); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("PowerOff while warming: %v, want refused", err)
	}
	hold(w, warm+200*time.Millisecond)
	b.wants(t, d, "lit", hal.DisplayOn)
	must("Input", d.Input(t.Context(), "hdmi2"))
	must("PowerOff", d.PowerOff(t.Context()))
	b.wants(t, d, "cooling", b.cooling, hal.DisplayCooling)
	if err := d.PowerOn(t.Context()); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("PowerOn while cooling: %v, want refused", err)
	}
	hold(w, cool+time.Second)
	b.wants(t, d, "after", hal.DisplayStandby)
	if s := w.Snapshot().Projector; s.Strikes != 1 || s.HotStrikes != 0 {
		t.Errorf("%d strikes, %d of them hot; want one", s.Strikes, s.HotStrikes)
	}
}

func TestOneLesson(t *testing.T) {
	for _, b := range brands() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w, d, _ := b.start(t, patient)
			b.live(t, w, d)
		})
	}
}

// What public clients met must not be noticed: the same lesson with each quirk.
func TestOneLessonWithEachQuirk(t *testing.T) {
	for _, b := range brands() {
		for _, kind := range b.borne {
			t.Run(b.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				timeout := patient
				if kind == "late_prompt" {
					timeout = brief // the prompt is not waited for
				}
				w, d, far := b.start(t, timeout)
				fault(t, far, kind)
				b.live(t, w, d)
			})
		}
	}
}

func TestEachFaultIsItsError(t *testing.T) {
	for _, b := range brands() {
		for kind, want := range b.after {
			t.Run(b.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				_, d, far := b.start(t, brief)
				fault(t, far, kind)
				if got, err := d.State(t.Context()); got != hal.DisplayUnknown || !errors.Is(err, want) {
					t.Errorf("State = %v, %v; want unknown, %v", got, err, want)
				}
				fault(t, far, "none")
				eventually(t, "well again", func() bool {
					s, err := d.State(t.Context())
					return s == hal.DisplayStandby && err == nil
				})
			})
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within 20s", what)
}

// A projector that says no for five minutes obeys in the sixth.
func TestRefusalEnds(t *testing.T) {
	t.Parallel()
	w, d, far := brands()[5].start(t, patient)
	fault(t, far, "refuses")
	if err := d.PowerOn(t.Context()); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("PowerOn = %v, want refused", err)
	}
	hold(w, device.RefusesFor)
	if err := d.PowerOn(t.Context()); err != nil {
		t.Errorf("PowerOn = %v after five minutes", err)
	}
}

// Whatever a bad wire delivers, and however slowly, calls end and the projector
// is understood again afterwards.
func TestBadWiresAreSurvived(t *testing.T) {
	for _, b := range brands() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			_, d, far := b.start(t, brief)
			for _, kind := range []string{"garbled", "slow", "late"} {
				fault(t, far, kind)
				began := time.Now()
				_, _ = d.State(t.Context()) // without a checksum a wrong bit can be a wrong state
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("%s: State took %v", kind, took)
				}
				fault(t, far, "none")
				eventually(t, "well after "+kind, func() bool {
					s, err := d.State(t.Context())
					return s == hal.DisplayStandby && err == nil
				})
			}
		})
	}
}

func TestDetails(t *testing.T) {
	for _, b := range brands() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w, d, far := b.start(t, patient)
			if err := d.PowerOn(t.Context()); err != nil {
				t.Fatal(err)
			}
			hold(w, warm+200*time.Millisecond)
			if err := d.Input(t.Context(), "hdmi2"); err != nil {
				t.Fatal(err)
			}
			got, err := d.Details(t.Context())
			if err != nil || got.Input != b.input || !slices.Equal(got.LampHours, []time.Duration{1234 * time.Hour}) || len(got.Errors) > 0 {
				t.Errorf("%+v, %v", got, err)
			}
			if checked := len(b.told) > 0 && !b.unasked; got.Checked != checked {
				t.Errorf("Checked = %v, want %v", got.Checked, checked)
			}
			for _, part := range b.told {
				fault(t, far, part)
				want := []string{part}
				eventually(t, part, func() bool {
					if b.unasked {
						return b.saysUnasked(t, w, part)
					}
					got, err := d.Details(t.Context())
					return err == nil && reflect.DeepEqual(got.Errors, want)
				})
			}
		})
	}
}

// saysUnasked opens a second projector that says its part's trouble before each
// answer, and wants it in the details.
func (b brand) saysUnasked(t *testing.T, w *world.World, part string) bool {
	t.Helper()
	pty, port := openPort(t, patient)
	far := device.NewOptoma(w, pty, device.OptomaOpts{Baud: -1, Quirk: "chatty"})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = far.Run(ctx) }()
	defer func() { cancel(); <-done }()
	fault(t, far, part)
	got, err := optoma.New(port, 0).Details(t.Context())
	return err == nil && reflect.DeepEqual(got.Errors, []string{part}) && !got.Checked
}

// What somebody chooses with the remote control is told, in every case of letters;
// a projector that tells its inputs by numbers of its model is no judge.
func TestShows(t *testing.T) {
	for _, b := range brands() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w, d, far := b.start(t, patient)
			teller, ok := d.(interface {
				Shows(ctx context.Context, input string) (bool, string, error)
			})
			if ok != b.tells {
				t.Fatalf("tells its input: %v, want %v", ok, b.tells)
			}
			if !ok {
				return
			}
			is := func(what, input string, want bool) {
				t.Helper()
				if shown, is, err := teller.Shows(t.Context(), input); shown != want || err != nil || is == "" {
					t.Errorf("%s: shows %s: %v (%q), %v; want %v", what, input, shown, is, err, want)
				}
			}
			if shown, _, err := teller.Shows(t.Context(), "hdmi1"); shown || !errors.Is(err, hal.ErrRefused) {
				t.Errorf("in standby: %v, %v; want refused", shown, err)
			}
			if err := d.PowerOn(t.Context()); err != nil {
				t.Fatal(err)
			}
			hold(w, warm+200*time.Millisecond)
			for _, input := range []string{"hdmi1", "hdmi2", "HDMI1"} {
				if err := d.Input(t.Context(), input); err != nil {
					t.Fatal(err)
				}
				is("chosen by us", input, true)
			}
			is("chosen by us", "hdmi2", false)
			fault(t, far, "other_input")
			is("chosen by hand", "hdmi1", false)
			if err := d.Input(t.Context(), "hdmi1"); err != nil {
				t.Fatal(err)
			}
			is("chosen again", "hdmi1", true)
			if slices.Contains(far.Kinds(), "wrong_case") {
				fault(t, far, "wrong_case")
				is("in the other case", "hdmi1", true)
			}
		})
	}
}

// An older Epson is mute until the lamp burns: nothing must be claimed meanwhile,
// and nothing be sent twice.
func TestEpsonThatIsMuteUntilTheLampBurns(t *testing.T) {
	for _, b := range brands()[1:3] {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w, d, far := b.start(t, brief)
			fault(t, far, "late_mute")
			if err := d.PowerOn(t.Context()); !errors.Is(err, hal.ErrSilent) {
				t.Errorf("PowerOn = %v, want no reply", err)
			}
			if s, err := d.State(t.Context()); s != hal.DisplayUnknown || !errors.Is(err, hal.ErrSilent) {
				t.Errorf("State = %v, %v while it strikes", s, err)
			}
			hold(w, warm+200*time.Millisecond)
			eventually(t, "lit", func() bool {
				s, err := d.State(t.Context())
				return s == hal.DisplayOn && err == nil
			})
			if n := w.Snapshot().Projector.Strikes; n != 1 {
				t.Errorf("%d strikes", n)
			}
		})
	}
}

func TestNECWithoutRunningStatus(t *testing.T) {
	b := brands()[5]
	b.warming = hal.DisplayOn // the basic information tells no warm-up
	w, d, far := b.start(t, patient)
	fault(t, far, "no_running")
	b.live(t, w, d)
}

func TestOptomaSaysWarmingAndCoolingWithItsAnswers(t *testing.T) {
	b := brands()[4]
	b.warming, b.cooling = hal.DisplayWarming, hal.DisplayCooling
	w, d, far := b.start(t, patient)
	fault(t, far, "chatty")
	b.live(t, w, d)
}

func TestAbnormalEpsonIsAFault(t *testing.T) {
	b := brands()[1]
	_, d, far := b.start(t, patient)
	fault(t, far, "abnormal")
	b.wants(t, d, "abnormal", hal.DisplayFault)
	if err := d.PowerOn(t.Context()); !errors.Is(err, hal.ErrRefused) {
		t.Errorf("PowerOn = %v", err)
	}
}
