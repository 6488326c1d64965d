package work

import (
	"context"
	"runtime"

	"golang.org/x/sys/unix"
)

// How a task stands among all that wants a processor.
const (
	Gentle = 15 // what may take its time: books, pictures, the reading of films
	Eager  = -8 // the keys of the panel: what has no turn for long may have missed a press
)

// At lets a task run on a thread of its own that gives way, or goes first where that
// is allowed. The thread ends with the task.
func At(niceness int, run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		runtime.LockOSThread()                                           // never unlocked: the thread is not used again
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness) // who may not, does as well
		return run(ctx)
	}
}

// Gently does it on a thread that gives way, and waits for it.
func Gently(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = At(Gentle, func(context.Context) error { do(); return nil })(context.Background())
	}()
	<-done
}
