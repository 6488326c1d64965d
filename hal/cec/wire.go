package cec

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

const (
	// answerTime is how long a device may take for an answer: at most 1 s by the
	// specification.
	answerTime = time.Second
	// refusalTime is how long a refusal is waited for after a message that has no
	// answer.
	refusalTime = 400 * time.Millisecond
)

// PhysicalAddress returns where we are in the tree of cables: 0x1000, "1.0.0.0",
// is the first HDMI input of the TV. Without a hot-plug signal it is hal.ErrSilent.
func (a *Adapter) PhysicalAddress(ctx context.Context) (uint16, error) {
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	if err := a.take(ctx); err != nil {
		return NoAddress, err
	}
	defer a.give()
	p, err := a.physAddr()
	if err == nil && p == NoAddress {
		err = explain(unix.ENONET)
	}
	if err != nil {
		return NoAddress, fmt.Errorf("cec: physical address: %w", err)
	}
	return p, nil
}

// Send transmits body, opcode and operands, to one device or to Broadcast. No
// error means acknowledged, and, for one device, not refused within 400 ms.
func (a *Adapter) Send(ctx context.Context, to byte, body ...byte) error {
	wait := refusalTime
	if to == Broadcast {
		wait = 0
	}
	_, err := a.transact(ctx, to, body, noReply, wait)
	return err
}

// Ask transmits body and returns the operands of the answer with the opcode
// reply, at most 14 bytes.
func (a *Adapter) Ask(ctx context.Context, to, reply byte, body ...byte) ([]byte, error) {
	if to >= Broadcast || reply == noReply {
		return nil, fmt.Errorf("cec: question to %X with answer %02X: not one device and one answer", to, reply)
	}
	m, err := a.transact(ctx, to, body, reply, answerTime)
	if err != nil {
		return nil, err
	}
	if len(m.frame) < 2 || m.frame[0]>>4 != to || m.frame[1] != reply {
		return nil, fmt.Errorf("cec: to %X % X: answer % X: %w", to, body, m.frame, hal.ErrGarbled)
	}
	return m.frame[2:], nil
}

// transact sends one message and waits for what becomes of it.
func (a *Adapter) transact(ctx context.Context, to byte, body []byte, reply byte, wait time.Duration) (message, error) {
	if to > Broadcast || len(body) < 1 || len(body) >= maxFrame {
		return message{}, fmt.Errorf("cec: message to %X of %d bytes: not 1 to 15 to 0 to F", to, len(body))
	}
	ctx, cancel := context.WithTimeout(ctx, a.opts.Timeout)
	defer cancel()
	if err := a.take(ctx); err != nil {
		return message{}, err
	}
	defer a.give()
	m, err := a.exchange(ctx, to, body, reply, wait)
	if err == nil {
		err = verdict(m, reply)
	}
	a.say(body)
	if err != nil {
		return message{}, fmt.Errorf("cec: to %X % X: %w", to, body, err)
	}
	return m, nil
}

func (a *Adapter) exchange(ctx context.Context, to byte, body []byte, reply byte, wait time.Duration) (message, error) {
	from, err := a.ready(ctx)
	if err != nil {
		return message{}, err
	}
	if from == Unregistered {
		wait = 0 // the kernel waits for no answer to an address that is nobody's
	}
	m := message{frame: append([]byte{from<<4 | to}, body...), reply: reply, timeout: wait}
	b := m.encode()
	if err := a.ioctl(transmit, b); err != nil {
		return message{}, err
	}
	sent, err := decodeMessage(b)
	if err != nil {
		return message{}, err
	}
	return a.await(ctx, sent.sequence, wait > 0)
}

// verdict says what the outcome m of a transmission means; without a wish for an
// answer, none is well.
func verdict(m message, reply byte) error {
	switch {
	case m.tx&txOK != 0:
	case m.tx&txNack != 0:
		return fmt.Errorf("not acknowledged, %d times: %w", m.nacks, hal.ErrSilent)
	case m.tx&txAborted != 0, m.tx&txTimeout != 0:
		return fmt.Errorf("transmission given up by the kernel (status %02x): %w", m.tx, hal.ErrSilent)
	default:
		return fmt.Errorf("wire disturbed (status %02x): %w", m.tx, hal.ErrGarbled)
	}
	switch {
	case m.rx&rxRefused != 0:
		return fmt.Errorf("%s: %w", refusal(m.frame), hal.ErrRefused)
	case m.rx&rxAborted != 0, m.rx&rxTimeout != 0 && reply != noReply:
		return fmt.Errorf("acknowledged, not answered: %w", hal.ErrSilent)
	case m.rx&rxOK == 0 && reply != noReply:
		return fmt.Errorf("acknowledged, answer with status %02x: %w", m.rx, hal.ErrGarbled)
	}
	return nil
}

// refusal reads the reason out of a Feature Abort.
func refusal(frame []byte) string {
	reasons := []string{"opcode not known", "not in the right mode now", "no source", "operand not valid", "refused", "unable to determine"}
	if len(frame) < 4 || int(frame[3]) >= len(reasons) {
		return "refused without a reason"
	}
	return reasons[frame[3]]
}
