package clock

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// System is the machine's own clocks.
type System interface {
	// Mono is the time since power-on; it counts on while the machine sleeps.
	Mono() time.Duration
	// Kernel reads the wall clock and what the kernel thinks of it.
	Kernel() (Kernel, error)
	// Boot names this power-on; "" if it has no name.
	Boot() string
}

// Kernel is the kernel's wall clock at one moment.
type Kernel struct {
	Wall   time.Time
	Mono   time.Duration // when Wall was read
	Synced bool          // a time daemon has set it and keeps it
	Bound  time.Duration // ± error by the kernel's account, when Synced
}

// Linux is the System of a Linux kernel.
type Linux struct{}

// Mono reads CLOCK_BOOTTIME. It returns 0 should the kernel not have it (before
// 2.6.39).
func (Linux) Mono() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// phaseLimit is NTP_PHASE_LIMIT of the kernel, in microseconds: an error that
// large means unsynchronised. Setting the clock by hand sets the error to it,
// and it grows by itself at 500 ppm after the last word of a time daemon.
const phaseLimit = 16_000_000

// Kernel asks adjtimex, which needs no privilege. The error decides and not the
// flag STA_UNSYNC, as in systemd's timedated: chrony without rtcsync leaves the
// flag standing on a clock that it keeps.
func (l Linux) Kernel() (Kernel, error) {
	var tx unix.Timex
	before := l.Mono()
	if _, err := unix.Adjtimex(&tx); err != nil {
		return Kernel{}, fmt.Errorf("adjtimex: %w", err)
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &ts); err != nil {
		return Kernel{}, fmt.Errorf("wall clock: %w", err)
	}
	took := l.Mono() - before
	return kernelOf(&tx, time.Unix(0, ts.Nano()), before+took/2, took), nil
}

// kernelOf is what the kernel's words mean; the reading took a while.
func kernelOf(tx *unix.Timex, wall time.Time, mono, took time.Duration) Kernel {
	bound := int64(tx.Maxerror)
	return Kernel{
		Wall: wall, Mono: mono,
		Synced: bound >= 0 && bound < phaseLimit && tx.Status&unix.STA_CLOCKERR == 0,
		Bound:  time.Duration(bound)*time.Microsecond + took,
	}
}

// Boot reads the kernel's random name of this power-on.
func (Linux) Boot() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(b))
}
