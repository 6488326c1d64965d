package tuner

import (
	"bytes"
	"encoding/binary"
	"strings"

	"periph.io/x/conn/v3/physic"
)

// word is the size of a pointer, on which two structures of the kernel depend.
type word uintptr

// The directions of a request that carries a structure.
const (
	toKernel   = 1
	fromKernel = 2
)

// ioc is the number of a request: direction, size, 'o' for DVB, number.
func ioc(direction, number uint32, size uintptr) uint32 {
	return direction<<30 | uint32(size)<<16 | 'o'<<8 | number
}

// The requests of linux/dvb/frontend.h and dmx.h that do not depend on the
// machine; TestHeader asks the C compiler whether they are right.
const (
	getInfo       = 0x80a86f3d // struct dvb_frontend_info
	resetOverload = 0x00006f3e
	sendDiSEqC    = 0x40076f3f // struct dvb_diseqc_master_cmd
	sendBurst     = 0x00006f41 // by value, as the next two
	setTone       = 0x00006f42
	setVoltage    = 0x00006f43
	readStatus    = 0x80046f45 // u32
	setBuffer     = 0x00006f2d // by value
	setFilter     = 0x403c6f2b // struct dmx_sct_filter_params
	setPESFilter  = 0x40146f2c // struct dmx_pes_filter_params
)

// setProperties and getProperties carry a struct dtv_properties.
func (w word) setProperties() uint32 { return ioc(toKernel, 82, w.sizeProperties()) }
func (w word) getProperties() uint32 { return ioc(fromKernel, 83, w.sizeProperties()) }

func (w word) sizeProperties() uintptr { return 2 * uintptr(w) }

// sizeProperty is that of the packed struct dtv_property: command 4, reserved 12,
// union 48 and a pointer, result 4.
func (w word) sizeProperty() int { return 68 + int(w) }

const (
	sizeInfo   = 168
	sizeDiSEqC = 7
	sizeFilter = 60
	sizePES    = 20
	sizeStat   = 9 // packed: scale, 64 bits

	offUnion  = 16
	offLength = 48 // of the union as a list of bytes

	maxStats = 4
)

// The properties.
const (
	propTune       = 1
	propClear      = 2
	propFrequency  = 3 // kHz behind the LNB
	propModulation = 4
	propInversion  = 6
	propRate       = 8
	propFEC        = 9
	propPilot      = 12
	propRolloff    = 13
	propSystem     = 17
	propVersion    = 35
	propStream     = 42
	propSystems    = 44
	propLevel      = 62
	propCNR        = 63
	propPreErrors  = 64
	propPreBits    = 65
	propPostErrors = 66
	propPostBits   = 67
	propBadBlocks  = 68
	propBlocks     = 69
)

// Values of properties and requests.
const (
	sysDVBS, sysDVBS2               = 5, 6
	inversionAuto                   = 2
	fecAuto                         = 9
	pilotAuto                       = 2
	rolloffAuto                     = 3
	rolloff35                       = 0
	noStream                        = ^uint32(0)
	voltage13, voltage18            = 0, 1
	voltageOff                      = 2
	toneOn, toneOff                 = 0, 1
	scaleNone, scaleDB              = 0, 1
	scaleRelative, scaleCounter     = 2, 3
	startAtOnce                     = 4 // DMX_IMMEDIATE_START
	filterDepth                     = 16
	offFilterMask, offFilterTimeout = 2 + filterDepth, 52
	offFilterFlags                  = 56
	fromFrontend, toDVR             = 0, 2 // DMX_IN_FRONTEND, DMX_OUT_TS_TAP
	anyKind                         = 20   // DMX_PES_OTHER
	wholePID                        = 0x2000
)

// property is struct dtv_property as far as it is sent.
type property struct{ cmd, data uint32 }

// encode lays out what is sent or asked for.
func (w word) encode(props []property) []byte {
	b := make([]byte, len(props)*w.sizeProperty())
	for i, p := range props {
		at := b[i*w.sizeProperty():]
		binary.NativeEndian.PutUint32(at, p.cmd)
		binary.NativeEndian.PutUint32(at[offUnion:], p.data)
	}
	return b
}

// data returns the number in property i of b.
func (w word) data(b []byte, i int) uint32 {
	return binary.NativeEndian.Uint32(b[i*w.sizeProperty()+offUnion:])
}

// list returns the bytes in property i of b.
func (w word) list(b []byte, i int) []byte {
	u := b[i*w.sizeProperty()+offUnion:]
	n := binary.NativeEndian.Uint32(u[offLength-offUnion:])
	return u[:min(n, offLength-offUnion)]
}

// stat is one struct dtv_stats.
type stat struct {
	scale byte
	value int64
}

// stat returns the first statistic in property i of b; one that is not there, or a
// number of them that cannot be, has no scale.
func (w word) stat(b []byte, i int) stat {
	u := b[i*w.sizeProperty()+offUnion:]
	if u[0] < 1 || u[0] > maxStats {
		return stat{}
	}
	return stat{scale: u[1], value: int64(binary.NativeEndian.Uint64(u[2:]))}
}

// encodeFilter is struct dmx_sct_filter_params: the first byte of the filter is
// compared with the table id, the second with the byte behind the length.
func encodeFilter(f Filter) []byte {
	b := make([]byte, sizeFilter)
	binary.NativeEndian.PutUint16(b, f.PID)
	b[2], b[offFilterMask] = f.Table, f.mask()
	binary.NativeEndian.PutUint32(b[offFilterFlags:], startAtOnce)
	return b
}

// encodePES is struct dmx_pes_filter_params: packets of pid go to the dvr as they are.
func encodePES(pid uint16) []byte {
	b := make([]byte, sizePES)
	binary.NativeEndian.PutUint16(b, pid)
	binary.NativeEndian.PutUint32(b[4:], fromFrontend)
	binary.NativeEndian.PutUint32(b[8:], toDVR)
	binary.NativeEndian.PutUint32(b[12:], anyKind)
	binary.NativeEndian.PutUint32(b[16:], startAtOnce)
	return b
}

// encodeDiSEqC is struct dvb_diseqc_master_cmd.
func encodeDiSEqC(frame []byte) []byte {
	b := make([]byte, sizeDiSEqC)
	b[6] = byte(copy(b[:6], frame))
	return b
}

// decodeInfo reads struct dvb_frontend_info.
func decodeInfo(b []byte) Info {
	name, _, _ := bytes.Cut(b[:128], []byte{0})
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }
	return Info{
		Name:   strings.ToValidUTF8(string(name), "\ufffd"),
		Lowest: physic.Frequency(u32(132)) * physic.KiloHertz, Highest: physic.Frequency(u32(136)) * physic.KiloHertz,
		SlowestRate: int(u32(148)), FastestRate: int(u32(152)),
	}
}
