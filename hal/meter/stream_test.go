package meter_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"

	"stationbox/hal"
	"stationbox/hal/line"
	"stationbox/hal/line/linetest"
	"stationbox/hal/meter"
)

// said is a Listener that has heard these bytes, piece bytes at a time.
type said struct {
	bytes []byte
	piece int
	err   error
}

func (s *said) Listen(_ context.Context, done func([]byte) (int, error)) ([]byte, error) {
	if s.err != nil {
		return nil, s.err
	}
	for n := 0; n < len(s.bytes); {
		n = min(n+max(s.piece, 1), len(s.bytes))
		k, err := done(s.bytes[:n])
		if err != nil || k > 0 {
			return s.bytes[:k], err
		}
	}
	return nil, fmt.Errorf("cut off after %d bytes: %w", len(s.bytes), hal.ErrGarbled)
}

func frameOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(text), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// resum makes the sum of a frame right again.
func resum(f []byte) []byte {
	f[23] = 0
	for _, x := range f[2:23] {
		f[23] += x
	}
	return f
}

const (
	quietRoom   = "55 5A 02 EA E0 00 03 3F 00 3F 0C 00 36 AB 51 D9 20 00 53 D0 71 12 34 5E"
	overVoltage = "55 5A 02 EA E0 00 01 DE 00 3F 0C 00 36 AB 51 D9 20 00 53 D0 71 12 34 FB"
)

func frames(t testing.TB, texts ...string) (all []byte) {
	for _, text := range texts {
		all = append(all, frameOf(t, text)...)
	}
	return all
}

// toldStream is a measurement as one line of the golden file.
func toldStream(m meter.Measurement, err error) string {
	switch {
	case errors.Is(err, meter.ErrRange):
		return "range"
	case errors.Is(err, hal.ErrGarbled):
		return "garbled"
	case err != nil:
		return err.Error()
	}
	return fmt.Sprint(m.Voltage, " ", m.Current, " ", m.Power, " ", m.PowerFactor)
}

func TestGoldenFrames(t *testing.T) {
	text, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for row := range strings.Lines(string(text)) {
		parts := strings.Split(strings.TrimSpace(row), "|")
		if len(parts) != 4 || strings.HasPrefix(row, "#") {
			continue
		}
		seen++
		t.Run(strings.TrimSpace(parts[0]), func(t *testing.T) {
			src := &said{bytes: frames(t, parts[2], parts[2]), piece: 48}
			s := meter.NewCSE7766(src, meter.StreamOpts{})
			if strings.TrimSpace(parts[1]) == "hlw" {
				s = meter.NewHLW8032(src, meter.StreamOpts{})
			}
			m, err := s.Read(t.Context())
			if got, want := toldStream(m, err), strings.TrimSpace(parts[3]); got != want {
				t.Errorf("%s, %v; want %s", got, err, want)
			}
			if err != nil && m != (meter.Measurement{}) {
				t.Errorf("an error comes with numbers: %+v", m)
			}
			if m.Energy != 0 || m.Frequency != 0 || m.Alarm {
				t.Errorf("told what it does not know: %+v", m)
			}
		})
	}
	if seen < 25 {
		t.Errorf("only %d golden frames", seen)
	}
}

