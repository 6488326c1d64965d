package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of a child that reads a file of strangers.
const (
	mostMemory = 400 << 20       // private memory; 1080p needs 150 MB, the smallest board has 512
	stall      = 2 * time.Minute // without a line of output
	dieBound   = 2 * time.Second // from SIGKILL to closed pipes
	lowest     = 19              // niceness: a lesson on the screen comes first
	ioIdle     = 3 << 13         // disk time that nobody else wants; of ioprio_set(2)
	ioProcess  = 1
)

// Why a child was ended before its time.
var (
	errTime   = errors.New("no end within its time")
	errStall  = errors.New("no progress")
	errOutput = errors.New("too much output")
	errEnough = errors.New("enough seen")
)

// job is one run of a tool of FFmpeg. The file is its descriptor 3, so that no
// name of a stranger is ever an argument.
type job struct {
	program string
	args    []string
	file    *os.File
	bound   time.Duration
	silent  bool // it may be silent for as long as bound
	out     io.Writer
	err     io.Writer
}

// fileArg is how the tool calls the job's file.
const fileArg = "file:/proc/self/fd/3"

// guardArgs keep FFmpeg from opening anything but that file: playlists and
// references in it would name others.
func guardArgs() []string {
	return []string{"-protocol_whitelist", "file", "-format_whitelist", formats, "-max_streams", "64"}
}

// run waits for the end of the tool. Its exit code says little and is no error:
// what it wrote counts. Errors: those above, of ctx, or that it cannot be started.
func (j job) run(ctx context.Context) error {
	// The death of the thread that started it kills the child: it must not go.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := time.AfterFunc(j.bound, func() { cancel(errTime) })
	defer end.Stop()
	patience := stall
	if j.silent {
		patience = j.bound
	}
	quiet := time.AfterFunc(patience, func() { cancel(errStall) })
	defer quiet.Stop()
	pulse := func() { quiet.Reset(patience) }

	cmd := exec.CommandContext(ctx, j.program, j.args...)
	cmd.ExtraFiles = []*os.File{j.file}
	cmd.Stdout, cmd.Stderr = &watched{w: j.out, pulse: pulse, cancel: cancel}, &watched{w: j.err, pulse: pulse, cancel: cancel}
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "AV_LOG_FORCE_NOCOLOR=1", "MALLOC_ARENA_MAX=2")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) } // with all that it started
	cmd.WaitDelay = dieBound
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", j.program, err)
	}
	restrain(cmd.Process.Pid, j.bound)
	err := cmd.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w", j.program, err)
	}
	return nil
}

// restrain bounds what the child may use. It has hardly begun, so that nothing
// is used yet; what cannot be set leaves the bounds of time and output.
func restrain(pid int, bound time.Duration) {
	seconds := uint64(4*bound/time.Second) + 1 // of all its threads together
	for what, most := range map[int]uint64{unix.RLIMIT_DATA: mostMemory, unix.RLIMIT_CPU: seconds, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: 64} {
		_ = unix.Prlimit(pid, what, &unix.Rlimit{Cur: most, Max: most}, nil)
	}
	_ = unix.Setpriority(unix.PRIO_PROCESS, pid, lowest)
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, ioProcess, uintptr(pid), ioIdle)
	// When memory runs out all the same it goes, not the player or the station.
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte("1000"), 0)
}

// watched passes output on and ends the child when its taker has had enough.
type watched struct {
	w      io.Writer
	pulse  func()
	cancel context.CancelCauseFunc
}

func (w *watched) Write(p []byte) (int, error) {
	w.pulse()
	n, err := w.w.Write(p)
	if err != nil {
		w.cancel(err)
	}
	return n, err
}

// buffer keeps output up to a bound.
type buffer struct {
	most int
	mu   sync.Mutex
	b    []byte
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.b)+len(p) > b.most {
		return 0, errOutput
	}
	b.b = append(b.b, p...)
	return len(p), nil
}

// lines cuts output into lines for take, which may end the child by an error. A
// line beyond most bytes is cut short.
type lines struct {
	most int
	take func(line string) error
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	for _, c := range p {
		switch {
		case c == '\n' || c == '\r':
			line := string(l.rest)
			l.rest = l.rest[:0]
			if err := l.take(line); err != nil {
				return 0, err
			}
		case len(l.rest) < l.most:
			l.rest = append(l.rest, c)
		}
	}
	return len(p), nil
}
