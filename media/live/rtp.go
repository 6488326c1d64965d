package live

import "encoding/binary"

// RTP (RFC 3550, RFC 2250 for MPEG transport streams):
//
//	V:2 P X CC:4 | M PT:7 | sequence:16 | timestamp:32 | SSRC:32 | CC × 32 | [extension] | payload | [padding]
const (
	rtpHeader   = 12
	mostHeld    = 64   // packets that wait for a late one
	mostMissing = 1000 // a larger step is a sender that began anew
)

// isTS says whether b is whole packets of a transport stream.
func isTS(b []byte) bool {
	if len(b) == 0 || len(b)%packetSize != 0 {
		return false
	}
	for ; len(b) > 0; b = b[packetSize:] {
		if b[0] != syncByte {
			return false
		}
	}
	return true
}

// rtp is a datagram that carries a transport stream.
type rtp struct {
	sequence uint16
	sender   uint32
	payload  []byte
}

// parseRTP reads a datagram; anything but RTP with a transport stream in it is
// refused.
func parseRTP(b []byte) (rtp, bool) {
	if len(b) < rtpHeader || b[0]>>6 != 2 {
		return rtp{}, false
	}
	p := rtp{sequence: binary.BigEndian.Uint16(b[2:]), sender: binary.BigEndian.Uint32(b[8:])}
	at := rtpHeader + 4*int(b[0]&0xf)
	if b[0]&0x10 != 0 {
		if len(b) < at+4 {
			return rtp{}, false
		}
		at += 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		end -= int(b[len(b)-1])
	}
	if at > end || !isTS(b[at:end]) {
		return rtp{}, false
	}
	p.payload = b[at:end]
	return p, true
}

// order brings packets into their order. It holds at most mostHeld of them; what
// has not come by then is lost, which the stream's own counters tell.
type order struct {
	sender uint32
	next   uint16
	begun  bool
	held   map[uint16][]byte
}

// add takes a packet and hands on what is in order now.
func (o *order) add(p rtp, out func([]byte)) {
	ahead := int16(p.sequence - o.next)
	if !o.begun || p.sender != o.sender || ahead > mostMissing || ahead < -mostMissing {
		*o = order{sender: p.sender, next: p.sequence, begun: true, held: map[uint16][]byte{}}
		ahead = 0
	}
	if ahead < 0 {
		return // late or sent twice
	}
	if ahead > 0 {
		o.held[p.sequence] = append([]byte(nil), p.payload...)
		if len(o.held) > mostHeld {
			o.skip()
			o.flow(out)
		}
		return
	}
	out(p.payload)
	o.next++
	o.flow(out)
}

// skip gives the missing packets before the first held one up.
func (o *order) skip() {
	for o.held[o.next] == nil {
		o.next++
	}
}

// flow hands on held packets that follow directly.
func (o *order) flow(out func([]byte)) {
	for b := o.held[o.next]; b != nil; b = o.held[o.next] {
		delete(o.held, o.next)
		out(b)
		o.next++
	}
}

// flush hands on everything that is held: nothing came for a while.
func (o *order) flush(out func([]byte)) {
	for len(o.held) > 0 {
		o.skip()
		o.flow(out)
	}
}