func TestFindsFramesInAnything(t *testing.T) {
	good := frames(t, quietRoom, quietRoom)
	mixed := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"alone", good, "230.084V"},
		{"tail of a frame first", mixed(good[5:24], good), "230.084V"},
		{"noise first", mixed([]byte{0, 0xFF, 0x55, 0x55, 0x5A, 0xF2, 0x5A}, good), "230.084V"},
		{"marks all over", mixed(bytes.Repeat([]byte{0x55, 0x5A}, 20), good), "230.084V"},
		{"noise between", mixed(good[:24], []byte{0x55}, good[:24]), "garbled"},
		{"noise between, then two", mixed(good[:24], []byte{0x55}, good), "230.084V"},
		{"wrong one between", mixed(good[:24], frames(t, strings.Replace(quietRoom, "36 AB", "36 AC", 1)), good[:24]), "garbled"},
		{"one and a half", good[:36], "garbled"},
		{"voltage jumps", frames(t, quietRoom, overVoltage), "garbled"},
		{"voltage jumps and stays", frames(t, quietRoom, overVoltage, overVoltage), "400V"},
		{"constants differ", mixed(good[:24], resum(frames(t, strings.Replace(quietRoom, "02 EA E0", "02 EA E1", 1)))), "garbled"},
		{"voltage moves by a tenth", mixed(good[:24], resum(frames(t, strings.Replace(quietRoom, "00 03 3F", "00 02 F0", 1)))), "254.255V"},
	} {
		for _, piece := range []int{1, 7, 24, 1000} {
			m, err := meter.NewCSE7766(&said{bytes: c.bytes, piece: piece}, meter.StreamOpts{}).Read(t.Context())
			if got, _, _ := strings.Cut(toldStream(m, err), " "); got != c.want {
				t.Errorf("%s, by %d: %s, %v; want %s", c.name, piece, got, err, c.want)
			}
		}
	}
}

// Two wrong bits that the sum does not show must not become a number.
func TestTwoWrongBitsAreNoNumber(t *testing.T) {
	good := frames(t, quietRoom)
	for at := 2; at < 23; at++ {
		for other := at + 1; other < 23; other++ {
			bad := bytes.Clone(good)
			bad[at] ^= 0x10
			bad[other] ^= 0x10
			bytes := append(append([]byte{}, good...), bad...)
			bytes = append(bytes, good[:23]...)
			m, err := meter.NewCSE7766(&said{bytes: bytes, piece: 1}, meter.StreamOpts{}).Read(t.Context())
			if err == nil && (m.Voltage < 200*physic.Volt || m.Voltage > 265*physic.Volt) {
				t.Errorf("bytes %d and %d: believed %v", at, other, m.Voltage)
			}
		}
	}
}

func TestStreamErrorsGoUp(t *testing.T) {
	for _, want := range []error{hal.ErrSilent, hal.ErrGarbled, hal.ErrGone, meter.ErrRange} {
		m, err := meter.NewHLW8032(&said{err: want}, meter.StreamOpts{}).Read(t.Context())
		if !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "meter: ") || m != (meter.Measurement{}) {
			t.Errorf("Read = %+v, %v, want %v", m, err, want)
		}
	}
}

func TestScaleOfTheCircuit(t *testing.T) {
	src := &said{bytes: frames(t, quietRoom, quietRoom), piece: 48}
	s := meter.NewCSE7766(src, meter.StreamOpts{Divider: 2 * physic.MegaOhm, Shunt: 500 * physic.MicroOhm})
	m, err := s.Read(t.Context())
	if got := toldStream(m, err); got != "460.168V 2.306A 1kW 94" {
		t.Errorf("twice the divider, half the shunt: %s", got)
	}
}

// over opens a Stream on one end of a pipe whose other end says what chatter
// says, 105 ms apart.
func over(t *testing.T, chatter func(i int) []byte) *meter.Stream {
	t.Helper()
	near, far := net.Pipe()
	p := line.New(func() (io.ReadWriteCloser, error) { return near, nil }, line.Opts{Name: "ttyX"})
	gone := make(chan struct{})
	t.Cleanup(func() { _ = p.Close(); <-gone })
	go func() {
		defer close(gone)
		defer far.Close()
		for i := 0; i < 1000; i++ {
			time.Sleep(105 * time.Millisecond)
			b := chatter(i)
			if b == nil {
				return
			}
			if _, err := far.Write(b); err != nil {
				return
			}
		}
	}()
	return meter.NewCSE7766(p, meter.StreamOpts{})
}

