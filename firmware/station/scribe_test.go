package station

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware"
)

// slowCard takes a write in its time, or gives up with who waits for it.
type slowCard struct {
	takes   time.Duration
	written []string
}

func (c *slowCard) Append(ctx context.Context, kind, _ string, _ any) (firmware.Record, error) {
	select {
	case <-ctx.Done():
		return firmware.Record{}, ctx.Err()
	case <-time.After(c.takes):
		c.written = append(c.written, kind)
		return firmware.Record{}, nil
	}
}

// TestScribeCutShort: a write that the end of the program cuts short is written again
// before it ends, and is no fault of the card.
func TestScribeCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		card := &slowCard{takes: time.Second}
		var told []error
		s := newScribe(card, slog.New(slog.DiscardHandler), func(err error) {
			if err != nil {
				told = append(told, err)
			}
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		s.put("first", "", nil)
		time.AfterFunc(500*time.Millisecond, func() { cancel(errors.New("the program ends")) })
		if err := s.Run(ctx); err != nil || len(card.written) != 1 || len(told) != 0 {
			t.Errorf("written %v, faults %v, %v", card.written, told, err)
		}
	})
}
