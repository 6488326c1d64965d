package library

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"stationbox/media/witness"
)

// scan is what one pass over the whole film found: every picture and every sound
// decoded, every packet counted.
type scan struct {
	pictures track
	sounds   track
	subs     subLoad
	errors   int
	first    string // the first error
	cut      bool   // the demuxer met the end of the file before its time
	memory   bool
	misfit   string // ffmpeg does not know what it was asked
	loud     loudness
	tracer   witness.Tracer
}

const (
	scanLeast  = time.Minute   // bound of a scan: so long …
	scanFactor = 8             // … and so many times the length of the film …
	scanMost   = 8 * time.Hour // … but never longer
	mostErrors = 20            // no more are counted
	mostLine   = 400           // bytes of a line of output
	noMemory   = "Cannot allocate memory"
)

// scanArgs decode picture and sound and measure the loudness; a second output
// lists the packets as they come, which tells progress, time stamps and sizes.
// Two threads leave two cores of a Pi to the lesson on the screen.
func scanArgs(p Probe) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info", "-threads", "2", "-err_detect", "explode"}, guardArgs()...)
	args = append(args, "-i", fileArg)
	args = append(args, maps(p)...)
	if p.Video >= 0 {
		args = append(args, "-filter:v", pictureFilter)
	}
	if p.Audio >= 0 {
		args = append(args, "-filter:a", "ebur128=peak=true:framelog=info")
	}
	args = append(args, "-fps_mode", "passthrough", "-f", "null", "-")
	args = append(args, maps(p)...)
	for _, n := range p.subs {
		args = append(args, "-map", fmt.Sprintf("0:%d", n))
	}
	return append(args, "-c", "copy", "-f", "framecrc", "pipe:1")
}

func maps(p Probe) []string {
	var args []string
	for _, n := range []int{p.Video, p.Audio} {
		if n >= 0 {
			args = append(args, "-map", fmt.Sprintf("0:%d", n))
		}
	}
	return args
}

func scanBound(p Probe) time.Duration {
	return min(scanMost, scanLeast+scanFactor*time.Duration(p.LengthMS)*time.Millisecond)
}

// scan decodes an open film to its end. tell gets the milliseconds that are done.
func (l *Library) scan(ctx context.Context, f *os.File, p Probe, tell func(doneMS int64)) (scan, []Finding, error) {
	s := &scan{}
	packets := &packets{p: p, scan: s, tell: tell}
	log := &scanLog{scan: s, trace: traceLog{to: &s.tracer}}
	bound := scanBound(p)
	err := job{program: l.opts.FFmpeg, args: scanArgs(p), file: f, bound: bound,
		out: &lines{most: mostLine, take: packets.line}, err: &lines{most: mostLine, take: log.line}}.run(ctx)
	found, err := toolFinding(ctx, err, bound)
	s.pictures.end()
	log.trace.end(time.Duration(s.lengthMS()) * time.Millisecond)
	return *s, found, err
}

// track is what the time stamps of one stream tell.
type track struct {
	unit    float64 // milliseconds of one tick
	packets int
	bytes   int64
	first   int64 // time stamps in ticks
	last    int64 // end of the last packet
	waiting []int64
	shown   int64 // newest time stamp in the order of showing
	some    bool
	gaps    map[int64]int // how often which distance
}

const (
	reorder  = 32   // pictures may be stored this much out of order: more than any codec does
	mostGaps = 1024 // different distances that are remembered; a film with so many is not steady anyway
)

func (t *track) add(at, length int64) {
	if t.packets == 0 || at < t.first {
		t.first = at
	}
	t.last = max(t.last, at+length)
	t.packets++
	i, _ := slices.BinarySearch(t.waiting, at)
	t.waiting = slices.Insert(t.waiting, i, at)
	if len(t.waiting) > reorder {
		t.show()
	}
}

// show takes the earliest waiting picture out and notes its distance.
func (t *track) show() {
	at := t.waiting[0]
	t.waiting = slices.Delete(t.waiting, 0, 1)
	if t.gaps == nil {
		t.gaps = map[int64]int{}
	}
	if gap := at - t.shown; t.some && (len(t.gaps) < mostGaps || t.gaps[gap] > 0) {
		t.gaps[gap]++
	}
	t.shown, t.some = at, true
}

func (t *track) end() {
	for len(t.waiting) > 0 {
		t.show()
	}
}

// lengthMS is the time from the first to the end of the last packet.
func (t *track) lengthMS() int64 {
	if t.packets == 0 {
		return 0
	}
	return int64(float64(t.last-t.first) * t.unit)
}

// kbps is its bit rate in kilobits a second.
func (t *track) kbps() int {
	if ms := t.lengthMS(); ms > 0 {
		return int(8 * t.bytes / ms)
	}
	return 0
}

// unsteady returns the shortest and the longest usual distance of pictures in
// milliseconds when the rate varies: more than one picture in a hundred, and at
// least three, lie off by a quarter of the usual distance and by more than the
// rounding of a container.
func (t *track) unsteady() (least, most float64, varies bool) {
	total, usual, count := 0, int64(0), 0
	for gap, n := range t.gaps {
		total += n
		if n > count || n == count && gap < usual {
			usual, count = gap, n
		}
	}
	off := 0
	least, most = float64(usual)*t.unit, float64(usual)*t.unit
	for gap, n := range t.gaps {
		away := math.Abs(float64(gap-usual)) * t.unit
		if away > 2 && away > 0.25*float64(usual)*t.unit {
			off += n
			least, most = min(least, float64(gap)*t.unit), max(most, float64(gap)*t.unit)
		}
	}
	return least, most, off >= 3 && off*100 > total
}

