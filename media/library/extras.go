package library

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/jpeg" // covers are one of these
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	coverName   = "cover"
	mostCover   = 4 << 20
	mostCoverPx = 4096
	coverBound  = time.Minute
)

// subtitles takes the subtitles in that can be shown; the lesson is one without
// the others.
func (in *importing) subtitles(ctx context.Context) error {
	dir := filepath.Dir(in.path)
	for _, want := range in.promisedSubtitles(dir) {
		if err := in.subtitle(ctx, dir, want); err != nil {
			return err
		}
	}
	return nil
}

// promisedSubtitles are those of the manifest, or those that lie beside a film
// and are called like it.
func (in *importing) promisedSubtitles(dir string) []Subtitle {
	if in.promised.Film != "" {
		return in.promised.Subtitles
	}
	film := strings.TrimSuffix(filepath.Base(in.path), filepath.Ext(in.path))
	var list []Subtitle
	for _, e := range readDir(dir, mostVisited) {
		if lang, ok := subtitleTail(e.Name(), film); ok && len(list) < mostSubtitles {
			list = append(list, Subtitle{File: e.Name(), Language: lang})
		}
	}
	slices.SortFunc(list, func(a, b Subtitle) int { return cmp.Compare(a.File, b.File) })
	return list
}

func (in *importing) subtitle(ctx context.Context, dir string, want Subtitle) error {
	b, err := readSmall(filepath.Join(dir, want.File), mostSubFile+1)
	if err != nil && len(b) == 0 {
		in.verdict.add(subtitleFinding(dir, want.File, err))
		return nil
	}
	if want.SHA256 != "" && want.SHA256 != hashOf(b) {
		in.verdict.add(remark(SubFailed, "file", want.File, "why", "sha256"))
		return nil
	}
	kind, gb, bad := checkSubtitle(want.File, b)
	if bad != nil {
		in.verdict.add(*bad)
		return nil
	}
	if gb {
		if b, err = fromGB18030(ctx, b); err != nil {
			in.verdict.add(remark(SubFailed, "file", want.File, "why", err.Error()))
			return ctx.Err()
		}
		in.verdict.add(remark(SubConvert, "file", want.File))
	}
	tail := "." + kind
	if want.Language != "" {
		tail = "." + strings.ToLower(want.Language) + tail
	}
	path := filepath.Join(in.stage, "film"+tail)
	if _, err := os.Lstat(path); err == nil {
		in.verdict.add(remark(SubFailed, "file", want.File, "why", tail))
		return nil
	}
	in.man.Subtitles = append(in.man.Subtitles, Subtitle{File: tail, Language: want.Language, SHA256: hashOf(b)})
	return writeFile(path, b)
}

// subtitleFinding says why a subtitle file is not even read.
func subtitleFinding(dir, name string, err error) Finding {
	if info, e := os.Lstat(filepath.Join(dir, name)); e == nil && info.Mode().IsRegular() && info.Size() > mostSubFile {
		return remark(SubLarge, "file", name, "most", strconv.Itoa(mostSubFile>>20))
	}
	return remark(SubFailed, "file", name, "why", why(err))
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// cover takes the lesson's own cover, or a picture out of the film.
func (in *importing) cover(ctx context.Context) error {
	if in.promised.Cover != "" {
		b, err := readSmall(filepath.Join(filepath.Dir(in.path), in.promised.Cover), mostCover)
		if kind := pictureKind(b); err == nil && kind != "" {
			return in.keepCover(b, kind)
		}
		in.verdict.add(remark(BadCover, "file", in.promised.Cover))
	}
	b, why, err := in.l.still(ctx, in.film, in.man.Probe, in.man.LengthMS)
	if err != nil {
		return err
	}
	kind := pictureKind(b)
	if kind == "" {
		in.verdict.add(remark(NoCover, "why", why))
		return nil
	}
	return in.keepCover(b, kind)
}

func (in *importing) keepCover(b []byte, kind string) error {
	in.man.Cover = coverName + "." + kind
	return writeFile(filepath.Join(in.stage, in.man.Cover), b)
}

// pictureKind is "jpg" or "png", or "" for what is no picture of a sensible size.
func pictureKind(b []byte) string {
	c, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || c.Width < 16 || c.Height < 16 || c.Width > mostCoverPx || c.Height > mostCoverPx {
		return ""
	}
	if kind == "jpeg" {
		return "jpg"
	}
	return kind
}

// still takes the most typical picture of some seconds after a tenth of the film,
// where the title has passed, or of its beginning when it cannot go there.
func (l *Library) still(ctx context.Context, f *os.File, p Probe, lengthMS int64) (jpeg []byte, why string, err error) {
	for _, at := range []int64{lengthMS / 10, 0} {
		out, log := &buffer{most: mostCover}, &buffer{most: mostLog}
		err := job{program: l.opts.FFmpeg, args: stillArgs(p, at), file: f, bound: coverBound, silent: true, out: out, err: log}.run(ctx)
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if why = complaint(log.b); err != nil {
			why = err.Error()
		}
		if len(out.b) > 0 {
			return out.b, "", nil
		}
	}
	return nil, why, nil
}

func stillArgs(p Probe, atMS int64) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-v", "error", "-threads", "2"}, guardArgs()...)
	if atMS > 0 {
		args = append(args, "-ss", fmt.Sprintf("%.3f", float64(atMS)/1000))
	}
	return append(args, "-i", fileArg, "-map", fmt.Sprintf("0:%d", p.Video), "-vf", "thumbnail=50,scale=480:-2",
		"-frames:v", "1", "-c:v", "mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p", "-f", "image2pipe", "pipe:1")
}
