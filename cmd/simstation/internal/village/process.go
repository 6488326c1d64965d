package village

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Supervision as on the box (the init system's unit): a program is started
// again restartAfter after its death, but at most startLimit times in
// startWindow.
const (
	restartAfter = 300 * time.Millisecond
	startLimit   = 20
	startWindow  = time.Minute
)

// Process is a supervised program as the page shows it.
type Process struct {
	Name     string `json:"name"`
	State    string `json:"state"` // running, restarting, stopped
	PID      int    `json:"pid"`
	Restarts int    `json:"restarts"`
}

// process is one supervised program. A nil process and one that was never run
// are stopped already.
type process struct {
	argv  []string
	log   *slog.Logger
	out   io.WriteCloser
	extra []*os.File // further files of the program, closed here once it has them
	once  bool       // not started again
	told  func(what string)

	cancel context.CancelFunc
	begun  chan struct{} // closed after the first attempt to start
	ended  chan struct{}
	first  sync.Once

	mu   sync.Mutex
	view Process
}

// run starts the program and keeps it running until stop. It is called once and
// returns after the first attempt.
func (p *process) run() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.begun, p.ended = cancel, make(chan struct{}), make(chan struct{})
	go p.keep(ctx)
	<-p.begun
}

// keep has a thread of its own for its whole life: the kernel kills the
// program when that thread ends.
func (p *process) keep(ctx context.Context) {
	calm()
	defer close(p.ended)
	defer p.out.Close()
	var starts []time.Time
	for ctx.Err() == nil {
		starts = append(starts, time.Now())
		if len(starts) > startLimit && starts[len(starts)-1].Sub(starts[len(starts)-1-startLimit]) < startWindow {
			p.log.Error("program dies too often, given up", "program", p.view.Name)
			p.told("given up")
			break
		}
		err := p.runOnce(ctx)
		if p.once || ctx.Err() != nil {
			break
		}
		p.log.Warn("program ended", "program", p.view.Name, "err", err)
		p.told(fmt.Sprintf("ended: %v", err))
		p.set("restarting", 0)
		select {
		case <-ctx.Done():
		case <-time.After(restartAfter):
		}
		p.mu.Lock()
		p.view.Restarts++
		p.mu.Unlock()
	}
	p.set("stopped", 0)
}

func (p *process) runOnce(ctx context.Context) error {
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.ExtraFiles = p.extra
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := cmd.Start()
	if err == nil {
		p.set("running", cmd.Process.Pid)
	}
	p.first.Do(func() { close(p.begun) })
	for _, f := range p.extra {
		_ = f.Close() // the program has its own copy
	}
	if err != nil {
		return err
	}
	stopped := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-ctx.Done():
			endGroup(cmd.Process.Pid, stopped)
		case <-stopped:
		}
	})
	err = cmd.Wait()
	close(stopped)
	wg.Wait()
	return err
}

// endGroup asks the process group to end, and makes it.
func endGroup(pid int, ended <-chan struct{}) {
	_ = syscall.Kill(-pid, syscall.SIGCONT)
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(2 * time.Second):
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
}

func (p *process) set(state string, pid int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view.State, p.view.PID = state, pid
}

// state returns what the page shows.
func (p *process) state() Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view
}

// signal sends sig to the program itself.
func (p *process) signal(sig syscall.Signal) error {
	pid := p.state().PID
	if pid == 0 {
		return errors.New("it is not running")
	}
	return syscall.Kill(pid, sig)
}

// stop ends the program for good and waits at most that long.
func (p *process) stop(wait time.Duration) {
	if p == nil || p.cancel == nil {
		return
	}
	p.cancel()
	select {
	case <-p.ended:
	case <-time.After(wait + 2*time.Second):
		p.log.Error("program does not end", "program", p.view.Name)
	}
}

// playerFinder finds the video player: it is started by station in a session
// of its own and outlives it, so it is known by the socket that it was told to
// open in the folder of the run.
type playerFinder struct {
	mu   sync.Mutex
	view Process
}

// pids returns the processes with a file of dir's run folder on their command
// line, without guard and station, whose configuration is beside it.
func (f *playerFinder) pids(dir string) []int {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	needle := "=" + filepath.Join(dir, "run") + "/"
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err == nil && strings.Contains(string(line), needle) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// look brings the view up to date.
func (f *playerFinder) look(dir string) {
	pids := f.pids(dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view.Name = "player"
	if len(pids) == 0 {
		f.view.State = "stopped"
		return
	}
	pid := pids[len(pids)-1]
	if f.view.PID != 0 && f.view.PID != pid {
		f.view.Restarts++
	}
	f.view.State, f.view.PID = "running", pid
}

func (f *playerFinder) state() Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.view
	if v.State != "running" {
		v.PID = 0
	}
	return v
}

func killAll(pids []int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func signalAll(pids []int, sig syscall.Signal) error {
	if len(pids) == 0 {
		return errors.New("it is not running")
	}
	var err error
	for _, pid := range pids {
		err = errors.Join(err, syscall.Kill(pid, sig))
	}
	return err
}
