package library

import (
	"slices"
	"strings"
)

// Code names what was found, as a key of the text catalogue of whoever tells it
// to people.
type Code string

// What refuses a film. After the colon: the names of its arguments.
const (
	Missing     Code = "library.missing"     // nothing of that name: file
	NotFile     Code = "library.not_file"    // a link, a device, a pipe: file
	Unreadable  Code = "library.unreadable"  // the medium does not give it: file, why
	Empty       Code = "library.empty"       // no byte in it
	Zeros       Code = "library.zeros"       // nothing but zeros
	NotVideo    Code = "library.not_video"   // no container we know: why
	NoIndex     Code = "library.no_index"    // an MP4 that ends before its table of contents
	Truncated   Code = "library.truncated"   // it ends before its end: got, want, with their unit
	Damaged     Code = "library.damaged"     // places that cannot be decoded: count, why
	OtherHash   Code = "library.hash"        // not what its manifest promises: got, want
	OtherSize   Code = "library.bytes"       // as many bytes, but not as many as promised: got, want
	OtherLength Code = "library.length"      // seconds by its head and by its content: got, want
	BadManifest Code = "library.manifest"    // why
	Changing    Code = "library.changing"    // written to while it was read
	NoPicture   Code = "library.no_picture"  // sound only
	NoSound     Code = "library.no_sound"    // picture only
	BadCodec    Code = "library.codec"       // the board cannot decode it: got, board
	BadDepth    Code = "library.depth"       // more than 8 bits or 4:2:0: got
	TooLarge    Code = "library.large"       // got, most
	OddSize     Code = "library.odd"         // width or height is odd: got
	TooSmall    Code = "library.small"       // nobody could read it: got, least
	TooFast     Code = "library.fast"        // frames a second at this size: got, most
	TooDense    Code = "library.dense"       // kilobits a second: got, most
	Varying     Code = "library.varying"     // frame rate that changes: least, most
	Rotated     Code = "library.rotated"     // degrees
	BadSound    Code = "library.sound"       // codec, rate or channels: got
	TooShort    Code = "library.short"       // seconds: got, least
	TooLong     Code = "library.long"        // seconds: got, most
	ManyStreams Code = "library.streams"     // got, most
	SubInside   Code = "library.sub_inside"  // subtitles within the film beyond all bounds: got, most
	TooHeavy    Code = "library.heavy"       // decoding it took more memory than a film may
	TooSlow     Code = "library.slow"        // checking it took longer than it may: bound
	NoRoom      Code = "library.room"        // MiB on the card: need, free
	OverBudget  Code = "library.budget"      // MiB: need, budget
	NoTool      Code = "library.tool"        // ffmpeg is not installed or does not run: why
	Busy        Code = "library.busy"        // another import is under way
	Gone        Code = "library.gone"        // in the library, its file vanished
	Shrunk      Code = "library.shrunk"      // in the library, not its size any more: got, want
	Rotten      Code = "library.rotten"      // in the library, not its content any more
	NoLesson    Code = "library.no_lesson"   // no lesson of that name: id
	ManyFiles   Code = "library.many_files"  // more on the stick than is looked at: most
	NothingHere Code = "library.nothing"     // no film in that folder
	NotReadable Code = "library.card_errors" // in the library, the card does not give it: why
)

// What is said about a film that is taken all the same.
const (
	Renamed    Code = "library.renamed"       // its name was no safe name: got, id
	Extension  Code = "library.extension"     // its name said another format: got, want
	Interlaced Code = "library.interlaced"    // half pictures: combs on a TV
	Silent     Code = "library.silent"        // a sound track with nothing on it
	Faint      Code = "library.faint"         // so quiet that its noise will be heard: got, gain
	Limited    Code = "library.limited"       // by its peaks it cannot be as loud as the others: got
	Uneven     Code = "library.uneven"        // picture and sound do not end together: picture, sound
	Anamorphic Code = "library.anamorphic"    // pixels that are not square: got
	Already    Code = "library.already"       // the same film is in the library: id
	Restored   Code = "library.restored"      // it was damaged in the library and is whole again: id
	Left       Code = "library.left"          // gave way: id, title
	SubLarge   Code = "library.sub_large"     // subtitles left out: file, most
	SubLines   Code = "library.sub_lines"     // subtitles left out, too many or too long lines: file, got, most
	SubBinary  Code = "library.sub_binary"    // subtitles left out, not a text: file
	SubCoding  Code = "library.sub_coding"    // subtitles left out, neither UTF-8 nor GB18030: file
	SubFormat  Code = "library.sub_format"    // subtitles left out, no srt or ass: file
	SubFailed  Code = "library.sub_failed"    // subtitles left out: file, why
	SubConvert Code = "library.sub_converted" // from GB18030: file
	BadCover   Code = "library.cover"         // the cover is no picture, another was made: file
	NoCover    Code = "library.no_cover"      // why
	Touched    Code = "library.touched"       // in the library, written to since it came; its content is not yet known
	SubGone    Code = "library.sub_gone"      // in the library, a subtitle or cover vanished: file
)

// Finding is one thing that was found about a film.
type Finding struct {
	Code    Code              `json:"code"`
	Args    map[string]string `json:"args,omitempty"`
	Refuses bool              `json:"refuses,omitempty"` // the film is not taken, or not played, because of it
}

// refuse and remark make a Finding out of a code and pairs of a name and a value.
func refuse(c Code, args ...string) Finding {
	return Finding{Code: c, Args: pairs(args), Refuses: true}
}
func remark(c Code, args ...string) Finding { return Finding{Code: c, Args: pairs(args)} }

// pairs makes the map of arguments; the values are fit to be printed.
func pairs(args []string) map[string]string {
	if len(args) == 0 {
		return nil
	}
	m := map[string]string{}
	for i := 0; i+1 < len(args); i += 2 {
		m[args[i]] = printable(args[i+1], mostArg)
	}
	return m
}

const mostArg = 300 // bytes of an argument

// Verdict is what was found about one film. The zero Verdict has no objection.
type Verdict struct {
	Findings []Finding `json:"findings,omitempty"`
	// Repair is the ffmpeg command that makes a film of it which is taken, as
	// arguments; nil when there is nothing to repair or nothing that helps.
	Repair []string `json:"repair,omitempty"`
}

// OK says whether nothing refuses the film.
func (v Verdict) OK() bool {
	return !slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Refuses })
}

// Has says whether c was found.
func (v Verdict) Has(c Code) bool {
	return slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Code == c })
}

// Cause is the first finding that refuses the film, or the zero Finding.
func (v Verdict) Cause() Finding {
	for _, f := range v.Findings {
		if f.Refuses {
			return f
		}
	}
	return Finding{}
}

func (v *Verdict) add(f ...Finding) { v.Findings = append(v.Findings, f...) }

// Command is the repair as a line for a shell, or "".
func (v Verdict) Command() string {
	words := make([]string, len(v.Repair))
	for i, w := range v.Repair {
		words[i] = Quote(w)
	}
	return strings.Join(words, " ")
}
