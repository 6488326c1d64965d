package player

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startBound = 10 * time.Second       // from exec to an answering socket
	quitBound  = 2 * time.Second        // from "quit" to SIGKILL
	dieBound   = 5 * time.Second        // from SIGKILL to gone
	pollEvery  = 10 * time.Millisecond  // for a socket or a death
	lockEvery  = 100 * time.Millisecond // for the lock of another controller
)

// process is a running mpv, our child or one that outlived its parent.
type process struct {
	pid    int
	child  bool
	handle *os.Process // by pidfd where the kernel has it: never another process of the same number
	dead   bool
}

// arguments is mpv's command line for these options.
func arguments(o Opts) []string {
	args := []string{
		"--no-config", "--load-scripts=no", "--ytdl=no", "--osc=no",
		"--idle=yes", "--force-window=yes", "--keep-open=yes", "--prefetch-playlist=yes",
		"--input-ipc-server=" + o.Socket,
		"--input-default-bindings=no", "--input-vo-keyboard=no", "--input-terminal=no",
		"--msg-level=all=error", "--osd-level=0", "--hr-seek=yes",
		"--fullscreen=yes", "--border=no", "--cursor-autohide=always",
		"--audio-file-auto=no", "--cover-art-auto=no", "--sub-auto=exact",
		"--osd-font=" + Font, "--sub-font=" + Font,
		"--demuxer-max-bytes=32MiB", "--demuxer-max-back-bytes=8MiB",
	}
	args = append(args, videoArguments(o.Video)...)
	args = append(args, audioArguments(o.Audio)...)
	return append(args, o.Args...)
}

func videoArguments(video string) []string {
	switch video {
	case "", "drm":
		return []string{"--vo=gpu,drm", "--gpu-context=drm", "--hwdec=auto-safe"}
	case "x11", "null":
		return []string{"--vo=" + video, "--hwdec=no"}
	default:
		return []string{"--vo=" + video}
	}
}

func audioArguments(audio string) []string {
	switch audio {
	case "", "auto":
		return nil
	case "null":
		return []string{"--ao=null"}
	default:
		return []string{"--audio-device=" + audio}
	}
}

// title names the way mpv was started, so that a controller adopts only an mpv
// that it would have started in the same way.
func title(o Opts) string {
	h := fnv.New64a()
	for _, s := range append(arguments(o), o.Program, o.Display) {
		_, _ = h.Write(append([]byte(s), 0)) // a hash never fails
	}
	return fmt.Sprintf("stationbox-%016x", h.Sum64())
}

// start runs a new mpv in its own session, so that it survives its controller.
// Its first complaints go to a file, which stays small because the controller
// turns mpv's own messages off as soon as it is connected.
func start(o Opts) (*process, error) {
	out, err := os.OpenFile(logFile(o), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("player's start-up log: %w", err)
	}
	defer func() { _ = out.Close() }() // the child has its own copy
	cmd := exec.Command(o.Program, append(arguments(o), "--title="+title(o))...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if o.Display != "" {
		cmd.Env = append(cmd.Environ(), "DISPLAY="+o.Display)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("player %s: %w", o.Program, err)
	}
	return &process{pid: cmd.Process.Pid, child: true, handle: cmd.Process}, nil
}

// logFile stands beside the socket: two players may share a folder.
func logFile(o Opts) string { return strings.TrimSuffix(o.Socket, ".sock") + ".log" }

// complaint is the end of what mpv wrote before it went.
func complaint(o Opts) string {
	b, err := os.ReadFile(logFile(o))
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return "it said nothing"
	}
	b = bytes.TrimSpace(b)
	if len(b) > 400 {
		b = b[len(b)-400:]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(b), "?")), " ")
}

// niceness of mpv: a picture must not wait for whatever else the box does. Only who
// may do so gives it; nothing is missed by who may not.
const niceness = -10

// hurry gives every thread of a process precedence, and its session: where the kernel
// shares the processors among sessions first (sched_autogroup_enabled, which Debian
// sets), the niceness of threads counts inside of one only, and mpv has its own.
func hurry(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", pid), []byte(strconv.Itoa(niceness)), 0) // not there in other kernels
	// A thread without precedence may make another one behind the back of a round; when a
	// round gives none any more, all have it and hand it on to those they make.
	const rounds = 10
	for range rounds {
		if !hurryThreads(pid) {
			return
		}
	}
}

// hurryThreads says whether there was a thread to give precedence to.
func hurryThreads(pid int) (given bool) {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid)) // none of one that is gone
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			continue
		}
		const zero = 20 // less niceness is what the kernel answers, so that it is never negative
		if now, err := syscall.Getpriority(syscall.PRIO_PROCESS, tid); err == nil && now == zero-niceness {
			continue
		}
		if syscall.Setpriority(syscall.PRIO_PROCESS, tid, niceness) == nil {
			given = true
		}
	}
	return given
}

// adopted takes charge of the living mpv of that number.
func adopted(pid int) (*process, error) {
	h, err := os.FindProcess(pid)
	if err != nil {
		return nil, fmt.Errorf("player process %d: %w", pid, err)
	}
	return &process{pid: pid, handle: h}, nil
}

// gone says whether the process has ended; a child is reaped on the way.
func (m *process) gone() bool {
	if m.dead {
		return true
	}
	if m.child {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(m.pid, &ws, syscall.WNOHANG, nil)
		m.dead = pid == m.pid || errors.Is(err, syscall.ECHILD)
		return m.dead
	}
	m.dead = m.handle.Signal(syscall.Signal(0)) != nil || zombie(m.pid)
	return m.dead
}

// zombie says whether a process is dead and only waits for its parent, which
// may never ask in a container without an init.
func zombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	after := b[bytes.LastIndexByte(b, ')')+1:]
	f := bytes.Fields(after)
	return len(f) > 0 && (f[0][0] == 'Z' || f[0][0] == 'X')
}

// kill ends the process for certain and waits until it is gone, at most
// dieBound: a process stuck in the kernel must not hold us.
func (m *process) kill() {
	if m == nil || m.gone() {
		return
	}
	_ = m.handle.Signal(syscall.SIGKILL) // fails only when it is gone
	m.await(context.Background(), dieBound)
	m.release()
}

// await waits for the end of the process, at most bound.
func (m *process) await(ctx context.Context, bound time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !m.gone() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// release gives up the handle, not the process.
func (m *process) release() { _ = m.handle.Release() }

// lock makes this controller the only one of the socket, until the returned
// file is closed or the controller dies. It waits for another one to end.
func lock(ctx context.Context, path string, busy func()) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("player's lock: %w", err)
	}
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("player's lock %s: %w", path, err), f.Close())
		}
		busy()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		}
	}
}
