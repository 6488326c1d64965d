package pjlink

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Class asks which class the projector speaks, 1 or 2.
func (p *Projector) Class(ctx context.Context) (int, error) {
	v, err := p.ask(ctx, class1, "CLSS", "?")
	if err != nil {
		return 0, err
	}
	if v != "1" && v != "2" {
		return 0, p.garbled("CLSS", v)
	}
	return int(v[0] - '0'), nil
}

// Inputs asks for the codes of all inputs, as Input takes them.
func (p *Projector) Inputs(ctx context.Context) ([]string, error) {
	v, err := p.ask(ctx, class1, "INST", "?")
	if err != nil {
		return nil, err
	}
	list := strings.Fields(strings.ToUpper(v))
	for _, input := range list {
		if !validInput(input) {
			return nil, p.garbled("INST", v)
		}
	}
	return list, nil
}

// InputName asks for the words that stand at the input with that code, class 2.
func (p *Projector) InputName(ctx context.Context, code string) (string, error) {
	code = strings.ToUpper(code)
	if !validInput(code) {
		return "", fmt.Errorf("projector %s: input %q: not a code such as 31", p.addr, code)
	}
	return p.text(ctx, class2, "INNM", "?"+code)
}

// Filter asks for the hours the air filter has been in use, 0 to 99999, class 2.
// A projector without a filter refuses with Undefined.
func (p *Projector) Filter(ctx context.Context) (hours int, err error) {
	v, err := p.ask(ctx, class2, "FILT", "?")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil || n > 99999 {
		return 0, p.garbled("FILT", v)
	}
	return int(n), nil
}

// LampModel asks what to order when the lamp is worn out, class 2.
func (p *Projector) LampModel(ctx context.Context) (string, error) {
	return p.text(ctx, class2, "RLMP", "?")
}

// FilterModel asks what to order when the filter is worn out, class 2.
func (p *Projector) FilterModel(ctx context.Context) (string, error) {
	return p.text(ctx, class2, "RFIL", "?")
}

// Serial asks for the serial number, class 2.
func (p *Projector) Serial(ctx context.Context) (string, error) {
	return p.text(ctx, class2, "SNUM", "?")
}

// Resolution is the picture that arrives at the selected input.
type Resolution struct {
	// Signal says that there is one.
	Signal bool
	// Width and Height are in pixels; both 0 when the projector does not know.
	Width, Height int
}

// Resolution asks for the picture at the selected input, class 2.
func (p *Projector) Resolution(ctx context.Context) (Resolution, error) {
	v, err := p.ask(ctx, class2, "IRES", "?")
	switch {
	case err != nil:
		return Resolution{}, err
	case v == "-":
		return Resolution{}, nil
	case v == "*":
		return Resolution{Signal: true}, nil
	}
	w, h, ok := strings.Cut(strings.ToLower(v), "x")
	width, err1 := strconv.ParseUint(w, 10, 16)
	height, err2 := strconv.ParseUint(h, 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return Resolution{}, p.garbled("IRES", v)
	}
	return Resolution{Signal: true, Width: int(width), Height: int(height)}, nil
}

// Freeze holds the picture or lets it go, class 2.
func (p *Projector) Freeze(ctx context.Context, hold bool) error {
	return p.set(ctx, class2, "FREZ", digit(hold))
}

// Frozen asks whether the picture is held, class 2.
func (p *Projector) Frozen(ctx context.Context) (bool, error) {
	v, err := p.ask(ctx, class2, "FREZ", "?")
	if err != nil {
		return false, err
	}
	if v != "0" && v != "1" {
		return false, p.garbled("FREZ", v)
	}
	return v == "1", nil
}

// Volume makes the loudspeaker one step louder or softer, class 2.
func (p *Projector) Volume(ctx context.Context, louder bool) error {
	return p.set(ctx, class2, "SVOL", digit(louder))
}

func digit(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}
