package live

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of a playlist (RFC 8216) and of its fetching.
const (
	mostPlaylist = 1 << 20
	fetchBound   = 5 * time.Second
	pollMin      = time.Second
	pollMost     = 10 * time.Second
	mostFollowed = 3 // lists of lists
	readPiece    = 32 << 10
)

var (
	errPlaylist = errors.New("not a playlist of HLS")
	errOver     = errors.New("the playlist says that the broadcast is over")
)

// hls is a stream by HLS. Nothing is believed of a playlist that does not grow:
// a server goes on offering the last minute of a dead encoder. Once it grows,
// ffmpeg reads the segments and gives them out at the pace of their time.
type hls struct {
	address *url.URL
	o       SourceOpts
	seen    string // end of the playlist when it was looked at last
}

// Receive implements Source.
func (s *hls) Receive(ctx context.Context, take func([]byte) bool) error {
	err := s.growing(ctx)
	if err == nil {
		err = s.read(ctx, take)
	}
	return fmt.Errorf("live source %s: %w", s.address.Redacted(), err)
}

// growing waits until the playlist has become longer.
func (s *hls) growing(ctx context.Context) error {
	client := &http.Client{Timeout: fetchBound}
	defer client.CloseIdleConnections()
	for {
		p, err := s.media(ctx, client)
		switch {
		case err != nil:
			return err
		case p.over:
			return errOver
		case s.seen != "" && s.seen != p.end():
			s.seen = p.end()
			return nil
		}
		s.seen = p.end()
		if !rest(ctx, min(max(p.target/2, pollMin), pollMost)) {
			return ctx.Err()
		}
	}
}

// media fetches the playlist of segments; a list of qualities is followed to
// its first one.
func (s *hls) media(ctx context.Context, client *http.Client) (playlist, error) {
	at := s.address
	for range mostFollowed {
		p, err := fetch(ctx, client, at)
		if err != nil || p.variant == "" {
			return p, err
		}
		next, err := at.Parse(p.variant)
		if err != nil || next.Scheme != "http" && next.Scheme != "https" {
			return playlist{}, fmt.Errorf("%w: it refers to %q", errPlaylist, p.variant)
		}
		at = next
	}
	return playlist{}, fmt.Errorf("%w: a list of lists of lists", errPlaylist)
}

func fetch(ctx context.Context, client *http.Client, at *url.URL) (playlist, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return playlist{}, err
	}
	a, err := client.Do(q)
	if err != nil {
		return playlist{}, err
	}
	defer func() { _ = a.Body.Close() }()
	if a.StatusCode != http.StatusOK {
		return playlist{}, fmt.Errorf("server says %s", a.Status)
	}
	return parsePlaylist(io.LimitReader(a.Body, mostPlaylist))
}

// playlist is what matters here of a playlist of HLS.
type playlist struct {
	sequence uint64 // of its first segment
	segments uint64
	last     string // address of its last segment
	target   time.Duration
	variant  string // first playlist of a list of qualities, "" in one of segments
	over     bool
}

// end names the newest segment.
func (p playlist) end() string {
	return strconv.FormatUint(p.sequence+p.segments, 10) + " " + p.last
}

func parsePlaylist(r io.Reader) (playlist, error) {
	lines := bufio.NewScanner(r)
	if !lines.Scan() || strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff")) != "#EXTM3U" {
		return playlist{}, errPlaylist
	}
	var p playlist
	qualities := false
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			p.sequence, _ = strconv.ParseUint(value, 10, 63) // unreadable is the default, 0
		case tag == "#EXT-X-TARGETDURATION":
			s, _ := strconv.ParseUint(value, 10, 16)
			p.target = time.Duration(s) * time.Second
		case tag == "#EXT-X-ENDLIST":
			p.over = true
		case tag == "#EXT-X-STREAM-INF":
			qualities = true
		case strings.HasPrefix(line, "#"):
		case qualities:
			p.variant = line
			return p, nil
		default:
			p.segments++
			p.last = line
		}
	}
	if err := lines.Err(); err != nil {
		return playlist{}, fmt.Errorf("%w: %w", errPlaylist, err)
	}
	return p, nil
}

// read lets ffmpeg read until it ends.
func (s *hls) read(ctx context.Context, take func([]byte) bool) error {
	c, err := spawn(s.o.FFmpeg, "-nostdin", "-v", "error", "-re",
		"-protocol_whitelist", "http,https,tcp,tls,crypto", "-rw_timeout", "5000000",
		"-i", s.address.String(), "-c", "copy", "-f", "mpegts", "-flush_packets", "1", "pipe:1")
	if err != nil {
		return err
	}
	defer c.kill()
	stop := context.AfterFunc(ctx, func() { _ = c.out.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	b := make([]byte, readPiece)
	for {
		n, err := c.out.Read(b)
		if n > 0 {
			take(b[:n])
		}
		if err != nil {
			c.kill()
			return errors.Join(ctx.Err(), fmt.Errorf("ffmpeg ended: %s", c.complaint()))
		}
	}
}
