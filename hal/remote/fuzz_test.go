package remote

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// FuzzAnswer: whatever a server says, a request ends with an errno or with what was sent.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte{4, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{6, 0, 0, 0, 0, 0, 0, 0, 1, 2})
	f.Add([]byte{4, 0, 0, 0, 16, 0, 0, 0})
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0})
	f.Add([]byte{3, 0, 0})
	f.Fuzz(func(t *testing.T, said []byte) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.ReadFull(theirs, make([]byte, 13))
			_, _ = theirs.Write(said)
			_ = theirs.Close()
		}()
		l := &line{conn: ours}
		got, err := l.ask(kindRead, 0, 4, nil, time.Second)
		var errno unix.Errno
		switch {
		case err != nil && !errors.As(err, &errno):
			t.Errorf("% x: %v", said, err)
		case err == nil && string(got) != string(said[8:8+len(got)]):
			t.Errorf("% x: % x", said, got)
		case err == nil && int(binary.LittleEndian.Uint32(said)) != len(got)+4:
			t.Errorf("% x: %d bytes", said, len(got))
		}
		_ = ours.Close()
		<-done
	})
}
