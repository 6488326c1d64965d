package station

import (
	"image"
	"log/slog"
	"testing"
	"time"

	"stationbox/firmware/lesson"
	picture "stationbox/media/screen"
)

// TestSideSights: the second screen has a board at any time, the first one's where it
// has one, and while the film runs who has come.
func TestSideSights(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		first := sights(t, lang)
		for name, v := range sightsOn(t, lang, (*showing).sideSight) {
			if v.board == nil || v.strip != nil || v.board.Place == "" && v.board.Kind != picture.Published {
				t.Errorf("%s %s: %+v", lang, name, v)
				continue
			}
			if b := first[name].board; b != nil && b.Kind != v.board.Kind {
				t.Errorf("%s %s: kind %v beside %v", lang, name, v.board.Kind, b.Kind)
			}
		}
	}
	all := sightsOn(t, "zh", (*showing).sideSight)
	film, late, alarm := all["film"].board, all["strip-greet"].board, all["strip-emergency"].board
	if film.Label != "正在播放" || film.Present != "5" || film.Arrived[0] != "赵德柱" {
		t.Errorf("beside the film: %+v", film)
	}
	if late.Foot.Text != "王秀英 已签到" || late.Foot.Mood != picture.Good {
		t.Errorf("who comes late: %+v", late.Foot)
	}
	if alarm.Kind != picture.Emergency || alarm.Headline == "" {
		t.Errorf("an emergency: %+v", alarm)
	}
}

// TestStartWaitsForNoSide: around the start nothing is drawn for the second screen.
func TestStartWaitsForNoSide(t *testing.T) {
	s := newScene(t, "zh")
	log := slog.New(slog.DiscardHandler)
	s.side = &side{easel: newEasel(sideName, &hook{size: image.Pt(640, 360)}, nil, nil, s.faults, log)}
	at := func(since time.Duration, phase lesson.Phase) bool {
		s.side.easel.told = false
		s.beside(s.o.Start.Add(since), s.o, lesson.Orders{Phase: phase})
		return s.side.easel.told
	}
	for _, tt := range []struct {
		since time.Duration
		phase lesson.Phase
		drawn bool
	}{
		{-2 * time.Second, lesson.RollCall, true},
		{-bare, lesson.RollCall, false},
		{0, lesson.Playing, false},
		{shortly - 1, lesson.Playing, false},
		{shortly, lesson.Playing, true},
		{0, lesson.Paused, true},
	} {
		if got := at(tt.since, tt.phase); got != tt.drawn {
			t.Errorf("%v after the start, %s: drawn %v", tt.since, tt.phase, got)
		}
	}
}
