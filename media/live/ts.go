package live

import (
	"bytes"
	"hash/crc32"
	"math/bits"
)

// A transport stream (ISO/IEC 13818-1) is packets of 188 bytes:
//
//	47 | TEI PUSI prio PID:13 | scrambling:2 adaptation:2 counter:4 | [adaptation field] | payload
//
// Tables (PAT, PMT) name the programmes and their streams; the first packet of
// a frame carries a PES header with its time (PTS, 90 kHz, 33 bits).
const (
	packetSize = 188
	syncByte   = 0x47
	pids       = 1 << 13
	nullPID    = pids - 1
	mostTable  = 1024 // bytes of a PAT or PMT section
	noCounter  = 0xff
	ptsBits    = 33
	ptsHz      = 90000
)

// frame is what a packet says about the picture.
type frame struct {
	fresh bool // a frame that was not there before
	entry bool // a decoder can begin here
}

// counts of a stream; they only grow.
type counts struct {
	packets   uint64 // of any programme
	ours      uint64 // of the programme that is shown
	lost      uint64 // packets missing in it, by its continuity counters, and damaged ones
	garbage   uint64 // bytes that are no packets
	scrambled uint64 // packets of the programme's picture that nobody here can read
	frames    uint64 // new frames
}

// demux reads one programme out of a transport stream. It never fails: what it
// does not understand is counted and passed over. Its memory is constant.
type demux struct {
	wanted uint16 // programme number; 0: the first of the table
	counts

	rest    []byte // begin of a packet, or, out of step, of a search: less than two packets
	inStep  bool
	counter [pids]uint8
	pass    [pids]bool // streams of the programme

	pat, pmt  table
	number    uint16 // programme, 0 while unknown
	pmtPID    uint16
	mapTable  []byte // newest PMT section of the programme
	clockPID  uint16 // stream whose frames count: the picture, or the sound where there is none
	picture   bool   // the programme has a picture
	patTurns  uint8  // continuity counter of the PAT that we write
	clock     progress
	tablePart []byte // our PAT as a packet
}

func newDemux(wanted uint16) *demux {
	d := &demux{wanted: wanted, clockPID: nullPID}
	for i := range d.counter {
		d.counter[i] = noCounter
	}
	return d
}

// feed takes bytes as they came and hands every packet of the programme to out,
// with a PAT of this programme alone. The packet is only valid during the call.
func (d *demux) feed(b []byte, out func(packet []byte, f frame)) {
	// Whole packets in step need no copy.
	for d.inStep && len(d.rest) == 0 && len(b) >= packetSize && b[0] == syncByte {
		d.packet(b[:packetSize], out)
		b = b[packetSize:]
	}
	if len(b) == 0 {
		return
	}
	buf := append(d.rest, b...)
	for {
		n := d.step(buf, out)
		if n == 0 {
			break
		}
		buf = buf[n:]
	}
	d.rest = append(d.rest[:0:0], buf...)
}

// step handles the head of buf and says how much of it is done; 0 asks for more.
func (d *demux) step(buf []byte, out func([]byte, frame)) int {
	switch {
	case len(buf) == 0:
		return 0
	case buf[0] != syncByte:
		d.inStep = false
		n := bytes.IndexByte(buf, syncByte)
		if n < 0 {
			n = len(buf)
		}
		d.garbage += uint64(n)
		return n
	case d.inStep && len(buf) >= packetSize:
		d.packet(buf[:packetSize], out)
		return packetSize
	case d.inStep || len(buf) <= packetSize:
		return 0
	case buf[packetSize] != syncByte: // one such byte proves nothing
		d.garbage++
		return 1
	}
	d.inStep = true
	d.packet(buf[:packetSize], out)
	return packetSize
}

func (d *demux) packet(p []byte, out func([]byte, frame)) {
	pid := uint16(p[1]&0x1f)<<8 | uint16(p[2])
	d.packets++
	if pid == nullPID {
		return
	}
	if p[1]&0x80 != 0 { // transport error: not even the PID is sure
		if d.pass[pid] {
			d.lost++
		}
		return
	}
	payload, entry, ok := body(p)
	if !ok {
		d.garbage += packetSize
		return
	}
	ours := d.pass[pid] || pid == 0 || d.number != 0 && pid == d.pmtPID
	if ours {
		d.ours++
		if d.repeated(pid, p) {
			return
		}
	}
	d.sort(pid, p, payload, entry, out)
}

