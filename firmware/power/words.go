package power

import "stationbox/firmware"

// Phase is the state of the guard.
type Phase uint8

// The phases. The contactor is ordered closed in Closing, Closed and
// RideThrough only.
const (
	Off Phase = iota
	Qualify
	Closing
	Closed
	RideThrough
	Trip
	Lockout
	Weld
	NoClose
	Blind
)

var phases = [...]firmware.GuardState{
	Off: firmware.GuardOff, Qualify: firmware.GuardQualify, Closing: firmware.GuardClosing,
	Closed: firmware.GuardClosed, RideThrough: firmware.GuardRideThrough, Trip: firmware.GuardTrip,
	Lockout: firmware.GuardLockout, Weld: firmware.GuardWeld, NoClose: firmware.GuardNoClose,
	Blind: firmware.GuardBlind,
}

// String returns the word that the station knows p by.
func (p Phase) String() string { return string(phases[p]) }

// Kind says what an Event is.
type Kind uint8

// The kinds of event.
const (
	EventNone      Kind = iota
	EventStart          // the guard began
	EventClose          // the contactor was ordered closed
	EventOpen           // the contactor was ordered open
	EventLoadOn         // a relay closed
	EventLoadOff        // a relay opened
	EventTrip           // a stage of the curve was used up
	EventOutage         // the mains went away
	EventLockout        // too many trips
	EventWeld           // ordered open and still closed
	EventNoClose        // ordered closed and open
	EventBlind          // no trustworthy samples
	EventSeen           // trustworthy samples again
	EventMainsBad       // the mains left the good band while closed
	EventMainsGood      // and came back
	EventHeld           // a load is kept on, or kept off, against the wish
	EventReset          // a technician ended a latched state
	EventArrester       // the surge arrester's contact changed
	EventMeter          // the slow meter's fault changed
	EventStrike         // the surge arrester has worked
	EventTravel         // the contactor moves slower than it used to, or not any more
	EventOpto           // the mains-present input contradicts the wave, or agrees again
	EventUPS            // the UPS runs on its battery, is low, or is fed again
)

var kinds = [...]string{
	EventNone: "none", EventStart: "start", EventClose: "close", EventOpen: "open", EventLoadOn: "load_on",
	EventLoadOff: "load_off", EventTrip: "trip", EventOutage: "outage", EventLockout: "lockout",
	EventWeld: "weld", EventNoClose: "no_close", EventBlind: "blind", EventSeen: "seen",
	EventMainsBad: "mains_bad", EventMainsGood: "mains_good", EventHeld: "held", EventReset: "reset",
	EventArrester: "arrester", EventMeter: "meter_fault", EventStrike: "strike", EventTravel: "travel",
	EventOpto: "opto", EventUPS: "ups",
	EventDip: "dip", EventSwell: "swell", EventInterruption: "interruption",
}

// String returns the word that the station knows k by.
func (k Kind) String() string { return kinds[k] }

// Cause says why. Its String is a key of the text catalogue.
type Cause uint8

// The causes.
const (
	CauseNone            Cause = iota
	CauseInstant               // rms far above the curve
	CauseOver                  // a slower over-voltage stage
	CauseUnder                 // an under-voltage stage
	CauseOutage                // mains gone
	CauseSamples               // no trustworthy samples for too long
	CauseHigh                  // above the good band
	CauseLow                   // below the good band
	CauseGoodTime              // counting unbroken good time
	CauseMinOff                // minimum-off or back-off time
	CauseTrips                 // too many trips within an hour
	CauseWelded                // contact shows closed though ordered open
	CauseNotClosing            // contact shows open though ordered closed
	CauseDropped               // contactor fell off by itself
	CauseAux                   // auxiliary contact contradicts itself or is not read
	CausePins                  // pins cannot be driven
	CauseStarting              // loads start one by one
	CauseTechnician            // reset by a person
	CauseStopping              // the guard program ends
	CauseWanted                // the station wants it
	CauseUnwanted              // the station does not want it
	CauseTurn                  // waits for its turn
	CauseOpen                  // contactor is open
	CauseShed                  // under-voltage: only cooling lamps keep mains
	CauseLampHot               // lamp may still be hot: not to be struck
	CauseNoStandby             // display does not report standby
	CauseCurrent               // current has not fallen to standby
	CauseNoCurrent             // current is not known
	CauseCooling               // cooling time runs
	CauseMains                 // mains not steady: no load is started now
	CauseArresterOpen          // surge arrester's contact is open
	CauseArresterOK            // and is in order again
	CauseMeterSilent           // meter does not answer
	CauseMeterGarbled          // meter answers nonsense
	CauseMeterRange            // meter outside what it can measure
	CauseMeterFrozen           // meter's numbers do not change though the mains does
	CauseMeterDiffers          // meter and front end disagree
	CauseMeterOK               // meter in order again
	CauseStorm                 // a person or the town wants everything off until the storm is over
	CauseArresterUnknown       // nothing is known of the surge arrester, and closing waits for it
	CauseOpening               // the contactor opens slower than it used to
	CauseClosingSlow           // the contactor closes slower than it used to
	CauseTravelOK              // and no longer
	CauseOptoDark              // the wave is there and the mains-present input says no
	CauseOptoLit               // the wave is gone and the mains-present input says yes
	CauseOptoOK                // both say the same again
	CauseBattery               // the UPS feeds this computer from its battery
	CauseBatteryLow            // and the battery is nearly empty
	CauseUPSOK                 // the UPS is fed again
)

