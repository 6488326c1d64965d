package station

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stationbox/firmware/command"
	"stationbox/firmware/station/internal/fault"
	"stationbox/media/sound"
)

// TestSoundTest says of each loudspeaker what became of its tone; one that is not
// there, and one that is silent by the configuration, were not heard.
func TestSoundTest(t *testing.T) {
	st := counter(t)
	st.cfg.Sound.Device, st.cfg.Sound.Calls = sound.None, "both"
	for _, village := range []string{"", "no such card"} {
		st.cfg.Sound.Village = village
		st.speakers = openSpeakers(st.cfg, nil, st.log, time.Now)
		r, err := st.runSoundTest(t.Context(), st.env("en", "shell"), nil)
		if err != nil || r.Code != command.CodeFailed || !strings.Contains(r.Text, "loudspeaker in the room: silent, as configured\n") {
			t.Errorf("village %q: %v, code %d:\n%s", village, err, r.Code, r.Text)
		}
		if got := strings.Contains(r.Text, "village loudspeaker: its card does not open"); got != (village != "") {
			t.Errorf("village %q:\n%s", village, r.Text)
		}
		if err := st.speakers.PlayFile("no-such-prompt"); err == nil {
			t.Error("a prompt that is missing is not told")
		}
		st.speakers.Bell() // a loudspeaker that is missing keeps the other from nothing
		if !st.speakers.room.State().Busy {
			t.Errorf("village %q: the room's bell does not ring", village)
		}
		if _, err := st.runSoundTest(t.Context(), st.env("en", "shell"), []string{"cellar"}); err == nil {
			t.Error("a place that is none")
		}
		if err := st.speakers.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTonesAt(t *testing.T) {
	for _, tt := range []struct {
		args    string
		village bool
		want    []sound.Place
	}{
		{"", true, []sound.Place{sound.Room, sound.Village}},
		{"", false, []sound.Place{sound.Room}},
		{"room", true, []sound.Place{sound.Room}},
		{"village", true, []sound.Place{sound.Village}},
		{"village", false, nil},
		{"both", true, nil},
		{"room village", true, nil},
	} {
		got, ok := tonesAt(strings.Fields(tt.args), tt.village)
		if !slices.Equal(got, tt.want) || ok != (tt.want != nil) {
			t.Errorf("%q, village %v: %v %v", tt.args, tt.village, got, ok)
		}
	}
}

// TestLoudspeakerThatDoesNotOpenIsAFault, of the right name.
func TestLoudspeakerThatDoesNotOpenIsAFault(t *testing.T) {
	st := counter(t)
	st.cfg.Sound.Device, st.cfg.Sound.Village = sound.None, "no such card"
	st.speakers = openSpeakers(st.cfg, nil, st.log, time.Now)
	defer func() { _ = st.speakers.Close() }()
	f := fault.New(st.log, func(string, string, any) {})
	for end := time.Now().Add(10 * time.Second); len(f.List()) == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		st.speakers.watch(f, func(_ string, bad bool, _ time.Duration) bool { return bad })
	}
	if got := f.List(); len(got) != 1 || got[0].Code != "fault.sound.village" {
		t.Errorf("faults %+v", got)
	}
}

// ducked remembers by how much the film was turned down.
type ducked chan float64

func (d ducked) Duck(dB float64) { d <- dB }

// The film is turned down while the station speaks, and not by a beep.
func TestFilmIsTurnedDownForSpeech(t *testing.T) {
	st := counter(t)
	st.cfg.Sound.Device, st.cfg.Sound.Prompts = sound.None, t.TempDir()
	// A quarter of a second of silence, 48 kHz, mono, 16 bit.
	const n = 24000
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, 36+n)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00\x77\x01\x00\x02\x00\x10\x00data"...)
	b = append(binary.LittleEndian.AppendUint32(b, n), make([]byte, n)...)
	if err := os.WriteFile(filepath.Join(st.cfg.Sound.Prompts, "roll-call.wav"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	film := make(ducked, 8)
	s := openSpeakers(st.cfg, film, st.log, time.Now)
	s.Beep(true)
	time.Sleep(300 * time.Millisecond)
	if len(film) > 0 {
		t.Errorf("turned down by %v dB for a beep", <-film)
	}
	if err := s.PlayFile("roll-call"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []float64{duckDB, 0} {
		select {
		case got := <-film:
			if got != want {
				t.Errorf("turned down by %v dB, want %v", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("never turned down by %v dB", want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
