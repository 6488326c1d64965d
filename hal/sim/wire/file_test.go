package wire

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// echo is a file that says what it was asked.
type echo struct{ File }

func (echo) Value(request uint32, value uintptr) error {
	if request != 0x6f43 || value != 1 {
		return unix.EINVAL
	}
	return nil
}
func (echo) Struct(_ uint32, arg []byte) error                  { copy(arg, "st"); return nil }
func (echo) Properties(_ uint32, props []byte, count int) error { props[0] = byte(count); return nil }
func (echo) Read(b []byte) (int, error)                         { return copy(b, "section"), nil }
func (echo) Wait(ctx context.Context) error                     { <-ctx.Done(); return nil }

// TestFileRequests: each kind of request, and what is none.
func TestFileRequests(t *testing.T) {
	for name, c := range map[string]struct {
		r     fileRequest
		data  string
		errno error
	}{
		"value":           {fileRequest{0, 0x6f43, 1, nil}, "", nil},
		"refused value":   {fileRequest{0, 0x6f43, 2, nil}, "", unix.EINVAL},
		"structure":       {fileRequest{1, 1, 0, []byte("abcd")}, "stcd", nil},
		"properties":      {fileRequest{2, 1, 9, []byte("abcd")}, "\tbcd", nil},
		"read":            {fileRequest{3, 0, 100, nil}, "section", nil},
		"a short read":    {fileRequest{3, 0, 3, nil}, "sec", nil},
		"an endless read": {fileRequest{3, 0, 1 << 31, nil}, "section", nil},
		"wait":            {fileRequest{4, 0, 1, nil}, "", nil},
		"bus on a file":   {fileRequest{5, 9, 1, nil}, "", unix.ENOTTY},
		"unknown":         {fileRequest{6, 0, 0, nil}, "", unix.ENOTTY},
	} {
		data, err := c.r.do(echo{})
		if string(data) != c.data || !errors.Is(err, c.errno) {
			t.Errorf("%s: %q %v", name, data, err)
		}
	}
	for _, kind := range []byte{0, 1, 2, 3, 4} {
		if _, err := (fileRequest{kind: kind}).do(busFile{}); err == nil {
			t.Errorf("a bus does request %d of a file", kind)
		}
	}
}

// FuzzFileRequest: whatever a client says is one bounded request, or an error.
func FuzzFileRequest(f *testing.F) {
	f.Add([]byte{9, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 0, 0})
	f.Add([]byte{11, 0, 0, 0, 1, 0x45, 0x6f, 4, 0x80, 0, 0, 0, 0, 1, 2})
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{8, 0, 0, 0})
	f.Fuzz(func(t *testing.T, said []byte) {
		r, err := readFileRequest(bytes.NewReader(said))
		if err != nil {
			return
		}
		if len(r.data) > maxFileRequest || !bytes.Equal(r.data, said[13:13+len(r.data)]) {
			t.Errorf("% x: %+v", said, r)
		}
	})
}
