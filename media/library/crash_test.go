package library_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"stationbox/media/library"
)

// TestHelperImport is no test: it is the process that is killed in the middle of
// an import.
func TestHelperImport(t *testing.T) {
	dir, step := os.Getenv("LIBRARY_DIR"), library.Step(os.Getenv("LIBRARY_STEP"))
	if dir == "" {
		t.Skip("only as a child")
	}
	l := library.Open(dir, now, library.Opts{Reserve: 1, FFprobe: os.Getenv("LIBRARY_FFPROBE")})
	_, _, _ = l.Add(t.Context(), library.Arrival{Path: os.Getenv("LIBRARY_FILM"), Tell: func(p library.Progress) {
		if p.Step == step {
			fmt.Println("HERE")
			select {}
		}
	}})
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within its time", what)
		}
	}
}

// children are the processes that a process has started.
func children(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var list []int
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(f) > 1 && f[1] == strconv.Itoa(pid) {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			list = append(list, n)
		}
	}
	return list
}

// TestKilledInTheMiddle kills an import with SIGKILL while it copies and while it
// decodes.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, step := range []library.Step{library.StepCopy, library.StepCheck} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			l, dir := open(t, library.Opts{})
			// So long that its list of packets does not fit into a pipe: the tool waits.
			src := film(t, filepath.Join(t.TempDir(), "x.mp4"), "40", "-r", "10", "-vf", "scale=160:120")
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperImport$")
			cmd.Env = append(os.Environ(), "LIBRARY_DIR="+dir, "LIBRARY_STEP="+string(step), "LIBRARY_FILM="+src)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "HERE\n" {
				t.Fatalf("%q %v", line, err)
			}
			if _, v := add(t, l, src); v.Cause().Code != library.Busy {
				t.Errorf("a second import at the same time: %v", v.Findings)
			}
			if err := l.Remove("x"); !errors.Is(err, library.ErrBusy) {
				t.Errorf("remove at the same time: %v", err)
			}
			library.Open(dir, now, library.Opts{}) // does not sweep while somebody is at it
			if left, _ := filepath.Glob(filepath.Join(dir, ".arriving-*")); len(left) != 1 {
				t.Errorf("on the way: %v", left)
			}
			tools := children(cmd.Process.Pid)
			if step == library.StepCheck && len(tools) != 1 {
				t.Errorf("children: %v", tools)
			}
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed
			for _, pid := range tools {
				eventually(t, "the end of the child", func() bool { return !alive(pid) })
			}
			if list := l.List(); len(list) != 0 {
				t.Errorf("half a lesson is there: %v", list)
			}
			library.Open(dir, now, library.Opts{})
			leftovers(t, dir)
			if _, v := add(t, l, src); !v.OK() {
				t.Errorf("afterwards: %v", v.Findings)
			}
		})
	}
}

// TestKilledWhileAToolHangs: a tool that nobody waits for any more is not left
// behind, though it does nothing that could fail.
func TestKilledWhileAToolHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	probe := filepath.Join(dir, "ffprobe")
	if err := os.WriteFile(probe, []byte("#!/bin/sh\nexec sleep 1000\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperImport$")
	cmd.Env = append(os.Environ(), "LIBRARY_DIR="+dir, "LIBRARY_STEP=none", "LIBRARY_FILM="+write(t, filepath.Join(dir, "x.mp4"), []byte("x")), "LIBRARY_FFPROBE="+probe)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var tools []int
	eventually(t, "the start of the tool", func() bool { tools = children(cmd.Process.Pid); return len(tools) == 1 })
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	eventually(t, "the end of the tool", func() bool { return !alive(tools[0]) })
}

// alive says whether a process runs, dead ones that nobody buried left out.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ") && !strings.Contains(string(b), ") X ")
}

// TestCancelled ends an import by its context.
func TestCancelled(t *testing.T) {
	t.Parallel()
	l, dir := open(t, library.Opts{})
	src := film(t, filepath.Join(t.TempDir(), "x.mp4"), "3")
	for _, step := range []library.Step{library.StepCopy, library.StepCheck} {
		ctx, cancel := context.WithCancel(t.Context())
		_, _, err := l.Add(ctx, library.Arrival{Path: src, Tell: func(p library.Progress) {
			if p.Step == step {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", step, err)
		}
		leftovers(t, dir)
	}
	if len(l.List()) != 0 {
		t.Error("a lesson is there")
	}
}

// large is a film with forty megabytes behind it, of which most are a hole.
func large(t *testing.T) string {
	t.Helper()
	const tail = 40 << 20
	path := film(t, filepath.Join(t.TempDir(), "x.mp4"), "1.2")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(append(binary.BigEndian.AppendUint32(nil, tail), "free"...))
	}
	if err := errors.Join(err, f.Truncate(info.Size()+tail), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSourceChanges has the film cut short, or go on, while it is copied.
func TestSourceChanges(t *testing.T) {
	t.Parallel()
	l, dir := open(t, library.Opts{})
	for name, size := range map[string]int64{"shorter": 1 << 20, "longer": 50 << 20} {
		src := large(t)
		first := true
		_, v, err := l.Add(t.Context(), library.Arrival{Path: src, Tell: func(p library.Progress) {
			if first && p.Done < p.Total {
				first = false
				if err := os.Truncate(src, size); err != nil {
					t.Error(err)
				}
			}
		}})
		if err != nil || v.Cause().Code != library.Changing || first {
			t.Errorf("%s: %v %v", name, v.Findings, err)
		}
		leftovers(t, dir)
	}
}

// TestCardIsFull imports onto a file system that is smaller than it seemed.
func TestCardIsFull(t *testing.T) {
	t.Parallel()
	needTools(t)
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=20m"); err != nil {
		t.Skip("cannot mount a small file system: ", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	src := large(t)
	l := library.Open(dir, now, library.Opts{Reserve: 1})
	if _, v := add(t, l, src); v.Cause().Code != library.NoRoom {
		t.Errorf("seen before: %v", v.Findings)
	}
	// Somebody else fills the card while the film is copied.
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT, "size=50m"); err != nil {
		t.Fatal(err)
	}
	once := true
	_, v, err := l.Add(t.Context(), library.Arrival{Path: src, Tell: func(library.Progress) {
		if once {
			once = false
			_ = os.WriteFile(filepath.Join(dir, "log"), make([]byte, 25<<20), 0o644) // as much as fits
		}
	}})
	if err != nil || v.Cause().Code != library.NoRoom || once {
		t.Errorf("%v %v", v.Findings, err)
	}
	_ = os.Remove(filepath.Join(dir, "log"))
	leftovers(t, dir)
	if _, v := add(t, l, src); !v.OK() {
		t.Errorf("afterwards: %v", v.Findings)
	}
}
