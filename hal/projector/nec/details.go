package nec

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"stationbox/hal"
)

// Details asks for troubles, hours, input and model. What the projector refuses
// to tell, as it does in standby, stays empty; any other error ends the asking.
// The hours are those of the first lamp.
func (p *Projector) Details(ctx context.Context) (hal.DisplayDetails, error) {
	var d hal.DisplayDetails
	for _, ask := range []func(context.Context, *hal.DisplayDetails) error{p.addErrors, p.addLamp, p.addFilter, p.addInput, p.addModel} {
		if err := ask(ctx, &d); err != nil && !errors.Is(err, hal.ErrRefused) {
			return hal.DisplayDetails{}, err
		}
	}
	return d, nil
}

// bits are the meanings of the error status: the data byte, the bits in it and
// the part they are about. Warnings are limits reached with the lamp still
// working.
var bits = []struct {
	at      int
	mask    byte
	part    string
	warning bool
}{
	{0, 0x80, hal.PartLamp, true}, // replacement moratorium
	{0, 0x40, hal.PartLamp, false},
	{0, 0x20, hal.PartOther, false}, // power
	{0, 0x18, hal.PartFan, false},
	{0, 0x02, hal.PartTemperature, false},
	{0, 0x01, hal.PartCover, false},
	{1, 0x04, hal.PartLamp, false},
	{1, 0x02, hal.PartOther, false}, // formatter
	{1, 0x01, hal.PartLamp, true},   // usage time exceeded
	{2, 0xC0, hal.PartLamp, true},   // lamp 2: usage time, moratorium
	{2, 0x20, hal.PartCover, false}, // mirror cover
	{2, 0x18, hal.PartLamp, false},  // data, not present
	{2, 0x04, hal.PartTemperature, false},
	{2, 0x02, hal.PartOther, false},  // FPGA
	{3, 0xC8, hal.PartOther, false},  // lens, iris, foreign matter
	{3, 0x23, hal.PartLamp, false},   // ballast, lamp 2
	{3, 0x04, hal.PartFilter, false}, // too hot because of dust
	{8, 0x0C, hal.PartOther, false},  // system
	{8, 0x03, hal.PartCover, false},  // interlock, portrait cover
}

func (p *Projector) addErrors(ctx context.Context, d *hal.DisplayDetails) error {
	data, err := p.ask(ctx, errorStatus)
	if err != nil {
		return err
	}
	d.Checked = true
	for _, b := range bits {
		list := &d.Errors
		if b.warning {
			list = &d.Warnings
		}
		if data[b.at]&b.mask != 0 && !slices.Contains(*list, b.part) {
			*list = append(*list, b.part)
		}
	}
	return nil
}

func (p *Projector) addLamp(ctx context.Context, d *hal.DisplayDetails) error {
	data, err := p.ask(ctx, lampUsage)
	if err != nil {
		return err
	}
	if data[0] != lampUsage.data[0] || data[1] != lampUsage.data[1] {
		return fmt.Errorf("nec: lamp usage % x: %w", data, hal.ErrGarbled)
	}
	d.LampHours, err = hours(data[2:6])
	return err
}

func (p *Projector) addFilter(ctx context.Context, d *hal.DisplayDetails) error {
	data, err := p.ask(ctx, filterUsage)
	if err != nil {
		return err
	}
	d.FilterHours, err = hours(data[:4])
	return err
}

// maxSeconds bounds what a projector may claim: 99,999 hours.
const maxSeconds = 99999 * 3600

// hours returns whole hours of seconds, low byte first; none for -1, which means
// that the projector does not know.
func hours(b []byte) ([]time.Duration, error) {
	n := binary.LittleEndian.Uint32(b)
	switch {
	case n == 0xFFFFFFFF:
		return nil, nil
	case n > maxSeconds:
		return nil, fmt.Errorf("nec: %d seconds in use: %w", n, hal.ErrGarbled)
	}
	return []time.Duration{time.Duration(n/3600) * time.Hour}, nil
}

func (p *Projector) addInput(ctx context.Context, d *hal.DisplayDetails) error {
	number, kind, err := p.source(ctx)
	if err != nil || kind == noSource {
		return err
	}
	d.Input = sourceName(number, kind)
	return nil
}

// noSource is the kind of no source.
const noSource = 0xFF

// source asks for the number and the kind of the selected source.
func (p *Projector) source(ctx context.Context) (number, kind byte, err error) {
	data, err := p.ask(ctx, inputStatus)
	if err != nil {
		return 0, noSource, err
	}
	return data[2], data[3], nil
}

func sourceName(number, kind byte) string {
	names := map[byte]string{
		0x01: "computer", 0x02: "video", 0x03: "s-video", 0x04: "component", 0x06: "hdmi", 0x07: "viewer",
		0x20: "dvi", 0x21: "hdmi", 0x22: "displayport", 0x23: "viewer", 0x27: "hdbaset", 0x28: "sdi",
	}
	if name, ok := names[kind]; ok {
		return fmt.Sprintf("%s %d", name, number)
	}
	return fmt.Sprintf("%02X %02X", number, kind)
}

// Shows asks for the source now selected and says whether it is that input, named
// as Input takes it, and what it is called in Details. The projector tells a
// source by other numbers than it is selected by: inputs other than HDMI, VGA and
// video, and codes, cannot be told apart and are hal.ErrRefused.
func (p *Projector) Shows(ctx context.Context, input string) (shown bool, is string, err error) {
	names := map[string][]string{
		"hdmi1": {"hdmi 1"}, "hdmi2": {"hdmi 2"}, "vga1": {"computer 1", "component 1"}, "vga2": {"computer 2", "component 2"},
		"vga3": {"computer 3", "component 3"}, "video1": {"video 1"},
	}
	want, ok := names[strings.ToLower(input)]
	if !ok {
		return false, "", fmt.Errorf("nec: input %q: not told apart: %w", input, hal.ErrRefused)
	}
	number, kind, err := p.source(ctx)
	switch {
	case err != nil:
		return false, "", err
	case kind == noSource:
		return false, "", fmt.Errorf("nec: no source: %w", hal.ErrRefused)
	}
	is = sourceName(number, kind)
	return slices.Contains(want, is), is, nil
}

func (p *Projector) addModel(ctx context.Context, d *hal.DisplayDetails) error {
	data, err := p.ask(ctx, modelName)
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(string(data), "\x00")
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("nec: model %.32q: %w", name, hal.ErrGarbled)
	}
	d.Model = strings.TrimSpace(name)
	return nil
}
