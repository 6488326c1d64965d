// Package mains decodes the wave of the mains as the front end samples it. It
// promises that every sample it hands over was covered by a good check sum, that
// a gap is told with the frame after it, and that decoding allocates nothing. It
// never guesses a lost sample and never judges a voltage: that is the guard's trade.
//
// The front end sends, over a serial line at 460800 baud 8N1, a frame of 52
// bytes every 2.5 ms, little endian:
//
//	0     2     3      4        6    7    8         10              50      52
//	+-----+-----+------+--------+----+----+---------+---------------+-------+
//	|A5 5A| ver |flags | seq    | id | 0  | value   | 20 x int16    | crc   |
//	+-----+-----+------+--------+----+----+---------+---------------+-------+
//	      |<------------------ CRC-16/CCITT-FALSE over 48 bytes --->|
//
// Version is 1. Samples are taken at 8000 per second; volts are
// sample × full scale / 32768. One slow value, named by id, rides on each frame.
package mains

import (
	"encoding/binary"
	"time"
)

// The shape of the stream.
const (
	// FrameSize is the length of a frame in bytes.
	FrameSize = 52
	// FrameSamples is the number of samples of a frame.
	FrameSamples = 20
	// SampleTime is the time from one sample to the next.
	SampleTime = 125 * time.Microsecond
	// FrameTime is the time one frame covers.
	FrameTime = FrameSamples * SampleTime

	sync0, sync1 = 0xA5, 0x5A
	version      = 1
)

// Flags are the front end's remarks about a frame.
type Flags uint8

// The flags of a frame. Bits without a name are kept as they came.
const (
	// Clipped means that the converter was at its end in this frame: the true
	// voltage is at least what the samples say.
	Clipped Flags = 1 << iota
	// SelfTest means that the front end's own test failed: its samples are not
	// to be trusted.
	SelfTest
	// Overrun means that the front end lost samples before this frame.
	Overrun
)

// Frame is one decoded frame.
type Frame struct {
	// Seq counts frames and wraps at 65536.
	Seq uint16
	// Flags are the front end's remarks.
	Flags Flags
	// Channel says what Value is.
	Channel Channel
	// Value is the slow value in the unit of its channel; Invalid if there is none.
	Value uint16
	// Samples are the wave, oldest first, in counts.
	Samples [FrameSamples]int16
	// Lost is the number of frames missing between the frame before and this
	// one, by their numbers. A front end that starts anew looks like a loss too.
	Lost int
}

// Counters tell how well the stream is understood since the decoder was made.
type Counters struct {
	// Good counts frames handed over.
	Good uint64
	// Garbled counts the places where the stream had to be picked up again, after
	// noise, a cut frame or a wrong check sum.
	Garbled uint64
	// Skipped counts the bytes thrown away at those places.
	Skipped uint64
	// Unknown counts good frames of another version, which are not handed over.
	Unknown uint64
	// Lost counts frames missing by their numbers.
	Lost uint64
}

// Decoder finds frames in a stream of bytes. It is not for use by several
// goroutines.
type Decoder struct {
	fullScale int
	counters  Counters
	buf       [FrameSize]byte
	n         int
	astray    bool
	started   bool
	last      uint16
}

// NewDecoder returns a decoder for a front end whose sample 32768 would be
// fullScaleVolts volts; 0 means 800.
func NewDecoder(fullScaleVolts int) *Decoder {
	if fullScaleVolts <= 0 {
		fullScaleVolts = 800
	}
	return &Decoder{fullScale: fullScaleVolts}
}

// Counters returns what the decoder counted so far.
func (d *Decoder) Counters() Counters { return d.counters }

// Pending returns how many bytes of an unfinished frame the decoder holds.
func (d *Decoder) Pending() int { return d.n }

// Feed decodes b, which may begin and end anywhere, and calls handle for each
// frame in order. It keeps no reference to b and allocates nothing.
func (d *Decoder) Feed(b []byte, handle func(Frame)) {
	for len(b) > 0 {
		n := copy(d.buf[d.n:], b)
		d.n += n
		b = b[n:]
		d.align()
		if d.n < FrameSize {
			continue
		}
		if !checksumOK(&d.buf) {
			d.skip(1)
			d.align()
			continue
		}
		d.n, d.astray = 0, false
		if d.buf[2] != version {
			d.counters.Unknown++
			continue
		}
		handle(d.frame())
	}
}

// align drops bytes until the buffer starts like a frame.
func (d *Decoder) align() {
	i := 0
	for i < d.n && !d.startsAt(i) {
		i++
	}
	if i > 0 {
		d.skip(i)
	}
}

func (d *Decoder) startsAt(i int) bool {
	return d.buf[i] == sync0 && (i+1 == d.n || d.buf[i+1] == sync1)
}

func (d *Decoder) skip(n int) {
	if !d.astray {
		d.astray = true
		d.counters.Garbled++
	}
	d.counters.Skipped += uint64(n)
	d.n = copy(d.buf[:], d.buf[n:d.n])
}

// frame takes the good frame in the buffer apart.
func (d *Decoder) frame() Frame {
	b := &d.buf
	f := Frame{
		Flags:   Flags(b[3]),
		Seq:     binary.LittleEndian.Uint16(b[4:]),
		Channel: Channel(b[6]),
		Value:   binary.LittleEndian.Uint16(b[8:]),
	}
	for i := range f.Samples {
		f.Samples[i] = int16(binary.LittleEndian.Uint16(b[10+2*i:]))
	}
	if d.started {
		f.Lost = int(f.Seq - d.last - 1)
	}
	d.started, d.last = true, f.Seq
	d.counters.Good++
	d.counters.Lost += uint64(f.Lost)
	return f
}

func checksumOK(b *[FrameSize]byte) bool {
	return crc16(b[2:FrameSize-2]) == binary.LittleEndian.Uint16(b[FrameSize-2:])
}

// crc16 is CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, not reflected,
// "123456789" gives 0x29B1. Nibble by nibble is fast enough for 20 kB/s and
// needs only a small table.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc = crc<<4 ^ nibbles[byte(crc>>12)^c>>4]
		crc = crc<<4 ^ nibbles[byte(crc>>12)^c&0x0F]
	}
	return crc
}

var nibbles = [16]uint16{
	0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7,
	0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
}
