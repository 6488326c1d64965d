package ir

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// oracle is what ir-ctl would send.
type oracle struct {
	key     string
	carrier uint32
	pulses  []uint32
}

func parseOracle(t *testing.T, line string) oracle {
	t.Helper()
	words := strings.Fields(line)
	o := oracle{key: words[0]}
	for i, w := range words[1:] {
		v, err := strconv.ParseUint(w, 10, 32)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if i == 0 {
			o.carrier = uint32(v)
			continue
		}
		o.pulses = append(o.pulses, uint32(v))
	}
	return o
}

func oracles(t *testing.T) (all []oracle) {
	t.Helper()
	text, err := os.ReadFile("testdata/ir-ctl.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, parseOracle(t, line))
		}
	}
	return all
}

// alike allows for rounding of fractions of a microsecond.
func alike(a, b []uint32) bool {
	return slices.EqualFunc(a, b, func(x, y uint32) bool { return max(x, y)-min(x, y) <= 2 })
}

func TestPulsesAsIrCtlMakesThem(t *testing.T) {
	all := oracles(t)
	if len(all) < 12 {
		t.Fatalf("only %d lines", len(all))
	}
	for _, o := range all {
		c, err := Parse(o.key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Pulses(false)
		if err != nil || !alike(got, o.pulses) || c.Carrier() != o.carrier {
			t.Errorf("%s: %v at %d Hz, %v\nir-ctl %v at %d Hz", o.key, got, c.Carrier(), err, o.pulses, o.carrier)
		}
	}
}

// TestAgainstIrCtl asks the ir-ctl of this machine.
func TestAgainstIrCtl(t *testing.T) {
	irctl, err := exec.LookPath("ir-ctl")
	if err != nil {
		t.Skip("no ir-ctl (Debian: v4l-utils); its pulses are in testdata")
	}
	lib := built(t, "testdata/oracle.c", "-shared", "-fPIC", "-ldl")
	for _, o := range oracles(t) {
		cmd := exec.CommandContext(t.Context(), irctl, "-d", "/dev/null", "-S", o.key)
		cmd.Env = append(os.Environ(), "LD_PRELOAD="+lib)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", o.key, err, out)
		}
		if live := parseOracle(t, o.key+" "+string(out)); live.carrier != o.carrier || !slices.Equal(live.pulses, o.pulses) {
			t.Errorf("%s: %+v, golden file %+v", o.key, live, o)
		}
	}
}

// A Samsung power key: customer code 07 twice, command 02 and its complement,
// each with the lowest bit first, after a mark and a space of equal length.
func TestSamsung32(t *testing.T) {
	c, err := Parse("samsung32:0xE0E040BF")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Pulses(false)
	if err != nil || len(got) != 67 || got[0] != 4500 || got[1] != 4500 {
		t.Fatalf("%d pulses %v, %v", len(got), got, err)
	}
	var bytes [4]byte
	for i := range 32 {
		if got[2+2*i] != 560 {
			t.Fatalf("mark %d is %d µs", i, got[2+2*i])
		}
		if got[3+2*i] > 1000 {
			bytes[i/8] |= 1 << (i % 8)
		}
	}
	if bytes != [4]byte{0x07, 0x07, 0x02, 0xFD} {
		t.Errorf("bytes % x", bytes)
	}
	// The same key in the kernel's words differs in the header only.
	necx, err := Parse("necx:0x070702")
	if err != nil {
		t.Fatal(err)
	}
	other, err := necx.Pulses(false)
	if err != nil || len(other) != len(got) {
		t.Fatalf("%v, %v", other, err)
	}
	for i := 2; i < len(got); i++ {
		if (got[i] > 1000) != (other[i] > 1000) {
			t.Errorf("pulse %d: %d and %d", i, got[i], other[i])
		}
	}
}

func TestToggleBit(t *testing.T) {
	for _, key := range []string{"rc5:0x100c", "rc6_0:0x80c"} {
		c, err := Parse(key)
		if err != nil {
			t.Fatal(err)
		}
		first, _ := c.Pulses(false)
		second, _ := c.Pulses(true)
		if slices.Equal(first, second) || total(first)-total(second) > 900 && total(second)-total(first) > 900 {
			t.Errorf("%s: %v and %v", key, first, second)
		}
	}
}

func total(d []uint32) (sum uint32) {
	for _, v := range d {
		sum += v
	}
	return sum
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"nec:0x408", "NECX:460546", "rc-5:0x100c", "sony20:0x1a5f15", "samsung32:0xe0e040bf", "raw:9000,4500,560", "raw@36000:889,889,1778", "raw:1,2", "nec:", ":", "rc6_0:0x1ffff", "nec32:0xffffffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		d, err := c.Pulses(len(text)%2 == 0)
		if err != nil {
			if c.pulses != nil || c.raw != nil {
				t.Fatal(err)
			}
			return
		}
		if len(d)%2 == 0 || len(d) > maxPulses || slices.Contains(d, 0) || total(d) > maxDuration {
			t.Fatalf("%q: %d pulses, %d µs", text, len(d), total(d))
		}
		if again, err := Parse(c.String()); c.raw == nil && (err != nil || again.String() != c.String()) {
			t.Fatalf("%q: %s: %v", text, c, err)
		}
	})
}
