package meter_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/meter"
	"stationbox/hal/modbus"
)

// patience is how long a test waits for what must happen on a busy machine.
const patience = 20 * time.Second

// registers is a Bus whose registers always are the same.
type registers struct {
	words []uint16
	err   error
	unit  uint8
	reset bool
}

func (r *registers) ReadInput(_ context.Context, unit uint8, _, _ uint16) ([]uint16, error) {
	r.unit = unit
	return r.words, r.err
}

func (r *registers) ResetEnergy(_ context.Context, unit uint8) error {
	r.unit, r.reset = unit, true
	return r.err
}

func TestGoldenRegisters(t *testing.T) {
	text, err := os.ReadFile("testdata/words.txt")
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSpace(row), "|")
		if len(parts) != 3 || strings.HasPrefix(row, "#") {
			continue
		}
		t.Run(strings.TrimSpace(parts[0]), func(t *testing.T) {
			bus := &registers{words: parseWords(t, parts[1])}
			m, err := meter.NewPZEM(bus, 1).Read(t.Context())
			if got, want := told(m, err), strings.TrimSpace(parts[2]); got != want {
				t.Errorf("%s, %v; want %s", got, err, want)
			}
			if err != nil && m != (meter.Measurement{}) {
				t.Errorf("an error comes with numbers: %+v", m)
			}
		})
	}
}

func parseWords(t *testing.T, s string) []uint16 {
	t.Helper()
	var words []uint16
	for _, f := range strings.Fields(s) {
		v, err := strconv.ParseUint(f, 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, uint16(v))
	}
	return words
}

// told is a measurement as one line of the golden file.
func told(m meter.Measurement, err error) string {
	switch {
	case errors.Is(err, meter.ErrRange):
		return "range"
	case errors.Is(err, hal.ErrGarbled):
		return "garbled"
	case err != nil:
		return err.Error()
	}
	return fmt.Sprint(m.Voltage, " ", m.Current, " ", m.Power, " ", m.Energy, " ", m.Frequency, " ", m.PowerFactor, " ", m.Alarm)
}

func TestErrorsGoUp(t *testing.T) {
	for _, want := range []error{hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, &modbus.Exception{Function: 4, Code: 2}} {
		bus := &registers{err: want}
		p := meter.NewPZEM(bus, 1)
		if _, err := p.Read(t.Context()); !errors.Is(err, want) {
			t.Errorf("Read = %v, want %v", err, want)
		}
		if err := p.ResetEnergy(t.Context()); !errors.Is(err, want) || !bus.reset {
			t.Errorf("ResetEnergy = %v, want %v", err, want)
		}
	}
	if _, err := meter.NewPZEM(&registers{words: make([]uint16, 9)}, 1).Read(t.Context()); !errors.Is(err, hal.ErrGarbled) {
		t.Errorf("Read of nine words: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []int{-1, 0, 249, 257} {
		bus := &registers{}
		p := meter.NewPZEM(bus, bad)
		if _, err := p.Read(t.Context()); err == nil || bus.unit != 0 {
			t.Errorf("address %d: Read = %v", bad, err)
		}
		if err := p.ResetEnergy(t.Context()); err == nil || bus.reset {
			t.Errorf("address %d: ResetEnergy = %v", bad, err)
		}
	}
	bus := &registers{}
	if err := meter.NewPZEM(bus, 248).ResetEnergy(t.Context()); err != nil || bus.unit != 0xF8 {
		t.Errorf("address 248: %v, unit %#x", err, bus.unit)
	}
}

// The whole way down: a meter on a terminal that answers, and then has no mains.
func TestReadOverPTY(t *testing.T) {
	name, far := linetest.PTY(t)
	port := line.Open(name, line.Opts{Timeout: patience})
	defer port.Close()
	answer, err := hex.DecodeString("0104140900" + "04D200000B1B00003039000001F4006400001514")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 8)
		for n := 0; n < len(b); {
			k, err := far.Read(b[n:])
			if err != nil {
				return
			}
			n += k
		}
		_, _ = far.Write(answer)
	}()
	p := meter.NewPZEM(modbus.New(port, modbus.Opts{Timeout: patience}), 248)
	m, err := p.Read(t.Context())
	if got := told(m, err); got != "230.400V 1.234A 284.300W 12345Wh 50Hz 100 false" {
		t.Errorf("Read = %s", got)
	}
	<-done
	p = meter.NewPZEM(modbus.New(port, modbus.Opts{Timeout: 20 * time.Millisecond}), 248)
	if m, err := p.Read(t.Context()); !errors.Is(err, hal.ErrSilent) || m != (meter.Measurement{}) {
		t.Errorf("Read without mains = %+v, %v", m, err)
	}
}

func FuzzRegisters(f *testing.F) {
	f.Add([]byte{9, 0, 4, 0xD2, 0, 0, 0xB, 0x1B, 0, 0, 0x30, 0x39, 0, 0, 1, 0xF4, 0, 0x64, 0, 0})
	f.Add(make([]byte, 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		var words []uint16
		for ; len(b) >= 2; b = b[2:] {
			words = append(words, uint16(b[0])<<8|uint16(b[1]))
		}
		m, err := meter.NewPZEM(&registers{words: words}, 1).Read(t.Context())
		if err != nil {
			if m != (meter.Measurement{}) || !errors.Is(err, hal.ErrGarbled) {
				t.Fatalf("%+v with %v", m, err)
			}
			return
		}
		if m.Voltage <= 80e9 || m.Voltage >= 260e9 || m.Current < 0 || m.Current > 100e9 || m.Power < 0 || m.Energy > 9999990 || m.PowerFactor > 100 {
			t.Fatalf("believed %+v", m)
		}
	})
}
