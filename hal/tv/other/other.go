package other

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"stationbox/hal"
)

// Line carries bytes; *line.Port is one, over a serial line or a connection.
type Line interface {
	// Exchange sends a request and collects the bytes that come back until done
	// is content.
	Exchange(ctx context.Context, req []byte, done func([]byte) (n int, err error)) ([]byte, error)
	// Write sends without waiting for an answer.
	Write(ctx context.Context, b []byte) (int, error)
}

// Display is one device. Its methods may be called from several goroutines; they
// wait for each other.
//
// Errors of all methods: hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, or
// hal.ErrRefused when the device says no.
type Display struct {
	line Line
	plan *Plan
	turn chan struct{}
	deaf <-chan time.Time // with the turn: ends when the device hears again; nil: it does
}

// New returns the device at the end of line, which must wait for an answer as
// long as Plan.Timeout says.
func New(line Line, p *Plan) *Display {
	d := &Display{line: line, plan: p, turn: make(chan struct{}, 1)}
	d.turn <- struct{}{}
	return d
}

// State asks for the state. With an error it is DisplayUnknown; a model without a
// question is always hal.ErrSilent.
func (d *Display) State(ctx context.Context) (hal.DisplayState, error) {
	if len(d.plan.state.bytes) == 0 {
		return hal.DisplayUnknown, fmt.Errorf("%s: the model has no question for the state: %w", d.plan.name, hal.ErrSilent)
	}
	i, err := d.do(ctx, d.plan.state, 0)
	if err != nil {
		return hal.DisplayUnknown, fmt.Errorf("%s: state: %w", d.plan.name, err)
	}
	return d.plan.answers[i], nil
}

// PowerOn switches the device on. No error means that it said it would, or that
// the model waits for no answer: ask State.
func (d *Display) PowerOn(ctx context.Context) error { return d.command(ctx, "on", d.plan.on) }

// PowerOff switches the device off. No error means as much as that of PowerOn.
func (d *Display) PowerOff(ctx context.Context) error { return d.command(ctx, "off", d.plan.off) }

// Input selects an input by its name in the model.
func (d *Display) Input(ctx context.Context, input string) error {
	c, ok := d.plan.inputs[input]
	if !ok {
		return fmt.Errorf("%s: input %q: the model has: %s", d.plan.name, input, d.plan.inputList)
	}
	return d.command(ctx, "input "+input, c)
}

func (d *Display) command(ctx context.Context, what string, c command) error {
	if _, err := d.do(ctx, c, d.plan.settle); err != nil {
		return fmt.Errorf("%s: %s: %w", d.plan.name, what, err)
	}
	return nil
}

// do sends c when the device hears again, and returns which of its replies came.
func (d *Display) do(ctx context.Context, c command, settle time.Duration) (int, error) {
	select {
	case <-d.turn:
	case <-ctx.Done():
		return 0, fmt.Errorf("busy: %w", hal.ErrSilent)
	}
	defer func() { d.turn <- struct{}{} }()
	if d.deaf != nil {
		select {
		case <-d.deaf:
		case <-ctx.Done():
			return 0, fmt.Errorf("busy with the command before: %w", hal.ErrSilent)
		}
		d.deaf = nil
	}
	which := 0
	err := d.send(ctx, c, &which)
	if settle > 0 {
		d.deaf = time.After(settle)
	}
	return which, err
}

func (d *Display) send(ctx context.Context, c command, which *int) error {
	if len(c.replies) == 0 {
		_, err := d.line.Write(ctx, c.bytes)
		return err
	}
	_, err := d.line.Exchange(ctx, c.bytes, func(b []byte) (n int, err error) {
		*which, n, err = d.plan.recognise(b, c.replies)
		return n, err
	})
	return err
}

// recognise looks for one of replies, or a refusal, in what has come so far. It
// returns which reply it was and how many bytes it took, 0 while there is none.
func (p *Plan) recognise(b []byte, replies []pattern) (which, n int, err error) {
	if len(p.replyEnd) == 0 {
		return p.search(b, replies)
	}
	for at := 0; ; {
		end := bytes.Index(b[at:], p.replyEnd)
		if end < 0 {
			return 0, 0, nil
		}
		frame := b[at : at+end]
		at += end + len(p.replyEnd)
		for i, r := range replies {
			if r.fits(frame) {
				return i, at, p.checked(frame)
			}
		}
		for _, r := range p.refused {
			if r.fits(frame) {
				return 0, at, p.refusal(frame)
			}
		}
	}
}

// search is recognise for answers without an end: the first place counts.
func (p *Plan) search(b []byte, replies []pattern) (which, n int, err error) {
	first, last, what := len(b)+1, 0, -1
	for i, r := range append(replies[:len(replies):len(replies)], p.refused...) {
		if from, to := r.find(b); from >= 0 && from < first {
			first, last, what = from, to, i
		}
	}
	switch {
	case what < 0:
		return 0, 0, nil
	case what >= len(replies):
		return 0, last, p.refusal(b[first:last])
	}
	return what, last, p.checked(b[first:last])
}

// checked returns an error when an answer's checksum is wrong.
func (p *Plan) checked(answer []byte) error {
	if !p.sumReply {
		return nil
	}
	if n := len(answer) - 1; n < 1 || p.sum.of(answer[:n]) != answer[n] {
		return fmt.Errorf("checksum of answer % X: %w", answer[:min(len(answer), 32)], hal.ErrGarbled)
	}
	return nil
}

func (p *Plan) refusal(answer []byte) error {
	if err := p.checked(answer); err != nil {
		return err
	}
	return fmt.Errorf("answer %.32q: %w", answer, hal.ErrRefused)
}
