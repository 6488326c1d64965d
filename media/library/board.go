package library

// Limit is what one board does with one video codec. A macroblock is 16×16
// pixels; decoders are specified in them.
type Limit struct {
	Codec  string // as ffprobe calls it
	Width  int    // pixels at most, also of the height
	Blocks int    // macroblocks of a picture at most
	Rate   int    // macroblocks a second at most
	Kbps   int    // kilobits a second at most, over the whole film
	By     string // "hardware" or "software"
	Source string // who says so; "guess" is ours
}

// Board is what a Raspberry Pi can show: the video codecs and how much of each.
// What is in no row is refused, because a film that stutters before thirty people
// is worse than one that is converted first. All boards show 1920×1080 at most:
// mpv drops frames on larger outputs (mpv-player/mpv#17447).
type Board struct {
	Name   string
	Limits []Limit
}

// Sizes and rates that recur below.
const (
	blocks1080 = 120 * 68         // 1920×1088
	rate1080   = 245_760          // level 4.1: 1080p30
	blocksSD   = 45 * 36          // 720×576
	rateSD     = blocksSD * 31    // 25 pictures a second, or 30 of 720×480, and some slack
	blocks720  = 80 * 45          // 1280×720
	rate720    = blocks720*30 + 1 // 30 a second

	kbpsOld   = 20_000 // twice what a DVD has
	kbpsLevel = 62_500 // level 4.1 and 4.2, High profile (ITU-T H.264 table A-1)
	kbpsSmall = 30_000 // what the hardware of the small boards does in practice (waveform80/picamera#348)
)

const (
	level41 = "hardware is specified for level 4.1, 245,760 macroblocks a second (raspberrypi/linux#3467); pictures beyond 8,192 macroblocks come out corrupt (raspberrypi/linux#5084)"
	pi4h264 = "Raspberry Pi 4 product brief: H.264 1080p60 decode"
	pi5h264 = "no H.264 hardware (opencv/opencv#27453); its makers say software is faster than the hardware of a Pi 4 (motioneye-project/motioneye#3344)"
	pi5hevc = "hardware for 4Kp60 (blakeblackshear/frigate#8640), which Debian's ffmpeg does not drive; 1080p30 in software is a guess"
	oldPi4  = "software decoding of MPEG-2 and VC-1 is fast enough (raspberrypi/documentation#3560); other codecs of that age: guess"
	oldPi3  = "guess: standard definition in software"
)

// Boards are the boards that can be named, the usual one first. HEVC is not in
// the row of a Pi 4: its hardware needs an ffmpeg that Debian does not have.
func Boards() []Board {
	return []Board{
		{"pi4", append(old(blocks720, rate720, oldPi4), Limit{"h264", 1920, blocks1080, 2 * rate1080, kbpsLevel, "hardware", pi4h264})},
		{"pi5", append(old(blocks720, rate720, oldPi4),
			Limit{"h264", 1920, blocks1080, 2 * rate1080, kbpsLevel, "software", pi5h264},
			Limit{"hevc", 1920, blocks1080, rate1080, kbpsSmall, "software", pi5hevc})},
		{"pi3", append(old(blocksSD, rateSD, oldPi3), Limit{"h264", 1920, blocks1080, rate1080, kbpsSmall, "hardware", level41})},
		{"zero2", append(old(blocksSD, rateSD, oldPi3), Limit{"h264", 1920, blocks1080, rate1080, kbpsSmall, "hardware", level41})},
	}
}

// old are the codecs of the discs and streams of twenty years ago, in which many
// lessons were made.
func old(blocks, rate int, source string) []Limit {
	var list []Limit
	for _, codec := range []string{"mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v2", "msmpeg4v3", "h263", "flv1", "wmv1", "wmv2", "wmv3", "vc1", "rv30", "rv40"} {
		list = append(list, Limit{codec, 1280, blocks, rate, kbpsOld, "software", source})
	}
	return list
}

// BoardNamed returns the board called name: "pi3", "pi4", "pi5" or "zero2".
func BoardNamed(name string) (Board, bool) {
	for _, b := range Boards() {
		if b.Name == name {
			return b, true
		}
	}
	return Board{}, false
}

// limit returns the row of a codec.
func (b Board) limit(codec string) (Limit, bool) {
	for _, l := range b.Limits {
		if l.Codec == codec {
			return l, true
		}
	}
	return Limit{}, false
}

// profiles are those of a codec that hardware decodes; a codec that is not in it is
// decoded in software, whatever its profile.
func profiles(codec string) []string {
	switch codec {
	case "h264":
		return []string{"Constrained Baseline", "Baseline", "Main", "Extended", "High", "Progressive High", "Constrained High"}
	case "hevc":
		return []string{"Main"}
	}
	return nil
}

// soundCodecs are decoded in software on every board.
func soundCodecs() []string {
	return []string{"aac", "mp3", "mp2", "ac3", "eac3", "opus", "vorbis", "flac", "alac", "wmav1", "wmav2", "cook", "amr_nb",
		"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_u8", "adpcm_ms", "adpcm_ima_wav"}
}
