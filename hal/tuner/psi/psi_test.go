package psi_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"stationbox/hal"
	"stationbox/hal/tuner/psi"
)

// The check value is that of the catalogue of parametrised CRC algorithms.
func TestCRC32(t *testing.T) {
	if got := psi.CRC32([]byte("123456789")); got != 0x0376E6E7 {
		t.Errorf("%08X, want 0376E6E7", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		if got, want := psi.CRC32(b), otherCRC(b); got != want {
			t.Errorf("%08X, another way %08X", got, want)
		}
	})
}

func section(t testing.TB, b []byte) psi.Section {
	t.Helper()
	s, err := psi.ParseSection(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSectionHeader(t *testing.T) {
	s := section(t, sealed(psi.TableSDT, 0x1234, 19, 2, 5, []byte{1, 2, 3}))
	want := psi.Section{Table: psi.TableSDT, Long: true, ID: 0x1234, Version: 19, Current: true, Number: 2, Last: 5, Body: []byte{1, 2, 3}}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("%+v, want %+v", s, want)
	}
	s = section(t, unhex(t, "70 7005 EFBB234400"))
	if s.Long || s.Table != psi.TableTDT || len(s.Body) != 5 {
		t.Errorf("short form: %+v", s)
	}
}

// No single changed byte, and no length but the right one, is taken.
func TestSectionDamage(t *testing.T) {
	for name, good := range map[string][]byte{
		"long": sealed(psi.TablePAT, 1, 0, 0, 0, unhex(t, "0001E100")),
		"TOT":  resealed(unhex(t, "73 701A"+totBody+"00000000")),
	} {
		section(t, good)
		rapid.Check(t, func(t *rapid.T) {
			b := bytes.Clone(good)
			switch rapid.IntRange(0, 2).Draw(t, "damage") {
			case 0:
				b = b[:rapid.IntRange(0, len(b)-1).Draw(t, "length")]
			case 1:
				b = append(b, rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "more")...)
			default:
				i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
				if name == "TOT" && i == 0 || i == 1 { // becomes another kind of section
					i = 3
				}
				b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
			}
			if s, err := psi.ParseSection(b); !errors.Is(err, hal.ErrGarbled) {
				t.Errorf("%s: % x: %+v, %v", name, b, s, err)
			}
		})
	}
	if _, err := psi.ParseSection(sealed(psi.TablePAT, 1, 0, 3, 2, nil)); !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("section 3 of 2: %v", err)
	}
}

func TestCollector(t *testing.T) {
	part := func(version, number, last byte) psi.Section {
		return section(t, sealed(psi.TableNIT, 7, version, number, last, []byte{number}))
	}
	later := part(1, 0, 0)
	later.Current = false
	for _, c := range []struct {
		name string
		in   []psi.Section
		want int // sections after the last one; 0: not whole
	}{
		{"one", []psi.Section{part(0, 0, 0)}, 1},
		{"any order", []psi.Section{part(0, 2, 2), part(0, 0, 2), part(0, 1, 2)}, 3},
		{"one twice", []psi.Section{part(0, 0, 1), part(0, 0, 1)}, 0},
		{"a new version half way", []psi.Section{part(0, 0, 1), part(1, 1, 1)}, 0},
		{"a longer table half way", []psi.Section{part(0, 0, 1), part(0, 1, 2)}, 0},
		{"not valid yet", []psi.Section{later}, 0},
		{"short form", []psi.Section{section(t, unhex(t, "70 7005 EFBB234400"))}, 0},
	} {
		var collect psi.Collector
		var got []psi.Section
		for _, s := range c.in {
			got = collect.Add(s)
		}
		if len(got) != c.want {
			t.Errorf("%s: %d sections, want %d", c.name, len(got), c.want)
		}
		for i, s := range got {
			if int(s.Number) != i {
				t.Errorf("%s: section %d in place %d", c.name, s.Number, i)
			}
		}
	}
}

