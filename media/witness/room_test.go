package witness

import (
	"bytes"
	"encoding/binary"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// roomRate is the sample rate of the test set.
const roomRate = 16000

// ffmpegRun returns what a command of ffmpeg writes.
func ffmpegRun(t testing.TB, args ...string) (stdout, stderr []byte) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-hide_banner", "-nostdin", "-nostats", "-y"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg %q: %v: %s", args, err, errs.Bytes())
	}
	return out.Bytes(), errs.Bytes()
}

// sounds runs a filter graph and returns its samples of full scale 1.
func sounds(t testing.TB, graph string, seconds int, in ...string) []float64 {
	t.Helper()
	args := append(in, "-filter_complex", graph, "-t", strconv.Itoa(seconds), "-ac", "1", "-ar", strconv.Itoa(roomRate), "-f", "f32le", "pipe:1")
	b, _ := ffmpegRun(t, append([]string{"-loglevel", "error"}, args...)...)
	c := make([]float64, len(b)/4)
	for i := range c {
		c[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
	}
	return c
}

func save(t testing.TB, path string, c []float64) {
	t.Helper()
	b := make([]byte, 0, 4*len(c))
	for _, v := range c {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// speech is a voice: syllables of noise and tone, words, sentences, pauses.
func speech(seconds int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	c := make([]float64, seconds*roomRate)
	for i := 0; i < len(c); {
		words := 4 + r.IntN(12)
		loud := 0.25 * math.Pow(10, r.NormFloat64()*3/20)
		for range words {
			for range 1 + r.IntN(3) {
				n := int((0.12 + 0.18*r.Float64()) * roomRate)
				hz, level := 110+60*r.Float64(), loud*math.Pow(10, r.NormFloat64()*3/20)
				for k := 0; k < n && i < len(c); k++ {
					shape := math.Sin(math.Pi * float64(k) / float64(n))
					tt := float64(k) / roomRate
					v := 0.0
					for h := 1.0; h < 6; h++ {
						v += math.Sin(2*math.Pi*hz*h*tt) / h
					}
					c[i] = level * shape * (0.5*v + 0.1*r.NormFloat64())
					i++
				}
				i += int(0.02 * roomRate)
			}
			i += int((0.05 + 0.1*r.Float64()) * roomRate)
		}
		i += int((0.4 + 1.2*r.Float64()*r.Float64()*2) * roomRate)
	}
	return c
}

// music has a beat, bars that come again, and parts of different loudness.
func music(seconds int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	c := make([]float64, seconds*roomRate)
	beat := 60 / (85 + 40*r.Float64())
	notes := []float64{220, 247, 262, 294, 330, 392, 440}
	level := 0.2
	for t, n := 0.0, 0; t < float64(seconds); t, n = t+beat/2, n+1 {
		if n%32 == 0 {
			level = 0.2 * math.Pow(10, r.NormFloat64()*4/20)
		}
		hz, strong := notes[r.IntN(len(notes))], 0.6
		if n%4 == 0 {
			strong = 1
		}
		for k := 0; k < int(0.8*roomRate); k++ {
			i := int(t*roomRate) + k
			if i >= len(c) {
				break
			}
			s := float64(k) / roomRate
			c[i] += level * strong * math.Exp(-s/0.25) * (math.Sin(2*math.Pi*hz*s) + 0.5*math.Sin(4*math.Pi*hz*s))
		}
	}
	return c
}

func power(c []float64) float64 {
	sum := 0.0
	for _, v := range c {
		sum += v * v
	}
	return sum / float64(max(1, len(c)))
}

func mix(a []float64, b []float64, db float64) []float64 {
	g := math.Pow(10, db/20)
	out := append([]float64(nil), a...)
	for i := range out {
		if i < len(b) {
			out[i] += g * b[i]
		}
	}
	return out
}

// meter is what the microphone gives: dBFS of every tenth of a second.
func meter(c []float64) []float64 {
	const n = roomRate / 10
	var out []float64
	for ; len(c) >= n; c = c[n:] {
		out = append(out, max(-120, 10*math.Log10(power(c[:n])+1e-12)))
	}
	return out
}

// traceOf has ffmpeg measure the programme as the library does.
func traceOf(t testing.TB, c []float64) Trace {
	t.Helper()
	path := t.TempDir() + "/p.f32"
	save(t, path, c)
	_, log := ffmpegRun(t, "-loglevel", "info", "-f", "f32le", "-ar", strconv.Itoa(roomRate), "-ac", "1", "-i", path, "-af", "ebur128", "-f", "null", "-")
	var tr Tracer
	for line := range strings.SplitSeq(string(log), "\n") {
		var at, m float64
		if _, rest, ok := strings.Cut(line, "] t:"); ok {
			f := strings.Fields(strings.ReplaceAll(rest, "M:", "M: "))
			at, _ = strconv.ParseFloat(f[0], 64)
			for i, w := range f {
				if w == "M:" {
					m, _ = strconv.ParseFloat(f[i+1], 64)
				}
			}
			tr.Loud(time.Duration(at*float64(time.Second)), m)
		}
	}
	return tr.Trace([32]byte{})
}

// scaled gives c a level in dBFS.
func scaled(c []float64, db float64) []float64 {
	g := math.Sqrt(math.Pow(10, db/10) / power(c))
	out := make([]float64, len(c))
	for i := range c {
		out[i] = g * c[i]
	}
	return out
}

// throughRoom is the programme as a microphone gets it from a small loudspeaker: no
// bass, no treble, three echoes, and 430 ms late as a display may be.
func throughRoom(t testing.TB, c []float64) []float64 {
	t.Helper()
	path := t.TempDir() + "/p.f32"
	save(t, path, c)
	return sounds(t, "[0]highpass=f=200,lowpass=f=4500,aecho=0.8:0.9:40|90|170:0.45|0.3|0.2,adelay=430",
		len(c)/roomRate, "-f", "f32le", "-ar", strconv.Itoa(roomRate), "-ac", "1", "-i", path)
}

// situation is a room in which the programme is, or is not.
type situation struct {
	name  string
	there bool
	sound []float64
	least float64 // of the windows heard when it is there; 0: nothing is asked
}

// stems are what else is to be heard in rooms, all at −30 dBFS.
type stems struct{ pink, hum, talk, speech, music []float64 }

func newStems(t testing.TB, seconds int, seed uint64) stems {
	level := func(c []float64) []float64 { return scaled(c, -30) }
	return stems{
		pink:   level(sounds(t, "anoisesrc=c=pink:r=16000:a=0.5:seed="+strconv.FormatUint(seed, 10), seconds)),
		hum:    level(sounds(t, "sine=50:r=16000,volume=6dB[a];sine=100:r=16000[b];[a][b]amix", seconds)),
		talk:   level(speech(seconds, seed+1)),
		speech: level(speech(seconds, seed+2)),
		music:  level(music(seconds, seed+3)),
	}
}

// situations are what the microphone may get while the programme plays, over a
// noise of the room that is 35 dB below.
func (s stems) situations(t testing.TB, programme []float64) []situation {
	there := scaled(throughRoom(t, programme), -30)
	quiet := func(c []float64) []float64 { return mix(c, s.pink, -35) }
	late := append(make([]float64, 40*roomRate), there...)[:len(there)]
	return []situation{
		{"clean", true, quiet(there), 0.6},
		{"noise at 10 dB", true, mix(there, s.pink, -10), 0.6},
		{"noise at 5 dB", true, mix(there, s.pink, -5), 0.6},
		{"noise at 0 dB", true, mix(there, s.pink, 0), 0.5},
		{"noise at -5 dB", true, mix(there, s.pink, 5), 0},
		{"noise at -10 dB", true, mix(there, s.pink, 10), 0},
		{"talk at 10 dB", true, mix(quiet(there), s.talk, -10), 0.5},
		{"talk at 5 dB", true, mix(quiet(there), s.talk, -5), 0.5},
		{"talk at 0 dB", true, mix(quiet(there), s.talk, 0), 0},
		{"talk at -5 dB", true, mix(quiet(there), s.talk, 5), 0},
		{"hum at 0 dB", true, mix(quiet(there), s.hum, 0), 0.6},
		{"other speech", false, quiet(s.speech), 0},
		{"other music", false, quiet(s.music), 0},
		{"itself, 40 s late", false, quiet(late), 0},
		{"silence", false, quiet(make([]float64, len(there))), 0},
		{"hum", false, quiet(s.hum), 0},
		{"talk", false, quiet(s.talk), 0},
		{"loud noise", false, s.pink, 0},
	}
}

// listen feeds a Hearing and returns its windows.
func listen(tr Trace, levels []float64) (*Hearing, []Window) {
	h := NewHearing(tr)
	var list []Window
	for i, v := range levels {
		if w, ok := h.Hear(time.Duration(i+1)*FineStep, v); ok {
			list = append(list, w)
		}
	}
	return h, list
}

var rooms = flag.Int("rooms", 0, "more rooms, of eight minutes each")

// TestRoom is the test set by which the limits were chosen. No film that is not
// there is ever heard; one that is there is never called not heard down to a noise
// as loud as itself.
func TestRoom(t *testing.T) {
	seconds, seeds := 60, uint64(1)
	if *rooms > 0 {
		seconds, seeds = 480, uint64(*rooms)
	}
	table := newTable()
	for seed := range seeds {
		seed *= 10
		others := newStems(t, seconds, seed+20)
		for name, c := range map[string][]float64{"speech": speech(seconds, seed+4), "music": music(seconds, seed+5), "both": mix(speech(seconds, seed+6), music(seconds, seed+7), -6)} {
			tr := traceOf(t, c)
			for _, s := range others.situations(t, c) {
				h, list := listen(tr, meter(s.sound))
				table.add(name, s, list)
				if v := h.Share().Verdict(); !s.there && v == WasHeard {
					t.Errorf("%s, %s: lesson %v", name, s.name, v)
				}
			}
		}
	}
	table.print(t)
	table.check(t)
}

// table counts windows by programme and situation.
type table struct {
	rows  map[string]*row
	order []string
	roc   [2][]Window // not there, there
}

type row struct {
	name      string
	s         situation
	n         int
	heard, no int
	why       map[Reason]int
	low, high float64 // match
	best      float64 // beyond
}

func newTable() *table { return &table{rows: map[string]*row{}} }

func (tb *table) add(name string, s situation, list []Window) {
	key := s.name + " " + name
	r := tb.rows[key]
	if r == nil {
		r = &row{name: name, s: s, why: map[Reason]int{}, low: 1, high: -1, best: -1}
		tb.rows[key] = r
		tb.order = append(tb.order, key)
	}
	for _, w := range list {
		r.n++
		switch w.Heard {
		case WasHeard:
			r.heard++
		case NotHeard:
			r.no++
		default:
			r.why[w.Why]++
		}
		r.low, r.high, r.best = min(r.low, w.Match), max(r.high, w.Match), max(r.best, w.Beyond)
		if !s.there {
			tb.roc[0] = append(tb.roc[0], w)
		} else if s.least > 0 {
			tb.roc[1] = append(tb.roc[1], w)
		}
	}
}

func (tb *table) print(t *testing.T) {
	slices.Sort(tb.order)
	for _, key := range tb.order {
		r := tb.rows[key]
		t.Logf("%-18s %-7s there %-5v windows %3d: heard %3d, not %3d, unknown %v; match %5.2f to %5.2f, beyond at most %5.2f",
			r.s.name, r.name, r.s.there, r.n, r.heard, r.no, r.why, r.low, r.high, r.best)
	}
	t.Log("match at least | heard of those there | heard of those not there")
	for _, limit := range []float64{0.2, 0.3, 0.4, 0.5, heardMatch, 0.7, 0.8} {
		t.Logf("%14.2f | %5.1f %% (%5.1f %% without Beyond) | %5.1f %% (%5.1f %% without Beyond)", limit,
			passing(tb.roc[1], limit, heardBeyond), passing(tb.roc[1], limit, -9), passing(tb.roc[0], limit, heardBeyond), passing(tb.roc[0], limit, -9))
	}
}

func passing(list []Window, match, beyond float64) float64 {
	n := 0
	for _, w := range list {
		if w.Match >= match && w.Beyond >= beyond {
			n++
		}
	}
	return 100 * float64(n) / float64(max(1, len(list)))
}

// check allows one window in two hundred to be called heard by chance, which in the
// short test set is none.
func (tb *table) check(t *testing.T) {
	for _, r := range tb.rows {
		if !r.s.there && r.heard > r.n/50 {
			t.Errorf("%s, %s: not there, but %d of %d heard", r.name, r.s.name, r.heard, r.n)
		}
		if r.s.least > 0 && (r.no > r.n/50 || r.name != "music" && float64(r.heard) < r.s.least*float64(r.n)) {
			t.Errorf("%s, %s: there, but only %d of %d heard and %d not heard", r.name, r.s.name, r.heard, r.n, r.no)
		}
	}
	if wrong := passing(tb.roc[0], heardMatch, heardBeyond); wrong > 0.5 {
		t.Errorf("%.2f %% of what is not there is heard", wrong)
	}
}
