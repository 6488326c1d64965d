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

// MeterOpts are the options of NewMeter.
type MeterOpts struct {
	Address int    // 1..247, default 1
	Baud    int    // paces the answers, default 9600; negative: at once
	EchoAny bool   // answers requests to F8 as F8, not as Address
	Seed    uint64 // of the gain error and the faults
}

// Meter is a PZEM-004T v3 on the line side of the contactor: Modbus RTU,
// functions 03, 04, 06 and 42. It is fed by what it measures: without mains it
// is silent; above 260 V it goes on saying 260.0 V.
//
//	read all > 01 04 00 00 00 0A 70 0D
//	         < 01 04 14 V I I P P E E Hz PF alarm crc     32 bits: low word first
type Meter struct {
	serial
	world   *world.World
	echoAny bool
	gain    float64

	mu        sync.Mutex
	address   byte
	threshold uint16 // W
	zeroWh    float64
	frozen    []byte // what a frozen meter goes on saying
	requests  int
}

// The range of the meter.
const (
	meterMinVolts = 80
	meterMaxVolts = 260
	meterAny      = 0xF8
	meterThinks   = 20 * time.Millisecond
)

// NewMeter returns a meter at port. Its own fault is frozen: the values stand.
func NewMeter(w *world.World, port Port, o MeterOpts) *Meter {
	m := &Meter{world: w, echoAny: o.EchoAny, address: byte(o.Address), threshold: 23000}
	if o.Address == 0 {
		m.address = 1
	}
	m.port, m.baud = port, max(0, o.Baud)
	if o.Baud == 0 {
		m.baud = 9600
	}
	m.rng = rand.New(rand.NewPCG(o.Seed, 0x02e4))
	m.gain = 1 + 0.004*(m.rng.Float64()-0.5)
	m.knob = newKnob("meter", plug(port), append(wireKinds(), "frozen")...)
	return m
}

// Run answers until ctx ends.
func (m *Meter) Run(ctx context.Context) error {
	return m.serve(ctx, func(got []byte) (int, []byte) {
		used, answer := m.handle(got)
		if answer != nil && !sleep(ctx, meterThinks) {
			return used, nil
		}
		return used, answer
	})
}

// handle takes the bytes since the last lull for one frame if their CRC says
// so; else it waits for more, until the lull forgets them.
func (m *Meter) handle(got []byte) (used int, answer []byte) {
	if len(got) < 4 || modbusCRC(got) != 0 {
		return 0, nil
	}
	used = len(got)
	snap := m.world.Snapshot()
	if snap.Mains.Volts < meterMinVolts {
		return used, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	to := got[0]
	if to != m.address && to != meterAny && to != 0 {
		return used, nil
	}
	m.requests++
	body := m.do(got[1:len(got)-2], snap)
	if to == 0 {
		return used, nil
	}
	from := m.address
	if to == meterAny && m.echoAny {
		from = meterAny
	}
	return used, sealed(append([]byte{from}, body...))
}

// do obeys one request, function first, and returns the answer, function first.
func (m *Meter) do(req []byte, snap world.Snapshot) []byte {
	fn := req[0]
	switch {
	case fn == 0x42 && len(req) == 1:
		m.zeroWh = snap.EnergyWh
		return req
	case len(req) == 5 && (fn == 4 || fn == 3):
		at, n := binary.BigEndian.Uint16(req[1:]), binary.BigEndian.Uint16(req[3:])
		regs := m.inputs(snap)
		if fn == 3 {
			regs = m.holdings()
		}
		if n == 0 || int(at)+int(n) > len(regs)/2 {
			return []byte{fn | 0x80, 2}
		}
		return append([]byte{fn, byte(2 * n)}, regs[2*at:2*(at+n)]...)
	case len(req) == 5 && fn == 6:
		return m.set(req)
	}
	return []byte{fn | 0x80, 1}
}

func (m *Meter) set(req []byte) []byte {
	value := binary.BigEndian.Uint16(req[3:])
	switch reg := binary.BigEndian.Uint16(req[1:]); {
	case reg == 1:
		m.threshold = value
	case reg == 2 && (value == 0 || value > 0xF7):
		return []byte{6 | 0x80, 3}
	case reg == 2:
		m.address = byte(value)
	default:
		return []byte{6 | 0x80, 2}
	}
	return req
}

// holdings returns the three holding registers, of which 0 means nothing.
func (m *Meter) holdings() []byte {
	b := make([]byte, 0, 6)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint16(b, m.threshold)
	return binary.BigEndian.AppendUint16(b, uint16(m.address))
}

// inputs returns the ten input registers.
func (m *Meter) inputs(snap world.Snapshot) []byte {
	if m.FaultName() == "frozen" && m.frozen != nil {
		return m.frozen
	}
	volts := min(snap.Mains.Volts*m.gain, meterMaxVolts)
	watts := snap.TotalWatts * m.gain
	factor := 0.0
	if va := snap.Mains.Volts * snap.TotalAmps; va > 0.1 {
		factor = min(1, snap.TotalWatts/va)
	}
	alarm := uint16(0)
	if watts > float64(m.threshold) {
		alarm = 0xFFFF
	}
	b := make([]byte, 0, 20)
	b = binary.BigEndian.AppendUint16(b, uint16(math.Round(volts*10)))
	b = lowWordFirst(b, snap.TotalAmps*m.gain*1000)
	b = lowWordFirst(b, watts*10)
	b = lowWordFirst(b, math.Floor(snap.EnergyWh-m.zeroWh))
	b = binary.BigEndian.AppendUint16(b, uint16(math.Round(snap.Mains.Hz*10)))
	b = binary.BigEndian.AppendUint16(b, uint16(math.Round(factor*100)))
	b = binary.BigEndian.AppendUint16(b, alarm)
	m.frozen = b
	return b
}

func lowWordFirst(b []byte, v float64) []byte {
	x := uint32(max(0, math.Round(v)))
	b = binary.BigEndian.AppendUint16(b, uint16(x))
	return binary.BigEndian.AppendUint16(b, uint16(x>>16))
}

// sealed appends the CRC, low byte first.
func sealed(frame []byte) []byte {
	return binary.LittleEndian.AppendUint16(frame, modbusCRC(frame))
}

// modbusCRC is CRC-16 with polynomial A001 reflected, bit by bit; over a frame
// with its CRC it is 0.
func modbusCRC(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, x := range b {
		crc ^= uint16(x)
		for range 8 {
			odd := crc & 1
			crc >>= 1
			if odd != 0 {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// String describes m.
func (m *Meter) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprintf("meter: address %d, %d requests, fault %s", m.address, m.requests, m.FaultName())
}