// sort hands a sound packet to where it belongs.
func (d *demux) sort(pid uint16, p, payload []byte, entry bool, out func([]byte, frame)) {
	start := p[1]&0x40 != 0
	switch {
	case pid == 0:
		d.pat.add(payload, start, d.programmes)
		if d.tablePart != nil && start {
			d.patTurns = (d.patTurns + 1) & 0xf
			d.tablePart[3] = d.tablePart[3]&0xf0 | d.patTurns
			out(d.tablePart, frame{})
		}
	case d.number != 0 && pid == d.pmtPID:
		d.pmt.add(payload, start, d.streams)
		out(p, frame{})
	case pid == d.clockPID:
		out(p, frame{fresh: d.look(p, payload, start), entry: entry})
	case d.pass[pid]:
		out(p, frame{})
	}
}

// body cuts the adaptation field off and says whether a decoder can begin here.
func body(p []byte) (payload []byte, entry, ok bool) {
	control := p[3] >> 4 & 3
	at := 4
	if control&2 != 0 {
		n := int(p[4])
		if n > packetSize-5 {
			return nil, false, false
		}
		entry = n > 0 && p[5]&0x40 != 0
		at += 1 + n
	}
	if control&1 == 0 {
		return nil, entry, control != 0
	}
	return p[at:], entry, true
}

// repeated counts what is missing before p, and finds a packet sent twice.
func (d *demux) repeated(pid uint16, p []byte) bool {
	last, now := d.counter[pid], p[3]&0xf
	hasBody := p[3]&0x10 != 0
	jump := p[3]&0x20 != 0 && p[4] > 0 && p[5]&0x80 != 0 // a discontinuity that is meant
	if last == noCounter || jump {
		d.counter[pid] = now
		return false
	}
	if !hasBody {
		return false
	}
	d.counter[pid] = now
	if now == last {
		return true
	}
	d.lost += uint64((now - last - 1) & 0xf)
	return false
}

// look says whether a new frame begins in this packet of the picture.
func (d *demux) look(p, payload []byte, start bool) bool {
	if p[3]&0xc0 != 0 {
		d.scrambled++
		return false
	}
	pts, ok := presentation(payload)
	if !start || !ok || !d.clock.step(pts) {
		return false
	}
	d.frames++
	return true
}

// presentation reads the PTS of a PES header.
func presentation(b []byte) (uint64, bool) {
	if len(b) < 14 || b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]&0xc0 != 0x80 || b[7]&0x80 == 0 || b[8] < 5 {
		return 0, false
	}
	t := b[9:14]
	if t[0]&1 == 0 || t[2]&1 == 0 || t[4]&1 == 0 {
		return 0, false
	}
	return uint64(t[0]>>1&7)<<30 | uint64(t[1])<<22 | uint64(t[2]>>1)<<15 | uint64(t[3])<<7 | uint64(t[4])>>1, true
}

// progress follows a clock that should run forward.
type progress struct {
	newest uint64
	known  bool
}

// step says whether pts is a new frame. Frames come out of order by less than a
// second, so a time shortly before the newest is nothing new; a jump is a clock
// that was set anew.
func (c *progress) step(pts uint64) bool {
	const shift = 64 - ptsBits
	ahead := int64((pts-c.newest)<<shift) >> shift
	if c.known && ahead <= 0 && ahead >= -ptsHz {
		return false
	}
	c.newest, c.known = pts, true
	return true
}

// table puts the sections of a PAT or PMT together.
type table struct {
	buf  []byte
	open bool
}

// add takes the payload of a packet and hands on sections that are whole and
// whose checksum is right.
func (t *table) add(b []byte, start bool, take func(section []byte)) {
	if start {
		if len(b) == 0 || int(b[0]) >= len(b) {
			t.open = false
			return
		}
		n := int(b[0])
		t.grow(b[1:1+n], take) // the end of the one before
		t.buf, t.open = t.buf[:0], true
		b = b[1+n:]
	}
	t.grow(b, take)
}

func (t *table) grow(b []byte, take func([]byte)) {
	if !t.open {
		return
	}
	t.buf = append(t.buf, b[:min(len(b), mostTable-len(t.buf))]...)
	if len(t.buf) < 3 {
		return
	}
	size := 3 + int(t.buf[1]&0xf)<<8 + int(t.buf[2])
	if size > mostTable || size < 12 {
		t.open = false
		return
	}
	if len(t.buf) < size {
		return
	}
	t.open = false
	if checksum(t.buf[:size]) == 0 {
		take(t.buf[:size])
	}
}

var crcTable = crc32.MakeTable(bits.Reverse32(0x04c11db7))

// checksum is the CRC of MPEG tables, not mirrored and not inverted; over a
// section with its CRC it is 0. hash/crc32 knows only the mirrored form: the
// same sums with their bits turned around.
func checksum(b []byte) uint32 {
	crc := ^uint32(0)
	for _, c := range b {
		crc = crcTable[byte(crc)^bits.Reverse8(c)] ^ crc>>8
	}
	return bits.Reverse32(crc)
}
