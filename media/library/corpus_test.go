package library_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/library"
)

var epoch = time.Date(2026, 11, 23, 19, 30, 0, 0, time.UTC)

func now() time.Time { return epoch }

// needTools skips at home and fails in CI when FFmpeg is not there.
func needTools(t testing.TB) {
	t.Helper()
	for _, tool := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
}

// ffmpeg makes a film and returns its path.
func ffmpeg(t testing.TB, out string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args = append([]string{"-v", "error", "-nostdin", "-y"}, append(args, "file:"+out)...)
	if b, err := exec.CommandContext(ctx, "ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %s: %v: %s", strings.Join(args, " "), err, b)
	}
	return out
}

// film makes one of the given seconds; opts come before its name and win.
func film(t testing.TB, out string, seconds string, opts ...string) string {
	t.Helper()
	args := []string{"-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=" + seconds, "-f", "lavfi", "-i", "sine=440:r=48000:d=" + seconds,
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k", "-movflags", "+faststart"}
	return ffmpeg(t, out, append(args, opts...)...)
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// harm copies a film with its content changed.
func harm(t testing.TB, from, to string, change func(b []byte) []byte) string {
	t.Helper()
	return write(t, to, change(bytes.Clone(read(t, from))))
}

// flip changes n bits behind the head of a film.
func flip(n int) func([]byte) []byte {
	return func(b []byte) []byte {
		r := rand.New(rand.NewPCG(7, 7))
		for range n {
			b[len(b)/4+r.IntN(len(b)*3/4)] ^= 1 << r.IntN(8)
		}
		return b
	}
}

func keep(part float64) func([]byte) []byte {
	return func(b []byte) []byte { return b[:int(part*float64(len(b)))] }
}

// holes fills runs behind the head with zeros, as a file system does that lost
// some of its blocks.
func holes(b []byte) []byte {
	for at := len(b) / 3; at+4096 < len(b); at += len(b) / 5 {
		clear(b[at : at+4096])
	}
	return b
}

// longer multiplies every duration in the boxes of an MP4 by twenty.
func longer(b []byte) []byte {
	for _, box := range []struct {
		name string
		at   int // of the duration, from the name
	}{{"mvhd", 20}, {"tkhd", 24}, {"mdhd", 20}} {
		for i := 0; ; {
			j := bytes.Index(b[i:], []byte(box.name))
			if j < 0 {
				break
			}
			i += j + 4
			d := b[i-4+box.at:]
			binary.BigEndian.PutUint32(d, 20*binary.BigEndian.Uint32(d))
		}
	}
	return b
}

// turn writes a quarter turn into the head of the first track of an MP4.
func turn(b []byte) []byte {
	m := b[bytes.Index(b, []byte("tkhd"))+44:]
	for i, v := range []uint32{0, 1 << 16, 0, 0xffff << 16, 0, 0, 0, 0, 1 << 30} {
		binary.BigEndian.PutUint32(m[4*i:], v)
	}
	return b
}

// longMKV writes a length of a minute into a Matroska file.
func longMKV(b []byte) []byte {
	i := bytes.Index(b, []byte{0x44, 0x89, 0x88})
	binary.BigEndian.PutUint64(b[i+3:], 0x40ed4c0000000000) // 60000.0 ms
	return b
}

func zipped(name string, b []byte) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, _ := z.Create(name)
	_, _ = w.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func srt(n int, line string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d\n00:00:%02d,%03d --> 00:00:%02d,%03d\n%s\n\n", i+1, i/1000, i%1000, i/1000, i%1000+1, line)
	}
	return b.String()
}

// bad is one file of the corpus and what must be found about it.
type bad struct {
	name   string
	make   func(t *testing.T, dir string) string
	want   library.Code // that refuses it; "" when it is taken
	remark library.Code // that must be among the findings besides
	repair bool         // a command must be offered, and its film be taken
}

// corpus are files as they come on sticks. good is a film that is taken.
func corpus(good, mkv string) []bad {
	made := func(name string, seconds string, opts ...string) func(*testing.T, string) string {
		return func(t *testing.T, dir string) string { return film(t, filepath.Join(dir, name), seconds, opts...) }
	}
	harmed := func(name, from string, change func([]byte) []byte) func(*testing.T, string) string {
		return func(t *testing.T, dir string) string { return harm(t, from, filepath.Join(dir, name), change) }
	}
	written := func(name string, b []byte) func(*testing.T, string) string {
		return func(t *testing.T, dir string) string { return write(t, filepath.Join(dir, name), b) }
	}
	special := func(name string, create func(path string) error) func(*testing.T, string) string {
		return func(t *testing.T, dir string) string {
			path := filepath.Join(dir, name)
			if err := create(path); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	noise := make([]byte, 300_000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	var photo bytes.Buffer
	_ = jpegOf(&photo, 640, 480) // to memory
	return []bad{
		{name: "missing", make: func(_ *testing.T, dir string) string { return filepath.Join(dir, "x.mp4") }, want: library.Missing},
		{name: "empty", make: written("x.mp4", nil), want: library.Empty},
		{name: "zeros", make: written("x.mp4", make([]byte, 1<<20)), want: library.Zeros},
		{name: "one byte", make: written("x.mp4", []byte{0x47}), want: library.NotVideo},
		{name: "text", make: written("x.mp4", []byte(strings.Repeat("请把这个文件改名为 x.mp4。\n", 400))), want: library.NotVideo},
		{name: "noise", make: written("x.mp4", noise), want: library.NotVideo},
		{name: "archive", make: written("x.mp4", zipped("x.mp4", noise)), want: library.NotVideo},
		{name: "photo", make: written("x.mp4", photo.Bytes()), want: library.NotVideo},
		{name: "playlist", make: written("x.mp4", []byte("#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:3,\n"+good+"\n#EXT-X-ENDLIST\n")), want: library.NotVideo},
		{name: "script of films", make: written("x.mp4", []byte("ffconcat version 1.0\nfile '"+good+"'\n")), want: library.NotVideo},
		{name: "link", make: special("x.mp4", func(p string) error { return os.Symlink(good, p) }), want: library.NotFile},
		{name: "link to a device", make: special("x.mp4", func(p string) error { return os.Symlink("/dev/zero", p) }), want: library.NotFile},
		{name: "device", make: func(*testing.T, string) string { return "/dev/zero" }, want: library.NotFile},
		{name: "pipe", make: special("x.mp4", func(p string) error { return syscall.Mkfifo(p, 0o644) }), want: library.NotFile},
		{name: "socket", make: special("x.mp4", func(p string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		}), want: library.NotFile},
		{name: "folder without manifest", make: special("x", func(p string) error { return os.Mkdir(p, 0o755) }), want: library.Missing},

		{name: "cut off, table at the end", make: func(t *testing.T, dir string) string {
			whole := ffmpeg(t, filepath.Join(dir, "whole.mp4"), "-i", good, "-c", "copy")
			return harm(t, whole, filepath.Join(dir, "x.mp4"), keep(0.6))
		}, want: library.NoIndex},
		{name: "cut off, table in front", make: harmed("x.mp4", good, keep(0.6)), want: library.Truncated},
		{name: "last bytes missing", make: harmed("x.mp4", good, func(b []byte) []byte { return b[:len(b)-200] }), want: library.Truncated},
		{name: "cut off mkv", make: harmed("x.mkv", mkv, keep(0.6)), want: library.Truncated},
		{name: "cut off avi", make: func(t *testing.T, dir string) string {
			whole := film(t, filepath.Join(dir, "whole.avi"), "6", "-c:v", "mpeg4", "-c:a", "mp3")
			return harm(t, whole, filepath.Join(dir, "x.avi"), keep(0.5))
		}, want: library.Truncated},
		{name: "bits flipped", make: harmed("x.mp4", good, flip(40)), want: library.Damaged, repair: true},
		{name: "bits flipped mkv", make: harmed("x.mkv", mkv, flip(40)), want: library.Damaged, repair: true},
		{name: "holes", make: harmed("x.mp4", good, holes), want: library.Damaged, repair: true},
		{name: "minute in the head of an mkv", make: harmed("x.mkv", mkv, longMKV), want: library.OtherLength, repair: true},
		{name: "too short", make: made("x.mp4", "0.4"), want: library.TooShort},

		{name: "mp4 called avi", make: harmed("x.avi", good, keep(1)), remark: library.Extension},
		{name: "mp4 called txt", make: harmed("x.txt", good, keep(1)), remark: library.Extension},
		{name: "mp4 without ending", make: harmed("x", good, keep(1)), remark: library.Extension},
		{name: "4K HEVC", make: made("x.mp4", "1", "-vf", "scale=3840:2160", "-r", "5", "-c:v", "libx265", "-x265-params", "log-level=none"), want: library.BadCodec, remark: library.TooLarge, repair: true},
		{name: "4K H.264", make: made("x.mp4", "1", "-vf", "scale=3840:2160", "-r", "5"), want: library.TooLarge, repair: true},
		{name: "10 bit", make: made("x.mp4", "2", "-pix_fmt", "yuv420p10le"), want: library.BadDepth, repair: true},
		{name: "10 bit HEVC with HDR", make: made("x.mkv", "1", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"), want: library.BadCodec, remark: library.BadDepth, repair: true},
		{name: "4:4:4", make: made("x.mp4", "2", "-pix_fmt", "yuv444p"), want: library.BadDepth, repair: true},
		{name: "lossless H.264", make: made("x.mp4", "1.2", "-qp", "0"), want: library.BadCodec, repair: true},
		{name: "more bits than the board takes", make: made("x.mp4", "1.2", "-vf", "scale=640:360,noise=alls=100:allf=t", "-qp", "1"), want: library.TooDense, repair: true},
		{name: "VP8", make: made("x.webm", "1", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"), want: library.BadCodec, repair: true},
		{name: "odd size", make: made("x.avi", "2", "-vf", "scale=321:181", "-c:v", "mpeg4", "-c:a", "mp3"), want: library.OddSize, repair: true},
		{name: "stamp", make: made("x.mp4", "2", "-vf", "scale=64:48"), want: library.TooSmall},
		{name: "hundred pictures a second", make: made("x.mp4", "2", "-vf", "fps=100"), want: library.TooFast, repair: true},
		{name: "rate that varies", make: made("x.mp4", "6", "-vf", "select='if(lt(mod(n,50),25),1,not(mod(n,5)))'", "-fps_mode", "vfr"), want: library.Varying, repair: true},
		{name: "on its side", make: harmed("x.mp4", good, turn), want: library.Rotated, repair: true},
		{name: "half pictures", make: made("x.ts", "2", "-vf", "tinterlace=interleave_top,setfield=tff", "-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-c:a", "mp2"), remark: library.Interlaced},
		{name: "oblong pixels", make: made("x.mpg", "2", "-vf", "scale=352:288,setsar=16/11", "-c:v", "mpeg2video", "-c:a", "mp2"), remark: library.Anamorphic},
		{name: "no sound", make: made("x.mp4", "2", "-an"), want: library.NoSound, repair: true},
		{name: "no picture", make: made("x.mp4", "2", "-vn"), want: library.NoPicture},
		{name: "no picture but a cover", make: func(t *testing.T, dir string) string {
			cover := write(t, filepath.Join(dir, "c.jpg"), photo.Bytes())
			return ffmpeg(t, filepath.Join(dir, "x.mp4"), "-i", good, "-i", cover, "-map", "0:a", "-map", "1:v", "-c", "copy", "-disposition:v", "attached_pic")
		}, want: library.NoPicture},
		{name: "silent sound track", make: made("x.mp4", "2", "-af", "volume=0"), remark: library.Silent},
		{name: "sound of a dictaphone", make: made("x.mkv", "2", "-c:a", "g726", "-ar", "8000", "-ac", "1", "-b:a", "32k"), want: library.BadSound, repair: true},
		{name: "sound ends early", make: made("x.mp4", "8", "-af", "atrim=end=2"), remark: library.Uneven},
		{name: "twenty sound tracks", make: func(t *testing.T, dir string) string {
			args := []string{"-i", good, "-map", "0:v"}
			for range 20 {
				args = append(args, "-map", "0:a")
			}
			return ffmpeg(t, filepath.Join(dir, "x.mkv"), append(args, "-c", "copy")...)
		}, want: library.ManyStreams, repair: true},
		{name: "flood of subtitles inside", make: func(t *testing.T, dir string) string {
			flood := write(t, filepath.Join(dir, "flood.srt"), []byte(srt(3, strings.Repeat("字", 60_000))))
			return ffmpeg(t, filepath.Join(dir, "x.mkv"), "-i", good, "-i", flood, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt")
		}, want: library.SubInside, repair: true},
		{name: "compressed bomb of subtitles", make: harmed("x.mkv", mkv, bombMKV), want: library.SubInside, repair: true},
	}
}

// hostile are names that bite: whoever prints, opens or runs them.
func hostile() []string {
	return []string{
		"课 件 第一讲.mp4", "a'b.mp4", `a"b.mp4`, "$(touch PWNED).mp4", "`touch PWNED`.mp4", "a;touch PWNED.mp4", "-i.mp4", "--help.mp4",
		"new\nline.mp4", "esc\x1b[31mred.mp4", "rtl\u202egpj.mp4", "zero\u200bwidth.mp4", "gbk\xd6\xd0\xce\xc4.mp4", "..mp4", "...mp4", "concat:a|b.mp4",
		"%d.mp4", "a*?.mp4", "con.mp4", "é́́́́́.mp4", strings.Repeat("长", 80) + ".mp4", "\\..\\x.mp4", "😀.mp4", " .mp4",
	}
}

// nasty are the worst of them.
func nasty() []string {
	return []string{"$(touch PWNED)'\"`touch PWNED`.mp4", "-i.mp4", "new\nline \x1b[31m.mp4", "rtl\u202egpj\u200b.mp4", "gbk\xd6\xd0\xce\xc4.mp4", "concat:%d|*?.mp4", strings.Repeat("长", 80) + ".mp4", " .mp4"}
}

// open makes a library in a folder of its own.
func open(t testing.TB, o library.Opts) (*library.Library, string) {
	t.Helper()
	needTools(t)
	dir := filepath.Join(t.TempDir(), "lessons")
	if o.Reserve == 0 {
		o.Reserve = 1
	}
	return library.Open(dir, now, o), dir
}

func add(t testing.TB, l *library.Library, path string) (library.Lesson, library.Verdict) {
	t.Helper()
	lesson, v, err := l.Add(t.Context(), library.Arrival{Path: path})
	if err != nil {
		t.Fatalf("%q: %v", path, err)
	}
	return lesson, v
}

// leftovers fails when something is in the library that is no lesson.
func leftovers(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), library.ManifestName)); err != nil && e.Name() != ".lock" {
			t.Errorf("%s is left in the library", e.Name())
		}
	}
}

func jpegOf(b *bytes.Buffer, w, h int) error {
	return jpeg.Encode(b, image.NewGray(image.Rect(0, 0, w, h)), nil)
}
