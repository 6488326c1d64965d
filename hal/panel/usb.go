package panel

import (
	"context"
	"time"

	"stationbox/hal/evdev"
)

// chatter is how soon after its release no finger presses the same key again: it
// bounces, or it is a key that types 00 or 000. Such a 0 is told by Missed: without it
// 1 and 000 would be the number 10.
const chatter = 30 * time.Millisecond

// USB is a numeric keypad at a USB port, or any keyboard: both rows of digits, Enter
// as '#', Backspace and the star as '*'. All other keys are ignored, also NumLock,
// which some keypads send around each digit.
type USB struct {
	input
	told map[uint16]bool      // presses that were told
	up   map[uint16]time.Time // when a key was last let go
}

// NewUSB prepares the keypad dev and does not open it yet. Run owns it.
func NewUSB(dev *evdev.Device, opts Opts) *USB {
	return &USB{input: newInput(dev, opts.filled()), told: map[uint16]bool{}, up: map[uint16]time.Time{}}
}

// Run reads the keys until ctx ends, then returns nil at once. It is called once.
func (p *USB) Run(ctx context.Context) error { return p.run(ctx, p) }

// runes are the keys that count, by their codes in linux/input-event-codes.h.
var runes = map[uint16]rune{
	2: '1', 3: '2', 4: '3', 5: '4', 6: '5', 7: '6', 8: '7', 9: '8', 10: '9', 11: '0',
	79: '1', 80: '2', 81: '3', 75: '4', 76: '5', 77: '6', 71: '7', 72: '8', 73: '9', 82: '0',
	28: '#', 96: '#', // Enter
	14: '*', 55: '*', // Backspace, the star of the keypad
}

func (p *USB) change(code uint16, down bool, at time.Time) {
	if runes[code] == 0 {
		return
	}
	if !down {
		p.up[code] = at
		p.release(code, at)
		return
	}
	if last, ok := p.up[code]; ok && at.Sub(last) < chatter {
		if runes[code] == '0' {
			p.miss()
		}
		return
	}
	p.told[code] = true
	p.tell(Key{Rune: runes[code], Down: true, At: at})
}

// release tells the end of a press that was told.
func (p *USB) release(code uint16, at time.Time) {
	if p.told[code] {
		p.tell(Key{Rune: runes[code], At: at})
	}
	delete(p.told, code)
}

// idle has nothing to do.
func (p *USB) idle(time.Time) {}
