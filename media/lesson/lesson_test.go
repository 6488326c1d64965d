package lesson_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is not installed", tool)
			}
			t.Skipf("%s is not installed", tool)
		}
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, errs.String())
	}
	return out.String()
}

// number reads the frame number from a row of grey pixels of the strip, 960
// wide; the second result is false when the marks are not there.
func number(row []byte) (int, bool) {
	gray := 0
	for k := range 16 {
		if row[k*60+30] >= 128 {
			gray |= 1 << k
		}
	}
	if gray>>14 != 2 { // block 14 black, block 15 white
		return 0, false
	}
	n := 0
	for g := gray & 0x3fff; g != 0; g >>= 1 {
		n ^= g
	}
	return n, true
}

func TestEveryFrameOfALessonCarriesItsNumber(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg", "ffprobe", "espeak-ng", "bash")
	file := filepath.Join(t.TempDir(), "党课 1.mp4")
	const title = `第一课：{试\讲}"a'b`
	output(t, "./make-lesson.sh", file, "5", title)

	info := output(t, "ffprobe", "-v", "error", "-show_entries",
		"stream=codec_name,profile,width,height,avg_frame_rate,sample_rate:format_tags=title", "-of", "compact", file)
	for _, want := range []string{"codec_name=h264|profile=Main|width=960|height=540", "avg_frame_rate=25/1",
		"codec_name=aac", "sample_rate=48000", "title=" + strings.ReplaceAll(title, `\`, `\\`)} {
		if !strings.Contains(info, want) {
			t.Errorf("no %q in\n%s", want, info)
		}
	}

	// One row out of the middle of the strip of every frame.
	rows := []byte(output(t, "ffmpeg", "-v", "error", "-i", file, "-vf", "format=gray,crop=960:1:0:535",
		"-f", "rawvideo", "-"))
	if len(rows) != 125*960 {
		t.Fatalf("%d bytes of rows, want 125 frames", len(rows))
	}
	for want := range 125 {
		if n, ok := number(rows[want*960 : (want+1)*960]); !ok || n != want {
			t.Errorf("frame %d shows %d, marks %v", want, n, ok)
		}
	}

	loud := output(t, "bash", "-c", `ffmpeg -hide_banner -nostats -i "$1" -af ebur128 -f null - 2>&1 | awk '/^ +I:/ { v = $2 } END { print v }'`, "sh", file)
	if lufs, err := strconv.ParseFloat(strings.TrimSpace(loud), 64); err != nil || lufs < -26 || lufs > -16 {
		t.Errorf("loudness %s LUFS, %v", loud, err)
	}

	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	output(t, "./make-lesson.sh", file, "5", title)
	after, err := os.Stat(file)
	if err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Error("the same lesson was made twice")
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), ".lesson.*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestWrongArgumentsAreExplained(t *testing.T) {
	need(t, "bash")
	for _, args := range [][]string{{}, {"a.mp4", "x", "t"}, {"a.mp4", "3", "t"}, {"a.mp4", "30"}} {
		b, err := exec.Command("./make-lesson.sh", args...).CombinedOutput()
		if err == nil || !strings.Contains(string(b), "make-lesson: ") {
			t.Errorf("%q: %v: %s", args, err, b)
		}
	}
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg", "espeak-ng", "bash")
	dir := t.TempDir()
	names := []string{"present", "digit-7"} // all of them take long
	output(t, "./make-prompts.sh", dir, names[0], names[1])
	if all, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(all) != len(names) {
		t.Errorf("made %v, %v", all, err)
	}
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, name+".wav"))
		if err != nil {
			t.Error(err)
			continue
		}
		head := make([]byte, 44)
		_, err = io.ReadFull(f, head)
		_ = f.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		channels, rate := binary.LittleEndian.Uint16(head[22:]), binary.LittleEndian.Uint32(head[24:])
		bits, size := binary.LittleEndian.Uint16(head[34:]), binary.LittleEndian.Uint32(head[40:])
		if channels != 1 || rate != 48000 || bits != 16 || string(head[36:40]) != "data" {
			t.Errorf("%s: %d channels, %d Hz, %d bits, %q", name, channels, rate, bits, head[36:40])
		}
		if d := time.Duration(size) * time.Second / 96000; d < 150*time.Millisecond || d > 15*time.Second {
			t.Errorf("%s lasts %v", name, d)
		}
	}
	recorded := filepath.Join(dir, "present.wav")
	if err := os.WriteFile(recorded, []byte("a recorded voice"), 0o644); err != nil {
		t.Fatal(err)
	}
	output(t, "./make-prompts.sh", dir, "present")
	if b, err := os.ReadFile(recorded); err != nil || string(b) != "a recorded voice" {
		t.Errorf("a recorded prompt was overwritten: %v", err)
	}
}
