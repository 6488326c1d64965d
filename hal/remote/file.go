package remote

import (
	"context"

	"golang.org/x/sys/unix"
)

// waitBound is how long the server is let wait at once: a Wait whose context has ended
// returns no later.
const waitBound = 100 // ms

// File is an open device file, one of those that a satellite receiver has. Its calls take
// turns and are not bounded in time, as those of a kernel are not; Close ends them.
type File struct{ line *line }

// Open opens the device file that name, with Prefix, names. Errors are unix.Errno; without a
// server it is unix.ENOENT.
func Open(name string) (*File, error) {
	path, _ := Path(name)
	l, err := dial(path)
	if err != nil {
		return nil, err
	}
	return &File{l}, nil
}

// Value does a request whose argument is a number.
func (f *File) Value(request uint32, value uintptr) error {
	_, err := f.line.ask(kindValue, request, uint32(value), nil, 0)
	return err
}

// Struct does a request whose argument is the structure arg.
func (f *File) Struct(request uint32, arg []byte) error {
	return f.change(kindStruct, request, 0, arg)
}

// Properties does a request on count structures in props.
func (f *File) Properties(request uint32, props []byte, count int) error {
	return f.change(kindProperties, request, uint32(count), props)
}

// change does a request that changes data.
func (f *File) change(kind byte, request, number uint32, data []byte) error {
	got, err := f.line.ask(kind, request, number, data, 0)
	if err == nil && len(got) != len(data) {
		return unix.EIO
	}
	copy(data, got)
	return err
}

// Read reads what is there, at most len(b) bytes; nothing is unix.EAGAIN.
func (f *File) Read(b []byte) (int, error) {
	got, err := f.line.ask(kindRead, 0, uint32(min(len(b), maxAnswer/2)), nil, 0)
	return copy(b, got), err
}

// Wait returns when Read may have something to say, at the latest after a tenth of a second,
// or when ctx ends, which is no error.
func (f *File) Wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	_, err := f.line.ask(kindWait, 0, waitBound, nil, 0)
	return err
}

// Close ends every call and gives the file back.
func (f *File) Close() error { return f.line.conn.Close() }
