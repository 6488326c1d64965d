package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// record writes volts(t), an rms, as a recording at 50 Hz.
func record(t *testing.T, seconds float64, volts func(t float64) float64) string {
	t.Helper()
	const rate = 8000
	samples := make([]int16, int(seconds*rate))
	for i := range samples {
		at := float64(i) / rate
		v := volts(at) * math.Sqrt2 * math.Sin(2*math.Pi*50*at)
		samples[i] = int16(max(-32768, min(32767, math.Round(v*32768/800))))
	}
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data")
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(samples)))
	for _, v := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	path := filepath.Join(t.TempDir(), "mains.wav")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func between(t, from, to, inside float64) float64 {
	if t >= from && t < to {
		return inside
	}
	return 220
}

// played runs the command and returns its lines.
func played(t *testing.T, args ...string) []said {
	t.Helper()
	var out, errs bytes.Buffer
	if code := replay(args, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var lines []said
	for dec := json.NewDecoder(&out); dec.More(); {
		var s said
		if err := dec.Decode(&s); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, s)
	}
	return lines
}

func find(t *testing.T, lines []said, event string) said {
	t.Helper()
	for _, s := range lines {
		if s.Event == event {
			return s
		}
	}
	t.Fatalf("no %s in %+v", event, lines)
	return said{}
}

func TestReplayInstant(t *testing.T) {
	file := record(t, 3, func(t float64) float64 { return between(t, 1.2, 9, 402) })
	lines := played(t, "-rate", "8000", "-full-scale", "800", file)
	for _, event := range []string{"trip", "open"} {
		if s := find(t, lines, event); s.Cause != "over_voltage_instant" || s.T < 1.203 || s.T > 1.22 || math.Abs(s.Volts-402) > 4 {
			t.Errorf("%+v", s)
		}
	}
	if s := find(t, lines, "swell"); math.Abs(s.T-1.2) > 0.01 || math.Abs(s.Volts-402) > 1 || !s.Ongoing {
		t.Errorf("%+v", s)
	}
	if !slices.IsSortedFunc(lines, func(a, b said) int { return int(1e4 * (a.T - b.T)) }) {
		t.Errorf("not in order of time: %+v", lines)
	}
}

func TestReplayQuietMainsSaysNothing(t *testing.T) {
	if lines := played(t, record(t, 5, func(float64) float64 { return 231 })); len(lines) > 0 {
		t.Errorf("%+v", lines)
	}
}

func TestReplayDipAndInterruption(t *testing.T) {
	lines := played(t, record(t, 4, func(t float64) float64 {
		if t > 3 {
			return between(t, 3, 3.06, 3)
		}
		return between(t, 1, 1.2, 160)
	}))
	if s := find(t, lines, "dip"); math.Abs(s.T-1) > 0.01 || math.Abs(s.Lasted-0.2) > 0.02 || math.Abs(s.Volts-160) > 1 {
		t.Errorf("%+v", s)
	}
	if s := find(t, lines, "interruption"); math.Abs(s.T-3) > 0.01 || math.Abs(s.Lasted-0.06) > 0.02 {
		t.Errorf("%+v", s)
	}
	if i := slices.IndexFunc(lines, func(s said) bool { return s.Event == "open" || s.Event == "trip" }); i >= 0 {
		t.Errorf("opened: %+v", lines[i])
	}
}

// TestReplayColdClosesAfterTheGoodTime, and a warm one closes again after a trip.
func TestReplayColdClosesAfterTheGoodTime(t *testing.T) {
	file := record(t, 70, func(float64) float64 { return 225 })
	if s := find(t, played(t, "-cold", file), "close"); s.T < 60 || s.T > 60.2 {
		t.Errorf("%+v", s)
	}
	file = record(t, 70, func(t float64) float64 { return between(t, 1, 2, 310) })
	if s := find(t, played(t, file), "close"); s.T < 62 || s.T > 62.3 {
		t.Errorf("%+v", s)
	}
}

// TestReplayLocksOut after the fifth trip of an hour. The good time of the
// configuration counts.
func TestReplayLocksOut(t *testing.T) {
	dir := t.TempDir()
	cfg := configure(t, dir, "/dev/ttyAMA1", filepath.Join(dir, "pins"))
	file := record(t, 32, func(t float64) float64 {
		for _, at := range []float64{1, 4, 8, 14, 24} {
			if t >= at && t < at+0.3 {
				return 310
			}
		}
		return 220
	})
	lines := played(t, "-config", cfg, file)
	if s := find(t, lines, "lockout"); s.Cause != "too_many_trips" || s.T < 24.1 || s.T > 24.3 {
		t.Errorf("%+v", s)
	}
}

// TestReplayBlind: a front end that repeats itself proves nothing.
func TestReplayBlind(t *testing.T) {
	frozen := record(t, 1, func(float64) float64 { return 220 })
	data, err := os.ReadFile(frozen)
	if err != nil {
		t.Fatal(err)
	}
	frame := data[44+8000 : 44+8040]
	for at := 44 + 8000; at < len(data); at += 40 {
		copy(data[at:], frame)
	}
	if err := os.WriteFile(frozen, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := find(t, played(t, frozen), "blind"); s.Cause != "no_samples" || s.T < 0.59 || s.T > 0.62 {
		t.Errorf("%+v", s)
	}
}

func TestReplayRefuses(t *testing.T) {
	good := record(t, 0.1, func(float64) float64 { return 220 })
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no file", nil, exitUsage, "exactly one recording"},
		{"unknown flag", []string{"-speed", "2", good}, exitUsage, "not defined"},
		{"missing", []string{good + "x"}, exitFailed, "mains.wavx"},
		{"no recording", []string{os.Args[0]}, exitFailed, "no WAV file"},
		{"another rate", []string{"-rate", "16000", good}, exitFailed, "give -rate 8000"},
		{"scale", []string{"-full-scale", "-3", good}, exitUsage, "-full-scale"},
		{"configuration", []string{"-config", good + ".toml", good}, exitFailed, "mains.wav.toml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := replay(tt.args, &out, &errs)
			if code != tt.code || !strings.Contains(errs.String(), tt.want) || out.Len() > 0 {
				t.Errorf("exit %d, %q, %q", code, errs.String(), out.String())
			}
		})
	}
}
