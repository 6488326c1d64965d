package pjlink

import (
	"context"
	"errors"
	"strings"
	"time"

	"stationbox/hal"
)

// Details asks for hours, troubles, input and model, in up to seven connections.
// What the projector refuses to tell, as many do in standby, stays empty; any
// other error ends the asking.
func (p *Projector) Details(ctx context.Context) (hal.DisplayDetails, error) {
	var d hal.DisplayDetails
	for _, ask := range []func(context.Context, *hal.DisplayDetails) error{p.addErrors, p.addLamps, p.addInput, p.addModel, p.addFilter} {
		if err := ask(ctx, &d); err != nil && !errors.Is(err, hal.ErrRefused) {
			return hal.DisplayDetails{}, err
		}
	}
	return d, nil
}

func (p *Projector) addErrors(ctx context.Context, d *hal.DisplayDetails) error {
	e, err := p.Errors(ctx)
	if err != nil {
		return err
	}
	d.Checked = true
	d.Errors, d.Warnings = e.parts(Failed), e.parts(Warning)
	return nil
}

// parts names the parts that are at level l.
func (e Errors) parts(l Level) (parts []string) {
	for _, part := range []struct {
		name  string
		level Level
	}{
		{hal.PartFan, e.Fan}, {hal.PartLamp, e.Lamp}, {hal.PartTemperature, e.Temperature},
		{hal.PartCover, e.Cover}, {hal.PartFilter, e.Filter}, {hal.PartOther, e.Other},
	} {
		if part.level == l {
			parts = append(parts, part.name)
		}
	}
	return parts
}

func (p *Projector) addLamps(ctx context.Context, d *hal.DisplayDetails) error {
	lamps, err := p.Lamp(ctx)
	for _, l := range lamps {
		d.LampHours = append(d.LampHours, time.Duration(l.Hours)*time.Hour)
	}
	return err
}

func (p *Projector) addInput(ctx context.Context, d *hal.DisplayDetails) (err error) {
	d.Input, err = p.Source(ctx)
	return err
}

// addModel joins the maker's and the product's name.
func (p *Projector) addModel(ctx context.Context, d *hal.DisplayDetails) error {
	maker, err := p.text(ctx, class1, "INF1", "?")
	if err != nil && !errors.Is(err, hal.ErrRefused) {
		return err
	}
	product, err := p.text(ctx, class1, "INF2", "?")
	d.Model = strings.TrimSpace(maker + " " + product)
	return err
}

func (p *Projector) addFilter(ctx context.Context, d *hal.DisplayDetails) error {
	c, err := p.Class(ctx)
	if err != nil || c < 2 {
		return err
	}
	hours, err := p.Filter(ctx)
	if err == nil {
		d.FilterHours = []time.Duration{time.Duration(hours) * time.Hour}
	}
	return err
}
