package station

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/station/internal/fault"
	"stationbox/media/sound"
)

// speakers are the station's own loudspeakers: the one in the room, which also
// answers presses, and where there is one the village's on its mast; and its ear,
// when it has one. One that is
// missing is a fault of its own and keeps the other from nothing.
type speakers struct {
	room, village *sound.Sound      // village: nil for none
	mic           *sound.Microphone // in the room, which keeps no sound; nil for none
	out           sound.Outlets
	calls         sound.Place // where bell and prompts are heard
	busy          sync.Mutex  // a tone is being played
}

// duckDB is by how much the film is turned down while the station speaks in the
// room: speech is understood, and everybody still hears that the film goes on.
const duckDB = 15

// openSpeakers opens what is configured. While the station speaks in the room, film
// is turned down; nil: it cannot be.
func openSpeakers(cfg *config.Config, film interface{ Duck(dB float64) }, log *slog.Logger, tick func() time.Time) *speakers {
	s := &speakers{calls: sound.Place(cfg.Sound.Calls)}
	o := sound.Opts{Device: cfg.Sound.Device, Prompts: cfg.Sound.Prompts, Log: log, Now: tick}
	if film != nil {
		o.Speaks = func(speaks bool) {
			dB := 0.0
			if speaks {
				dB = duckDB
			}
			film.Duck(dB)
		}
	}
	s.room = sound.Open(o)
	if cfg.Sound.Village != "" {
		s.village = sound.Open(sound.Opts{Device: cfg.Sound.Village, Prompts: cfg.Sound.Prompts, Log: log, Now: tick})
	}
	if cfg.Sound.Microphone != "" {
		s.mic = sound.Listen(sound.MicOpts{Device: cfg.Sound.Microphone, Log: log, Now: tick})
	}
	s.out = sound.NewOutlets(s.room, s.village)
	return s
}

// Bell rings before a lesson.
func (s *speakers) Bell() { _ = s.out.Bell(s.calls) } // a loudspeaker that is missing has its fault

// PlayFile speaks a prompt; the error is that there is none of that name.
func (s *speakers) PlayFile(name string) error {
	if err := s.out.PlayFile(s.calls, name); err != nil && !errors.Is(err, sound.ErrSilent) {
		return err
	}
	return nil
}

// Beep answers a press.
func (s *speakers) Beep(ok bool) { s.room.Beep(ok) }

// Close lets the devices go.
func (s *speakers) Close() error {
	err := s.room.Close()
	if s.village != nil {
		err = errors.Join(err, s.village.Close())
	}
	if s.mic != nil {
		err = errors.Join(err, s.mic.Close())
	}
	return err
}

// watch sets the faults of loudspeakers that do not open.
func (s *speakers) watch(f *fault.Book, lasting func(string, bool, time.Duration) bool) {
	for code, one := range map[string]*sound.Sound{"fault.sound.down": s.room, "fault.sound.village": s.village} {
		if one == nil {
			continue
		}
		st := one.State()
		cause := ""
		if st.Problem != nil {
			cause = st.Problem.Error()
		}
		f.Set(lasting(code, !st.Open && !st.Silent, 5*time.Second), code, "", "cause", cause)
	}
	if s.mic == nil {
		return
	}
	st := s.mic.State()
	cause := ""
	if st.Problem != nil {
		cause = st.Problem.Error()
	}
	f.Set(lasting("microphone", !st.Open, 5*time.Second), "fault.sound.microphone", "", "cause", cause)
	f.Set(lasting("mute", st.Open && st.Mute, 30*time.Second), "fault.sound.mute", "")
}

// tone is the outcome of a card test, as data.
type tone struct {
	Place sound.Place `json:"place"`
	sound.Report
	Why string `json:"why,omitempty"`
}

// runSoundTest plays a tone at one loudspeaker or all of them, and says what each
// device did with it. Whether it is heard only people know.
func (st *Station) runSoundTest(ctx context.Context, env *command.Env, args []string) (command.Result, error) {
	if st == nil {
		return command.Result{}, env.Failed("cmd.not_running")
	}
	places, ok := tonesAt(args, st.speakers.village != nil)
	switch {
	case !ok:
		return command.Result{}, env.Misused("cmd.sound.test.places")
	case st.showing.busy() || !st.speakers.busy.TryLock():
		return command.Result{}, env.Failed("cmd.sound.busy")
	}
	defer st.speakers.busy.Unlock()
	st.scribe.put(firmware.KindCommand, "", map[string]any{"args": append([]string{"sound", "test"}, args...), "by": env.By})
	var b strings.Builder
	var r command.Result
	tones := []tone{}
	for _, p := range places {
		one := st.speakers.room
		if p == sound.Village {
			one = st.speakers.village
		}
		t := tone{Place: p, Report: one.Test(ctx)}
		if t.Err != nil {
			t.Why = t.Err.Error()
		}
		if t.Result != sound.Played {
			r.Code = command.CodeFailed
		}
		tones = append(tones, t)
		b.WriteString(env.Text.Say("cmd.sound."+string(t.Result), "place", env.Text.Say("sound."+string(p)), "device", t.Device, "why", t.Why) + "\n")
	}
	r.Text, r.Data = b.String(), tones
	return r, nil
}

// tonesAt reads the words of a card test: none is everywhere.
func tonesAt(args []string, village bool) (places []sound.Place, ok bool) {
	switch {
	case len(args) == 0 && village:
		return []sound.Place{sound.Room, sound.Village}, true
	case len(args) == 0 || len(args) == 1 && args[0] == string(sound.Room):
		return []sound.Place{sound.Room}, true
	case len(args) == 1 && args[0] == string(sound.Village) && village:
		return []sound.Place{sound.Village}, true
	}
	return nil, false
}
