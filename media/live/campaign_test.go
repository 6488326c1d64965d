package live_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stationbox/media/live"
	"stationbox/media/player"
)

var (
	cuts = flag.Int("cuts", 0, "cut a stream so many times and measure on the screen how soon the fallback is there")
	seed = flag.Uint64("seed", 1, "of the moments and kinds of the cuts")
)

// strip is a picture of one colour whose frames carry their number, Gray-coded,
// at the lower edge.
const strip = "color=c=%s:s=960x532:r=25[a];color=c=black:s=32x2:r=25,format=yuv420p,geq=lum='if(eq(floor(X/2),15),235," +
	"if(eq(floor(X/2),14),16,16+219*mod(floor((N+pow(2,floor(X/2)))/pow(2,floor(X/2)+1)),2)))':cb=128:cr=128," +
	"scale=960:8:flags=neighbor[b];[a][b]vstack"

func stripClip(t testing.TB, colour, file string) {
	t.Helper()
	b, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf(strip, colour), "-f", "lavfi", "-i", "sine=440:r=48000",
		"-t", "300", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, b)
	}
}

// canvas is an X server without a monitor whose pixels lie in a mapped file: an
// XWD file (X11/XWDFile.h: 25 big-endian words, a name, colours of 12 bytes,
// then pixels B G R x).
type canvas struct {
	display        string
	mem            []byte
	pixels, stride int
}

func newCanvas(t testing.TB) *canvas {
	t.Helper()
	need(t, "Xvfb", "mpv", "ffmpeg")
	dir := t.TempDir()
	cmd := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "960x540x24", "-fbdir", dir, "-nolisten", "tcp", "-noreset")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command(t, cmd)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	f, err := os.Open(filepath.Join(dir, "Xvfb_screen0"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	c := &canvas{display: ":" + strings.TrimSpace(line)}
	if c.mem, err = syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_SHARED); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(c.mem) })
	word := func(i int) int { return int(binary.BigEndian.Uint32(c.mem[4*i:])) }
	c.stride, c.pixels = word(12), word(0)+12*word(19)
	return c
}

// look is the colour in the middle and the number of the frame, -1 without one.
func (c *canvas) look() (colour string, number int) {
	p := c.mem[c.pixels+270*c.stride+4*480:]
	switch b, g, r := p[0], p[1], p[2]; {
	case r > 128 && b < 128 && g < 128:
		colour = "red"
	case b > 128 && r < 128 && g < 128:
		colour = "blue"
	}
	gray := 0
	for k := range 16 {
		if c.mem[c.pixels+536*c.stride+4*(k*60+30)+1] >= 128 {
			gray |= 1 << k
		}
	}
	if gray>>14 != 2 {
		return colour, -1
	}
	for g := gray & 0x3fff; g != 0; g >>= 1 {
		number ^= g
	}
	return colour, number
}

// witness watches the canvas every two milliseconds.
type witness struct {
	mu    sync.Mutex
	red   time.Time // last motion of the live picture
	blue  time.Time // last motion of the film
	blank time.Duration
}

func (w *witness) watch(ctx context.Context, c *canvas) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	lastColour, lastNumber, last := "", -1, time.Now()
	for ctx.Err() == nil {
		colour, number := c.look()
		now := time.Now()
		w.mu.Lock()
		if number >= 0 && (number != lastNumber || colour != lastColour) {
			switch colour {
			case "red":
				w.red = now
			case "blue":
				w.blue = now
			}
		}
		if colour == "" {
			w.blank += now.Sub(last)
		}
		w.mu.Unlock()
		lastColour, lastNumber, last = colour, number, now
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (w *witness) seen() (red, blue time.Time, blank time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.red, w.blue, w.blank
}

// awaitMotion waits until that colour has moved after a moment.
func (w *witness) awaitMotion(t testing.TB, blue bool, after time.Time) time.Time {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		r, b, _ := w.seen()
		if blue {
			r = b
		}
		if r.After(after) {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("no motion (blue %v)", blue)
		}
		time.Sleep(time.Millisecond)
	}
}

