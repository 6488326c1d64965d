package live

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// tunerScheme begins the address of a channel of the box's own satellite receiver.
const tunerScheme = "dvb:"

// IsTuner says whether address is a channel of the box's own satellite receiver, and
// which.
func IsTuner(address string) (channel string, ok bool) {
	return strings.CutPrefix(address, tunerScheme)
}

// Feed is what comes out of a receiver in this box, an open one. Read waits for bytes of
// a transport stream, for some seconds at most: nothing by then is 0 and no error, as
// while there is no lock. An error of Read ends the feed.
type Feed interface {
	Read(ctx context.Context, b []byte) (int, error)
	Close() error
}

// feedSource is a channel of a receiver in this box.
type feedSource struct {
	name string
	open func(ctx context.Context) (Feed, error)
}

// FromFeed is the source that open opens, for as long as it takes to come: until then,
// and at its end, ctx ends. The name is for errors.
func FromFeed(name string, open func(ctx context.Context) (Feed, error)) Source {
	return &feedSource{name: name, open: open}
}

const (
	// feedPiece is what is read at once: a fifth of a second of a wide programme.
	feedPiece = 1024 * packetSize
	// nearMost is the longest pause before a receiver in this box is opened again: nobody
	// else is kept from anything, and after rain it shall be quick.
	nearMost = 2 * time.Second
)

// Receive implements Source.
func (s *feedSource) Receive(ctx context.Context, take func([]byte) bool) (err error) {
	f, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("live source %s: %w", s.name, err)
	}
	defer func() {
		if bad := f.Close(); bad != nil && err == nil {
			err = fmt.Errorf("live source %s: %w", s.name, bad)
		}
	}()
	b := make([]byte, feedPiece)
	for {
		n, err := f.Read(ctx, b)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("live source %s: %w", s.name, err)
		case n > 0:
			take(b[:n])
		}
	}
}

// rejoin is the longest pause between two attempts at a source.
func rejoin(s Source) time.Duration {
	if _, near := s.(*feedSource); near {
		return nearMost
	}
	return rejoinMost
}
