package library

import (
	"fmt"
	"strings"
	"testing"
)

// usual is the head of a film that every board shows.
func usual() Probe {
	return Probe{Container: "mp4", LengthMS: 60_000, Video: 0, Audio: 1, streams: 2,
		Picture: Picture{Codec: "h264", Width: 1280, Height: 720, Format: "yuv420p", Rate: 25}, Sound: Sound{Codec: "aac", Rate: 48000, Channels: 2}}
}

// TestBoards judges the same films for each board.
func TestBoards(t *testing.T) {
	pic := func(codec string, w, h int, rate float64) Probe {
		p := usual()
		p.Picture.Codec, p.Picture.Width, p.Picture.Height, p.Picture.Rate = codec, w, h, rate
		return p
	}
	tests := []struct {
		name  string
		probe Probe
		want  [4]Code // pi3, zero2, pi4, pi5
	}{
		{"720p25", pic("h264", 1280, 720, 25), [4]Code{}},
		{"1080p25", pic("h264", 1920, 1080, 25), [4]Code{}},
		{"1080p29.97", pic("h264", 1920, 1080, 30000.0/1001), [4]Code{}},
		{"1080p30 as 1088", pic("h264", 1920, 1088, 30), [4]Code{}},
		{"1080p50", pic("h264", 1920, 1080, 50), [4]Code{TooFast, TooFast, "", ""}},
		{"1080p60", pic("h264", 1920, 1080, 60), [4]Code{TooFast, TooFast, "", ""}},
		{"720p60", pic("h264", 1280, 720, 60), [4]Code{}},
		{"1080p120", pic("h264", 1920, 1080, 120), [4]Code{TooFast, TooFast, TooFast, TooFast}},
		{"upright", pic("h264", 1080, 1920, 25), [4]Code{}},
		{"1920x1200", pic("h264", 1920, 1200, 25), [4]Code{TooLarge, TooLarge, TooLarge, TooLarge}},
		{"4K", pic("h264", 3840, 2160, 25), [4]Code{TooLarge, TooLarge, TooLarge, TooLarge}},
		{"HEVC 1080p25", pic("hevc", 1920, 1080, 25), [4]Code{BadCodec, BadCodec, BadCodec, ""}},
		{"HEVC 1080p60", pic("hevc", 1920, 1080, 60), [4]Code{BadCodec, BadCodec, BadCodec, TooFast}},
		{"MPEG-2 of a DVD", pic("mpeg2video", 720, 576, 25), [4]Code{}},
		{"MPEG-2 720p", pic("mpeg2video", 1280, 720, 25), [4]Code{TooLarge, TooLarge, "", ""}},
		{"WMV", pic("wmv3", 640, 480, 30), [4]Code{}},
		{"RealVideo", pic("rv40", 720, 576, 25), [4]Code{}},
		{"AV1", pic("av1", 1280, 720, 25), [4]Code{BadCodec, BadCodec, BadCodec, BadCodec}},
		{"nothing known", pic("", 0, 0, 0), [4]Code{BadCodec, BadCodec, BadCodec, BadCodec}},
	}
	for _, tt := range tests {
		for i, name := range []string{"pi3", "zero2", "pi4", "pi5"} {
			b, ok := BoardNamed(name)
			if !ok {
				t.Fatal(name)
			}
			v := Verdict{Findings: judgeHead(tt.probe, b)}
			if got := v.Cause().Code; got != tt.want[i] {
				t.Errorf("%s on %s: %q, want %q", tt.name, name, got, tt.want[i])
			}
		}
	}
	if _, ok := BoardNamed("pi1"); ok {
		t.Error("a board that nobody knows")
	}
	for _, b := range Boards() {
		for _, l := range b.Limits {
			if l.Source == "" || l.By == "" || l.Width == 0 || l.Blocks == 0 || l.Rate == 0 || l.Kbps == 0 {
				t.Errorf("%s %s: not complete", b.Name, l.Codec)
			}
		}
	}
}

