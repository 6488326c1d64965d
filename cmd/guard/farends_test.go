package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newFrontEnd sends frames of a wave on a pty, 400 a second, and returns the
// name of its other end and its voltage.
func newFrontEnd(t *testing.T) (string, *atomic.Int64) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no pty:", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("/dev/pts/%d", n)
	keep, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0) // so that the guard may come and go
	if err != nil {
		t.Fatal(err)
	}
	raw, err := unix.IoctlGetTermios(int(keep.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	raw.Iflag, raw.Oflag, raw.Lflag = 0, 0, 0
	if err := unix.IoctlSetTermios(int(keep.Fd()), unix.TCSETS, raw); err != nil {
		t.Fatal(err)
	}
	volts := &atomic.Int64{}
	volts.Store(220)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(2500 * time.Microsecond)
		defer tick.Stop()
		began := time.Now()
		for seq := 0; ; {
			for ; time.Duration(seq)*2500*time.Microsecond < time.Since(began); seq++ {
				unix.Write(fd, frame(seq, float64(volts.Load()))) // a full pty loses frames, as a line does
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); group.Wait(); keep.Close(); unix.Close(fd) })
	return name, volts
}

// frame is the front end's frame number seq: load voltage not known, currents 0.
func frame(seq int, volts float64) []byte {
	b := make([]byte, 52)
	b[0], b[1], b[2] = 0xA5, 0x5A, 1
	binary.LittleEndian.PutUint16(b[4:], uint16(seq))
	b[6] = byte(seq % 8)
	if b[6] == 0 {
		binary.LittleEndian.PutUint16(b[8:], 0xFFFF)
	}
	for i := range 20 {
		v := volts * math.Sqrt2 * math.Sin(2*math.Pi*float64(seq*20+i)/160) * 32768 / 800
		binary.LittleEndian.PutUint16(b[10+2*i:], uint16(int16(v)))
	}
	crc := uint16(0xFFFF)
	for _, c := range b[2:50] {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
				continue
			}
			crc <<= 1
		}
	}
	binary.LittleEndian.PutUint16(b[50:], crc)
	return b
}

// pinServer holds pins, and a contactor that closes with the third change of
// its drive and opens 200 ms after the last.
type pinServer struct {
	mu    sync.Mutex
	out   map[string]bool
	last  time.Time // change of the drive
	edges int       // changes in a row
}

func newPinServer(t *testing.T, path string) *pinServer {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &pinServer{out: map[string]bool{}}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { conn.Close() })
			group.Go(func() { defer stop(); s.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); group.Wait() })
	return s
}

func (s *pinServer) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	for in.Scan() {
		fmt.Fprintln(conn, s.answer(strings.Fields(in.Text())))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.out) // the lines of a dead client fall
}

func (s *pinServer) answer(words []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch words[0] {
	case "out":
		on := words[2] == "1"
		if words[1] == "GPIO17" && on != s.out["GPIO17"] {
			if time.Since(s.last) > 200*time.Millisecond {
				s.edges = 0
			}
			s.edges++
			s.last = time.Now()
		}
		s.out[words[1]] = on
	case "get":
		reply := "ok"
		for _, pin := range words[1:] {
			level := s.out[pin]
			switch pin {
			case "GPIO27": // NO, closed reads low
				level = !s.closedLocked()
			case "GPIO22":
				level = s.closedLocked()
			}
			reply += map[bool]string{false: " 0", true: " 1"}[level]
		}
		return reply
	}
	return "ok"
}

func (s *pinServer) closedLocked() bool {
	return s.edges >= 3 && time.Since(s.last) <= 200*time.Millisecond
}

func (s *pinServer) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closedLocked()
}

func (s *pinServer) level(pin string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out[pin]
}
