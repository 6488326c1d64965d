package library

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Bounds of what is a lesson.
const (
	leastWidth  = 160 // pixels, of the longer side; below it nothing can be read at eight metres
	leastHeight = 120
	leastLength = time.Second
	mostLength  = 6 * time.Hour
	mostRate    = 61.0 // pictures a second, of any size
)

// judgeHead says what is wrong with a film by its head, on the board b.
func judgeHead(p Probe, b Board) []Finding {
	var out []Finding
	if p.Video < 0 {
		return append(out, refuse(NoPicture))
	}
	if p.streams > mostTracks {
		out = append(out, refuse(ManyStreams, "got", strconv.Itoa(p.streams), "most", strconv.Itoa(mostTracks)))
	}
	out = append(out, judgePicture(p.Picture, b)...)
	out = append(out, judgeBits(p, b)...)
	out = append(out, judgeSound(p)...)
	return append(out, judgeLength(p.LengthMS)...)
}

// judgePicture is what the board cannot do with the picture.
func judgePicture(pic Picture, b Board) []Finding {
	var out []Finding
	size := fmt.Sprintf("%d×%d", pic.Width, pic.Height)
	limit, known := b.limit(pic.Codec)
	if !known {
		out = append(out, refuse(BadCodec, "got", orNone(pic.Codec), "board", b.Name))
		limit, _ = b.limit("h264") // the size is judged all the same, for the command that repairs it
	}
	if pic.Format != "yuv420p" && pic.Format != "yuvj420p" {
		out = append(out, refuse(BadDepth, "got", orNone(pic.Format)))
	} else if list := profiles(pic.Codec); known && list != nil && !slices.Contains(append(list, "", "unknown"), pic.Profile) {
		out = append(out, refuse(BadCodec, "got", pic.Codec+" "+pic.Profile, "board", b.Name))
	}
	switch blocks := blocksOf(pic.Width, pic.Height); {
	case max(pic.Width, pic.Height) < leastWidth || min(pic.Width, pic.Height) < leastHeight:
		out = append(out, refuse(TooSmall, "got", size, "least", fmt.Sprintf("%d×%d", leastWidth, leastHeight)))
	case max(pic.Width, pic.Height) > limit.Width || blocks > limit.Blocks:
		out = append(out, refuse(TooLarge, "got", size, "most", limit.size()))
	case pic.Rate > mostRate || float64(blocks)*pic.Rate > float64(limit.Rate):
		out = append(out, refuse(TooFast, "got", rateText(pic.Rate), "most", rateText(limit.rateFor(pic.Width, pic.Height))))
	}
	if pic.Width%2 != 0 || pic.Height%2 != 0 {
		out = append(out, refuse(OddSize, "got", size))
	}
	if pic.Rotation != 0 {
		out = append(out, refuse(Rotated, "degrees", strconv.Itoa(pic.Rotation)))
	}
	if pic.Interlaced {
		out = append(out, remark(Interlaced))
	}
	if pic.Aspect != "" {
		out = append(out, remark(Anamorphic, "got", pic.Aspect))
	}
	return out
}

func judgeBits(p Probe, b Board) []Finding {
	if limit, known := b.limit(p.Picture.Codec); known && p.Kbps > limit.Kbps {
		return []Finding{refuse(TooDense, "got", strconv.Itoa(p.Kbps), "most", strconv.Itoa(limit.Kbps))}
	}
	return nil
}

func judgeSound(p Probe) []Finding {
	s := p.Sound
	switch {
	case p.Audio < 0:
		return []Finding{refuse(NoSound)}
	case !slices.Contains(soundCodecs(), s.Codec), s.Rate < 8000 || s.Rate > 96000, s.Channels < 1 || s.Channels > 8:
		return []Finding{refuse(BadSound, "got", fmt.Sprintf("%s, %d Hz × %d", orNone(s.Codec), s.Rate, s.Channels))}
	}
	return nil
}

func judgeLength(ms int64) []Finding {
	switch length := time.Duration(ms) * time.Millisecond; {
	case ms > 0 && length < leastLength:
		return []Finding{refuse(TooShort, "got", secondsText(ms), "least", secondsText(leastLength.Milliseconds()))}
	case length > mostLength:
		return []Finding{refuse(TooLong, "got", secondsText(ms), "most", secondsText(mostLength.Milliseconds()))}
	}
	return nil
}

