package antenna

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"time"

	"stationbox/firmware"
	"stationbox/firmware/command"
	"stationbox/firmware/config"
	"stationbox/firmware/dish"
	"stationbox/firmware/text"
)

// What counts as a change since the dish was aligned.
const (
	tiltMoved = dish.Degrees(0.4) // more than the sensor's accuracy of 0.2° twice
	cnrFell   = 1.0               // dB
)

// alignment is how the dish stood when it was aligned, STATE/dish/aligned.json. What was
// not known then is nil.
type alignment struct {
	At        time.Time     `json:"at"`
	CNR       *float64      `json:"cnr_db"`
	Level     *float64      `json:"level_dbm"`
	Elevation *dish.Degrees `json:"el_deg"`
	Roll      *dish.Degrees `json:"roll_deg"`
}

// readAlignment returns the record; an error when there is none.
func readAlignment(dir string) (a alignment, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "aligned.json"))
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(b, &a)
}

// write keeps a for good.
func (a alignment) write(dir string) error {
	return writeDishNote(filepath.Join(dir, "aligned.json"), a)
}

// writeDishNote puts v into a file for good: the old one stays until the new one is on
// the card.
func writeDishNote(path string, v any) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// alignedAt is when the dish was aligned; the zero time when nobody wrote it down.
func alignedAt(cfg *config.Config) time.Time {
	a, err := readAlignment(dishDir(cfg))
	if err != nil {
		return time.Time{}
	}
	return a.At
}

// alignmentOf is the record of what is seen now; false without a lock.
func alignmentOf(v *View, now time.Time) (alignment, bool) {
	if v.Signal == nil || !v.Signal.Lock {
		return alignment{}, false
	}
	a := alignment{At: now, CNR: v.Signal.CNR, Level: v.Signal.Level}
	if v.Tilt != nil && v.Tilt.Known {
		a.Elevation, a.Roll = &v.Tilt.Elevation, &v.Tilt.Roll
	}
	return a, true
}

// since judges what has become of the dish: "moved" when it leans otherwise, by its base
// or its mount; "weaker" when it stands as it did and C/N fell, by something else;
// "unsure" when C/N fell and nobody knows how it leans; "same", or "" when nothing can be
// compared.
func (a alignment) since(v *View) string {
	tiltKnown := a.Elevation != nil && a.Roll != nil && v.Tilt != nil && v.Tilt.Known
	signalKnown := a.CNR != nil && v.Signal != nil && v.Signal.Known
	fell := signalKnown && (!v.Signal.Lock || v.Signal.CNR != nil && *a.CNR-*v.Signal.CNR >= cnrFell)
	switch {
	case tiltKnown && math.Hypot(float64(v.Tilt.Elevation-*a.Elevation), float64(v.Tilt.Roll-*a.Roll)) >= float64(tiltMoved):
		return "moved"
	case tiltKnown && fell:
		return "weaker"
	case fell:
		return "unsure"
	case tiltKnown || signalKnown:
		return "same"
	}
	return ""
}

// sinceText says it, and where the dish points by the Sun.
func (m *Meter) sinceText(c *text.Catalogue, v *View, zone *time.Location) string {
	said, sun := sunLine(c, m.dir, m.now())
	v.Sun = sun
	return m.comparedText(c, v, zone) + said
}

// comparedText is "" when the dish was never aligned or nothing can be compared.
func (m *Meter) comparedText(c *text.Catalogue, v *View, zone *time.Location) string {
	a, err := readAlignment(m.dir)
	if err != nil {
		return ""
	}
	if v.Since = a.since(v); v.Since == "" {
		return ""
	}
	return c.Say("dish.since."+v.Since, "date", a.At.In(zone).Format(time.DateOnly)) + "\n"
}

// RunAligned is the command "dish aligned": somebody has aligned the dish, and what
// is measured now is what it is compared with from now on.
func (m *Meter) RunAligned(env *command.Env) (command.Result, error) {
	a, err := m.keep(env.By)
	switch {
	case errors.Is(err, errNoLock):
		return command.Result{}, env.Failed("cmd.dish.aligned.no_lock")
	case err != nil:
		return command.Result{}, env.Failed("cmd.dish.aligned.failed", "why", err)
	}
	return command.Result{Text: env.Text.Say("cmd.dish.aligned.done", "cnr", unitOf(env.Text, a.CNR, "dB"), "level", unitOf(env.Text, a.Level, "dBm")), Data: a}, nil
}

// errNoLock means that there is nothing to compare with later.
var errNoLock = errors.New("no lock")

// keep writes down how the dish stands now. Error: errNoLock, or those of the card.
func (m *Meter) keep(by string) (alignment, error) {
	a, ok := alignmentOf(m.View(), m.now())
	if !ok {
		return a, errNoLock
	}
	if err := a.write(m.dir); err != nil {
		return a, err
	}
	m.put(firmware.KindCommand, "", map[string]any{"args": []string{"dish", "aligned"}, "by": by})
	return a, nil
}