func TestReadIsBoundedAndSaysWhy(t *testing.T) {
	quiet := frames(t, quietRoom)
	for _, c := range []struct {
		name    string
		chatter func(i int) []byte
		want    error
	}{
		{"healthy", func(int) []byte { return quiet }, nil},
		{"noise", func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 24) }, hal.ErrGarbled},
		{"half frames", func(int) []byte { return quiet[:12] }, hal.ErrGarbled},
		{"empty", func(int) []byte { return []byte{} }, hal.ErrGone},
		{"unplugged", func(i int) []byte {
			if i > 0 {
				return nil
			}
			return quiet
		}, hal.ErrGone},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				m, err := over(t, c.chatter).Read(t.Context())
				if !errors.Is(err, c.want) {
					t.Errorf("Read = %+v, %v; want %v", m, err, c.want)
				}
				limit := 1100 * time.Millisecond
				if c.want == nil {
					limit = 350 * time.Millisecond
				}
				if d := time.Since(start); d > limit {
					t.Errorf("Read took %v", d)
				}
			})
		})
	}
}

func TestSilentChip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		p := line.New(func() (io.ReadWriteCloser, error) { return near, nil }, line.Opts{Timeout: time.Minute})
		defer p.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := meter.NewHLW8032(p, meter.StreamOpts{}).Read(ctx); !errors.Is(err, hal.ErrSilent) || time.Since(start) > 310*time.Millisecond {
			t.Errorf("Read = %v after %v", err, time.Since(start))
		}
	})
}

// The whole way down: what piled up on the terminal says 230 V, the chip says
// 400 V by now.
func TestStreamOverPTY(t *testing.T) {
	name, far := linetest.PTY(t)
	p := line.Open(name, line.Opts{Baud: 4800, Parity: line.EvenParity, Timeout: patience})
	defer p.Close()
	s := meter.NewCSE7766(p, meter.StreamOpts{})
	stop, done := make(chan struct{}), make(chan struct{})
	talk := func(b []byte) {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				_, _ = far.Write(b)
			}
		}
	}
	go talk(frames(t, quietRoom))
	m, err := s.Read(t.Context())
	if got := toldStream(m, err); got != "230.084V 1.153A 250W 94" {
		t.Errorf("Read = %s", got)
	}
	close(stop)
	<-done
	if _, err := far.Write(bytes.Repeat(frames(t, quietRoom), 150)); err != nil {
		t.Fatal(err)
	}
	stop, done = make(chan struct{}), make(chan struct{})
	go talk(frames(t, overVoltage))
	m, err = s.Read(t.Context())
	if got := toldStream(m, err); got != "400V 1.153A 250W 54" {
		t.Errorf("Read after a pile-up = %s", got)
	}
	close(stop)
	<-done
}

func FuzzFrames(f *testing.F) {
	f.Add(frames(f, quietRoom, quietRoom), 48)
	f.Add(frames(f, quietRoom, overVoltage, overVoltage), 5)
	f.Add(frames(f, "FA 5A 02 EE C8 FE FF 01 00 3F 66 00 00 00 51 21 88 FA DB 29 01 00 00 54"), 1)
	f.Add(bytes.Repeat([]byte{0xFA, 0x5A}, 40), 3)
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		b = b[:min(len(b), 1024)]
		for i := 0; i+24 <= len(b); i += 24 { // let the sums be right in half of all inputs
			if piece%2 == 0 {
				resum(b[i : i+24])
			}
		}
		m, err := meter.NewCSE7766(&said{bytes: b, piece: piece & 63}, meter.StreamOpts{}).Read(t.Context())
		if err != nil {
			if m != (meter.Measurement{}) || !errors.Is(err, hal.ErrGarbled) {
				t.Fatalf("%+v with %v", m, err)
			}
			return
		}
		if m.Voltage < 494*physic.MilliVolt || m.Voltage >= 495*physic.Volt || m.Current < 0 || m.Current >= 31*physic.Ampere ||
			m.Power < 0 || m.Power > 16*physic.KiloWatt || m.PowerFactor < 0 || m.PowerFactor > 100 || m.Energy != 0 {
			t.Fatalf("believed %+v", m)
		}
	})
}
