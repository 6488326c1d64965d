package device

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"stationbox/hal/sim/world"
)

// The check values are those of the catalogue of parametrised CRC algorithms.
func TestChecksums(t *testing.T) {
	nine := []byte("123456789")
	if got := ccittFalse(nine); got != 0x29B1 {
		t.Errorf("CRC-16/CCITT-FALSE %04X, want 29B1", got)
	}
	if got := modbusCRC(nine); got != 0x4B37 {
		t.Errorf("CRC-16/MODBUS %04X, want 4B37", got)
	}
}

// golden reads lines "> request" and "< answer" in hexadecimal.
func golden(t testing.TB, file string) (pairs [][2][]byte) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		b, err := hex.DecodeString(strings.ReplaceAll(line[1:], " ", ""))
		if err != nil {
			t.Fatalf("%s: %q: %v", file, line, err)
		}
		if line[0] == '>' {
			pairs = append(pairs, [2][]byte{b, nil})
			continue
		}
		pairs[len(pairs)-1][1] = b
	}
	return pairs
}

// testMeter returns a meter that says 230.4 V 1.234 A 284.3 W 12345 Wh 50.0 Hz.
func testMeter() *Meter {
	w := world.New(world.Opts{Noise: -1})
	w.Advance(world.Step * 40)
	m := NewMeter(w, nullPort{}, MeterOpts{EchoAny: true})
	m.frozen, _ = hex.DecodeString("090004D200000B1B00003039000001F400640000")
	m.kind = "frozen"
	return m
}

func TestMeterFrames(t *testing.T) {
	m := testMeter()
	for _, p := range golden(t, "pzem.txt") {
		used, answer := m.handle(p[0])
		if used != len(p[0]) || !bytes.Equal(answer, p[1]) {
			t.Errorf("> % X\n< % X\nwant % X", p[0], answer, p[1])
		}
	}
}

func TestMeterSaysNothingToRubbish(t *testing.T) {
	m := testMeter()
	for _, s := range []string{"", "01", "0104000000", "01040000000A700C", "02040000000A7039"} {
		b, _ := hex.DecodeString(s)
		if _, answer := m.handle(b); answer != nil {
			t.Errorf("%s: answered % X", s, answer)
		}
	}
}

func FuzzMeter(f *testing.F) {
	for _, p := range golden(f, "pzem.txt") {
		f.Add(p[0][:len(p[0])-2])
	}
	m := testMeter()
	f.Fuzz(func(t *testing.T, body []byte) {
		used, answer := m.handle(sealed(body[:min(len(body), 256)]))
		if answer != nil && (modbusCRC(answer) != 0 || used == 0) {
			t.Errorf("% X: %d used, answer % X", body, used, answer)
		}
	})
}

func FuzzTV(f *testing.F) {
	for _, s := range []string{"ka 01 01\r", "kf 00 ff\r", "xb 01 90\r", "\r", "ka  1 1 1\r", "k\xff 01 01\r"} {
		f.Add([]byte(s))
	}
	w := world.New(world.Opts{Loads: []world.Load{{Name: "tv", Kind: world.TVLoad}}})
	tv := NewTV(w, nullPort{}, TVOpts{})
	f.Fuzz(func(t *testing.T, got []byte) {
		if used, _ := tv.handle(got); used > len(got) {
			t.Errorf("%q: used %d", got, used)
		}
		_, _ = tv.obey(string(got[:min(len(got), 2)]), 0xFF, 4)
	})
}

func FuzzProjector(f *testing.F) {
	for _, s := range []string{"%1POWR ?", "%1INPT 31", "%2SNUM ?", "%1", "", "%3ABCD x", "%1AVMT 3"} {
		f.Add(s)
	}
	w := world.New(world.Opts{})
	p := &Projector{world: w, opts: ProjectorOpts{Class2: true}, knob: newKnob("projector", nil)}
	f.Fuzz(func(t *testing.T, command string) {
		if a := p.answer(command); len(a) > 150+len(command) || !strings.HasSuffix(a, "\r") {
			t.Errorf("%q: %q", command, a)
		}
	})
}
