package drm

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"stationbox/hal"
)

// kernel is a model of the part of the kernel that counts blanks.
type kernel struct {
	counts map[int]uint32 // outputs that are on
	fails  error          // of every query
	master bool           // whoever opened it has given it up
	asked  []uint32
}

func (k *kernel) ioctl(_ int, request uint, arg unsafe.Pointer) error {
	switch request {
	case ioctlDropMaster:
		k.master = false
		return nil
	case ioctlWaitVblank:
	default:
		return unix.ENOTTY
	}
	if k.fails != nil {
		return k.fails
	}
	v := (*waitVblank)(arg)
	k.asked = append(k.asked, v.kind)
	n, on := k.counts[int(v.kind>>1&0x1f)]
	if !on || v.kind&1 == 0 || v.sequence != 0 { // absolute, or it would wait
		return unix.EINVAL
	}
	v.kind, v.sequence = 0, n
	return nil
}

func card(t *testing.T, k *kernel) *Card {
	t.Helper()
	path := filepath.Join(t.TempDir(), "card0")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return &Card{path: path, ioctl: k.ioctl}
}

func TestVblanks(t *testing.T) {
	k := &kernel{counts: map[int]uint32{0: 1, 3: 4_294_967_295}, master: true}
	got, err := card(t, k).Vblanks()
	if err != nil || len(got) != 2 || got[0] != 1 || got[3] != 4_294_967_295 {
		t.Errorf("%v, %v", got, err)
	}
	if k.master {
		t.Error("a player that starts now finds the card taken")
	}
}

func TestVblankErrors(t *testing.T) {
	if _, err := New(filepath.Join(t.TempDir(), "none")).Vblanks(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("no card: %v", err)
	}
	for _, tt := range []struct{ kernel, want error }{
		{unix.EOPNOTSUPP, hal.ErrRefused}, {unix.EACCES, hal.ErrRefused}, {unix.ENODEV, hal.ErrGone},
	} {
		if _, err := card(t, &kernel{fails: tt.kernel}).Vblanks(); !errors.Is(err, tt.want) {
			t.Errorf("%v: %v", tt.kernel, err)
		}
	}
	if got, err := card(t, &kernel{}).Vblanks(); err != nil || len(got) != 0 {
		t.Errorf("all outputs off: %v, %v", got, err)
	}
}

// TestIoctlNumbers: as drm.h has them on machines of 64 and of 32 bits.
func TestIoctlNumbers(t *testing.T) {
	want := uint(0xc018643a)
	if unsafe.Sizeof(uintptr(0)) == 4 {
		want = 0xc010643a
	}
	if ioctlWaitVblank != want || ioctlDropMaster != 0x641f {
		t.Errorf("%#x, %#x", ioctlWaitVblank, ioctlDropMaster)
	}
}

// TestEDIDAtItsPeer: edid-decode finds nothing wrong in any EDID of ours, and reads
// mode, sound and address out of it.
func TestEDIDAtItsPeer(t *testing.T) {
	peer, err := exec.LookPath("edid-decode")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no edid-decode (Debian: edid-decode)")
		}
		t.Skip("no edid-decode (Debian: edid-decode)")
	}
	for _, mode := range Modes() {
		b, err := EDID(mode)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), peer, "--check", "--preferred-timings", "--short-timings")
		cmd.Stdin = bytes.NewReader(b)
		out, err := cmd.CombinedOutput()
		said := string(out)
		if err != nil || !strings.Contains(said, "EDID conformity: PASS") {
			t.Errorf("%s: %v\n%s", mode, err, said)
		}
		size, hz, _ := strings.Cut(mode, "@")
		for _, want := range []string{size + " ", hz + ".000000 Hz", "Linear PCM", "Source physical address: 1.0.0.0", "'Stationbox'"} {
			if !strings.Contains(strings.ReplaceAll(said, "   ", " "), want) {
				t.Errorf("%s: edid-decode says nothing of %q:\n%s", mode, want, said)
			}
		}
	}
	if _, err := EDID("640x480@60"); !errors.Is(err, ErrMode) {
		t.Errorf("unknown mode: %v", err)
	}
}

