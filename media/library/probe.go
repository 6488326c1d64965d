package library

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Picture is the video stream of a film.
type Picture struct {
	Codec      string  `toml:"codec" json:"codec"`
	Profile    string  `toml:"profile,omitempty" json:"profile,omitempty"` // of the codec
	Width      int     `toml:"width" json:"width"`
	Height     int     `toml:"height" json:"height"`
	Format     string  `toml:"format" json:"format"` // of the pixels: "yuv420p"
	Rate       float64 `toml:"rate" json:"rate"`     // pictures a second
	Interlaced bool    `toml:"interlaced,omitempty" json:"interlaced,omitempty"`
	Rotation   int     `toml:"rotation,omitempty" json:"rotation,omitempty"` // degrees
	Aspect     string  `toml:"aspect,omitempty" json:"aspect,omitempty"`     // of a pixel, "" when it is square
	HDR        bool    `toml:"hdr,omitempty" json:"hdr,omitempty"`           // in the brightness curve of such displays
}

// Sound is the sound track of a film that the player would choose.
type Sound struct {
	Codec    string `toml:"codec" json:"codec"`
	Rate     int    `toml:"rate" json:"rate"` // samples a second
	Channels int    `toml:"channels" json:"channels"`
	Language string `toml:"language,omitempty" json:"language,omitempty"`
}

// Probe is what the head of a film says, and the bit rate that it turned out to have.
type Probe struct {
	Container string  `toml:"container" json:"container"` // "mp4", "mkv", "avi", "ts", "mpg", "wmv", "flv", "rm", "ogv"
	LengthMS  int64   `toml:"length_ms" json:"length_ms"`
	Kbps      int     `toml:"kbps" json:"kbps"` // of the picture, known when all of the film was read
	Picture   Picture `toml:"picture" json:"picture"`
	Sound     Sound   `toml:"sound" json:"sound"`

	Video int `toml:"video_stream" json:"video_stream"` // number of the picture's stream, -1 for none
	Audio int `toml:"audio_stream" json:"audio_stream"` // of the sound's

	streams   int
	preferred bool  // the film says itself that the sound is the one to play
	subs      []int // streams of subtitles
	textSubs  bool  // all of them are text
}

// formats are the demuxers that may open a film: those that read the file they
// are given and no other.
const formats = "mov,matroska,avi,mpegts,mpeg,asf,flv,rm,ogg"

const (
	probeBound = 30 * time.Second
	mostProbe  = 256 << 10 // bytes of ffprobe's answer
	mostLog    = 64 << 10
	mostTracks = 16
)

// probeArgs ask for what readProbe reads, and no more.
func probeArgs() []string {
	args := append([]string{"-v", "error", "-of", "json=c=1"}, guardArgs()...)
	return append(args, "-show_entries", "format=format_name,duration"+
		":stream=index,codec_type,codec_name,profile,width,height,pix_fmt,field_order,sample_aspect_ratio,avg_frame_rate,r_frame_rate,sample_rate,channels,color_transfer"+
		":stream_disposition=attached_pic,default:stream_tags=language,rotate:stream_side_data=rotation", fileArg)
}

// probe asks ffprobe about an open file. A film that it cannot make sense of is
// no error but a finding.
func (l *Library) probe(ctx context.Context, f *os.File) (Probe, []Finding, error) {
	out, log := &buffer{most: mostProbe}, &buffer{most: mostLog}
	err := job{program: l.opts.FFprobe, args: probeArgs(), file: f, bound: probeBound, silent: true, out: out, err: log}.run(ctx)
	if found, err := toolFinding(ctx, err, probeBound); found != nil || err != nil {
		return Probe{}, found, err
	}
	p, err := readProbe(out.b)
	if err == nil {
		info, err := f.Stat()
		if err != nil {
			return p, nil, err
		}
		return p, cutOff(f, info.Size()), nil
	}
	return p, []Finding{unreadable(f, log.b)}, nil
}

// unreadable says why ffprobe could make nothing of a file.
func unreadable(f *os.File, log []byte) Finding {
	switch {
	case bytes.Contains(log, []byte("moov atom not found")):
		return refuse(NoIndex)
	case bytes.Contains(log, []byte(noMemory)):
		return refuse(TooHeavy)
	case onlyZeros(f):
		return refuse(Zeros)
	}
	return refuse(NotVideo, "why", complaint(log))
}

// toolFinding turns what became of a tool into a finding about the film, or an
// error that is not its fault.
func toolFinding(ctx context.Context, err error, bound time.Duration) ([]Finding, error) {
	switch {
	case err == nil, errors.Is(err, errEnough):
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errTime), errors.Is(err, errStall):
		return []Finding{refuse(TooSlow, "bound", bound.Round(time.Second).String())}, nil
	case errors.Is(err, errOutput):
		return []Finding{refuse(NotVideo, "why", err.Error())}, nil
	}
	return []Finding{refuse(NoTool, "why", err.Error())}, nil
}

// complaint is the last thing that a tool said.
func complaint(log []byte) string {
	log = bytes.TrimSpace(log)
	if i := bytes.LastIndexByte(log, '\n'); i >= 0 {
		log = log[i+1:]
	}
	return printable(strings.ReplaceAll(string(log), fileArg+": ", ""), 200)
}

// answer is ffprobe's JSON.
type answer struct {
	Format struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
	} `json:"format"`
	Streams []stream `json:"streams"`
}

