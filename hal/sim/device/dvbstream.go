package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal/sim/world"
)

// The shape of what is sent, and what the kernel keeps of it until it is read.
const (
	tsPacket     = 188
	tsSync       = 0x47
	dvrDefault   = 10 * tsPacket * 1024
	dvbBehind    = 2 * time.Second       // of what is sent, when nobody looked for longer
	dvbLook      = 20 * time.Millisecond // how often who waits looks
	dvbBrink     = 0.7                   // dB above the threshold below which packets are lost
	dvbBrinkLost = 0.3                   // of the packets at the threshold
	wholeStream  = 0x2000
)

// transmission is what a carrier sends: packets out of a reader, at an even pace.
type transmission struct {
	ts     io.Reader
	rate   int // bytes a second
	since  time.Time
	sent   int64
	over   bool
	tables map[uint16][]byte // the newest section of each table
	parts  map[uint16][]byte // sections that are not complete
}

// Transmit lets the carrier with that transport_stream_id send what ts has, rate bits a
// second, until ts ends. Its PAT and PMT are then the tables of the carrier. What is sent
// while nobody is tuned to it is gone.
func (c *DVBCard) Transmit(stream uint16, ts io.Reader, rate int) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.sends[stream] = &transmission{ts: ts, rate: max(rate/8, tsPacket), since: time.Now(), tables: map[uint16][]byte{}, parts: map[uint16][]byte{}}
}

// Drift moves the oscillator of the LNB, as heat and age do.
func (c *DVBCard) Drift(kHz int) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.drift = kHz
}

// LoseLevel takes dB away from what comes over the cable, as a bad plug does: the level
// falls, C/N stays until there is too little of it.
func (c *DVBCard) LoseLevel(dB float64) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.loss = dB
}

// deafAt is what of the level a receiver can do without, dB.
const deafAt = 25

// loopTS reads the same packets again and again.
type loopTS struct {
	all []byte
	at  int
}

// LoopTS returns a reader that gives the packets in ts again and again; without a packet
// it is at its end.
func LoopTS(ts []byte) io.Reader { return &loopTS{all: ts[:len(ts)/tsPacket*tsPacket]} }

// Read implements io.Reader.
func (l *loopTS) Read(b []byte) (int, error) {
	if len(l.all) == 0 {
		return 0, io.EOF
	}
	n := copy(b, l.all[l.at:])
	l.at = (l.at + n) % len(l.all)
	return n, nil
}

// dvrRing is what waits in the kernel to be read.
type dvrRing struct {
	waiting []byte
	most    int
	over    bool
}

// pump brings what was sent until now to the receiver; c.lock is held.
func (c *DVBCard) pump() {
	_, t, dB := c.reception()
	for stream, s := range c.sends {
		heard := t != nil && t.Stream == stream && c.locked() && c.FaultName() != "mute"
		s.flow(time.Now(), func(p []byte) {
			if heard {
				c.receive(s, p, dB)
			}
		})
	}
}

// flow hands on each packet that was due by now.
func (s *transmission) flow(now time.Time, out func(p []byte)) {
	due := int64(now.Sub(s.since).Seconds()*float64(s.rate)) - s.sent
	if most := int64(dvbBehind.Seconds() * float64(s.rate)); due > most {
		s.since, s.sent, due = now.Add(-dvbBehind), 0, most
	}
	p := make([]byte, tsPacket)
	for ; due >= tsPacket && !s.over; due -= tsPacket {
		if _, err := io.ReadFull(s.ts, p); err != nil {
			s.over = true
			return
		}
		s.sent += tsPacket
		out(p)
	}
}

