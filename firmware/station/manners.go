package station

import (
	"context"
	"runtime"

	"golang.org/x/sys/unix"
)

// How a task stands among all that wants a processor.
const (
	gentle = 15 // what may take its time: books, pictures, the reading of films
	eager  = -8 // the keys of the panel: what has no turn for long may have missed a press
)

// at lets a task run on a thread of its own that gives way, or goes first where that
// is allowed. The thread ends with the task.
func at(niceness int, run func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		runtime.LockOSThread()                                           // never unlocked: the thread is not used again
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness) // who may not, does as well
		return run(ctx)
	}
}
