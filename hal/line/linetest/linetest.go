// Package linetest gives tests of drivers a real pseudo terminal, so that a
// driver opens a name and the test plays the device behind it. It belongs to
// tests only.
package linetest

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// PTY returns the name of a new terminal in raw mode and its far end. The far
// end is closed at the end of the test; closing it earlier is an unplug.
func PTY(t testing.TB) (name string, far *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("ptmx: %v", err)
	}
	far = os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { _ = far.Close() })
	name, err = unlock(fd)
	if err != nil {
		t.Fatalf("pty: %v", err)
	}
	// One open descriptor keeps the terminal alive while the driver is closed.
	near, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() { _ = unix.Close(near) })
	if err := raw(near); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return name, far
}

func unlock(fd int) (string, error) {
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return "", err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	return fmt.Sprintf("/dev/pts/%d", n), err
}

func raw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}