// subLoad is how much the subtitles within a film are.
type subLoad struct {
	bytes   int64
	packets int
	largest int64
}

// packets reads the list of packets.
type packets struct {
	p    Probe
	scan *scan
	tell func(doneMS int64)
	told int64
}

// line takes one line of the form "#tb 0: 1/12800" or "0, dts, pts, duration,
// size, crc"; what is neither is passed over.
func (p *packets) line(s string) error {
	if rest, ok := strings.CutPrefix(s, "#tb "); ok {
		number, base, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			if t := p.track(n); t != nil {
				t.unit = 1000 * fraction(base)
			}
		}
		return nil
	}
	f := strings.Split(s, ",")
	if len(f) < 6 || strings.HasPrefix(s, "#") {
		return nil
	}
	var v [5]int64
	for i := range v {
		n, err := strconv.ParseInt(strings.TrimSpace(f[i]), 10, 64)
		if err != nil {
			return nil
		}
		v[i] = n
	}
	at := v[2]
	if p.p.Container == "avi" || unset(at) {
		at = v[1] // AVI has one time stamp only, and one rate
	}
	if v[0] < 0 || v[0] > mostTracks+64 || unset(at) || unset(v[3]) || unset(v[4]) {
		return nil
	}
	return p.packet(int(v[0]), at, v[3], v[4])
}

// unset says whether a number is one that FFmpeg writes for none.
func unset(n int64) bool { return n > 1<<53 || n < -1<<53 }

// track is that of an output stream: the picture comes first, then the sound.
func (p *packets) track(n int) *track {
	both := p.p.Video >= 0 && p.p.Audio >= 0
	switch {
	case n == 0 && p.p.Video >= 0:
		return &p.scan.pictures
	case n == 0, n == 1 && both:
		return &p.scan.sounds
	}
	return nil
}

// packet counts one packet; subtitles beyond all bounds are not read to their end.
func (p *packets) packet(n int, at, length, size int64) error {
	t := p.track(n)
	if t == nil {
		p.scan.subs.bytes += size
		p.scan.subs.packets++
		p.scan.subs.largest = max(p.scan.subs.largest, size)
		if len(judgeSubs(p.p, p.scan.subs)) > 0 {
			return errEnough
		}
		return nil
	}
	t.add(at, length)
	t.bytes += size
	if done := t.lengthMS(); done >= p.told+1000 {
		p.told = done
		p.tell(done)
	}
	return nil
}

// scanLog reads what ffmpeg says.
type scanLog struct {
	scan    *scan
	summary bool
	trace   traceLog
}

// line counts errors and reads the summary of the loudness. Mistakes of the two
// outputs are not the film's.
func (l *scanLog) line(s string) error {
	switch {
	case l.trace.line(s):
		return nil
	case l.summary:
		l.scan.loud.line(s)
		return nil
	case strings.HasPrefix(s, "[Parsed_ebur128_") && strings.HasSuffix(s, "Summary:"):
		l.summary = true
		return nil
	case strings.HasPrefix(s, "[null @"), strings.HasPrefix(s, "[framecrc @"), strings.HasPrefix(s, "[out#"):
		return nil
	}
	switch level(s) {
	case "error", "fatal", "panic":
		return l.mistake(s)
	case "warning":
		if strings.Contains(s, "corrupt") {
			return l.mistake(s)
		}
	}
	return nil
}

// level is that of a line of the form "[h264 @ 0x1] [error] …"; what comes after
// it may be a title that somebody gave a film.
func level(s string) string {
	for strings.HasPrefix(s, "[") {
		word, rest, ok := strings.Cut(s[1:], "]")
		if !ok {
			return ""
		}
		switch word {
		case "panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace":
			return word
		}
		s = strings.TrimLeft(rest, " ")
	}
	return ""
}

// mistake takes in a line of an error. After twenty nothing more is to be learnt.
func (l *scanLog) mistake(s string) error {
	switch {
	case strings.Contains(s, noMemory):
		l.scan.memory = true
		return errEnough
	case strings.Contains(s, "Unrecognized option"), strings.Contains(s, "No such filter"), strings.Contains(s, "Error splitting the argument list"):
		l.scan.misfit = printable(s, mostArg)
		return errEnough
	}
	l.scan.cut = l.scan.cut || strings.Contains(s, "partial file") || strings.Contains(s, "ended prematurely")
	if l.scan.first == "" {
		l.scan.first = printable(unaddressed(s), 160)
	}
	if l.scan.errors++; l.scan.errors >= mostErrors {
		return errEnough
	}
	return nil
}

// unaddressed is a line of ffmpeg without the addresses in its memory.
func unaddressed(s string) string {
	before, rest, ok := strings.Cut(s, " @ 0x")
	_, after, closed := strings.Cut(rest, "]")
	if !ok || !closed {
		return s
	}
	return before + "]" + unaddressed(after)
}

// loudness is the summary of FFmpeg's ebur128 filter, in LUFS and dBTP.
type loudness struct {
	integrated, peak float64
	haveI, havePeak  bool
}

var errLoudness = errors.New("no loudness")

// line takes "I: -21.8 LUFS" and "Peak: -17.7 dBFS"; silence is "-inf" or below
// the gate of −70.
func (l *loudness) line(s string) {
	f := strings.Fields(s)
	if len(f) < 2 {
		return
	}
	v, err := strconv.ParseFloat(f[1], 64)
	if err != nil || math.IsNaN(v) || v > 60 {
		return
	}
	switch f[0] {
	case "I:":
		l.integrated, l.haveI = max(v, gate), true
	case "Peak:":
		l.peak, l.havePeak = max(v, gate), true
	}
}
