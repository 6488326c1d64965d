package live

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rtpPacket wraps packets; extras are for the fields that nobody uses.
func rtpPacket(sequence uint16, sender uint32, payload []byte, csrc, extension, padding int) []byte {
	b := []byte{0x80 | byte(csrc), 33}
	b = binary.BigEndian.AppendUint16(b, sequence)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, sender)
	b = append(b, make([]byte, 4*csrc)...)
	if extension >= 0 {
		b[0] |= 0x10
		b = append(b, 0xbe, 0xde, byte(extension>>8), byte(extension))
		b = append(b, make([]byte, 4*extension)...)
	}
	b = append(b, payload...)
	if padding > 0 {
		b[0] |= 0x20
		b = append(append(b, make([]byte, padding-1)...), byte(padding))
	}
	return b
}

func TestRTPHeaders(t *testing.T) {
	ts := newMux().tick(0)
	for _, tt := range []struct{ csrc, extension, padding int }{{0, -1, 0}, {15, -1, 0}, {0, 0, 0}, {3, 7, 0}, {0, -1, 4}, {2, 1, 200}} {
		p, ok := parseRTP(rtpPacket(65535, 9, ts, tt.csrc, tt.extension, tt.padding))
		if !ok || p.sequence != 65535 || p.sender != 9 || !bytes.Equal(p.payload, ts) {
			t.Errorf("%+v: %v", tt, ok)
		}
	}
	bad := map[string][]byte{"empty": nil, "short": {0x80, 33}, "version 1": append([]byte{0x40}, rtpPacket(1, 1, ts, 0, -1, 0)[1:]...),
		"no transport stream": rtpPacket(1, 1, []byte("hello"), 0, -1, 0), "extension too long": rtpPacket(1, 1, nil, 0, 4, 0)[:14],
		"padding too long": rtpPacket(1, 1, nil, 0, -1, 255)[:20]}
	for name, b := range bad {
		if _, ok := parseRTP(b); ok {
			t.Errorf("%s: taken", name)
		}
	}
}

// Packets that come late by less than mostHeld are put right; nothing is given
// out twice or out of order, and nothing that came in time is lost.
func TestOrderIsRestored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := rapid.Uint16().Draw(t, "begin")
		var sent, got []uint16
		for i := range uint16(200) {
			sent = append(sent, begin+i)
		}
		for range rapid.IntRange(0, 40).Draw(t, "swaps") {
			at := rapid.IntRange(1, len(sent)-21).Draw(t, "at")
			to := at + rapid.IntRange(1, 20).Draw(t, "by")
			sent[at], sent[to] = sent[to], sent[at]
		}
		var o order
		out := func(b []byte) { got = append(got, binary.BigEndian.Uint16(b)) }
		for _, n := range sent {
			o.add(rtp{sequence: n, sender: 1, payload: binary.BigEndian.AppendUint16(nil, n)}, out)
			if len(o.held) > mostHeld {
				t.Fatalf("%d held", len(o.held))
			}
		}
		o.flush(out)
		for i := 1; i < len(got); i++ {
			if int16(got[i]-got[i-1]) <= 0 {
				t.Fatalf("%d after %d", got[i], got[i-1])
			}
		}
		if len(got) < 150 {
			t.Fatalf("%d of 200", len(got))
		}
	})
}

func TestALostPacketHoldsNothingUp(t *testing.T) {
	var o order
	n := 0
	for i := range uint16(200) {
		if i != 50 {
			o.add(rtp{sequence: i, sender: 1, payload: []byte{1}}, func([]byte) { n++ })
		}
	}
	if n != 199 {
		t.Errorf("%d of 199", n)
	}
	o.add(rtp{sequence: 30000, sender: 2, payload: []byte{1}}, func([]byte) { n++ })
	if n != 200 {
		t.Error("a new sender is not taken")
	}
}

func FuzzDatagram(f *testing.F) {
	ts := newMux().tick(0)
	f.Add(ts)
	f.Add(rtpPacket(5, 1, ts, 0, -1, 0))
	f.Add(rtpPacket(5, 1, ts, 15, 65535, 0)[:100])
	f.Add(bytes.Repeat([]byte{0xff}, 65507))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := parseRTP(b); ok && (!isTS(p.payload) || len(p.payload) > len(b)-rtpHeader) {
			t.Fatalf("%d bytes of %d", len(p.payload), len(b))
		}
		in := newIntake(0, time.Now)
		m := mixer{take: in.take}
		m.datagram(time.Now(), netip.AddrPort{}, b)
		m.datagram(time.Now(), netip.AddrPort{}, ts)
	})
}

// While a sender brings the picture, what others send to the same port does not
// count, whatever it is.
func TestOthersDoNotDisturbTheSender(t *testing.T) {
	in, now := newIntake(0, time.Now), time.Now()
	m := mixer{take: in.take}
	us, them := netip.MustParseAddrPort("10.0.0.1:5000"), netip.MustParseAddrPort("10.0.0.9:5000")
	good, other := newMux(), newMux()
	other.number, other.pmtPID, other.video = 3, 0x300, 0x301
	other.counters[0] = 5
	for i := range 100 {
		m.datagram(now, us, good.tick(i))
		m.datagram(now, them, other.tick(i))
		m.datagram(now, them, bytes.Repeat([]byte{byte(i)}, 65507))
		now = now.Add(40 * time.Millisecond)
	}
	r := in.reading()
	if r.frames != 100 || r.lost != 0 || r.garbage != 0 || in.d.number != 7 {
		t.Errorf("%+v", r.counts)
	}
	now = now.Add(holdSender)
	for i := range 10 {
		m.datagram(now, them, other.tick(i))
	}
	if r := in.reading(); r.frames != 110 {
		t.Errorf("the next sender is not taken: %+v", r.counts)
	}
}
