package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/firmware"
	"stationbox/firmware/config"
	"stationbox/firmware/link"
	"stationbox/firmware/power"
	"stationbox/hal/gpioline"
	"stationbox/hal/line"
)

// quickGuard is the program with waits cut to milliseconds, which no
// configuration allows, a lock-out after every trip, which a technician ends at
// once, and a socket for its serial line.
func quickGuard(file string) {
	cfg, err := config.Load(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	cfg.Guard.GoodTime = config.Duration(20 * power.FrameTime)
	cfg.Guard.MinOff, cfg.Guard.MaxTrips = config.Duration(power.FrameTime), 1
	cfg.Loads[0].OnDelay = 0
	pins, err := gpioline.Open(context.Background(), cfg.GPIO.Chip, "guard")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	front := line.New(func() (io.ReadWriteCloser, error) { return net.Dial("unix", cfg.Mains.Port) }, line.Opts{})
	err = join(context.Background(), cfg, parts{pins: pins, front: front}, slog.New(slog.DiscardHandler))
	fmt.Fprintln(os.Stderr, err)
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

// remembered is how many frames back the stopwatch knows the moment of sending.
const remembered = 256

// patience is how long anything of a round may take.
const patience = time.Minute

// hold is how long the drive of the stand holds the contactor.
const hold = 100 * time.Millisecond

// stand is one program with a front end, pins and a stopwatch around it.
type stand struct {
	b     *testing.B
	dir   string
	cmd   *exec.Cmd
	write func(b []byte) (int, error) // to the serial line
	l     net.Listener
	rnd   *rand.Rand
	det   *power.Detector
	high  int32 // mV from which the instant stage acts
	said  bytes.Buffer
	reset func() // nil: it needs none

	dismiss context.CancelFunc

	began time.Time // the front end's
	seq   int

	mu     sync.Mutex
	out    map[string]bool
	edges  int
	last   time.Time // change of the drive
	sent   [remembered]time.Time
	newest int // frame sent last
	due    int // frame that must cause the next pulse, -1 not yet
	pulse  delays
	offAt  time.Time // relay off since it was last on
}

// wire is how a stand's frames travel: on a pty, whose bytes the kernel carries
// in workers of ordinary priority as it does those of any serial port, or on a
// socket, which wakes the reader itself.
type wire bool

const (
	pty    wire = false
	socket wire = true
)

// newStand starts the program for a line and pins.
func newStand(b *testing.B, dir string, w wire, cmd *exec.Cmd) *stand {
	b.Helper()
	dir, err := os.MkdirTemp(dir, "s")
	if err != nil {
		b.Fatal(err)
	}
	plan, err := power.NewPlan(power.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	s := &stand{
		b: b, dir: dir, cmd: cmd, out: map[string]bool{}, due: -1, high: plan.Instant(),
		det: power.NewDetector(800, plan.Instant()), rnd: rand.New(rand.NewPCG(1, 2)),
	}
	pins, port := filepath.Join(dir, "pins"), filepath.Join(dir, "port")
	s.l = listen(b, pins)
	go s.accept()
	var front net.Listener
	if w == socket {
		front = listen(b, port)
	} else {
		var fd int
		fd, port = terminal(b)
		s.write = func(b []byte) (int, error) { return unix.Write(fd, b) }
	}
	policy(unix.SCHED_FIFO, 60) // before the start, so that the load cannot make it fail
	s.start(port, pins)
	if w == socket {
		s.accepted(front)
	}
	s.began = time.Now()
	return s
}

// accepted waits for the program to open its line.
func (s *stand) accepted(front net.Listener) {
	s.b.Helper()
	timer := time.AfterFunc(patience, func() { front.Close() })
	conn, err := front.Accept()
	timer.Stop()
	front.Close()
	if err != nil {
		s.end()
		s.b.Fatalf("%s: %v; it said %s", s.cmd.Path, err, s.said.String())
	}
	s.b.Cleanup(func() { conn.Close() })
	s.write = conn.Write
}

func listen(b *testing.B, path string) net.Listener {
	b.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// start gives the program its arguments: this binary in the part of the guard,
// the guard, or the reference.
func (s *stand) start(port, pins string) {
	s.b.Helper()
	file := configure(s.b, s.dir, port, pins)
	switch {
	case len(s.cmd.Env) > 0:
		s.cmd.Env[len(s.cmd.Env)-1] += " " + file
	case filepath.Base(s.cmd.Path) == "guard":
		s.cmd.Args = append(s.cmd.Args, "-config", file)
	default:
		s.cmd.Args = append(s.cmd.Args, port, pins)
	}
	s.cmd.Stderr = &s.said
	if err := s.cmd.Start(); err != nil {
		s.b.Fatal(err)
	}
}

func (s *stand) end() {
	policy(unix.SCHED_NORMAL, 0)
	s.cmd.Process.Kill()
	s.cmd.Wait()
	s.l.Close()
	if s.dismiss != nil {
		s.dismiss()
	}
}

// employ gives the guard a technician, who ends the lock-out after each trip.
func (s *stand) employ() {
	client := link.NewClient(filepath.Join(s.dir, "guard.sock"), link.ClientOpts{})
	ctx, cancel := context.WithCancel(context.Background())
	go client.Run(ctx)
	go func() {
		for ctx.Err() == nil { // nobody reads what the guard tells
			select {
			case <-client.Events():
			case <-ctx.Done():
			}
		}
	}()
	s.dismiss = cancel
	resets := uint64(0)
	s.reset = func() {
		resets++
		client.Want(firmware.GuardWant{Reset: resets})
	}
}

func (s *stand) accept() {
	for {
		conn, err := s.l.Accept()
		if err != nil {
			return
		}
		go s.serve(conn)
	}
}

// serve is a pin server that looks at its clock before it does anything else.
func (s *stand) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	for in.Scan() {
		now := time.Now()
		fmt.Fprintln(conn, s.answer(strings.Fields(in.Text()), now))
	}
}

func (s *stand) answer(words []string, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch words[0] {
	case "out":
		on := words[2] == "1"
		if on != s.out[words[1]] {
			s.changed(words[1], on, now)
		}
		s.out[words[1]] = on
	case "get":
		reply := "ok"
		for _, pin := range words[1:] {
			level := s.out[pin]
			closed := s.edges >= 3 && now.Sub(s.last) <= hold
			switch pin {
			case "GPIO27": // NO, closed reads low
				level = !closed
			case "GPIO22":
				level = closed
			}
			reply += map[bool]string{false: " 0", true: " 1"}[level]
		}
		return reply
	}
	return "ok"
}

// changed is the stopwatch: a change of a pin at the moment now.
func (s *stand) changed(pin string, on bool, now time.Time) {
	switch {
	case pin == "GPIO17":
		if now.Sub(s.last) > hold {
			s.edges, s.due = 0, -1
		}
		s.edges++
		if s.due >= 0 || s.edges > 3 {
			cause := s.due
			if cause < 0 {
				cause = s.newest // none was due yet: then it was the newest
			}
			s.pulse = append(s.pulse, micros(now.Sub(s.sent[cause%remembered])))
		}
		s.last, s.due = now, -1
	case pin == "GPIO5" && !on:
		s.offAt = now
	}
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
