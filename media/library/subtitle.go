package library

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a subtitle file. A lesson of six hours with a line each two seconds
// has 11,000 of them, 600 KiB; each is drawn, so that its length counts too.
const (
	mostSubFile  = 2 << 20
	mostSubLine  = 1024 // bytes
	mostSubLines = 60_000
	iconvBound   = 10 * time.Second
)

// checkSubtitle says whether b can be shown as subtitles: its kind ("srt" or
// "ass"), whether it must be converted from GB18030, or why not.
func checkSubtitle(name string, b []byte) (kind string, gb bool, bad *Finding) {
	no := func(c Code, args ...string) (string, bool, *Finding) {
		f := remark(c, append([]string{"file", name}, args...)...)
		return "", false, &f
	}
	switch {
	case len(b) > mostSubFile:
		return no(SubLarge, "most", strconv.Itoa(mostSubFile>>20))
	case bytes.IndexByte(b, 0) >= 0:
		return no(SubBinary)
	}
	longest, count := measure(b)
	switch {
	case longest > mostSubLine:
		return no(SubLines, "got", strconv.Itoa(longest), "most", strconv.Itoa(mostSubLine))
	case count > mostSubLines:
		return no(SubLines, "got", strconv.Itoa(count), "most", strconv.Itoa(mostSubLines))
	case !utf8.Valid(b) && !validGB18030(b):
		return no(SubCoding)
	}
	if kind = subtitleKind(b); kind == "" {
		return no(SubFormat)
	}
	return kind, !utf8.Valid(b), nil
}

// measure returns the length of the longest line and how many there are.
func measure(b []byte) (longest, count int) {
	for line := range bytes.Lines(b) {
		longest, count = max(longest, len(line)), count+1
	}
	return longest, count
}

// subtitleKind looks for a time line of one of the two formats, whose own bytes
// are the same in both encodings.
func subtitleKind(b []byte) string {
	switch {
	case regexp.MustCompile(`(?m)^\d{1,3}:\d\d:\d\d[,.]\d{1,3}[ \t]+-->[ \t]+\d{1,3}:\d\d:\d\d[,.]\d{1,3}`).Match(b):
		return "srt"
	case bytes.Contains(b, []byte("[Events]")) && regexp.MustCompile(`(?m)^Dialogue:[^,\n]*,\d+:\d\d:\d\d\.\d\d,\d+:\d\d:\d\d\.\d\d,`).Match(b):
		return "ass"
	}
	return ""
}

// validGB18030 says whether b follows the form of that encoding, which holds GBK
// and GB 2312 too.
func validGB18030(b []byte) bool {
	high := func(i int) bool { return i < len(b) && b[i] >= 0x81 && b[i] <= 0xfe }
	digit := func(i int) bool { return i < len(b) && b[i] >= '0' && b[i] <= '9' }
	for i := 0; i < len(b); {
		switch {
		case b[i] < 0x80:
			i++
		case !high(i):
			return false
		case digit(i+1) && high(i+2) && digit(i+3):
			i += 4
		case i+1 < len(b) && b[i+1] >= 0x40 && b[i+1] != 0x7f && b[i+1] != 0xff:
			i += 2
		default:
			return false
		}
	}
	return true
}

// fromGB18030 converts by the system's iconv, so that no player has to guess.
func fromGB18030(ctx context.Context, b []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, iconvBound)
	defer cancel()
	out, log := &buffer{most: 4 * mostSubFile}, &buffer{most: mostLog}
	cmd := exec.CommandContext(ctx, "iconv", "-f", "GB18030", "-t", "UTF-8")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(b), out, log
	cmd.WaitDelay = dieBound
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("iconv: %s: %w", complaint(log.b), err)
	}
	return out.b, nil
}

// subtitleTail is what follows the film's name in that of a subtitle file:
// "film.srt" is of no language, "film.zh.srt" of zh.
func subtitleTail(name, film string) (language string, ok bool) {
	rest, ok := strings.CutPrefix(name, film+".")
	if !ok {
		return "", false
	}
	language, ext, two := strings.Cut(strings.ToLower(rest), ".")
	if !two {
		language, ext = "", language
	}
	if ext != "srt" && ext != "ass" || two && !ValidLanguage(language) {
		return "", false
	}
	return language, true
}
