package station

import (
	"context"
	"log/slog"
	"time"

	"stationbox/firmware"
)

// appender is the journal as the rooms here need it: it returns when the record
// is durable.
type appender interface {
	Append(ctx context.Context, kind, lesson string, data any) (firmware.Record, error)
}

// scribe writes what happened into the journal in its order, without making
// anybody wait for the card. Presses do not come this way: they wait.
type scribe struct {
	journal appender
	log     *slog.Logger
	queue   chan note
	failed  func(error) // told of every failed write, nil when writing works again
}

type note struct {
	kind, lesson string
	data         any
}

// backlog bounds what the scribe remembers while the card does not take it.
const backlog = 4096

func newScribe(j appender, log *slog.Logger, failed func(error)) *scribe {
	return &scribe{journal: j, log: log, queue: make(chan note, backlog), failed: failed}
}

// put hands over a note and returns at once. When even the backlog is full the
// newest note is dropped and said to be; the fault of the card stands by then.
func (s *scribe) put(kind, lesson string, data any) {
	select {
	case s.queue <- note{kind, lesson, data}:
	default:
		s.log.Error("journal backlog full", "kind", kind, "lesson", lesson)
	}
}

// Run writes until ctx ends, then what is left for at most two seconds.
func (s *scribe) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			s.drain()
			return nil
		case n := <-s.queue:
			if !s.write(ctx, n) {
				s.drain(n)
				return nil
			}
		}
	}
}

// write tries until the journal has taken the note, or says that ctx has ended before.
func (s *scribe) write(ctx context.Context, n note) bool {
	for {
		_, err := s.journal.Append(ctx, n.kind, n.lesson, n.data)
		if err != nil && ctx.Err() != nil {
			return false // cut short by the program's end, which is no failure of the card
		}
		s.failed(err)
		if err == nil {
			return true
		}
		s.log.Error("journal", "kind", n.kind, "err", err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Second):
		}
	}
}

// drain writes the notes that were under way when the program was told to end, and
// what is left.
func (s *scribe) drain(first ...note) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for {
		var n note
		if len(first) > 0 {
			n, first = first[0], first[1:]
		} else {
			select {
			case n = <-s.queue:
			default:
				return
			}
		}
		if _, err := s.journal.Append(ctx, n.kind, n.lesson, n.data); err != nil {
			s.log.Error("journal", "kind", n.kind, "err", err)
			return
		}
	}
}
