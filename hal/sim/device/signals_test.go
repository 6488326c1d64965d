package device

import (
	"path/filepath"
	"testing"

	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

func TestSignalsFollowTheMains(t *testing.T) {
	w := world.New(world.Opts{Seed: 1})
	pins, err := wire.ListenPins(filepath.Join(t.TempDir(), "pins"), wire.PinOpts{})
	if err != nil {
		t.Fatal(err)
	}
	defer pins.Close()
	opto, ups := NewOpto(w, pins, "GPIO9"), NewUPS(w, pins, "GPIO18", "GPIO11")
	check := func(when string, present, fed, full bool) {
		t.Helper()
		opto.Tick()
		ups.Tick()
		put := make([]wire.Level, 2)
		opto.Resolve(nil, put[:1])
		if got := put[0] == wire.Low; got != present {
			t.Errorf("%s: present %v", when, got)
		}
		ups.Resolve(nil, put)
		if put[0] == wire.Low != fed || put[1] == wire.Low != full {
			t.Errorf("%s: ups contacts %v", when, put)
		}
	}
	check("mains on", true, true, true)
	w.SetOn(false)
	check("outage", false, false, true)
	if err := ups.Fault("low"); err != nil {
		t.Fatal(err)
	}
	check("battery low", false, false, false)
	w.SetOn(true)
	check("mains back", true, true, true)
	_, _ = opto.Fault("dark"), ups.Fault("cut")
	check("dark module, cut wire", false, false, false)
	w.SetOn(false)
	_ = opto.Fault("lit")
	check("lit module", true, false, false)
	if opto.Fault("low") == nil {
		t.Error("a module has no battery")
	}
}

func TestStrikesAreOnTheWire(t *testing.T) {
	w := world.New(world.Opts{Seed: 1})
	for range 3 {
		w.Strike()
	}
	if got := w.Slow().Strikes; got != 3 {
		t.Errorf("%d strikes", got)
	}
}
