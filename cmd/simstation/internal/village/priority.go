package village

import (
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// worldNice goes before ordinary programs: a front end that stutters because a
// compiler runs is a fault that no real one has. It is niceness and not
// real-time priority, because threads of one Go program that differ in class
// wait for each other without end. The niceness of the session's group is left
// alone: the kernel's own workers, which carry the bytes of a pty, are outside it
// and would be the ones to wait.
const worldNice = -10

// Hurry lets this program go before ordinary ones, where that is allowed;
// elsewhere it does nothing. The kernel knows threads only: later threads
// inherit from these, and programs are started through calm. It is to be called
// early.
func Hurry() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range tasks {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, tid, worldNice) // refused without the right to it
		}
	}
}

// calm gives the calling goroutine a thread of its own with the ordinary
// priority, for programs to inherit. The thread ends with the goroutine.
func calm() {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 0)
}
