package wire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
)

// File is an open device file as its kernel has it; errors are unix.Errno.
type File interface {
	Value(request uint32, value uintptr) error
	Struct(request uint32, arg []byte) error
	Properties(request uint32, props []byte, count int) error
	Read(b []byte) (int, error)
	// Wait returns when there may be something to read, or when ctx ends.
	Wait(ctx context.Context) error
	Close() error
}

// Bounds of a connection to a device file or a bus.
const (
	maxFileRequest = 1 << 16
	maxFileRead    = 1 << 19
	maxFileWait    = time.Second
)

// FileServer serves one device file, or one bus, to other processes over a Unix socket. A
// connection is an open file:
//
//	server, first:  u32 length of what follows | u32 errno, 0: it is open
//	client:         u32 length of what follows | u8 kind | u32 request | u32 number | bytes
//	server:         u32 length of what follows | u32 errno, 0: done | bytes
//
// with the kinds 0 ioctl with a number, 1 with a structure, 2 with properties, 3 read at most
// so many bytes, 4 wait so many milliseconds, 5 I²C transaction at the address in request
// that reads so many bytes. All is little endian. Who sends anything else is hung up on.
type FileServer struct {
	ln   *net.UnixListener
	open func() (File, error)

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	shut  bool
}

// ListenFile serves the file that open opens, a fresh one for each connection, at path, in
// place of a dead socket.
func ListenFile(path string, open func() (File, error)) (*FileServer, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("device file: %w", err)
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("device file: %w", err)
	}
	return &FileServer{ln: ln, open: open, conns: map[net.Conn]struct{}{}}, nil
}

// ListenBus serves an I²C bus at path.
func ListenBus(path string, bus i2c.Bus) (*FileServer, error) {
	return ListenFile(path, func() (File, error) { return busFile{bus}, nil })
}

// Serve answers clients until ctx ends or s is closed, and returns nil when the last of its
// goroutines has ended.
func (s *FileServer) Serve(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	for {
		c, err := s.ln.Accept()
		if err != nil {
			return nil
		}
		wg.Go(func() { s.client(c) })
	}
}

// Close hangs up on everybody and ends Serve.
func (s *FileServer) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return nil
	}
	s.shut = true
	for c := range s.conns {
		_ = c.Close()
	}
	return s.ln.Close()
}

// keep notes c until the function returned is called; ok is false when s is closed.
func (s *FileServer) keep(c net.Conn) (forget func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return nil, false
	}
	s.conns[c] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	}, true
}

func (s *FileServer) client(c net.Conn) {
	defer func() { _ = c.Close() }()
	forget, ok := s.keep(c)
	if !ok {
		return
	}
	defer forget()
	f, err := s.open()
	if fileAnswer(c, nil, err) != nil || err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	for {
		r, err := readFileRequest(c)
		if err != nil {
			return
		}
		data, err := r.do(f)
		if fileAnswer(c, data, err) != nil {
			return
		}
	}
}

// fileRequest is one request.
type fileRequest struct {
	kind            byte
	request, number uint32
	data            []byte
}

func readFileRequest(c io.Reader) (r fileRequest, err error) {
	var head [13]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return r, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length < 9 || length > maxFileRequest {
		return r, fmt.Errorf("a request of %d bytes", length)
	}
	r = fileRequest{head[4], binary.LittleEndian.Uint32(head[5:]), binary.LittleEndian.Uint32(head[9:]), make([]byte, length-9)}
	_, err = io.ReadFull(c, r.data)
	return r, err
}

// fileAnswer sends one answer.
func fileAnswer(c io.Writer, data []byte, err error) error {
	var errno unix.Errno
	if err != nil && !errors.As(err, &errno) {
		errno = unix.EIO
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(4+len(data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(errno))
	_, err = c.Write(append(b, data...))
	return err
}

// do does the request on f.
func (r fileRequest) do(f File) ([]byte, error) {
	switch r.kind {
	case 0:
		return nil, f.Value(r.request, uintptr(r.number))
	case 1:
		return r.data, f.Struct(r.request, r.data)
	case 2:
		return r.data, f.Properties(r.request, r.data, int(r.number))
	case 3:
		b := make([]byte, min(r.number, maxFileRead))
		n, err := f.Read(b)
		return b[:max(n, 0)], err
	case 4:
		ctx, cancel := context.WithTimeout(context.Background(), min(time.Duration(r.number)*time.Millisecond, maxFileWait))
		defer cancel()
		return nil, f.Wait(ctx)
	case 5:
		if bus, ok := f.(busFile); ok {
			b := make([]byte, min(r.number, maxFileRequest))
			return b, bus.Tx(uint16(r.request), r.data, b)
		}
	}
	return nil, unix.ENOTTY
}

// busFile is a bus: it does transactions and nothing else.
type busFile struct{ i2c.Bus }

// Value is refused.
func (busFile) Value(uint32, uintptr) error { return unix.ENOTTY }

// Struct is refused.
func (busFile) Struct(uint32, []byte) error { return unix.ENOTTY }

// Properties is refused.
func (busFile) Properties(uint32, []byte, int) error { return unix.ENOTTY }

// Read is refused.
func (busFile) Read([]byte) (int, error) { return 0, unix.EINVAL }

// Wait is refused.
func (busFile) Wait(context.Context) error { return unix.EINVAL }

// Close does nothing.
func (busFile) Close() error { return nil }
