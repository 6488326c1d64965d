package player_test

import (
	"bufio"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/player"
)

// screen is an X server without a monitor whose pixels lie in a mapped file.
type screen struct {
	display string
	mem     []byte
	pixels  int // offset of the first one
	stride  int
	w, h    int
}

func newScreen(t testing.TB) *screen { return screenAs(t, "") }

// screenAs is newScreen of that X display, ":77", or of a free one for "".
func screenAs(t testing.TB, display string) *screen {
	t.Helper()
	need(t, "Xvfb", "mpv")
	dir := shortDir(t)
	args := []string{"-displayfd", "1", "-screen", "0", "960x540x24", "-fbdir", dir, "-nolisten", "tcp", "-noreset"}
	if display != "" {
		args = append([]string{display}, args...)
	}
	cmd := exec.Command("Xvfb", args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	s := &screen{display: ":" + strings.TrimSpace(line)}
	s.open(t, filepath.Join(dir, "Xvfb_screen0"))
	return s
}

// open maps the framebuffer: an XWD file (X11/XWDFile.h: 25 big-endian words, a
// name, colours of 12 bytes, then pixels B G R x).
func (s *screen) open(t testing.TB, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s.mem, err = syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(s.mem) })
	word := func(i int) int { return int(binary.BigEndian.Uint32(s.mem[4*i:])) }
	s.w, s.h, s.stride, s.pixels = word(4), word(5), word(12), word(0)+12*word(19)
}

func (s *screen) at(x, y int) color.RGBA {
	p := s.mem[s.pixels+y*s.stride+4*x:]
	return color.RGBA{R: p[2], G: p[1], B: p[0], A: 255}
}

// number is the frame number in the strip at the lower edge, -1 without one.
func (s *screen) number() int {
	gray := 0
	for k := range 16 {
		if s.at(k*60+30, 536).G >= 128 {
			gray |= 1 << k
		}
	}
	if gray>>14 != 2 {
		return -1
	}
	n := 0
	for g := gray & 0x3fff; g != 0; g >>= 1 {
		n ^= g
	}
	return n
}

// bright counts the white pixels in a rectangle.
func (s *screen) bright(r image.Rectangle) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if c := s.at(x, y); c.R > 200 && c.G > 200 && c.B > 200 {
				n++
			}
		}
	}
	return n
}

// save writes the screen to a picture, for eyes.
func (s *screen) save(t testing.TB, path string) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, s.w, s.h))
	for y := range s.h {
		for x := range s.w {
			img.Set(x, y, s.at(x, y))
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// numbered is a picture whose frames carry their number like those of
// media/lesson.
const numbered = "color=c=gray:s=960x532:r=25[a];color=c=black:s=32x2:r=25,format=yuv420p,geq=lum='if(eq(floor(X/2),15),235," +
	"if(eq(floor(X/2),14),16,16+219*mod(floor((N+pow(2,floor(X/2)))/pow(2,floor(X/2)+1)),2)))':cb=128:cr=128," +
	"scale=960:8:flags=neighbor[b];[a][b]vstack"

func TestFirstMotionFollowsPlayAtOnce(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	file := footage(t, 20, numbered)
	var late []time.Duration
	for i := range 3 {
		first := 100 + 40*i
		r.must(r.Preload(r.ctx(), file, time.Duration(first)*40*time.Millisecond))
		r.wait("first frame on the screen", func() bool { return s.number() == first })
		time.Sleep(100 * time.Millisecond) // it must stay there
		if n := s.number(); n != first {
			t.Fatalf("held frame %d became %d", first, n)
		}
		begin := time.Now()
		r.must(r.Play(r.ctx()))
		r.wait("motion", func() bool { return s.number() > first })
		late = append(late, time.Since(begin))
		if n := s.number(); n > first+25 {
			t.Errorf("first motion jumps from %d to %d", first, n)
		}
		r.must(r.Pause(r.ctx()))
	}
	slices.Sort(late)
	t.Logf("first motion after Play: %v", late)
	if late[0] > 100*time.Millisecond { // the best of five: the machine may be busy
		t.Errorf("first motion after Play: %v", late)
	}
}

func (r *rig) wait(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			r.t.Fatalf("never %s: %+v", what, r.State())
		}
		time.Sleep(500 * time.Microsecond)
	}
}

