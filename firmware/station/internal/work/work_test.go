package work_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"stationbox/firmware/station/internal/work"
)

// A task that ends is started again, later and later, and the others do not notice.
func TestRunAllStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		begin := time.Now()
		var starts, steady []time.Duration
		var mu sync.Mutex
		told := map[string]int{}
		work.RunAll(ctx, slog.New(slog.DiscardHandler), func(name string, err error) {
			mu.Lock()
			defer mu.Unlock()
			told[name]++
			if !strings.Contains(err.Error(), "broken") {
				t.Errorf("told %v", err)
			}
		}, []work.Task{
			{Name: "panics", Run: func(context.Context) error {
				starts = append(starts, time.Since(begin))
				panic("broken")
			}},
			{Name: "fails", Run: func(context.Context) error { return errors.New("broken") }},
			{Name: "steady", Run: func(ctx context.Context) error {
				steady = append(steady, time.Since(begin))
				<-ctx.Done()
				return ctx.Err()
			}},
		})
		if took := time.Since(begin); took != 5*time.Minute {
			t.Errorf("ended after %v", took)
		}
		var at time.Duration
		want := []time.Duration{0}
		for wait := 200 * time.Millisecond; at+wait < 5*time.Minute; wait = min(2*wait, 30*time.Second) {
			at += wait
			want = append(want, at)
		}
		if !slices.Equal(starts, want) {
			t.Errorf("started at %v, want %v", starts, want)
		}
		if fmt.Sprint(steady) != "[0s]" || told["steady"] != 0 || told["panics"] != len(starts) || told["fails"] != len(starts) {
			t.Errorf("steady %v, told %v", steady, told)
		}
	})
}

// What worked for a minute is started again at once.
func TestRunAllForgives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		n := 0
		work.RunAll(ctx, slog.New(slog.DiscardHandler), func(string, error) {}, []work.Task{{Name: "an hour", Run: func(ctx context.Context) error {
			n++
			select {
			case <-ctx.Done():
			case <-time.After(61 * time.Second):
			}
			return nil
		}}})
		if n != 59 { // 61.2 s each
			t.Errorf("started %d times in an hour", n)
		}
	})
}
