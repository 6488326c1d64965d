package sound_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"stationbox/media/sound"
)

const twoSpeakers = `
pcm.room { type file slave.pcm { type null } file "ROOM" format "raw" hint { show on description "Room Speaker" } }
pcm.village { type file slave.pcm { type null } file "VILLAGE" format "raw" hint { show on description "Village Horn" } }
ctl.!default { type null }
`

// plugInTwo makes two ALSA devices of those names.
func plugInTwo(t *testing.T) (room, village *speaker) {
	t.Helper()
	needALSA(t)
	room, village = newSpeaker(t), newSpeaker(t)
	conf := filepath.Join(t.TempDir(), "asound.conf")
	text := strings.NewReplacer("ROOM", room.fifo, "VILLAGE", village.fifo).Replace(twoSpeakers)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ALSA_CONFIG_PATH", conf)
	return room, village
}

func TestRoomAndVillage(t *testing.T) {
	room, village := plugInTwo(t)
	dir := t.TempDir()
	write(t, dir, "a.wav", wave(1, 500, 0.1))
	in := open(t, sound.Opts{Device: "room", Prompts: dir})
	out := open(t, sound.Opts{Device: "Village Horn"})
	isOpen := func(st sound.State) bool { return st.Open }
	until(t, in, "open", isOpen)
	until(t, out, "open", isOpen)
	both := sound.NewOutlets(in, out)
	tenth := sound.Rate/10 - 200
	if err := both.PlayFile(sound.Room, "a"); err != nil {
		t.Error(err)
	}
	until(t, in, "heard in the room", func(st sound.State) bool { return !st.Busy && len(room.loud()) > tenth })
	if n := len(village.loud()); n > 0 {
		t.Errorf("%d samples in the village", n)
	}
	room.again()
	if err := both.PlayFile(sound.Both, "a"); err != nil {
		t.Error(err)
	}
	until(t, in, "heard in both", func(sound.State) bool { return len(room.loud()) > tenth && len(village.loud()) > tenth })
	if err := both.PlayFile(sound.Village, "b"); err == nil {
		t.Error("a prompt that is not there")
	}

	// The horn is torn off: it is said by name, and the room goes on.
	village.stick(true)
	until(t, out, "noticed", func(st sound.State) bool { return !st.Open })
	room.again()
	err := both.PlayFile(sound.Both, "a")
	if !errors.Is(err, sound.ErrSilent) || !strings.Contains(err.Error(), "village") || strings.Contains(err.Error(), "room") {
		t.Error(err)
	}
	until(t, in, "heard in the room", func(sound.State) bool { return len(room.loud()) > tenth })
	village.stick(false)
	until(t, out, "open again", isOpen)
	village.again()
	if err := both.PlayFile(sound.Village, "a"); err != nil {
		t.Error(err)
	}
	until(t, out, "heard in the village again", func(sound.State) bool { return len(village.loud()) > tenth })
}

func TestOutletsThatAreNotThere(t *testing.T) {
	s := open(t, sound.Opts{Device: sound.None})
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	tests := []struct {
		o    sound.Outlets
		to   sound.Place
		said []string // in the error
	}{
		{sound.NewOutlets(s, nil), sound.Room, nil},
		{sound.NewOutlets(s, nil), sound.Village, []string{"village"}},
		{sound.NewOutlets(s, nil), sound.Both, []string{"village"}},
		{sound.NewOutlets(nil, s), sound.Both, []string{"room"}},
		{sound.NewOutlets(nil, nil), sound.Both, []string{"room", "village"}},
		{sound.NewOutlets(s, s), "moon", []string{"moon"}},
	}
	for _, tt := range tests {
		err := tt.o.Bell(tt.to)
		if (err != nil) != (len(tt.said) > 0) || err != nil && !errors.Is(err, sound.ErrSilent) {
			t.Errorf("%s: %v", tt.to, err)
		}
		for _, word := range tt.said {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%v does not say %s", err, word)
			}
		}
		tt.o.Hush(tt.to)
	}
	if s.State().Busy {
		t.Error("busy after Hush")
	}
}

// TestSpeaksTells begins and ends once for two prompts in a row, and ends when the
// device goes.
func TestSpeaksTells(t *testing.T) {
	var mu sync.Mutex
	var told []bool
	s := open(t, sound.Opts{Device: sound.None, Speaks: func(on bool) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, on)
	}})
	calls := func(n int) func(sound.State) bool {
		return func(sound.State) bool {
			mu.Lock()
			defer mu.Unlock()
			return len(told) == n
		}
	}
	until(t, s, "open", func(st sound.State) bool { return st.Open })
	s.Beep(true) // is no speech
	s.Say(make(sound.Clip, sound.Rate/20))
	until(t, s, "begun", calls(1))
	s.Say(make(sound.Clip, sound.Rate/20))
	until(t, s, "ended", calls(2))
	s.Say(make(sound.Clip, 60*sound.Rate))
	until(t, s, "begun again", calls(3))
	s.Hush()
	until(t, s, "hushed", calls(4))
	s.Bell()
	until(t, s, "the bell", calls(5))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for i, on := range told {
		if on != (i%2 == 0) {
			t.Fatalf("%v", told)
		}
	}
	if len(told) != 6 {
		t.Errorf("%v: nobody turns the programme up again", told)
	}
}

func TestCards(t *testing.T) {
	room, village := plugInTwo(t)
	room.inTime()
	tests := []struct {
		device string
		want   sound.Result
		said   string
	}{
		{"Room Speaker", sound.Played, ""},
		{"village", sound.TooFast, "plays into nothing"},
		{sound.None, sound.IntoNone, ""},
		{"USB Audio", sound.NoDevice, "no device like"},
	}
	for _, tt := range tests {
		r := sound.TestCard(t.Context(), sound.Opts{Device: tt.device})
		t.Logf("%+v", r)
		if r.Result != tt.want || (r.Err == nil) != (tt.said == "") || r.Err != nil && !strings.Contains(r.Err.Error(), tt.said) {
			t.Errorf("%s: %+v", tt.device, r)
		}
	}
	if n := len(village.loud()); n < sound.Rate*9/10 {
		t.Errorf("%d samples of the tone", n)
	}
	village.stick(true)
	if r := sound.TestCard(t.Context(), sound.Opts{Device: "village"}); r.Result != sound.CutShort {
		t.Errorf("stuck: %+v", r)
	}
	village.stick(false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if r := sound.TestCard(ctx, sound.Opts{Device: "room"}); r.Result != sound.NoDevice {
		t.Errorf("no time: %+v", r)
	}
}
