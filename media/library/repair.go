package library

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What a repair has to do, by what was found.
var (
	newPicture = []Code{BadCodec, BadDepth, TooLarge, OddSize, TooFast, TooDense, Varying, Rotated, Damaged}
	newSound   = []Code{BadSound, NoSound, Damaged}
	newBox     = []Code{OtherLength, SubInside, ManyStreams}
)

// repair returns the ffmpeg command that makes a film of the one at path which
// the board takes, or nil when something was found that no command mends. It
// leaves alone what is good: a film whose sound alone is wrong keeps its picture.
func repair(found []Finding, p Probe, b Board, path string) []string {
	r := fix{p: p, board: b}
	for _, f := range found {
		if f.Refuses && !slices.Contains(newPicture, f.Code) && !slices.Contains(newSound, f.Code) && !slices.Contains(newBox, f.Code) {
			return nil
		}
		if f.Refuses {
			r.codes = append(r.codes, f.Code)
		}
	}
	if len(r.codes) == 0 {
		return nil
	}
	return r.command(path)
}

// fix is a repair in the making.
type fix struct {
	codes []Code
	p     Probe
	board Board
}

func (r fix) any(list []Code) bool {
	return slices.ContainsFunc(r.codes, func(c Code) bool { return slices.Contains(list, c) })
}

func (r fix) command(path string) []string {
	args := []string{"ffmpeg", "-i", path}
	if slices.Contains(r.codes, NoSound) {
		args = append(args, "-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo", "-map", r.stream(r.p.Video), "-map", "1:a", "-shortest")
	} else {
		args = append(args, "-map", r.stream(r.p.Video), "-map", r.stream(r.p.Audio))
	}
	box := r.box()
	args = append(args, r.subtitles(box)...)
	args = append(args, r.picture()...)
	args = append(args, r.sound()...)
	if box == ".mp4" {
		args = append(args, "-movflags", "+faststart")
	}
	return append(args, target(path, box))
}

func (r fix) stream(n int) string { return "0:" + strconv.Itoa(n) }

// box is the kind of file that holds what comes out.
func (r fix) box() string {
	picture := r.any(newPicture) || slices.Contains([]string{"h264", "hevc", "mpeg4"}, r.p.Picture.Codec)
	sound := r.any(newSound) || slices.Contains([]string{"aac", "mp3", "ac3"}, r.p.Sound.Codec)
	if picture && sound {
		return ".mp4"
	}
	return ".mkv"
}

// target is the name of the repaired film, beside the other.
func target(path, box string) string {
	base := filepath.Base(path)
	name := strings.TrimSuffix(base, filepath.Ext(base))
	if !plain(name) {
		if name = safeID(name); name == "" {
			name = "lesson"
		}
	}
	return filepath.Join(filepath.Dir(path), cut(name, 200)+"-fixed"+box)
}

func (r fix) subtitles(box string) []string {
	if len(r.p.subs) == 0 || !r.p.textSubs || r.any([]Code{SubInside, ManyStreams, Damaged}) {
		return nil
	}
	codec := "copy"
	if box == ".mp4" {
		codec = "mov_text"
	}
	return []string{"-map", "0:s", "-c:s", codec}
}

func (r fix) picture() []string {
	if !r.any(newPicture) {
		return []string{"-c:v", "copy"}
	}
	return []string{"-c:v", "libx264", "-preset", "medium", "-crf", "21", "-maxrate", "16M", "-bufsize", "32M", "-profile:v", "high", "-pix_fmt", "yuv420p", "-vf", strings.Join(r.filters(), ",")}
}

func (r fix) sound() []string {
	if !r.any(newSound) {
		return []string{"-c:a", "copy"}
	}
	return []string{"-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2", "-af", "aresample=async=1"}
}

// filters make the picture one that the board shows. Rotation is ffmpeg's own
// business as soon as it encodes.
func (r fix) filters() []string {
	pic := r.p.Picture
	var list []string
	if pic.Interlaced {
		list = append(list, "bwdif=mode=send_frame")
	}
	if pic.HDR {
		list = append(list, "zscale=t=linear:npl=100", "format=gbrpf32le", "zscale=p=bt709", "tonemap=hable", "zscale=t=bt709:m=bt709:r=tv")
	}
	w, h := r.size()
	list = append(list, fmt.Sprintf("scale=%d:%d", w, h), "setsar=1")
	return append(list, "fps="+r.rate(w, h))
}

// limit is that of the codec that comes out.
func (r fix) limit() Limit {
	l, _ := r.board.limit("h264")
	return l
}

// size is the picture upright, with square pixels, within the board's limit.
func (r fix) size() (w, h int) {
	pic := r.p.Picture
	x, y := float64(pic.Width), float64(pic.Height)
	if a := ratio(pic.Aspect); a > 0 {
		x *= a
	}
	if pic.Rotation == 90 || pic.Rotation == 270 {
		x, y = y, x
	}
	most, high := r.limit().usual()
	f := min(1, float64(most)/x, float64(high)/y)
	return even(x * f), even(y * f)
}

func even(v float64) int { return max(2, 2*int(math.Round(v/2))) }

// ratio reads "16:15"; what is none, or no pixel, is 0.
func ratio(s string) float64 {
	v := fraction(strings.Replace(s, ":", "/", 1))
	if v < 0.2 || v > 5 {
		return 0
	}
	return v
}

// rate keeps a steady rate, halves one that is too fast, and makes a usual one
// of one that varies.
func (r fix) rate(w, h int) string {
	v, most := r.p.Picture.Rate, r.limit().rateFor(w, h)
	switch {
	case slices.Contains(r.codes, Varying) || v <= 0:
		v = nearest(v, 24, 25, 30)
	case v > most && v/2 <= most && v < 121:
		v /= 2
	case v > most:
		v = 30
	}
	for _, n := range []int{24, 30, 60} {
		if math.Abs(v-float64(n)*1000/1001) < 0.003 {
			return fmt.Sprintf("%d/1001", n*1000)
		}
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func nearest(v float64, list ...float64) float64 {
	best := list[0]
	for _, n := range list {
		if math.Abs(n-v) < math.Abs(best-v) {
			best = n
		}
	}
	return best
}
