//go:build linux

package powercut

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
)

// Server shows a tape as the file Path, so that a loop device can lie on it: the
// kernel's own writes and flushes are recorded. It needs root.
type Server struct {
	Path string

	dir  string
	dev  int // not an os.File: the poller cannot wait for it
	tape *Tape
	done chan struct{}
}

// Serve mounts the file of tape below dir. Close must be called. Errors: why the
// kernel does not let it.
func Serve(dir string, tape *Tape) (*Server, error) {
	dev, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("powercut: %w", err)
	}
	opts := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,max_read=131072", dev)
	if err := syscall.Mount("powercut", dir, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("powercut: mount %s: %w", dir, err), syscall.Close(dev))
	}
	s := &Server{Path: filepath.Join(dir, "disk"), dir: dir, dev: dev, tape: tape, done: make(chan struct{})}
	go s.run()
	return s, nil
}

// Close unmounts.
func (s *Server) Close() error {
	err := syscall.Unmount(s.dir, syscall.MNT_DETACH)
	<-s.done
	return errors.Join(err, syscall.Close(s.dev))
}

// The requests of the protocol that are answered: include/uapi/linux/fuse.h.
const (
	opLookup      = 1
	opForget      = 2
	opGetattr     = 3
	opSetattr     = 4
	opOpen        = 14
	opRead        = 15
	opWrite       = 16
	opRelease     = 18
	opFsync       = 20
	opFlush       = 25
	opInit        = 26
	opInterrupt   = 36
	opBatchForget = 42

	inHeader  = 40
	outHeader = 16
	maxWrite  = 128 << 10
	rootNode  = 1
	diskNode  = 2
)

var le = binary.LittleEndian

// run answers until the file system is unmounted.
func (s *Server) run() {
	defer close(s.done)
	buf := make([]byte, maxWrite+64<<10)
	for {
		n, err := syscall.Read(s.dev, buf)
		if errors.Is(err, syscall.EINTR) || errors.Is(err, syscall.ENOENT) {
			continue
		}
		if err != nil || n < inHeader {
			return // ENODEV: unmounted
		}
		op := le.Uint32(buf[4:])
		if op == opForget || op == opBatchForget || op == opInterrupt {
			continue
		}
		body, errno := s.answer(op, le.Uint64(buf[16:]), buf[inHeader:n])
		out := make([]byte, outHeader, outHeader+len(body))
		le.PutUint32(out, uint32(outHeader+len(body)))
		le.PutUint32(out[4:], uint32(-int32(errno)))
		copy(out[8:16], buf[8:16])                        // which request
		_, _ = syscall.Write(s.dev, append(out, body...)) // an error is the kernel not waiting any more
	}
}

func (s *Server) answer(op uint32, node uint64, in []byte) ([]byte, syscall.Errno) {
	switch op {
	case opInit:
		return s.init(in), 0
	case opLookup:
		return s.lookup(in)
	case opGetattr, opSetattr:
		return append(make([]byte, 16), s.attr(node)...), 0
	case opOpen:
		return make([]byte, 16), 0
	case opRead:
		return s.read(in), 0
	case opWrite:
		size := le.Uint32(in[16:])
		n, _ := s.tape.WriteAt(in[40:40+size], int64(le.Uint64(in[8:]))) // has no errors
		return le.AppendUint64(nil, uint64(n)), 0
	case opFsync:
		s.tape.Flush()
		return nil, 0
	case opFlush, opRelease:
		return nil, 0
	}
	return nil, syscall.ENOSYS
}

// init agrees on version 7.31 without any extra but large writes.
func (s *Server) init(in []byte) []byte {
	out := make([]byte, 64)
	le.PutUint32(out, 7)
	le.PutUint32(out[4:], min(31, le.Uint32(in[4:])))
	le.PutUint32(out[8:], 128<<10) // read ahead
	le.PutUint32(out[12:], 1<<5)   // FUSE_BIG_WRITES
	le.PutUint16(out[16:], 16)     // requests in the background
	le.PutUint16(out[18:], 12)
	le.PutUint32(out[20:], maxWrite)
	le.PutUint32(out[24:], 1)
	return out
}

func (s *Server) lookup(name []byte) ([]byte, syscall.Errno) {
	if string(name) != "disk\x00" {
		return nil, syscall.ENOENT
	}
	out := make([]byte, 40)
	le.PutUint64(out, diskNode)
	return append(out, s.attr(diskNode)...), 0
}

// attr is struct fuse_attr.
func (s *Server) attr(node uint64) []byte {
	out := make([]byte, 88)
	le.PutUint64(out, node)
	mode, size := uint32(syscall.S_IFDIR|0o755), int64(0)
	if node == diskNode {
		mode, size = syscall.S_IFREG|0o600, s.tape.Size()
	}
	le.PutUint64(out[8:], uint64(size))
	le.PutUint64(out[16:], uint64(size/Sector))
	le.PutUint32(out[60:], mode)
	le.PutUint32(out[64:], 1)
	le.PutUint32(out[80:], 4096)
	return out
}

func (s *Server) read(in []byte) []byte {
	buf := make([]byte, le.Uint32(in[16:]))
	n, _ := s.tape.ReadAt(buf, int64(le.Uint64(in[8:]))) // has no errors
	return buf[:n]
}
