package village

import (
	"errors"
	"image"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/hal/sim/eye"
	"stationbox/hal/sim/scenario"
)

// still writes a clip of one picture: a slope of grey above the strip of lesson
// frame 25, whose Gray code is 10101.
func still(t *testing.T) string {
	t.Helper()
	const width, height = 320, 180
	clip := make([]byte, 0, 3*width*height)
	for y := range height {
		for x := range width {
			v := byte(x*200/width + 20)
			if block := x * 16 / width; y >= height-height*8/540-1 {
				v = map[bool]byte{true: 235, false: 16}[block == 0 || block == 2 || block == 4 || block == 15]
			}
			clip = append(clip, v, v, v)
		}
	}
	name := filepath.Join(t.TempDir(), "still.rgb")
	if err := os.WriteFile(name, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// A station that shows one and the same picture is found out by its photos, and
// so is a dark display: only what is really on them is taken for true.
func TestPhotosTellBlackAndFrozenFromALesson(t *testing.T) {
	if _, err := exec.LookPath("mpv"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	v := raiseWith(t, "start 08:00\n", `
export DISPLAY=$(sed -n "s/^display = '\(.*\)'$/\1/p" "$3")
while ! [ -e "$0.go" ]; do sleep 0.05; done
exec mpv --no-config --terminal=no --vo=x11 --no-border --geometry=960x540+0+0 --ao=null --osc=no --pause --demuxer=rawvideo \
	--demuxer-rawvideo-w=320 --demuxer-rawvideo-h=180 --demuxer-rawvideo-mp-format=rgb24 --demuxer-rawvideo-fps=25 `+still(t))
	do := func(line string) {
		t.Helper()
		if err := v.Do(line); err != nil {
			t.Fatal(err)
		}
	}
	do("photo black screen")
	if err := os.WriteFile(filepath.Join(v.o.Bin, "station.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the picture", func() bool { n, ok := v.screen.Frame(); return ok && n == 25 })
	for _, line := range []string{"photo early tv", "photo early screen", "photo late screen", "photo dark projector"} {
		do(line)
	}
	for _, tt := range []struct {
		expect, is string
		ok         bool
	}{
		{"black lit", "of brightness 0", false},
		{"black frame 0", "no frame of a lesson", false},
		{"early lit", "of brightness", true},
		{"early frame 25", "frame 25", true},
		{"early frame 28", "frame 25", true},
		{"early frame 29", "frame 25", false},
		{"early frame 375", "frame 25", false},
		{"early unlike black", "different in", true},
		{"late unlike early", "different in 0 %", false},
		{"dark lit", "of brightness 0", false},
		{"dark frame 25", "no frame of a lesson", false},
		{"end lit", "not taken", false},
		{"early unlike end", "end is not taken", false},
	} {
		is, ok := v.check(scenario.Expect{What: "photo", Args: strings.Fields(tt.expect)})
		if ok != tt.ok || !strings.Contains(is, tt.is) {
			t.Errorf("photo %s: %v, it is %s", tt.expect, ok, is)
		}
	}
	checkAlbum(t, v)
}

// checkAlbum looks at the files of the photos and at the report of them.
func checkAlbum(t *testing.T, v *Village) {
	t.Helper()
	photos := v.Photos()
	if len(photos) != 4 {
		t.Fatalf("%d photos", len(photos))
	}
	for _, p := range photos {
		f, err := os.Open(p.File)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil || img.Bounds().Size() != image.Pt(screenWidth, screenHeight) {
			t.Errorf("%s: %v, %v", p.File, img.Bounds(), err)
		}
	}
	r := v.Report().Photos
	if len(r) != 4 || r[1].Name != "early" || r[1].Of != "screen" || r[1].Frame == nil || *r[1].Frame != 25 || r[3].Frame != nil {
		t.Errorf("report: %+v", r)
	}
}

func TestPhotosOfEarlierRunsGo(t *testing.T) {
	v := &Village{o: Opts{Cache: t.TempDir(), Name: "first-lesson"}}
	old := filepath.Join(v.photoDir(), "start.png")
	if err := v.clearPhotos(); err != nil {
		t.Fatal(err)
	}
	if err := savePNG(old, eye.Dark(4, 4)); err != nil {
		t.Fatal(err)
	}
	if err := v.clearPhotos(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an old photo is still there: %v", err)
	}
}

func TestAlbumIsBounded(t *testing.T) {
	var a album
	for i := range maxPhotos {
		if err := a.put(Photo{Name: string(rune('A' + i))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.put(Photo{Name: "one-more"}); err == nil || len(a.list()) != maxPhotos {
		t.Errorf("%d photos, %v", len(a.list()), err)
	}
	if err := a.put(Photo{Name: "A", Frame: 7}); err != nil {
		t.Errorf("a second photo of the same name: %v", err)
	}
	if p, ok := a.find("A"); !ok || p.Frame != 7 {
		t.Errorf("it is %+v", p)
	}
}
