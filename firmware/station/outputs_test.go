package station

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/text"
	"stationbox/hal"
	"stationbox/hal/drm"
)

// blankCounter is a card that answers in turn.
type blankCounter []map[int]uint32

func (c *blankCounter) Vblanks() (map[int]uint32, error) {
	now := (*c)[0]
	*c = (*c)[1:]
	if now == nil {
		return nil, hal.ErrRefused
	}
	return now, nil
}

// TestScanout: nothing is called dark but outputs that have counted and stand still.
func TestScanout(t *testing.T) {
	off := map[int]uint32{}
	for _, tt := range []struct {
		name string
		card blankCounter
		want []bool
	}{
		{"counts on", blankCounter{{0: 10}, {0: 510}, {0: 1010}}, []bool{false, false, false}},
		{"stands still", blankCounter{{0: 10}, {0: 510}, {0: 510}, {0: 511}}, []bool{false, false, true, false}},
		{"switched off", blankCounter{{0: 10}, off, off}, []bool{false, true, true}},
		{"never on", blankCounter{off, off, off}, []bool{false, false, false}},
		{"one of two goes on", blankCounter{{0: 10, 1: 20}, {0: 10, 1: 520}}, []bool{false, false}},
		{"does not count", blankCounter{nil, nil}, []bool{false, false}},
		{"does not answer once", blankCounter{{0: 10}, nil, {0: 10}, {0: 10}}, []bool{false, false, false, true}},
	} {
		s := &scanout{find: func() blanks { return &tt.card }}
		for i, want := range tt.want {
			if got := s.dark(); got != want {
				t.Errorf("%s: look %d: dark %v", tt.name, i, got)
			}
		}
	}
	if (*scanout)(nil).dark() || (&scanout{find: func() blanks { return nil }}).dark() {
		t.Error("dark without a card")
	}
}

func TestCardOf(t *testing.T) {
	list := []drm.Connector{{Card: "card0", Name: "DSI-1", Status: "disconnected"}, {Card: "card1", Name: "HDMI-A-1", Status: "connected"}}
	if got := cardOf(list, ""); got != "/dev/dri/card1" {
		t.Errorf("the connected one: %q", got)
	}
	if got := cardOf(list, "DSI-1"); got != "/dev/dri/card0" {
		t.Errorf("the named one: %q", got)
	}
	if got := cardOf(list[:1], ""); got != "" {
		t.Errorf("none: %q", got)
	}
}

// sockets are the kernel's files of a box with one HDMI socket and nothing plugged in.
func sockets(t *testing.T) drm.Kernel {
	t.Helper()
	k := drm.Kernel{Sys: t.TempDir(), Debug: t.TempDir()}
	for _, dir := range []string{k.Sys + "/card1-HDMI-A-1", k.Debug + "/1/HDMI-A-1"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, say := range map[string]string{k.Sys + "/card1-HDMI-A-1/status": "disconnected\n", k.Debug + "/1/HDMI-A-1/edid_override": ""} {
		if err := os.WriteFile(path, []byte(say), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

func TestScreenForce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tv.edid")
	edid, err := drm.EDID("1280x720@60")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, edid, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ connector, edid, said, failed string }{
		{"", "", "forces nothing", ""},
		{"HDMI-A-1", "1920x1080@50", "HDMI-A-1 is forced on: 1920x1080@50", ""},
		{"HDMI-A-1", file, "HDMI-A-1 is forced on", ""},
		{"HDMI-A-1", "800x600@60", "", "take one of 1920x1080@50"},
		{"HDMI-A-2", "1920x1080@50", "", "station screen shows the names"},
		{"HDMI-A-1", file + "x", "", "could not be forced"},
	} {
		k := sockets(t)
		cfg := &config.Config{Player: config.Player{Connector: tt.connector, EDID: tt.edid}}
		r, err := outputs{cfg, k}.Force(&command.Env{Text: text.New("en")})
		if tt.failed != "" && (err == nil || !strings.Contains(err.Error(), tt.failed)) || tt.failed == "" && (err != nil || !strings.Contains(r.Text, tt.said)) {
			t.Errorf("%+v: %q, %v", tt, r.Text, err)
		}
		status, _ := os.ReadFile(k.Sys + "/card1-HDMI-A-1/status")
		if forced := strings.HasPrefix(string(status), "on"); forced != (tt.failed == "" && tt.edid != "") {
			t.Errorf("%+v: status %q", tt, status)
		}
	}
}

func TestScreenList(t *testing.T) {
	cfg := &config.Config{Player: config.Player{Connector: "HDMI-A-1"}}
	r, err := outputs{cfg, sockets(t)}.List(&command.Env{Text: text.New("en")})
	if err != nil || !strings.Contains(r.Text, "HDMI-A-1     disconnected  player  EDID none") {
		t.Errorf("%q, %v", r.Text, err)
	}
	var said *command.Error
	if _, err := (outputs{cfg, drm.Kernel{Sys: "/nonexistent"}}).List(&command.Env{Text: text.New("zh")}); !errors.As(err, &said) || !strings.Contains(said.Text, "没有显示驱动") {
		t.Errorf("no driver: %v", err)
	}
}
