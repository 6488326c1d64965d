package station

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"stationbox/firmware/station/internal/fault"
	"stationbox/firmware/station/internal/work"
	"stationbox/hal"
	"stationbox/hal/gpioline"
	"stationbox/hal/indicator"
	"stationbox/hal/panel"
)

// keypad is what the villagers sign in with: a panel of any kind, a card reader, lamp
// and buzzer.
type keypad struct {
	bank   *gpioline.Bank // nil when the configuration names no pin
	bus    *i2cBus        // of expanders; nil: there are none
	panel  panel.Panel    // nil: there is none
	cards  panel.Panel    // nil: there is no card reader
	missed bool           // presses of panel were missed, and nobody has been told
	lights *indicator.Indicator
	faults *fault.Book
	log    *slog.Logger
}

// Ack answers a recorded press, and ends the standing fault of an earlier one.
func (k *keypad) Ack() {
	if k.lights.Standing() == indicator.Fault {
		k.lights.Show(indicator.Idle)
	}
	k.lights.Show(indicator.Ack)
}

// Reject answers a press that does not count.
func (k *keypad) Reject() { k.lights.Show(indicator.Reject) }

// Fault says that presses cannot be recorded, until the next one is.
func (k *keypad) Fault() { k.lights.Show(indicator.Fault) }

// Close lets pins and bus go.
func (k *keypad) Close() {
	if err := k.bus.Close(); err != nil {
		k.log.Warn("expanders", "err", err)
	}
	if k.bank == nil {
		return
	}
	if err := k.bank.Close(); err != nil && !errors.Is(err, hal.ErrGone) {
		k.log.Warn("pins", "err", err)
	}
}

// readers are the goroutines that read the panel and the card reader.
func (k *keypad) readers() []work.Task {
	var list []work.Task
	if k.panel != nil {
		list = append(list, work.Task{Name: "panel", Run: work.At(work.Eager, k.panel.Run)})
	}
	if k.cards != nil {
		list = append(list, work.Task{Name: "card reader", Run: work.At(work.Eager, k.cards.Run)})
	}
	return list
}

// Run hands every press to roll until ctx ends, and tells what is wrong with the
// panel and the card reader.
func (k *keypad) Run(ctx context.Context, keys chan<- key) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			k.watch(k.panel, "fault.panel.lost", "fault.panel.stuck")
			k.watch(k.cards, "fault.cards.lost", "fault.cards.stuck")
		case e := <-keysOf(k.panel):
			k.pass(e, keys)
		case e := <-keysOf(k.cards):
			k.show(e, keys)
		}
	}
}

// keysOf never says anything without a panel.
func keysOf(p panel.Panel) <-chan panel.Key {
	if p == nil {
		return nil
	}
	return p.Keys()
}

// watch tells what is wrong with a panel: that it cannot be used, or some of it.
func (k *keypad) watch(p panel.Panel, lost, stuck string) {
	if p == nil {
		return
	}
	err := p.State()
	cause := ""
	if err != nil {
		cause = err.Error()
	}
	gone := errors.Is(err, hal.ErrGone) || errors.Is(err, hal.ErrSilent) || errors.Is(err, hal.ErrRefused)
	k.faults.Set(gone, lost, "", "cause", cause)
	k.faults.Set(err != nil && !gone, stuck, "", "cause", cause)
}

// pass hands on a key of the panel.
func (k *keypad) pass(e panel.Key, keys chan<- key) {
	if e.Missed {
		k.log.Warn("presses may have been missed")
	}
	k.missed = k.missed || e.Missed
	out := key{at: e.At, missed: k.missed}
	switch {
	case e.Down:
		out.r, out.number, out.here = e.Rune, e.Number, e.Here
	case !k.missed:
		return
	}
	select {
	case keys <- out:
		k.missed = false
	default:
		k.missed = true
		k.log.Error("presses come faster than the card takes them")
	}
}

// show hands on a card. One that could not be read is answered at once: who holds it
// there is to do so again.
func (k *keypad) show(e panel.Key, keys chan<- key) {
	if e.Missed {
		k.log.Warn("a card may have been missed")
		k.Reject()
	}
	if e.Card == "" {
		return
	}
	select {
	case keys <- key{card: e.Card, at: e.At}:
	default:
		k.Reject()
		k.log.Error("cards come faster than the card takes them")
	}
}
