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
// wait for each other without end.
const worldNice = -10

// Hurry lets this program go before ordinary ones, where that is allowed;
// elsewhere it does nothing. The kernel knows threads only: later threads
// inherit from these, and programs are started through calm. It is to be called
// early.
func Hurry() {
	// Where sessions are scheduled as groups, niceness counts within one only:
	// the group has a niceness of its own.
	_ = os.WriteFile("/proc/self/autogroup", []byte(strconv.Itoa(worldNice)), 0) // refused without the right to it
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range tasks {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, tid, worldNice) // the same
		}
	}
}

// calm gives the calling goroutine a thread of its own with the ordinary
// priority, for programs to inherit. The thread ends with the goroutine.
func calm() {
	runtime.LockOSThread()
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 0)
}
