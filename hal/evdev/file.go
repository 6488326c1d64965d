package evdev

import (
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// file is a device file that the runtime waits for.
type file struct{ *os.File }

func openFile(path string) (Handle, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return file{os.NewFile(uintptr(fd), path)}, nil
}

// Ioctl does one request.
func (f file) Ioctl(request uint32, arg []byte) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var errno unix.Errno
	err = c.Control(func(fd uintptr) { errno = ioctl(fd, request, arg) })
	if err != nil {
		return err
	}
	if errno != 0 {
		return errno
	}
	return nil
}

func ioctl(fd uintptr, request uint32, arg []byte) unix.Errno {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, uintptr(request), uintptr(unsafe.Pointer(unsafe.SliceData(arg))))
		if errno != unix.EINTR {
			return errno
		}
	}
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
