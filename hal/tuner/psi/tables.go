package psi

import (
	"encoding/binary"
)

// PAT is the programme association table of one transport stream.
type PAT struct {
	Stream   uint16 // transport_stream_id
	Programs []Program
	NIT      uint16 // PID of the network table, 0 when it is not said
}

// Program is one programme and the PID of its map.
type Program struct {
	Number uint16
	Map    uint16
}

// pidMask has the bits of a PID.
const pidMask = 0x1FFF

// ParsePAT reads the sections of a PAT, as a Collector returns them.
func ParsePAT(sections []Section) (PAT, error) {
	var p PAT
	for _, s := range sections {
		if s.Table != TablePAT || !s.Long || len(s.Body)%4 != 0 {
			return PAT{}, garbled("PAT: table %02x with %d bytes", s.Table, len(s.Body))
		}
		p.Stream = s.ID
		for b := s.Body; len(b) > 0; b = b[4:] {
			number, pid := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])&pidMask
			if number == 0 {
				p.NIT = pid
				continue
			}
			p.Programs = append(p.Programs, Program{Number: number, Map: pid})
		}
	}
	return p, nil
}

// SDT is the service description table of one transport stream.
type SDT struct {
	Stream   uint16 // transport_stream_id
	Network  uint16 // original_network_id
	Services []Service
}

// Service is one channel.
type Service struct {
	ID        uint16
	Type      byte // 1 television, 2 radio, 0x19 and 0x1F HD television …; 0 unknown
	Running   bool // or not said
	Scrambled bool
	Provider  string
	Name      string
}

// ParseSDT reads the sections of an SDT.
func ParseSDT(sections []Section) (SDT, error) {
	var t SDT
	for _, s := range sections {
		if s.Table != TableSDT || !s.Long || len(s.Body) < 3 {
			return SDT{}, garbled("SDT: table %02x with %d bytes", s.Table, len(s.Body))
		}
		t.Stream, t.Network = s.ID, binary.BigEndian.Uint16(s.Body)
		for b := s.Body[3:]; len(b) > 0; {
			one, rest, err := service(b)
			if err != nil {
				return SDT{}, err
			}
			t.Services = append(t.Services, one)
			b = rest
		}
	}
	return t, nil
}

// The running_status values under which nothing is to be seen.
const (
	notRunning = 1
	offAir     = 5
)

func service(b []byte) (s Service, rest []byte, err error) {
	if len(b) < 5 {
		return s, nil, garbled("SDT: %d bytes for a service", len(b))
	}
	status := b[3] >> 5
	s.ID = binary.BigEndian.Uint16(b)
	s.Running, s.Scrambled = status != notRunning && status != offAir, b[3]&0x10 != 0
	inside, rest, err := block(b[3:])
	if err != nil {
		return s, nil, err
	}
	return s, rest, descriptors(inside, func(tag byte, d []byte) error {
		if tag != tagService {
			return nil
		}
		return s.describe(d)
	})
}

// describe reads a service descriptor: type, provider, name.
func (s *Service) describe(d []byte) error {
	if len(d) < 3 {
		return garbled("SDT: service descriptor of %d bytes", len(d))
	}
	s.Type = d[0]
	provider, rest, ok := counted(d[1:])
	if !ok {
		return garbled("SDT: provider longer than its descriptor")
	}
	name, _, ok := counted(rest)
	if !ok {
		return garbled("SDT: name longer than its descriptor")
	}
	s.Provider, s.Name = Text(provider), Text(name)
	return nil
}

// counted splits off the bytes whose number stands in the byte before them.
func counted(b []byte) (inside, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil, false
	}
	n := 1 + int(b[0])
	return b[1:n], b[n:], true
}

// The descriptors that are read.
const (
	tagNetworkName = 0x40
	tagSatellite   = 0x43
	tagService     = 0x48
	tagTimeOffset  = 0x58
)
