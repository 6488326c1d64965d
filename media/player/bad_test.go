package player_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/media/player"
)

// What must become of a bad file that is forced to play.
const (
	unplayable = "unplayable" // Preload says so
	cut        = "cut"        // it ends, not Complete
	either     = "either"     // one of both
	plays      = "plays"      // a board may not manage it, mpv here does
)

// bad is a file as it comes on sticks.
type bad struct {
	name, file, want string
	long             bool // it takes seconds
}

// shelf makes bad files in a folder.
type shelf struct {
	t    *testing.T
	dir  string
	list []bad
}

func (s *shelf) path(name string) string { return filepath.Join(s.dir, name) }

func (s *shelf) put(name, file, want string) {
	s.list = append(s.list, bad{name: name, file: file, want: want})
}

func (s *shelf) write(name, want string, b []byte) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), b, 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.put(name, s.path(name), want)
}

// film lets ffmpeg make one; the arguments come before its name and win.
func (s *shelf) film(name, want, seconds string, args ...string) string {
	s.t.Helper()
	args = append([]string{"-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=" + seconds,
		"-f", "lavfi", "-i", "sine=440:r=48000:d=" + seconds, "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
		"-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart"}, args...)
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if b, err := exec.CommandContext(ctx, "ffmpeg", append(args, "file:"+s.path(name))...).CombinedOutput(); err != nil {
		s.t.Fatalf("ffmpeg %s: %v: %s", name, err, b)
	}
	s.put(name, s.path(name), want)
	return s.path(name)
}

// harm changes a copy of a film.
func (s *shelf) harm(from, name, want string, change func([]byte) []byte) {
	s.t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, want, change(b))
}

func keep(part float64) func([]byte) []byte {
	return func(b []byte) []byte { return b[:int(part*float64(len(b)))] }
}

// flip changes bits behind the head.
func flip(bits int) func([]byte) []byte {
	return func(b []byte) []byte {
		r := rand.New(rand.NewPCG(7, 7))
		for range bits {
			b[len(b)/4+r.IntN(len(b)*3/4)] ^= 1 << r.IntN(8)
		}
		return b
	}
}

func holes(b []byte) []byte {
	for at := len(b) / 3; at+4096 < len(b); at += len(b) / 5 {
		clear(b[at : at+4096])
	}
	return b
}

// longer writes a length of a minute into the heads of an MP4 of time scale 1000.
func longer(b []byte) []byte {
	for name, at := range map[string]int{"mvhd": 20, "tkhd": 24} {
		for i := bytes.Index(b, []byte(name)); i >= 0; {
			binary.BigEndian.PutUint32(b[i+at:], 60_000)
			next := bytes.Index(b[i+4:], []byte(name))
			if next < 0 {
				break
			}
			i += 4 + next
		}
	}
	return b
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, _ := z.Create("film.mp4")
	_, _ = w.Write(b) // to memory
	_ = z.Close()
	return out.Bytes()
}

// noFilms are files that are not what their name says.
func (s *shelf) noFilms() {
	noise := make([]byte, 300_000)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(noise); i++ {
		noise[i] = byte(r.Uint32())
	}
	s.put("missing", s.path("missing.mp4"), unplayable)
	s.put("folder", s.dir, unplayable)
	s.put("dead address", "http://127.0.0.1:1/film.mp4", unplayable)
	s.put("unknown protocol", "nothing://film.mp4", unplayable)
	s.put("empty device", "/dev/null", unplayable)
	s.write("empty.mp4", unplayable, nil)
	s.write("one byte.mp4", unplayable, []byte{0x47})
	s.write("zeros.mp4", unplayable, make([]byte, 1<<20))
	s.write("noise.mp4", either, noise)
	s.write("text.mp4", unplayable, []byte(strings.Repeat("请把这个文件改名为 x.mp4。\n", 400)))
	s.write("text.txt", unplayable, []byte(strings.Repeat("text\n", 400)))
	s.write("archive.mp4", unplayable, zipped(noise))
	if *campaign { // these take seconds
		s.put("device of zeros", "/dev/zero", unplayable)
		s.write("list.m3u8", unplayable, []byte("#EXTM3U\nnothere.mp4\n"))
	}
	s.write("endless list.m3u", unplayable, []byte("#EXTM3U\n"+s.path("endless list.m3u")+"\n"))
	s.write("script.mp4", unplayable, []byte("ffconcat version 1.0\nfile 'nothere.mp4'\n"))
	s.write("subtitles.srt", unplayable, []byte("1\n00:00:00,000 --> 00:00:05,000\n你好\n"))
	s.write("flood of subtitles.srt", unplayable, []byte("1\n00:00:00,000 --> 00:00:01,000\n"+strings.Repeat("字", 2_000_000)+"\n"))
	if err := os.Symlink(s.path("loop"), s.path("loop")); err != nil {
		s.t.Fatal(err)
	}
	s.put("link to itself", s.path("loop"), unplayable)
}

