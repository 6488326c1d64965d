package power_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/power"
)

func events(t *testing.T, dir string) (list []*power.Record) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := power.ParseRecord(b)
		if err != nil || len(b) > 16<<10 {
			t.Fatalf("%s: %d bytes, %v", file, len(b), err)
		}
		list = append(list, r)
	}
	return list
}

// TestLoopKeepsAnEvent: of a trip there is a file within half a second, with the
// numbers that the station is told.
func TestLoopKeepsAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "events")
		r := start(t, power.Opts{Events: dir})
		time.Sleep(5 * time.Second)
		if list := events(t, dir); len(list) != 0 {
			t.Errorf("%d events before anything happened", len(list))
		}
		r.set(func() { r.volts = 402 })
		time.Sleep(500 * time.Millisecond)
		list := events(t, dir)
		if len(list) != 1 || list[0].Whole {
			t.Fatalf("%d events after half a second", len(list))
		}
		r.set(func() { r.volts = 220 })
		time.Sleep(6 * time.Second)
		list = events(t, dir)
		trip := r.find(t, "trip")
		var kinds []string
		for _, a := range list[0].Acts {
			kinds = append(kinds, a.Kind)
			if a.Kind == "trip" && (a.Seq != trip.Seq || a.MV != trip.MV || a.Cause != strings.TrimPrefix(trip.Cause, "guard.cause.")) {
				t.Errorf("%+v; told was %+v", a, trip)
			}
		}
		for _, want := range []string{"trip", "open", "swell", "contact_open"} {
			if !slices.Contains(kinds, want) {
				t.Errorf("no %s in %v", want, kinds)
			}
		}
		if !list[0].Whole || list[0].Boot != "boot" || list[0].Next.Trips != 1 || len(list[0].Wave.Gaps) != 0 {
			t.Errorf("whole %v, boot %q, next %+v, gaps %v", list[0].Whole, list[0].Boot, list[0].Next, list[0].Wave.Gaps)
		}
		r.stop()
		if n := len(events(t, dir)); n != len(list) {
			t.Errorf("%d events after the end; %d before", n, len(list))
		}
	})
}

// TestLoopEndsInAnEvent: what is not yet on the card at the end is put there.
func TestLoopEndsInAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := start(t, power.Opts{Events: dir})
		time.Sleep(5 * time.Second)
		r.set(func() { r.volts = 402 })
		time.Sleep(50 * time.Millisecond)
		r.stop()
		if list := events(t, dir); len(list) != 1 || !list[0].Whole {
			t.Errorf("%d events", len(list))
		}
	})
}

// TestLoopWithoutRoomForEvents guards as before, and says so.
func TestLoopWithoutRoomForEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, power.Opts{Events: filepath.Join(os.Args[0], "events")}) // a file is no folder
		time.Sleep(5 * time.Second)
		r.set(func() { r.volts = 402 })
		time.Sleep(600 * time.Millisecond)
		if st := r.last(); !slices.Contains(st.Notes, power.NoteEvents) || st.Contactor || r.closed() {
			t.Errorf("status %+v", st)
		}
		r.set(func() { r.volts = 220 })
		time.Sleep(6 * time.Second)
		if st := r.last(); st.State != firmware.GuardClosed {
			t.Errorf("not closed again: %+v", st)
		}
		r.stop()
	})
}
