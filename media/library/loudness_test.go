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

// levels are ten films as loud and as quiet as they come, with the loudness that
// each must have once its gain is applied.
func levels() []struct {
	name, sound string
	opts        []string
	limited     bool
} {
	speech := "aevalsrc='0.4*sin(2*PI*180*t)*(0.5+0.5*sin(2*PI*3*t))*gt(sin(2*PI*0.7*t),-0.3)':s=48000:d=4"
	clicks := "aevalsrc='0.02*sin(2*PI*300*t)+0.9*lt(mod(t,1),0.002)*sin(2*PI*1000*t)':s=48000:d=4"
	return []struct {
		name, sound string
		opts        []string
		limited     bool
	}{
		{"tone at full level", "sine=1000:r=48000:d=4,volume=17dB", nil, false},
		{"tone", "sine=440:r=48000:d=4", nil, false},
		{"quiet tone", "sine=440:r=44100:d=4,volume=-14dB", []string{"-c:a", "libmp3lame"}, false},
		{"speech", speech, nil, false},
		{"quiet speech, mono, 22 kHz", speech + ",volume=-16dB", []string{"-ar", "22050", "-ac", "1"}, false},
		{"loud pink noise", "anoisesrc=c=pink:r=48000:a=0.9:d=4:seed=1", []string{"-c:a", "ac3"}, false},
		{"pink noise in stereo", "anoisesrc=c=pink:r=48000:a=0.3:d=4:seed=2,pan=stereo|c0=c0|c1=c0", []string{"-c:a", "mp2"}, false},
		{"speech with a pause", "aevalsrc='0.3*sin(2*PI*220*t)*lt(t,2)':s=48000:d=4", nil, false},
		{"clicks over a murmur", clicks, nil, true},
		{"hardly anything", "sine=440:r=48000:d=4,volume=-40dB", []string{"-c:a", "flac"}, true},
	}
}

func TestLoudnessOfTenFilms(t *testing.T) {
	l, _ := open(t, library.Opts{})
	dir := t.TempDir()
	within := 0
	for i, tt := range levels() {
		path := filepath.Join(dir, fmt.Sprintf("film %d.mkv", i))
		args := []string{"-f", "lavfi", "-i", "color=c=gray:s=160x120:r=5:d=4", "-f", "lavfi", "-i", tt.sound, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k"}
		ffmpeg(t, path, append(args, tt.opts...)...)
		lesson, v := add(t, l, path)
		if !v.OK() {
			t.Errorf("%s: %v", tt.name, v.Findings)
			continue
		}
		loud := lesson.Loudness
		lufs, peak := measure(t, lesson.FilmPath(), fmt.Sprintf("volume=%gdB,", loud.GainDB))
		t.Logf("%-28s %6.1f LUFS, peak %5.1f dBTP, gain %5.1f dB → %6.2f LUFS, %5.2f dBTP, limited %v", tt.name, loud.LUFS, loud.PeakDB, loud.GainDB, lufs, peak, loud.Limited)
		if loud.Limited != tt.limited || v.Has(library.Limited) != tt.limited {
			t.Errorf("%s: limited %v, want %v", tt.name, loud.Limited, tt.limited)
		}
		if math.Abs(lufs-loud.Level()) > 1 {
			t.Errorf("%s: %.2f LUFS after the gain, the library says %.1f", tt.name, lufs, loud.Level())
		}
		if peak > library.PeakDBTP+0.3 {
			t.Errorf("%s: peak %.2f dBTP", tt.name, peak)
		}
		if math.Abs(lufs-library.TargetLUFS) <= 1 {
			within++
		} else if !tt.limited {
			t.Errorf("%s: %.2f LUFS", tt.name, lufs)
		}
	}
	if within < 8 {
		t.Errorf("only %d of ten within 1 LU", within)
	}
}

// TestGainInThePlayer has mpv apply the gain in every way that it knows, and
// measures what comes out of it.
func TestGainInThePlayer(t *testing.T) {
	if _, err := exec.LookPath("mpv"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
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
		wav := filepath.Join(t.TempDir(), "out.wav")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		args := append([]string{"--no-config", "--no-video", "--ao=pcm", "--ao-pcm-file=" + wav, "--untimed"}, opts...)
		out, err := exec.CommandContext(ctx, "mpv", append(args, lesson.FilmPath())...).CombinedOutput()
		cancel()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		lufs, _ := measure(t, wav, "")
		t.Logf("%s: %.1f LUFS, gain %.1f dB → %.2f LUFS", name, lesson.Loudness.LUFS, gain, lufs)
		if math.Abs(lufs-library.TargetLUFS) > 1 {
			t.Errorf("%s: %.2f LUFS", name, lufs)
		}
	}
}
