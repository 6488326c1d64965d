package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// What one round of the benchmark takes of each program, and how many rounds
// there are: programs take turns, so that a busy machine is busy for all of them.
const (
	rounds      = 5
	roundPulses = 400
	roundTrips  = 60
	ptyPulses   = 200
)

// memoryMost is what the guard may have had in memory at its worst, in kB.
const memoryMost = 12 << 10

// delays are measured in µs.
type delays []float64

// at returns the part p of sorted delays.
func (d delays) at(p float64) float64 {
	return d[max(0, int(math.Ceil(p/100*float64(len(d))))-1)]
}

// row is one line of the table.
func (d delays) row(name string) string {
	return fmt.Sprintf("| %s | %d | %.0f | %.0f | %.0f | %.0f |\n", name, len(d), d.at(50), d.at(99), d.at(99.9), d.at(100))
}

// result is what the rounds of one program gave.
type result struct {
	serial delays // frame that is due for a pulse → pulse, over a pty
	pulses delays // the same over a socket
	orders delays // frame in which the decision falls → relay off
	steps  delays // step in the wave → relay off
}

// add is one round of r over a socket.
func (r *result) add(s *stand) {
	s.b.Helper()
	s.pulses(&r.pulses, roundPulses)
	s.trips(r)
}

func (r *result) sort() {
	for _, d := range []delays{r.serial, r.pulses, r.orders, r.steps} {
		slices.Sort(d)
	}
}

// BenchmarkGuardBesideC is the guard as a process of its own beside a C program
// that does the same with the same bytes and the same pins, both under SCHED_FIFO
// where that is permitted, while other programs keep processors, collector and
// disk busy: from the last byte of a frame to the pulse that it causes, and, over
// steps of the mains from 220 to 400 V at any phase, from the last byte of the
// frame in which the detector alarms to the relay that goes off.
//
// Over a pty it is the very program with the shortest waits that a configuration
// may have. The kernel carries the bytes of a serial line in workers of ordinary
// priority, which other programs of that priority delay by tens of milliseconds for
// C as well: the load of these rounds is nice. Over a socket, which needs no
// workers, it is the program with waits of milliseconds, because hundreds of trips
// would take too long otherwise, and the load has the priority of any program.
func BenchmarkGuardBesideC(b *testing.B) {
	dir := b.TempDir()
	guard, reference := build(b, dir)
	for b.Loop() { // one round of it takes many times what is asked for
		var c, g result
		var notes []string
		memory := 0
		for range rounds {
			rest := busy(b, dir, "19")
			s := newStand(b, dir, pty, exec.Command(reference))
			s.pulses(&c.serial, ptyPulses)
			notes = append(notes, s.scheduling("C"))
			s.end()

			s = newStand(b, dir, pty, exec.Command(guard))
			s.pulses(&g.serial, ptyPulses)
			notes = append(notes, s.scheduling("guard"))
			memory = max(memory, s.memory())
			s.end()
			rest()

			rest = busy(b, dir, "0")
			s = newStand(b, dir, socket, exec.Command(reference))
			c.add(s)
			s.end()

			s = newStand(b, dir, socket, role("guard"))
			s.employ()
			g.add(s)
			s.end()
			rest()
		}
		c.sort()
		g.sort()
		report(b, &c, &g, notes, memory)
	}
}

// build compiles the guard and its reference.
func build(b *testing.B, dir string) (guard, reference string) {
	b.Helper()
	guard, reference = filepath.Join(dir, "guard"), filepath.Join(dir, "reference")
	compile := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", guard, ".")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	cc, err := exec.LookPath("gcc")
	if err != nil {
		b.Skip("no gcc: nothing to compare with")
	}
	if out, err := exec.Command(cc, "-O2", "-o", reference, "testdata/guard.c", "-lm").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return guard, reference
}

