package drm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Where the kernel shows its displays.
const (
	sysRoot   = "/sys/class/drm"
	debugRoot = "/sys/kernel/debug/dri"
)

// Kernel is how the displays' files are reached; the zero value is this machine.
type Kernel struct {
	Sys   string // default /sys/class/drm
	Debug string // default /sys/kernel/debug/dri
}

// Connector is a socket for a display.
type Connector struct {
	Card   string   // "card1"
	Name   string   // "HDMI-A-1"
	Status string   // "connected", "disconnected", "unknown"
	Modes  []string // that the kernel would show, best first; at most 16
	EDID   []byte   // of the display, empty when it tells none
}

var connectorFolder = regexp.MustCompile(`^(card[0-9]+)-([A-Za-z]+(?:-[A-Za-z]+)*-[0-9]+)$`)

func (k Kernel) sys() string {
	if k.Sys != "" {
		return k.Sys
	}
	return sysRoot
}

func (k Kernel) debug() string {
	if k.Debug != "" {
		return k.Debug
	}
	return debugRoot
}

// Connectors lists the connectors of all cards. Errors: hal.ErrGone when there is no
// display driver.
func (k Kernel) Connectors() ([]Connector, error) {
	entries, err := os.ReadDir(k.sys())
	if err != nil {
		return nil, fmt.Errorf("displays: %w", explain(err))
	}
	var list []Connector
	for _, e := range entries {
		m := connectorFolder.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		c := Connector{Card: m[1], Name: m[2], Status: k.read(e.Name(), "status")}
		for mode := range strings.FieldsSeq(k.read(e.Name(), "modes")) {
			if len(c.Modes) < 16 {
				c.Modes = append(c.Modes, mode)
			}
		}
		c.EDID, _ = os.ReadFile(filepath.Join(k.sys(), e.Name(), "edid")) // none is none
		list = append(list, c)
	}
	return list, nil
}

func (k Kernel) read(folder, file string) string {
	b, _ := os.ReadFile(filepath.Join(k.sys(), folder, file)) // "" says nothing
	return strings.TrimSpace(string(b))
}

// Force keeps a connector on whether a display answers there or not, and gives it
// edid for its display's own; with a nil edid that stays. It lasts until the box is
// started again; a player that runs already sees it when it starts anew. It needs
// root, and debugfs for the EDID. Errors: hal.ErrGone without such a connector or
// without debugfs, hal.ErrRefused when the user may not.
func (k Kernel) Force(connector string, edid []byte) error {
	list, err := k.Connectors()
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Name == connector {
			return k.force(c, edid)
		}
	}
	return fmt.Errorf("connector %s: %w", connector, explain(os.ErrNotExist))
}

func (k Kernel) force(c Connector, edid []byte) error {
	if edid != nil {
		if err := CheckEDID(edid); err != nil {
			return fmt.Errorf("connector %s: %w", c.Name, err)
		}
		path := filepath.Join(k.debug(), strings.TrimPrefix(c.Card, "card"), c.Name, "edid_override")
		if err := write(path, edid); err != nil {
			return fmt.Errorf("connector %s: EDID: %w", c.Name, err)
		}
	}
	// "on" also makes the kernel read the EDID again.
	if err := write(filepath.Join(k.sys(), c.Card+"-"+c.Name, "status"), []byte("on")); err != nil {
		return fmt.Errorf("connector %s: %w", c.Name, err)
	}
	return nil
}

// write gives the kernel all of b in one call, which is how its files take it.
func write(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return explain(err)
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}