func TestPAT(t *testing.T) {
	got, err := psi.ParsePAT([]psi.Section{
		section(t, sealed(psi.TablePAT, 9, 0, 0, 1, unhex(t, "0000E010 0001E100"))),
		section(t, sealed(psi.TablePAT, 9, 0, 1, 1, unhex(t, "0102FFFE"))),
	})
	want := psi.PAT{Stream: 9, NIT: 0x10, Programs: []psi.Program{{1, 0x100}, {0x102, 0x1FFE}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for name, s := range map[string]psi.Section{
		"cut off":       section(t, sealed(psi.TablePAT, 9, 0, 0, 0, []byte{0, 1, 0xE1})),
		"another table": section(t, sealed(psi.TableSDT, 9, 0, 0, 0, unhex(t, "0001E100"))),
	} {
		if _, err := psi.ParsePAT([]psi.Section{s}); !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNIT(t *testing.T) {
	got, err := psi.ParseNIT([]psi.Section{section(t, sealed(psi.TableNIT, 0x55, 0, 0, 0, unhex(t, nitBody)))})
	if err != nil {
		t.Fatal(err)
	}
	want := psi.NIT{Network: 0x55, Name: "中国", Streams: []psi.Stream{{
		ID: 0x1001, Network: 0x2002, Satellite: &psi.Satellite{
			Frequency: 4 * physic.GigaHertz, Orbit: 1155, SymbolRate: 27_500_000,
		},
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\n%+v, want\n%+v\n%+v", got, got.Streams[0].Satellite, want, want.Streams[0].Satellite)
	}
}

// oneSatellite is a NIT with this descriptor.
func oneSatellite(t testing.TB, descriptor string) psi.NIT {
	t.Helper()
	body := unhex(t, "F000 F013 1001 2002 F00D 43 0B"+descriptor)
	n, err := psi.ParseNIT([]psi.Section{section(t, sealed(psi.TableNIT, 1, 0, 0, 0, body))})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSatelliteDescriptor(t *testing.T) {
	got := oneSatellite(t, "01175725 0406 2E 0299000 8").Streams[0].Satellite
	want := psi.Satellite{Frequency: 11_757_250 * physic.KiloHertz, Orbit: -406, Polarization: psi.Vertical, SymbolRate: 29_900_000, S2: true}
	if got == nil || *got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if s := got.Orbit.String() + got.Polarization.String(); s != "40.6WV" {
		t.Errorf("%q", s)
	}
	for name, d := range map[string]string{
		"digit in the frequency": "0117A725 0406 2E 0299000 8",
		"digit in the place":     "01175725 04F6 2E 0299000 8",
		"digit in the rate":      "01175725 0406 2E 02990B0 8",
		"behind the earth":       "01175725 1801 2E 0299000 8",
		"nothing":                "00000000 0000 00 0000000 0",
	} {
		if n := oneSatellite(t, d); n.Nonsense != 1 || n.Streams[0].Satellite != nil {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestPosition(t *testing.T) {
	at := func(id uint16, o psi.Orbit) psi.Stream {
		return psi.Stream{ID: id, Satellite: &psi.Satellite{Orbit: o}}
	}
	for _, c := range []struct {
		name    string
		streams []psi.Stream
		want    psi.Orbit
		ok      bool
	}{
		{"none", nil, 0, false},
		{"not said", []psi.Stream{{ID: 1}}, 0, false},
		{"its own", []psi.Stream{at(2, 1055), at(1, 1155)}, 1155, true},
		{"the others agree", []psi.Stream{at(2, 1155), {ID: 1}, at(3, 1155)}, 1155, true},
		{"the others do not agree", []psi.Stream{at(2, 1155), at(3, 1055)}, 0, false},
	} {
		if got, ok := (psi.NIT{Streams: c.streams}).Position(1); got != c.want || ok != c.ok {
			t.Errorf("%s: %v, %v", c.name, got, ok)
		}
	}
}

func TestSDT(t *testing.T) {
	want := "教育电视"
	good := unhex(t, "2002 FF 0001 FC 800E 48 0C 01 00 09 13 BDCC D3FD B5E7 CAD3 0007 FC 3000")
	got, err := psi.ParseSDT([]psi.Section{section(t, sealed(psi.TableSDT, 0x1001, 0, 0, 0, good))})
	if err != nil || got.Stream != 0x1001 || got.Network != 0x2002 || len(got.Services) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if s := got.Services[0]; s != (psi.Service{ID: 1, Type: 1, Running: true, Name: want}) {
		t.Errorf("%+v", s)
	}
	if s := got.Services[1]; s != (psi.Service{ID: 7, Scrambled: true}) {
		t.Errorf("%+v", s)
	}
}

func TestTime(t *testing.T) {
	utc := time.Date(2026, 11, 27, 23, 44, 0, 0, time.UTC)
	got, err := psi.ParseTime(section(t, unhex(t, "70 7005 EFBB 234400")))
	if err != nil || !got.UTC.Equal(utc) || got.Offsets != nil {
		t.Errorf("TDT: %+v, %v", got, err)
	}
	got, err = psi.ParseTime(section(t, resealed(unhex(t, "73 701A"+totBody+"00000000"))))
	if err != nil || !got.UTC.Equal(utc) || len(got.Offsets) != 1 {
		t.Fatalf("TOT: %+v, %v", got, err)
	}
	o := got.Offsets[0]
	if o.Country != "CHN" || o.East != 8*time.Hour || o.Next != 8*time.Hour || o.Change.Format(time.DateOnly) != "2026-11-27" {
		t.Errorf("%+v", o)
	}
	// The example of annex C: MJD 45218 is 1982-09-06.
	if got, err := psi.ParseTime(section(t, unhex(t, "70 7005 B0A2 124500"))); err != nil || got.UTC.Format(time.DateTime) != "1982-09-06 12:45:00" {
		t.Errorf("%v, %v", got.UTC, err)
	}
	for name, s := range map[string]string{
		"not said": "70 7005 FFFF FFFFFF", "hour 24": "70 7005 EFBB 240000", "minute 60": "70 7005 EFBB 236000",
		"second 60": "70 7005 EFBB 235960", "digit": "70 7005 EFBB 2A0000", "short": "70 7004 EFBB 2344",
	} {
		if got, err := psi.ParseTime(section(t, unhex(t, s))); !errors.Is(err, hal.ErrGarbled) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestOffsetWest(t *testing.T) {
	west := unhex(t, "73 701A EFBB 234400 F00F 58 0D 5A5A5A 07 0330 EFBB 000000 0230 00000000")
	got, err := psi.ParseTime(section(t, resealed(west)))
	if err != nil || got.Offsets[0].East != -3*time.Hour-30*time.Minute || got.Offsets[0].Next != -150*time.Minute || got.Offsets[0].Region != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