// report prints the table and the figures.
func report(b *testing.B, c, g *result, notes []string, memory int) {
	b.Helper()
	slices.Sort(notes)
	var t strings.Builder
	for _, note := range slices.Compact(notes) {
		fmt.Fprintln(&t, note)
	}
	t.WriteString("| µs | events | p50 | p99 | p99.9 | max |\n|---|---|---|---|---|---|\n")
	t.WriteString(c.serial.row("frame on a pty to pulse, load nice, C") + g.serial.row("frame on a pty to pulse, load nice, guard"))
	t.WriteString(c.pulses.row("frame to pulse, C") + g.pulses.row("frame to pulse, guard"))
	t.WriteString(c.orders.row("deciding frame to relay off, C") + g.orders.row("deciding frame to relay off, guard"))
	t.WriteString(c.steps.row("step in the wave to relay off, C") + g.steps.row("step in the wave to relay off, guard"))
	pulse, order := g.pulses.at(99)/c.pulses.at(99), g.orders.at(99)/c.orders.at(99)
	fmt.Fprintf(&t, "p99 of the guard beside C: pulse %.2f ×, order %.2f × (asked for: 2 ×)\n", pulse, order)
	fmt.Fprintf(&t, "most memory of the guard: %.1f MB (asked for: 12 MB)", float64(memory)/1024)
	fmt.Fprintf(os.Stderr, "\n%s\n", t.String()) // a benchmark's log is cut after ten lines
	b.ReportMetric(c.orders.at(99), "C-order-p99-µs")
	b.ReportMetric(g.orders.at(99), "order-p99-µs")
	b.ReportMetric(order, "order-p99-Go/C")
	b.ReportMetric(c.pulses.at(99), "C-pulse-p99-µs")
	b.ReportMetric(g.pulses.at(99), "pulse-p99-µs")
	b.ReportMetric(pulse, "pulse-p99-Go/C")
	b.ReportMetric(float64(memory)/1024, "MB")
	b.ReportMetric(0, "ns/op")
	if memory > memoryMost {
		b.Errorf("%d kB of memory; want at most %d", memory, memoryMost)
	}
}

// role is this binary again, in one of the parts of TestMain's load.
func role(words ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STATIONBOX_TEST_AS_LOAD="+strings.Join(words, " "))
	return cmd
}

// busy starts what the machine has to do besides: a program that only computes
// for each processor, one that keeps a collector busy, and one that writes and
// waits for the disk.
func busy(b *testing.B, dir, nice string) (rest func()) {
	b.Helper()
	programs := []*exec.Cmd{role("heap"), role("disk", filepath.Join(dir, "disk"))}
	for range runtime.NumCPU() {
		programs = append(programs, role("processor"))
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for _, p := range programs {
		cmd := exec.Command("nice", "-n", nice, p.Path)
		cmd.Env = p.Env
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		group.Go(func() { <-stop; cmd.Process.Kill(); cmd.Wait() })
	}
	rest = sync.OnceFunc(func() { close(stop); group.Wait() })
	b.Cleanup(rest)
	return rest
}

// load plays a part for the benchmark in a process of its own. It does not
// return.
func load(part string) {
	what, arg, _ := strings.Cut(part, " ")
	switch what {
	case "processor":
		for n := uint64(1); n != 0; {
			n = n*6364136223846793005 + 1442695040888963407 | 1
		}
	case "heap":
		kept := make([][]byte, 4096)
		for n := 0; ; n++ {
			kept[n%len(kept)] = make([]byte, 4096)
		}
	case "disk":
		write(arg)
	case "guard":
		quickGuard(arg)
	}
	os.Exit(1)
}

// write fills a file again and again and waits for the disk each time.
func write(path string) {
	f, err := os.Create(path)
	block := make([]byte, 1<<20)
	for err == nil {
		if _, err = f.WriteAt(block, 0); err == nil {
			err = f.Sync()
		}
	}
	fmt.Fprintln(os.Stderr, "load:", err)
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

// scheduling says under what policy the threads of the program run, which it has
// asked for itself.
func (s *stand) scheduling(name string) string {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", s.cmd.Process.Pid))
	fifo := 0
	for _, task := range tasks {
		var tid int
		fmt.Sscan(filepath.Base(task), &tid)
		if attr, err := unix.SchedGetAttr(tid, 0); err == nil && attr.Policy == unix.SCHED_FIFO && attr.Priority == priority {
			fifo++
		}
	}
	if fifo == len(tasks) && fifo > 0 {
		return name + ": every thread under SCHED_FIFO"
	}
	return name + ": SCHED_FIFO IS NOT PERMITTED HERE; these are figures of ordinary priority"
}

// memory is the most that the program had resident so far, in kB.
func (s *stand) memory() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kB := 0
	if _, err := fmt.Sscan(rest, &kB); err != nil {
		s.b.Fatal(err)
	}
	return kB
}