func TestJudgeSound(t *testing.T) {
	for want, s := range map[Code][]Sound{
		"":       {{"aac", 48000, 2, ""}, {"mp3", 44100, 1, ""}, {"ac3", 48000, 6, ""}, {"amr_nb", 8000, 1, ""}},
		BadSound: {{"dts", 48000, 6, ""}, {"aac", 192000, 2, ""}, {"pcm_s16le", 4000, 1, ""}, {"aac", 48000, 0, ""}, {"aac", 48000, 24, ""}, {"", 48000, 2, ""}},
	} {
		for _, snd := range s {
			p := usual()
			p.Sound = snd
			if got := (Verdict{Findings: judgeHead(p, Boards()[0])}).Cause().Code; got != want {
				t.Errorf("%+v: %q, want %q", snd, got, want)
			}
		}
	}
}

// TestRepairs looks at commands that take too long to be run in a test.
func TestRepairs(t *testing.T) {
	pi3, _ := BoardNamed("pi3")
	tests := []struct {
		name   string
		change func(p *Probe)
		found  []Code
		want   []string // parts of the command
		never  []string
	}{
		{"DCI 4K", func(p *Probe) { p.Picture.Width, p.Picture.Height = 4096, 2160 }, []Code{TooLarge}, []string{"scale=1920:1012", "fps=25", "-c:a copy"}, []string{"copy -movflags -c:v"}},
		{"upright phone", func(p *Probe) { p.Picture.Width, p.Picture.Height, p.Picture.Rotation = 1920, 1080, 90 }, []Code{Rotated}, []string{"scale=608:1080"}, nil},
		{"60 on a small board", func(p *Probe) { p.Picture.Width, p.Picture.Height, p.Picture.Rate = 1920, 1080, 60000.0/1001 }, []Code{TooFast}, []string{"fps=30000/1001"}, nil},
		{"240 of a phone", func(p *Probe) { p.Picture.Rate = 240 }, []Code{TooFast}, []string{"fps=30"}, nil},
		{"PAL with oblong pixels", func(p *Probe) {
			p.Picture.Width, p.Picture.Height, p.Picture.Aspect, p.Picture.Interlaced = 720, 576, "64:45", true
		}, []Code{BadCodec}, []string{"bwdif=mode=send_frame,scale=1024:576,setsar=1"}, nil},
		{"rate that is not known", func(p *Probe) { p.Picture.Rate = 0 }, []Code{Varying}, []string{"fps=24"}, nil},
		{"sound alone", func(*Probe) {}, []Code{BadSound}, []string{"-c:v copy", "-c:a aac"}, []string{"libx264"}},
		{"old picture in a new box", func(p *Probe) { p.Picture.Codec = "wmv3" }, []Code{OtherLength}, []string{"-c:v copy", "x-fixed.mkv"}, []string{"faststart"}},
		{"keeps its subtitles", func(p *Probe) { p.subs, p.textSubs = []int{2}, true }, []Code{BadSound}, []string{"-map 0:s -c:s mov_text"}, nil},
	}
	for _, tt := range tests {
		p := usual()
		tt.change(&p)
		var found []Finding
		for _, c := range tt.found {
			found = append(found, refuse(c))
		}
		cmd := Verdict{Repair: repair(found, p, pi3, "/media/usb/x.mp4")}.Command()
		for _, part := range tt.want {
			if !strings.Contains(cmd, part) {
				t.Errorf("%s: no %q in %s", tt.name, part, cmd)
			}
		}
		for _, part := range tt.never {
			if strings.Contains(cmd, part) {
				t.Errorf("%s: %q in %s", tt.name, part, cmd)
			}
		}
	}
	for _, c := range []Code{Missing, Truncated, NoIndex, NotVideo, NoPicture, OtherHash, TooLong, Gone} {
		if r := repair([]Finding{refuse(BadSound), refuse(c)}, usual(), pi3, "x"); r != nil {
			t.Errorf("%s is mended by %v", c, r)
		}
	}
	if r := repair([]Finding{remark(Interlaced)}, usual(), pi3, "x"); r != nil {
		t.Errorf("a remark is mended by %v", r)
	}
}

