package main

import (
	"bufio"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// load keeps the machine busy as the rest of a station may: a processor, the
// collector and the card. It never returns.
func load(dir string) {
	f, err := os.CreateTemp(dir, "load")
	if err != nil {
		os.Exit(1)
	}
	kept := make([][]byte, 4096)
	for n := 0; ; n++ {
		kept[n%len(kept)] = make([]byte, 4096)
		if n%50_000 == 0 {
			f.Seek(0, 0)
			f.Write(slices.Concat(kept[:64]...))
			f.Sync()
		}
	}
}

// terminal is a pty of which other programs open the end called name.
func terminal(b *testing.B) (fd int, name string) {
	b.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		b.Skip("no pty:", err)
	}
	b.Cleanup(func() { unix.Close(fd) })
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		b.Fatal(err)
	}
	name = fmt.Sprintf("/dev/pts/%d", n)
	keep, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { keep.Close() })
	raw, err := unix.IoctlGetTermios(int(keep.Fd()), unix.TCGETS)
	if err != nil {
		b.Fatal(err)
	}
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(int(keep.Fd()), unix.TCSETS, raw); err != nil {
		b.Fatal(err)
	}
	return fd, name
}

// stopwatch sends frames and takes the time to the pulse that each causes.
type stopwatch struct {
	fd     int
	pins   *pinServer
	mu     sync.Mutex
	sent   time.Time
	delays []float64 // µs
}

// serve is a pin server that looks at its clock before it does anything else.
func (s *stopwatch) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	for in.Scan() {
		if text := in.Text(); strings.HasPrefix(text, "out GPIO17") {
			now := time.Now()
			s.mu.Lock()
			s.delays = append(s.delays, float64(now.Sub(s.sent).Microseconds()))
			s.mu.Unlock()
		}
		fmt.Fprintln(conn, s.pins.answer(strings.Fields(in.Text())))
	}
}

// send sends frames at 400 a second until there are enough delays.
func (s *stopwatch) send(enough int, seq *int, limit time.Duration) bool {
	s.mu.Lock()
	s.delays = s.delays[:0]
	s.mu.Unlock()
	tick := time.NewTicker(2500 * time.Microsecond)
	defer tick.Stop()
	began, first := time.Now(), *seq
	for time.Since(began) < limit {
		f := frame(*seq, 220)
		if time.Duration(*seq-first)*2500*time.Microsecond > time.Since(began) {
			<-tick.C
		}
		*seq++
		s.mu.Lock()
		s.sent = time.Now()
		n := len(s.delays)
		s.mu.Unlock()
		if n >= enough {
			return true
		}
		unix.Write(s.fd, f)
	}
	return false
}

// policy puts this process under a scheduling policy; children begin with it.
func policy(p uint32, priority uint32) {
	tasks, _ := filepath.Glob("/proc/self/task/*")
	for _, task := range tasks {
		var tid int
		if _, err := fmt.Sscan(filepath.Base(task), &tid); err == nil {
			_ = unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: p, Priority: priority}, 0)
		}
	}
}

// measure runs one program against the stopwatch and returns its delays, sorted.
func measure(b *testing.B, port string, fd int, dir, socket string, cmd *exec.Cmd) []float64 {
	b.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	s := &stopwatch{fd: fd, pins: &pinServer{out: map[string]bool{}}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	policy(unix.SCHED_FIFO, 60)
	defer policy(unix.SCHED_NORMAL, 0)
	seq := 0
	if !s.send(100, &seq, 20*time.Second) {
		b.Fatalf("%s: no pulses on %s", cmd.Path, port)
	}
	const events = 600
	if !s.send(events, &seq, 30*time.Second) {
		b.Fatalf("%s: too few pulses", cmd.Path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delays := slices.Clone(s.delays)
	slices.Sort(delays)
	return delays
}

// BenchmarkFrameToPulseBesideC: from a frame on the line to the pulse at the pins,
// of this guard as a process of its own and of the same in C, both under
// SCHED_FIFO if that is permitted, while two programs keep processors, collector
// and disk busy. The guard pulses for every fourth frame.
func BenchmarkFrameToPulseBesideC(b *testing.B) {
	cc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("no gcc: nothing to compare with")
	}
	dir := b.TempDir()
	prog := filepath.Join(dir, "reference")
	if out, err := exec.Command(cc, "-O2", "-o", prog, "testdata/guard.c", "-lm").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for range 2 {
		busy := exec.Command("nice", "-n", "19", os.Args[0])
		busy.Env = append(os.Environ(), "STATIONBOX_TEST_AS_LOAD="+dir)
		if err := busy.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { busy.Process.Kill(); busy.Wait() })
	}
	for b.Loop() { // one round takes many times what is asked for
		var results [2][]float64
		for i := range results {
			fd, port := terminal(b)
			socket := filepath.Join(dir, fmt.Sprintf("pins%d", i))
			cmd := exec.Command(prog, port, socket)
			if i == 1 {
				cmd = exec.Command(os.Args[0], "-config", configure(b, dir, port, socket))
				cmd.Env = append(os.Environ(), "STATIONBOX_TEST_AS_GUARD=1")
			}
			results[i] = measure(b, port, fd, dir, socket, cmd)
		}
		for i, name := range []string{"C-", ""} {
			r := results[i]
			for _, p := range []float64{50, 99} {
				b.ReportMetric(r[int(math.Ceil(p/100*float64(len(r))))-1], fmt.Sprintf("%sp%.0f-µs", name, p))
			}
			b.ReportMetric(r[len(r)-1], name+"max-µs")
		}
		b.ReportMetric(results[1][594]/results[0][594], "p99-Go/C")
	}
	b.ReportMetric(0, "ns/op")
}
