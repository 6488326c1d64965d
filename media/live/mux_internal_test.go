package live

// mux writes transport streams by the book, bit by bit, for the tests: nothing
// of it is shared with the code that reads them.
type mux struct {
	number, pmtPID, video, audio uint16
	videoType                    byte
	counters                     map[uint16]byte
	scrambled                    bool
}

func newMux() *mux {
	return &mux{number: 7, pmtPID: 0x100, video: 0x101, audio: 0x102, videoType: 0x1b, counters: map[uint16]byte{}}
}

func slowCRC(b []byte) uint32 {
	crc := uint32(0xffffffff)
	for _, c := range b {
		for i := 7; i >= 0; i-- {
			top := crc>>31 ^ uint32(c>>i&1)
			crc <<= 1
			if top == 1 {
				crc ^= 0x04c11db7
			}
		}
	}
	return crc
}

func withCRC(b []byte) []byte {
	c := slowCRC(b)
	return append(b, byte(c>>24), byte(c>>16), byte(c>>8), byte(c))
}

// packet makes one packet; short bodies are filled up with an adaptation field.
func (m *mux) packet(pid uint16, start, entry bool, body []byte) []byte {
	p := make([]byte, 188)
	for i := range p {
		p[i] = 0xff
	}
	p[0], p[1], p[2] = 0x47, byte(pid>>8), byte(pid)
	if start {
		p[1] |= 0x40
	}
	p[3] = 0x10 | m.counters[pid]
	m.counters[pid] = (m.counters[pid] + 1) & 0xf
	if m.scrambled && pid == m.video {
		p[3] |= 0x80
	}
	if fill := 184 - len(body); fill > 0 {
		p[3] |= 0x20
		p[4] = byte(fill - 1)
		if fill > 1 {
			p[5] = 0
			if entry {
				p[5] = 0x40
			}
		}
	}
	copy(p[188-len(body):], body)
	return p
}

func (m *mux) pat(numbers ...uint16) []byte {
	s := []byte{0, 0xb0, byte(9 + 4*len(numbers)), 0, 1, 0xc3, 0, 0}
	for i, n := range numbers {
		at := m.pmtPID + uint16(i)*0x100
		s = append(s, byte(n>>8), byte(n), 0xe0|byte(at>>8), byte(at))
	}
	return m.section(0, withCRC(s))
}

func (m *mux) pmt() []byte {
	s := []byte{2, 0xb0, 9 + 4 + 5*2, byte(m.number >> 8), byte(m.number), 0xc1, 0, 0, 0xe0 | byte(m.video>>8), byte(m.video), 0xf0, 0,
		m.videoType, 0xe0 | byte(m.video>>8), byte(m.video), 0xf0, 0,
		0x0f, 0xe0 | byte(m.audio>>8), byte(m.audio), 0xf0, 0}
	return m.section(m.pmtPID, withCRC(s))
}

// section fills packets the way tables are: behind a pointer, ended by 0xff.
func (m *mux) section(pid uint16, s []byte) []byte {
	body := append([]byte{0}, s...)
	for len(body) < 184 {
		body = append(body, 0xff)
	}
	return m.packet(pid, true, false, body[:184])
}

// frame is a frame of the picture or of sound in one packet.
func (m *mux) frame(pid uint16, pts uint64, entry bool) []byte {
	b := []byte{0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5,
		0x21 | byte(pts>>29)&0xe, byte(pts >> 22), byte(pts>>14) | 1, byte(pts >> 7), byte(pts<<1) | 1}
	return m.packet(pid, true, entry, append(b, make([]byte, 100)...))
}

// tick is 40 ms of the stream: frame number n, every 25th with tables.
func (m *mux) tick(n int) []byte {
	var b []byte
	if n%25 == 0 {
		b = append(m.pat(m.number), m.pmt()...)
	}
	pts := uint64(n) * 3600
	b = append(b, m.frame(m.video, pts, n%25 == 0)...)
	return append(b, m.frame(m.audio, pts, false)...)
}
