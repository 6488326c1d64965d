package tuner

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal/ioctl"
)

// Kernel is an open device file, frontend, demultiplexer or dvr. Errors are those of
// the system calls, as unix.Errno.
type Kernel interface {
	// Value does a request whose argument is a number.
	Value(request uint32, value uintptr) error
	// Struct does a request whose argument is the structure arg.
	Struct(request uint32, arg []byte) error
	// Properties does a request on count structures dtv_property, of the layout of
	// this machine, in props.
	Properties(request uint32, props []byte, count int) error
	// Read returns one section of a demultiplexer, or packets of a dvr; without any
	// it is EAGAIN. Bytes that were lost because nobody read them are EOVERFLOW, once.
	Read(b []byte) (int, error)
	// Wait returns when Read may have something to say, or when ctx ends, which is
	// no error.
	Wait(ctx context.Context) error
	// Close ends every Wait.
	Close() error
}

// machine is the pointer size of the machine that this runs on.
const machine = word(unsafe.Sizeof(uintptr(0)))

// file is a device file, opened so that a read does not wait.
type file struct {
	fd   int
	life context.Context
	end  context.CancelFunc
	use  sync.RWMutex // of fd: read by all, written by Close
}

var _ Kernel = (*file)(nil)

// openFile opens a device file. A dvr that is opened for writing too plays into the
// decoder of a card, which few have: they refuse it.
func openFile(name string) (Kernel, error) {
	how := unix.O_RDWR
	if strings.HasPrefix(filepath.Base(name), "dvr") {
		how = unix.O_RDONLY
	}
	fd, err := unix.Open(name, how|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return newFile(fd), nil
}

func newFile(fd int) *file {
	f := &file{fd: fd}
	f.life, f.end = context.WithCancel(context.Background())
	return f
}

// hold keeps the file open until release.
func (f *file) hold() (release func(), err error) {
	f.use.RLock()
	if f.life.Err() != nil {
		f.use.RUnlock()
		return nil, unix.ENODEV
	}
	return f.use.RUnlock, nil
}

// Value does one request.
func (f *file) Value(request uint32, value uintptr) error {
	release, err := f.hold()
	if err != nil {
		return err
	}
	defer release()
	for {
		if err := unix.IoctlSetInt(f.fd, uint(request), int(value)); err != unix.EINTR {
			return err
		}
	}
}

// Struct does one request.
func (f *file) Struct(request uint32, arg []byte) error {
	return f.pointer(request, unsafe.Pointer(unsafe.SliceData(arg)))
}

// dtvProperties is struct dtv_properties. It is a structure of Go because it holds
// a pointer, which the collector must see.
type dtvProperties struct {
	num   uint32
	props unsafe.Pointer
}

// Properties does one request.
func (f *file) Properties(request uint32, props []byte, count int) error {
	arg := dtvProperties{uint32(count), unsafe.Pointer(unsafe.SliceData(props))}
	return f.pointer(request, unsafe.Pointer(&arg))
}

func (f *file) pointer(request uint32, arg unsafe.Pointer) error {
	release, err := f.hold()
	if err != nil {
		return err
	}
	defer release()
	return ioctl.Do(f.fd, request, arg)
}

// Read reads what is there.
func (f *file) Read(b []byte) (int, error) {
	release, err := f.hold()
	if err != nil {
		return 0, err
	}
	defer release()
	for {
		n, err := unix.Read(f.fd, b)
		if err == unix.EINTR {
			continue
		}
		return max(n, 0), err
	}
}

// Wait polls for something to read and for a bell that rings when ctx or the file
// ends. A demultiplexer that lost bytes raises POLLERR, and so does one that is
// unplugged, which then has nothing to read for ever: only reads can tell.
func (f *file) Wait(ctx context.Context) error {
	release, err := f.hold()
	if err != nil {
		return err
	}
	defer release()
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(bell) }()
	defer ioctl.RingWhenDone(ctx, bell)()
	defer ioctl.RingWhenDone(f.life, bell)()
	p := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN | unix.POLLPRI}, {Fd: int32(bell), Events: unix.POLLIN}}
	err = poll(p)
	if err == nil && (f.life.Err() != nil || p[0].Revents&(unix.POLLHUP|unix.POLLNVAL) != 0) {
		return unix.ENODEV
	}
	return err
}

// poll waits for one of p, over all signals.
func poll(p []unix.PollFd) error {
	for {
		if _, err := unix.Poll(p, -1); err != unix.EINTR {
			return err
		}
	}
}

// Close ends every Wait and closes the file.
func (f *file) Close() error {
	f.end()
	f.use.Lock()
	defer f.use.Unlock()
	return unix.Close(f.fd)
}