// judgeScan says what is wrong with a film by all of its content.
func judgeScan(p Probe, s scan, b Board) []Finding {
	if found := judgeSubs(p, s.subs); len(found) > 0 {
		return found // the rest was not looked at
	}
	switch {
	case s.misfit != "":
		return []Finding{refuse(NoTool, "why", s.misfit)}
	case s.memory:
		return []Finding{refuse(TooHeavy)}
	case s.cut:
		return []Finding{refuse(Truncated, "got", secondsText(s.lengthMS())+" s", "want", secondsText(p.LengthMS)+" s")}
	case s.errors > 0:
		return []Finding{refuse(Damaged, "count", countText(s.errors), "why", s.first)}
	case s.pictures.packets == 0:
		return []Finding{refuse(NoPicture)}
	case s.sounds.packets == 0:
		return []Finding{refuse(NoSound)}
	}
	p.Kbps = s.pictures.kbps()
	out := judgeBits(p, b)
	if p.LengthMS > 0 && far(p.LengthMS, s.lengthMS()) {
		out = append(out, refuse(OtherLength, "got", secondsText(p.LengthMS), "want", secondsText(s.lengthMS())))
	}
	if p.LengthMS == 0 {
		out = append(out, judgeLength(max(1, s.lengthMS()))...)
	}
	if least, most, varies := s.pictures.unsteady(); varies {
		out = append(out, refuse(Varying, "least", rateText(1000/most), "most", rateText(1000/max(least, 0.001))))
	}
	if a, b := s.pictures.lengthMS(), s.sounds.lengthMS(); far(a, b) {
		out = append(out, remark(Uneven, "picture", secondsText(a), "sound", secondsText(b)))
	}
	return out
}

const (
	mostSubBytes   = 4 << 20 // of text; a lesson of six hours has 300 KiB
	mostSubPacket  = 16 << 10
	mostSubPackets = 20_000
	imageFactor    = 32 // subtitles that are pictures are larger
)

func judgeSubs(p Probe, s subLoad) []Finding {
	factor := int64(1)
	if !p.textSubs {
		factor = imageFactor
	}
	if s.bytes > factor*mostSubBytes || s.largest > factor*mostSubPacket || s.packets > mostSubPackets*max(1, len(p.subs)) {
		return []Finding{refuse(SubInside, "got", fmt.Sprintf("%d × %d", s.packets, s.largest), "most", fmt.Sprintf("%d × %d", mostSubPackets, factor*mostSubPacket))}
	}
	return nil
}

// lengthMS is that of the longer of picture and sound, from the beginning of the
// first to the end of the last.
func (s scan) lengthMS() int64 { return max(s.pictures.lengthMS(), s.sounds.lengthMS()) }

// far says whether two lengths of one film differ by more than its parts may.
func far(a, b int64) bool {
	return math.Abs(float64(a-b)) > max(2000, 0.02*float64(max(a, b)))
}

// countText says that beyond mostErrors nobody counted.
func countText(n int) string {
	if n >= mostErrors {
		return strconv.Itoa(mostErrors) + "+"
	}
	return strconv.Itoa(n)
}

func blocksOf(w, h int) int { return ((w + 15) / 16) * ((h + 15) / 16) }

// size is the largest usual size within the limit.
func (l Limit) size() string {
	w, h := l.usual()
	return fmt.Sprintf("%d×%d", w, h)
}

func (l Limit) usual() (w, h int) {
	for _, s := range [][2]int{{1920, 1080}, {1280, 720}} {
		if s[0] <= l.Width && blocksOf(s[0], s[1]) <= l.Blocks {
			return s[0], s[1]
		}
	}
	return 720, 576
}

// rateFor is how many pictures of that size the board shows in a second.
func (l Limit) rateFor(w, h int) float64 {
	return min(60, float64(l.Rate)/float64(max(1, blocksOf(w, h))))
}

func rateText(v float64) string   { return strconv.FormatFloat(math.Round(100*v)/100, 'f', -1, 64) }
func secondsText(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', 1, 64) }
func orNone(s string) string {
	if s == "" {
		return "?"
	}
	return s
}
