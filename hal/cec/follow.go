package cec

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"stationbox/hal"
)

// The messages Follow knows.
const (
	featureAbort   = 0x00
	activeSource   = 0x82
	requestActive  = 0x85
	setStreamPath  = 0x86
	givePower      = 0x8F
	reportPower    = 0x90
	powerOn        = 0x00
	unknownOpcode  = 0x00 // reason of a refusal
	followerPause  = time.Second
	streamPathSize = 3
)

// Follow answers what others ask a playback device until ctx ends, and returns
// nil then. It needs Opts.Follow. We are always on; we are the active source when
// showing says so, or when the TV's user has chosen our input; the rest is
// refused in the way the standard asks for. A TV that gets no answer to these
// questions may turn away from our input.
func (a *Adapter) Follow(ctx context.Context, showing func() bool) error {
	for {
		m, err := a.Receive(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, hal.ErrSilent):
		case err != nil:
			rest(ctx, followerPause)
		default:
			a.trace(m)
			a.answer(ctx, m, showing)
		}
	}
}

// answer sends what m wants; an answer that is not taken is not repeated.
func (a *Adapter) answer(ctx context.Context, m Message, showing func() bool) {
	switch op := m.Body[0]; {
	case op == givePower && m.To != Broadcast:
		_ = a.Send(ctx, m.From, reportPower, powerOn)
	case op == requestActive && showing():
		a.show(ctx, nil)
	case op == setStreamPath && len(m.Body) >= streamPathSize:
		a.show(ctx, m.Body[1:3])
	case m.To == Broadcast, m.From == Unregistered, op == featureAbort, op == reportPower:
	default:
		_ = a.Send(ctx, m.From, featureAbort, op, unknownOpcode)
	}
}

// show says that we are the active source, if path is ours or nil.
func (a *Adapter) show(ctx context.Context, path []byte) {
	p, err := a.PhysicalAddress(ctx)
	if err != nil || path != nil && binary.BigEndian.Uint16(path) != p {
		return
	}
	_ = a.Send(ctx, Broadcast, activeSource, byte(p>>8), byte(p))
}
