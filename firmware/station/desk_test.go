package station

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/media/library"
	"stationbox/media/player"
)

// TestFilmsAreEquallyLoud: a film is loaded with what its lesson says of its sound,
// also where it was left off, and one of no lesson as it is.
func TestFilmsAreEquallyLoud(t *testing.T) {
	for name, tt := range map[string]struct {
		is   library.Loudness
		want player.Item
	}{
		"loud":             {library.Loudness{GainDB: -7.5}, player.Item{GainDB: -7.5}},
		"quiet with peaks": {library.Loudness{GainDB: 20, LimitDB: -2}, player.Item{Filter: library.Loudness{GainDB: 20, LimitDB: -2}.Filter()}},
		"hardly anything":  {library.Loudness{GainDB: 38}, player.Item{Filter: "lavfi=[volume=38.0dB]"}},
		"written by hand":  {library.Loudness{GainDB: 400}, player.Item{Filter: "lavfi=[volume=60.0dB]"}},
		"of no lesson":     {library.Loudness{}, player.Item{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &room{length: time.Minute}
				asked := ""
				d := newDesk(r, func(film string) library.Loudness {
					r.do(func() { asked = film })
					return tt.is
				}, slog.New(slog.DiscardHandler))
				go func() { _ = d.Run(t.Context()) }()
				d.want(wish{key: "a", file: "/films/a.mp4", at: 10 * time.Second})
				time.Sleep(2 * time.Second)
				tt.want.File, tt.want.At = "/films/a.mp4", 10*time.Second
				r.do(func() {
					if r.item != tt.want || asked != tt.want.File {
						t.Errorf("loaded %+v, want %+v; asked for %q", r.item, tt.want, asked)
					}
				})
			})
		})
	}
	if got := (*shelf)(nil).level("/films/a.mp4"); got != (library.Loudness{}) {
		t.Errorf("without a library: %+v", got)
	}
}
