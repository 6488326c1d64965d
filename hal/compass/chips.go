package compass

import (
	"encoding/binary"
	"fmt"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// Chip is a sort of chip.
type Chip string

// The chips.
const (
	QMC5883L Chip = "qmc5883l"
	HMC5883L Chip = "hmc5883l"
	QMC5883P Chip = "qmc5883p"
)

// model is what the driver knows of a chip.
type model struct {
	chip   Chip
	addr   uint16
	idReg  byte
	id     string
	reset  []byte // register and value; nil: none
	setup  [2][][2]byte
	gauss  [2]float64 // LSB in a gauss, narrow and wide
	status byte       // register
	period time.Duration
	// handshake: reading clears the ready bit, so that it tells a new measurement.
	handshake bool
	block     [2]byte // first register and count of what is read at once
	decode    func(m *model, block []byte) (raw, error)
}

// raw is what a chip says, in its own units, X, Y and Z whatever their order is.
type raw struct {
	axis    [3]int16
	heat    int16 // hundredths of a degree from an unknown zero
	heated  bool
	control [2]byte // read back
	status  byte
}

// The bits of the status registers of all three.
const (
	statusReady    = 1
	statusOverflow = 2 // of QST's two
)

// The gauss is 100 µT.
const gauss = float64(100 * physic.MicroTesla)

// models returns what is known, in the order in which chips are looked for.
func models() []*model {
	return []*model{
		{
			chip: QMC5883L, addr: 0x0D, idReg: 0x0D, id: "\xFF", reset: []byte{0x0A, 0x80},
			setup:  [2][][2]byte{{{0x0B, 0x01}, {0x09, 0x01}}, {{0x0B, 0x01}, {0x09, 0x11}}},
			gauss:  [2]float64{12000, 3000},
			status: 0x06, period: 100 * time.Millisecond, handshake: true,
			block: [2]byte{0x00, 12}, decode: decodeQMC5883L,
		},
		{
			chip: HMC5883L, addr: 0x1E, idReg: 0x0A, id: "H43",
			setup:  [2][][2]byte{{{0x00, 0x70}, {0x01, 0x20}, {0x02, 0x00}}, {{0x00, 0x70}, {0x01, 0xE0}, {0x02, 0x00}}},
			gauss:  [2]float64{1090, 230},
			status: 0x09, period: 67 * time.Millisecond,
			block: [2]byte{0x00, 13}, decode: decodeHMC5883L,
		},
		{
			chip: QMC5883P, addr: 0x2C, idReg: 0x00, id: "\x80", reset: []byte{0x0B, 0x80},
			setup:  [2][][2]byte{{{0x29, 0x06}, {0x0B, 0x0C}, {0x0A, 0x03}}, {{0x29, 0x06}, {0x0B, 0x08}, {0x0A, 0x03}}},
			gauss:  [2]float64{15000, 3750},
			status: 0x09, period: 100 * time.Millisecond, handshake: true,
			block: [2]byte{0x00, 12}, decode: decodeQMC5883P,
		},
	}
}

// modelOf finds what is known of chip.
func modelOf(chip Chip) (*model, error) {
	for _, m := range models() {
		if m.chip == chip {
			return m, nil
		}
	}
	return nil, fmt.Errorf("compass %q: no such chip: want %s, %s or %s", string(chip), QMC5883L, HMC5883L, QMC5883P)
}

// wanted are the two control registers of setup, in the order of raw.control.
func (m *model) wanted(wide int) [2]byte {
	s := m.setup[wide]
	if m.chip == HMC5883L {
		return [2]byte{s[1][1], s[2][1]}
	}
	return [2]byte{s[len(s)-2][1], s[len(s)-1][1]}
}

// decodeQMC5883L reads registers 00 to 0B: X Y Z low byte first, status, heat, control
// 09, 0A, and 0B.
func decodeQMC5883L(_ *model, b []byte) (raw, error) {
	r := raw{status: b[6], control: [2]byte{b[0x0B], b[9]}, heat: little(b[7:]), heated: true}
	for i := range r.axis {
		r.axis[i] = little(b[2*i:])
	}
	return r, r.saturated()
}

// decodeQMC5883P reads registers 00 to 0B: id, X Y Z low byte first, two unknown,
// status, control 0A and 0B.
func decodeQMC5883P(m *model, b []byte) (raw, error) {
	r := raw{status: b[9], control: [2]byte{b[0x0B], b[0x0A]}}
	for i := range r.axis {
		r.axis[i] = little(b[1+2*i:])
	}
	if string(b[:1]) != m.id {
		return r, fmt.Errorf("id %02x: %w", b[0], hal.ErrGarbled)
	}
	return r, r.saturated()
}

// The range of an HMC5883L has twelve bits; an axis beyond says so by a number.
const (
	hmcOverflow = -4096
	hmcMost     = 2047
)

// decodeHMC5883L reads registers 00 to 0C: control A, control B, mode, X Z Y high byte
// first, status, id.
func decodeHMC5883L(m *model, b []byte) (raw, error) {
	big := func(i int) int16 { return int16(binary.BigEndian.Uint16(b[i:])) }
	r := raw{axis: [3]int16{big(3), big(7), big(5)}, status: b[9] & statusReady, control: [2]byte{b[1], b[2]}}
	if string(b[0x0A:0x0D]) != m.id {
		return r, fmt.Errorf("id % x: %w", b[0x0A:0x0D], hal.ErrGarbled)
	}
	for _, v := range r.axis {
		if v == hmcOverflow {
			return r, ErrOverflow
		}
		if v > hmcMost || v < -hmcMost-1 {
			return r, fmt.Errorf("%d from a converter of 12 bits: %w", v, hal.ErrGarbled)
		}
	}
	return r, nil
}

// saturated is the overflow of a chip that should have said so by its flag.
func (r raw) saturated() error {
	if r.status&statusOverflow != 0 {
		return ErrOverflow
	}
	for _, v := range r.axis {
		if v == 32767 || v == -32768 {
			return ErrOverflow
		}
	}
	return nil
}

func little(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) }

// errLost means that a chip does not have its settings any more.
var errLost = fmt.Errorf("has lost its settings, in a dip of its supply or by a spark: %w", hal.ErrGarbled)