type stream struct {
	Index       int    `json:"index"`
	Type        string `json:"codec_type"`
	Codec       string `json:"codec_name"`
	Profile     string `json:"profile"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Pixels      string `json:"pix_fmt"`
	Fields      string `json:"field_order"`
	Aspect      string `json:"sample_aspect_ratio"`
	Rate        string `json:"avg_frame_rate"`
	BaseRate    string `json:"r_frame_rate"`
	Samples     string `json:"sample_rate"`
	Channels    int    `json:"channels"`
	Transfer    string `json:"color_transfer"`
	Disposition struct {
		Cover   int `json:"attached_pic"`
		Default int `json:"default"`
	} `json:"disposition"`
	Tags struct {
		Language string `json:"language"`
		Rotate   string `json:"rotate"`
	} `json:"tags"`
	Side []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

var errProbe = errors.New("not the answer of ffprobe")

// readProbe reads ffprobe's answer. Numbers beyond all sense are errors, words
// are cut to what can be printed.
func readProbe(b []byte) (Probe, error) {
	p := Probe{Video: -1, Audio: -1, textSubs: true}
	var a answer
	if len(b) > mostProbe {
		return p, errProbe
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return p, fmt.Errorf("%w: %w", errProbe, err)
	}
	var known bool
	if p.Container, known = container(a.Format.Name); !known {
		return p, fmt.Errorf("%w: format %q", errProbe, printable(a.Format.Name, 40))
	}
	p.streams = len(a.Streams)
	p.LengthMS = milliseconds(a.Format.Duration)
	for _, s := range a.Streams {
		p.take(s)
	}
	return p, p.sane()
}

// take sorts one stream in.
func (p *Probe) take(s stream) {
	switch {
	case s.Index < 0 || s.Index > 4096:
	case s.Type == "video" && s.Disposition.Cover == 0 && p.Video < 0:
		p.Video, p.Picture = s.Index, s.picture()
	case s.Type == "audio" && (p.Audio < 0 || s.Disposition.Default != 0 && !p.preferred):
		p.Audio, p.Sound, p.preferred = s.Index, s.sound(), s.Disposition.Default != 0
	case s.Type == "subtitle":
		p.subs = append(p.subs, s.Index)
		p.textSubs = p.textSubs && slices.Contains([]string{"subrip", "ass", "ssa", "mov_text", "webvtt", "text"}, s.Codec)
	}
}

func (p Probe) sane() error {
	pic, snd := p.Picture, p.Sound
	if pic.Width < 0 || pic.Width > 1<<16 || pic.Height < 0 || pic.Height > 1<<16 || pic.Rate > 1e6 ||
		snd.Rate < 0 || snd.Rate > 1e7 || snd.Channels < 0 || snd.Channels > 1024 {
		return fmt.Errorf("%w: %d×%d, %g pictures, %d samples a second", errProbe, pic.Width, pic.Height, pic.Rate, snd.Rate)
	}
	return nil
}

func (s stream) picture() Picture {
	pic := Picture{Codec: printable(s.Codec, 40), Profile: printable(s.Profile, 60), Width: s.Width, Height: s.Height, Format: printable(s.Pixels, 40), Rate: fraction(s.Rate)}
	if pic.Rate == 0 {
		pic.Rate = fraction(s.BaseRate)
	}
	pic.Interlaced = slices.Contains([]string{"tt", "bb", "tb", "bt"}, s.Fields)
	pic.HDR = s.Transfer == "smpte2084" || s.Transfer == "arib-std-b67"
	if a := ratio(s.Aspect); a > 0 && math.Abs(a-1) > 0.01 {
		pic.Aspect = printable(s.Aspect, 20)
	}
	turn, _ := strconv.ParseFloat(s.Tags.Rotate, 64)
	for _, side := range s.Side {
		if side.Rotation != 0 {
			turn = side.Rotation
		}
	}
	if turn = math.Mod(math.Round(turn)+3600, 360); turn > 0 && turn < 360 {
		pic.Rotation = int(turn)
	}
	return pic
}

func (s stream) sound() Sound {
	rate, _ := strconv.Atoi(s.Samples)
	snd := Sound{Codec: printable(s.Codec, 40), Rate: rate, Channels: s.Channels}
	if ValidLanguage(s.Tags.Language) && s.Tags.Language != "und" {
		snd.Language = s.Tags.Language
	}
	return snd
}

// container is our word for ffprobe's list of format names.
func container(names string) (string, bool) {
	for _, name := range strings.Split(names, ",") {
		if c, ok := map[string]string{"mov": "mp4", "matroska": "mkv", "avi": "avi", "mpegts": "ts", "mpeg": "mpg", "asf": "wmv", "flv": "flv", "rm": "rm", "ogg": "ogv"}[name]; ok {
			return c, true
		}
	}
	return "", false
}

// milliseconds reads seconds; what is none, or no length of a film, is 0.
func milliseconds(s string) int64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > 1e7 {
		return 0
	}
	return int64(math.Round(v * 1000))
}

// fraction reads "30000/1001"; what is none is 0.
func fraction(s string) float64 {
	above, below, ok := strings.Cut(s, "/")
	a, err := strconv.ParseFloat(above, 64)
	if err != nil || !ok {
		return 0
	}
	b, err := strconv.ParseFloat(below, 64)
	if err != nil || b <= 0 || a <= 0 || math.IsInf(a/b, 0) || math.IsNaN(a/b) {
		return 0
	}
	return a / b
}
