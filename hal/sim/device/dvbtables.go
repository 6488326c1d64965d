package device

import (
	"time"

	"stationbox/hal/sim/world"
)

// mpegCRC is the checksum of a section, bit by bit.
func mpegCRC(b []byte) (crc uint32) {
	crc = 0xFFFFFFFF
	for _, x := range b {
		for bit := 7; bit >= 0; bit-- {
			feed := crc>>31 != uint32(x>>bit&1)
			crc <<= 1
			if feed {
				crc ^= 0x04C11DB7
			}
		}
	}
	return crc
}

// closeSection fills in the length, which counts the checksum, and adds it.
func closeSection(b []byte) []byte {
	n := len(b) - 3 + 4
	b[1], b[2] = b[1]&0xF0|byte(n>>8), byte(n)
	c := mpegCRC(b)
	return append(b, byte(c>>24), byte(c>>16), byte(c>>8), byte(c))
}

// longSection is a table of one section.
func longSection(table byte, id uint16, body ...byte) []byte {
	return closeSection(append([]byte{table, 0xF0, 0, byte(id >> 8), byte(id), 0xC1, 0, 0}, body...))
}

// packed writes the digits of v, two a byte.
func packed(v, bytes int) []byte {
	b := make([]byte, bytes)
	for i := bytes - 1; i >= 0; i-- {
		b[i] = byte(v%10 | v/10%10<<4)
		v /= 100
	}
	return b
}

// utf8Text is a text of the broadcast in UTF-8.
func utf8Text(s string) []byte { return append([]byte{0x15}, s...) }

// listed puts the length in twelve bits before b.
func listed(b []byte) []byte { return append([]byte{0xF0 | byte(len(b)>>8), byte(len(b))}, b...) }

// tagged makes a descriptor.
func tagged(tag byte, b []byte) []byte { return append([]byte{tag, byte(len(b))}, b...) }

func broadcastPAT(c *world.Carrier) []byte {
	body := []byte{0, 0, 0xE0, 0x10}
	for i := range c.Services {
		body = append(body, 0, byte(i+1), 0xE1, byte(i))
	}
	return longSection(0, c.Stream, body...)
}

func broadcastNIT(b *world.Bird) []byte {
	body := listed(tagged(0x40, utf8Text(b.Network)))
	var streams []byte
	for _, c := range b.Carriers {
		place, flags := b.Orbit, byte(0x80)
		if place < 0 {
			place, flags = -place, 0
		}
		if !c.Horizontal {
			flags |= 1 << 5
		}
		if c.S2 {
			flags |= 4 | 2
		} else {
			flags |= 1
		}
		d := append(packed(c.KHz/10, 4), packed(place, 2)...)
		d = append(d, flags)
		rate := packed(c.Rate/100*10, 4)
		rate[3] |= 3 // FEC 3/4
		d = append(d, rate...)
		streams = append(streams, byte(c.Stream>>8), byte(c.Stream), 0, 1)
		streams = append(streams, listed(tagged(0x43, d))...)
	}
	return longSection(0x40, 1, append(body, listed(streams)...)...)
}

func broadcastSDT(c *world.Carrier) []byte {
	body := []byte{0, 1, 0xFF}
	for i, name := range c.Services {
		text := utf8Text(name)
		d := append([]byte{1, 0, byte(len(text))}, text...)
		list := listed(tagged(0x48, d))
		list[0] = list[0]&0x0F | 4<<5 // running, not scrambled
		body = append(body, 0, byte(i+1), 0xFC)
		body = append(body, list...)
	}
	return longSection(0x42, c.Stream, body...)
}

// stamp is a date and a time in five bytes.
func stamp(t time.Time) []byte {
	t = t.UTC()
	days := int(t.Unix()/86400) + 40587
	h, m, s := t.Clock()
	return append([]byte{byte(days >> 8), byte(days)}, packed(h*10000+m*100+s, 3)...)
}

func broadcastTDT(t time.Time) []byte { return append([]byte{0x70, 0x70, 5}, stamp(t)...) }

func broadcastTOT(t time.Time) []byte {
	d := append([]byte("CHN"), 0x02, 0x08, 0x00)
	d = append(append(d, stamp(t)...), 0x08, 0x00)
	b := append([]byte{0x73, 0x70, 0}, stamp(t)...)
	return closeSection(append(b, listed(tagged(0x58, d))...))
}
