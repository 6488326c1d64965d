package firmware

import (
	"time"

	"stationbox/hal"
)

// GuardState is the state of the power guard as others see it.
type GuardState string

// The states of the guard.
const (
	GuardOff         GuardState = "off"          // contactor open, mains not good
	GuardQualify     GuardState = "qualify"      // contactor open, counting unbroken good mains
	GuardClosing     GuardState = "closing"      // contactor commanded, waiting for its auxiliary contact, or starting loads one by one
	GuardClosed      GuardState = "closed"       // contactor closed, mains good
	GuardRideThrough GuardState = "ride_through" // contactor closed, mains outside the good band but within the curve
	GuardTrip        GuardState = "trip"         // opened by a stage, minimum-off time running
	GuardLockout     GuardState = "lockout"      // too many trips: waits for a person
	GuardWeld        GuardState = "weld"         // commanded open but still closed
	GuardNoClose     GuardState = "no_close"     // commanded closed but did not close
	GuardBlind       GuardState = "blind"        // no trustworthy samples: open
)

// GuardStatus is what the guard says of itself, several times a second and at
// every change. Integers carry their unit in the name.
type GuardStatus struct {
	Boot      string       `json:"boot"` // new at each start of the guard
	Seq       uint64       `json:"seq"`  // counts statuses of this boot
	State     GuardState   `json:"state"`
	Cause     string       `json:"cause,omitempty"` // why it is not closed: a key of the text catalogue
	WaitMS    int64        `json:"wait_ms"`         // until the next step by itself, 0 if unknown or none
	MainsMV   int64        `json:"mains_mv"`        // one-cycle rms
	MainsMHz  int64        `json:"mains_mhz"`       // frequency
	MainsOK   bool         `json:"mains_known"`     // false: MainsMV and MainsMHz mean nothing
	Contactor bool         `json:"contactor"`       // commanded (pulses sent)
	AuxClosed bool         `json:"aux_closed"`
	AuxKnown  bool         `json:"aux_known"`
	Loads     []LoadStatus `json:"loads"`             // in configured order
	FeedMV    int64        `json:"feed_mv"`           // rms behind the contactor
	FeedOK    bool         `json:"feed_known"`        // false: FeedMV means nothing
	ClosingMS int64        `json:"closing_ms"`        // lately from order to auxiliary contact, 0 before the first
	OpeningMS int64        `json:"opening_ms"`        // the same, with the hold of the drive
	Strikes   int64        `json:"strikes"`           // of the surge arrester, ever
	Present   *bool        `json:"present,omitempty"` // mains-present input; absent: none, or unknown
	UPS       string       `json:"ups,omitempty"`     // key of the text catalogue; empty: none, or unknown
	Meter     *MeterStatus `json:"meter,omitempty"`
	WantSeq   uint64       `json:"want_seq"`        // newest GuardWant obeyed
	Reset     uint64       `json:"reset"`           // newest reset obeyed
	Notes     []string     `json:"notes,omitempty"` // standing remarks, keys of the text catalogue ("guard.no_fifo")
}

// LoadStatus is one relay-switched load.
type LoadStatus struct {
	Name       string `json:"name"`
	Wanted     bool   `json:"wanted"`
	On         bool   `json:"on"`             // relay commanded
	Held       string `json:"held,omitempty"` // why On differs from Wanted: a key of the text catalogue
	CurrentMA  int64  `json:"current_ma"`     // rms, from the front end
	CurrentOK  bool   `json:"current_known"`  // false: CurrentMA means nothing
	OnForMS    int64  `json:"on_for_ms"`      // since the relay closed
	CoolLeftMS int64  `json:"cool_left_ms"`   // minimum cool-down still to go, 0 if none
}

// MeterStatus is the newest reading of the slow meter.
type MeterStatus struct {
	AgeMS     int64  `json:"age_ms"`
	VoltageMV int64  `json:"voltage_mv"`
	CurrentMA int64  `json:"current_ma"`
	PowerMW   int64  `json:"power_mw"`
	EnergyWh  int64  `json:"energy_wh"`
	MHz       int64  `json:"mhz"`
	Fault     string `json:"fault,omitempty"` // why there is no fresh reading
}

// GuardWant is what the station wants of the guard: the whole wish, not a
// change, so that losing one costs nothing. Seq orders wishes; the guard obeys
// only a larger one. The guard keeps the newest wish when the station falls
// silent, but forgets Displays after five seconds: silence proves no standby.
type GuardWant struct {
	Seq      uint64                      `json:"seq"`
	Loads    map[string]bool             `json:"loads"`
	Displays map[string]hal.DisplayState `json:"displays,omitempty"` // by load name, what the display on it reports
	Storm    bool                        `json:"storm,omitempty"`    // everything off in order, and stay so
	Reset    uint64                      `json:"reset,omitempty"`    // a number larger than the last one ends a lock-out (technician)
}

// GuardEvent is something that happened at the guard. The guard keeps the
// newest ones until the station has them.
type GuardEvent struct {
	Boot     string    `json:"boot"`
	Seq      uint64    `json:"seq"`    // 1, 2, 3 … in this boot of the guard
	Wall     time.Time `json:"wall"`   // the guard's clock
	AgoMS    int64     `json:"ago_ms"` // before this message was sent
	Kind     string    `json:"kind"`   // start, close, open, load_on, load_off, trip, lockout, weld, no_close, blind, mains_good, mains_bad, outage, held, meter_fault …
	Load     string    `json:"load,omitempty"`
	Cause    string    `json:"cause,omitempty"`   // a key of the text catalogue
	MV       int64     `json:"mv,omitempty"`      // extreme rms that caused it
	Count    int64     `json:"count,omitempty"`   // of what is counted: strikes of the arrester, ever
	WaitMS   int64     `json:"wait_ms,omitempty"` // with an opening: the least time to the next closing
	LastedMS int64     `json:"lasted_ms,omitempty"`
}
