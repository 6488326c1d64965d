package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// ErrAddress means that an address names no source that can be received.
var ErrAddress = errors.New("no address of a live source")

// Source brings a transport stream in: a network stream of Open, or a tuner.
//
// Receive opens the source and hands every piece of it to take until ctx ends
// or the source fails; its error says why. take keeps nothing of the piece, and
// says whether there was a new frame of the programme in it. Receive is called
// again after a pause when it has returned, or when it was ended because no
// frame came.
type Source interface {
	Receive(ctx context.Context, take func(piece []byte) bool) error
}

// How often a source is opened anew.
const (
	openBound   = 30 * time.Second // to the first frame; a playlist may need 10 s to grow
	rejoinAfter = 8 * time.Second  // without a new frame
	rejoinMin   = 500 * time.Millisecond
	rejoinMost  = 15 * time.Second // between two attempts
	provenAfter = 10 * time.Second // a source that worked so long begins with short pauses again
)

// SourceOpts says how to receive. The zero value is right on the box.
type SourceOpts struct {
	Interface string // network card of multicast, default: by the routing table
	FFmpeg    string // program that reads HLS, default "ffmpeg"
	// Tuner returns the source of a channel of the box's own satellite receiver, by its
	// name; nil: there is none.
	Tuner func(channel string) (Source, error)
	Log   *slog.Logger
}

// Open returns the source with that address, without opening it:
//
//	udp://239.1.2.3:5004     multicast or, with an address of this box, unicast; with or without RTP
//	rtp://:5004              the same; without a host on every address of this box
//	http://host/live.m3u8    HLS, also https
//	dvb:CHANNEL              a channel of the box's own satellite receiver, see SourceOpts.Tuner
//
// ErrAddress says what is wrong.
func Open(address string, o SourceOpts) (Source, error) {
	if o.FFmpeg == "" {
		o.FFmpeg = "ffmpeg"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if channel, ok := IsTuner(address); ok {
		return openTuner(channel, o)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	switch u.Scheme {
	case "udp", "rtp":
		return openDatagrams(u, o)
	case "http", "https":
		if u.Hostname() == "" {
			return nil, fmt.Errorf("%w: %q has no host", ErrAddress, address)
		}
		return &hls{address: u, o: o}, nil
	}
	return nil, fmt.Errorf("%w: %q begins with none of udp, rtp, http, https, dvb", ErrAddress, address)
}

func openTuner(channel string, o SourceOpts) (Source, error) {
	if o.Tuner == nil {
		return nil, fmt.Errorf("%w: %q: this station has no satellite receiver", ErrAddress, tunerScheme+channel)
	}
	s, err := o.Tuner(channel)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrAddress, tunerScheme+channel, err)
	}
	return s, nil
}

func openDatagrams(u *url.URL, o SourceOpts) (Source, error) {
	host := u.Hostname()
	if host == "" {
		host = "0.0.0.0"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: host must be a number", ErrAddress, u)
	}
	at, err := netip.ParseAddrPort(net.JoinHostPort(host, u.Port()))
	if err != nil || at.Port() == 0 {
		return nil, fmt.Errorf("%w: %q has no port", ErrAddress, u)
	}
	if u.User.String() != "" || u.Path != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("%w: %q: only host and port are known", ErrAddress, u)
	}
	return &datagrams{at: netip.AddrPortFrom(ip, at.Port()), o: o}, nil
}

// receive keeps the source open until ctx ends.
func (c *Channel) receive(ctx context.Context) {
	for pause := time.Duration(0); ; {
		if !rest(ctx, pause) {
			return
		}
		begun := c.o.Now()
		err := c.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		if c.intake.reading().lastFrame.Sub(begun) >= provenAfter {
			pause = 0
		}
		pause = min(max(2*pause, rejoinMin), rejoin(c.source))
		c.setProblem(err)
		c.log.Info("live: source is opened anew", "err", err, "pause", pause)
	}
}

// attempt receives until the source ends, or brings no first frame in openBound,
// or no further one in rejoinAfter.
func (c *Channel) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(openBound, func() { cancel(errQuiet) })
	defer quiet.Stop()
	err := c.source.Receive(ctx, func(b []byte) bool {
		fresh := c.intake.take(b)
		if fresh {
			quiet.Reset(rejoinAfter)
			c.setProblem(nil)
		}
		return fresh
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

var errQuiet = errors.New("no new frame for too long")

// rest waits; it says false when ctx ended.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