// cutter cuts a stream and watches the screen.
type cutter struct {
	t      testing.TB
	stream string
	port   int
	random *rand.Rand
	pipe   *tap
	s      *sender
	w      witness

	toFilm, frozen, toLive []time.Duration
}

func (c *cutter) start() {
	c.t.Helper()
	args := []string{"-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", c.stream, "-c", "copy"}
	c.s = command(c.t, exec.Command("ffmpeg", append(args, udp(c.port)...)...))
}

// cut breaks the stream in one of four ways, waits for the film, and mends it.
func (c *cutter) cut(i int) {
	c.w.awaitMotion(c.t, false, time.Now())
	time.Sleep(time.Second + time.Duration(c.random.IntN(2000))*time.Millisecond)
	kind := []string{"stopped", "killed", "nothing", "no picture"}[c.random.IntN(4)]
	switch kind {
	case "stopped":
		c.s.signal(syscall.SIGSTOP)
	case "killed":
		c.s.kill()
	default:
		c.pipe.mode.Store(kind)
	}
	cut := time.Unix(0, c.pipe.last.Load())
	blue := c.w.awaitMotion(c.t, true, cut)
	red, _, _ := c.w.seen()
	c.toFilm, c.frozen = append(c.toFilm, blue.Sub(cut)), append(c.frozen, blue.Sub(red))
	if blue.Sub(cut) > within {
		c.t.Errorf("cut %d (%s): film after %v", i, kind, blue.Sub(cut))
	}
	time.Sleep(time.Duration(c.random.IntN(1000)) * time.Millisecond)
	switch kind {
	case "stopped":
		c.s.signal(syscall.SIGCONT)
	case "killed":
		c.start()
	}
	c.pipe.mode.Store("")
	mended := time.Now()
	c.toLive = append(c.toLive, c.w.awaitMotion(c.t, false, mended).Sub(mended))
}

// TestManyCuts measures from the pixels of an X server in memory. It runs only
// with -cuts.
func TestManyCuts(t *testing.T) {
	if *cuts == 0 {
		t.Skip("no -cuts")
	}
	screen := newCanvas(t)
	film := filepath.Join(clips.dir, "film.mp4")
	c := &cutter{t: t, stream: filepath.Join(clips.dir, "stream.ts"), port: freePort(t), random: rand.New(rand.NewPCG(*seed, 0))}
	stripClip(t, "blue", film)
	stripClip(t, "red", c.stream)
	far := freePort(t)
	c.pipe = newTap(t, c.port, far)
	c.start()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { c.w.watch(ctx, screen) })
	defer done.Wait()
	defer cancel()
	p := playOn(t, player.Opts{Video: "x11", Audio: "null", Display: screen.display})
	r := show(t, p, fmt.Sprintf("udp://127.0.0.1:%d", far), time.Now(), live.Opts{Fallback: film, StableAfter: 500 * time.Millisecond})
	r.event(live.Live)
	c.w.awaitMotion(t, false, time.Now())
	_, _, before := c.w.seen()
	for i := range *cuts {
		c.cut(i)
	}
	_, _, after := c.w.seen()
	t.Logf("%d cuts, seed %d", *cuts, *seed)
	t.Logf("last datagram -> film moves on the screen: %s", spread(c.toFilm))
	t.Logf("live picture's last motion -> film moves:  %s", spread(c.frozen))
	t.Logf("stream is back -> live picture moves:      %s", spread(c.toLive))
	t.Logf("blank screen all together: %v", (after - before).Round(time.Millisecond))
	t.Logf("%+v", r.end())
}

func spread(d []time.Duration) string {
	d = slices.Sorted(slices.Values(d))
	at := func(p int) time.Duration { return d[min(len(d)*p/100, len(d)-1)].Round(time.Millisecond) }
	return fmt.Sprintf("p50 %v, p95 %v, max %v", at(50), at(95), at(100))
}
