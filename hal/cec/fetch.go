package cec

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// await returns what became of the transmission with number sequence. The kernel
// tells in one message, or first of the transmission and then of the answer.
func (a *Adapter) await(ctx context.Context, sequence uint32, answer bool) (message, error) {
	var sent byte
	for {
		m, ok, err := a.fetch(sequence)
		if err != nil {
			return message{}, err
		}
		if ok {
			sent |= m.tx
			m.tx = sent
			if !answer || m.rx != 0 || m.tx&txOK == 0 {
				return m, nil
			}
			continue
		}
		if ctx.Err() != nil {
			return message{}, fmt.Errorf("the wire is stuck: %w", hal.ErrSilent)
		}
		if err := a.note(a.kernel.Wait(ctx)); err != nil {
			return message{}, err
		}
	}
}

// fetch empties the kernel's queues. It returns the outcome of the transmission
// sequence when it is among them.
func (a *Adapter) fetch(sequence uint32) (found message, ok bool, err error) {
	if err := a.fetchEvents(); err != nil {
		return message{}, false, err
	}
	for range 2 * maxInbox {
		b := make([]byte, sizeMsg)
		err := a.ioctl(receive, b)
		if errors.Is(err, unix.EAGAIN) {
			return message{}, false, nil
		}
		if err != nil {
			return message{}, false, err
		}
		m, err := decodeMessage(b)
		switch {
		case err != nil:
			a.lost++
		case m.sequence == 0:
			a.keep(m)
		case m.sequence == sequence:
			return m, true, nil
		}
	}
	return message{}, false, nil
}

// keep puts a message of somebody else into the inbox. Polls carry nothing.
func (a *Adapter) keep(m message) {
	if len(m.frame) < 2 {
		return
	}
	if len(a.inbox) == maxInbox {
		a.inbox = a.inbox[1:]
		a.lost++
	}
	a.shout()
	a.inbox = append(a.inbox, Message{From: m.frame[0] >> 4, To: m.frame[0] & 0xF, Body: m.frame[1:]})
}

func (a *Adapter) fetchEvents() error {
	for range 2 * maxChanges {
		b := make([]byte, sizeEvent)
		err := a.ioctl(dequeue, b)
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if err != nil {
			return err
		}
		c, isChange, lost := decodeEvent(b)
		a.lost += lost
		if !isChange {
			continue
		}
		if len(a.changes) == maxChanges {
			a.changes = a.changes[1:]
		}
		a.shout()
		a.changes = append(a.changes, c)
	}
	return nil
}

// Receive returns the next message that somebody sent to us or to everybody. It
// needs Opts.Follow and waits until ctx ends; then it is hal.ErrSilent.
func (a *Adapter) Receive(ctx context.Context) (Message, error) {
	var m Message
	err := a.next(ctx, func() bool {
		if len(a.inbox) == 0 {
			return false
		}
		m, a.inbox = a.inbox[0], a.inbox[1:]
		return true
	})
	return m, err
}

// NextChange returns the next change of the cable, the first one being how it
// was when the device was opened. It waits until ctx ends; then it is
// hal.ErrSilent.
func (a *Adapter) NextChange(ctx context.Context) (Change, error) {
	var c Change
	err := a.next(ctx, func() bool {
		if len(a.changes) == 0 {
			return false
		}
		c, a.changes = a.changes[0], a.changes[1:]
		return true
	})
	return c, err
}

// shout wakes those who wait for something that another call has fetched.
func (a *Adapter) shout() {
	a.tell()
	a.news, a.tell = context.WithCancel(context.Background())
}

// next fetches until got is content. It waits without the turn.
func (a *Adapter) next(ctx context.Context, got func() bool) error {
	for {
		if err := a.take(ctx); err != nil {
			return err
		}
		_, _, err := a.fetch(0)
		done := err == nil && got()
		kernel, news := a.kernel, a.news
		a.give()
		if err == nil && !done && ctx.Err() == nil {
			err = waitFor(ctx, kernel, news)
		}
		switch {
		case done:
			return nil
		case err != nil:
			return fmt.Errorf("cec: %w", err)
		case ctx.Err() != nil:
			return fmt.Errorf("cec: %w", hal.ErrSilent)
		}
	}
}

// waitFor waits until something can be fetched or has been by another call.
func waitFor(ctx context.Context, k Kernel, news context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(news, cancel)()
	return explain(k.Wait(ctx))
}
