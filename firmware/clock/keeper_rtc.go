package clock

import (
	"context"
	"errors"
	"time"

	"stationbox/hal"
)

// firstReading reads the hardware clock once after power-on, tests its battery
// and takes its word. A clock that is not there yet, because its driver loads
// late, is asked again at the next tick.
func (k *Keeper) firstReading() {
	if k.o.RTC == nil || k.found != nil || k.resumed {
		return
	}
	got := reading{}
	got.wall, got.err = k.o.RTC.Time()
	got.mono = k.sys.Mono()
	k.noteRTC(got.err)
	if got.err != nil && !errors.Is(got.err, hal.ErrGarbled) {
		return
	}
	if empty, low, err := k.o.RTC.Battery(); err == nil {
		got.empty, got.low = empty, low
	}
	k.found = &got
	k.testBattery(got)
}

// testBattery judges and, when the battery kept the time, takes the clock's word.
func (k *Keeper) testBattery(got reading) {
	k.mu.Lock()
	was := k.rtc.Battery
	k.rtc.Battery, k.rtc.Cause = k.rtc.test(got, k.known, k.o.Built)
	rtc := k.rtc
	k.mu.Unlock()
	if rtc.Battery != was {
		e := k.stamped("battery")
		e.Detail, e.Cause, e.Read = rtc.Battery, rtc.Cause, got.wall
		k.event(e)
	}
	if got.err != nil || got.empty || rtc.Battery == batteryDead {
		return
	}
	if err := k.OfferAt(rtc.observation(got.wall, got.mono)); err != nil {
		k.log.Warn("hardware clock not believed", "err", err)
	}
}

// noteRTC remembers how the newest call went. A time that is invalid is the
// battery's fault, not the bus's.
func (k *Keeper) noteRTC(err error) {
	if errors.Is(err, hal.ErrGarbled) {
		err = nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil && k.rtcErr == nil {
		k.log.Warn("hardware clock", "err", err)
	}
	k.rtcErr = err
}

// keepRTC compares the hardware clock with a good time, every ten minutes and as
// soon as there is one, and sets it when it is off.
func (k *Keeper) keepRTC(ctx context.Context) {
	mono := k.sys.Mono()
	if k.o.RTC == nil || k.compared != 0 && mono-k.compared < rtcEvery {
		return
	}
	if _, bound, by := k.clock.trueTime(mono); by < Technician || bound > rtcGood {
		return
	}
	read, err := k.o.RTC.Time()
	mono = k.sys.Mono()
	k.noteRTC(err)
	if err != nil && !errors.Is(err, hal.ErrGarbled) {
		return
	}
	k.compared = max(mono, 1)
	lost := k.judge()
	wall, bound, _ := k.clock.trueTime(mono)
	off := read.Add(halfSecond).Sub(time.Unix(0, wall))
	if err == nil && !lost && max(off, -off) <= max(rtcOff, bound) {
		k.compareAt(read, mono, k.kernel.Synced)
		return
	}
	if k.setRTC(ctx) {
		e := k.stamped("rtc_set")
		e.Read, e.By = read, -off.Milliseconds()
		k.event(e)
	}
}

// judge compares, once, what was read after power-on: how the clock did without
// us. lost says that the chip wants to be set, because it lost the time.
func (k *Keeper) judge() (lost bool) {
	if k.found == nil || k.judged {
		return false
	}
	k.judged = true
	if k.found.err == nil && !k.found.empty {
		k.compareAt(k.found.wall, k.found.mono, false)
	}
	return k.found.err != nil || k.found.empty
}

// compareAt compares what the hardware clock read at mono. While the kernel is
// synchronised it sets that clock itself every eleven minutes; then moved is true
// and no drift is measured.
func (k *Keeper) compareAt(read time.Time, mono time.Duration, moved bool) {
	wall, bound, _ := k.clock.trueTime(mono)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rtc.compare(read, time.Unix(0, wall).In(k.clock.zone), bound, moved)
}

// setRTC sets the hardware clock when a second of the true time begins.
func (k *Keeper) setRTC(ctx context.Context) bool {
	wall, _, _ := k.clock.trueTime(k.sys.Mono())
	wait := time.NewTimer(time.Second - time.Duration(wall%int64(time.Second)))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wait.C:
	}
	mono := k.sys.Mono()
	wall, bound, _ := k.clock.trueTime(mono)
	now := time.Unix(0, wall).In(k.clock.zone)
	err := k.o.RTC.SetTime(now)
	k.noteRTC(err)
	if err != nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rtc.compare(now.Add(-halfSecond), now, bound, true)
	return true
}
