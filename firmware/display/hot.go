package display

import (
	"time"

	"stationbox/hal"
)

// FedFor tells for how long the display has had its mains by now, which its keeper
// does not know when it has only just been started. It matters to a lamp: the fan
// has turned for so long.
func (k *Keeper) FedFor(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fedAt = k.opts.Now().Add(-d)
}

// switched notes that mains came or went; k.mu is held. A lamp that was seen without
// mains for long enough is cold: it cools some six times slower without its fan.
func (k *Keeper) switched(on bool) {
	const slower = 6
	now := k.opts.Now()
	if on && k.fed && now.Sub(k.fedAt) >= slower*k.chain.opts.Restrike {
		k.cold = true
	}
	k.fedAt = now
}

// cools follows what is known of the lamp's heat, state by state. A lamp that lost
// its mains while it was hot has cooled without its fan, and a projector that comes
// back from that says standby whatever its lamp is like. So standby proves a cold
// lamp only after the projector's own cooling, or when it has stood for long enough
// with mains. A lamp that is known to be cold stays so without mains.
func (k *Keeper) cools(from, to hal.DisplayState, now time.Time) {
	rest := k.chain.opts.Restrike
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case to == hal.DisplayOff || to == hal.DisplayUnknown:
	case to != hal.DisplayStandby:
		k.cold = false
	case from == hal.DisplayCooling:
		k.cold = true
	default:
		k.cold = k.cold || now.Sub(k.fedAt) >= rest && !within(k.chain.lastLit, now, rest)
	}
	k.st.Hot = k.chain.opts.Lamp && rest > 0 && to == hal.DisplayStandby && !k.cold
}

// mayStrike says whether the lamp may be lit.
func (k *Keeper) mayStrike() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.st.Hot
}
