package meter_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal/meter"
)

// counting is a chip whose count of pulses and clock the test sets.
type counting struct {
	said
	meter    *meter.Stream
	now      time.Time
	constant byte // the low byte of kP
}

// newCounting returns a chip with a shunt of 1 µΩ, so that a thousand times the
// energy flows and Wh tell single pulses apart.
func newCounting() *counting {
	c := &counting{now: time.Unix(1000, 0), constant: 0x20}
	c.meter = meter.NewCSE7766(c, meter.StreamOpts{Shunt: physic.MicroOhm, Now: func() time.Time { return c.now }})
	return c
}

// read returns the energy after d with count pulses on the chip.
func (c *counting) read(t *testing.T, d time.Duration, count uint16) meter.WattHours {
	t.Helper()
	f := frames(t, quietRoom)
	f[16] = c.constant
	f[21], f[22] = byte(count>>8), byte(count)
	c.bytes, c.piece = append(resum(f), f...), 48
	c.now = c.now.Add(d)
	m, err := c.meter.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m.Energy
}

// One pulse here is 5364 J, so 1000 pulses are 1490 Wh.
func TestEnergyOfPulses(t *testing.T) {
	const second = time.Second
	for _, c := range []struct {
		name string
		at   []time.Duration
		says []uint16
		want []meter.WattHours
	}{
		{"the first count is where it begins", []time.Duration{0, second}, []uint16{40001, 40001}, []meter.WattHours{0, 0}},
		{"counts up", []time.Duration{0, second, second}, []uint16{1, 1001, 2001}, []meter.WattHours{0, 1490, 2980}},
		{"counts around", []time.Duration{0, second}, []uint16{65035, 499}, []meter.WattHours{0, 1490}},
		{"low byte 0 is void", []time.Duration{0, second, second}, []uint16{1, 0x300, 1001}, []meter.WattHours{0, 0, 1490}},
		{"chip began anew", []time.Duration{0, second, second}, []uint16{50001, 1, 1001}, []meter.WattHours{0, 0, 1490}},
		{"too much for the time", []time.Duration{0, second}, []uint16{1, 4001}, []meter.WattHours{0, 0}},
		{"long pause", []time.Duration{0, 11 * second, second}, []uint16{1, 1001, 2001}, []meter.WattHours{0, 0, 1490}},
	} {
		t.Run(c.name, func(t *testing.T) {
			chip := newCounting()
			for i, d := range c.at {
				if got := chip.read(t, d, c.says[i]); got != c.want[i] {
					t.Errorf("reading %d: %v, want %v", i, got, c.want[i])
				}
			}
		})
	}
}

func TestPulsesOfAnotherChipAreNotCounted(t *testing.T) {
	chip := newCounting()
	chip.read(t, 0, 1)
	chip.constant++
	if got := chip.read(t, time.Second, 1001); got != 0 {
		t.Errorf("%v of two chips", got)
	}
	if got := chip.read(t, time.Second, 2001); got != 1490 {
		t.Errorf("%v of the new chip", got)
	}
}

// A published capture must agree with itself: its pulses are the energy of its
// power over its time. That tells that a pulse is kP µJ and a frame 105 ms.
func TestCapturedPulsesAreCapturedPower(t *testing.T) {
	text, err := os.ReadFile("testdata/capture.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for row := range strings.Lines(string(text)) {
		if !strings.HasPrefix(row, "#") {
			all = append(all, row)
		}
	}
	chip := newCounting()
	chip.meter = meter.NewHLW8032(chip, meter.StreamOpts{Shunt: physic.MicroOhm, Now: func() time.Time { return chip.now }})
	var joules float64
	var energy meter.WattHours
	for i := 1; i < len(all)-1; i++ { // the count of the last one is void
		chip.bytes, chip.piece = frames(t, all[i-1], all[i]), 48
		chip.now = chip.now.Add(105 * time.Millisecond)
		m, err := chip.meter.Read(t.Context())
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if i > 1 {
			joules += float64(m.Power) / float64(physic.Watt) * 0.105
		}
		energy = m.Energy
	}
	if counted := float64(energy) * 3600; counted < 0.97*joules || counted > 1.03*joules {
		t.Errorf("pulses say %.0f J, power says %.0f J", counted, joules)
	}
}
