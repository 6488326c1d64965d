package nec

import (
	"context"
	"fmt"

	"stationbox/hal"
)

// command is a request and the number of data bytes in its answer.
type command struct {
	name string
	code [2]byte
	data []byte
	want int
}

// The commands, by the manual's numbers.
var (
	errorStatus      = command{"009 error status", [2]byte{0x00, 0x88}, nil, 12}
	powerOn          = command{"015 power on", [2]byte{0x02, 0x00}, nil, 0}
	powerOff         = command{"016 power off", [2]byte{0x02, 0x01}, nil, 0}
	filterUsage      = command{"037-3 filter usage", [2]byte{0x03, 0x95}, nil, 8}
	lampUsage        = command{"037-4 lamp usage", [2]byte{0x03, 0x96}, []byte{0x00, 0x01}, 6}
	runningStatus    = command{"078-2 running status", [2]byte{0x00, 0x85}, []byte{0x01}, 16}
	inputStatus      = command{"078-3 input status", [2]byte{0x00, 0x85}, []byte{0x02}, 16}
	modelName        = command{"078-5 model name", [2]byte{0x00, 0x85}, []byte{0x04}, 32}
	basicInformation = command{"305-3 basic information", [2]byte{0x00, 0xBF}, []byte{0x02}, 16}
)

func inputChange(code byte) command {
	return command{"018 input change", [2]byte{0x02, 0x03}, []byte{0x01, code}, 1}
}

// Refusal is why a projector refuses, its two error bytes. It is hal.ErrRefused.
type Refusal uint16

// Error says what the refusal means.
func (r Refusal) Error() string {
	words := map[Refusal]string{
		0x0000: "unknown command", 0x0001: "not on this model", 0x0100: "bad value", 0x0101: "no such input",
		0x0200: "no memory", 0x0202: "memory in use", 0x0203: "not possible now", 0x0204: "forced mute",
		0x0206: "viewer", 0x0207: "no signal", 0x0208: "test pattern shown", 0x020A: "memory",
		0x020D: "not possible in this power state", 0x020E: "could not be carried out", 0x020F: "not allowed",
	}
	text, ok := words[r]
	if !ok {
		text = "for a reason of its own"
	}
	return fmt.Sprintf("%v: %s (%02X %02X)", hal.ErrRefused, text, uint8(r>>8), uint8(r&0xFF))
}

// Unwrap returns hal.ErrRefused.
func (r Refusal) Unwrap() error { return hal.ErrRefused }

// unknown says that the model does not have the command.
func (r Refusal) unknown() bool { return r == 0x0000 || r == 0x0001 }

// ask sends c and returns the data of the answer, exactly c.want bytes.
func (p *Projector) ask(ctx context.Context, c command) (data []byte, err error) {
	_, err = p.line.Exchange(ctx, c.frame(), func(b []byte) (n int, err error) {
		data, n, err = scan(b, c)
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("nec: %s: %w", c.name, err)
	}
	return append([]byte(nil), data...), nil
}

// frame returns the bytes of c.
func (c command) frame() []byte {
	b := append([]byte{c.code[0], c.code[1], 0, 0, byte(len(c.data))}, c.data...)
	return append(b, sum(b))
}

func sum(b []byte) (s byte) {
	for _, c := range b {
		s += c
	}
	return s
}

// overhead is what a frame has around its data.
const overhead = 6

// scan looks for the answer to c. It returns how many bytes it took, 0 while the
// end is missing. Whole answers to other commands, which come late, are passed
// over; what is no frame is garbled.
func scan(b []byte, c command) (data []byte, n int, err error) {
	for at := 0; ; {
		rest := b[at:]
		if len(rest) > 0 && rest[0]&^0x03 != 0x20 && rest[0]&^0x03 != 0xA0 {
			return nil, 0, fmt.Errorf("answer % .16x: %w", rest, hal.ErrGarbled)
		}
		if len(rest) < overhead || len(rest) < overhead+int(rest[4]) {
			return nil, 0, nil
		}
		size := overhead + int(rest[4])
		frame := rest[:size]
		if sum(frame[:size-1]) != frame[size-1] {
			return nil, 0, fmt.Errorf("checksum of % .16x: %w", frame, hal.ErrGarbled)
		}
		at += size
		data = frame[5 : size-1]
		mine := frame[0]&0x0F == c.code[0]&0x0F && frame[1] == c.code[1]
		switch {
		case mine && frame[0]>>4 == 0x0A && len(data) == 2:
			return nil, 0, Refusal(uint16(data[0])<<8 | uint16(data[1]))
		case mine && frame[0]>>4 == 0x02 && len(data) == c.want:
			return data, at, nil
		}
	}
}
