package library

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzProbe(f *testing.F) {
	f.Add([]byte(`{"streams":[{"index":0,"codec_name":"h264","codec_type":"video","width":320,"height":180,"sample_aspect_ratio":"16:11","pix_fmt":"yuv420p","field_order":"tt","r_frame_rate":"25/1","avg_frame_rate":"25/1","disposition":{"default":1,"attached_pic":0},"side_data_list":[{"rotation":-90}]},{"index":1,"codec_name":"aac","codec_type":"audio","sample_rate":"44100","channels":1,"tags":{"language":"und"}},{"index":2,"codec_type":"subtitle","codec_name":"subrip"}],"format":{"format_name":"mov,mp4,m4a","duration":"3.000000"}}`))
	f.Add([]byte(`{"streams":[{"index":9,"codec_type":"video","width":99999,"avg_frame_rate":"1/0"}],"format":{"format_name":"avi","duration":"1e300"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readProbe(b)
		if err != nil {
			return
		}
		for _, board := range Boards() {
			found := judgeHead(p, board)
			v := Verdict{Findings: found, Repair: repair(found, p, board, "/x/y.mp4")}
			if line := v.Command(); !utf8.ValidString(line) || strings.ContainsAny(line, "\n\x1b") {
				t.Errorf("%q", line)
			}
		}
		if scanBound(p) < 0 || scanBound(p) > scanMost {
			t.Errorf("bound %v", scanBound(p))
		}
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("#tb 0: 1/12800\n#tb 1: 1/44100\n0,      -1024,          0,      512,     4212, 0x65f5c305\n1, 0, 0, 1024, 198, 0x1\n2, 0, 0, 1, 99999999, 0x1\n"),
		[]byte("[h264 @ 0x1] [error] Invalid NAL unit size (1823 > 612).\n[mov @ 0x2] [error] stream 1, offset 0xef1b: partial file\n[Parsed_ebur128_0 @ 0x55] [info] Summary:\n\n    I:         -21.8 LUFS\n    Peak:      -inf dBFS\n"))
	f.Fuzz(func(t *testing.T, list, log []byte) {
		s := &scan{}
		p := Probe{Container: "mp4", LengthMS: 3000, Audio: 1, streams: 3, subs: []int{2}, textSubs: true}
		out := &lines{most: mostLine, take: (&packets{p: p, scan: s, tell: func(int64) {}}).line}
		_, _ = out.Write(list)
		said := &lines{most: mostLine, take: (&scanLog{scan: s}).line}
		_, _ = said.Write(log)
		s.pictures.end()
		if len(s.pictures.gaps) > mostGaps || len(s.pictures.waiting) > reorder || len(out.rest) > mostLine || s.errors > mostErrors {
			t.Error("grows without bound")
		}
		for _, found := range judgeScan(p, *s, Boards()[0]) {
			for _, v := range found.Args {
				if !utf8.ValidString(v) || len(v) > mostArg {
					t.Errorf("%q", v)
				}
			}
		}
		if g := gain(s.loud.integrated, s.loud.peak); g.GainDB > mostGain || s.loud.havePeak && g.GainDB+s.loud.peak > PeakDBTP+0.01 && !g.silent() {
			t.Errorf("%+v", g)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte("title = \"苹果\"\nlanguage = \"zh\"\nage = 3\nfilm = \"a.mp4\"\nsha256 = \"" + strings.Repeat("a", 64) + "\"\n[[subtitle]]\nfile = \"a.srt\"\n[probe.picture]\nwidth = 3\n"))
	f.Add([]byte("film = \"../x\"\nadded = 2026-11-23T19:30:00+08:00\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b)
		if err != nil {
			return
		}
		for _, name := range append([]string{m.Film}, Lesson{Manifest: m}.extras()...) {
			if strings.ContainsAny(name, "/\x00\n") || name == "" || name[0] == '.' {
				t.Errorf("%q", name)
			}
		}
		again, err := m.encode()
		if err != nil {
			return // a time beyond the year 9999
		}
		if n, err := parseManifest(again); err != nil && len(again) <= mostManifest {
			t.Errorf("%v\n%s", err, again)
		} else if err == nil && (n.Title != m.Title || n.Film != m.Film || n.SHA256 != m.SHA256 || !n.Modified.Equal(m.Modified)) {
			t.Errorf("%+v became %+v", m, n)
		}
	})
}

func FuzzSubtitle(f *testing.F) {
	f.Add([]byte("1\n00:00:00,100 --> 00:00:01,000\n\xc6\xbb\xb9\xfb\n"))
	f.Add([]byte("[Events]\nDialogue: 0,0:00:00.10,0:00:01.00,x\n"))
	f.Add([]byte("\x81\x30\x81\x30"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, gb, bad := checkSubtitle("x.srt", b)
		if (kind == "") != (bad != nil) {
			t.Errorf("%q %v", kind, bad)
		}
		if gb && utf8.Valid(b) {
			t.Error("UTF-8 is to be converted")
		}
		if gb && len(b) < 200 {
			if out, err := fromGB18030(context.Background(), b); err == nil && !utf8.Valid(out) {
				t.Errorf("%q became %q", b, out)
			}
		}
	})
}

func FuzzShape(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00\x00\x00\xff\xffmdatxxxx"))
	f.Add([]byte("RIFF\xff\x00\x00\x00AVI xxxx"))
	f.Add([]byte("\x1a\x45\xdf\xa3\x81\x00\x18\x53\x80\x67\x88xxxx"))
	f.Add([]byte("\x00\x00\x00\x01mdat\x7f\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := int64(len(b))
		if n := wants(bytes.NewReader(b), size); n < 0 {
			t.Errorf("wants %d", n)
		}
	})
}
