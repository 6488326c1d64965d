package gpioline

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestHeader asks the C compiler what linux/gpio.h of this machine says and
// compares sizes, offsets, ioctl numbers and flags with what the driver sends.
func TestHeader(t *testing.T) {
	const header = "/usr/include/linux/gpio.h"
	if _, err := os.Stat(header); err != nil {
		t.Skipf("no kernel header: %v (Debian: linux-libc-dev)", err)
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		missing(t, "no C compiler (Debian: gcc)")
	}
	dir := t.TempDir()
	src, bin := filepath.Join(dir, "h.c"), filepath.Join(dir, "h")
	facts := headerFacts()
	must(t, os.WriteFile(src, []byte(headerProgram(facts)), 0o600))
	if out, err := exec.CommandContext(t.Context(), cc, "-o", bin, src).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), bin).Output()
	must(t, err)
	said := strings.Fields(string(out))
	if len(said) != len(facts) {
		t.Fatalf("%d answers to %d questions", len(said), len(facts))
	}
	for i, f := range facts {
		if want := fmt.Sprint(f.ours); said[i] != want {
			t.Errorf("%s is %s, driver has %s", f.c, said[i], want)
		}
	}
}

// missing skips at home and fails where everything must be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

type fact struct {
	c    string // an expression in C
	ours uint64
}

func headerProgram(facts []fact) string {
	var s strings.Builder
	s.WriteString("#include <stdio.h>\n#include <stddef.h>\n#include <linux/gpio.h>\nint main(void) {\n")
	for _, f := range facts {
		fmt.Fprintf(&s, "\tprintf(\"%%llu\\n\", (unsigned long long)(%s));\n", f.c)
	}
	s.WriteString("\treturn 0;\n}\n")
	return s.String()
}

func headerFacts() []fact {
	var (
		chip unix.GPIOChipInfo
		r    unix.GPIOV2LineRequest
		c    unix.GPIOV2LineConfig
		a    unix.GPIOV2LineConfigAttribute
		v    unix.GPIOV2LineValues
		info unix.GPIOV2LineInfo
	)
	const name, request, event = "sizeof(struct gpiochip_info)", "struct gpio_v2_line_request", "struct gpio_v2_line_event"
	off := func(of, field string) string { return "offsetof(" + of + ", " + field + ")" }
	return []fact{
		{name, uint64(unsafe.Sizeof(chip))},
		{off("struct gpiochip_info", "label"), uint64(unsafe.Offsetof(chip.Label))},
		{off("struct gpiochip_info", "lines"), uint64(unsafe.Offsetof(chip.Lines))},
		{"sizeof(" + request + ")", uint64(unsafe.Sizeof(r))},
		{off(request, "consumer"), uint64(unsafe.Offsetof(r.Consumer))},
		{off(request, "config"), uint64(unsafe.Offsetof(r.Config))},
		{off(request, "num_lines"), uint64(unsafe.Offsetof(r.Num_lines))},
		{off(request, "event_buffer_size"), uint64(unsafe.Offsetof(r.Event_buffer_size))},
		{off(request, "fd"), uint64(unsafe.Offsetof(r.Fd))},
		{"sizeof(struct gpio_v2_line_config)", uint64(unsafe.Sizeof(c))},
		{off("struct gpio_v2_line_config", "num_attrs"), uint64(unsafe.Offsetof(c.Num_attrs))},
		{off("struct gpio_v2_line_config", "attrs"), uint64(unsafe.Offsetof(c.Attrs))},
		{"sizeof(struct gpio_v2_line_config_attribute)", uint64(unsafe.Sizeof(a))},
		{off("struct gpio_v2_line_config_attribute", "mask"), uint64(unsafe.Offsetof(a.Mask))},
		{off("struct gpio_v2_line_attribute", "values"), uint64(unsafe.Offsetof(a.Attr.Flags))},
		{off("struct gpio_v2_line_attribute", "debounce_period_us"), uint64(unsafe.Offsetof(a.Attr.Flags))},
		{"sizeof(struct gpio_v2_line_values)", uint64(unsafe.Sizeof(v))},
		{off("struct gpio_v2_line_values", "mask"), uint64(unsafe.Offsetof(v.Mask))},
		{"sizeof(struct gpio_v2_line_info)", uint64(unsafe.Sizeof(info))},
		{off("struct gpio_v2_line_info", "offset"), uint64(unsafe.Offsetof(info.Offset))},
		{off("struct gpio_v2_line_info", "flags"), uint64(unsafe.Offsetof(info.Flags))},
		{"sizeof(" + event + ")", eventSize},
		{off(event, "timestamp_ns"), 0},
		{off(event, "id"), 8},
		{off(event, "offset"), 12},
		{off(event, "line_seqno"), 20},
		{"GPIO_GET_CHIPINFO_IOCTL", getChipInfo},
		{"GPIO_V2_GET_LINEINFO_IOCTL", unix.GPIO_V2_GET_LINEINFO_IOCTL},
		{"GPIO_V2_GET_LINE_IOCTL", unix.GPIO_V2_GET_LINE_IOCTL},
		{"GPIO_V2_LINE_GET_VALUES_IOCTL", unix.GPIO_V2_LINE_GET_VALUES_IOCTL},
		{"GPIO_V2_LINE_SET_VALUES_IOCTL", unix.GPIO_V2_LINE_SET_VALUES_IOCTL},
		{"GPIO_V2_LINE_FLAG_INPUT", flagInput},
		{"GPIO_V2_LINE_FLAG_OUTPUT", flagOutput},
		{"GPIO_V2_LINE_FLAG_EDGE_RISING", flagEdgeRising},
		{"GPIO_V2_LINE_FLAG_EDGE_FALLING", flagEdgeFalling},
		{"GPIO_V2_LINE_FLAG_OPEN_DRAIN", flagOpenDrain},
		{"GPIO_V2_LINE_FLAG_BIAS_PULL_UP", flagBiasPullUp},
		{"GPIO_V2_LINE_FLAG_BIAS_PULL_DOWN", flagBiasPullDown},
		{"GPIO_V2_LINE_FLAG_BIAS_DISABLED", flagBiasDisabled},
		{"GPIO_MAX_NAME_SIZE", maxName + 1},
	}
}