// damaged are films that were whole once.
func (s *shelf) damaged() {
	before := s.list
	good := s.film("good.mp4", plays, "4")
	mkv := s.film("good.mkv", plays, "4")
	ts := s.film("good.ts", plays, "4")
	avi := s.film("good.avi", plays, "4", "-c:v", "mpeg4", "-c:a", "mp3")
	late := s.film("late table.mp4", plays, "4", "-movflags", "0")
	s.list = before // these are good
	s.harm(late, "cut off, table at the end.mp4", unplayable, keep(0.6))
	s.harm(good, "cut off, table in front.mp4", cut, keep(0.5))
	s.harm(good, "head only.mp4", either, keep(0.03)) // mpv is at its end at once, and says that it stands at 4 s
	s.harm(mkv, "cut off.mkv", cut, keep(0.5))
	s.harm(avi, "cut off.avi", plays, keep(0.5)) // mpv finds its length by looking
	s.harm(good, "bits flipped.mp4", plays, flip(60))
	s.harm(mkv, "bits flipped.mkv", plays, flip(60))
	s.harm(ts, "bits flipped.ts", plays, flip(60))
	s.harm(good, "holes.mp4", plays, holes)
	s.harm(ts, "holes.ts", plays, holes)
	s.harm(good, "a minute by its head.mp4", plays, longer)
	s.harm(good, "mp4 called avi.avi", plays, keep(1))
	s.harm(good, `$(reboot)'"{\an5};quit.mp4`, plays, keep(1))
	s.harm(good, "-i --help\n%d*.mp4", plays, keep(1))
	s.harm(good, "gbk\xd6\xd0.mp4", unplayable, keep(1)) // mpv is told names in JSON, which has Unicode only
	for i := range s.list[len(before):] {
		b := &s.list[len(before)+i]
		b.long = b.want == plays && b.name != "cut off.avi"
	}
}

// odd are whole films that a board or a TV may not manage.
func (s *shelf) odd() {
	s.film("4K HEVC.mkv", plays, "0.4", "-vf", "scale=3840:2160,fps=5", "-c:v", "libx265", "-x265-params", "log-level=none")
	s.film("10 bit.mkv", plays, "1", "-pix_fmt", "yuv420p10le")
	s.film("rate that varies.mp4", plays, "2", "-vf", "select='if(lt(mod(n,50),25),1,not(mod(n,5)))'", "-fps_mode", "vfr")
	s.film("odd size.avi", plays, "1", "-vf", "scale=321:181", "-c:v", "mpeg4", "-c:a", "mp3")
	s.film("stamp.mp4", plays, "1", "-vf", "scale=16:16")
	s.film("one frame.mp4", plays, "0.04")
	s.film("hundred a second.mp4", plays, "1", "-vf", "fps=100")
	s.film("no sound.mp4", plays, "1", "-an")
	s.film("no picture.mp4", plays, "1", "-vn")
	s.film("sound ends early.mp4", plays, "2", "-af", "atrim=end=0.5")
	s.film("dictaphone.mkv", plays, "1", "-c:a", "g726", "-ar", "8000", "-ac", "1", "-b:a", "32k")
}

// TestBadFilesAreForcedToPlay: whatever becomes of a bad file, the player lives, says
// so, and the good one behind it plays.
func TestBadFilesAreForcedToPlay(t *testing.T) {
	t.Parallel()
	need(t, "ffmpeg", "mpv")
	s := &shelf{t: t, dir: t.TempDir()}
	s.noFilms()
	s.damaged()
	if *campaign {
		s.odd()
	}
	good := player.Item{File: clip(t, 1), At: 600 * time.Millisecond}
	half := len(s.list) / 2
	for i, list := range [][]bad{s.list[:half], s.list[half:]} {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel() // most of it is waiting
			r := run(t, player.Opts{})
			for _, b := range list {
				t.Run(b.name, func(t *testing.T) {
					r.forced(t, b, good)
				})
			}
			t.Logf("%d bad files, mpv was replaced %d times", len(list), r.State().Restarts)
			r.queued(t, list, good)
		})
	}
}

// forced plays one bad file and the good one behind it.
func (r *rig) forced(t *testing.T, b bad, good player.Item) {
	var at time.Duration
	if b.long && !*campaign {
		at = 3 * time.Second
	}
	err := r.Preload(r.ctx(), b.file, at)
	switch {
	case err != nil && b.want != unplayable && b.want != either:
		t.Errorf("Preload: %v", err)
	case err == nil && b.want == unplayable:
		t.Errorf("stands ready: %+v", r.State())
	}
	if err != nil {
		if s := r.State(); s.Loaded != "" || s.Complete {
			t.Errorf("unplayable, but %+v", s)
		}
		r.must(r.PreloadItem(r.ctx(), good))
	} else {
		r.must(r.Queue(good))
	}
	if err := r.Play(r.ctx()); err != nil {
		t.Fatalf("%v; %+v", err, r.State())
	}
	for {
		e := r.event(player.Ended)
		if e.File == good.File {
			if !e.Complete {
				t.Errorf("the good one behind it: %+v", e)
			}
			return
		}
		t.Logf("%s at %v of %v, complete %v %s", e.Reason, e.Position, e.Duration, e.Complete, e.Detail)
		if e.Complete && b.want != plays {
			t.Errorf("complete: %+v", e)
		}
	}
}

// queued passes over everything unplayable in one queue.
func (r *rig) queued(t *testing.T, list []bad, good player.Item) {
	r.must(r.PreloadItem(r.ctx(), good))
	n := 0
	for _, b := range list {
		if b.want == unplayable {
			r.must(r.Queue(player.Item{File: b.file}))
			n++
		}
	}
	r.must(r.Queue(good))
	r.must(r.Play(r.ctx()))
	for i := range n + 2 {
		e := r.event(player.Ended)
		if e.Complete != (e.File == good.File) || e.Complete != (i == 0 || i == n+1) {
			t.Errorf("%d: %+v", i, e)
		}
	}
	if s := r.State(); !s.EOF || !s.Complete || s.Loaded != good.File {
		t.Errorf("at the end: %+v", s)
	}
}
