// Package witness judges whether a film was really shown and heard: it compares what
// a microphone in the room and looks at the picture find with what is known of the
// film since it was imported.
//
// It is pure: it opens nothing, starts nothing, knows no clock and keeps no sound.
// Its memory is bounded however long a lesson is. What it cannot know it calls
// unknown; unknown is neither a proof nor a fault.
package witness

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Level is a loudness in half decibels above −70.5: 0 is silence, 1 is −70 LUFS,
// 255 is +57.
type Level uint8

// Silence is the loudness of Level 0 in LUFS: below the gate of ITU-R BS.1770.
const Silence = -70.5

// LevelOf rounds a loudness in LUFS; what is no number is silence.
func LevelOf(lufs float64) Level {
	if !(lufs > Silence) {
		return 0
	}
	return Level(min(255, math.Round(2*(lufs-Silence))))
}

// LUFS is the loudness of l.
func (l Level) LUFS() float64 { return Silence + float64(l)/2 }

// Span is a stretch of a film.
type Span struct{ From, To time.Duration }

// Trace is what a film sounds and looks like, as one pass over it found. A film
// that was imported before traces were kept has none.
type Trace struct {
	Film   [sha256.Size]byte // SHA-256 of the film
	Step   time.Duration     // between levels; the first is that of the first step
	Levels []Level           // momentary loudness (400 ms), averaged over the step
	Dark   []Span            // where the picture is black
	Still  []Span            // where it does not move, also because it is black
}

// Bounds of a trace. Three hours at ten a second do not fit: they get five.
const (
	FineStep   = 100 * time.Millisecond
	MostBytes  = 64 << 10 // of a file
	mostLevels = 60_000
	mostSpans  = 256 // of one kind; the shortest are left out
	mostStep   = 60 * time.Second
)

// The file, little endian:
//
//	"SBTRACE" version=1 | film[32] | step_ms u16 | n u32 | dark u16 | still u16 |
//	n levels, a byte each | spans {from_ms u32, to_ms u32} | SHA-256 of all before [32]
const (
	magic    = "SBTRACE\x01"
	headSize = len(magic) + sha256.Size + 2 + 4 + 2 + 2
	spanSize = 8
)

// ErrTrace is the error of a file that is no whole trace of this version.
var ErrTrace = errors.New("no whole trace")

// Encode writes the trace as a file of at most MostBytes.
func (t Trace) Encode() []byte {
	b := make([]byte, 0, headSize+len(t.Levels)+spanSize*(len(t.Dark)+len(t.Still))+sha256.Size)
	b = append(b, magic...)
	b = append(b, t.Film[:]...)
	b = binary.LittleEndian.AppendUint16(b, uint16(t.Step/time.Millisecond))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Levels)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(t.Dark)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(t.Still)))
	for _, l := range t.Levels {
		b = append(b, byte(l))
	}
	for _, s := range slices.Concat(t.Dark, t.Still) {
		b = binary.LittleEndian.AppendUint32(b, uint32(s.From/time.Millisecond))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.To/time.Millisecond))
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// Decode reads a trace. Errors: ErrTrace.
func Decode(b []byte) (Trace, error) {
	var t Trace
	if len(b) < headSize+sha256.Size || len(b) > MostBytes || string(b[:len(magic)]) != magic {
		return t, fmt.Errorf("%w: %d bytes, or of another version", ErrTrace, len(b))
	}
	body, end := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(body); string(sum[:]) != string(end) {
		return t, fmt.Errorf("%w: its checksum is another one", ErrTrace)
	}
	at := len(magic) + copy(t.Film[:], body[len(magic):])
	step := time.Duration(binary.LittleEndian.Uint16(body[at:])) * time.Millisecond
	n := int(binary.LittleEndian.Uint32(body[at+2:]))
	dark, still := int(binary.LittleEndian.Uint16(body[at+6:])), int(binary.LittleEndian.Uint16(body[at+8:]))
	body = body[headSize:]
	if step < FineStep || step > mostStep || n > mostLevels || dark > mostSpans || still > mostSpans || len(body) != n+spanSize*(dark+still) {
		return t, fmt.Errorf("%w: %v a step, %d levels, %d and %d spans in %d bytes", ErrTrace, step, n, dark, still, len(body))
	}
	t.Step, t.Levels = step, make([]Level, n)
	for i := range t.Levels {
		t.Levels[i] = Level(body[i])
	}
	all := spans(body[n:])
	t.Dark, t.Still = all[:dark:dark], all[dark:]
	for _, list := range [][]Span{t.Dark, t.Still} {
		if !ordered(list) {
			return Trace{}, fmt.Errorf("%w: spans out of order", ErrTrace)
		}
	}
	return t, nil
}

func spans(b []byte) []Span {
	list := make([]Span, 0, len(b)/spanSize)
	for ; len(b) >= spanSize; b = b[spanSize:] {
		from, to := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		list = append(list, Span{time.Duration(from) * time.Millisecond, time.Duration(to) * time.Millisecond})
	}
	return list
}

func ordered(list []Span) bool {
	last := time.Duration(0)
	for _, s := range list {
		if s.From < last || s.To < s.From {
			return false
		}
		last = s.To
	}
	return true
}

// Length is how long the film was listened to.
func (t Trace) Length() time.Duration { return time.Duration(len(t.Levels)) * t.Step }

// Loudness is how loud the film is in the step that ends at a position, in LUFS,
// between two steps in between; Silence before its begin and after its end.
func (t Trace) Loudness(at time.Duration) float64 {
	if t.Step <= 0 {
		return Silence
	}
	x := float64(at)/float64(t.Step) - 1
	low := math.Floor(x)
	part := x - low
	return (1-part)*t.level(int(low)) + part*t.level(int(low)+1)
}

func (t Trace) level(i int) float64 {
	if i < 0 || i >= len(t.Levels) {
		return Silence
	}
	return t.Levels[i].LUFS()
}

// DarkAt says whether the film itself is black within slack of a position.
func (t Trace) DarkAt(at, slack time.Duration) bool { return within(t.Dark, at, slack) }

// StillAt says whether the film itself does not move within slack of a position.
func (t Trace) StillAt(at, slack time.Duration) bool { return within(t.Still, at, slack) }

func within(list []Span, at, slack time.Duration) bool {
	for _, s := range list {
		if at >= s.From-slack && at <= s.To+slack {
			return true
		}
	}
	return false
}