// TestSteadyRates are distances of pictures as containers round them.
func TestSteadyRates(t *testing.T) {
	feed := func(stamps ...float64) (scan, bool) {
		s := &scan{}
		p := &packets{p: usual(), scan: s, tell: func(int64) {}}
		_ = p.line("#tb 0: 1/1000")
		for _, v := range stamps {
			_ = p.line(fmt.Sprintf("0, 0, %d, 40, 100, 0x0", int64(v)))
		}
		s.pictures.end()
		_, _, varies := s.pictures.unsteady()
		return *s, varies
	}
	steady := func(n int, gap float64) []float64 {
		var list []float64
		for i := range n {
			list = append(list, float64(i)*gap)
		}
		return list
	}
	swapped := steady(200, 40) // as pictures that are stored before those they are shown after
	for i := 0; i+3 < len(swapped); i += 4 {
		swapped[i+1], swapped[i+3] = swapped[i+3], swapped[i+1]
	}
	lost := append(steady(100, 40), steady(100, 40)...)
	for i := 100; i < 200; i++ {
		lost[i] += 4080 // two pictures are missing once
	}
	phone := steady(200, 40)
	for i := range phone {
		phone[i] += float64(i%7) * 30
	}
	for name, tt := range map[string]struct {
		stamps []float64
		varies bool
	}{
		"25": {steady(200, 40), false}, "29.97 in milliseconds": {steady(200, 1001.0/30), false}, "out of order": {swapped, false},
		"one gap": {lost, false}, "phone": {phone, true}, "one picture": {steady(1, 40), false}, "none": {nil, false},
	} {
		if s, varies := feed(tt.stamps...); varies != tt.varies {
			t.Errorf("%s: varies %v: %v", name, varies, s.pictures.gaps)
		}
	}
}

func TestGain(t *testing.T) {
	for _, tt := range []struct {
		lufs, peak, want float64
		limited          bool
	}{{-23, -10, 0, false}, {-18.4, -3, -4.6, false}, {-33, -20, 10, false}, {-33, -5, 4, true}, {-10, 0.5, -13, false}, {-60, -50, 37, false}, {-66, -60, 40, true}, {-70, -70, 0, false}, {-23.04, -1, 0, false}} {
		if g := gain(tt.lufs, tt.peak); g.GainDB != tt.want || g.Limited != tt.limited {
			t.Errorf("%g LUFS, %g dBTP: %+v", tt.lufs, tt.peak, g)
		}
	}
}

// TestTitlesAreNoErrors: what a film calls itself is not what ffmpeg says of it.
func TestTitlesAreNoErrors(t *testing.T) {
	for line, errors := range map[string]int{
		"[info]     title           : [error] partial file, Cannot allocate memory":                                        0,
		"[info]     title           : [warning] corrupt [Parsed_ebur128_0 @ 0x1] [info] Summary:":                          0,
		"[mov,mp4 @ 0x1] [info]  x [fatal]":                                                                                0,
		"[dec:h264 @ 0x1] [error] Error submitting packet to decoder":                                                      1,
		"[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] x":                                                                 1,
		"[warning] trunc.mp4: corrupt input packet in stream 0":                                                            1,
		"[warning] deprecated pixel format used":                                                                           0,
		"[null @ 0x1] [error] Application provided invalid, non monotonically increasing dts to muxer in stream 0: 1 >= 1": 0,
		"[error": 0,
	} {
		s := &scan{}
		_ = (&scanLog{scan: s}).line(line)
		if s.errors != errors || s.cut || s.memory || s.misfit != "" {
			t.Errorf("%q: %+v", line, s)
		}
	}
}

func TestJudgeSubs(t *testing.T) {
	for _, tt := range []struct {
		name string
		load subLoad
		text bool
		bad  bool
	}{
		{"a lesson's", subLoad{bytes: 300_000, packets: 11_000, largest: 300}, true, false},
		{"none", subLoad{}, true, false},
		{"too much", subLoad{bytes: mostSubBytes + 1, packets: 1000, largest: 9000}, true, true},
		{"too many", subLoad{bytes: 100_000, packets: mostSubPackets + 1, largest: 10}, true, true},
		{"too large", subLoad{bytes: 100_000, packets: 1, largest: mostSubPacket + 1}, true, true},
		{"pictures", subLoad{bytes: 20 << 20, packets: 2000, largest: 100_000}, false, false},
		{"too many pictures", subLoad{bytes: 200 << 20, packets: 2000, largest: 100_000}, false, true},
	} {
		p := usual()
		p.subs, p.textSubs = []int{2}, tt.text
		if got := judgeSubs(p, tt.load); (len(got) > 0) != tt.bad {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
