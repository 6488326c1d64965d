package library_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stationbox/media/library"
)

// measure is an independent measurement: another filter (loudnorm) than the one
// that the library uses. The peak is the true peak.
func measure(t testing.TB, path, filter string) (lufs, peak float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-i", path, "-vn", "-af", filter+"loudnorm=print_format=json", "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	number := func(key string) float64 {
		m := regexp.MustCompile(`"` + key + `" : "([-0-9.inf]+)"`).FindSubmatch(out)
		if m == nil {
			t.Fatalf("no %s in %s", key, out)
		}
		v, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	return number("input_i"), number("input_tp")
}

// level is a film by its sound.
type level struct {
	name, sound string
	opts        []string
	cut         bool // its peaks must be
}

// levels are ten films as loud and as quiet as they come, with the loudness that
// each must have once its gain is applied.
func levels() []level {
	speech := "aevalsrc='0.4*sin(2*PI*180*t)*(0.5+0.5*sin(2*PI*3*t))*gt(sin(2*PI*0.7*t),-0.3)':s=48000:d=4"
	clicks := "aevalsrc='0.02*sin(2*PI*300*t)+0.9*lt(mod(t,1),0.002)*sin(2*PI*1000*t)':s=48000:d=4"
	return []level{
		{"tone at full level", "sine=1000:r=48000:d=4,volume=17dB", nil, false},
		{"tone", "sine=440:r=48000:d=4", nil, false},
		{"quiet tone", "sine=440:r=44100:d=4,volume=-14dB", []string{"-c:a", "libmp3lame"}, false},
		{"speech", speech, nil, false},
		{"quiet speech, mono, 22 kHz", speech + ",volume=-16dB", []string{"-ar", "22050", "-ac", "1"}, false},
		{"loud pink noise", "anoisesrc=c=pink:r=48000:a=0.9:d=4:seed=1", []string{"-c:a", "ac3"}, false},
		{"pink noise in stereo", "anoisesrc=c=pink:r=48000:a=0.3:d=4:seed=2,pan=stereo|c0=c0|c1=c0", []string{"-c:a", "mp2"}, false},
		{"speech with a pause", "aevalsrc='0.3*sin(2*PI*220*t)*lt(t,2)':s=48000:d=4", nil, false},
		{"clicks over a murmur", clicks, nil, true},
		{"hardly anything", "sine=440:r=48000:d=4,volume=-40dB", []string{"-c:a", "flac"}, false},
	}
}

// TestLoudnessOfTenFilms measures each of them twice: by a filter that the library
// does not use, and as it comes out of the player.
func TestLoudnessOfTenFilms(t *testing.T) {
	t.Parallel()
	needTools(t)
	var within atomic.Int32
	t.Run("films", func(t *testing.T) {
		for _, tt := range levels() {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				if levelled(t, tt) {
					within.Add(1)
				}
			})
		}
	})
	if n := within.Load(); n < 10 {
		t.Errorf("only %d of ten within 1 LU", n)
	}
}

