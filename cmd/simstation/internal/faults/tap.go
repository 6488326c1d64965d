package faults

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"stationbox/hal/sim/wire"
)

// frameLen is the length of a frame of the front end; its samples are bytes 10
// to 49, its number is at 4, its CRC over 2..49 at 50.
const frameLen = 52

// flow is what a tap does to the stream until told otherwise.
type flow uint8

const (
	flowing  flow = iota
	silent        // nothing comes
	replayed      // the last good frame comes again and again, byte for byte
	repeated      // its samples come again and again, in frames that are right
	stuck         // all samples have one value, in frames that are right
	noisy         // every frame has wrong bits
	gappy         // each nth frame is missing
	spotty        // each nth frame has wrong bits
)

// tap is a hand on the front end's wire: it spoils what the front end sends.
type tap struct {
	*wire.PTY
	now func() time.Duration

	mu       sync.Mutex
	rng      *rand.Rand
	flow     flow
	value    int16 // of stuck
	nth      int   // of gappy and spotty
	count    int
	drop     int    // further frames to lose
	flip     int    // further frames to get wrong bits
	truncate int    // further frames to be cut
	rubbish  []byte // to come before the next frame
	last     [frameLen]byte
	good     time.Duration // when a frame last went through as it was
}

// set begins a flow; n is the value of stuck, or which frames are gappy or spotty.
func (t *tap) set(f flow, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flow, t.value, t.nth, t.count = f, int16(n), max(n, 1), 0
}

// once spoils the next frames: so many lost, with wrong bits, cut, and rubbish
// before them.
func (t *tap) once(drop, flip, truncate int, rubbish []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop, t.flip, t.truncate, t.rubbish = drop, flip, truncate, rubbish
}

// lastGood returns when a frame last went through as it was.
func (t *tap) lastGood() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.good
}

// Write passes frames on as far as the tap lets them.
func (t *tap) Write(b []byte) (int, error) {
	out := t.spoil(b)
	if len(out) == 0 {
		return len(b), nil
	}
	if _, err := t.PTY.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (t *tap) spoil(b []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]byte, 0, len(b)+len(t.rubbish))
	for ; len(b) >= frameLen; b = b[frameLen:] {
		var frame [frameLen]byte
		copy(frame[:], b)
		out = append(out, t.rubbish...)
		t.rubbish = nil
		out = append(out, t.frame(&frame)...)
	}
	return out
}

// frame returns what becomes of one frame.
func (t *tap) frame(f *[frameLen]byte) []byte {
	t.count++
	nth := t.count%t.nth == 0
	switch {
	case t.flow == silent, t.flow == gappy && nth:
		return nil
	case t.flow == replayed:
		*f = t.last
		return f[:]
	case t.flow == repeated:
		copy(f[10:50], t.last[10:50])
		return seal(f)
	case t.flow == stuck:
		for i := 10; i < 50; i += 2 {
			binary.LittleEndian.PutUint16(f[i:], uint16(t.value))
		}
		return seal(f)
	case t.flow == noisy, t.flow == spotty && nth:
		return t.garble(f)
	case t.drop > 0:
		t.drop--
		return nil
	case t.flip > 0:
		t.flip--
		return t.garble(f)
	case t.truncate > 0:
		t.truncate--
		return f[:1+t.rng.IntN(frameLen-1)]
	}
	t.last, t.good = *f, t.now()
	return f[:]
}

// garble turns one to three different bits, which a CRC finds.
func (t *tap) garble(f *[frameLen]byte) []byte {
	for _, bit := range t.rng.Perm(8 * frameLen)[:1+t.rng.IntN(3)] {
		f[bit/8] ^= 1 << (bit % 8)
	}
	return f[:]
}

// seal makes the CRC right: CRC-16/CCITT-FALSE.
func seal(f *[frameLen]byte) []byte {
	crc := uint16(0xFFFF)
	for _, x := range f[2:50] {
		crc ^= uint16(x) << 8
		for range 8 {
			carry := crc & 0x8000
			crc <<= 1
			if carry != 0 {
				crc ^= 0x1021
			}
		}
	}
	binary.LittleEndian.PutUint16(f[50:], crc)
	return f[:]
}
