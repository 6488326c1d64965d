package ir

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// noProto marks a protocol that no kernel encodes.
const noProto = 0xFFFF

// protocol is what is known of one way to send keys.
type protocol struct {
	name    string // as ir-ctl writes it
	proto   uint16 // enum rc_proto
	bits    uint32 // those a scancode may have
	carrier uint32 // Hz
	pulses  func(t *train, scancode uint32, toggle bool)
}

// protocols of the kernel's encoders with their numbers in linux/lirc.h. Those
// with pulses can be made here too; nec32 cannot, because the kernel and ir-ctl
// put its bytes in different orders.
var protocols = []protocol{
	{"rc5", 2, 0x1f7f, 36000, rc5},
	{"rc5x_20", 3, 0x1f7f3f, 36000, nil},
	{"rc5_sz", 4, 0x2fff, 36000, nil},
	{"jvc", 5, 0xffff, 38000, nil},
	{"sony12", 6, 0x1f007f, 40000, sony(5, 0)},
	{"sony15", 7, 0xff007f, 40000, sony(8, 0)},
	{"sony20", 8, 0x1fff7f, 40000, sony(5, 8)},
	{"nec", 9, 0xffff, 38000, nec},
	{"necx", 10, 0xffffff, 38000, necx},
	{"nec32", 11, 0xffffffff, 38000, nil},
	{"sanyo", 12, 0x1fffff, 38000, nil},
	{"rc6_0", 15, 0xffff, 36000, rc6},
	{"rc6_6a_20", 16, 0xfffff, 36000, nil},
	{"rc6_6a_24", 17, 0xffffff, 36000, nil},
	{"rc6_6a_32", 18, 0xffffffff, 36000, nil},
	{"rc6_mce", 19, 0xffff7fff, 36000, nil},
	{"sharp", 20, 0x1fff, 38000, nil},
	{"samsung32", noProto, 0xffffffff, 38000, samsung32},
}

// Code is a key of a remote control.
type Code struct {
	protocol
	scancode uint32
	raw      []uint32 // µs, mark first; nil for a scancode
}

// The bounds of raw pulses: those of the kernel's buffer, and half a second.
const (
	maxPulses   = 255
	maxDuration = 500_000 // µs
)

// Parse reads "protocol:scancode" or "raw:mark,space,…,mark"; see the package
// comment.
func Parse(text string) (Code, error) {
	name, value, ok := strings.Cut(text, ":")
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	if !ok {
		return Code{}, fmt.Errorf("key %.40q: not like \"nec:0x408\"", text)
	}
	if name == "raw" || strings.HasPrefix(name, "raw@") {
		return parseRaw(text, name, value)
	}
	i := slices.IndexFunc(protocols, func(p protocol) bool { return p.name == name })
	if i < 0 {
		return Code{}, fmt.Errorf("key %.40q: no protocol %q; there are %s", text, name, names())
	}
	v, err := strconv.ParseUint(value, 0, 32)
	if err != nil {
		return Code{}, fmt.Errorf("key %.40q: no scancode like 0x408", text)
	}
	p := protocols[i]
	if bad := uint32(v) &^ p.bits; bad != 0 {
		return Code{}, fmt.Errorf("key %.40q: a scancode of %s has no bits %#x", text, name, bad)
	}
	return Code{protocol: p, scancode: uint32(v)}, nil
}

func names() string {
	var all []string
	for _, p := range protocols {
		all = append(all, p.name)
	}
	return strings.Join(all, ", ") + ", raw"
}

func parseRaw(text, name, value string) (Code, error) {
	c := Code{protocol: protocol{name: "raw", proto: noProto, carrier: 38000}}
	if hz, ok := strings.CutPrefix(name, "raw@"); ok {
		v, err := strconv.ParseUint(hz, 10, 32)
		if err != nil || v < 20_000 || v > 500_000 {
			return Code{}, fmt.Errorf("key %.40q: carrier not 20000 to 500000 Hz", text)
		}
		c.carrier = uint32(v)
	}
	total := uint64(0)
	for n := range strings.SplitSeq(value, ",") {
		v, err := strconv.ParseUint(strings.TrimSpace(n), 10, 32)
		if err != nil || v == 0 {
			return Code{}, fmt.Errorf("key %.40q: %.12q is no number of microseconds", text, n)
		}
		if total += v; total > maxDuration || len(c.raw) == maxPulses {
			return Code{}, fmt.Errorf("key %.40q: more than %d numbers or half a second", text, maxPulses)
		}
		c.raw = append(c.raw, uint32(v))
	}
	if len(c.raw)%2 == 0 {
		return Code{}, fmt.Errorf("key %.40q: %d numbers; the last one must be a mark, so their count is odd", text, len(c.raw))
	}
	return c, nil
}

// String writes c as Parse reads it, raw pulses by their count only.
func (c Code) String() string {
	if c.raw != nil {
		return fmt.Sprintf("raw (%d pulses)", len(c.raw))
	}
	return fmt.Sprintf("%s:%#x", c.name, c.scancode)
}

// Carrier returns the frequency of the light in Hz.
func (c Code) Carrier() uint32 { return c.carrier }

// Pulses returns marks and spaces in turn, in microseconds, beginning and ending
// with a mark. Toggle is the bit of RC-5 and RC-6 that tells a new press from a
// held key. A protocol that only the kernel encodes is an error.
func (c Code) Pulses(toggle bool) ([]uint32, error) {
	if c.raw != nil {
		return slices.Clone(c.raw), nil
	}
	if c.pulses == nil {
		return nil, fmt.Errorf("%s can only be encoded by the kernel", c.name)
	}
	var t train
	c.pulses(&t, c.scancode, toggle)
	return t.done(), nil
}

// repeats is how often a frame must be sent to count as one press.
func (c Code) repeats() int {
	if strings.HasPrefix(c.name, "sony") {
		return 3
	}
	return 1
}

// gap is the darkness between two frames of one press.
func (c Code) gap() time.Duration {
	if strings.HasPrefix(c.name, "sony") {
		return 20 * time.Millisecond // 45 ms from start to start
	}
	return 45 * time.Millisecond
}
