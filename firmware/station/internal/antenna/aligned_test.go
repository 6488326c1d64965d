package antenna

import (
	"strings"
	"testing"
	"time"

	"stationbox/firmware/text"
)

func TestDishSinceAligned(t *testing.T) {
	tests := []struct {
		name, want string
		change     func(r *dishRig)
	}{
		{"nothing", "same", func(*dishRig) {}},
		{"the base sank", "moved", func(r *dishRig) { p := r.dish.Pose(); p.Roll += 1; r.dish.Turn(p) }},
		{"the dish dropped", "moved", func(r *dishRig) { p := r.dish.Pose(); p.Elevation -= 0.8; r.dish.Turn(p) }},
		{"attenuation", "weaker", func(r *dishRig) { r.dish.Rain(2) }},
		{"no lock", "weaker", func(r *dishRig) { r.dish.Rain(30) }},
		{"attenuation and no inclinometer", "unsure", func(r *dishRig) { r.dish.Rain(2); _ = r.incline.Fault("silent") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onRig(t, func(t *testing.T, r *dishRig) {
				if _, ok := alignmentOf(r.meter.View(), in2026()); ok {
					t.Error("aligned before there is a signal")
				}
				time.Sleep(20 * time.Second)
				if said := r.meter.sinceText(text.New("en"), r.meter.View(), time.UTC); said != "" {
					t.Errorf("never aligned: %q", said)
				}
				a, ok := alignmentOf(r.meter.View(), in2026())
				if !ok || a.CNR == nil || a.Elevation == nil {
					t.Fatalf("%+v, %v", a, ok)
				}
				if err := a.write(r.meter.dir); err != nil {
					t.Fatal(err)
				}
				if got := alignedAt(r.cfg); !got.Equal(a.At) {
					t.Errorf("aligned at %v, want %v", got, a.At)
				}
				tt.change(r)
				time.Sleep(30 * time.Second)
				v := r.meter.View()
				said := r.meter.sinceText(text.New("en"), v, time.UTC)
				if v.Since != tt.want || !strings.Contains(said, "2026-11-2") {
					t.Errorf("%q, want %q: %q", v.Since, tt.want, said)
				}
			})
		})
	}
}
