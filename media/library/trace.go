package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stationbox/media/witness"
)

// TraceName is the file of a lesson that says what its film sounds and looks like.
// It is a help, not a part: a lesson without it is whole.
const TraceName = "trace.bin"

// Trace is what the film sounds and looks like, by which a microphone and looks at
// the picture are judged. A lesson that was imported before traces were kept has
// none: the error is fs.ErrNotExist then. One that is damaged or another film's is
// none either: witness.ErrTrace.
func (l Lesson) Trace() (witness.Trace, error) {
	b, err := readSmall(filepath.Join(l.dir, TraceName), witness.MostBytes)
	if err != nil {
		return witness.Trace{}, err
	}
	t, err := witness.Decode(b)
	if err != nil {
		return witness.Trace{}, err
	}
	if hex.EncodeToString(t.Film[:]) != l.SHA256 {
		return witness.Trace{}, fmt.Errorf("%w: it is another film's", witness.ErrTrace)
	}
	return t, nil
}

// trace writes the file.
func (in *importing) trace(context.Context) error {
	var film [sha256.Size]byte
	if _, err := hex.Decode(film[:], []byte(in.man.SHA256)); err != nil {
		return err
	}
	return writeFile(filepath.Join(in.stage, TraceName), in.tracer.Trace(film).Encode())
}

// pictureFilter finds where the film itself is black or does not move. Small
// pictures cost next to nothing beside the decoding; a pixel that is no brighter
// than 7 % is black, and a thousandth of them may be brighter.
const pictureFilter = "scale=160:90:flags=neighbor,format=yuv420p,blackdetect=d=2:pic_th=0.999:pix_th=0.07,freezedetect=n=0.003:d=5"

// traceLog reads what FFmpeg's filters say while the film is read:
//
//	[Parsed_ebur128_0 @ 0x1] [info] t: 0.4  TARGET:-23 LUFS  M: -21.8 S:-120.7 …
//	[blackdetect @ 0x1] [info] black_start:2 black_end:2.96 black_duration:0.96
//	[freezedetect @ 0x1] [info] lavfi.freezedetect.freeze_start: 2
//	[freezedetect @ 0x1] [info] lavfi.freezedetect.freeze_end: 3
type traceLog struct {
	to    *witness.Tracer
	still time.Duration // since when nothing moves
	open  bool          // nothing does
}

// line says whether the line was one of these.
func (l *traceLog) line(s string) bool {
	name, rest, ok := strings.Cut(s, " @ ")
	_, rest, found := strings.Cut(rest, "[info] ")
	if !ok || !found {
		return false
	}
	switch name = strings.TrimPrefix(name, "[Parsed_"); {
	case strings.HasPrefix(name, "ebur128_") && strings.HasPrefix(rest, "t:"):
		at, ok := value(rest, "t:")
		if lufs, also := value(rest, "M:"); ok && also {
			l.to.Loud(seconds(at), lufs)
		}
	case strings.HasPrefix(strings.TrimPrefix(name, "["), "blackdetect"):
		from, ok := value(rest, "black_start:")
		if to, also := value(rest, "black_end:"); ok && also {
			l.to.Dark(seconds(from), seconds(to))
		}
	case strings.HasPrefix(strings.TrimPrefix(name, "["), "freezedetect"):
		l.freeze(rest)
	default:
		return false
	}
	return true
}

func (l *traceLog) freeze(s string) {
	if at, ok := value(s, "freeze_start:"); ok {
		l.still, l.open = seconds(at), true
	}
	if at, ok := value(s, "freeze_end:"); ok && l.open {
		l.to.Still(l.still, seconds(at))
		l.open = false
	}
}

// end closes what was still at the last picture.
func (l *traceLog) end(length time.Duration) {
	if l.open {
		l.to.Still(l.still, length)
	}
}

// seconds is a time that a filter gave; what lies beyond any film is its begin.
func seconds(v float64) time.Duration {
	if !(v > 0 && v < 1e6) {
		return 0
	}
	return time.Duration(v * float64(time.Second))
}

// value is the number after a key.
func value(s, key string) (float64, bool) {
	_, rest, ok := strings.Cut(s, key)
	f := strings.Fields(rest)
	if !ok || len(f) == 0 {
		return 0, false
	}
	v, err := strconv.ParseFloat(f[0], 64)
	return v, err == nil
}
