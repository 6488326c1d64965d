package wire

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ErrUnplugged means that the wire is not plugged in: what is written is lost.
var ErrUnplugged = errors.New("unplugged")

// writeLimit bounds a write to a line that nobody reads.
const writeLimit = 100 * time.Millisecond

// exclusiveEvery is how often a client's exclusive mark is taken off the line.
const exclusiveEvery = 100 * time.Millisecond

// PTY is a serial line: the device's end here, the firmware's end under Path.
// The firmware's side is kept open here too, so that the firmware may close and
// open it as it likes, and raw, so that nothing is echoed before it does.
type PTY struct {
	link string

	mu      sync.Mutex
	end     *ptyEnd       // nil while unplugged
	changed chan struct{} // closed when end or closed changes
	closed  bool
	wg      sync.WaitGroup
}

// ptyEnd is one plugged-in pseudo terminal.
type ptyEnd struct {
	master *os.File
	slave  *os.File
	name   string
	gone   chan struct{}
}

// OpenPTY plugs in a new line that is found under link, a symbolic link that
// it makes and, at the end, removes.
func OpenPTY(link string) (*PTY, error) {
	p := &PTY{link: link, changed: make(chan struct{})}
	if err := p.Replug(); err != nil {
		return nil, err
	}
	return p, nil
}

// Path returns the name under which the firmware opens the line.
func (p *PTY) Path() string { return p.link }

// Replug plugs the line in again as a new terminal under the same Path; it does
// nothing when it is plugged in.
func (p *PTY) Replug() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("pty %s: %w", p.link, os.ErrClosed)
	}
	if p.end != nil {
		return nil
	}
	end, err := newEnd()
	if err != nil {
		return fmt.Errorf("pty %s: %w", p.link, err)
	}
	if err := relink(end.name, p.link); err != nil {
		end.close()
		return fmt.Errorf("pty %s: %w", p.link, err)
	}
	p.end = end
	p.wg.Go(end.unlock)
	p.announce()
	return nil
}

// Unplug takes the line away: the firmware's end hangs up and Path is gone.
func (p *PTY) Unplug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unplug()
}

func (p *PTY) unplug() {
	if p.end == nil {
		return
	}
	_ = os.Remove(p.link) // a missing link is as good
	p.end.close()
	p.end = nil
	p.announce()
}

// announce wakes those who wait for a change; p.mu is held.
func (p *PTY) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Close unplugs the line for good.
func (p *PTY) Close() error {
	p.mu.Lock()
	p.closed = true
	p.unplug()
	p.mu.Unlock()
	p.wg.Wait()
	return nil
}

func (p *PTY) current() (*ptyEnd, <-chan struct{}, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end, p.changed, p.closed
}

// Read is ReadContext without an end.
func (p *PTY) Read(b []byte) (int, error) { return p.ReadContext(context.Background(), b) }

// ReadContext waits for bytes of the firmware, through unplugging and plugging
// in. It returns ctx's error when ctx ends and os.ErrClosed after Close. Only
// one goroutine may read.
func (p *PTY) ReadContext(ctx context.Context, b []byte) (int, error) {
	for {
		end, changed, closed := p.current()
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case closed:
			return 0, os.ErrClosed
		case end == nil:
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		n, err := end.read(ctx, b)
		if n > 0 {
			return n, nil
		}
		if err != nil && !end.isGone() && !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, fmt.Errorf("pty %s: %w", p.link, err)
		}
	}
}

// Write sends b to the firmware. It waits at most 100 ms for room; what does
// not fit by then is lost, as on a real line that nobody reads.
func (p *PTY) Write(b []byte) (int, error) {
	end, _, _ := p.current()
	if end == nil {
		return 0, ErrUnplugged
	}
	if err := end.master.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return 0, err
	}
	return end.master.Write(b)
}

// Pending returns how many bytes the firmware has not read yet, as far as the
// terminal counts them: at most 4095.
func (p *PTY) Pending() int {
	end, _, _ := p.current()
	if end == nil {
		return 0
	}
	n := 0
	_ = end.control(func(fd int) error { // unplugged meanwhile: nothing pends
		var err error
		n, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
		return err
	})
	return n
}

// Drop forgets what the firmware has not read yet.
func (p *PTY) Drop() {
	if end, _, _ := p.current(); end != nil {
		_ = end.control(func(fd int) error { // unplugged meanwhile: nothing to drop
			return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH)
		})
	}
}

func newEnd() (*ptyEnd, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("ptmx: %w", err)
	}
	master := os.NewFile(uintptr(fd), "ptmx")
	number, err := unlockSlave(fd)
	if err != nil {
		return nil, errors.Join(err, master.Close())
	}
	name := fmt.Sprintf("/dev/pts/%d", number)
	slave, err := openRaw(name)
	if err != nil {
		return nil, errors.Join(err, master.Close())
	}
	return &ptyEnd{master: master, slave: slave, name: name, gone: make(chan struct{})}, nil
}

func unlockSlave(fd int) (int, error) {
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return 0, fmt.Errorf("unlock: %w", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return 0, fmt.Errorf("number: %w", err)
	}
	return n, nil
}

func openRaw(name string) (*os.File, error) {
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	t := unix.Termios{Cflag: unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200}
	t.Cc[unix.VMIN] = 1
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &t); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: raw: %w", name, err), f.Close())
	}
	return f, nil
}

// relink lets link point at name without a moment in which it is missing.
func relink(name, link string) error {
	tmp := link + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Symlink(name, tmp); err != nil {
		return err
	}
	return os.Rename(tmp, link)
}

func (e *ptyEnd) close() {
	close(e.gone)
	_ = e.master.Close() // nothing was buffered
	_ = e.slave.Close()
}

func (e *ptyEnd) isGone() bool {
	select {
	case <-e.gone:
		return true
	default:
		return false
	}
}

func (e *ptyEnd) read(ctx context.Context, b []byte) (int, error) {
	if err := e.master.SetReadDeadline(time.Time{}); err != nil {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { _ = e.master.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	return e.master.Read(b)
}

// control calls f with the descriptor of the firmware's side.
func (e *ptyEnd) control(f func(fd int) error) error {
	raw, err := e.slave.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// unlock keeps taking off the exclusive mark (TIOCEXCL) that a client may have
// put on the line. A real line loses it when a killed client's last descriptor
// goes; this one is also open here and would keep it for ever.
func (e *ptyEnd) unlock() {
	t := time.NewTicker(exclusiveEvery)
	defer t.Stop()
	for {
		select {
		case <-e.gone:
			return
		case <-t.C:
			_ = e.control(func(fd int) error { return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0) })
		}
	}
}
