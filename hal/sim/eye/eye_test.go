package eye

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dump builds a screen dump with the strip of frame n, or without when n < 0.
func dump(width, height, n int) []byte {
	b := binary.BigEndian.AppendUint32(nil, 160)
	for _, v := range []uint32{7, 2, 24, uint32(width), uint32(height), 0, 0, 32, 0, 32, 32, uint32(4 * width), 4,
		0xff0000, 0xff00, 0xff, 8, 256, 256, uint32(width), uint32(height), 0, 0, 0} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = append(b, make([]byte, 60+256*colorLen)...)
	pixels := make([]byte, 4*width*height)
	for i := range pixels {
		pixels[i] = 0x60
	}
	if n >= 0 {
		paintStrip(pixels, 4, width, height, n)
	}
	return append(b, pixels...)
}

func paintStrip(pixels []byte, depth, width, height, n int) {
	for y := height - height*8/540; y < height; y++ {
		for x := range width {
			k := x * 16 / width
			// The rule of the clips, written otherwise than in the decoder.
			white := k == 15 || k < 14 && (n+1<<k)/(2<<k)%2 == 1
			for c := range depth {
				pixels[(y*width+x)*depth+c] = map[bool]byte{true: 235, false: 16}[white]
			}
		}
	}
}

func TestStripEveryFrame(t *testing.T) {
	b := dump(960, 540, 0)
	l, err := parseHeader(b, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < FrameRange; n += 97 {
		paintStrip(b[l.offset:], 4, 960, 540, n)
		if got, ok := l.readStrip(b); !ok || got != n {
			t.Fatalf("frame %d: %d, %v", n, got, ok)
		}
	}
}

func TestNoStrip(t *testing.T) {
	b := dump(960, 540, -1)
	l, err := parseHeader(b, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := l.readStrip(b); ok {
		t.Errorf("grey picture: frame %d", n)
	}
	clear(b[l.offset:])
	if n, ok := l.readStrip(b); ok {
		t.Errorf("black picture: frame %d", n)
	}
}

func TestHeaderMistakes(t *testing.T) {
	good := dump(64, 54, 0)
	set := func(field int, v uint32) []byte {
		b := bytes.Clone(good)
		binary.BigEndian.PutUint32(b[4*field:], v)
		return b
	}
	tests := []struct {
		name string
		dump []byte
		want string
	}{
		{"short", good[:90], "shorter than its header"},
		{"version", set(1, 6), "version 6"},
		{"depth", set(11, 16), "not 32 bits"},
		{"no width", set(4, 0), "impossible size"},
		{"huge", set(5, 1<<30), "impossible size"},
		{"stride", set(12, 1), "impossible size"},
		{"cut", good[:len(good)-1], "shorter than its pixels"},
		{"offset", set(0, 1<<31), "shorter than its pixels"},
		{"colours", set(19, 0xffffffff), "shorter than its pixels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseHeader(tt.dump, int64(len(tt.dump)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(dump(32, 20, 3))
	f.Add(dump(32, 20, 3)[:200])
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseHeader(b, int64(len(b)))
		if err != nil {
			return
		}
		l.copyImage(b)
		if l.height >= 8 {
			l.readStrip(b)
		}
	})
}

// frames plays the numbers of a list, one for each look.
type frames struct {
	list []int
	next int
}

func (f *frames) Frame() (int, bool) {
	n := f.list[min(f.next, len(f.list)-1)]
	f.next++
	return n, n >= 0
}

func TestWatch(t *testing.T) {
	start := time.Date(2026, 11, 23, 8, 10, 0, 0, time.UTC)
	tests := []struct {
		name  string
		looks []int // one each 40 ms
		want  Seen
		begun []time.Duration // after start
	}{
		{"nothing", []int{-1, -1}, Seen{Frame: -1}, nil},
		{"still", []int{-1, 0, 0, 0}, Seen{Frame: 0, Frames: 1}, nil},
		{"plays", []int{0, 0, 1, 2, 3}, Seen{Frame: 3, Frames: 4, Advanced: 3}, []time.Duration{80 * time.Millisecond}},
		{"drops one", []int{0, 1, 3}, Seen{Frame: 3, Frames: 3, Advanced: 3, Missed: 1, LongGap: 1}, []time.Duration{40 * time.Millisecond}},
		{"blank between", []int{0, 1, -1, 3}, Seen{Frame: 3, Frames: 3, Advanced: 3, Missed: 1, LongGap: 1}, []time.Duration{40 * time.Millisecond}},
		{"seeks", []int{0, 1, 700, 701}, Seen{Frame: 701, Frames: 4, Advanced: 2}, []time.Duration{40 * time.Millisecond, 120 * time.Millisecond}},
		{"goes back", []int{5, 4, 5}, Seen{Frame: 5, Frames: 3, Advanced: 1}, []time.Duration{80 * time.Millisecond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := start
			w := NewWatch(&frames{list: tt.looks}, func() time.Time { return at })
			for range tt.looks {
				w.look()
				at = at.Add(40 * time.Millisecond)
			}
			got := w.Seen()
			if got.Frame != tt.want.Frame || got.Frames != tt.want.Frames || got.Advanced != tt.want.Advanced ||
				got.Missed != tt.want.Missed || got.LongGap != tt.want.LongGap {
				t.Errorf("seen %+v, want %+v", got, tt.want)
			}
			if len(got.Motions) != len(tt.begun) {
				t.Fatalf("motions %+v, want %d", got.Motions, len(tt.begun))
			}
			for i, m := range got.Motions {
				if d := m.At.Sub(start); d != tt.begun[i] {
					t.Errorf("motion %d begun at %v, want %v", i, d, tt.begun[i])
				}
			}
		})
	}
}

func TestPhotograph(t *testing.T) {
	b := dump(64, 54, -1)
	l, err := parseHeader(b, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for light, want := range map[float64]uint8{1: 0x60, 0.5: 0x30, 0: 0, -1: 0} {
		var out bytes.Buffer
		if err := Photograph(&out, Dim(l.copyImage(b), light)); err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(&out)
		if err != nil {
			t.Fatal(err)
		}
		got := color.GrayModel.Convert(img.At(30, 20)).(color.Gray).Y
		if got > want+3 || got+3 < want {
			t.Errorf("light %v: level %d, want %d", light, got, want)
		}
	}
	if img := Dark(4, 4); img.At(1, 1) != (color.RGBA{A: 0xff}) {
		t.Errorf("dark is %v", img.At(1, 1))
	}
}

func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// start runs a program until the end of the test.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// TestRealPlayerOnRealScreen lets mpv play numbered frames on Xvfb.
func TestRealPlayerOnRealScreen(t *testing.T) {
	need(t, "Xvfb")
	need(t, "mpv")
	dir := t.TempDir()
	display := startXvfb(t, dir)
	screen, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	w := NewWatch(screen, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer func() { cancel(); <-done }()

	const width, height, count = 320, 180, 50
	clip := make([]byte, 0, 3*width*height*count)
	for n := range count {
		frame := make([]byte, 3*width*height)
		paintStrip(frame, 3, width, height, n)
		clip = append(clip, frame...)
	}
	name := filepath.Join(dir, "clip.rgb")
	if err := os.WriteFile(name, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	mpv := exec.Command("mpv", "--no-config", "--vo=x11", "--no-border", "--geometry=960x540+0+0", "--ao=null", "--osc=no", "--demuxer=rawvideo",
		"--demuxer-rawvideo-w=320", "--demuxer-rawvideo-h=180", "--demuxer-rawvideo-mp-format=rgb24", "--demuxer-rawvideo-fps=25",
		"--loop-file=inf", "--framedrop=no", "--terminal=no", name)
	mpv.Env = append(os.Environ(), "DISPLAY="+display)
	start(t, mpv)
	waitFor(t, "the clip to be shown", func() bool { return w.Seen().Advanced >= count })
	seen := w.Seen()
	if seen.Frames < count/2 || len(seen.Motions) == 0 {
		t.Errorf("seen %+v", seen)
	}
	if img := screen.Image(); img.Rect.Dx() != 960 || img.Rect.Dy() != 540 {
		t.Errorf("picture of %v", img.Rect)
	}
}

func startXvfb(t *testing.T, dir string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-screen", "0", "960x540x24", "-fbdir", dir, "-nolisten", "tcp", "-noreset", "-displayfd", "3")
	cmd.ExtraFiles = []*os.File{w}
	start(t, cmd)
	w.Close()
	if err := r.SetReadDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// The number and its newline are two writes: a pipe that is closed between
	// them kills the server.
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	number := strings.TrimSpace(line)
	if _, err := strconv.Atoi(number); err != nil {
		t.Fatalf("display %q", number)
	}
	return ":" + number
}