func TestTextOverBlackAndOverThePicture(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	foot, corner := image.Rect(200, 420, 760, 530), image.Rect(600, 0, 960, 80)
	r.must(r.Ready(r.ctx()))
	r.must(r.Show(r.ctx(), 1, player.Caption("{请}按号码签到")))
	r.wait("caption over black", func() bool { return s.bright(foot) > 1000 })
	r.must(r.Preload(r.ctx(), footage(t, 20, numbered), 0))
	r.wait("picture", func() bool { return s.number() == 0 })
	r.must(r.Show(r.ctx(), 2, player.Notice("签到 12 人")))
	r.wait("notice", func() bool { return s.bright(corner) > 500 })
	time.Sleep(time.Second)
	if keep := os.Getenv("KEEP_PICTURES"); keep != "" {
		s.save(t, filepath.Join(keep, "text.png"))
	}
	r.must(r.Hide(r.ctx(), 2))
	r.wait("notice gone", func() bool { return s.bright(corner) == 0 })
	r.must(r.Stop(r.ctx()))
	r.wait("black but for the caption", func() bool { return s.number() < 0 && s.bright(foot) > 1000 })
	r.signal(syscall.SIGKILL)
	r.wait("caption shown by the next mpv", func() bool { return r.State().Restarts == 1 && s.bright(foot) > 1000 })
	r.must(r.Hide(r.ctx(), 1))
	r.wait("black", func() bool { return s.bright(image.Rect(0, 0, 960, 540)) == 0 })
}

// TestTextHiddenWhileMpvStarts is what a busy machine showed: a text that was taken
// away between the first words to a new mpv and its coming into use stayed for ever.
func TestTextHiddenWhileMpvStarts(t *testing.T) {
	s := newScreen(t)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: s.display})
	r.must(r.Ready(r.ctx()))
	for range 3 {
		before := r.State().Restarts
		r.must(r.Show(r.ctx(), 1, player.Caption("请按号码签到")))
		r.signal(syscall.SIGKILL)
		r.wait("caption shown by the next mpv", func() bool { return s.bright(image.Rect(200, 420, 760, 530)) > 1000 && r.State().Restarts > before })
		r.must(r.Hide(r.ctx(), 1))
		r.wait("black", func() bool { return s.bright(image.Rect(0, 0, 960, 540)) == 0 })
		r.must(r.Show(r.ctx(), 1, player.Caption("请按号码签到")))
		r.signal(syscall.SIGKILL)
		for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
			r.must(r.Show(r.ctx(), 1, player.Caption("请按号码签到")))
			r.must(r.Hide(r.ctx(), 1))
		}
		r.wait("black again", func() bool { return r.State().Alive && s.bright(image.Rect(0, 0, 960, 540)) == 0 })
	}
}

func TestScreenshot(t *testing.T) {
	t.Parallel()
	r := run(t, player.Opts{})
	r.must(r.Ready(r.ctx()))
	path := filepath.Join(t.TempDir(), "shot.png")
	if err := r.Screenshot(r.ctx(), path); err == nil {
		t.Error("a picture of nothing")
	}
	r.must(r.Preload(r.ctx(), clip(t, 10), 0))
	r.must(r.Screenshot(r.ctx(), path))
	f, err := os.Open(path)
	r.must(err)
	defer func() { _ = f.Close() }()
	img, err := png.DecodeConfig(f)
	if err != nil || img.Width != 320 || img.Height != 180 {
		t.Errorf("%+v, %v", img, err)
	}
}

func TestWithoutAScreenTheProgrammeIsNotComplete(t *testing.T) {
	t.Parallel()
	// As with the TV off at boot: mpv finds no display and plays the sound only.
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: ":99999"})
	r.must(r.Preload(r.ctx(), clip(t, 4), 2*time.Second))
	r.must(r.Play(r.ctx()))
	r.event(player.NoPicture)
	if s := r.State(); s.VOConfigured || s.FramesShown != 0 {
		t.Errorf("%+v", s)
	}
	if e := r.event(player.Ended); e.Complete {
		t.Errorf("%+v", e)
	}
}

// TestLateScreen: a programme that was loaded without a screen goes on with its sound
// and gets its picture when the screen is there, without being begun again.
func TestLateScreen(t *testing.T) {
	t.Parallel()
	display := newScreen(t).display // of a number that is free a moment later
	number, err := strconv.Atoi(strings.TrimPrefix(display, ":"))
	if err != nil {
		t.Fatal(err)
	}
	late := ":" + strconv.Itoa(number+400)
	r := run(t, player.Opts{Video: "x11", Audio: "null", Display: late})
	r.must(r.Preload(r.ctx(), footage(t, 60, numbered), 0))
	r.must(r.Play(r.ctx()))
	r.until("goes on without a screen", func(s player.Status) bool { return s.Playing && s.Blind && !s.VOConfigured })
	s := screenAs(t, late)
	pid := r.State().PID
	r.wait("the picture", func() bool { return s.number() > 0 })
	st := r.until("mpv says so", func(s player.Status) bool { return s.VOConfigured })
	if off := s.number() - int(st.Position/(40*time.Millisecond)); off < -50 || off > 50 {
		t.Errorf("picture %d at %v", s.number(), st.Position)
	}
	if st.PID != pid || !st.Blind {
		t.Errorf("%+v", st)
	}
}
