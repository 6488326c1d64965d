package device

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"stationbox/hal/sim/world"
)

// InclineOpts are the options of NewIncline.
type InclineOpts struct {
	Modbus  bool    // an RS-485 model, which waits to be asked
	Address int     // of it, default 0x50
	TempC   float64 // of the chip, default 21.5
	Baud    int     // paces what it says, default 9600; negative: at once
	Seed    uint64  // of the noise and the faults
}

// Incline is a WitMotion inclinometer on the dish: its pitch is the elevation, its
// roll that of the dish, its yaw the azimuth counted the other way around, as the
// models that were seen do. Ten times a second it says
//
//	55 51 ax ay az T, 55 52 turning, 55 53 roll pitch yaw version, 55 54 field
//
// Its own faults: frozen repeats the last values, weightless feels no gravity,
// no_angles says everything else.
type Incline struct {
	serial
	dish    *world.Dish
	modbus  bool
	address byte
	temp    float64

	lock   sync.Mutex
	frozen *inclineWords
	said   int
}

// inclineWords are the registers 34 to 40.
type inclineWords [13]int16

// NewIncline returns an inclinometer on dish at port.
func NewIncline(dish *world.Dish, port Port, o InclineOpts) *Incline {
	n := &Incline{dish: dish, modbus: o.Modbus, address: byte(o.Address), temp: o.TempC}
	if o.Address == 0 {
		n.address = 0x50
	}
	if o.TempC == 0 {
		n.temp = 21.5
	}
	n.port, n.baud = port, max(0, o.Baud)
	if o.Baud == 0 {
		n.baud = 9600
	}
	n.rng = rand.New(rand.NewPCG(o.Seed, 0x3153))
	n.knob = newKnob("incline", plug(port), append(wireKinds(), "frozen", "weightless", "no_angles")...)
	return n
}

// Run talks or answers until ctx ends.
func (n *Incline) Run(ctx context.Context) error {
	if n.modbus {
		return n.serve(ctx, n.handle)
	}
	for sleep(ctx, 100*time.Millisecond) {
		for _, f := range n.frames() {
			n.send(ctx, f)
		}
	}
	return nil
}

// words measures, with the noise of the chip.
func (n *Incline) words() inclineWords {
	n.lock.Lock()
	defer n.lock.Unlock()
	n.said++
	fault := n.FaultName()
	if fault == "frozen" && n.frozen != nil {
		return *n.frozen
	}
	p := n.dish.Pose()
	noise := func(size float64) float64 { return size * n.rng.NormFloat64() }
	wrapped := func(degrees float64) int16 {
		return int16(int64(math.Round(math.Remainder(degrees, 360)/180*32768)) & 0xFFFF)
	}
	sp, cp := math.Sincos(p.Elevation * math.Pi / 180)
	sr, cr := math.Sincos(p.Roll * math.Pi / 180)
	var w inclineWords
	if fault != "weightless" {
		for i, g := range []float64{-sp, cp * sr, cp * cr} {
			w[i] = int16((g + noise(0.002)) * 2048)
		}
	}
	w[9] = wrapped(p.Roll + noise(0.02))
	w[10] = wrapped(p.Elevation + noise(0.02))
	w[11] = wrapped(-p.Azimuth + noise(0.1))
	w[12] = int16(n.temp * 100)
	n.frozen = &w
	return w
}

// frames is what is said in a tenth of a second.
func (n *Incline) frames() [][]byte {
	w := n.words()
	all := [][]byte{
		witFrame(0x51, w[0], w[1], w[2], w[12]),
		witFrame(0x52, w[3], w[4], w[5], 0),
		witFrame(0x53, w[9], w[10], w[11], 0x0D49),
		witFrame(0x54, w[6], w[7], w[8], w[12]),
	}
	if n.FaultName() == "no_angles" {
		all = append(all[:2], all[3])
	}
	return all
}

func witFrame(kind byte, values ...int16) []byte {
	b := []byte{0x55, kind}
	for _, v := range values {
		b = append(b, byte(v), byte(uint16(v)>>8))
	}
	return append(b, byteSum(b))
}

// handle answers function 03 on the registers 34 to 40.
func (n *Incline) handle(got []byte) (used int, answer []byte) {
	if len(got) < 8 || modbusCRC(got[:8]) != 0 {
		return 0, nil
	}
	if got[0] != n.address {
		return 8, nil
	}
	at, count := int(binary.BigEndian.Uint16(got[2:])), int(binary.BigEndian.Uint16(got[4:]))
	w := n.words()
	if got[1] != 3 {
		return 8, sealed([]byte{n.address, got[1] | 0x80, 1})
	}
	if at < 0x34 || count < 1 || at-0x34+count > len(w) {
		return 8, sealed([]byte{n.address, 0x83, 2})
	}
	b := []byte{n.address, 3, byte(2 * count)}
	for _, v := range w[at-0x34 : at-0x34+count] {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	return 8, sealed(b)
}

// String describes n.
func (n *Incline) String() string {
	n.lock.Lock()
	defer n.lock.Unlock()
	return fmt.Sprintf("incline: %d times, fault %s", n.said, n.FaultName())
}
