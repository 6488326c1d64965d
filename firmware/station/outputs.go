package station

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/hal"
	"stationbox/hal/drm"
)

// outputs are the sockets for displays of this box, as the commands need them.
type outputs struct {
	cfg    *config.Config
	kernel drm.Kernel
}

// outputView is a connector as data.
type outputView struct {
	Card   string   `json:"card"`
	Name   string   `json:"name"`
	Status string   `json:"status"`
	Use    string   `json:"use,omitempty"` // "player" or "side", when the configuration names it
	Modes  []string `json:"modes"`
	EDID   string   `json:"edid"` // "good", "none", or what is wrong with it
}

// List shows each connector, what is at it, and what the station uses it for.
func (o outputs) List(env *command.Env) (command.Result, error) {
	list, err := o.kernel.Connectors()
	if err != nil {
		return command.Result{}, env.Failed("cmd.screen.no_driver", "why", err)
	}
	use := map[string]string{o.cfg.Player.Connector: "player"}
	if o.cfg.Side.Video != "" {
		use[o.cfg.Side.Connector] = "side"
	}
	delete(use, "")
	var b strings.Builder
	views := []outputView{}
	for _, c := range list {
		v := outputView{Card: c.Card, Name: c.Name, Status: c.Status, Use: use[c.Name], Modes: c.Modes, EDID: "good"}
		if len(c.EDID) == 0 {
			v.EDID = "none"
		} else if err := drm.CheckEDID(c.EDID); err != nil {
			v.EDID = err.Error()
		}
		views = append(views, v)
		fmt.Fprintf(&b, "%-6s %-12s %-13s %-7s EDID %-5s %s\n", v.Card, v.Name, v.Status, v.Use, v.EDID, strings.Join(slices.Compact(v.Modes), " "))
	}
	if len(list) == 0 {
		b.WriteString(env.Text.Say("cmd.screen.none") + "\n")
	}
	return command.Result{Text: b.String(), Data: views}, nil
}

// Force keeps the connectors on for which the configuration has an EDID: a mode of
// ours, or a file.
func (o outputs) Force(env *command.Env) (command.Result, error) {
	var b strings.Builder
	wanted := []struct{ connector, edid string }{{o.cfg.Player.Connector, o.cfg.Player.EDID}, {o.cfg.Side.Connector, o.cfg.Side.EDID}}
	for _, w := range wanted {
		if w.edid == "" {
			continue
		}
		edid, err := edidOf(w.edid)
		if err == nil {
			err = o.kernel.Force(w.connector, edid)
		}
		switch {
		case errors.Is(err, drm.ErrMode):
			return command.Result{}, env.Failed("cmd.screen.mode", "got", w.edid, "modes", strings.Join(drm.Modes(), ", "))
		case errors.Is(err, hal.ErrRefused):
			return command.Result{}, env.Failed("cmd.screen.root", "why", err)
		case err != nil:
			return command.Result{}, env.Failed("cmd.screen.failed", "name", w.connector, "why", err)
		}
		b.WriteString(env.Text.Say("cmd.screen.forced", "name", w.connector, "edid", w.edid) + "\n")
	}
	if b.Len() == 0 {
		b.WriteString(env.Text.Say("cmd.screen.nothing") + "\n")
	}
	return command.Result{Text: b.String()}, nil
}

// edidOf makes the EDID of a mode, or reads that of a file.
func edidOf(edid string) ([]byte, error) {
	if filepath.IsAbs(edid) {
		return os.ReadFile(edid)
	}
	return drm.EDID(edid)
}

// scanout says whether the player's output scans pictures out: what no player knows.
type scanout struct {
	find  func() blanks // the card, nil when nobody knows which
	card  blanks
	last  map[int]uint32
	known bool // last is of the look before
	on    bool // the card has counted for some output
}

// blanks counts the vertical blanks of a card's outputs; *drm.Card does.
type blanks interface {
	Vblanks() (map[int]uint32, error)
}

// scanoutOf is nil when the player draws on no card of its own.
func scanoutOf(cfg *config.Config, doors *Doors) *scanout {
	if doors.Player != nil || cfg.Player.Video != "drm" {
		return nil
	}
	return &scanout{find: func() blanks {
		list, _ := drm.Kernel{}.Connectors() // none without a driver
		if path := cmp.Or(cfg.Player.Device, cardOf(list, cfg.Player.Connector)); path != "" {
			return drm.New(path)
		}
		return nil
	}}
}

// cardOf is the device file of the card with that connector, "" for the first that is
// connected, as mpv takes it.
func cardOf(list []drm.Connector, connector string) string {
	for _, c := range list {
		if c.Name == connector || connector == "" && c.Status == "connected" {
			return "/dev/dri/" + c.Card
		}
	}
	return ""
}

// dark says that no output of the card has scanned out a picture since the call before:
// whatever the player shows, nobody sees it. Of a card that does not count nothing is
// known. Call it while the player draws, at least a picture's time after the last call.
func (s *scanout) dark() bool {
	if s == nil {
		return false
	}
	if s.card == nil {
		if s.card = s.find(); s.card == nil {
			return false
		}
	}
	now, err := s.card.Vblanks()
	if err != nil {
		s.known = false
		return false
	}
	still := s.known && s.on
	for pipe, n := range now {
		still = still && s.last[pipe] == n
	}
	s.last, s.known, s.on = now, true, s.on || len(now) > 0
	return still
}
