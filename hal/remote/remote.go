// Package remote reaches device files and I²C buses that another process serves behind
// Unix sockets, as a pin server serves pins: the drivers above see what they see of this
// machine's own. It promises the errors of the system calls; it never dials in the
// background and keeps nothing.
//
// One connection is one open file, or one bus. The server speaks first: an answer that says
// whether it could be opened. Then requests and answers take turns; all numbers are little
// endian:
//
//	request: u32 length of what follows | u8 kind | u32 request | u32 number | bytes
//	answer:  u32 length of what follows | u32 errno, 0: done | bytes
//
//	kind             request      number               bytes            bytes of the answer
//	0 value          of the ioctl its argument         -                -
//	1 structure      of the ioctl -                    its argument     the same, as it is then
//	2 properties     of the ioctl how many             the structures   the same, as they are then
//	3 read           -            at most so many      -                what was read
//	4 wait           -            milliseconds         -                -
//	5 transaction    address      bytes to be read     bytes to write   what was read
package remote

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Prefix is how the name of something behind a socket begins: "unix:PATH".
const Prefix = "unix:"

// Path returns the socket that name names; ok is false for a name of this machine's own.
func Path(name string) (path string, ok bool) { return strings.CutPrefix(name, Prefix) }

// The kinds of request.
const (
	kindValue = iota
	kindStruct
	kindProperties
	kindRead
	kindWait
	kindTransaction
)

// maxAnswer bounds an answer: more than any driver reads at once.
const maxAnswer = 1 << 20

// dialTime is how long a server may take to answer the call.
const dialTime = 2 * time.Second

// line is a connection. It is safe for concurrent use; close may be called meanwhile.
type line struct {
	turn sync.Mutex
	conn net.Conn
}

// dial opens what is served at path. An error is a unix.Errno: the server's, or that there
// is none, which is as if the device were not there.
func dial(path string) (*line, error) {
	conn, err := net.DialTimeout("unix", path, dialTime)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, unix.ENOENT)
	}
	l := &line{conn: conn}
	_ = conn.SetReadDeadline(time.Now().Add(dialTime)) // the read tells
	if _, err := l.answer(); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	return l, nil
}

// ask does one request, within bound unless that is 0. A connection that is lost is
// unix.ENODEV, and good for nothing more.
func (l *line) ask(kind byte, request, number uint32, data []byte, bound time.Duration) ([]byte, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	until := time.Time{}
	if bound > 0 {
		until = time.Now().Add(bound)
	}
	if err := l.conn.SetDeadline(until); err != nil {
		return nil, unix.ENODEV
	}
	b := make([]byte, 0, 13+len(data))
	b = binary.LittleEndian.AppendUint32(b, uint32(9+len(data)))
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint32(b, request)
	b = binary.LittleEndian.AppendUint32(b, number)
	if _, err := l.conn.Write(append(b, data...)); err != nil {
		return nil, unix.ENODEV
	}
	return l.answer()
}

// answer reads one.
func (l *line) answer() ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(l.conn, head[:]); err != nil {
		return nil, unix.ENODEV
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length < 4 || length > maxAnswer {
		_ = l.conn.Close()
		return nil, unix.ENODEV
	}
	body := make([]byte, length-4)
	if _, err := io.ReadFull(l.conn, body); err != nil {
		return nil, unix.ENODEV
	}
	if errno := unix.Errno(binary.LittleEndian.Uint32(head[4:])); errno != 0 {
		return body, errno
	}
	return body, nil
}

// gone says whether err means that the connection is lost.
func gone(err error) bool { return errors.Is(err, unix.ENODEV) }
