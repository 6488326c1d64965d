package station

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"

	"stationbox/firmware"
	"stationbox/firmware/attendance"
	"stationbox/firmware/config"
	"stationbox/firmware/proof"
	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/hal/evdev"
	"stationbox/hal/sim/device"
)

// bay is a keypad as the station opens it, and what it hands to the roll.
type bay struct {
	*keypad
	keys   chan key
	faults *fault.Book
}

// fitOut opens the panel of a configuration and runs it while do goes on.
func fitOut(t *testing.T, cfg config.Panel, plugged map[string]*device.Input, do func(b bay)) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	b := bay{keys: make(chan key, 64), faults: fault.New(log, func(string, string, any) {})}
	doors := &Doors{Input: func(path string) (evdev.Handle, error) {
		in := plugged[path]
		if in == nil {
			return nil, fs.ErrNotExist
		}
		f, err := in.Open()
		if err != nil {
			return nil, err
		}
		return f, nil
	}}
	k, err := openKeypad(&config.Config{Panel: cfg}, keypadNeeds{doors: doors, faults: b.faults, log: log, tick: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	b.keypad = k
	defer k.Close()
	ctx, cancel := context.WithCancel(t.Context())
	tasks := append(k.readers(), work.Task{Name: "keys", Run: func(ctx context.Context) error { return k.Run(ctx, b.keys) }})
	ended := make(chan error, len(tasks))
	for _, task := range tasks {
		go func() { ended <- task.Run(ctx) }()
	}
	time.Sleep(time.Second)
	do(b)
	cancel()
	for range tasks {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// said is what the roll was given so far.
func (b bay) said() string {
	var list []string
	for {
		select {
		case k := <-b.keys:
			s := ""
			if k.missed {
				s = "!"
			}
			switch {
			case k.r != 0:
				s += string(k.r)
			case k.number != 0:
				s += fmt.Sprint("b", k.number)
			case k.card != "":
				s += "c" + k.card
			case k.here:
				s += "here"
			}
			list = append(list, s)
		default:
			return strings.Join(list, " ")
		}
	}
}

func (b bay) wrong() string {
	var list []string
	for _, f := range b.faults.List() {
		list = append(list, f.Code)
	}
	return strings.Join(list, " ")
}

func typeOn(in *device.Input, codes ...uint16) {
	for _, c := range codes {
		in.Key(c, 1)
		time.Sleep(80 * time.Millisecond)
		in.Key(c, 0)
		time.Sleep(90 * time.Millisecond)
	}
}

// TestUSBKeypadAndCardReader: both are heard, each as what it is; one that is pulled
// out is told and does not disturb the other.
func TestUSBKeypadAndCardReader(t *testing.T) {
	const enter = 28
	synctest.Test(t, func(t *testing.T) {
		pad, reader := device.NewInput(device.InputOpts{EventSize: evdev.NativeSize}), device.NewInput(device.InputOpts{EventSize: evdev.NativeSize})
		cfg := config.Panel{Kind: "usb", Device: "/dev/input/by-id/pad", CardReader: "/dev/input/by-id/rfid"}
		fitOut(t, cfg, map[string]*device.Input{cfg.Device: pad, cfg.CardReader: reader}, func(b bay) {
			typeOn(pad, 2, 3)
			reader.Swipe("0004711001")
			typeOn(pad, enter)
			if got := b.said(); got != "1 2 c0004711001 #" {
				t.Errorf("the roll was given %q", got)
			}
			_ = reader.Fault("unplugged")
			time.Sleep(2 * time.Second)
			if got := b.wrong(); got != "fault.cards.lost" {
				t.Errorf("faults %q", got)
			}
			typeOn(pad, 4)
			_ = pad.Fault("unplugged")
			time.Sleep(2 * time.Second)
			if got := b.wrong(); !strings.Contains(got, "fault.panel.lost") {
				t.Errorf("faults %q", got)
			}
			_, _ = pad.Fault("none"), reader.Fault("none")
			time.Sleep(2 * time.Second)
			typeOn(pad, enter)
			reader.Swipe("4711")
			time.Sleep(time.Second)
			if got := b.said(); got != "3 ! ! # c4711" || b.wrong() != "" {
				t.Errorf("the roll was given %q, faults %q", got, b.wrong())
			}
		})
	})
}

// simBus is an emulated bus that can be opened.
type simBus struct{ *device.I2C }

func (simBus) Close() error { return nil }

// TestButtonsAtAnExpander: the bus may come later than the station; each button is
// somebody's number.
func TestButtonsAtAnExpander(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := device.NewI2C()
		chip := device.NewExpander(bus, device.ExpanderOpts{Addr: 0x20})
		cfg := config.Panel{Kind: "buttons", Bus: "sim-buttons", Expander: []string{"mcp23017:0x20"}}
		fitOut(t, cfg, nil, func(b bay) {
			time.Sleep(time.Second)
			if got := b.wrong(); got != "fault.panel.lost" {
				t.Errorf("without a bus: %q", got)
			}
			if err := i2creg.Register(cfg.Bus, nil, -1, func() (i2c.BusCloser, error) { return simBus{bus}, nil }); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = i2creg.Unregister(cfg.Bus) }()
			time.Sleep(2 * time.Second)
			for _, pin := range []int{0, 9} { // GPA0, GPB1
				chip.Push(pin, true)
				time.Sleep(80 * time.Millisecond)
				chip.Push(pin, false)
				time.Sleep(90 * time.Millisecond)
			}
			if got := b.said(); got != "b1 b9" || b.wrong() != "" {
				t.Errorf("the roll was given %q, faults %q", got, b.wrong())
			}
		})
	})
}

