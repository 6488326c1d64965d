package psi_test

import (
	"testing"
	"time"
	"unicode"

	"stationbox/hal/tuner/psi"
)

// cjk are the unified ideographs of the first plane.
var cjk = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x4E00, Hi: 0x9FA5, Stride: 1}}}

func FuzzSection(f *testing.F) {
	f.Add(sealed(psi.TablePAT, 1, 0, 0, 0, unhex(f, "0001E100")))
	f.Add(unhex(f, "70 7005 EFBB234400"))
	f.Add(resealed(unhex(f, "73 701A"+totBody+"00000000")))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := psi.ParseSection(b)
		if err != nil {
			return
		}
		if len(s.Body) > len(b)-3 || s.Number > s.Last || s.Version > 31 {
			t.Errorf("% x: %+v", b, s)
		}
		var c psi.Collector
		if all := c.Add(s); len(all) > 1 || s.Last > 0 && all != nil {
			t.Errorf("% x: %d sections of one", b, len(all))
		}
	})
}

func FuzzPAT(f *testing.F) {
	f.Add(unhex(f, "0000E010 0001E100"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := psi.ParsePAT([]psi.Section{{Table: psi.TablePAT, Long: true, Body: body}})
		if err == nil && len(p.Programs) > len(body)/4 {
			t.Errorf("%d programmes in %d bytes", len(p.Programs), len(body))
		}
	})
}

func FuzzNIT(f *testing.F) {
	f.Add(unhex(f, nitBody))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := psi.ParseNIT([]psi.Section{{Table: psi.TableNIT, Long: true, Body: body}})
		if err != nil {
			return
		}
		if len(n.Streams) > len(body)/6 {
			t.Errorf("%d streams in %d bytes", len(n.Streams), len(body))
		}
		for _, s := range n.Streams {
			if o, ok := n.Position(s.ID); ok && (o < -1800 || o > 1800) {
				t.Errorf("a satellite at %v", o)
			}
		}
	})
}

func FuzzSDT(f *testing.F) {
	f.Add(unhex(f, "2002 FF 0001 FC 800E 48 0C 01 00 09 13 BDCC D3FD B5E7 CAD3"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := psi.ParseSDT([]psi.Section{{Table: psi.TableSDT, Long: true, Body: body}})
		if err == nil && len(s.Services) > len(body)/5 {
			t.Errorf("%d services in %d bytes", len(s.Services), len(body))
		}
	})
}

func FuzzTime(f *testing.F) {
	f.Add(true, unhex(f, totBody))
	f.Add(false, unhex(f, "EFBB234400"))
	f.Fuzz(func(t *testing.T, tot bool, body []byte) {
		s := psi.Section{Table: psi.TableTDT, Body: body}
		if tot {
			s.Table = psi.TableTOT
		}
		got, err := psi.ParseTime(s)
		if err != nil {
			return
		}
		if y := got.UTC.Year(); y < 1858 || y > 2038 {
			t.Errorf("% x: %v", body, got.UTC)
		}
		for _, o := range got.Offsets {
			if o.East <= -24*time.Hour || o.East >= 24*time.Hour {
				t.Errorf("% x: %+v", body, o)
			}
		}
	})
}
