package compare

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal/sim/eye"
)

// endBound is how long a killed program may take to be gone.
const endBound = 10 * time.Second

// program is a running program of somebody else, in a session of its own as the
// station gives its player one: where the kernel shares the processors among
// sessions, each has the same share. It goes when this program goes.
type program struct {
	pid   int
	ended chan struct{}
}

// launch starts it. Its output goes into a file that begins anew each time.
func launch(cmd *exec.Cmd, log string, as *syscall.Credential) (*program, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close() // the program has its own copy
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL, Credential: as}
	p := &program{ended: make(chan struct{})}
	begun := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the kernel kills the program when this thread ends
		defer close(p.ended)
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		begun <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is seen on the screen
		}
	}()
	return p, <-begun
}

// end kills it and all that it started. A nil program has ended already.
func (p *program) end() error {
	if p == nil {
		return nil
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	select {
	case <-p.ended:
		return nil
	case <-time.After(endBound):
		return fmt.Errorf("process %d does not end", p.pid)
	}
}

// first lets the program go before all others, as what stands for hardware does: the
// screen of a box waits for no processor. Where the kernel shares these among sessions
// the session does.
func (p *program) first() {
	const niceness = -15
	_ = unix.Setpriority(unix.PRIO_PROCESS, p.pid, niceness) // who may not measures a slower screen
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", p.pid), []byte(strconv.Itoa(niceness)), 0)
}

// screen is an X server without a monitor, and the eye on it.
type screen struct {
	*eye.Screen
	display string // ":7"
	server  *program
}

// raiseScreen starts one whose picture is kept in the folder dir.
func raiseScreen(dir string) (*screen, error) {
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		return nil, fmt.Errorf("screen: %w: install the package xvfb, or run `make setup-test`", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	defer r.Close()
	cmd := exec.Command(path, "-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-fbdir", dir, "-nolisten", "tcp", "-noreset", "-displayfd", "3")
	cmd.ExtraFiles = []*os.File{w}
	s := &screen{}
	s.server, err = launch(cmd, filepath.Join(dir, "xvfb.log"), nil)
	_ = w.Close() // the server has its own copy
	if err != nil {
		return nil, fmt.Errorf("screen: %w", err)
	}
	s.server.first()
	if s.display, err = readDisplay(r); err == nil {
		s.Screen, err = eye.Open(dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w; see %s", err, filepath.Join(dir, "xvfb.log")), s.server.end())
	}
	return s, nil
}

func (s *screen) close() error { return errors.Join(s.Close(), s.server.end()) }

// readDisplay waits for the number that the X server chose.
func readDisplay(r *os.File) (string, error) {
	if err := r.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return "", fmt.Errorf("screen: %w", err)
	}
	line, err := bufio.NewReaderSize(r, 16).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("screen: no display number: %w", err)
	}
	number := strings.TrimSpace(line)
	if _, err := strconv.Atoi(number); err != nil {
		return "", fmt.Errorf("screen: no display number: %q", number)
	}
	return ":" + number, nil
}

// level gives every thread of this program the ordinary priority: the player that
// is measured lives in it, and its rivals inherit from it.
func level() error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, tid, 0) // refused when it is lower already, and fair then
		}
	}
	return nil
}