// TestMatrixAtAnExpander: a keypad at a chip types as one at pins does.
func TestMatrixAtAnExpander(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := device.NewI2C()
		chip := device.NewExpander(bus, device.ExpanderOpts{Addr: 0x38, PCF8574: true})
		cfg := config.Panel{Kind: "matrix", Bus: "sim-matrix", Expander: []string{"pcf8574:0x38"}}
		if err := i2creg.Register(cfg.Bus, nil, -1, func() (i2c.BusCloser, error) { return simBus{bus}, nil }); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = i2creg.Unregister(cfg.Bus) }()
		fitOut(t, cfg, nil, func(b bay) {
			for _, pins := range [][2]int{{0, 4}, {2, 6}, {3, 6}} { // 1, 9 and #
				chip.Join(pins[0], pins[1], true)
				time.Sleep(80 * time.Millisecond)
				chip.Join(pins[0], pins[1], false)
				time.Sleep(90 * time.Millisecond)
			}
			if got := b.said(); got != "1 9 #" || b.wrong() != "" {
				t.Errorf("the roll was given %q, faults %q", got, b.wrong())
			}
		})
	})
}

// TestButtonIsANumber: a button signs in who it belongs to, at once and also while
// somebody types; a card that is nobody's is on record under no number.
func TestButtonIsANumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, time.Minute)
		r, l := &room{mains: true, loads: true, length: time.Hour}, &ledger{}
		g := begin(t, r, l, o, dir)
		for _, k := range []key{{r: '7'}, {number: 12}, {card: "4711"}, {here: true}, {r: '#'}} {
			k.at = time.Now()
			g.roll.keys <- k
		}
		time.Sleep(time.Second)
		var got []string
		for _, rec := range l.list(firmware.KindPress) {
			var p firmware.Press
			if err := json.Unmarshal(rec.Data, &p); err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprint(p.Number, p.Name))
		}
		if strings.Join(got, " ") != "12王秀英 0 7李建国" {
			t.Errorf("the card has %v", got)
		}
		g.stop()
	})
}

// Heads and cards count like numbers do; a card that nobody has is on record and
// refused, and a hand that trembles on the big button is one head.
func TestHeadsAndCards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, dir := occasion(t, 3*time.Minute)
		r, l := &room{mains: true, length: 3 * time.Minute}, &ledger{}
		g := beginWith(t, r, r, l, o, dir, &config.Config{}, func(s *showing) {
			s.roll.roster, _, _ = attendance.ParseRoster([]byte("编号,姓名,卡号\n12,王秀英,0004711\n7,李建国,ab12\n"))
		})
		time.Sleep(150 * time.Second)
		press := func(k key, wait time.Duration) {
			k.at = time.Now()
			g.roll.keys <- k
			time.Sleep(wait)
		}
		press(key{card: "4711"}, time.Second)
		press(key{card: "00AB12"}, time.Second)
		press(key{card: "999"}, time.Second)
		press(key{here: true}, 300*time.Millisecond)
		press(key{here: true}, 2*time.Second)
		press(key{here: true}, 2*time.Second)
		if text, known := g.roll.greeting(time.Now()); !known || !strings.Contains(text, "4") {
			t.Errorf("greeting %q", text)
		}
		press(key{number: 7}, time.Second) // he has pressed before
		time.Sleep(6 * time.Minute)
		g.stop()
		if got := result(t, l); got.Present != 4 {
			t.Errorf("%d present, want 2 by card and 2 heads", got.Present)
		}
		if got, want := strings.Join(r.lamps, " "), "ack ack reject ack ack ack"; got != want {
			t.Errorf("lamps %q, want %q", got, want)
		}
		var panels []string
		for _, rec := range l.list(firmware.KindPress) {
			var p firmware.Press
			if err := json.Unmarshal(rec.Data, &p); err != nil {
				t.Fatal(err)
			}
			panels = append(panels, fmt.Sprint(p.Panel, " ", p.Number, " ", p.Card))
		}
		if got, want := strings.Join(panels, ", "), "card 12 4711, card 7 00AB12, card 0 999, buttons 7 "; got != want {
			t.Errorf("presses %q", got)
		}
		if n := len(l.list(firmware.KindHead)); n != 2 {
			t.Errorf("%d heads on record", n)
		}
		rec, err := proof.Verify(result(t, l).Proof, proof.PublicKeys(dir).Find)
		if err != nil || rec.Present[0] == nil || *rec.Present[0] != 4 {
			t.Errorf("the record has %v, %v", rec.Present, err)
		}
	})
}