func TestCheckEDID(t *testing.T) {
	good, err := EDID("1920x1080@50")
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckEDID(good); err != nil {
		t.Fatal(err)
	}
	for i := range len(good) {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if CheckEDID(bad) == nil {
			t.Errorf("byte %d is wrong and nobody says so", i)
		}
	}
	for _, n := range []int{0, 1, 127, 128, 255} {
		if CheckEDID(good[:n]) == nil {
			t.Errorf("%d bytes of it are taken", n)
		}
	}
}

// tree is the kernel's files of a box with two connectors.
func tree(t *testing.T) Kernel {
	t.Helper()
	k := Kernel{Sys: filepath.Join(t.TempDir(), "sys"), Debug: filepath.Join(t.TempDir(), "dri")}
	for path, text := range map[string]string{
		k.Sys + "/version":                        "drm 1.1.0 20060810\n",
		k.Sys + "/card1/dev":                      "226:1\n",
		k.Sys + "/renderD128/dev":                 "226:128\n",
		k.Sys + "/card1-HDMI-A-1/status":          "disconnected\n",
		k.Sys + "/card1-HDMI-A-1/modes":           "",
		k.Sys + "/card1-HDMI-A-1/edid":            "",
		k.Sys + "/card1-HDMI-A-2/status":          "connected\n",
		k.Sys + "/card1-HDMI-A-2/modes":           strings.Repeat("1920x1080\n1280x720\n", 20),
		k.Sys + "/card1-HDMI-A-2/edid":            "E",
		k.Debug + "/1/HDMI-A-1/edid_override":     "",
		k.Debug + "/1/HDMI-A-1/force":             "unspecified\n",
		k.Debug + "/1/HDMI-A-2/output_bpc":        "",
		k.Debug + "/128/clients":                  "",
		k.Sys + "/card1-Writeback-1/status":       "unknown\n",
		k.Sys + "/card1-not a connector-1/status": "connected\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func TestConnectors(t *testing.T) {
	list, err := tree(t).Connectors()
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	first, second := list[0], list[1]
	if first.Card != "card1" || first.Name != "HDMI-A-1" || first.Status != "disconnected" || len(first.Modes) != 0 {
		t.Errorf("%+v", first)
	}
	if second.Status != "connected" || len(second.Modes) != 16 || second.Modes[1] != "1280x720" || string(second.EDID) != "E" {
		t.Errorf("%+v", second)
	}
	if _, err := (Kernel{Sys: "/nonexistent"}).Connectors(); !errors.Is(err, hal.ErrGone) {
		t.Errorf("no display driver: %v", err)
	}
}

func TestForce(t *testing.T) {
	k := tree(t)
	edid, err := EDID("1280x720@50")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Force("HDMI-A-1", edid); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(k.Debug + "/1/HDMI-A-1/edid_override")
	status, _ := os.ReadFile(k.Sys + "/card1-HDMI-A-1/status")
	if !bytes.Equal(got, edid) || !strings.HasPrefix(string(status), "on") {
		t.Errorf("EDID %d bytes, status %q", len(got), status)
	}
	if err := k.Force("HDMI-A-3", nil); !errors.Is(err, hal.ErrGone) {
		t.Errorf("a connector that is not there: %v", err)
	}
	if err := k.Force("HDMI-A-2", edid); !errors.Is(err, hal.ErrGone) {
		t.Errorf("a connector that takes no EDID: %v", err)
	}
	if err := k.Force("HDMI-A-1", edid[:128]); err == nil {
		t.Error("half an EDID is taken")
	}
	if err := k.Force("HDMI-A-2", nil); err != nil {
		t.Errorf("on, with its own EDID: %v", err)
	}
}
