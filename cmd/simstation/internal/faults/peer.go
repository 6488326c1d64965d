package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"time"

	"stationbox/firmware"
)

// message is a line of the guard's socket, as its description says.
type message struct {
	V      int                   `json:"v"`
	Type   string                `json:"type"`
	From   string                `json:"from,omitempty"`
	Want   *firmware.GuardWant   `json:"want,omitempty"`
	Status *firmware.GuardStatus `json:"status,omitempty"`
	Event  *firmware.GuardEvent  `json:"event,omitempty"`
}

// said is an event as the guard told it: no evidence, but it says why.
type said struct {
	at   time.Time
	text string
}

// maxSaid bounds what is kept of them.
const maxSaid = 64

// wishEvery is how often the peer says its wish.
const wishEvery = 250 * time.Millisecond

// peer is a well-behaved station at the guard's socket: it wants loads, and
// notes the trips that the guard tells of.
type peer struct {
	path string

	mu     sync.Mutex
	wants  map[string]bool
	away   bool // it has gone, so that another may come
	conn   net.Conn
	status firmware.GuardStatus
	told   time.Time // of status
	seen   map[string]uint64
	trips  int
	said   []said
	wake   chan struct{}
}

func newPeer(path string, wants map[string]bool) *peer {
	return &peer{path: path, wants: maps.Clone(wants), seen: map[string]uint64{}, wake: make(chan struct{}, 1)}
}

// want changes the wish for one load.
func (p *peer) want(load string, on bool) {
	p.mu.Lock()
	p.wants[load] = on
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// leave hangs up and stays away until the next leave(false).
func (p *peer) leave(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
	if away && p.conn != nil {
		_ = p.conn.Close()
	}
}

// state returns the newest status that is younger than a second, and the trips
// told of so far.
func (p *peer) state(now time.Time) (st firmware.GuardState, trips int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.told) < time.Second {
		st = p.status.State
	}
	return st, p.trips
}

// run keeps a connection until ctx ends.
func (p *peer) run(ctx context.Context) {
	for ctx.Err() == nil {
		if conn := p.dial(); conn != nil {
			p.talk(ctx, conn)
		}
		rest(ctx, 50*time.Millisecond)
	}
}

// dial connects and says hello, or returns nil.
func (p *peer) dial() net.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away {
		return nil
	}
	conn, err := net.DialTimeout("unix", p.path, 200*time.Millisecond)
	if err != nil {
		return nil
	}
	p.conn = conn
	if !say(conn, message{Type: "hello", From: "station"}) {
		_ = conn.Close()
		return nil
	}
	return conn
}

// say writes one line and reports whether it went.
func say(conn net.Conn, m message) bool {
	m.V = 1
	line, err := json.Marshal(m)
	if err != nil || conn.SetWriteDeadline(time.Now().Add(200*time.Millisecond)) != nil {
		return false
	}
	_, err = conn.Write(append(line, '\n'))
	return err == nil
}

// talk says the wish again and again until the connection ends.
func (p *peer) talk(ctx context.Context, conn net.Conn) {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		p.listen(conn)
	}()
	tick := time.NewTicker(wishEvery)
	defer tick.Stop()
	for p.wish(conn) {
		select {
		case <-ctx.Done():
		case <-heard:
		case <-p.wake:
			continue
		case <-tick.C:
			continue
		}
		break
	}
	_ = conn.Close()
	<-heard
}

// wish says the newest wish, once the guard has said which number it obeyed.
func (p *peer) wish(conn net.Conn) bool {
	p.mu.Lock()
	w := firmware.GuardWant{Seq: p.status.WantSeq + 1, Loads: maps.Clone(p.wants)}
	known := time.Since(p.told) < time.Second
	p.mu.Unlock()
	return !known || say(conn, message{Type: "want", Want: &w})
}

func (p *peer) listen(conn net.Conn) {
	in := bufio.NewScanner(conn)
	in.Buffer(nil, 64<<10)
	for in.Scan() {
		var m message
		if json.Unmarshal(in.Bytes(), &m) == nil {
			p.hear(m)
		}
	}
}

func (p *peer) hear(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case m.Status != nil:
		first := time.Since(p.told) > time.Second || p.status.Boot != m.Status.Boot
		p.status, p.told = *m.Status, time.Now()
		if first {
			select {
			case p.wake <- struct{}{}:
			default:
			}
		}
	case m.Event != nil && m.Event.Seq > p.seen[m.Event.Boot]:
		p.seen[m.Event.Boot] = m.Event.Seq
		p.keep(m.Event)
		if m.Event.Kind == "trip" {
			p.trips++
		}
	}
}

func (p *peer) keep(e *firmware.GuardEvent) {
	if len(p.said) == maxSaid {
		p.said = append(p.said[:0], p.said[1:]...)
	}
	at := time.Now().Add(-time.Duration(e.AgoMS) * time.Millisecond)
	p.said = append(p.said, said{at, strings.TrimSpace(e.Kind + " " + e.Load + " " + e.Cause)})
}

// saidSince returns what the guard told of after a time.
func (p *peer) saidSince(from time.Time) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, s := range p.said {
		if s.at.After(from) {
			list = append(list, fmt.Sprintf("%v %s", s.at.Sub(from).Round(time.Millisecond), s.text))
		}
	}
	return list
}

// rest waits for d or the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
