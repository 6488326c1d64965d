package tuner

import (
	"context"
	"fmt"
	"math"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
)

// MotorReach is how far to either side of its middle a frame can send a motor; the motors
// themselves go 65 to 80 degrees.
const MotorReach = 180

// MotorStop is the frame that has a positioner of DiSEqC 1.2 stand still.
func MotorStop() []byte { return []byte{0xE0, 0x31, 0x60} }

// MotorReference sends it to the middle of its way, place 0.
func MotorReference() []byte { return []byte{0xE0, 0x31, 0x6B, 0} }

// MotorAngle sends it to an angle from the middle of its way, to the east positive, in
// sixteenths of a degree ("goto angular position" of DiSEqC 1.3, E0 31 6E): D stands for
// west, E for east, in the nibble before three with the sixteenths.
func MotorAngle(east physic.Angle) ([]byte, error) {
	degrees := float64(east) / float64(physic.Degree)
	if !(math.Abs(degrees) <= MotorReach) {
		return nil, fmt.Errorf("a motor to %.1f degrees: not %d to either side: %w", degrees, MotorReach, hal.ErrRefused)
	}
	n, side := int(math.Round(degrees*16)), 0xE0
	if n < 0 {
		n, side = -n, 0xD0
	}
	return []byte{0xE0, 0x31, 0x6E, byte(side | n>>8), byte(n)}, nil
}

// Send says a frame of DiSEqC to what else is on the cable, a motor, while the receiver
// stays on tp: the frequency is not touched, voltage and tone are as for tp afterwards.
// Nothing answers, so that no error does not mean that anybody heard. Without Powered,
// Send is hal.ErrRefused: a motor lives on the voltage of the cable.
func (t *Tuner) Send(ctx context.Context, tp Transponder, frame []byte) error {
	p, err := prepare(t.opts, tp)
	switch {
	case err != nil:
		return fmt.Errorf("%s: DiSEqC: %w", t.name(), err)
	case t.opts.Unpowered || len(frame) < 3 || len(frame) > 6:
		return fmt.Errorf("%s: DiSEqC % X over a cable with power %v: %w", t.name(), frame, !t.opts.Unpowered, hal.ErrRefused)
	}
	_, err = do(ctx, t, fmt.Sprintf("DiSEqC % X", frame), t.opts.Timeout, func(ctx context.Context, k Kernel) (none, error) {
		return none{}, t.feed(ctx, k, plan{voltage: p.voltage, tone: p.tone, frames: [][]byte{frame}})
	})
	return err
}
