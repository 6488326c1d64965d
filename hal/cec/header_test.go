package cec

import (
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// layout reads lines of a name and a value.
func layout(t testing.TB, text string) map[string]string {
	t.Helper()
	said := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if i := strings.LastIndex(strings.TrimSpace(line), " "); i > 0 {
			name, value = strings.TrimSpace(line)[:i], strings.TrimSpace(line)[i+1:]
		}
		if !ok {
			t.Fatalf("line %q", line)
		}
		said[name] = value
	}
	return said
}

func golden(t testing.TB) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/layout.txt")
	if err != nil {
		t.Fatal(err)
	}
	return layout(t, string(text))
}

// bytesOf returns the structure called name.
func bytesOf(t testing.TB, said map[string]string, name string) []byte {
	t.Helper()
	b, err := hex.DecodeString(said[name])
	if err != nil || len(b) == 0 {
		t.Fatalf("%s: %q, %v", name, said[name], err)
	}
	return b
}

// TestHeader compiles a program against this machine's linux/cec.h: it must say
// what the golden file says, which TestLayout compares with the driver.
func TestHeader(t *testing.T) {
	if _, err := os.Stat("/usr/include/linux/cec.h"); err != nil {
		missing(t, "no kernel header: "+err.Error()+" (Debian: linux-libc-dev)")
	}
	cc, err := exec.LookPath("cc")
	if err != nil {
		missing(t, "no C compiler (Debian: gcc)")
	}
	littleEndian(t)
	bin := filepath.Join(t.TempDir(), "layout")
	if out, err := exec.CommandContext(t.Context(), cc, "-Wall", "-o", bin, "testdata/layout.c").CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), bin).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := golden(t)
	said := layout(t, string(out))
	if len(said) != len(want) {
		t.Errorf("%d lines, golden file has %d", len(said), len(want))
	}
	for name, value := range said {
		if want[name] != value {
			t.Errorf("%s is %s, golden file has %q", name, value, want[name])
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

func littleEndian(t *testing.T) {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the golden file is little endian")
	}
}

func TestLayoutNumbers(t *testing.T) {
	said := golden(t)
	for c, ours := range map[string]uint64{
		"CEC_ADAP_G_PHYS_ADDR":         getPhysAddr,
		"CEC_ADAP_G_LOG_ADDRS":         getLogAddrs,
		"CEC_ADAP_S_LOG_ADDRS":         setLogAddrs,
		"CEC_TRANSMIT":                 transmit,
		"CEC_RECEIVE":                  receive,
		"CEC_DQEVENT":                  dequeue,
		"CEC_S_MODE":                   setMode,
		"sizeof(struct cec_msg)":       sizeMsg,
		"sizeof(struct cec_log_addrs)": sizeLogAddrs,
		"sizeof(struct cec_event)":     sizeEvent,
		"CEC_MODE_INITIATOR":           modeInitiator,
		"CEC_MODE_FOLLOWER":            modeFollower,
		"CEC_TX_STATUS_OK":             txOK,
		"CEC_TX_STATUS_NACK":           txNack,
		"CEC_TX_STATUS_ABORTED":        txAborted,
		"CEC_TX_STATUS_TIMEOUT":        txTimeout,
		"CEC_RX_STATUS_OK":             rxOK,
		"CEC_RX_STATUS_TIMEOUT":        rxTimeout,
		"CEC_RX_STATUS_FEATURE_ABORT":  rxRefused,
		"CEC_RX_STATUS_ABORTED":        rxAborted,
		"CEC_EVENT_STATE_CHANGE":       eventState,
		"CEC_EVENT_LOST_MSGS":          eventLost,
		"CEC_LOG_ADDR_INVALID":         noLogAddr,
		"CEC_MAX_MSG_SIZE":             maxFrame,
	} {
		if want := strconv.FormatUint(ours, 10); said[c] != want {
			t.Errorf("%s is %q, driver has %s", c, said[c], want)
		}
	}
}

func TestLayoutOfWhatIsSent(t *testing.T) {
	littleEndian(t)
	said := golden(t)
	for name, got := range map[string][]byte{
		"ask-power":     message{frame: []byte{0x40, 0x8F}, reply: 0x90, timeout: time.Second}.encode(),
		"standby":       message{frame: []byte{0x40, 0x36}, timeout: refusalTime}.encode(),
		"active-source": message{frame: []byte{0x4F, 0x82, 0x10, 0}}.encode(),
		"give-back":     encodeClaim(""),
		"claim":         encodeClaim("Stationbox"),
	} {
		if s := hex.EncodeToString(got); s != said[name] {
			t.Errorf("%s\n got %s\nwant %s", name, s, said[name])
		}
	}
}

func TestLayoutOfWhatComesBack(t *testing.T) {
	littleEndian(t)
	said := golden(t)
	m, err := decodeMessage(bytesOf(t, said, "answer"))
	if err != nil || hex.EncodeToString(m.frame) != "049003" || m.sequence != 7 || m.reply != 0x90 || m.tx != txOK || m.rx != rxOK || m.nacks != 2 {
		t.Errorf("answer: %+v, %v", m, err)
	}
	if l := decodeLogAddrs(bytesOf(t, said, "claimed")); l != (logAddrs{addr: 4, count: 1, kind: playback, name: "Stationbox"}) {
		t.Errorf("claimed: %+v", l)
	}
	if l := decodeLogAddrs(bytesOf(t, said, "claim")); l.addr != noLogAddr {
		t.Errorf("not claimed yet: %+v", l)
	}
	if c, is, lost := decodeEvent(bytesOf(t, said, "change")); !is || c != (Change{Address: 0x2100, Claimed: 1 << 4}) || lost != 0 {
		t.Errorf("change: %+v, %v, %d", c, is, lost)
	}
	if _, is, lost := decodeEvent(bytesOf(t, said, "lost")); is || lost != 5 {
		t.Errorf("lost: %v, %d", is, lost)
	}
}

func FuzzStructures(f *testing.F) {
	said := golden(f)
	for _, name := range []string{"answer", "ask-power", "claimed", "change", "lost"} {
		f.Add(bytesOf(f, said, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMessage(b)
		if err == nil {
			if len(m.frame) < 1 || len(m.frame) > maxFrame {
				t.Fatalf("frame of %d bytes", len(m.frame))
			}
			if again, err := decodeMessage(m.encode()); err != nil || string(again.frame) != string(m.frame) || again.sequence != m.sequence || again.tx != m.tx {
				t.Fatalf("%+v became %+v, %v", m, again, err)
			}
			_ = verdict(m, m.reply)
		}
		padded := append(b, make([]byte, sizeLogAddrs)...)
		if l := decodeLogAddrs(padded[:sizeLogAddrs]); l.addr != noLogAddr && l.addr > Unregistered {
			t.Fatalf("address %d", l.addr)
		}
		_, _, _ = decodeEvent(padded[:sizeEvent])
	})
}