// receive takes in one packet, as well as dB allow.
func (c *DVBCard) receive(s *transmission, p []byte, dB float64) {
	pid := binary.BigEndian.Uint16(p[1:]) & 0x1FFF
	if short := 1 - (dB-dvbThreshold)/dvbBrink; short > 0 && c.rng.Float64() < short*dvbBrinkLost {
		if c.rng.IntN(2) == 0 {
			return
		}
		p[1] |= 0x80
		p[4+c.rng.IntN(tsPacket-4)] ^= 0x55
	} else {
		s.table(pid, p)
	}
	if _, isTable := s.tables[pid]; !isTable && c.FaultName() == "scrambled" {
		p[3] |= 0x80
	}
	if c.dvr == nil || c.dvr.ring.over || !c.tapped(pid) {
		return
	}
	r := &c.dvr.ring
	if len(r.waiting)+tsPacket > r.most {
		r.over = true
		return
	}
	r.waiting = append(r.waiting, p...)
}

// table keeps PAT and PMT out of the packets that carry them.
func (s *transmission) table(pid uint16, p []byte) {
	if p[3]&0x10 == 0 {
		return
	}
	body := p[4:]
	if p[3]&0x20 != 0 {
		body = body[min(len(body), 1+int(body[0])):]
	}
	if p[1]&0x40 != 0 {
		if len(body) < 1+int(body[0])+3 {
			return
		}
		body = body[1+int(body[0]):]
		if !(pid == 0 && body[0] == 0 || body[0] == 2 && body[1]&0xC0 == 0x80) {
			return
		}
		s.parts[pid] = nil
	} else if s.parts[pid] == nil {
		return
	}
	all := append(s.parts[pid], body...)
	if n := 3 + int(binary.BigEndian.Uint16(all[1:])&0xFFF); len(all) >= n {
		s.tables[pid], s.parts[pid] = slices.Clone(all[:n]), nil
		return
	}
	s.parts[pid] = all
}

// tapped says whether a filter lets pid through.
func (c *DVBCard) tapped(pid uint16) bool {
	for _, f := range c.taps {
		if f.pid == int(pid) || f.pid == wholeStream {
			return true
		}
	}
	return false
}

// tap is DMX_SET_PES_FILTER: only packets for the dvr can be had of this model.
func (f *DVBFile) tap(arg []byte) error {
	pid := int(binary.NativeEndian.Uint16(arg))
	from, to := binary.NativeEndian.Uint32(arg[4:]), binary.NativeEndian.Uint32(arg[8:])
	switch {
	case from != 0 || to != 2 || pid > wholeStream, pid == wholeStream && f.card.opts.NoWhole:
		return unix.EINVAL
	case binary.NativeEndian.Uint32(arg[16:])&4 == 0:
		return nil // waits for DMX_START, which nobody sends
	}
	f.card.pump() // what was sent before is gone
	f.pid = pid
	f.card.taps = append(f.card.taps, f)
	return nil
}

// packets is Read of a dvr; c.lock is held.
func (f *DVBFile) packets(b []byte) (int, error) {
	f.card.pump()
	r := &f.ring
	if fault := f.card.FaultName(); r.over || fault == "overflow" && !f.lost {
		f.lost = true
		r.over, r.waiting = false, nil
		return 0, unix.EOVERFLOW
	}
	if len(r.waiting) == 0 {
		return 0, unix.EAGAIN
	}
	f.lost = false
	n := copy(b, r.waiting)
	r.waiting = bytes.Clone(r.waiting[n:])
	return n, nil
}

// flows waits until a dvr has something to say.
func (f *DVBFile) flows(ctx context.Context) error {
	for {
		if err := f.gone(); err != nil {
			return err
		}
		c := f.card
		c.lock.Lock()
		c.pump()
		ready, mended := len(f.ring.waiting) > 0 || f.ring.over, c.mended
		c.lock.Unlock()
		if ready {
			return nil
		}
		timer := time.NewTimer(dvbLook)
		select {
		case <-timer.C:
		case <-mended:
		case <-f.closed:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
	}
}

// sent returns the tables of a carrier that sends more than tables: false when it does
// not. c.lock is held.
func (c *DVBCard) sent(t *world.Carrier, pid uint16) (list [][]byte, ok bool) {
	s := c.sends[t.Stream]
	if s == nil || pid > 0 && pid < 0x20 {
		return nil, false
	}
	c.pump()
	if table := s.tables[pid]; table != nil {
		list = [][]byte{table}
	}
	return list, true
}
