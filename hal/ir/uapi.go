package ir

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal/ioctl"
)

// The requests of linux/lirc.h, and what they carry; TestHeader asks the C
// compiler whether they are right.
const (
	getFeatures    = 0x80046900
	setSendMode    = 0x40046911
	setSendCarrier = 0x40046913

	canSendPulse = 0x02
	modePulse    = 0x02
	modeScancode = 0x08

	sizeScancode = 24
)

// encodeScancode is struct lirc_scancode; time, flags and key code are for
// receiving.
func encodeScancode(proto uint16, scancode uint32) []byte {
	b := make([]byte, sizeScancode)
	binary.NativeEndian.PutUint16(b[10:], proto)
	binary.NativeEndian.PutUint64(b[16:], uint64(scancode))
	return b
}

func encodePulses(durations []uint32) []byte {
	b := make([]byte, 0, 4*len(durations))
	for _, d := range durations {
		b = binary.NativeEndian.AppendUint32(b, d)
	}
	return b
}

func u32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

// file is a device file.
type file struct{ fd int }

func openFile(device string) (*file, error) {
	fd, err := unix.Open(device, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &file{fd: fd}, nil
}

// Ioctl does one request.
func (f *file) Ioctl(request uint32, arg []byte) error {
	return ioctl.Do(f.fd, request, unsafe.Pointer(unsafe.SliceData(arg)))
}

// Write sends.
func (f *file) Write(b []byte) (int, error) { return unix.Write(f.fd, b) }

// Close closes the file.
func (f *file) Close() error { return unix.Close(f.fd) }
