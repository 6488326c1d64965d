package display

import (
	"context"
	"time"

	"stationbox/hal"
)

// The parts that wear out.
const (
	WearLamp   = "lamp"
	WearFilter = "filter"
)

// Wear is how far a part is worn.
type Wear struct {
	Part   string        `json:"part"`           // WearLamp or WearFilter
	Used   time.Duration `json:"used_ns"`        // so far
	Life   time.Duration `json:"life_ns"`        // what it is made for; 0: not known
	Weekly time.Duration `json:"weekly_ns"`      // used up in a week; 0: not known yet
	Until  time.Time     `json:"until,omitzero"` // when Life will be reached; zero: not known
	Due    bool          `json:"due"`            // Life is reached
	Soon   bool          `json:"soon"`           // within four weeks
}

// Forecast says when a part that has been used for used, of life, will be worn out
// if it goes on as weekly says.
func Forecast(part string, now time.Time, used, life, weekly time.Duration) Wear {
	w := Wear{Part: part, Used: used, Life: life, Weekly: weekly}
	if life <= 0 {
		return w
	}
	if used >= life {
		w.Due, w.Until = true, now
		return w
	}
	if weekly <= 0 {
		return w
	}
	weeks := float64(life-used) / float64(weekly)
	if weeks > 52*50 {
		return w // nobody knows so far ahead
	}
	w.Until = now.Add(time.Duration(weeks * float64(7*24*time.Hour)))
	w.Soon = weeks <= 4
	return w
}

// Wears returns the wear of a display as its details tell it: the lamp with the
// most hours and the filter with the most.
func (k *Keeper) Wears(now time.Time, lampLife, filterLife time.Duration) []Wear {
	d := k.Status().Details.Value
	var out []Wear
	for _, p := range []struct {
		part  string
		hours []time.Duration
		life  time.Duration
	}{{WearLamp, d.LampHours, lampLife}, {WearFilter, d.FilterHours, filterLife}} {
		if len(p.hours) == 0 {
			continue
		}
		used := most(p.hours)
		weekly, _ := k.opts.Memory.Weekly(k.name, p.part, now, used)
		out = append(out, Forecast(p.part, now, used, p.life, weekly))
	}
	return out
}

func most(list []time.Duration) time.Duration {
	var m time.Duration
	for _, d := range list {
		m = max(m, d)
	}
	return m
}

// detailBound bounds one question after details, which may be several exchanges.
const detailBound = 15 * time.Second

// detail asks for wear and troubles when that is due. A new wish ends the asking.
func (k *Keeper) detail(ctx context.Context) {
	now := k.opts.Now()
	if within(k.detailed, now, k.opts.Details) {
		return
	}
	k.detailed = now
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	k.mu.Lock()
	k.leave = cancel
	k.mu.Unlock()
	d, err := k.chain.details(ctx, detailBound)
	k.mu.Lock()
	k.leave = nil
	k.mu.Unlock()
	if err != nil {
		k.opts.Log.Debug("display details", "display", k.name, "err", err)
		return
	}
	k.take(d)
}

// take remembers what the display told of itself.
func (k *Keeper) take(d hal.DisplayDetails) {
	now := k.opts.Now()
	k.mu.Lock()
	k.st.Details = hal.Reading[hal.DisplayDetails]{Value: d, At: now}
	if d.Model != "" && len(d.Model) <= 64 {
		k.model = k.opts.Kind + " " + d.Model
	}
	k.mu.Unlock()
	if len(d.LampHours) > 0 {
		k.opts.Memory.Used(k.name, WearLamp, now, most(d.LampHours))
	}
	if len(d.FilterHours) > 0 {
		k.opts.Memory.Used(k.name, WearFilter, now, most(d.FilterHours))
	}
}
