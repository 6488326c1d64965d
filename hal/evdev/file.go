package evdev

import (
	"cmp"
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal/ioctl"
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
	var said error
	err = c.Control(func(fd uintptr) { said = ioctl.Do(int(fd), request, unsafe.Pointer(unsafe.SliceData(arg))) })
	return cmp.Or(err, said)
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
