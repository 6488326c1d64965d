package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"

	"stationbox/firmware/power"
)

// priority is that of the whole process among real-time ones: above interrupt
// threads would be above 50, and nothing else on a station is real-time.
const priority = 50

// memoryLimit is where the collector starts to work; below it there is none.
const memoryLimit = 8 << 20

// errRunning means that another guard holds the lock.
var errRunning = errors.New("another guard is running")

// realtime asks for real-time priority, for memory that is never swapped out and
// for a collector that seldom runs. What is not permitted is said once, in the
// log and as notes of the status; the guard goes on without it.
func realtime(log *slog.Logger) []string {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
	var notes []string
	if err := fifo(); err != nil {
		log.Warn("no real-time priority", "err", err)
		notes = append(notes, power.NoteNoFIFO)
	}
	// On fault only: the address space of a Go program is far larger than what it uses.
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		log.Warn("memory not locked", "err", err)
		notes = append(notes, power.NoteNoLock)
	}
	return notes
}

// fifo puts every thread of the process under SCHED_FIFO. Threads made later
// inherit it; the second round finds those made during the first.
func fifo() error {
	for range 2 {
		tasks, err := filepath.Glob("/proc/self/task/*")
		if err != nil || len(tasks) == 0 {
			return fmt.Errorf("threads of this process not listed: %w", errors.Join(err, os.ErrNotExist))
		}
		for _, task := range tasks {
			tid, err := strconv.Atoi(filepath.Base(task))
			if err != nil {
				return err
			}
			attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: priority}
			if err := unix.SchedSetAttr(tid, &attr, 0); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("SCHED_FIFO: %w", err)
			}
		}
	}
	return nil
}

// lock takes the lock file at path, so that two guards never drive the same
// pins. The kernel lets go of it when the process ends, however it ends.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, errRunning)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f.Close, nil
}
