package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of a child.
const (
	childMemory = 400 << 20       // private memory of it; copying needs 30 MB
	dieBound    = 2 * time.Second // from SIGKILL to gone
	mostSaid    = 400             // bytes of its complaints that are kept
)

// child is an ffmpeg. It never outlives the process that started it.
type child struct {
	in   *os.File // to its standard input
	out  *os.File // from its standard output
	cmd  *exec.Cmd
	said tail
	done chan struct{} // closed when it has ended
	err  error         // how, once done
}

// spawn starts a program; the caller kills it.
func spawn(program string, args ...string) (*child, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", program, err), inR.Close(), inW.Close())
	}
	c := &child{in: inW, out: outR, cmd: exec.Command(program, args...), done: make(chan struct{})}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = inR, outW, &c.said
	c.cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "AV_LOG_FORCE_NOCOLOR=1", "MALLOC_ARENA_MAX=2")
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.cmd.WaitDelay = dieBound
	started := make(chan error)
	go c.attend(started)
	err = <-started
	_, _ = inR.Close(), outW.Close() // the child has its own
	if err != nil {
		_, _ = inW.Close(), outR.Close()
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return c, nil
}

// attend starts the child and waits for its end on one thread: the death of the
// thread that started it kills the child.
func (c *child) attend(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.done)
	err := c.cmd.Start()
	if err == nil {
		limit := &unix.Rlimit{Cur: childMemory, Max: childMemory}
		_ = unix.Prlimit(c.cmd.Process.Pid, unix.RLIMIT_DATA, limit, nil) // without it, time and output are bounded all the same
	}
	started <- err
	if err == nil {
		c.err = c.cmd.Wait()
	}
}

// await waits for the end of the child, at most bound.
func (c *child) await(bound time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), bound)
	defer cancel()
	select {
	case <-c.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// kill ends the child, with all that it started, and lets its pipes go. It may
// be called again.
func (c *child) kill() {
	select {
	case <-c.done:
	default:
		_ = unix.Kill(-c.cmd.Process.Pid, unix.SIGKILL)
		c.await(2 * dieBound) // the kernel may hold it longer: nothing waits for that
	}
	_, _ = c.in.Close(), c.out.Close()
}

func (c *child) complaint() string {
	if s := c.said.String(); s != "" {
		return s
	}
	return "it said nothing"
}

// tail keeps the end of what was written.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p[max(0, len(p)-mostSaid):]...)
	if extra := len(t.b) - mostSaid; extra > 0 {
		t.b = bytes.Clone(t.b[extra:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(t.b), "?")), " ")
}
