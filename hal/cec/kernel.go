package cec

import (
	"context"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal/ioctl"
)

// file is a device file, opened so that no request waits for the wire.
type file struct {
	fd   int
	life context.Context
	end  context.CancelFunc
	use  sync.RWMutex // of fd: read by all, written by Close
}

func openFile(device string) (*file, error) {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := &file{fd: fd}
	f.life, f.end = context.WithCancel(context.Background())
	return f, nil
}

// Ioctl does one request.
func (f *file) Ioctl(request uint32, arg []byte) error {
	f.use.RLock()
	defer f.use.RUnlock()
	if f.life.Err() != nil {
		return unix.ENODEV
	}
	return ioctl.Do(f.fd, request, unsafe.Pointer(unsafe.SliceData(arg)))
}

// Wait polls for messages and events, and for a bell that rings when ctx or the
// file ends.
func (f *file) Wait(ctx context.Context) error {
	f.use.RLock()
	defer f.use.RUnlock()
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(bell) }()
	defer ioctl.RingWhenDone(ctx, bell)()
	defer ioctl.RingWhenDone(f.life, bell)()
	p := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN | unix.POLLPRI}, {Fd: int32(bell), Events: unix.POLLIN}}
	_, err = unix.Poll(p, -1)
	switch {
	case err == unix.EINTR:
		return nil
	case err == nil && (f.life.Err() != nil || p[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0):
		return unix.ENODEV
	}
	return err
}

// Close ends every Wait and closes the file.
func (f *file) Close() error {
	f.end()
	f.use.Lock()
	defer f.use.Unlock()
	return unix.Close(f.fd)
}
