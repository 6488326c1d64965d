package evdev

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"stationbox/hal"
)

// encode is struct input_event, written by hand.
func encode(e Event, size int) []byte {
	n := binary.NativeEndian
	var b []byte
	if size == 24 {
		b = n.AppendUint64(b, uint64(e.At/time.Second))
		b = n.AppendUint64(b, uint64(e.At%time.Second/time.Microsecond))
	} else {
		b = n.AppendUint32(b, uint32(e.At/time.Second))
		b = n.AppendUint32(b, uint32(e.At%time.Second/time.Microsecond))
	}
	b = n.AppendUint16(b, e.Type)
	b = n.AppendUint16(b, e.Code)
	return n.AppendUint32(b, uint32(e.Value))
}

// TestDecode: whatever the kernel writes is read back, in both sizes.
func TestDecode(t *testing.T) {
	for _, size := range []int{16, 24} {
		rapid.Check(t, func(rt *rapid.T) {
			want := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) Event {
				return Event{
					At:    time.Duration(rapid.Uint32().Draw(rt, "s"))*time.Second + time.Duration(rapid.IntRange(0, 999999).Draw(rt, "µs"))*time.Microsecond,
					Type:  rapid.Uint16().Draw(rt, "type"),
					Code:  rapid.Uint16().Draw(rt, "code"),
					Value: rapid.Int32().Draw(rt, "value"),
				}
			}), 0, 8).Draw(rt, "events")
			var b []byte
			for _, e := range want {
				b = append(b, encode(e, size)...)
			}
			got, err := Decode(b, size)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("%v, %v, want %v", got, err, want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := encode(Event{At: time.Second, Type: evKey, Code: 79, Value: 1}, 24)
	bad := encode(Event{}, 24)
	binary.NativeEndian.PutUint64(bad[8:], 1e6)
	never := encode(Event{}, 24)
	binary.NativeEndian.PutUint64(never, 1<<63)
	for name, tt := range map[string]struct {
		b    []byte
		size int
	}{
		"a byte short": {good[:23], 24}, "a byte over": {append(good[:24:24], 0), 24}, "16 in 24": {good[:16], 24},
		"20 bytes": {good[:20], 20}, "no size": {good, 0}, "microseconds": {append(good[:24:24], bad...), 24}, "year": {never, 24},
	} {
		if got, err := Decode(tt.b, tt.size); !errors.Is(err, hal.ErrGarbled) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// FuzzDecode: a read holds garbage; what is decoded is what was there.
func FuzzDecode(f *testing.F) {
	f.Add(encode(Event{At: 90 * time.Second, Type: evKey, Code: 96, Value: 1}, 24), true)
	f.Add(encode(Event{At: 90 * time.Second, Type: evSyn, Code: synDropped}, 16), false)
	f.Add([]byte{1, 2, 3}, true)
	f.Fuzz(func(t *testing.T, b []byte, wide bool) {
		size := 16
		if wide {
			size = 24
		}
		events, err := Decode(b, size)
		if err != nil {
			if !errors.Is(err, hal.ErrGarbled) || events != nil {
				t.Fatalf("%v, %v", events, err)
			}
			return
		}
		var again []byte
		for _, e := range events {
			if e.At < 0 {
				t.Fatalf("event at %v", e.At)
			}
			again = append(again, encode(e, size)...)
		}
		if string(again) != string(b) {
			t.Fatalf("%x became %x", b, again)
		}
	})
}

// FuzzMatch: no name of a device breaks the parser.
func FuzzMatch(f *testing.F) {
	for _, s := range []string{"/dev/input/by-id/usb-x-event-kbd", "1a2c:0e24", "1a2c:0e24/USB Keyboard", "1a2c", ":", "1a2c:0e2", "+a2c:0e24", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMatch(s)
		if err != nil || m.path != "" {
			return
		}
		if want := fmt.Sprintf("%04x:%04x", m.vendor, m.product); !strings.EqualFold(s[:9], want) {
			t.Fatalf("%q became %+v", s, m)
		}
	})
}

// layout reads lines of a name and a value.
func layout(text string) map[string]string {
	said := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		i := strings.LastIndex(line, " ")
		said[line[:max(i, 0)]] = line[i+1:]
	}
	return said
}

func golden(t *testing.T) map[string]string {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 || NativeSize != 24 {
		t.Skip("the golden file is of a little-endian 64-bit machine")
	}
	text, err := os.ReadFile("testdata/layout.txt")
	if err != nil {
		t.Fatal(err)
	}
	return layout(string(text))
}

// TestHeader compiles a program against this machine's linux/input.h: it must say
// what the golden file says.
func TestHeader(t *testing.T) {
	want := golden(t)
	cc, err := exec.LookPath("cc")
	if _, statErr := os.Stat("/usr/include/linux/input.h"); err != nil || statErr != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no C compiler or kernel header (Debian: gcc, linux-libc-dev)")
		}
		t.Skip("no C compiler or kernel header (Debian: gcc, linux-libc-dev)")
	}
	bin := filepath.Join(t.TempDir(), "layout")
	if out, err := exec.CommandContext(t.Context(), cc, "-Wall", "-o", bin, "testdata/layout.c").CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), bin).Output()
	if err != nil {
		t.Fatal(err)
	}
	if said := layout(string(out)); !maps.Equal(said, want) {
		t.Errorf("header says %v, golden file %v", said, want)
	}
}

func TestLayout(t *testing.T) {
	want := golden(t)
	ours := map[string]string{"enter": hex.EncodeToString(encode(Event{At: 86400*time.Second + 999999*time.Microsecond, Type: evKey, Code: 96, Value: 1}, NativeSize))}
	for c, v := range map[string]uint64{
		"EVIOCGID": getID, "EVIOCGNAME(256)": getName, "EVIOCGKEY(96)": getKeys, "EVIOCGBIT(EV_KEY, 96)": getKeyBits,
		"EVIOCGRAB": grab, "EVIOCSCLOCKID": setClock, "sizeof(struct input_id)": sizeID, "offsetof(struct input_id, vendor)": 2,
		"offsetof(struct input_id, product)": 4, "(KEY_MAX + 8) / 8": keyBytes, "EV_SYN": evSyn, "EV_KEY": evKey,
		"SYN_REPORT": synReport, "SYN_DROPPED": synDropped, "CLOCK_MONOTONIC": monotonic, "KEY_1": keyOne, "KEY_KP1": keyKeypad1,
	} {
		ours[c] = strconv.FormatUint(v, 10)
	}
	if !maps.Equal(ours, want) {
		t.Errorf("driver has %v, header %v", ours, want)
	}
}
