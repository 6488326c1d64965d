package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"stationbox/firmware"
)

const (
	stopSignal = syscall.SIGSTOP
	goOnSignal = syscall.SIGCONT
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x0dd)) }

// socket is a station that has lost its mind, or its life.
func socket(a *act) {
	attacks := []struct {
		name string
		do   func(*act, time.Duration)
	}{
		{"never reads", deaf}, {"half a line", halfLine}, {"rubbish", rubbishLines}, {"an endless line", endlessLine},
		{"a flood of wants", flood}, {"a storm of connections", storm}, {"a crowd that says nothing", crowd}, {"nobody", nobody},
	}
	at := attacks[a.rng.IntN(len(attacks))]
	d := a.between(200, 1500)
	a.note("%s for %v", at.name, d)
	from := a.clock()
	a.v.peer.leave(true)
	at.do(a, d)
	a.v.peer.leave(false)
	a.stay(from)
}

// dial connects to the guard's socket; a guard that is not there is no harm.
func (a *act) dial(hello bool) net.Conn {
	conn, err := net.DialTimeout("unix", a.v.peer.path, 300*time.Millisecond)
	if err != nil {
		return nil
	}
	if hello {
		say(conn, message{Type: "hello", From: "station"})
	}
	return conn
}

// with does f on a connection, and ends it.
func (a *act) with(hello bool, f func(net.Conn)) {
	conn := a.dial(hello)
	if conn == nil {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	f(conn)
	_ = conn.Close()
}

func deaf(a *act, d time.Duration) { a.with(true, func(net.Conn) { a.wait(d) }) }

func halfLine(a *act, d time.Duration) {
	a.with(true, func(c net.Conn) {
		_, _ = fmt.Fprint(c, `{"v":1,"type":"want","want":{"seq":9`)
		a.wait(d)
	})
}

// rubbishLines sends lines that are nothing, until they are refused.
func rubbishLines(a *act, d time.Duration) {
	a.with(a.coin(), func(c net.Conn) {
		for end := a.clock() + d; a.clock() < end && a.ctx.Err() == nil; {
			line := make([]byte, 1+a.rng.IntN(2000))
			for i := range line {
				line[i] = byte(a.rng.Uint32())
			}
			if _, err := c.Write(append(line, '\n')); err != nil {
				break
			}
			a.wait(time.Millisecond)
		}
	})
}

func endlessLine(a *act, d time.Duration) {
	a.with(a.coin(), func(c net.Conn) {
		for end := a.clock() + d; a.clock() < end && a.ctx.Err() == nil; {
			if _, err := c.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
				break
			}
		}
	})
}

// flood says the same wish as fast as it is taken: everything stays wanted.
func flood(a *act, d time.Duration) {
	loads := map[string]bool{}
	for _, l := range a.v.loads {
		loads[l] = true
	}
	a.with(true, func(c net.Conn) {
		for seq, end := uint64(1<<20), a.clock()+d; a.clock() < end && a.ctx.Err() == nil; seq++ {
			if !say(c, message{Type: "want", Want: &firmware.GuardWant{Seq: seq, Loads: loads, Reset: seq}}) {
				break
			}
		}
	})
}

func storm(a *act, d time.Duration) {
	for end := a.clock() + d; a.clock() < end && a.ctx.Err() == nil; {
		a.with(a.coin(), func(net.Conn) {})
		a.wait(time.Millisecond)
	}
}

func crowd(a *act, d time.Duration) {
	var all []net.Conn
	for range a.number(20, 200) {
		if c := a.dial(false); c != nil {
			all = append(all, c)
		}
	}
	a.wait(d)
	for _, c := range all {
		_ = c.Close()
	}
}

func nobody(a *act, d time.Duration) { a.wait(d) }

// station lets the real station come, and be killed, stopped and started over.
func station(a *act) {
	from := a.clock()
	a.v.peer.leave(true)
	a.try(a.v.station.start())
	a.wait(a.between(300, 900))
	switch a.rng.IntN(3) {
	case 0:
		a.note("killed")
	case 1:
		d := a.between(100, 2500)
		a.note("stopped for %v", d)
		a.try(a.v.station.signal(stopSignal))
		a.wait(d)
		a.try(a.v.station.signal(goOnSignal))
	default:
		n := a.number(2, 6)
		a.note("killed %d times", n)
		for range n {
			a.v.station.kill()
			a.try(a.v.station.start())
			a.wait(a.between(50, 500))
		}
	}
	a.v.station.kill()
	a.v.peer.leave(false)
	a.stay(from)
}
