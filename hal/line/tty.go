package line

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"go.bug.st/serial"
	"golang.org/x/sys/unix"
)

// Parity is the parity bit of a character. With one, a character that comes in
// wrong is read as 0, which a check sum then notices.
type Parity uint8

// The parities: none (8N1), even (8E1) and odd (8O1). Another one makes every
// open fail.
const (
	NoParity Parity = iota
	EvenParity
	OddParity
)

// mode returns the parity in the words of go.bug.st/serial.
func (p Parity) mode() (serial.Parity, error) {
	switch p {
	case NoParity:
		return serial.NoParity, nil
	case EvenParity:
		return serial.EvenParity, nil
	case OddParity:
		return serial.OddParity, nil
	}
	return serial.NoParity, fmt.Errorf("parity %d: not none, even or odd", p)
}

// flusher is a connection whose buffers can be emptied.
type flusher interface {
	flushInput()
	flushOutput()
}

// tty is a serial device. The file is non-blocking, so the runtime's poller
// bounds reads and writes and Close wakes both; go.bug.st/serial alone has no
// bound on writes, and its descriptor would be inherited by child processes.
type tty struct{ *os.File }

func (t tty) flushInput()  { t.flush(unix.TCIFLUSH) }
func (t tty) flushOutput() { t.flush(unix.TCOFLUSH) }

func (t tty) flush(queue int) {
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.IoctlSetInt(int(fd), unix.TCFLSH, queue) })
}

// openTTY opens, locks and configures name as raw with 8 data bits.
func openTTY(name string, baud int, parity Parity) (io.ReadWriteCloser, error) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	if err := configure(fd, name, baud, parity); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return tty{os.NewFile(uintptr(fd), name)}, nil
}

func configure(fd int, name string, baud int, parity Parity) error {
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("%s is in use by another process", name)
		}
		return fmt.Errorf("lock of %s: %w", name, err)
	}
	if err := setMode(name, baud, parity); err != nil {
		return err
	}
	// Bytes from before the lock belong to nobody.
	return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH)
}

// setMode lets go.bug.st/serial set the speed and raw mode, which stay as long
// as the caller holds the device open. Its descriptor lives only in here and
// under the fork lock, because it is not close-on-exec; closing it also takes
// back TIOCEXCL, which a killed process would leave behind on a pty.
func setMode(name string, baud int, parity Parity) error {
	bit, err := parity.mode()
	if err != nil {
		return fmt.Errorf("mode of %s: %w", name, err)
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	port, err := serial.Open(name, &serial.Mode{BaudRate: baud, DataBits: 8, Parity: bit})
	if err != nil {
		return fmt.Errorf("mode of %s at %d baud: %w", name, baud, err)
	}
	return port.Close()
}
