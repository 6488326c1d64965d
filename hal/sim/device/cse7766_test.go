package device

import (
	"bytes"
	"encoding/hex"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"stationbox/hal/sim/world"
)

// chipWords reads the fields of a frame, apart from the encoder.
type chipWords struct {
	state, adj         byte
	volts, amps, watts float64 // behind 1 MΩ and 1 mΩ
	pulses             int
}

func readChip(t *testing.T, b []byte) chipWords {
	t.Helper()
	if len(b) != 24 || b[1] != 0x5A {
		t.Fatalf("no frame: % X", b)
	}
	sum := 0
	for _, x := range b[2:23] {
		sum += int(x)
	}
	if byte(sum) != b[23] {
		t.Errorf("sum %02X of % X", byte(sum), b)
	}
	ratio := func(i int) float64 {
		word := func(i int) float64 { return float64(int(b[i])<<16 + int(b[i+1])<<8 + int(b[i+2])) }
		return word(i) / word(i+3)
	}
	return chipWords{state: b[0], adj: b[20], volts: ratio(2), amps: ratio(8), watts: ratio(14), pulses: int(b[21])<<8 + int(b[22])}
}

// snapshotOf is what a chip sees at these values.
func snapshotOf(volts, amps, watts, wattHours float64) world.Snapshot {
	return world.Snapshot{
		Mains: world.MainsState{Volts: volts, On: volts > 0}, TotalAmps: amps, TotalWatts: watts, EnergyWh: wattHours,
	}
}

func newChip(o CSE7766Opts) *CSE7766 {
	c := NewCSE7766(world.New(world.Opts{Noise: -1}), nullPort{}, o)
	c.gain = 1
	return c
}

// The expected bytes were worked out by hand: 191200/230 = 831 = 00033F,
// 16140/1.25 = 12912 = 003270, 5364000/250 = 21456 = 0053D0, 100 Wh are 67114
// pulses: once around and 1578 = 062A.
func TestChipFrame(t *testing.T) {
	got := newChip(CSE7766Opts{}).frame(snapshotOf(230, 1.25, 250, 100))
	want, _ := hex.DecodeString("555A02EAE000033F003F0C00327051D9200053D0F1062A89")
	if !bytes.Equal(got, want) {
		t.Errorf("% X\nwant % X", got, want)
	}
}

func TestChipSays(t *testing.T) {
	for _, c := range []struct {
		name  string
		opts  CSE7766Opts
		fault string
		snap  world.Snapshot
		want  chipWords
	}{
		{"over-voltage", CSE7766Opts{}, "none", snapshotOf(400, 2, 700, 0), chipWords{0x55, 0x71, 400, 2, 700, 0}},
		{"end of the range", CSE7766Opts{}, "none", snapshotOf(600, 2, 700, 0), chipWords{0x55, 0x71, 495, 2, 700, 0}},
		{"an HLW8032", CSE7766Opts{DividerMOhm: 1.88}, "none", snapshotOf(600, 2, 700, 0), chipWords{0x55, 0x71, 319, 2, 372, 0}},
		{"no load", CSE7766Opts{}, "none", snapshotOf(220, 0, 0, 0), chipWords{0xF2, 0x61, 220, 0.046, 0.32, 0}},
		{"no mains", CSE7766Opts{}, "none", snapshotOf(0, 0, 0, 0), chipWords{0xFA, 0x01, 0.011, 0.046, 0.32, 0}},
		{"saturated", CSE7766Opts{}, "saturated", snapshotOf(220, 2, 400, 0), chipWords{0x55, 0x71, 495, 2, 400, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			chip := newChip(c.opts)
			if err := chip.Fault(c.fault); err != nil {
				t.Fatal(err)
			}
			got, want := readChip(t, chip.frame(c.snap)), c.want
			if got.state != want.state || got.adj != want.adj || got.pulses != want.pulses ||
				!near(got.volts, want.volts) || !near(got.amps, want.amps) || !near(got.watts, want.watts) {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 0.005*want+0.001 }

func TestChipFedByTheMains(t *testing.T) {
	c := newChip(CSE7766Opts{MainsFed: true})
	if got := readChip(t, c.frame(snapshotOf(220, 1, 200, 10))); got.pulses != 6711 {
		t.Errorf("%d pulses for 10 Wh", got.pulses)
	}
	if b := c.frame(snapshotOf(70, 0, 0, 11)); b != nil {
		t.Errorf("without mains: % X", b)
	}
	if got := readChip(t, c.frame(snapshotOf(220, 1, 200, 12))); got.pulses != 671 {
		t.Errorf("%d pulses for 1 Wh after an outage", got.pulses)
	}
}

func TestFrozenChip(t *testing.T) {
	c := newChip(CSE7766Opts{})
	before := c.frame(snapshotOf(220, 1, 200, 10))
	if err := c.Fault("frozen"); err != nil {
		t.Fatal(err)
	}
	if now := c.frame(snapshotOf(300, 2, 500, 20)); !bytes.Equal(now, before) {
		t.Errorf("% X, then % X", before, now)
	}
	if err := c.Fault("none"); err != nil {
		t.Fatal(err)
	}
	if now := c.frame(snapshotOf(300, 2, 500, 20)); bytes.Equal(now, before) {
		t.Error("still frozen")
	}
}

func TestChipOverAPTY(t *testing.T) {
	w := powered(t, world.Opts{})
	port := newPTY(t)
	c := NewCSE7766(w, port, CSE7766Opts{Seed: 1})
	begun := time.Now()
	start(t, c.Run)
	client := openClient(t, port.Path())
	b := make([]byte, 24)
	for range 3 {
		if _, err := io.ReadFull(client, b); err != nil {
			t.Fatal(err)
		}
		if got := readChip(t, b); got.volts < 218 || got.volts > 222 || got.state != 0x55 {
			t.Errorf("%+v", got)
		}
	}
	if d := time.Since(begun); d < 3*100*time.Millisecond {
		t.Errorf("three frames in %v, which is faster than the chip", d)
	}
	if err := c.Fault("silent"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "silence", func() bool {
		_ = client.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
		n, _ := client.Read(b)
		return n == 0
	})
	if err := c.Fault("gone"); err == nil || !strings.Contains(err.Error(), "saturated") {
		t.Errorf("unknown fault: %v", err)
	}
	if s := c.String(); !strings.Contains(s, "fault silent") {
		t.Error(s)
	}
}
