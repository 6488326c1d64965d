// Package power is the power guard: it decides when the main contactor and the
// load relays are closed, and keeps them so by the loop around that decision.
//
// The core is pure. Detector turns the wave into a one-cycle rms and an instant
// alarm; Plan.Step takes a State and an Input and returns the next State and
// the Orders. State is comparable and holds no pointer, time passes only as
// Input.Elapsed, what decides is integer arithmetic, and nothing allocates.
//
// It promises: everything is off at the start; nothing closes before unbroken
// good mains and the minimum-off time, whatever happened before; the contactor
// is pulsed only after a fresh, valid frame was processed; loads start one by
// one; a lamp load stays on until its display reports standby, its current has
// fallen to standby and its cooling time has passed. Only over-voltage, outage,
// a weld and the loss of what the guard stands on (samples, pins, its own
// process) end a cool-down early, and then the lamp is not struck again before
// it has cooled.
//
// It never waits for the station, never uses the network and never trusts the
// wall clock for anything but the age of trips over a restart.
package power

import "time"

// MaxStages, MaxLoads and MaxTrips bound a Plan, so that State needs no pointer.
const (
	MaxStages = 12
	MaxLoads  = 8
	MaxTrips  = 10
)

// Contact is what is known of a switch.
type Contact uint8

// The states of a switch. Unknown is unsafe.
const (
	ContactUnknown Contact = iota
	ContactOpen
	ContactClosed
)

// Report is what a display said of itself within the last seconds.
type Report uint8

// The reports of a display, as far as they matter to its lamp.
const (
	ReportNone    Report = iota // nothing, or nothing fresh
	ReportBusy                  // on, warming or faulty: the lamp may burn
	ReportCooling               // the lamp is off, the fan runs
	ReportStandby               // the lamp is off and cooled, says the display
)

// Input is what one Step is told.
type Input struct {
	Elapsed time.Duration // since the Step before, by the monotonic clock
	Sense   Sense         // what the detector says
	Aux     Contact       // auxiliary contact of the contactor
	Feed    Contact       // voltage behind the contactor: closed is live, open is dead
	Failed  bool          // the pins cannot be driven
	Stay    Cause         // why everything is to go off in order and stay so, CauseNone for no such reason
	Reset   bool          // a technician ends a latched state
	Loads   [MaxLoads]LoadInput
}

// LoadInput is what one Step is told of one load.
type LoadInput struct {
	Wanted  bool
	Failed  bool // the relay is not surely as it was ordered
	Report  Report
	Known   bool  // Current is known
	Current int32 // rms mA
}

// State is everything the guard remembers from one Step to the next. Two
// States that are equal behave alike for ever.
type State struct {
	Phase     Phase
	Cause     Cause         // why the contactor is open, or why it may open soon
	Confirmed bool          // the contactor is closed and its contact has said so
	Shed      bool          // under-voltage: closed only for lamps that must cool
	Latched   bool          // weld or no-close waits for a person
	Alarm     bool          // the mains left the good band and this was told
	Good      time.Duration // unbroken good mains, saturates when it suffices
	Unseen    time.Duration // since the last fresh frame with a known voltage
	Wait      time.Duration // the contactor must stay open for
	Move      time.Duration // how long the contacts contradict the order
	Calm      time.Duration // good again since, during an Alarm
	Lasted    time.Duration // how long the Alarm has lasted
	Extreme   int32         // the worst rms of the Alarm in mV
	OnGap     time.Duration // since the contactor or a load was switched on, saturates
	OffGap    time.Duration // since a load was switched off, saturates
	NoCloses  uint8         // closings that failed one after the other
	Beyond    uint16        // stages whose limit is passed, one bit each
	Charge    [MaxStages]time.Duration
	Trips     [MaxTrips]time.Duration // age of each trip of the last hour plus 1, newest first; 0: none
	Loads     [MaxLoads]LoadState
}

// LoadState is the part of State that belongs to one load.
type LoadState struct {
	On    bool
	Burn  time.Duration // the lamp may have been burning for this long, saturates
	Cool  time.Duration // the lamp may be hot for this long, or will be when it goes off
	OnFor time.Duration // since the relay closed, saturates at a day
	Held  Cause         // why On differs from what is wanted
}

// Orders are what one Step wants done now.
type Orders struct {
	Contactor bool  // the contactor is to be closed
	Pulse     bool  // give the drive one pulse now
	Relays    uint8 // load relays that are to be closed, one bit each
	Events    [16]Event
	N         int // how many Events there are
}

// Event is something that the outside must be told.
type Event struct {
	Kind   Kind
	Cause  Cause
	Load   int8  // index, or -1
	MV     int32 // extreme rms that caused it, in mV; 0 if that is not the point
	Lasted time.Duration
	Count  uint32        // of what is counted: strikes of the arrester
	Wait   time.Duration // with an opening: the least time to the next closing
}

// Commanded says whether the contactor is ordered closed in s.
func (s *State) Commanded() bool {
	return s.Phase == Closing || s.Phase == Closed || s.Phase == RideThrough
}

// TripCount is the number of trips within the last hour.
func (s *State) TripCount() int {
	n := 0
	for _, age := range s.Trips {
		if age > 0 {
			n++
		}
	}
	return n
}
