package evdev

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"stationbox/hal"
)

// match says which device is meant.
type match struct {
	path            string // of a device file; else the rest
	vendor, product uint16
	name            string // of the device; "" is any
}

// maxName bounds the name of a device in a configuration.
const maxName = 200

// parseMatch reads a name as New takes it.
func parseMatch(name string) (match, error) {
	if len(name) > maxName {
		return match{}, fmt.Errorf("input device: name of %d bytes: at most %d", len(name), maxName)
	}
	if filepath.IsAbs(name) {
		return match{path: name}, nil
	}
	ids, kernel, _ := strings.Cut(name, "/")
	v, p, ok := strings.Cut(ids, ":")
	vendor, err1 := hex4(v)
	product, err2 := hex4(p)
	if !ok || err1 != nil || err2 != nil {
		return match{}, fmt.Errorf("input device %q: want a path like /dev/input/by-id/…-event-kbd, or vendor:product in four hexadecimal digits each, like 1a2c:0e24", name)
	}
	return match{vendor: vendor, product: product, name: kernel}, nil
}

var errNotHex = errors.New("not four hexadecimal digits")

func hex4(s string) (uint16, error) {
	if len(s) != 4 {
		return 0, errNotHex
	}
	v, err := strconv.ParseUint(s, 16, 16)
	return uint16(v), err
}

// The keys by which a keyboard is told from the other devices that one USB plug
// may bring: its volume keys, its mouse.
const (
	keyOne     = 2
	keyKeypad1 = 79
)

// maxDevices bounds how many device files are looked at.
const maxDevices = 64

// find opens the device.
func (d *Device) find() (Handle, error) {
	if d.match.path != "" {
		h, err := d.opts.Open(d.match.path)
		if err != nil {
			return nil, err
		}
		if !isKeyboard(h) {
			return nil, errors.Join(fmt.Errorf("no keyboard: %w", hal.ErrRefused), h.Close())
		}
		return h, nil
	}
	return d.search()
}

// search opens the one device that fits vendor, product and name.
func (d *Device) search() (Handle, error) {
	files, err := d.files()
	if err != nil {
		return nil, err
	}
	var found Handle
	var at string
	var denied error
	for _, f := range files {
		h, err := d.opts.Open(f)
		if err != nil {
			denied = errors.Join(denied, err)
			continue
		}
		if !d.match.fits(h) {
			_ = h.Close() // it was only asked who it is
			continue
		}
		if found != nil {
			return nil, errors.Join(fmt.Errorf("two devices fit, %s and %s: name one by its path below /dev/input/by-path: %w", at, f, hal.ErrRefused), h.Close(), found.Close())
		}
		found, at = h, f
	}
	switch {
	case found != nil:
		return found, nil
	case denied != nil:
		return nil, denied
	}
	return nil, hal.ErrGone
}

// files lists the device files in the order of their numbers.
func (d *Device) files() ([]string, error) {
	dir, err := os.Open(d.opts.Dir)
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(0)
	if err = errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { _, ok := number(n); return !ok })
	slices.SortFunc(names, func(a, b string) int {
		m, _ := number(a)
		n, _ := number(b)
		return m - n
	})
	names = names[:min(len(names), maxDevices)]
	for i := range names {
		names[i] = filepath.Join(d.opts.Dir, names[i])
	}
	return names, nil
}

// number is that of "event12".
func number(file string) (int, bool) {
	digits, ok := strings.CutPrefix(file, "event")
	if !ok || len(digits) > 6 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	return int(n), err == nil
}

// fits says whether h is the device that is meant.
func (m match) fits(h Handle) bool {
	id := make([]byte, sizeID)
	if h.Ioctl(getID, id) != nil {
		return false
	}
	n := binary.NativeEndian
	if n.Uint16(id[2:]) != m.vendor || n.Uint16(id[4:]) != m.product {
		return false
	}
	return (m.name == "" || nameOf(h) == m.name) && isKeyboard(h)
}

// nameOf is what the kernel calls a device.
func nameOf(h Handle) string {
	b := make([]byte, sizeName)
	if h.Ioctl(getName, b) != nil {
		return ""
	}
	name, _, _ := bytes.Cut(b, []byte{0})
	return string(name)
}

// isKeyboard says whether h has digits.
func isKeyboard(h Handle) bool {
	var has keySet
	if h.Ioctl(getKeyBits, has[:]) != nil {
		return false
	}
	return has.has(keyOne) || has.has(keyKeypad1)
}
