package library_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"stationbox/media/library"
)

// TestCorpus judges files as they come on sticks. Where a command is offered it is
// run as a person would run it, and what it makes is a lesson.
func TestCorpus(t *testing.T) {
	t.Parallel()
	needTools(t)
	base := t.TempDir()
	good := film(t, filepath.Join(base, "good.mp4"), "3")
	mkv := ffmpeg(t, filepath.Join(base, "good.mkv"), "-i", good, "-c", "copy")
	list := corpus(good, mkv)
	if len(list) < 30 {
		t.Fatalf("only %d files", len(list))
	}
	for _, tt := range list {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, dir := open(t, library.Opts{})
			path := tt.make(t, t.TempDir())
			lesson, v := add(t, l, path)
			t.Logf("%v | %s", v.Findings, v.Command())
			if got := v.Cause().Code; got != tt.want {
				t.Errorf("refused by %q, want %q: %v", got, tt.want, v.Findings)
			}
			if tt.remark != "" && !v.Has(tt.remark) {
				t.Errorf("nothing of %s in %v", tt.remark, v.Findings)
			}
			if (v.Repair != nil) != tt.repair {
				t.Errorf("repair %q, want one: %v", v.Command(), tt.repair)
			}
			if v.OK() != (lesson.ID != "") || v.OK() != (len(l.List()) == 1) {
				t.Errorf("lesson %q, %d in the library", lesson.ID, len(l.List()))
			}
			leftovers(t, dir)
			if tt.repair && v.Repair != nil {
				mended(t, l, v)
			}
		})
	}
}

// mended runs the command of a verdict in a shell and adds what it makes.
func mended(t *testing.T, l *library.Library, v library.Verdict) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", v.Command())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", v.Command(), err, out)
	}
	fixed := v.Repair[len(v.Repair)-1]
	if _, again := add(t, l, fixed); !again.OK() {
		t.Errorf("%s: still %v", v.Command(), again.Findings)
	}
}

// TestHostileNames imports a film under names that bite: a good one, and one whose
// repair has the name in it.
func TestHostileNames(t *testing.T) {
	l, dir := open(t, library.Opts{})
	src := t.TempDir()
	t.Chdir(src)
	good := film(t, filepath.Join(src, "good.mp4"), "1.2")
	mute := ffmpeg(t, filepath.Join(src, "mute.mp4"), "-i", good, "-an", "-c", "copy")
	for i, name := range nasty() {
		path := filepath.Join(src, name)
		// Another film each, or it would be in the library already.
		write(t, path, append(read(t, good), 0, 0, 0, 8, 'f', 'r', 'e', 'e', byte(i)))
		lesson, v := add(t, l, path)
		if !v.OK() || lesson.ID == "" || filepath.Dir(lesson.Dir()) != dir {
			t.Errorf("%q: %q %v", name, lesson.Dir(), v.Findings)
		}
		for _, r := range lesson.ID + lesson.Title {
			if r < ' ' || r == '\u202e' || r == '\u200b' {
				t.Errorf("%q: %q, %q", name, lesson.ID, lesson.Title)
			}
		}
		write(t, path, read(t, mute))
		if _, v = add(t, l, path); v.Cause().Code != library.NoSound || v.Repair == nil {
			t.Errorf("%q: %v", name, v.Findings)
			continue
		}
		mended(t, l, v)
	}
	if _, err := os.Stat("PWNED"); err == nil {
		t.Error("a name was run")
	}
	leftovers(t, dir)
}

// TestQuote has a shell read what Quote wrote.
func TestQuote(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range append(hostile(), "", "plain-1.2_a", "a b", "\\", "'", "\x00x"[1:], "€£") {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		out, err := exec.CommandContext(ctx, "bash", "-c", "printf %s "+library.Quote(name)).Output()
		cancel()
		if err != nil || string(out) != name {
			t.Errorf("%q came back as %q: %v", name, out, err)
		}
		for _, r := range library.Quote(name) {
			if r < ' ' || r == '\u202e' || r == utf8.RuneError {
				t.Errorf("%q is printed as %q", name, library.Quote(name))
			}
		}
	}
	if _, err := os.Stat("PWNED"); err == nil {
		t.Error("a name was run")
	}
}

// TestGoodFilms are films of all kinds that play: refusing one would be a mistake.
func TestGoodFilms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file string
		opts       []string
	}{
		{"open GOP, B-frames", "x.mp4", []string{"-preset", "medium", "-x264-params", "open-gop=1:bframes=5:ref=4:keyint=20"}},
		{"fragments", "x.mp4", []string{"-movflags", "frag_keyframe+empty_moov"}},
		{"table at the end, QuickTime", "x.mov", []string{"-movflags", "0"}},
		{"transport stream", "x.ts", nil},
		{"satellite", "x.ts", []string{"-c:v", "mpeg2video", "-c:a", "mp2", "-ac", "2"}},
		{"disc", "x.vob", []string{"-c:v", "mpeg2video", "-c:a", "ac3", "-f", "vob"}},
		{"DivX", "x.avi", []string{"-c:v", "mpeg4", "-vtag", "DIVX", "-bf", "2", "-c:a", "libmp3lame", "-q:a", "4"}},
		{"Windows Media", "x.wmv", []string{"-c:v", "wmv2", "-c:a", "wmav2"}},
		{"Flash", "x.flv", []string{"-c:v", "flv1", "-c:a", "mp3", "-ar", "44100"}},
		{"mobile phone", "x.3gp", []string{"-vf", "scale=352:288,setsar=1", "-c:v", "h263", "-c:a", "aac", "-ac", "1"}},
		{"six channels", "x.mkv", []string{"-ac", "6", "-c:a", "ac3"}},
		{"29.97 in milliseconds", "x.mkv", []string{"-vf", "fps=30000/1001"}},
		{"delayed sound", "x.mkv", []string{"-af", "adelay=400"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, _ := open(t, library.Opts{})
			lesson, v := add(t, l, film(t, filepath.Join(t.TempDir(), tt.file), "2", tt.opts...))
			if !v.OK() || len(v.Findings) > 0 {
				t.Errorf("%v", v.Findings)
			}
			if lesson.LengthMS < 1900 || lesson.LengthMS > 2600 || lesson.Cover == "" {
				t.Errorf("%d ms, cover %q", lesson.LengthMS, lesson.Cover)
			}
		})
	}
}

// TestFilmOpensNothingElse: a film that is a list of others makes nothing fetch
// them.
func TestFilmOpensNothingElse(t *testing.T) {
	t.Parallel()
	l, _ := open(t, library.Opts{})
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var called atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			called.Add(1)
			_ = c.Close()
		}
	}()
	there := "http://" + server.Addr().String() + "/x.ts"
	for name, list := range map[string]string{
		"hls":    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n" + there + "\n#EXT-X-ENDLIST\n",
		"concat": "ffconcat version 1.0\nfile '" + there + "'\n",
		"dash":   "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" mediaPresentationDuration=\"PT3S\"><Period><BaseURL>" + there + "</BaseURL><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1\"/></AdaptationSet></Period></MPD>",
		"sdp":    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
	} {
		if _, v := add(t, l, write(t, filepath.Join(t.TempDir(), "x.mp4"), []byte(list))); v.Cause().Code != library.NotVideo {
			t.Errorf("%s: %v", name, v.Findings)
		}
	}
	_ = server.Close()
	<-done
	if n := called.Load(); n > 0 {
		t.Errorf("%d connections", n)
	}
}