// levelled imports one of them, and says whether it is then as loud as it should be.
func levelled(t *testing.T, tt level) bool {
	l, _ := open(t, library.Opts{})
	path := filepath.Join(t.TempDir(), "film.mkv")
	args := []string{"-f", "lavfi", "-i", "color=c=gray:s=160x120:r=5:d=4", "-f", "lavfi", "-i", tt.sound, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k"}
	ffmpeg(t, path, append(args, tt.opts...)...)
	lesson, v := add(t, l, path)
	if !v.OK() {
		t.Fatal(v.Findings)
	}
	loud := lesson.Loudness
	filter := loud.Filter()
	lufs, peak := measure(t, lesson.FilmPath(), strings.TrimSuffix(strings.TrimPrefix(filter, "lavfi=["), "]")+",")
	played, playedPeak := throughPlayer(t, lesson.FilmPath(), filter)
	t.Logf("%-28s %6.1f LUFS, peak %5.1f dBTP, %-72s %6.2f LUFS, %5.2f dBTP; from mpv %6.1f LUFS, %5.1f dBTP", tt.name, loud.LUFS, loud.PeakDB, filter, lufs, peak, played, playedPeak)
	if loud.Limited || v.Has(library.Limited) || (loud.LimitDB < 0) != tt.cut {
		t.Errorf("%s: %+v", tt.name, loud)
	}
	if faint := loud.GainDB > 24; faint != v.Has(library.Faint) || faint != (tt.name == "hardly anything") {
		t.Errorf("%s: raised by %.1f dB, findings %v", tt.name, loud.GainDB, v.Findings)
	}
	if math.Abs(lufs-loud.Level()) > 1 || math.Abs(played-loud.Level()) > 1 {
		t.Errorf("%s: the library says %.1f", tt.name, loud.Level())
	}
	if max(peak, playedPeak) > library.PeakDBTP+0.3 {
		t.Errorf("%s: peak %.2f and %.1f dBTP", tt.name, peak, playedPeak)
	}
	return math.Abs(lufs-library.TargetLUFS) <= 1 && math.Abs(played-library.TargetLUFS) <= 1
}

func needPlayer(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("mpv"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// throughPlayer has mpv play the sound with an "af" into a file, which ffmpeg's
// ebur128 measures.
func throughPlayer(t testing.TB, film, af string, opts ...string) (lufs, peak float64) {
	t.Helper()
	needPlayer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	wav := filepath.Join(t.TempDir(), "out.wav")
	args := append([]string{"--no-config", "--no-video", "--ao=pcm", "--ao-pcm-file=" + wav, "--untimed"}, opts...)
	if af != "" {
		args = append(args, "--af="+af)
	}
	if out, err := exec.CommandContext(ctx, "mpv", append(args, film)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-i", wav, "-af", "ebur128=peak=true", "-f", "null", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, summary, _ := strings.Cut(string(out), "Summary:")
	for _, line := range strings.Split(summary, "\n") {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "I:" {
			lufs, err = strconv.ParseFloat(f[1], 64)
		} else if len(f) > 1 && f[0] == "Peak:" {
			peak, err = strconv.ParseFloat(f[1], 64)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return lufs, peak
}

// TestFilmThatStaysQuiet: a whisper with one bang gets no louder by cutting the bang,
// which is all that counts. It is left as it is, and people are told.
func TestFilmThatStaysQuiet(t *testing.T) {
	t.Parallel()
	l, _ := open(t, library.Opts{})
	bang := "aevalsrc='0.001*sin(2*PI*300*t)+0.9*between(t,2,2.002)*sin(2*PI*1000*t)':s=48000:d=4"
	path := ffmpeg(t, filepath.Join(t.TempDir(), "x.mkv"), "-f", "lavfi", "-i", "color=c=gray:s=160x120:r=5:d=4", "-f", "lavfi", "-i", bang, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "flac")
	lesson, v := add(t, l, path)
	if !v.OK() {
		t.Fatal(v)
	}
	loud := lesson.Loudness
	t.Logf("%+v", loud)
	lufs, peak := throughPlayer(t, lesson.FilmPath(), loud.Filter())
	if !loud.Limited || !v.Has(library.Limited) || loud.LimitDB != 0 || math.Abs(lufs-loud.Level()) > 1 || lufs > library.TargetLUFS-0.4 || peak > library.PeakDBTP+0.3 {
		t.Errorf("%.1f LUFS, %.1f dBTP, %v", lufs, peak, v.Findings)
	}
}

// TestFilterIsBounded: whatever somebody writes into a manifest, two numbers in
// their bounds are all that reaches the player.
func TestFilterIsBounded(t *testing.T) {
	tests := []struct {
		l    library.Loudness
		want string
	}{
		{library.Loudness{}, ""},
		{library.Loudness{LUFS: -23}, ""},
		{library.Loudness{LUFS: -70, GainDB: 5}, ""},
		{library.Loudness{LUFS: -30, GainDB: 7}, "lavfi=[volume=7.0dB]"},
		{library.Loudness{LUFS: -10, GainDB: -13.25}, "lavfi=[volume=-13.2dB]"},
		{library.Loudness{LUFS: -30, GainDB: 1e300}, "lavfi=[volume=60.0dB]"},
		{library.Loudness{LUFS: -30, GainDB: math.Inf(-1)}, "lavfi=[volume=-60.0dB]"},
		{library.Loudness{LUFS: -30, GainDB: math.NaN()}, ""},
		{library.Loudness{LUFS: -37, GainDB: 14, LimitDB: -2}, "lavfi=[volume=14.0dB,alimiter=level=0:attack=1:release=50:limit=0.7943]"},
		{library.Loudness{LUFS: -37, GainDB: 14, LimitDB: -1e9}, "lavfi=[volume=14.0dB,alimiter=level=0:attack=1:release=50:limit=0.0631]"},
		{library.Loudness{LUFS: -37, GainDB: 14, LimitDB: math.NaN()}, "lavfi=[volume=14.0dB]"},
		{library.Loudness{LUFS: -37, GainDB: 14, LimitDB: 3}, "lavfi=[volume=14.0dB]"},
	}
	for _, tt := range tests {
		if got := tt.l.Filter(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.l, got, tt.want)
		}
	}
}

// TestGainInThePlayer has mpv apply the gain in every way that it knows, and
// measures what comes out of it.
func TestGainInThePlayer(t *testing.T) {
	t.Parallel()
	needPlayer(t)
	l, _ := open(t, library.Opts{})
	lesson, v := add(t, l, film(t, filepath.Join(t.TempDir(), "x.mp4"), "4", "-af", "volume=-15dB"))
	if !v.OK() {
		t.Fatal(v)
	}
	gain := lesson.Loudness.GainDB
	ways := map[string][]string{"filter": {fmt.Sprintf("--af=lavfi=[volume=%gdB]", gain)}}
	options, err := exec.CommandContext(t.Context(), "mpv", "--list-options").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(options), "--volume-gain ") {
		ways["property"] = []string{fmt.Sprintf("--volume-gain=%g", gain), "--volume-gain-max=24", "--volume-gain-min=-60"}
	} else {
		t.Log("this mpv has no volume-gain")
	}
	for name, opts := range ways {
		lufs, _ := throughPlayer(t, lesson.FilmPath(), "", opts...)
		t.Logf("%s: %.1f LUFS, gain %.1f dB → %.2f LUFS", name, lesson.Loudness.LUFS, gain, lufs)
		if math.Abs(lufs-library.TargetLUFS) > 1 {
			t.Errorf("%s: %.2f LUFS", name, lufs)
		}
	}
}
