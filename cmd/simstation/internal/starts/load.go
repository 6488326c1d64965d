package starts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/cmd/simstation/internal/report"
)

// Load is what the station was asked to do around one start, and did.
type Load struct {
	Presses   int     `json:"presses"` // numbers confirmed at the panel
	Answers   int     `json:"answers"` // commands answered
	Refused   int     `json:"refused"` // not answered in time, or with an error
	SlowestMS float64 `json:"slowest_ms"`
	Synced    int64   `json:"synced_bytes"` // by somebody else, to the same disk
	Why       string  `json:"why,omitempty"`
}

// The least that a load must have been to count as one: the seven seconds of a
// hand, a shell that asks all the time, and a disk that is an old card.
const (
	leastPresses = 4
	leastAnswers = 40
	leastSynced  = 1 << 20
)

// lacks says what is missing for a start under load to be one.
func (l *Load) lacks() []string {
	if l.Presses >= leastPresses && l.Answers >= leastAnswers && l.Synced >= leastSynced {
		return nil
	}
	text := fmt.Sprintf("not under load: %d presses, %d answers, %d bytes synced", l.Presses, l.Answers, l.Synced)
	if l.Why != "" {
		text += ": " + l.Why
	}
	return []string{text}
}

// target is the station as people reach it.
type target interface {
	Type(ctx context.Context, number string) error
	Ask(patience time.Duration, args ...string) error
}

// handsBefore is when people begin to press: the roll is open 10 s before a start.
const handsBefore = 9 * time.Second

const (
	callers     = 2 // shells that ask at the same time
	callerRests = 20 * time.Millisecond
	callerWaits = 2 * time.Second
	// The disk is written in blocks to a file that begins again when it is full,
	// at most 25 MB a second: a card has less.
	blockSize   = 256 << 10
	ballastSize = 64 * blockSize
	blockRests  = 10 * time.Millisecond
)

// questions are what each caller asks, in turn.
func questions() [][]string {
	return [][]string{{"status", "-json"}, {"schedule"}, {"why"}, {"lesson", "list"}, {"display"}, {"journal", "-last", "50"}, {"roll"}}
}

// numbers are of people on the roster.
func numbers() []string { return []string{"1", "2", "3", "5", "8"} }

// burden is a load under way.
type burden struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	load   Load
}

// lay begins to press, to ask and to write the file called disk. The hands wait
// until the roll is open. It goes on until lift.
func lay(ctx context.Context, t target, disk string, hands time.Time) *burden {
	ctx, cancel := context.WithCancel(ctx)
	b := &burden{cancel: cancel}
	b.wg.Go(func() { b.press(ctx, t, time.Until(hands)) })
	for i := range callers {
		b.wg.Go(func() { b.ask(ctx, t, i) })
	}
	b.wg.Go(func() { b.write(ctx, disk) })
	return b
}

// lift ends it and returns what it was.
func (b *burden) lift() *Load {
	b.cancel()
	b.wg.Wait()
	return &b.load
}

func (b *burden) note(f func(*Load)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(&b.load)
}

// press types one number after the other; one that is begun is typed to its end.
func (b *burden) press(ctx context.Context, t target, wait time.Duration) {
	rest(ctx, wait)
	for i := 0; ctx.Err() == nil; i++ {
		if err := t.Type(context.WithoutCancel(ctx), numbers()[i%len(numbers())]); err != nil {
			b.note(func(l *Load) { l.Why = err.Error() })
			return
		}
		b.note(func(l *Load) { l.Presses++ })
	}
}

// ask asks everything again and again.
func (b *burden) ask(ctx context.Context, t target, first int) {
	for i := first; ctx.Err() == nil; i++ {
		begun := time.Now()
		err := t.Ask(callerWaits, questions()[i%len(questions())]...)
		took := report.Milliseconds(time.Since(begun))
		b.note(func(l *Load) {
			l.SlowestMS = max(l.SlowestMS, took)
			if err != nil {
				l.Refused++
				l.Why = err.Error()
				return
			}
			l.Answers++
		})
		rest(ctx, callerRests)
	}
}

// write syncs block after block with the priority of an ordinary program.
func (b *burden) write(ctx context.Context, name string) {
	runtime.LockOSThread() // and never unlocked: the thread ends with this
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 0)
	f, err := os.Create(name)
	if err != nil {
		b.note(func(l *Load) { l.Why = err.Error() })
		return
	}
	block := make([]byte, blockSize)
	for at := int64(0); ctx.Err() == nil; at = (at + blockSize) % ballastSize {
		block[0]++
		_, err := f.WriteAt(block, at)
		if err = errors.Join(err, f.Sync()); err != nil {
			b.note(func(l *Load) { l.Why = err.Error() })
			break
		}
		b.note(func(l *Load) { l.Synced += blockSize })
		rest(ctx, blockRests)
	}
	if err := errors.Join(f.Close(), os.Remove(name)); err != nil {
		b.note(func(l *Load) { l.Why = err.Error() })
	}
}

// rest waits until d is over or ctx is done.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
