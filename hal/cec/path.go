package cec

import "encoding/binary"

// What others say of the picture that is shown.
const (
	routingChange      = 0x80 // from, to
	routingInformation = 0x81
	standby            = 0x36
)

// Path returns the physical address of the picture that the TV shows, or of the
// way to it, as others have told since we last claimed to be it, and false when
// nobody has. 0.0.0.0 is the TV's own tuner. It needs Follow. Many TVs tell
// nothing when their user takes an input without CEC.
func (a *Adapter) Path() (address uint16, known bool) {
	a.pathTurn.Lock()
	defer a.pathTurn.Unlock()
	return a.path, a.pathKnown
}

func (a *Adapter) setPath(address uint16, known bool) {
	a.pathTurn.Lock()
	defer a.pathTurn.Unlock()
	a.path, a.pathKnown = address, known
}

// trace takes in what others say of the picture that is shown.
func (a *Adapter) trace(m Message) {
	at := 1 // where the address stands
	switch m.Body[0] {
	case routingChange:
		at = 3
	case routingInformation, activeSource, setStreamPath:
	case standby:
		if m.To == Broadcast {
			a.setPath(0, false)
		}
		return
	default:
		return
	}
	if m.To == Broadcast && len(m.Body) >= at+2 {
		a.setPath(binary.BigEndian.Uint16(m.Body[at:]), true)
	}
}

// say takes in that we claim to be the active source: unless the TV has said so
// itself, nobody knows what becomes of it.
func (a *Adapter) say(body []byte) {
	if body[0] != activeSource || len(body) < 3 {
		return
	}
	if path, known := a.Path(); known && path != binary.BigEndian.Uint16(body[1:]) {
		a.setPath(0, false)
	}
}
