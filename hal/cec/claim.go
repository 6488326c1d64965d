package cec

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"stationbox/hal"
)

// pace is the pause between two looks at an address that is being claimed.
const pace = 20 * time.Millisecond

// ready returns the address to send from, claiming one when we have none. It is
// Unregistered when the kernel knows no physical address.
func (a *Adapter) ready(ctx context.Context) (byte, error) {
	l, err := a.logAddrs()
	if err == nil && l.count == 0 { // somebody has taken the configuration away
		if err = a.claim(ctx); err == nil {
			l, err = a.logAddrs()
		}
	}
	if err != nil {
		return 0, err
	}
	if l.addr != noLogAddr {
		return l.addr, nil
	}
	p, err := a.physAddr()
	if err != nil || p == NoAddress {
		return Unregistered, err
	}
	return a.claimed(ctx)
}

// claim asks for the address of a playback device, unless we have it already.
func (a *Adapter) claim(ctx context.Context) error {
	l, err := a.logAddrs()
	if err != nil {
		return fmt.Errorf("addresses: %w", err)
	}
	name := a.opts.Name[:min(len(a.opts.Name), maxName)]
	if l.count == 1 && l.kind == playback && l.name == name {
		return nil
	}
	if l.count > 0 {
		if err := a.ioctl(setLogAddrs, encodeClaim("")); err != nil {
			return fmt.Errorf("give back addresses: %w", err)
		}
	}
	if err := a.ioctl(setLogAddrs, encodeClaim(name)); err != nil {
		return fmt.Errorf("claim an address: %w", err)
	}
	p, err := a.physAddr()
	if err != nil || p == NoAddress {
		return err // claimed by the kernel when the hot-plug signal comes
	}
	_, err = a.claimed(ctx)
	return err
}

// claimed waits until the kernel has asked the wire for a free address.
func (a *Adapter) claimed(ctx context.Context) (byte, error) {
	for {
		l, err := a.logAddrs()
		if err != nil || l.addr != noLogAddr {
			return l.addr, err
		}
		if p, err := a.physAddr(); err != nil || p == NoAddress {
			return Unregistered, err
		}
		if !rest(ctx, pace) {
			return 0, fmt.Errorf("no address could be claimed: %w", hal.ErrSilent)
		}
	}
}

// rest waits for d and reports whether ctx let it.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (a *Adapter) physAddr() (uint16, error) {
	b := make([]byte, 2)
	if err := a.ioctl(getPhysAddr, b); err != nil {
		return NoAddress, err
	}
	return binary.NativeEndian.Uint16(b), nil
}

func (a *Adapter) logAddrs() (logAddrs, error) {
	b := make([]byte, sizeLogAddrs)
	if err := a.ioctl(getLogAddrs, b); err != nil {
		return logAddrs{}, err
	}
	return decodeLogAddrs(b), nil
}
