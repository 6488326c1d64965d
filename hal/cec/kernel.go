package cec

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// file is a device file, opened so that no request waits for the wire.
type file struct{ fd int }

func openFile(device string) (*file, error) {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &file{fd: fd}, nil
}

// Ioctl does one request.
func (f *file) Ioctl(request uint32, arg []byte) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(f.fd), uintptr(request), uintptr(unsafe.Pointer(unsafe.SliceData(arg))))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
			continue
		}
		return errno
	}
}

// Wait polls for messages and events.
func (f *file) Wait(d time.Duration) error {
	p := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN | unix.POLLPRI}}
	_, err := unix.Poll(p, int(d.Milliseconds()))
	if err == unix.EINTR {
		return nil
	}
	if err == nil && p[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
		return unix.ENODEV
	}
	return err
}

// Close closes the file.
func (f *file) Close() error { return unix.Close(f.fd) }
