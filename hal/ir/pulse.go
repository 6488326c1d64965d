package ir

// train is a row of marks and spaces in microseconds.
type train struct{ d []uint32 }

// mark adds light, space adds darkness; what follows its like is joined to it.
func (t *train) mark(us uint32)  { t.add(us, 0) }
func (t *train) space(us uint32) { t.add(us, 1) }

func (t *train) add(us uint32, parity int) {
	switch n := len(t.d); {
	case n%2 == parity:
		t.d = append(t.d, us)
	case n > 0: // darkness before the first mark is nothing
		t.d[n-1] += us
	}
}

// done returns the row without darkness at its end.
func (t *train) done() []uint32 {
	return t.d[:len(t.d)-1+len(t.d)%2]
}

// NEC: bits by the length of the darkness after a mark, 562.5 µs the unit.
const (
	necUnit = 563
	necLong = 1688
)

// distance sends n bits of v, the lowest first, by the darkness after each mark.
func (t *train) distance(v uint32, n int, unit, long uint32) {
	for i := range n {
		t.mark(unit)
		if v>>i&1 != 0 {
			t.space(long)
			continue
		}
		t.space(unit)
	}
}

func nec(t *train, s uint32, _ bool)  { t.nec(s>>8, ^(s >> 8), s) }
func necx(t *train, s uint32, _ bool) { t.nec(s>>16, s>>8, s) }

// nec sends two bytes of address, the command and its complement.
func (t *train) nec(address, address2, command uint32) {
	t.mark(9000)
	t.space(4500)
	for _, b := range []uint32{address, address2, command, ^command} {
		t.distance(b&0xFF, 8, necUnit, necLong)
	}
	t.mark(necUnit)
}

// samsung32 sends 32 bits as they are written, the highest first.
func samsung32(t *train, s uint32, _ bool) {
	t.mark(4500)
	t.space(4500)
	for i := 31; i >= 0; i-- {
		t.distance(s>>i&1, 1, 560, 1690)
	}
	t.mark(560)
}

// sony returns SIRC with that many bits of device and of extension: bits by the
// length of the mark.
func sony(device, extension int) func(*train, uint32, bool) {
	return func(t *train, s uint32, _ bool) {
		t.mark(2400)
		for _, part := range [][2]int{{7, 0}, {device, 16}, {extension, 8}} {
			for i := range part[0] {
				t.space(600)
				t.mark(600 + 600*(s>>(part[1]+i)&1))
			}
		}
	}
}

// rc5 sends two start bits, the second being the complement of the command's
// seventh bit, toggle, five bits of system and six of command, 889 µs a half.
func rc5(t *train, s uint32, toggle bool) {
	bits := uint32(1)<<13 | (^s>>6&1)<<12 | bit(toggle)<<11 | (s >> 8 & 0x1F << 6) | s&0x3F
	for i := 13; i >= 0; i-- {
		t.halves(bits>>i&1 == 0, 889)
	}
}

// rc6 sends mode 0: leader, start bit, mode, toggle of double length, 16 bits.
func rc6(t *train, s uint32, toggle bool) {
	const unit = 444
	t.mark(2667)
	t.space(889)
	for _, one := range []bool{true, false, false, false} {
		t.halves(one, unit)
	}
	t.halves(toggle, 2*unit)
	for i := 15; i >= 0; i-- {
		t.halves(s>>i&1 != 0, unit)
	}
}

// halves sends one bit of two halves, light first or darkness first.
func (t *train) halves(lightFirst bool, us uint32) {
	if lightFirst {
		t.mark(us)
		t.space(us)
		return
	}
	t.space(us)
	t.mark(us)
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
