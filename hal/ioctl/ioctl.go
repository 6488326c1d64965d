// Package ioctl is the drivers' way into the kernel.
package ioctl

import (
	"context"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Do asks the device behind fd, again when a signal came between. arg is what the
// request takes, nil for nothing; it is not kept. How long it takes is the driver's: see
// who calls. Errors: the kernel's, a unix.Errno.
func Do[R ~uint | ~uint32 | ~uintptr](fd int, request R, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
			continue
		}
		return errno
	}
}

// RingWhenDone rings bell when ctx ends. After the returned function nothing
// touches bell any more. bell is an eventfd, which a poll waits for beside the device.
func RingWhenDone(ctx context.Context, bell int) (release func()) {
	rung := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(rung)
		_, _ = unix.Write(bell, []byte{1, 0, 0, 0, 0, 0, 0, 1}) // not zero in either byte order
	})
	return func() {
		if !stop() {
			<-rung
		}
	}
}
