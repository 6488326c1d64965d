package psi

import (
	"encoding/binary"
	"fmt"

	"periph.io/x/conn/v3/physic"
)

// NIT is the network information table of the network that is received.
type NIT struct {
	Network uint16 // network_id
	Name    string
	Streams []Stream
	// Nonsense counts the satellite descriptors with digits that are none, or with a
	// place or a frequency that cannot be; their streams have no Satellite.
	Nonsense int
}

// Stream is one transport stream of a network and, when it is said, where it is
// to be received.
type Stream struct {
	ID        uint16 // transport_stream_id
	Network   uint16 // original_network_id
	Satellite *Satellite
}

// Satellite is a satellite_delivery_system_descriptor.
type Satellite struct {
	Frequency    physic.Frequency // from the satellite, in steps of 10 kHz
	Orbit        Orbit
	Polarization Polarization
	SymbolRate   int  // symbols a second, in steps of 100
	S2           bool // DVB-S2
}

// Orbit is a place over the equator in tenths of a degree, positive east.
type Orbit int16

// String returns o as people write it: 115.5E, 40.6W.
func (o Orbit) String() string {
	side := 'E'
	if o < 0 {
		o, side = -o, 'W'
	}
	return fmt.Sprintf("%d.%d%c", o/10, o%10, side)
}

// Polarization is the direction in which a wave swings, as the descriptor
// numbers it.
type Polarization byte

// The polarizations.
const (
	Horizontal Polarization = iota
	Vertical
	Left
	Right
)

// String returns H, V, L or R.
func (p Polarization) String() string { return string("HVLR"[p&3]) }

// ParseNIT reads the sections of a NIT. One that contradicts its own lengths is
// hal.ErrGarbled.
func ParseNIT(sections []Section) (NIT, error) {
	var n NIT
	for _, s := range sections {
		if s.Table != TableNIT || !s.Long {
			return NIT{}, garbled("NIT: table %02x", s.Table)
		}
		n.Network = s.ID
		if err := n.read(s.Body); err != nil {
			return NIT{}, fmt.Errorf("NIT: %w", err)
		}
	}
	return n, nil
}

func (n *NIT) read(b []byte) error {
	inside, rest, err := block(b)
	if err != nil {
		return err
	}
	err = descriptors(inside, func(tag byte, d []byte) error {
		if tag == tagNetworkName {
			n.Name = Text(d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	streams, _, err := block(rest)
	for err == nil && len(streams) > 0 {
		streams, err = n.stream(streams)
	}
	return err
}

// stream reads the first stream in b and returns the rest.
func (n *NIT) stream(b []byte) (rest []byte, err error) {
	if len(b) < 6 {
		return nil, garbled("%d bytes for a stream", len(b))
	}
	s := Stream{ID: binary.BigEndian.Uint16(b), Network: binary.BigEndian.Uint16(b[2:])}
	inside, rest, err := block(b[4:])
	if err != nil {
		return nil, err
	}
	err = descriptors(inside, func(tag byte, d []byte) error {
		if tag != tagSatellite {
			return nil
		}
		var err error
		if s.Satellite, err = satellite(d); err != nil {
			n.Nonsense++
		}
		return nil
	})
	n.Streams = append(n.Streams, s)
	return rest, err
}

// satellite reads
//
//	frequency 32 bits BCD, GHz with 5 decimals; place 16 bits BCD, degrees with 1;
//	east 1, polarization 2, roll-off 2, S2 1, modulation 2;
//	symbol rate 28 bits BCD, MSym/s with 4 decimals; inner FEC 4
func satellite(d []byte) (*Satellite, error) {
	if len(d) < 11 {
		return nil, garbled("satellite descriptor of %d bytes", len(d))
	}
	tens, err := bcd(d[:4])
	if err != nil {
		return nil, err
	}
	place, err := bcd(d[4:6])
	if err != nil {
		return nil, err
	}
	// The last of the eight half bytes is the code rate.
	rate, err := bcd([]byte{d[7], d[8], d[9], d[10] & 0xF0})
	if err != nil {
		return nil, err
	}
	if place > 1800 || tens < 1e5 {
		return nil, garbled("a satellite at %d.%d° that sends on %d0 kHz", place/10, place%10, tens)
	}
	s := &Satellite{
		Frequency:    physic.Frequency(tens) * 10 * physic.KiloHertz,
		Orbit:        Orbit(-place),
		Polarization: Polarization(d[6] >> 5 & 3),
		S2:           d[6]&4 != 0,
		SymbolRate:   rate / 10 * 100,
	}
	if d[6]&0x80 != 0 {
		s.Orbit = Orbit(place)
	}
	return s, nil
}

// Position returns the place in the sky that the network names for the stream
// with this id, or, when it does not name the stream, the place on which all of
// its streams agree. It is false when there is none. Broadcasters get this wrong
// now and then, above all after a move to another satellite: a difference is a
// reason to look at the names of the services too, not a proof.
func (n NIT) Position(stream uint16) (Orbit, bool) {
	var all Orbit
	known, agree := false, true
	for _, s := range n.Streams {
		if s.Satellite == nil {
			continue
		}
		if s.ID == stream {
			return s.Satellite.Orbit, true
		}
		if known && s.Satellite.Orbit != all {
			agree = false
		}
		all, known = s.Satellite.Orbit, true
	}
	if !known || !agree {
		return 0, false
	}
	return all, true
}
