package psi_test

import (
	"errors"
	"slices"
	"testing"

	"stationbox/hal"
	"stationbox/hal/tuner/psi"
)

// A map as it is sent: the clock is the picture's, sound has a descriptor.
const pmtBody = "E101 F000  1B E101 F000  0F E102 F006 0A04 7A686F00"

func TestPMT(t *testing.T) {
	s := psi.Section{Table: psi.TablePMT, Long: true, ID: 7, Body: unhex(t, pmtBody)}
	m, err := psi.ParsePMT([]psi.Section{s})
	if err != nil {
		t.Fatal(err)
	}
	if m.Programme != 7 || m.Clock != 0x101 || !slices.Equal(m.Parts, []psi.Part{{0x1B, 0x101}, {0x0F, 0x102}}) || !slices.Equal(m.PIDs(), []uint16{0x101, 0x102}) {
		t.Errorf("%+v", m)
	}
	m.Clock = 0x1ABC
	if got := m.PIDs(); !slices.Equal(got, []uint16{0x101, 0x102, 0x1ABC}) {
		t.Errorf("a clock of its own: %x", got)
	}
	m.Clock = psi.NullPID
	if got := m.PIDs(); !slices.Equal(got, []uint16{0x101, 0x102}) {
		t.Errorf("no clock: %x", got)
	}
	for name, bad := range map[string][]psi.Section{
		"none":               nil,
		"two":                {s, s},
		"another table":      {{Table: psi.TablePAT, Long: true, Body: s.Body}},
		"short form":         {{Table: psi.TablePMT, Body: s.Body}},
		"empty":              {{Table: psi.TablePMT, Long: true}},
		"a long description": {{Table: psi.TablePMT, Long: true, Body: unhex(t, "E101 F001")}},
		"a torn stream":      {{Table: psi.TablePMT, Long: true, Body: unhex(t, "E101 F000 1B E101 F0")}},
		"a torn descriptor":  {{Table: psi.TablePMT, Long: true, Body: unhex(t, "E101 F000 1B E101 F006 0A")}},
	} {
		if _, err := psi.ParsePMT(bad); !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPMT(f *testing.F) {
	f.Add(unhex(f, pmtBody))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := psi.ParsePMT([]psi.Section{{Table: psi.TablePMT, Long: true, Body: body}})
		if err != nil {
			return
		}
		if len(m.Parts) > len(body)/5 {
			t.Errorf("%d streams in %d bytes", len(m.Parts), len(body))
		}
		seen := map[uint16]bool{}
		for _, pid := range m.PIDs() {
			if seen[pid] || pid == 0 || pid >= psi.NullPID {
				t.Errorf("PID %04x of %+v", pid, m)
			}
			seen[pid] = true
		}
	})
}
