package device

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"stationbox/hal/sim/wire"
	"stationbox/hal/sim/world"
)

// EpsonNet is an Epson projector on the network: ESC/VP.net sessions, then what
// Epson says on a serial line. It has one more kind, closes: it hangs up after
// every session's opening.
type EpsonNet struct {
	knob
	vp21
	tcp      *wire.TCP
	password string

	rngLock sync.Mutex
	rng     *rand.Rand
}

var _ Device = (*EpsonNet)(nil)

// NewEpsonNet returns an Epson projector behind tcp.
func NewEpsonNet(w *world.World, tcp *wire.TCP, o EpsonOpts) *EpsonNet {
	e := &EpsonNet{tcp: tcp, password: o.Password, rng: seeded(o.Seed, 3629)}
	e.beamer = epsonBody(w, o)
	e.knob = newKnob("projector", e.began(plug(tcp)), epsonKinds("closes")...)
	return e
}

// Run serves until ctx ends.
func (e *EpsonNet) Run(ctx context.Context) error { return e.tcp.Serve(ctx, e.session) }

// The statuses of a session.
const (
	vpOK           = 0x20
	vpBad          = 0x40
	vpUnauthorized = 0x41
	vpForbidden    = 0x43
)

// vpIdle is how long a session may say nothing.
const vpIdle = 30 * time.Second

// session is one connection.
func (e *EpsonNet) session(ctx context.Context, c net.Conn) {
	if !e.lamp().Answers || e.FaultName() == string(wire.Silent) {
		_, _ = io.Copy(io.Discard, c) // until the caller gives up
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(vpIdle))
	r := bufio.NewReaderSize(c, 256)
	status, err := e.greeted(r)
	if err != nil {
		return
	}
	frame := append([]byte("ESC/VP.net"), 0x10, 0x03, 0, 0, status, 0)
	if !e.write(ctx, c, frame) || status != vpOK || e.has(&e.knob, "closes") {
		return
	}
	var late sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer late.Wait()
	defer cancel()
	late.Go(func() { e.prompts(ctx, c) })
	for {
		_ = c.SetReadDeadline(time.Now().Add(vpIdle))
		text, err := r.ReadSlice('\r')
		if err != nil || !e.write(ctx, c, []byte(e.say(&e.knob, strings.TrimSuffix(string(text), "\r")))) {
			return
		}
	}
}

// greeted reads the opening of a session and returns the status of its answer.
func (e *EpsonNet) greeted(r io.Reader) (status byte, err error) {
	var head [16]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	if string(head[:10]) != "ESC/VP.net" || head[10] != 0x10 || head[11] != 0x03 {
		return vpBad, nil
	}
	password, given := "", false
	for range min(head[15], 4) {
		var h [18]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return 0, err
		}
		if h[0] == 1 {
			password, given = strings.TrimRight(string(h[2:]), "\x00"), true
		}
	}
	switch {
	case e.password == "" || given && password == e.password:
		return vpOK, nil
	case given:
		return vpForbidden, nil
	}
	return vpUnauthorized, nil
}

// prompts sends the prompt that is late to the session that is still there.
func (e *EpsonNet) prompts(ctx context.Context, c net.Conn) {
	for sleep(ctx, promptEvery) {
		if e.lit() {
			_, _ = c.Write([]byte(epsonPrompt)) // the session may have ended
		}
	}
}

// write sends b as far as the fault lets it, and reports whether the connection
// goes on.
func (e *EpsonNet) write(ctx context.Context, c net.Conn, b []byte) bool {
	fault := e.wireFault()
	if fault == wire.Late && !sleep(ctx, wire.LateBy+time.Second) {
		return false
	}
	e.rngLock.Lock()
	b = fault.Spoil(b, e.rng)
	e.rngLock.Unlock()
	step := max(len(b), 1)
	if e.has(&e.knob, "slow") {
		step = 1
	}
	for len(b) > 0 {
		n := min(step, len(b))
		_ = c.SetWriteDeadline(time.Now().Add(2 * time.Second))
		if _, err := c.Write(b[:n]); err != nil {
			return false
		}
		if b = b[n:]; len(b) > 0 && !sleep(ctx, 10*time.Second/slowBaud) {
			return false
		}
	}
	return fault != wire.Cut
}

// String describes e.
func (e *EpsonNet) String() string {
	return fmt.Sprintf("projector (Epson) at %s: %s, input %s, fault %s", e.tcp.Addr(), e.lamp().State, e.Input(), e.FaultName())
}
