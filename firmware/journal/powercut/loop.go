//go:build linux

package powercut

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Loop is a loop device.
type Loop struct {
	Path string
	f    *os.File
}

// Attach lays a loop device on the file at path. It needs root. Close must be
// called.
func Attach(path string) (*Loop, error) {
	// Not an os.File: to tell the poller of a file of Server asks the server, which may
	// be waiting for the garbage collector, which waits for who asks.
	back, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("powercut: %s: %w", path, err)
	}
	defer func() { _ = syscall.Close(back) }() // the device holds it
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("powercut: %w", err)
	}
	defer func() { _ = control.Close() }()
	for range 16 { // somebody else may take the free one first
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("powercut: free loop device: %w", err)
		}
		l, err := attach(fmt.Sprintf("/dev/loop%d", n), back)
		if err == nil || !errors.Is(err, syscall.EBUSY) {
			return l, err
		}
	}
	return nil, errors.New("powercut: no free loop device")
}

func attach(path string, back int) (*Loop, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("powercut: %w", err)
	}
	cfg := unix.LoopConfig{Fd: uint32(back), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}}
	if err := unix.IoctlLoopConfigure(int(f.Fd()), &cfg); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("powercut: %s: %w", path, err)
	}
	return &Loop{path, f}, nil
}

// Close gives the device free; the last who closes it ends it.
func (l *Loop) Close() error { return l.f.Close() }

// Mount mounts the ext4 on the device at dir.
func (l *Loop) Mount(dir, data string) error {
	if err := syscall.Mount(l.Path, dir, "ext4", syscall.MS_NOATIME, data); err != nil {
		return fmt.Errorf("powercut: mount %s: %w", l.Path, err)
	}
	return nil
}
