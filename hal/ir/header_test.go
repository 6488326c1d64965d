package ir

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// layout reads lines of a name and a value.
func layout(t *testing.T, text string) map[string]string {
	t.Helper()
	said := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		i := strings.LastIndex(line, " ")
		if i < 0 {
			t.Fatalf("line %q", line)
		}
		said[line[:i]] = line[i+1:]
	}
	return said
}

// built compiles a C file of testdata and returns the name of the product.
func built(t *testing.T, source string, flags ...string) string {
	t.Helper()
	if _, err := os.Stat("/usr/include/linux/lirc.h"); err != nil {
		missing(t, "no kernel header: "+err.Error()+" (Debian: linux-libc-dev)")
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		missing(t, "no C compiler (Debian: gcc)")
	}
	bin := filepath.Join(t.TempDir(), "product")
	args := append([]string{"-Wall", "-o", bin, source}, flags...)
	if out, err := exec.CommandContext(t.Context(), cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	return bin
}

// missing skips at home and fails where everything must be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func golden(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/layout.txt")
	if err != nil {
		t.Fatal(err)
	}
	return layout(t, string(text))
}

func littleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the golden file is little endian")
	}
}

// TestHeader compiles a program against this machine's linux/lirc.h: it must say
// what the golden file says.
func TestHeader(t *testing.T) {
	littleEndian(t)
	out, err := exec.CommandContext(t.Context(), built(t, "testdata/layout.c")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if said, want := layout(t, string(out)), golden(t); !maps.Equal(said, want) {
		t.Errorf("header says %v, golden file %v", said, want)
	}
}

func TestLayout(t *testing.T) {
	littleEndian(t)
	ours := map[string]string{
		"nec:0x408": hex.EncodeToString(encodeScancode(9, 0x408)),
	}
	for c, v := range map[string]uint64{
		"LIRC_GET_FEATURES": getFeatures, "LIRC_SET_SEND_MODE": setSendMode, "LIRC_SET_SEND_CARRIER": setSendCarrier,
		"LIRC_CAN_SEND_PULSE": canSendPulse, "LIRC_MODE_PULSE": modePulse, "LIRC_MODE_SCANCODE": modeScancode,
		"sizeof(struct lirc_scancode)": sizeScancode,
	} {
		ours[c] = strconv.FormatUint(v, 10)
	}
	for _, p := range protocols {
		if p.proto != noProto {
			ours["RC_PROTO_"+strings.ToUpper(p.name)] = strconv.Itoa(int(p.proto))
		}
	}
	if want := golden(t); !maps.Equal(ours, want) {
		t.Errorf("driver has %v, header %v", ours, want)
	}
}
