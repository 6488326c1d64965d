// Package work keeps the goroutines of the station going: each of them by itself, on a thread
// that stands where it should among all that wants a processor.
package work

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Task is one goroutine of the station: one owner, one Run, started in one place.
type Task struct {
	Name string
	Run  func(ctx context.Context) error // until ctx ends
}

// RunAll runs the tasks until ctx ends and returns when all have returned. A
// task that ends early, by error or panic, is started again with back-off
// (200 ms to 30 s) and told to failed; the others go on: one broken device must
// not end a lesson.
func RunAll(ctx context.Context, log *slog.Logger, failed func(name string, err error), tasks []Task) {
	var wg sync.WaitGroup
	for _, t := range tasks {
		wg.Go(func() { keepRunning(ctx, log, failed, t) })
	}
	wg.Wait()
}

func keepRunning(ctx context.Context, log *slog.Logger, failed func(string, error), t Task) {
	const least, most = 200 * time.Millisecond, 30 * time.Second
	wait := least
	for {
		begun := time.Now()
		err := Guarded(ctx, t.Run)
		if ctx.Err() != nil {
			return
		}
		log.Error("task ended", "task", t.Name, "err", err)
		failed(t.Name, err)
		if time.Since(begun) > time.Minute {
			wait = least
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, most)
	}
}

// Guarded turns a panic into an error, so that one task's bug is one task's end.
func Guarded(ctx context.Context, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return run(ctx)
}
