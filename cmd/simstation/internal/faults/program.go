package faults

import (
	"errors"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// errDown means that a program is not running.
var errDown = errors.New("it is not running")

// program is one real program, started and ended by hand. Its methods may be
// called by any goroutine; born and died are called without its lock.
type program struct {
	argv       []string
	out        io.Writer
	born, died func()

	mu     sync.Mutex
	pid    int           // 0: not running
	gone   chan struct{} // closed when it has ended
	killed bool          // by us
	crash  error         // it ended by itself
}

// start runs the program unless it runs. It returns when it has begun.
func (p *program) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid != 0 {
		return nil
	}
	begun := make(chan error)
	gone := make(chan struct{})
	p.gone, p.killed = gone, false
	go p.keep(begun, gone)
	return <-begun
}

// keep has a thread of its own while the program runs: the kernel kills the
// program when that thread ends. p.mu is held until begun is answered.
func (p *program) keep(begun chan<- error, gone chan<- struct{}) {
	runtime.LockOSThread() // and never unlocked: the thread ends with this
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 0)
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.born()
	if err := cmd.Start(); err != nil {
		close(gone)
		begun <- err
		return
	}
	p.pid = cmd.Process.Pid
	begun <- nil
	err := cmd.Wait()
	p.died()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid = 0
	if !p.killed {
		p.crash = errors.Join(errors.New("ended by itself"), err)
	}
	close(gone)
}

// running returns the process, 0 for none.
func (p *program) running() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// signal sends sig to the program.
func (p *program) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 {
		return errDown
	}
	if sig == syscall.SIGKILL || sig == syscall.SIGTERM {
		p.killed = true
	}
	return syscall.Kill(p.pid, sig)
}

// kill ends the program with SIGKILL and waits for its end.
func (p *program) kill() {
	if p.signal(syscall.SIGKILL) != nil {
		return
	}
	p.mu.Lock()
	gone := p.gone
	p.mu.Unlock()
	select {
	case <-gone:
	case <-time.After(3 * time.Second):
	}
}

// takeCrash returns why the program ended by itself since the last call.
func (p *program) takeCrash() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.crash
	p.crash = nil
	return err
}