var causes = [...]string{
	CauseNone: "", CauseInstant: "over_voltage_instant", CauseOver: "over_voltage", CauseUnder: "under_voltage",
	CauseOutage: "outage", CauseSamples: "no_samples", CauseHigh: "mains_high", CauseLow: "mains_low",
	CauseGoodTime: "good_time", CauseMinOff: "min_off", CauseTrips: "too_many_trips", CauseWelded: "welded",
	CauseNotClosing: "not_closing", CauseDropped: "dropped", CauseAux: "aux_unknown", CausePins: "pins_gone",
	CauseStarting: "starting", CauseTechnician: "technician", CauseStopping: "stopping",
	CauseWanted: "wanted", CauseUnwanted: "unwanted", CauseTurn: "turn", CauseOpen: "contactor_open",
	CauseShed: "shed", CauseLampHot: "lamp_hot", CauseNoStandby: "no_standby", CauseCurrent: "current",
	CauseNoCurrent: "no_current", CauseCooling: "cooling", CauseMains: "mains_unsteady",
	CauseArresterOpen: "arrester_open", CauseArresterOK: "arrester_ok",
	CauseMeterSilent: "meter_silent", CauseMeterGarbled: "meter_garbled", CauseMeterRange: "meter_range",
	CauseMeterFrozen: "meter_frozen", CauseMeterDiffers: "meter_differs", CauseMeterOK: "meter_ok",
	CauseStorm: "storm", CauseArresterUnknown: "arrester_unknown",
	CauseOpening: "slow_opening", CauseClosingSlow: "slow_closing", CauseTravelOK: "travel_ok",
	CauseOptoDark: "opto_dark", CauseOptoLit: "opto_lit", CauseOptoOK: "opto_ok",
	CauseBattery: "ups_battery", CauseBatteryLow: "ups_low", CauseUPSOK: "ups_ok",
}

// String returns "guard.cause.…", or "" for CauseNone.
func (c Cause) String() string {
	if c == CauseNone {
		return ""
	}
	return "guard.cause." + causes[c]
}

// Word returns the bare English word of c, such as "over_voltage".
func (c Cause) Word() string { return causes[c] }

// The standing remarks of a guard, keys of the text catalogue.
const (
	NoteNoFIFO       = "guard.no_fifo"       // real-time priority not permitted
	NoteNoLock       = "guard.no_mlock"      // memory not locked
	NoteMemoryLost   = "guard.memory_lost"   // durable memory could not be read: lamps count as hot
	NoteMemoryUnsafe = "guard.memory_unsafe" // durable memory could not be written
	NoteArrester     = "guard.arrester_open" // surge arrester's contact is open
	NoteFrontEnd     = "guard.front_end"     // front end says that its self test failed
	NoteNoMeter      = "guard.no_meter"      // no slow meter to cross-check
	NoteTravel       = "guard.travel"        // the contactor moves slower than it used to
	NoteOpto         = "guard.opto"          // mains-present input and wave contradict each other
	NoteMainsThere   = "guard.mains_there"   // no samples, but the mains-present input says that there is mains
)
